//! A repository of three stacks, planned with terraform: the first run, without any configuration.

use std::fs;
use std::path::Path;

use crate::support::{Folder, Run, fixture};

/// A stack, its role, the file and line of the statement, and where the module or resource is.
type Case = (&'static str, &'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

/// The stacks, each with the one role that everyone may assume, where that is said, and what is on that line; then the
/// line of the module or resource, where it is another place.
const STACKS: [Case; 4] = [
    ("documents", "aws_iam_role.reader", "stacks/documents/main.tf", "  statement { # everyone", None),
    (
        "documents",
        "aws_iam_role.writer",
        "stacks/documents/writer.json.tftpl",
        "    { \"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Sid\": \"Everyone\"",
        Some(("stacks/documents/main.tf", "  assume_role_policy = templatefile(")),
    ),
    (
        "partners",
        "module.exports.aws_iam_role.this",
        "stacks/partners/main.tf",
        "module \"exports\" { # calls the module",
        Some(("modules/role/main.tf", "      { Effect = \"Allow\"")),
    ),
    (
        "pipelines",
        "aws_iam_role.pipeline[\"deploy\"]",
        "stacks/pipelines/roles/deploy.yaml",
        "  - Effect: Allow # everyone",
        Some(("stacks/pipelines/main.tf", "  assume_role_policy = jsonencode(")),
    ),
];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn repository() -> Folder {
    let folder = Folder::new();
    copy(&fixture("monorepo"), &folder.path(""));
    fs::create_dir(folder.path(".git")).unwrap();
    folder
}

/// Whether what a site names is there.
fn is_at(folder: &Folder, site: &serde_json::Value, file: &str, start: &str) {
    assert_eq!(site["file"], file, "{site}");
    let text = fs::read_to_string(folder.path(file)).unwrap();
    let line = usize::try_from(site["line"].as_u64().unwrap()).unwrap();
    let found = text.lines().nth(line - 1).unwrap();
    assert!(found.starts_with(start), "{site} is {found}");
}

fn check(folder: &Folder, run: &Run, stacks: &[&str]) {
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.stderr, "");
    let review = run.json();
    assert_eq!(review["summary"]["unverifiable"], 0, "nothing is left that the sources decide");
    for (stack, address, file, start, definition) in
        STACKS.iter().filter(|(stack, ..)| stacks.contains(stack))
    {
        let findings = review["findings"].as_array().unwrap();
        let of = |finding: &&serde_json::Value| {
            finding["rule"] == "public-trust" && finding["address"] == *address
        };
        let finding = findings.iter().find(of).unwrap_or_else(|| panic!("{stack}: {address}"));
        is_at(folder, &finding["site"], file, start);
        match definition {
            Some((file, start)) => is_at(folder, &finding["definition"], file, start),
            None => assert!(finding.get("definition").is_none(), "{finding}"),
        }
    }
}

#[test]
fn every_finding_is_decided_and_points_to_its_line() {
    let folder = repository();
    let plans = ["documents", "partners", "pipelines"].map(|stack| format!("stacks/{stack}/plan.json"));
    let arguments = ["plan", "review", "--format", "json"].into_iter().map(str::to_owned);
    check(&folder, &folder.run(arguments.chain(plans)), &["documents", "partners", "pipelines"]);
    for stack in ["documents", "partners", "pipelines"] {
        let plan = format!("stacks/{stack}/plan.json");
        check(&folder, &folder.run(["plan", "review", "--format", "json", &plan]), &[stack]);
        // From inside of the stack, files are named from the root of the repository all the same.
        let mut command = folder.command(["plan", "review", "--format", "json"]);
        command.current_dir(folder.path(&format!("stacks/{stack}")));
        check(&folder, &crate::support::finish(&mut command), &[stack]);
    }
}

#[test]
fn without_sources_the_same_is_undecided() {
    let folder = repository();
    let run = folder.run(["plan", "review", "--no-source", "--format", "json", "stacks/pipelines/plan.json"]);
    assert_ne!(run.json()["summary"]["unverifiable"], 0, "{run:?}");
}

/// A link out of the repository is not followed, and nothing of what it leads to is shown.
#[cfg(unix)]
#[test]
fn nothing_outside_of_the_repository_is_read() {
    let folder = repository();
    let outside = Folder::new();
    outside.write("secret.yaml", fs::read(fixture("monorepo/stacks/pipelines/roles/deploy.yaml")).unwrap());
    let role = folder.path("stacks/pipelines/roles/deploy.yaml");
    fs::remove_file(&role).unwrap();
    std::os::unix::fs::symlink(outside.path("secret.yaml"), &role).unwrap();
    let run = folder.run(["plan", "review", "--format", "json", "stacks/pipelines/plan.json"]);
    assert_ne!(run.json()["summary"]["unverifiable"], 0, "{run:?}");
    assert!(!run.all().contains("# everyone"), "{run:?}");
}
