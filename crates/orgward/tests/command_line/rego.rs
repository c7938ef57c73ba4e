//! Rules of one's own.

use std::process::Command;

use crate::support::{Folder, Run, fixture};

/// In the words of Conftest's pages, in the older version of the language.
const TAGS: &str = r#"package main

# METADATA
# title: Buckets have an owner
# description: Every bucket needs the tag `Owner`.
# custom:
#   severity: MEDIUM
deny_owner[msg] {
  change := input.resource_changes[_]
  change.type == "aws_s3_bucket"
  not change.change.after.tags.Owner
  msg := {"msg": sprintf("bucket %s has no owner", [change.address]), "address": change.address}
}

violation[{"msg": msg, "details": {}}] {
  input.resource_changes[_].type == "aws_instance"
  msg := "instances are made by the platform"
}

warn[msg] {
  input.format_version
  msg := "someone reads this"
}
"#;

const PLAN: &str = "demo/second.json";

fn rules(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("policies")).unwrap();
    for (name, text) in files {
        folder.write(&format!("policies/{name}"), text);
    }
    folder
}

fn review(folder: &Folder, plan: &str, more: &[&str]) -> Run {
    let plan = fixture(plan);
    let mut arguments = vec!["plan", "review", "--no-source", plan.to_str().unwrap()];
    arguments.extend(more);
    folder.run(arguments)
}

/// The findings of rules of one's own: rule, severity, verdict, status, address and message.
fn own(run: &Run) -> Vec<String> {
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    let all = run.json();
    let findings = all["findings"].as_array().unwrap().iter();
    let own = findings.filter(|finding| finding["rule"].as_str().unwrap().contains('.'));
    own.map(|it| {
        ["rule", "severity", "verdict", "status", "address", "message"].map(|key| text(it, key)).join(" | ")
    })
    .collect()
}

#[test]
fn policies_of_conftest_run_unchanged_on_plans() {
    let folder = rules(&[("tags.rego", TAGS)]);
    let run = review(&folder, PLAN, &["--format", "json"]);
    assert_eq!(
        own(&run),
        [
            "main.violation | high | found | new | - | instances are made by the platform",
            "main.deny_owner | medium | found | new | aws_s3_bucket.exports | bucket aws_s3_bucket.exports has no owner",
            "main.warn | low | found | new | - | someone reads this",
        ]
    );
    assert_eq!(run.code, 1);
    let json = run.json();
    assert_eq!(json["configuration"]["files"][0]["name"], "policies/tags.rego", "the origin is named");
    let all = review(&folder, PLAN, &["--select", "main.warn"]);
    assert_eq!(all.code, 0, "a warning does not block: {all:?}");
    let explained = folder.run(["rules", "main.deny_owner"]);
    assert!(explained.stdout.contains("Every bucket needs the tag `Owner`."), "{explained:?}");
}

#[test]
fn every_format_has_the_findings() {
    let folder = rules(&[("tags.rego", TAGS)]);
    for format in ["terminal", "json", "sarif", "junit", "markdown", "html", "github", "gitlab"] {
        let run = review(&folder, PLAN, &["--format", format, "--select", "main.deny_owner"]);
        assert!(run.stdout.contains("main.deny_owner"), "{format}");
        assert!(run.stdout.contains("has no owner"), "{format}");
    }
}

