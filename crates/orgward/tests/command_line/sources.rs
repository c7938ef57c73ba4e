//! Where the configuration of a plan comes from: folders, archives, and archives that nobody should trust.

use rawzip::crc32;

use crate::support::{self, Folder, Run, fixture, text_of};

/// A zip with these entries: name, method, bytes as they are stored, the length that is claimed, and what they are.
fn zip(entries: &[(&str, u16, &[u8], u32, u32)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, method, stored, claimed, sum) in entries {
        let at = u32::try_from(out.len()).unwrap();
        let length = u32::try_from(stored.len()).unwrap();
        let mut common = Vec::new();
        common.extend([20, 0, 0, 0]);
        common.extend(method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(sum.to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend(claimed.to_le_bytes());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*stored);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(out.len()).unwrap();
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend(length);
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A zip of texts that are stored as they are.
fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entry = |(name, bytes): &(&'static str, &'static [u8])| {
        (*name, 0, *bytes, u32::try_from(bytes.len()).unwrap(), crc32(bytes))
    };
    let entries: Vec<(&'static str, &'static [u8])> =
        entries.iter().map(|(name, bytes)| (&*name.to_string().leak(), &*bytes.to_vec().leak())).collect();
    zip(&entries.iter().map(entry).collect::<Vec<_>>())
}

fn review(folder: &Folder, plan: &str, source: &str) -> Run {
    folder.run([
        "plan",
        "review",
        &fixture(plan).display().to_string(),
        "--format",
        "json",
        "--source",
        source,
    ])
}

/// The sites of all findings, without the folder of the fixtures.
fn sites(run: &Run) -> Vec<(String, String)> {
    let review = run.json();
    let line = |site: &serde_json::Value| {
        let file = site["file"].as_str().unwrap_or("-");
        let file = file.rsplit_once("stack/").map_or(file, |(_, file)| file);
        format!("{file}:{}", site["line"])
    };
    let site = |finding: &serde_json::Value| {
        let both = format!("{} {}", line(&finding["site"]), line(&finding["definition"]));
        (finding["address"].to_string(), both)
    };
    review["findings"].as_array().unwrap().iter().map(site).collect()
}

/// The archive has what the folder has, but for the files that `templatefile` reads.
#[test]
fn a_saved_plan_tells_what_the_folder_tells() {
    let folder = Folder::new();
    let archive =
        review(&folder, "sources/create.json", &fixture("sources/plan.tfplan").display().to_string());
    let sources = review(&folder, "sources/create.json", &fixture("sources/stack").display().to_string());
    assert_eq!((archive.code, sources.code), (1, 1), "{archive:?}");
    let about_trust = |run: &Run| {
        let all = sites(run).into_iter();
        all.filter(|(address, _)| address.contains("aws_iam_role")).collect::<Vec<_>>()
    };
    assert_eq!(about_trust(&archive), about_trust(&sources));
    assert!(about_trust(&sources).iter().any(|(address, site)| {
        address.contains("module.team") && site.contains(" modules/team/main.tf:")
    }));
    // Without either, no policy of the stack can be told.
    let plain = folder.run(["plan", "review", &fixture("sources/create.json").display().to_string()]);
    assert!(plain.stdout.contains("undecided"), "{plain:?}");
    assert_eq!(sources.json()["summary"]["unverifiable"], 0, "{sources:?}");
}

#[test]
fn the_line_is_quoted() {
    let plan = fixture("sources/create.json").display().to_string();
    let source = fixture("sources/stack").display().to_string();
    let run = Folder::new().run(["plan", "review", "--verbose", &plan, "--source", &source]);
    // The line of the block that makes the statement.
    assert!(run.stdout.contains("main.tf:"), "{run:?}");
    assert!(run.stdout.contains("statement {"), "{run:?}");
}

#[test]
fn the_organization_is_shown_with_what_the_sources_tell() {
    let plan = fixture("sources/create.json").display().to_string();
    let alone = Folder::new().run(["org", "show", &plan]);
    let source = fixture("sources/plan.tfplan").display().to_string();
    let told = Folder::new().run(["org", "show", &plan, "--source", &source]);
    assert_eq!((alone.code, told.code), (0, 0), "{told:?}");
    let below = |text: &str, unit: &str| {
        let lines = text.lines().skip_while(|line| !line.contains(unit)).skip(1);
        lines
            .take_while(|line| line.contains('·'))
            .map(|line| line.trim_start_matches(['+', ' ', '·']).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(below(&told.stdout, "ou prod"), ["leave", "lock"]);
    assert_ne!(below(&alone.stdout, "ou prod"), ["leave", "lock"]);
}

#[test]
fn archives_that_are_damaged_or_hostile_are_refused() {
    let text = b"locals {\n}\n";
    let sum = crc32(text);
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b' '; 200 << 20], 1);
    let bomb_sum = 0;
    let many: Vec<(String, Vec<u8>)> =
        (0..40).map(|n| (format!("tfconfig/m-/x{n}.tf"), vec![b'\n'; 3 << 20])).collect();
    let many: Vec<(&str, &[u8])> =
        many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let cases = [
        ("cut short", fixture_bytes()[..1000].to_vec(), "damaged"),
        ("nothing in it", stored(&[("tfplan", b"x")]), "no configuration"),
        ("a folder", stored(&[("tfconfig/m-/x.tf/y.tf", text)]), "no configuration"),
        ("another sum", zip(&[("tfconfig/m-/x.tf", 0, text, 11, sum ^ 1)]), "damaged"),
        ("a length that is none", zip(&[("tfconfig/m-/x.tf", 0, text, u32::MAX - 1, sum)]), "damaged"),
        ("another compression", zip(&[("tfconfig/m-/x.tf", 93, text, 11, sum)]), "compressed"),
        ("no text", stored(&[("tfconfig/m-/x.tf", b"\xff\xfe")]), "no text"),
        ("a bomb", zip(&[("tfconfig/m-/x.tf", 8, &bomb, 10, bomb_sum)]), "larger"),
        ("many", stored(&many), "larger"),
        (
            "a list that is none",
            stored(&[("tfconfig/m-/x.tf", text), ("tfconfig/modules.json", b"{")]),
            "list of modules",
        ),
    ];
    for (name, bytes, why) in cases {
        let folder = Folder::new();
        folder.write("plan.tfplan", bytes);
        let run = review(&folder, "sources/create.json", "plan.tfplan");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}: {run:?}");
        assert!(run.stderr.contains(why) && run.stderr.contains("terraform plan -out"), "{name}: {run:?}");
    }
}

fn fixture_bytes() -> Vec<u8> {
    std::fs::read(fixture("sources/plan.tfplan")).unwrap()
}

/// Names of entries lead nowhere: nothing is written, and what they are called is printed as it is.
#[test]
fn names_that_climb_are_only_names() {
    let folder = Folder::new();
    let role = b"resource \"aws_iam_role\" \"dynamic\" {\n}\n";
    let entries: [(&str, &[u8]); 4] = [
        ("tfconfig/m-/../../../etc/passwd.tf", role),
        ("tfconfig/m-/\x1b[31m.tf", role),
        ("/etc/passwd", b"x"),
        ("tfconfig/modules.json", b"[{\"Key\":\"\",\"Dir\":\"../../../../..\"}]"),
    ];
    folder.write("plan.tfplan", stored(&entries));
    let plan = fixture("sources/create.json").display().to_string();
    let run = folder.run(["plan", "review", &plan, "--source", "plan.tfplan"]);
    assert!(!run.all().contains('\x1b') && run.code == 1, "{run:?}");
}

#[test]
fn a_source_that_is_none_is_an_error() {
    let folder = Folder::new();
    folder.write("notes.txt", "hello");
    std::fs::create_dir(folder.path("empty")).unwrap();
    for (source, why) in [
        ("notes.txt", "no folder and no saved plan"),
        ("empty", "no configuration"),
        ("missing", "cannot read"),
    ] {
        let run = review(&folder, "sources/create.json", source);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(why), "{source}: {run:?}");
    }
}

