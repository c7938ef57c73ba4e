//! An organization as it is, judged without a plan.

use std::fs::{self, File};

use orgward_snapshot::{AccountPart, Gap, Part, Snapshot};
use serde_json::Value;

use crate::support::{Folder, Run, fixture};

const CONFIG: &str = r#"
[regions]
allowed = ["eu-central-1", "eu-west-1"]

[[guardrail]]
id = "keep-the-trail"
description = "no account stops its trail"
actions = ["cloudtrail:StopLogging"]
targets = ["Root"]

[[guardrail]]
id = "stay"
description = "no account leaves the organization"
actions = ["organizations:LeaveOrganization"]
targets = ["Root"]
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    for file in ["organization.snapshot.zst", "later.snapshot.zst", "organization.json"] {
        fs::copy(fixture(&format!("snapshot/{file}")), folder.path(file)).unwrap();
    }
    folder.write("orgward.toml", CONFIG);
    folder
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Findings as rule and status, those of one status.
fn rules<'j>(json: &'j Value, status: &str) -> Vec<&'j str> {
    let all = json["findings"].as_array().unwrap().iter();
    all.filter(|it| it["status"] == *status).map(|it| text(&it["rule"])).collect()
}

fn proof<'j>(json: &'j Value, id: &str) -> &'j str {
    let all = json["guardrails"].as_array().unwrap();
    text(&all.iter().find(|it| it["id"] == *id).unwrap()["proof"])
}

