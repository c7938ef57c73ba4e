//! `orgward plan permissions` and `orgward replay`, from the outside.

use crate::support::{Folder, fixture};

#[test]
fn the_least_policy_keeps_certain_and_possible_apart() {
    let plan = fixture("denied-apply/good-region.json").display().to_string();
    let run = Folder::new().run(["plan", "permissions", &plan]);
    assert_eq!(run.code, 0, "{run:?}");
    let entry = &run.json()["permissions"][0];
    assert_eq!(entry["principal"], "arn:aws:iam::222222222222:role/terraform");
    assert_eq!(entry["account"], "222222222222");
    let certain = serde_json::json!([{ "Effect": "Allow", "Action": ["s3:CreateBucket"], "Resource": ["arn:aws:s3:::shop-exports"] }]);
    assert_eq!(entry["certain"]["Statement"], certain);
    assert!(entry["possible"].to_string().contains("s3:GetBucketAcl"), "{entry}");
    let run = Folder::new().run(["plan", "permissions", &plan, "--format", "hcl"]);
    assert!(run.stdout.contains("data \"aws_iam_policy_document\" \"apply\" {"), "{run:?}");
}

#[test]
fn events_are_replayed_through_the_policies_of_a_plan() {
    let (plan, events) = (fixture("replay/plan.json"), fixture("replay/events.json"));
    let (plan, events) = (plan.display().to_string(), events.display().to_string());
    let run = Folder::new().run(["replay", &events, "--plan", &plan, "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    assert_eq!((&json["events"], &json["exact"]), (&6.into(), &true.into()), "{json}");
    let denied = serde_json::json!([{
        "account": "222222222222",
        "action": "s3:CreateBucket",
        "count": 2,
        "deniedBy": "SCP `regions` at `Root/Prod`",
        "principal": "arn:aws:iam::222222222222:role/exports",
        "statement": "Regions",
    }]);
    assert_eq!(json["denied"], denied);
    assert_eq!(json["counts"]["pass before and after"], 2, "{json}");
    assert_eq!(json["counts"]["were refused or failed when they were made"], 1, "{json}");
    assert_eq!(json["harmless"], serde_json::json!([]));
}

/// Tags of a principal are in no event. Where people say them, the answer is exact.
#[test]
fn what_no_event_shows_comes_from_a_context() {
    let plan = fixture("replay/plan-by-tag.json").display().to_string();
    let events = fixture("replay/events.json").display().to_string();
    let folder = Folder::new();
    let run = folder.run(["replay", &events, "--plan", &plan, "--format", "json"]);
    assert_eq!((run.code, &run.json()["exact"]), (0, &false.into()), "{run:?}");
    let context = "[principals.\"arn:aws:iam::*:role/exports\"]\ntags = { team = 'shop' }\n\n\
                   [principals.\"arn:aws:iam::*:role/platform/deploy\"]\ntags = { team = 'platform' }\n";
    folder.write("context.toml", context);
    let run =
        folder.run(["replay", &events, "--plan", &plan, "--format", "json", "--context", "context.toml"]);
    assert_eq!((run.code, &run.json()["exact"]), (1, &true.into()), "{run:?}");
    assert_eq!(run.json()["denied"][0]["principal"], "arn:aws:iam::222222222222:role/exports");
    assert_eq!(run.json()["denied"][0]["count"], 3);
    folder.write("context.toml", "[principal.x]\n");
    let run = folder.run(["replay", &events, "--plan", &plan, "--context", "context.toml"]);
    assert_eq!(run.code, 2, "{run:?}");
}

/// Records of what was called settle whether a new guardrail breaks something.
#[test]
fn events_settle_whether_a_new_guardrail_was_tested() {
    let events = fixture("replay/events.json").display().to_string();
    let said = |plan: &str, events: &[&str]| {
        let plan = fixture(plan).display().to_string();
        let mut arguments = vec!["plan", "review", &plan, "--format", "json"];
        arguments.extend(events);
        let run = Folder::new().run(arguments);
        let json = run.json();
        let mut findings = json["findings"].as_array().unwrap().iter();
        let found = findings.find(|it| it["rule"] == "untested-guardrail").unwrap().clone();
        (found["severity"].as_str().unwrap().to_owned(), found["message"].as_str().unwrap().to_owned())
    };
    let events = ["--events", events.as_str()];
    assert_eq!(
        said("replay/plan.json", &events),
        (
            "medium".to_owned(),
            "SCP goes to `Root/Prod`: it would have denied 2 of 4 calls from 2026-11-20 to 2026-11-20"
                .to_owned()
        )
    );
    assert_eq!(
        said("replay/plan-harmless.json", &events),
        (
            "info".to_owned(),
            "SCP goes to `Root/Prod`: it would have denied none of 4 calls from 2026-11-20 to 2026-11-20"
                .to_owned()
        )
    );
    let by_tag = said("replay/plan-by-tag.json", &events);
    assert!(by_tag.1.ends_with("it would have denied is not decided"), "{by_tag:?}");
    let (_, without) = said("replay/plan.json", &[]);
    assert_eq!(without, "SCP goes to `Root/Prod` without having been on a policy-staging unit");
}

#[test]
fn a_file_without_events_is_refused() {
    let plan = fixture("replay/plan.json").display().to_string();
    let run = Folder::new().run(["replay", &plan, "--plan", &plan]);
    assert_eq!(run.code, 2, "{run:?}");
}