#[test]
fn rules_about_the_organization_ask_the_engine() {
    let rule = r#"package orgward.mine

import rego.v1

deny_leave contains result if {
	some node in input.after.nodes
	node.kind == "account"
	not node.management
	not orgward.denied({"actions": ["organizations:LeaveOrganization"]}, node.id)
	result := {"msg": "account can leave", "target": node.name, "accounts": [node.id]}
}

deny_open contains "the region lock was detached" if {
	some finding in input.findings
	finding.rule == "guardrail-removed"
	finding.status == "new"
}
"#;
    let folder = rules(&[("organization.rego", rule)]);
    let run = review(&folder, PLAN, &["--format", "json"]);
    // The rule about leaving answers like the engine itself: a guardrail of the same claim.
    let found = own(&run);
    assert_eq!(found, ["orgward.mine.deny_open | high | found | new | - | the region lock was detached"]);
    let config = "[[guardrail]]\nid = \"leave\"\nactions = [\"organizations:LeaveOrganization\"]\n";
    folder.write("orgward.toml", config);
    let proved = review(&folder, PLAN, &["--format", "json", "--select", "guardrail-gap"]);
    assert_eq!(proved.json()["findings"].as_array().unwrap().len(), 0, "{proved:?}");
    // Where the guardrail is named by its id, it is the same question.
    folder.write(
        "policies/organization.rego",
        rule.replace("{\"actions\": [\"organizations:LeaveOrganization\"]}", "\"leave\""),
    );
    assert_eq!(own(&review(&folder, PLAN, &["--format", "json"])), found);
    // What no policy denies is found, where it stood before the plan as existing.
    folder.write(
        "policies/organization.rego",
        rule.replace("organizations:LeaveOrganization", "ec2:StartInstances"),
    );
    let found = own(&review(&folder, PLAN, &["--format", "json"]));
    let leave: Vec<_> = found.iter().filter(|it| it.contains("deny_leave")).collect();
    assert!(leave.len() > 5 && leave.iter().all(|it| it.contains("| existing |")), "{found:?}");
}

#[test]
fn what_is_undecided_is_neither_denied_nor_safe() {
    let stranger = "arn:aws:iam::123456789012:role/x";
    let ask = format!("orgward.can(\"{stranger}\", \"s3:GetObject\", \"*\")");
    let text = format!(
        "package main\n\
         deny_a contains \"not denied\" if not orgward.denied({{\"actions\": [\"s3:*\"]}}, \"123456789012\")\n\
         deny_b contains \"denied\" if orgward.denied({{\"actions\": [\"s3:*\"]}}, \"123456789012\")\n\
         deny_c contains \"can\" if {ask}\n\
         deny_d contains \"cannot\" if not {ask}\n\
         deny_e contains \"mixed\" if {{ {ask}; not orgward.can(\"{stranger}2\", \"s3:GetObject\", \"*\") }}\n\
         deny_f contains \"certain\" if {{ some x in [{ask}, true]; x }}\n"
    );
    let folder = rules(&[("a.rego", &text)]);
    let found = own(&review(&folder, PLAN, &["--format", "json"]));
    let of = |rule: &str| found.iter().filter(|it| it.starts_with(rule)).cloned().collect::<Vec<_>>();
    for (rule, says) in [("a", "not denied"), ("b", "denied"), ("c", "can"), ("d", "cannot")] {
        assert_eq!(
            of(&format!("main.deny_{rule}")),
            [format!("main.deny_{rule} | high | unverifiable | new | - | {says}")]
        );
    }
    let mixed = "undecided: what it asks the engine depends on something unknown";
    assert_eq!(of("main.deny_e"), [format!("main.deny_e | medium | unverifiable | new | - | {mixed}")]);
    assert!(
        of("main.deny_f").iter().any(|it| it == "main.deny_f | high | found | new | - | certain"),
        "{found:?}"
    );
}

#[test]
fn what_fails_is_said_with_its_place() {
    for (body, says) in [
        ("deny contains msg if {\n  msg :=\n}", "expecting `}` while parsing set"),
        ("deny contains msg if { msg := to_number(\"abc\") }", "could not parse string as number"),
        ("deny contains msg if { msg := http.send({}) }", "`http.send` is no builtin of this program"),
        ("deny contains 3", "a result is 3, and neither a string nor an object with `msg`"),
        ("deny contains {\"msg\": \"x\", \"severity\": \"bad\"}", "`bad` is no severity"),
        ("f(x) := f(x)\ndeny contains f(1)", "functions call each other in a circle: main.f"),
        ("deny if b\nb if deny", "recursion detected"),
        ("deny if orgward.denied(\"nope\", \"x\")", "declares no guardrail `nope`"),
        ("deny if orgward.denied({\"action\": 1}, \"x\")", "a claim has no `action`"),
        ("deny if orgward.path(\"/\", \"outside\")", "is no place of principals"),
    ] {
        let folder = rules(&[("a.rego", &format!("package main\n{body}\n"))]);
        let run = review(&folder, PLAN, &[]);
        assert_eq!(run.code, 2, "{body}: {run:?}");
        assert!(
            run.stderr.contains(says) && run.stderr.contains("policies/a.rego"),
            "{body}: {}",
            run.stderr
        );
        assert_eq!(run.stdout, "", "{body}");
    }
}

