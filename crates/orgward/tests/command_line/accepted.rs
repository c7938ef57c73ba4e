//! What was accepted hides itself, and nothing that grows out of it.

use serde_json::{Value, json};

use crate::support::{Folder, text_of};

const PLAN: &str = "external-trust/bad-foreign-account.json";

/// The plan with other statements in the trust policy, as a role that is there or one that is created.
fn plan(statements: &Value, before: Option<&Value>) -> String {
    let mut plan: Value = serde_json::from_str(&text_of(PLAN)).unwrap();
    let document = |statements: &Value| json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    for row in plan["resource_changes"].as_array_mut().unwrap() {
        if row["type"] != "aws_iam_role" {
            continue;
        }
        row["change"]["after"]["assume_role_policy"] = document(statements).into();
        if let Some(before) = before {
            let mut old = row["change"]["after"].clone();
            old["assume_role_policy"] = document(before).into();
            row["change"]["before"] = old;
            row["change"]["actions"] = json!(["update"]);
        }
    }
    plan["planned_values"] = json!({"root_module": {}});
    plan.to_string()
}

fn vendor(condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:role/vendor"}, "Action": "sts:AssumeRole", "Condition": condition})
}

fn guarded() -> Value {
    vendor(&json!({"IpAddress": {"aws:SourceIp": "192.0.2.1/32"}}))
}

/// The statuses of the findings of a rule, and what is noted about them.
fn findings(folder: &Folder, arguments: &[&str], rule: &str) -> Vec<(String, String)> {
    let mut all = vec!["plan", "review", "--format", "json", "--existing"];
    all.extend(arguments);
    let run = folder.run(&all);
    let findings = run.json()["findings"].as_array().unwrap().clone();
    let of_rule = findings.into_iter().filter(|finding| finding["rule"] == rule);
    of_rule
        .map(|finding| (finding["status"].as_str().unwrap().to_owned(), finding["notes"].to_string()))
        .collect()
}

fn waive(folder: &Folder, plan: &str) {
    let found = folder.run(["plan", "review", plan, "--format", "json"]).json();
    let mut accepted = 0;
    for finding in
        found["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "external-trust")
    {
        let fingerprint = finding["fingerprint"].as_str().unwrap();
        let run = folder.run([
            "waive",
            fingerprint,
            plan,
            "--reason",
            "r",
            "--owner",
            "o",
            "--until",
            "2099-01-01",
        ]);
        assert_eq!(run.code, 0, "{run:?}");
        accepted += 1;
    }
    assert_eq!(accepted, 1);
}

#[test]
fn a_waiver_ends_where_the_access_grows() {
    let folder = Folder::new();
    folder.write("plan.json", plan(&json!([guarded()]), None));
    waive(&folder, "plan.json");
    let status = |statements: Value| {
        folder.write("plan.json", plan(&statements, None));
        findings(&folder, &["plan.json"], "external-trust")
            .into_iter()
            .map(|(status, _)| status)
            .collect::<Vec<_>>()
    };
    assert_eq!(status(json!([guarded()])), ["waived"]);
    let inside =
        json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    assert_eq!(status(json!([inside, guarded()])), ["waived"], "it lets in nobody from outside");
    assert_eq!(status(json!([vendor(&json!({}))])), ["new"], "the condition was part of it");
    let tags = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:role/vendor"}, "Action": "sts:TagSession"});
    assert!(status(json!([guarded(), tags])).contains(&"new".to_owned()), "a second statement lets in more");
}

#[test]
fn a_waiver_of_one_stack_is_none_of_another() {
    let folder = Folder::new();
    for stack in ["dev", "prod"] {
        std::fs::create_dir_all(folder.path(&format!("stacks/{stack}"))).unwrap();
        folder.write(&format!("stacks/{stack}/plan.json"), plan(&json!([guarded()]), None));
    }
    folder.write("orgward.toml", "");
    waive(&folder, "stacks/dev/plan.json");
    let status = |stack: &str| {
        findings(&folder, &[&format!("stacks/{stack}/plan.json")], "external-trust")[0].0.clone()
    };
    assert_eq!((status("dev"), status("prod")), ("waived".to_owned(), "new".to_owned()));
    // Nothing is said of a waiver whose stack is not reviewed.
    assert_eq!(findings(&folder, &["stacks/prod/plan.json"], "unmatched-waiver"), []);
}

#[test]
fn a_baseline_ends_where_the_access_grows_and_says_by_what() {
    let folder = Folder::new();
    folder.write("plan.json", plan(&json!([guarded()]), Some(&json!([guarded()]))));
    assert_eq!(folder.run(["plan", "baseline", "plan.json", "--output", "baseline.json"]).code, 0);
    let review = || findings(&folder, &["plan.json", "--baseline", "baseline.json"], "external-trust");
    assert_eq!(review()[0].0, "baseline");
    folder.write("plan.json", plan(&json!([vendor(&json!({}))]), Some(&json!([guarded()]))));
    let (status, notes) = review().remove(0);
    assert_eq!(status, "new");
    assert!(notes.contains("a statement that has a say in it has changed"), "{notes}");
    // A baseline of an older layout is refused with the command that renews it.
    folder.write("baseline.json", r#"{"version":1,"findings":[]}"#);
    let run = folder.run(["plan", "review", "plan.json", "--baseline", "baseline.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("orgward plan baseline PLAN --output FILE"), "{run:?}");
}

/// What was bad before and is made worse by the plan is not what was there before.
#[test]
fn what_the_plan_widens_is_new_and_what_it_narrows_is_not() {
    let folder = Folder::new();
    let open = vendor(&json!({}));
    for (before, after, status) in
        [(&open, &open, "existing"), (&guarded(), &open, "new"), (&open, &guarded(), "existing")]
    {
        folder.write("plan.json", plan(&json!([after]), Some(&json!([before]))));
        assert_eq!(findings(&folder, &["plan.json"], "external-trust")[0].0, status, "{before} to {after}");
    }
}
