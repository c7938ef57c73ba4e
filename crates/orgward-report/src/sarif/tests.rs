use std::path::Path;

use super::*;
use crate::testing;

const RULES: [&RuleInfo; 2] = [&testing::PUBLIC_TRUST, &testing::REGION_LOCK_GAP];

/// The log, after it was held against the official schema.
fn valid(review: &Review) -> Value {
    let log: Value = serde_json::from_str(&sarif(review, &RULES)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif-2.1.0-rtm.5.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("http://schema.test/sarif.json", schema).unwrap();
    let index = compiler.compile("http://schema.test/sarif.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&log, index) {
        panic!("{error:#}");
    }
    log
}

#[test]
fn one_of_everything_keeps_the_schema() {
    let mut review = testing::full();
    review.findings[0].site =
        Some(orgward_finding::Site { file: "modules/ci roles/main.tf".into(), line: 12 });
    let log = valid(&review);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    assert!(rules.iter().all(|rule| rule["helpUri"].as_str().unwrap().starts_with("https://")));
    let first = &run["results"][0];
    assert_eq!(
        (&first["ruleId"], &first["ruleIndex"], &first["level"]),
        (&json!("public-trust"), &json!(0), &json!("error"))
    );
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "modules/ci%20roles/main.tf");
    assert_eq!(place["region"]["startLine"], 12);
    assert_eq!(first["partialFingerprints"]["orgward/v1"], review.findings[0].fingerprint());
    let second = &run["results"][1];
    assert_eq!(second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "second.json");
    assert!(second["message"]["text"].as_str().unwrap().contains("is not known; give `--source`"));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn one_result() {
    let log = valid(&testing::review(vec![testing::public_trust()]));
    let result = serde_json::to_string_pretty(&log["runs"][0]["results"][0]).unwrap();
    insta::assert_snapshot!(result);
}

#[test]
fn what_was_accepted_is_suppressed_and_says_by_whom() {
    let mut finding = testing::public_trust();
    finding.status = Status::Waived;
    finding.waived = Some(testing::waived());
    let log = valid(&testing::review(vec![finding]));
    let suppression = &log["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(
        suppression["justification"],
        "accepted by platform team, approved by security, until 2027-03-31: closed with the account in `legacy` (ORG-12)"
    );
}

#[test]
fn five_thousand_findings_stay_within_the_limits_and_the_worst_comes_first() {
    let log = valid(&testing::many());
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 5_000);
    assert_eq!(results[0]["ruleId"], "public-trust");
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notes[1]["message"]["text"], "1 further findings are left out: code scanning keeps 5000");
    assert!(log.to_string().len() < 10_000_000, "{}", log.to_string().len());
}

#[test]
fn a_hostile_plan_obtains_nothing() {
    let review = testing::hostile();
    let log = valid(&review);
    testing::assert_gives_no_commands(&sarif(&review, &RULES), &[]);
    let result = &log["runs"][0]["results"][0];
    assert!(!result["message"]["text"].as_str().unwrap().contains("]("));
    let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"`|:".contains(&byte)), "{uri}");
}

/// Two stacks in one review: an alert belongs to its stack, has the identity that it has when the stack is reviewed alone,
/// and a stack without findings has a run that closes its alerts.
#[test]
fn one_category_for_each_stack() {
    let input = |name: &str, stack: &str, is_context| orgward_finding::Input {
        name: name.into(),
        stack: Some(stack.into()),
        is_context,
        ..testing::full().inputs.remove(0)
    };
    let alert = |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].clone();
    let ids = |log: &Value| -> Vec<String> {
        let runs = log["runs"].as_array().unwrap().iter();
        runs.map(|run| run["automationDetails"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut alone = testing::review(vec![testing::public_trust()]);
    alone.inputs = vec![input("stacks/dev/plan.json", "stacks/dev", false)];
    let log_alone = valid(&alone);
    assert_eq!(ids(&log_alone), ["orgward/stacks/dev/"]);

    let mut of_dev = testing::public_trust();
    of_dev.input = Some("stacks/dev/plan.json".into());
    let mut together = testing::review(vec![of_dev, testing::region_lock_gap()]);
    together.inputs = vec![
        input("stacks/dev/plan.json", "stacks/dev", false),
        input("stacks/prod/plan.json", "stacks/prod", false),
        input("org.json", ".", true),
    ];
    let log = valid(&together);
    assert_eq!(ids(&log), ["orgward/", "orgward/stacks/dev/", "orgward/stacks/prod/"]);
    let results = |index: usize| log["runs"][index]["results"].as_array().unwrap();
    assert_eq!((results(0).len(), results(1).len(), results(2).len()), (1, 1, 0));
    assert_eq!(alert(&results(1)[0]), alert(&log_alone["runs"][0]["results"][0]));

    together.stack = Some("nightly".into());
    assert_eq!(ids(&valid(&together)), ["orgward/nightly/"]);
    together.stack = None;
    together.inputs =
        (0..40).map(|number| input(&format!("{number}.json"), &number.to_string(), false)).collect();
    assert_eq!(ids(&valid(&together)), ["orgward/"], "code scanning takes 20 runs");
}

/// Plans of two workspaces lie in one folder: the same resource is in both, and each finding is an alert.
#[test]
fn two_plans_of_one_folder_share_no_alert() {
    let (mut one, mut other) = (testing::public_trust(), testing::public_trust());
    one.input = Some("dev.json".into());
    other.input = Some("prod.json".into());
    let log = valid(&testing::review(vec![one, other]));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let alerts: Vec<_> =
        results.iter().map(|it| &it["partialFingerprints"]["primaryLocationLineHash"]).collect();
    assert!(alerts.len() == 2 && alerts[0] != alerts[1], "{alerts:?}");
}