/// All rules that need no plan run, and what is there blocks: an audit has no "before" that it could have been there at.
#[test]
fn an_audit_finds_what_is_there() {
    let folder = folder();
    let run = folder.run(["org", "audit", "organization.snapshot.zst", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    assert_eq!(json["kind"], "audit");
    let found = rules(&json, "existing");
    for rule in [
        "long-lived-key",
        "region-lock-gap",
        "account-wide-trust",
        "open-pass-role",
        "unbounded-permission-set",
    ] {
        assert!(found.contains(&rule), "{rule}: {found:?}");
    }
    assert_eq!(rules(&json, "new"), [""; 0]);
    assert_eq!((proof(&json, "stay"), proof(&json, "region-lock")), ("holds", "does not hold"));
    // Who can do what is a part of it.
    let held = json["access"]["gained"].as_array().unwrap();
    assert!(held.iter().any(|it| it["administrator"] == true), "{held:?}");
    // The same organization as states says the same of guardrails.
    let run = folder.run(["org", "audit", "organization.json", "--format", "json"]);
    assert_eq!(proof(&run.json(), "stay"), "holds");
    // `guardrail check` is the part of it that is about guardrails.
    let check = folder.run(["guardrail", "check", "--org", "organization.snapshot.zst", "--format", "json"]);
    let gaps = |json: &Value| -> Vec<String> {
        let all = json["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "region-lock-gap");
        // What is in the baseline of one is in that of the other.
        all.map(|it| format!("{} {} {}", it["fingerprint"], it["target"], it["message"])).collect()
    };
    assert_eq!(gaps(&check.json()), gaps(&json));
    assert_eq!(gaps(&json).len(), 3);
}

/// What people read does not speak of a plan.
#[test]
fn no_report_of_an_audit_speaks_of_a_plan() {
    let folder = folder();
    for arguments in [
        &["organization.snapshot.zst"][..],
        &["organization.snapshot.zst", "--verbose"],
        &["later.snapshot.zst", "--since", "organization.snapshot.zst", "--verbose"],
    ] {
        for format in ["terminal", "markdown", "html"] {
            let run = folder.run(["org", "audit", "--format", format].iter().chain(arguments));
            assert_eq!(run.code, 1, "{run:?}");
            let speaks: Vec<&str> = run.stdout.lines().filter(|line| line.contains("plan ")).collect();
            // The rule is called so.
            let speaks: Vec<&str> =
                speaks.into_iter().filter(|line| !line.contains("unverifiable-plan ")).collect();
            assert_eq!(speaks, [""; 0], "{arguments:?} {format}");
        }
    }
    let run = folder.run(["org", "diff", "organization.snapshot.zst", "later.snapshot.zst"]);
    assert!(!run.stdout.contains("the plan"), "{run:?}");
}

/// A page to hand over says of every guardrail whether it holds.
#[test]
fn the_page_of_an_audit_lists_guardrails_and_access() {
    let folder = folder();
    let run =
        folder.run(["org", "audit", "organization.snapshot.zst", "--output", "html=audit.html", "--quiet"]);
    assert_eq!(run.code, 1, "{run:?}");
    let page = fs::read_to_string(folder.path("audit.html")).unwrap();
    for part in [
        "guardrails (2 of 3 hold)",
        "<code>stay</code>: no account leaves the organization",
        "does not hold",
        "<h2 id=\"access\">access (",
        "is an administrator",
        "long-lived-key",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

/// With an older snapshot, what has come since is new, and only that blocks.
#[test]
fn what_has_come_since_is_new() {
    let folder = folder();
    let since = ["org", "audit", "later.snapshot.zst", "--since", "organization.snapshot.zst"];
    let run = folder.run(since.iter().chain(&["--format", "json"]));
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    assert_eq!(json["kind"], "drift");
    let new = rules(&json, "new");
    for rule in ["administrator-grant", "guardrail-removed", "guardrail-gap", "weakened-management-policy"] {
        assert!(new.contains(&rule), "{rule}: {new:?}");
    }
    let existing = rules(&json, "existing");
    assert!(existing.contains(&"long-lived-key") && !new.contains(&"long-lived-key"), "{existing:?}");
    // Nothing has come since the same snapshot: nothing blocks.
    fs::copy(folder.path("organization.snapshot.zst"), folder.path("same.zst")).unwrap();
    let same = ["org", "audit", "organization.snapshot.zst", "--since", "same.zst"];
    let run = folder.run(same);
    assert_eq!(run.code, 0, "{run:?}");
    let run = folder.run(same.iter().chain(&["--existing"]));
    assert_eq!(run.code, 1, "{run:?}");
    // Which of several inputs an old one is compared with would be a guess.
    let run = folder.run(same.iter().chain(&["organization.json"]));
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("is compared with one input, and 2 are given"), "{run:?}");
}

/// What the collector could not read is undecided, and blocks: an audit is never clean on what was not judged.
#[test]
fn what_was_not_collected_blocks_an_audit() {
    let folder = folder();
    let mut snapshot = Snapshot::open(File::open(folder.path("organization.snapshot.zst")).unwrap()).unwrap();
    let mut organization = snapshot.organization().unwrap();
    // All policies allow nothing that a rule reports: what is left is what was not read.
    let ids: Vec<String> = snapshot.accounts().keys().cloned().collect();
    let parts = ids.iter().map(|id| AccountPart {
        account: id.clone(),
        gaps: vec![Gap {
            what: "the identities, permissions and resources".to_owned(),
            action: "sts:AssumeRole".to_owned(),
            why: "AccessDenied".to_owned(),
        }],
        ..AccountPart::default()
    });
    organization.identity_center.clear();
    let mut bytes = Vec::new();
    let parts: Vec<AccountPart> = parts.collect();
    let head = Part::of_organization(&organization).unwrap();
    orgward_snapshot::write(&mut bytes, &head, parts.iter().map(Part::of_account)).unwrap();
    folder.write("refused.zst", bytes);
    folder.write("orgward.toml", "");
    let blocking = |run: &Run| -> Vec<String> {
        let json = run.json();
        let all = json["findings"].as_array().unwrap().iter().filter(|it| it["blocks"] == true);
        all.map(|it| format!("{} {}", text(&it["rule"]), text(&it["verdict"]))).collect()
    };
    let run =
        folder.run(["org", "audit", "refused.zst", "--select", "unverifiable-plan", "--format", "json"]);
    assert_eq!((run.code, blocking(&run)), (1, vec!["unverifiable-plan unverifiable".to_owned()]), "{run:?}");
}

#[test]
fn what_cannot_be_audited_is_an_error() {
    let folder = folder();
    folder.write("empty.json", r#"{"format_version":"1.0","terraform_version":"1.11.4"}"#);
    folder.write("text.json", "no JSON");
    for (file, why) in
        [("empty.json", "nothing would be audited"), ("text.json", "text.json"), ("none.zst", "none.zst")]
    {
        let run = folder.run(["org", "audit", file]);
        assert_eq!(run.code, 2, "{file}: {run:?}");
        assert!(run.stderr.contains(why), "{file}: {run:?}");
    }
    assert_eq!(folder.run(["org", "audit"]).code, 2);
}
