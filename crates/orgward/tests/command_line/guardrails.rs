//! `orgward guardrail`, from the outside.

use crate::support::{Folder, fixture};

const TRAIL: &str = "[[guardrail]]\nid = 'trail'\ntargets = ['Root/runtime/**']\n\
                     actions = ['cloudtrail:StopLogging']\nexempt_principals = ['arn:aws:iam::*:role/break-glass']\n";

fn organization(story: &str) -> String {
    fixture(&format!("guardrail-gap/{story}.json")).display().to_string()
}

#[test]
fn an_audit_blocks_on_what_has_been_there_for_years() {
    let folder = Folder::new();
    folder.write("orgward.toml", TRAIL);
    let run = folder.run(["guardrail", "check", "--org", &organization("good-denied")]);
    assert_eq!(run.code, 0, "{run:?}");
    let run =
        folder.run(["guardrail", "check", "--org", &organization("bad-exempt-too-wide"), "--format", "json"]);
    let json = run.json();
    assert_eq!((run.code, json["verdict"].as_str()), (1, Some("blocked")), "{run:?}");
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{run:?}");
    assert_eq!(findings[0]["rule"], "guardrail-gap");
    assert_eq!(findings[0]["accounts"].as_array().unwrap().len(), 2);
    let never = ["guardrail", "check", "--fail-on", "never", "--org", &organization("bad-exempt-too-wide")];
    assert_eq!(folder.run(never).code, 0);
}

#[test]
fn an_audit_without_an_organization_is_a_mistake() {
    let folder = Folder::new();
    assert_eq!(folder.run(["guardrail", "check"]).code, 2);
    folder.write("orgward.toml", "[[guardrail]]\nid = 'x'\nactions = []\n");
    let run = folder.run(["guardrail", "check", "--org", &organization("good-denied")]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("`actions` has an empty list"), "{run:?}");
}

#[test]
fn each_account_has_its_story() {
    let folder = Folder::new();
    folder.write("orgward.toml", TRAIL);
    let explain = |story: &str, account: &str| {
        folder.run(["guardrail", "explain", "trail", account, "--org", &organization(story)])
    };
    let run = explain("good-denied", "shop");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("trail in Root/runtime/prod/shop: holds"), "{run:?}");
    assert!(run.stdout.contains("denies it"), "{run:?}");
    let run = explain("bad-exempt-too-wide", "aws_organizations_account.warehouse");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("does not deny it: it spares"), "{run:?}");
    let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("nearest: statement `KeepTheAuditTrail` of `audit-trail` comes nearest"),
        "{run:?}"
    );
    assert!(text.contains("by principals like `arn:aws:iam::*:role/ops-*`"), "{run:?}");
    let run = folder.run([
        "guardrail",
        "explain",
        "trail",
        "aws_organizations_account.warehouse",
        "--org",
        &organization("bad-exempt-too-wide"),
        "--format",
        "json",
    ]);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let extent = &answer["extent"];
    assert_eq!((&extent["allActions"], &extent["allPrincipals"]), (&true.into(), &false.into()), "{run:?}");
    assert_eq!(extent["principals"], serde_json::json!(["arn:aws:iam::*:role/ops-*"]), "{run:?}");
    assert_eq!(answer["nearest"]["policy"], "audit-trail", "{run:?}");
    let run = explain("bad-unknown-content", "shop");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("is unknown until apply"), "{run:?}");
    // Neither that it holds nor that it does not: the answer goes where answers go.
    let scoped =
        "[[guardrail]]\nid = 'trail'\ntargets = ['Root/sandbox/**']\nactions = ['cloudtrail:StopLogging']\n";
    folder.write("scoped.toml", scoped);
    let organization = organization("good-denied");
    let config = ["--config", "scoped.toml", "--org", &organization];
    let run = folder.run([&["guardrail", "explain", "trail", "shop"][..], &config].concat());
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("outside, the guardrail is not for this account"), "{run:?}");
    assert!(run.stdout.contains("`Root/sandbox/**`") && !run.stdout.contains("refuted"), "{run:?}");
    let run =
        folder.run([&["guardrail", "explain", "trail", "shop", "--format", "json"][..], &config].concat());
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &answer["scope"]), (2, &"outside".into()), "{run:?}");
    let run = explain("good-denied", "nobody");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("unknown account `nobody`"), "{run:?}");
}

#[test]
fn the_region_lock_is_a_guardrail_too() {
    let folder = Folder::new();
    folder.write("orgward.toml", "[regions]\nallowed = ['eu-central-1', 'eu-west-1']\n");
    let (first, second) =
        (fixture("demo/first.json").display().to_string(), fixture("demo/second.json").display().to_string());
    let run = folder.run(["guardrail", "explain", "region-lock", "ecommerce-prod", "--org", &first]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = folder.run(["guardrail", "explain", "region-lock", "ecommerce-prod", "--org", &second]);
    assert_eq!(run.code, 1, "{run:?}");
    let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let nearest = "of `region-lock` comes nearest to denying it: it would deny it, but is attached to";
    assert!(text.contains(nearest), "{run:?}");
}
