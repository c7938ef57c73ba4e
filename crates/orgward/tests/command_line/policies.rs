//! `orgward policy compare` and `orgward policy prove`, from the outside.

use crate::support::Folder;

const OLD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}]}"#;

/// A chain of two levels with a lock to one region, which exempts more than `iam` when `exempt` says so.
fn chain(exempt: &str) -> String {
    let full = r#"{"name":"FullAWSAccess","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}"#;
    format!(
        r#"[{{"target":"r-ab12","policies":[{full},{{"name":"lock","document":{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Deny","NotAction":["iam:*"{exempt}],"Resource":"*",
              "Condition":{{"StringNotEquals":{{"aws:RequestedRegion":"eu-west-1"}}}}}}]}}}}]}},
           {{"target":"111111111111","policies":[{full}]}}]"#
    )
}

const GUARDRAIL: &str = "name = \"region lock\"\nnotActions = [\"iam:*\"]\n\n[conditions.StringNotEquals]\n\"aws:RequestedRegion\" = \"eu-west-1\"\n";

#[test]
fn a_wider_policy_blocks_and_shows_what_it_gains() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    folder.write("new.json", OLD.replace("GetObject", "Get*"));
    let run = folder.run(["policy", "compare", "--format", "json", "old.json", "new.json"]);
    let json = run.json();
    assert_eq!((run.code, json["relation"].as_str()), (1, Some("wider")), "{run:?}");
    let action = json["gained"]["action"].as_str().unwrap();
    assert!(action.starts_with("s3:Get") && action != "s3:GetObject", "{run:?}");
    assert!(json["lost"].is_null(), "{run:?}");

    let run = folder.run(["policy", "compare", "new.json", "old.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("narrower: "), "{run:?}");
    let run = folder.run(["policy", "compare", "old.json", "old.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "equivalent: the two policies allow the same\n"));
}

#[test]
fn what_is_gained_can_be_decided() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    let new = OLD.replace("GetObject", "PutObject");
    folder.write("new.json", &new);
    let json = folder.run(["policy", "compare", "--format", "json", "old.json", "new.json"]).json();
    for (document, request, decision) in [
        (&new, &json["gained"], "allow"),
        (&OLD.to_owned(), &json["gained"], "implicit-deny"),
        (&OLD.to_owned(), &json["lost"], "allow"),
        (&new, &json["lost"], "implicit-deny"),
    ] {
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let scenario = serde_json::json!({ "request": request, "policies": { "identity": [document] } });
        folder.write("scenario.json", scenario.to_string());
        let decided = folder.run(["policy", "decide", "--format", "json", "scenario.json"]).json();
        assert_eq!(decided[0]["decision"].as_str(), Some(decision), "{request} {decided}");
    }
}

#[test]
fn a_policy_that_cannot_be_read_is_no_pass() {
    let folder = Folder::new();
    folder.write("old.json", OLD);
    folder.write("new.json", "{\"Version\":\"2012-10-17\"}");
    let run = folder.run(["policy", "compare", "old.json", "new.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("new.json:1:1"), "{run:?}");
    assert_eq!(folder.run(["policy", "compare", "old.json", "missing.json"]).code, 2);
}

#[test]
fn a_guardrail_holds_or_has_a_witness() {
    let folder = Folder::new();
    folder.write("lock.toml", GUARDRAIL);
    folder.write("good.json", chain(""));
    folder.write("bad.json", chain(",\"kms:*\""));
    let run = folder.run(["policy", "prove", "lock.toml", "--scp", "good.json"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "region lock in good.json: holds, every such request is denied\n"),
        "{run:?}"
    );
    let run =
        folder.run(["policy", "prove", "lock.toml", "--scp", "good.json", "bad.json", "--format", "json"]);
    let json = run.json();
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(json["chains"][0]["verdict"].as_str(), Some("holds"), "{run:?}");
    assert_eq!(json["chains"][1]["verdict"].as_str(), Some("refuted"), "{run:?}");
    let witness = &json["chains"][1]["witness"];
    assert!(witness["action"].as_str().unwrap().starts_with("kms:"), "{run:?}");
    assert!(witness["context"]["aws:RequestedRegion"].is_string(), "{run:?}");

    let account = ["policy", "prove", "lock.toml", "--scp", "bad.json", "--account", "222222222222"];
    let run = folder.run(account);
    assert!(run.stdout.contains("arn:aws:iam::222222222222:"), "{run:?}");
}

#[test]
fn what_depends_on_a_variable_is_no_pass() {
    let folder = Folder::new();
    let lock = chain("").replace(
        r#""StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}"#,
        r#""StringNotEquals":{"aws:RequestedRegion":"${aws:PrincipalTag/region}"}"#,
    );
    folder.write("chain.json", lock);
    folder.write("lock.toml", GUARDRAIL);
    let run = folder.run(["policy", "prove", "lock.toml", "--scp", "chain.json"]);
    assert_ne!(run.code, 0, "{run:?}");
    let same = "name = \"own region\"\nnotActions = [\"iam:*\"]\n\n[conditions.StringNotEquals]\n\"aws:RequestedRegion\" = \"${aws:PrincipalTag/region}\"\n";
    folder.write("same.toml", same);
    let run = folder.run(["policy", "prove", "same.toml", "--scp", "chain.json"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_guardrail_with_a_spelling_mistake_is_refused() {
    let folder = Folder::new();
    folder.write("lock.json", r#"{"action":["s3:*"]}"#);
    folder.write("chain.json", chain(""));
    let run = folder.run(["policy", "prove", "lock.json", "--scp", "chain.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("unknown field `action`"), "{run:?}");
}
