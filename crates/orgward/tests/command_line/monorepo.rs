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

/// The units of a repository with Terragrunt: the module of each, and where its finding is, if it has one.
type Unit = (&'static str, &'static str, Option<(&'static str, &'static str, &'static str, &'static str)>);

const UNITS: [Unit; 3] = [
    (
        "prod/roles",
        "roles",
        Some((
            "public-trust",
            "aws_iam_role.team[\"support\"]",
            "modules/roles/roles.yaml",
            "        - Effect: Allow # everyone in prod",
        )),
    ),
    ("dev/roles", "roles", None),
    (
        "org/guardrails",
        "guardrails",
        Some((
            "guardrail-removed",
            "aws_organizations_policy_attachment.regions[0]",
            "modules/guardrails/main.tf",
            "resource \"aws_organizations_policy_attachment\" \"regions\" { # taken away",
        )),
    ),
];

/// A repository with Terragrunt, as it is after `terragrunt run-all plan`: the plans are from terraform, and the copies in
/// `.terragrunt-cache` are made here, where Terragrunt makes them.
fn units() -> Folder {
    let folder = Folder::new();
    copy(&fixture("terragrunt"), &folder.path(""));
    fs::create_dir(folder.path(".git")).unwrap();
    for (unit, module, _) in UNITS {
        let cache =
            format!("live/{unit}/.terragrunt-cache/Zk1mQ0hW2rA9tYb8uLxE4cVn5sD/p7JfT3kGq6RwM1oXiB0zHeUaNyC");
        copy(&fixture(&format!("terragrunt/modules/{module}")), &folder.path(&cache));
        copy(&fixture(&format!("terragrunt/live/{unit}")), &folder.path(&cache));
        fs::remove_file(folder.path(&format!("{cache}/plan.json"))).unwrap();
        folder.write(&format!("{cache}/provider.tf"), "provider \"aws\" {\n  region = \"eu-central-1\"\n}\n");
    }
    folder
}

#[test]
fn units_of_terragrunt_are_read_where_it_copied_them() {
    let folder = units();
    let plans = UNITS.map(|(unit, ..)| format!("live/{unit}/plan.json"));
    let arguments = ["plan", "review", "--format", "json"].into_iter().map(str::to_owned);
    let run = folder.run(arguments.chain(plans));
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run:?}");
    let review = run.json();
    let findings = review["findings"].as_array().unwrap();
    for finding in findings {
        // What account a role lands in is in no source.
        let by_account = finding["rule"] == "external-trust";
        assert!(finding["verdict"] == "found" || by_account, "the sources decide it: {finding}");
    }
    for (unit, _, expected) in UNITS {
        let plan = format!("live/{unit}/plan.json");
        let of = |rule: &str, address: &str| {
            findings.iter().find(|finding| {
                finding["rule"] == rule && finding["address"] == address && finding["input"] == plan.as_str()
            })
        };
        match expected {
            Some((rule, address, file, start)) => {
                let finding = of(rule, address).unwrap_or_else(|| panic!("{unit}: {rule}: {review:#}"));
                is_at(&folder, &finding["site"], file, start);
            }
            None => assert!(
                findings.iter().all(|it| it["rule"] != "public-trust" || it["input"] != plan.as_str())
            ),
        }
    }
    // What changes names the line, too.
    let cause = &review["changes"][0]["noLongerDenied"]["causes"][0];
    is_at(
        &folder,
        &cause["site"],
        "modules/guardrails/main.tf",
        "resource \"aws_organizations_policy_attachment\"",
    );
}

/// Two copies that differ: which of them was planned is unknown, so neither is read.
#[test]
fn of_two_copies_that_differ_neither_is_read() {
    let folder = units();
    let other = "live/prod/roles/.terragrunt-cache/Zk1mQ0hW2rA9tYb8uLxE4cVn5sD/another";
    copy(&fixture("terragrunt/modules/roles"), &folder.path(other));
    let main = fs::read_to_string(folder.path(&format!("{other}/main.tf"))).unwrap();
    folder.write(
        &format!("{other}/main.tf"),
        main.replace("\"sts:AssumeRole\", Principal = { AWS", "\"sts:TagSession\", Principal = { AWS"),
    );
    let run = folder.run(["plan", "review", "--format", "json", "live/prod/roles/plan.json"]);
    assert!(run.stderr.contains("both fit"), "{run:?}");
    assert_ne!(run.json()["summary"]["unverifiable"], 0, "{run:?}");
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
