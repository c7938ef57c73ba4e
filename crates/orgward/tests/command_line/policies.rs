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

const GUARDRAIL: &str = "id = \"region lock\"\nnot_actions = [\"iam:*\"]\n\n[conditions.StringNotEquals]\n\"aws:RequestedRegion\" = \"eu-west-1\"\n";

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
    let run = folder.run([
        "policy",
        "prove",
        "lock.toml",
        "--scp",
        "good.json",
        "--scp",
        "bad.json",
        "--format",
        "json",
    ]);
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
fn what_only_resource_control_policies_can_deny_is_proved_over_what_they_reach() {
    let folder = Folder::new();
    let pack = "[[pack]]\nname = \"identity-perimeter\"\n[pack.parameters]\norganization_id = [\"o-exampleorgid\"]\n";
    folder.write("orgward.toml", pack);
    let claims = folder.run(["guardrail", "show", "identity-perimeter", "--as", "toml"]);
    let policy = folder.run(["guardrail", "show", "identity-perimeter", "--as", "scp"]);
    assert_eq!(policy.code, 2, "it is no SCP: {policy:?}");
    assert!(policy.stderr.contains("resource control policies") && policy.stderr.contains("--as policy"));
    let policy = folder.run(["guardrail", "show", "identity-perimeter", "--as", "rcp"]);
    folder.write("claims.toml", &claims.stdout);
    folder.write("perimeter.json", &policy.stdout);
    let run = folder.run(["policy", "prove", "claims.toml", "--rcp", "perimeter.json"]);
    assert_eq!(run.code, 0, "an action without a resource is none that an RCP could deny: {run:?}");
    assert_eq!(run.stdout.matches("holds").count(), 2, "{run:?}");
    folder.write("open.json", policy.stdout.replace("\"s3:*\",", ""));
    let run = folder.run(["policy", "prove", "claims.toml", "--rcp", "open.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("asks for s3:"), "{run:?}");
}

#[test]
fn resources_that_escape_are_told_as_policies_write_them() {
    let folder = Folder::new();
    folder.write(
        "keep.toml",
        "[[guardrail]]\nid = \"keep\"\nactions = [\"s3:DeleteBucket\", \"s3:DeleteObject\"]\n",
    );
    let objects = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:Delete*","Resource":"arn:aws:s3:::*/*"}]}"#;
    folder.write("objects.json", objects);
    let run = folder.run(["policy", "prove", "keep.toml", "--scp", "objects.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("asks for s3:DeleteBucket"), "{run:?}");
    assert!(run.stdout.contains("on resources like"), "{run:?}");
    // What keeps the partition from being empty is ours, and no pattern of a policy.
    assert!(run.stdout.contains("`arn:*:s3:::*`") && !run.stdout.contains("*?"), "{run:?}");
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

fn statement(text: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#)
}

#[test]
fn an_administrator_is_found_whatever_it_is_called() {
    let folder = Folder::new();
    // Two halves make a whole.
    let halves = r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
    folder.write("halves.json", statement(halves));
    let run = folder.run(["policy", "check", "halves.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("administrator: yes, it allows everything\n"), "{run:?}");

    folder.write("reader.json", statement(r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#));
    let run = folder.run(["policy", "check", "--format", "json", "reader.json"]);
    let json = run.json();
    assert_eq!((run.code, json["administrator"]["verdict"].as_str()), (0, Some("no")), "{run:?}");
    assert!(!json["administrator"]["witness"]["action"].as_str().unwrap().starts_with("s3:Get"), "{run:?}");
    assert_eq!(json["dead"].as_array().map(Vec::len), Some(0), "{run:?}");
}

#[test]
fn who_is_let_in_can_be_decided() {
    let folder = Folder::new();
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*","Condition":COND}"#;
    let bucket = |condition: &str| statement(&open.replace("COND", condition));
    // A tag is no guard.
    folder.write("open.json", bucket(r#"{"StringEquals":{"aws:PrincipalTag/team":"reports"}}"#));
    let run = folder.run(["policy", "check", "--kind", "resource", "--format", "json", "open.json"]);
    let json = run.json();
    assert_eq!((run.code, json["public"]["verdict"].as_str()), (1, Some("yes")), "{run:?}");
    let document: serde_json::Value =
        serde_json::from_str(&bucket(r#"{"StringEquals":{"aws:PrincipalTag/team":"reports"}}"#)).unwrap();
    let mut request = json["public"]["witness"].clone();
    request["resourceAccount"] = "111111111111".into();
    let all = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let scenario =
        serde_json::json!({ "request": request, "policies": { "resource": [document], "identity": [all] } });
    folder.write("scenario.json", scenario.to_string());
    let decided = folder.run(["policy", "decide", "--format", "json", "scenario.json"]).json();
    assert_eq!(decided[0]["decision"].as_str(), Some("allow"), "{decided} {scenario}");

    // Those whom the policy names are no strangers: an account, an organization, a network.
    for guard in [
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-acme123456"}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":"222222222222"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#,
    ] {
        folder.write("guarded.json", bucket(guard));
        let run = folder.run(["policy", "check", "--kind", "resource", "guarded.json"]);
        assert_eq!(run.code, 0, "{guard} {run:?}");
    }
    // Another organization is one of strangers.
    folder.write("guarded.json", bucket(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-acme123456"}}"#));
    let run = folder.run([
        "policy",
        "check",
        "--kind",
        "resource",
        "--organization",
        "o-other00000",
        "guarded.json",
    ]);
    assert_eq!(run.code, 1, "{run:?}");
    let run = folder.run(["policy", "check", "--organization", "acme", "guarded.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
}

#[test]
fn statements_that_do_nothing_are_named_with_the_reason() {
    let folder = Folder::new();
    folder.write(
        "dead.json",
        statement(
            r#"{"Sid":"Live","Effect":"Allow","Action":"s3:*","Resource":"*"},
               {"Effect":"Allow","Action":[],"Resource":"*"},
               {"Sid":"Never","Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"aws:RequestedRegion":"true"}}},
               {"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"x"},"StringNotEquals":{"aws:PrincipalTag/a":"x"}}},
               {"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"},
               {"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
        ),
    );
    let run = folder.run(["policy", "check", "--format", "json", "dead.json"]);
    let json = run.json();
    let dead: Vec<(u64, &str)> = json["dead"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dead| (dead["statement"].as_u64().unwrap(), dead["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        dead,
        [
            (1, "`Action` names nothing that there is"),
            (2, "no request meets `Null` on `aws:RequestedRegion`"),
            (3, "no request meets all of it: its parts contradict each other"),
            (4, "other statements deny everything that it allows"),
        ]
    );
    assert_eq!((run.code, json["dead"][1]["sid"].as_str()), (1, Some("Never")), "{run:?}");
}

/// A template is filled in before it is proved or decided; what is left open is no answer.
#[test]
fn a_template_is_filled_in_or_undecided() {
    let folder = Folder::new();
    folder
        .write("guardrail.toml", "actions = [\"s3:DeleteBucket\"]\nresources = [\"arn:aws:s3:::logs-*\"]\n");
    let deny = r#"{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"arn:${PARTITION}:s3:::logs-*"}"#;
    folder.write("scp.json", format!(r#"{{"Version":"2012-10-17","Statement":[{deny}]}}"#));
    let run = folder.run(["policy", "prove", "guardrail.toml", "--scp", "scp.json"]);
    assert!(run.code == 2 && run.stdout.contains("nothing fills in `${PARTITION}`"), "{run:?}");
    let run =
        folder.run(["policy", "prove", "guardrail.toml", "--scp", "scp.json", "--set", "PARTITION=aws"]);
    assert_eq!(run.code, 0, "{run:?}");
    let run =
        folder.run(["policy", "prove", "guardrail.toml", "--scp", "scp.json", "--set", "PARTITION=aws-cn"]);
    assert_eq!(run.code, 1, "{run:?}");

    let scenario = format!(
        r#"{{"name":"delete","request":{{"principal":"arn:aws:iam::111111111111:role/a","action":"s3:DeleteBucket",
        "resource":"arn:aws:s3:::logs-1"}},"policies":{{"identity":[{{"name":"p","document":{{"Version":"2012-10-17",
        "Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}},{deny}]}}}}]}}}}"#
    );
    folder.write("scenario.json", &scenario);
    let run = folder.run(["policy", "decide", "scenario.json", "--format", "json"]);
    assert!(run.code == 2 && run.stdout.contains("nothing fills in"), "{run:?}");
    let run = folder.run(["policy", "decide", "scenario.json", "--set", "PARTITION=aws"]);
    assert!(run.code == 0 && run.stdout.contains("delete"), "{run:?}");
    // A statement about other actions does not matter.
    folder.write(
        "scenario.json",
        scenario.replacen("\"action\":\"s3:DeleteBucket\"", "\"action\":\"s3:PutObject\"", 1),
    );
    assert_eq!(folder.run(["policy", "decide", "scenario.json"]).code, 0);
}

/// Of what is refuted, the nearest statement and the extent are shown.
#[test]
fn a_refuted_guardrail_shows_what_comes_nearest_and_all_that_escapes() {
    let folder = Folder::new();
    folder.write("guardrail.toml", "actions = [\"cloudtrail:StopLogging\", \"cloudtrail:DeleteTrail\"]\n");
    folder.write("scp.json", r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"Trail","Effect":"Deny","Action":["cloudtrail:StopLogging","cloudtrail:UpdateTrail"],"Resource":"*"}]}"#);
    let run = folder.run(["policy", "prove", "guardrail.toml", "--scp", "scp.json", "--format", "json"]);
    let chain = &run.json()["chains"][0];
    assert_eq!(chain["nearest"]["statement"], "`Trail`", "{run:?}");
    assert_eq!(chain["nearest"]["lacks"], "does not name `cloudtrail:DeleteTrail`", "{run:?}");
    assert_eq!(chain["extent"]["actions"], serde_json::json!(["cloudtrail:DeleteTrail"]), "{run:?}");
    assert_eq!(
        (&chain["extent"]["allActions"], &chain["extent"]["allPrincipals"]),
        (&false.into(), &true.into())
    );
}