#[test]
fn rules_of_ones_own_are_configured_and_accepted_like_others() {
    let folder = rules(&[("tags.rego", TAGS)]);
    folder.write(
        "orgward.toml",
        "[rules]\ndisabled = [\"main.violation\"]\nseverity = { \"main.deny_owner\" = \"critical\" }\n",
    );
    let found = own(&review(&folder, PLAN, &["--format", "json"]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("main.deny_owner | critical"), "{found:?}");
    folder.write("orgward.toml", "");
    let found = review(&folder, PLAN, &["--format", "json"]).json();
    let findings = found["findings"].as_array().unwrap();
    let owner = findings.iter().find(|it| it["rule"] == "main.deny_owner").unwrap();
    let plan = fixture(PLAN);
    let waive = [
        "waive",
        owner["fingerprint"].as_str().unwrap(),
        "--no-source",
        plan.to_str().unwrap(),
        "--owner",
        "data",
        "--reason",
        "moves next week",
        "--until",
        "2099-01-01",
    ];
    let waived = folder.run(waive);
    assert_eq!(waived.code, 0, "{waived:?}");
    let found = own(&review(&folder, PLAN, &["--format", "json"]));
    assert!(found.iter().any(|it| it.starts_with("main.deny_owner | medium | found | waived")), "{found:?}");
    folder.write("orgward.toml", "[rules]\ndisabled = [\"main.deny_ownr\"]\n");
    let wrong = review(&folder, PLAN, &[]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("the configuration names the rule `main.deny_ownr`, which no file has"),
        "{wrong:?}"
    );
}

#[test]
fn exceptions_are_shown_and_do_not_block() {
    let text = format!("{TAGS}\nexception[rules] {{ rules := [\"owner\"] }}\n");
    let folder = rules(&[("tags.rego", &text)]);
    let found = own(&review(&folder, PLAN, &["--format", "json"]));
    assert!(found.iter().any(|it| it.starts_with("main.deny_owner | info | found")), "{found:?}");
    assert!(found.iter().any(|it| it.starts_with("main.violation | high")), "{found:?}");
}

/// The pull request must not lose a rule in silence.
#[test]
fn a_rule_that_the_base_has_and_the_pull_request_has_not_is_reported() {
    let folder = rules(&[("tags.rego", TAGS), ("other.rego", "package other\nwarn_x := false\n")]);
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "base"]);
    let weakened = || {
        let plan = fixture(PLAN);
        let arguments = [
            "plan",
            "review",
            "--no-source",
            plan.to_str().unwrap(),
            "--format",
            "json",
            "--base-config",
            "HEAD",
        ];
        let mut command = folder.command(arguments);
        let run = crate::support::finish(command.env("PATH", std::env::var_os("PATH").unwrap()));
        let json = run.json();
        let all = json["findings"].as_array().unwrap().iter();
        let found = all.filter(|it| it["rule"] == "weakened-gate");
        found
            .map(|it| format!("{} {}", it["verdict"].as_str().unwrap(), it["message"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(weakened(), [""; 0]);
    std::fs::remove_file(folder.path("policies/other.rego")).unwrap();
    folder.write("policies/tags.rego", TAGS.replace("MEDIUM", "LOW"));
    folder.write("policies/more.rego", "package main\nexception[rules] { rules := [\"owner\"] }\n");
    assert_eq!(
        weakened(),
        [
            "found the configuration no longer has the rules in `policies/other.rego`",
            "unverifiable the configuration adds `policies/more.rego` to a package that has rules, and it is undecided whether they let more pass",
            "unverifiable the configuration changes the rules in `policies/tags.rego`, and it is undecided whether they let more pass",
        ]
    );
}

/// A file beside the pull request's own rules would compare them with themselves, and find that nothing is weakened.
#[test]
fn a_base_file_without_rules_of_its_own_is_refused() {
    let folder = rules(&[("tags.rego", TAGS)]);
    folder.write("base.toml", "");
    let plan = fixture(PLAN);
    let review = |base: &str| {
        let plan = plan.to_str().unwrap();
        folder.run(["plan", "review", "--no-source", plan, "--format", "json", "--base-config", base])
    };
    let run = review("base.toml");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("has no rules in Rego of its own"), "{run:?}");
    // In a folder of its own it has those of the base revision, or none.
    std::fs::create_dir(folder.path("base")).unwrap();
    folder.write("base/base.toml", "");
    assert_ne!(review("base/base.toml").code, 2);
}

/// Rules about the organization need no plan.
#[test]
fn an_audit_asks_the_rules_too() {
    let folder = rules(&[(
        "units.rego",
        "package orgward.units\n\nimport rego.v1\n\ndeny contains msg if {\n\tsome node in input.after.nodes\n\tnode.kind == \"ou\"\n\tnode.name == \"Suspended\"\n\tmsg := \"suspended\"\n}\n",
    )]);
    let snapshot = fixture("snapshot/organization.snapshot.zst");
    let run = folder.run(["org", "audit", snapshot.to_str().unwrap(), "--format", "json"]);
    let json = run.json();
    let all = json["findings"].as_array().unwrap().iter().filter(|it| it["message"] == "suspended");
    let found: Vec<&str> = all.map(|it| it["status"].as_str().unwrap()).collect();
    assert_eq!(found, ["existing"], "{run:?}");
}

#[test]
fn the_input_is_documented_by_its_schema() {
    let folder = Folder::new();
    let schema = folder.run(["rules", "input", "--schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).unwrap();
    let plan = fixture(PLAN);
    let input = folder.run(["rules", "input", "--no-source", plan.to_str().unwrap()]);
    let input: serde_json::Value = serde_json::from_str(&input.stdout).unwrap();
    check(&schema, &input, "input");
    assert!(
        input["after"]["documents"].as_array().unwrap().iter().any(|it| it["policy"]["Statement"].is_array())
    );
    assert!(input["plans"][0]["plan"]["resource_changes"].is_array());
}

/// The part of JSON schema that the schema uses, and every key that is there is one that it names.
fn check(schema: &serde_json::Value, value: &serde_json::Value, at: &str) {
    match schema["type"].as_str() {
        Some("object") => {
            let object = value.as_object().unwrap_or_else(|| panic!("{at} is no object"));
            for key in schema["required"].as_array().into_iter().flatten() {
                assert!(object.contains_key(key.as_str().unwrap()), "{at} has no {key}");
            }
            let Some(known) = schema["properties"].as_object() else { return };
            for (key, value) in object {
                // Findings have more keys, which `docs/json.md` explains.
                let Some(schema) = known.get(key) else {
                    assert!(at.contains("findings"), "{at} has {key}, which the schema does not name");
                    continue;
                };
                check(schema, value, &format!("{at}.{key}"));
            }
        }
        Some("array") => {
            for (index, value) in
                value.as_array().unwrap_or_else(|| panic!("{at} is no list")).iter().enumerate()
            {
                check(&schema["items"], value, &format!("{at}[{index}]"));
            }
        }
        Some("string") => assert!(value.is_string(), "{at}"),
        Some("boolean") => assert!(value.is_boolean(), "{at}"),
        _ => {}
    }
}