/// A file that cannot be parsed is left out, and that is said. Brackets inside strings once got past the guard.
#[test]
fn a_file_that_cannot_be_parsed_is_left_out_and_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("stack")).unwrap();
    folder.write("stack/deep.tf", format!("a = {}", "[\"]\", ".repeat(100_000)));
    folder.write("stack/main.tf", "resource \"aws_iam_role\" \"dynamic\" {\n  name = \"x\"\n}\n");
    let run = review(&folder, "sources/create.json", "stack");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("note: `stack/deep.tf` cannot be parsed (line 1)"), "{run:?}");
    assert!(sites(&run).iter().any(|(_, site)| site.contains("main.tf:1 ")), "{run:?}");
}

/// Stacks that are copies of each other declare the same.
#[test]
fn sources_of_one_of_two_copies_have_to_be_named() {
    let folder = Folder::new();
    folder.write("one.json", text_of("sources/create.json"));
    folder.write("two.json", text_of("sources/create.json"));
    let source = fixture("sources/stack").display().to_string();
    let run = folder.run(["plan", "review", "one.json", "two.json", "--source", &source]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("--source one.json="), "{run:?}");
    let named = [format!("one.json={source}"), format!("two.json={source}")];
    let run =
        folder.run(["plan", "review", "one.json", "two.json", "--source", &named[0], "--source", &named[1]]);
    assert_ne!(run.code, 2, "{run:?}");
}

/// A saved plan brings its sources along.
#[test]
#[cfg(unix)]
fn a_saved_plan_as_input_has_its_sources() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    std::fs::create_dir(folder.path("bin")).unwrap();
    folder.write("plan.tfplan", fixture_bytes());
    folder.write("shown.json", text_of("sources/create.json"));
    let script = "#!/bin/sh\nwhile read -r line; do printf '%s\\n' \"$line\"; done < shown.json\n";
    let program = folder.write("bin/terraform", script);
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = folder.command(["plan", "review", "plan.tfplan", "--format", "json"]);
    let run = support::finish(command.env("PATH", folder.path("bin")));
    assert_eq!(run.code, 1, "{run:?}");
    assert!(sites(&run).iter().any(|(_, site)| site.starts_with("main.tf:")), "{run:?}");
}
