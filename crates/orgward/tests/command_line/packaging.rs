//! The parts of the packaging agree: an archive that is renamed or a system that is added has to be so everywhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The systems that the release workflow builds for.
fn targets() -> BTreeSet<String> {
    text(".github/workflows/release.yml")
        .split("target: ")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(',')?.0.to_owned()))
        .filter(|target| target.contains('-'))
        .collect()
}

#[test]
fn every_way_knows_the_systems_that_are_built() {
    let targets = targets();
    assert_eq!(targets.len(), 5, "{targets:?}");
    for target in &targets {
        for file in ["action.yml", "packaging/npm/pack"] {
            assert!(text(file).contains(target.as_str()), "{file} does not know {target}");
        }
        let file = if target.contains("windows") {
            "packaging/scoop/orgward.json"
        } else {
            "packaging/homebrew/orgward.rb"
        };
        let (formula, archive) = (text(file), format!("orgward-@VERSION@-{target}.tar.gz"));
        assert!(
            formula.contains(&archive) && formula.contains(&format!("@SHA256:{target}@")),
            "{file}: {target}"
        );
    }
    let packages: BTreeSet<String> = json("packaging/npm/package.json")["optionalDependencies"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let system = |target: &String| {
        let cpu = if target.starts_with("x86_64") { "x64" } else { "arm64" };
        let os = [("linux", "linux"), ("apple", "darwin"), ("windows", "win32")];
        let (_, os) = os.into_iter().find(|(part, _)| target.contains(part)).unwrap();
        format!("@orgward/{os}-{cpu}")
    };
    assert_eq!(packages, targets.iter().map(system).collect());
}

#[test]
fn there_is_one_version() {
    let package = json("packaging/npm/package.json");
    assert_eq!(package["version"], VERSION);
    for (name, version) in package["optionalDependencies"].as_object().unwrap() {
        assert_eq!(version, VERSION, "{name}");
    }
    assert!(text("action.yml").contains(&format!("default: \"{VERSION}\"")));
    assert!(text(".pre-commit-hooks.yaml").contains(&format!("ghcr.io/orgward/orgward:{VERSION}")));
    assert!(text("packaging/pypi/pyproject.toml").contains("dynamic = [\"version\"]"));
    assert!(text("docs/changelog.md").contains(&format!("## {VERSION}")), "the changelog has no {VERSION}");
}

/// What installers ask for is what the workflow uploads.
#[test]
fn an_archive_has_one_name() {
    assert!(text("packaging/archive").contains("orgward-$version-$target.tar.gz"));
    assert!(text("action.yml").contains("archive=orgward-$VERSION-$target.tar.gz"));
    let manifest: toml::Table = text("crates/orgward/Cargo.toml").parse().unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    assert_eq!(
        binstall["pkg-url"].as_str().unwrap(),
        "{ repo }/releases/download/v{ version }/orgward-{ version }-{ target }.tar.gz"
    );
    assert_eq!(binstall["bin-dir"].as_str().unwrap(), "{ bin }{ binary-ext }");
    let release = text(".github/workflows/release.yml");
    for step in
        ["packaging/archive", "packaging/render", "packaging/npm/pack", "packaging/container/Dockerfile"]
    {
        assert!(release.contains(step), "{step} is not part of the release");
        assert!(root().join(step).exists(), "{step}");
    }
    assert!(release.contains("attest-build-provenance") && release.contains("SHA256SUMS"));
    // What people are told to verify is what is signed, by the workflow that signs it.
    let bundle = "SHA256SUMS.sigstore.json";
    assert!(release.contains(&format!("cosign sign-blob --yes --bundle {bundle} SHA256SUMS")));
    assert!(release.contains("cosign sign --yes"));
    let install = text("docs/install.md");
    assert!(install.contains(&format!("--bundle {bundle}")));
    assert!(install.contains(&format!(".github/workflows/release.yml@refs/tags/v{VERSION}")));
}

/// Actions of others are pinned: a tag can be moved.
#[test]
fn actions_of_others_are_pinned_to_a_commit() {
    for file in [".github/workflows/release.yml", "action.yml"] {
        for line in text(file).lines().filter(|line| line.contains("uses: ")) {
            let revision = line.split_once('@').map_or("", |(_, rest)| rest);
            let revision = revision.split_whitespace().next().unwrap_or_default();
            assert!(
                revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{file}: {line}"
            );
        }
    }
}

/// The launcher of npm is the program: the same output, the same exit code; and without the program it does not pass.
#[test]
#[cfg(unix)]
fn the_launcher_of_npm_exits_like_the_program() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    if Command::new("node").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let launcher = folder.path().join("node_modules/orgward/bin/orgward.js");
    std::fs::create_dir_all(launcher.parent().unwrap()).unwrap();
    std::fs::copy(root().join("packaging/npm/bin/orgward.js"), &launcher).unwrap();
    let run = || Command::new("node").arg(&launcher).args(["plan", "review"]).output().unwrap();
    let missing = run();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("is not installed"));
    let names = Command::new("node").args(["-p", "process.platform+'-'+process.arch"]).output().unwrap();
    let system = String::from_utf8(names.stdout).unwrap();
    let program = folder.path().join(format!("node_modules/@orgward/{}/bin/orgward", system.trim()));
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    for (script, code) in [("exit 0", 0), ("echo \"$@\"; exit 1", 1), ("exit 2", 2), ("kill -KILL $$", 2)] {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let output = run();
        assert_eq!(output.status.code(), Some(code), "{script}");
        if code == 1 {
            assert_eq!(String::from_utf8_lossy(&output.stdout), "plan review\n");
        }
    }
}
