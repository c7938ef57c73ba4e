//! `orgward access`: what policies of resources and what is unknown have to do with its answers.

use serde_json::{Value, json};

use crate::support::Folder;

const WORKER: &str = "arn:aws:iam::222222222222:role/worker";
const TARGET: &str = "arn:aws:iam::222222222222:role/target";
const BUCKET: &str = "arn:aws:s3:::acme-data";
const KEY: &str = "arn:aws:kms:eu-west-1:222222222222:key/1";

fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn allow(actions: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn to(mut statement: Value, principal: &str) -> Value {
    statement["Principal"] = json!({ "AWS": principal });
    statement
}

/// A resource before and after the plan; what is `UNKNOWN` after it is unknown until apply.
fn row(kind: &str, name: &str, before: &Value, after: &Value) -> Value {
    let mut known = after.clone();
    let mut unknown = json!({});
    if let Some(values) = known.as_object_mut() {
        values.retain(|key, value| {
            let is_known = *value != json!("UNKNOWN");
            if !is_known {
                unknown[key] = json!(true);
            }
            is_known
        });
    }
    let action = match (before, after) {
        (Value::Null, _) => "create",
        (_, Value::Null) => "delete",
        (before, after) if before == after => "no-op",
        _ => "update",
    };
    json!({
        "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": { "actions": [action], "before": before, "after": known, "after_unknown": unknown,
            "before_sensitive": {}, "after_sensitive": {} }
    })
}

fn same(kind: &str, name: &str, values: &Value) -> Value {
    row(kind, name, values, values)
}

fn role(arn: &str, trust: &str) -> Value {
    let name = arn.rsplit('/').next().unwrap();
    json!({ "arn": arn, "id": name, "name": name, "path": "/", "assume_role_policy": trust })
}

fn closed() -> String {
    policy(&json!([{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "ec2.amazonaws.com" } }]))
}

/// What a role has.
fn own(statements: &Value) -> Value {
    json!({ "role": "worker", "name": "own", "id": "worker:own", "policy": policy(statements) })
}

fn bucket(statements: &Value) -> Value {
    json!({ "bucket": "acme-data", "id": "acme-data", "policy": policy(statements) })
}

fn key(statements: &Value) -> Value {
    json!({ "arn": KEY, "id": "1", "key_id": "1", "policy": policy(statements) })
}

fn the_bucket() -> Value {
    same("aws_s3_bucket", "data", &json!({ "arn": BUCKET, "id": "acme-data", "bucket": "acme-data" }))
}

/// A folder with a plan of these rows, in which there is also a role that does nothing by itself.
fn folder(rows: &[Value]) -> Folder {
    let folder = Folder::new();
    let worker = same("aws_iam_role", "worker", &role(WORKER, &closed()));
    let rows: Vec<&Value> = std::iter::once(&worker).chain(rows).collect();
    let plan = json!({ "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": rows });
    folder.write("plan.json", plan.to_string());
    folder
}

fn of(rows: &[Value]) -> String {
    let run = folder(rows).run(["access", "of", WORKER, "--plan", "plan.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout
}

fn diff(rows: &[Value]) -> Vec<String> {
    let run = folder(rows).run(["access", "diff", "plan.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout.lines().map(str::to_owned).collect()
}

/// The policy of a bucket names the role: within the account no policy of the role has to allow it. It gives nothing that
/// the role has anyway, and nothing to a role of another name.
#[test]
fn what_policies_of_resources_give_is_listed() {
    let get = |who: &str| {
        let statements = json!([to(allow("s3:GetObject", "arn:aws:s3:::acme-data/*"), who)]);
        same("aws_s3_bucket_policy", "data", &bucket(&statements))
    };
    assert_eq!(
        of(&[the_bucket(), get(WORKER)]),
        format!("{WORKER}\n  read: s3:GetObject on arn:aws:s3:::acme-data/*, by aws_s3_bucket_policy.data\n")
    );
    let nothing = format!("{WORKER}\n  can do nothing that the inputs show\n");
    assert_eq!(of(&[the_bucket(), get(TARGET)]), nothing);
    // Its account may give it: nothing does.
    assert_eq!(of(&[the_bucket(), get("arn:aws:iam::222222222222:root")]), nothing);
    let own = same("aws_iam_role_policy", "own", &own(&json!([allow("s3:Get*", "*")])));
    let told = of(&[the_bucket(), get(WORKER), own]);
    assert_eq!(
        told,
        format!("{WORKER}\n  list, permissions, read: s3:Get* on *\n").replace("list, permissions, ", "")
    );
    let mut unread = get(WORKER);
    unread["change"]["after"]["policy"].take();
    unread["change"]["after_unknown"] = json!({ "policy": true });
    let told = of(&[the_bucket(), unread]);
    assert!(
        told.contains("unknown: what the policy of `aws_s3_bucket_policy.data` gives is unknown"),
        "{told}"
    );
}

/// What the policy of the very resource denies, or the policy of a key does not allow, is no access.
#[test]
fn what_policies_of_resources_refuse_is_not_listed() {
    let nothing = format!("{WORKER}\n  can do nothing that the inputs show\n");
    let get =
        same("aws_iam_role_policy", "own", &own(&json!([allow("s3:GetObject", "arn:aws:s3:::acme-data/*")])));
    let deny = json!([{ "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": "arn:aws:s3:::acme-data/*",
        "Condition": { "ArnNotEquals": { "aws:PrincipalArn": TARGET } } }]);
    let denied = same("aws_s3_bucket_policy", "data", &bucket(&deny));
    assert_eq!(of(&[the_bucket(), get.clone(), denied]), nothing);
    assert!(of(&[the_bucket(), get]).contains("read: s3:GetObject on arn:aws:s3:::acme-data/*\n"));
    let decrypt = same("aws_iam_role_policy", "own", &own(&json!([allow("kms:Decrypt", KEY)])));
    let given = |who: &str| same("aws_kms_key", "k", &key(&json!([to(allow("kms:*", "*"), who)])));
    assert_eq!(of(&[decrypt.clone(), given(TARGET)]), nothing);
    let told = of(&[decrypt, given("arn:aws:iam::222222222222:root")]);
    assert!(told.contains(&format!("kms:Decrypt on {KEY}\n")), "{told}");
}

/// A denial that goes, a condition that comes, and policies of keys and buckets change who can do what.
#[test]
fn every_policy_that_has_a_say_is_in_the_difference() {
    let before_and_after =
        |before: &Value, after: &Value| diff(&[row("aws_iam_role_policy", "own", &own(before), &own(after))]);
    let open = json!([allow("s3:*", "*")]);
    let deny = json!({ "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*" });
    let less = json!([allow("s3:*", "*"), deny]);
    assert_eq!(before_and_after(&less, &open), [format!("+ {WORKER} can now s3:DeleteBucket on *")]);
    assert_eq!(before_and_after(&open, &less), [format!("- {WORKER} can no longer s3:DeleteBucket on *")]);
    let mut fenced = allow("s3:GetObject", "*");
    fenced["Condition"] = json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } });
    let get = json!([allow("s3:GetObject", "*")]);
    assert_eq!(
        before_and_after(&get, &json!([fenced])),
        [format!("- {WORKER} can no longer s3:GetObject on *")]
    );
    // The same, said otherwise.
    let twice = json!([allow("s3:Get*", "*"), allow("s3:GetObject", "*")]);
    let once = json!([allow("s3:Get*", "*")]);
    assert_eq!(before_and_after(&twice, &once), ["nothing changes about who can do what"]);

    let decrypt = same("aws_iam_role_policy", "own", &own(&json!([allow("kms:Decrypt", "*")])));
    let given = |who: &str| key(&json!([to(allow("kms:*", "*"), who)]));
    let root = given("arn:aws:iam::222222222222:root");
    assert_eq!(
        diff(&[decrypt.clone(), row("aws_kms_key", "k", &given(TARGET), &root)]),
        [format!("+ {WORKER} can now kms:Decrypt on {KEY}")]
    );
    assert_eq!(
        diff(&[decrypt.clone(), row("aws_kms_key", "k", &root, &given(TARGET))]),
        [format!("- {WORKER} can no longer kms:Decrypt on {KEY}")]
    );
    // A new key is one more: what the role may do with all keys that let it is no news.
    assert_eq!(
        diff(&[decrypt, row("aws_kms_key", "k", &Value::Null, &root)]),
        ["nothing changes about who can do what"]
    );
    let get = |who: &str| bucket(&json!([to(allow("s3:GetObject", "arn:aws:s3:::acme-data/*"), who)]));
    assert_eq!(
        diff(&[the_bucket(), row("aws_s3_bucket_policy", "data", &get(TARGET), &get(WORKER))]),
        [format!("+ {WORKER} can now s3:GetObject on arn:aws:s3:::acme-data/*")]
    );
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-data/*" });
    let closed = bucket(&json!([deny]));
    let all = same("aws_iam_role_policy", "own", &own(&json!([allow("s3:*", "*")])));
    assert_eq!(
        diff(&[the_bucket(), all, row("aws_s3_bucket_policy", "data", &closed, &Value::Null)]),
        [format!("+ {WORKER} can now s3:GetObject on arn:aws:s3:::acme-data/*")]
    );
}

/// Principals that no input describes are let in by name, and one of which the policies are unknown may do anything.
#[test]
fn who_can_lists_those_whom_policies_of_resources_name() {
    let statements = json!([
        to(allow("s3:GetObject", "arn:aws:s3:::acme-data/*"), "arn:aws:iam::222222222222:role/elsewhere"),
        { "Effect": "Allow", "Principal": { "Service": "cloudfront.amazonaws.com" }, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::acme-data/*",
            "Condition": { "StringEquals": { "aws:SourceAccount": "222222222222" } } },
    ]);
    let unread = json!({ "role": "worker", "name": "own", "id": "worker:own", "policy": "UNKNOWN" });
    let folder = folder(&[
        the_bucket(),
        same("aws_s3_bucket_policy", "data", &bucket(&statements)),
        row("aws_iam_role_policy", "own", &Value::Null, &unread),
    ]);
    let who = |action: &str| -> Vec<(String, String)> {
        let run = folder.run([
            "access",
            "who-can",
            action,
            "arn:aws:s3:::acme-data/x",
            "--plan",
            "plan.json",
            "--format",
            "json",
        ]);
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let json = run.json();
        let all = json["principals"].as_array().unwrap().iter();
        all.map(|it| (text(&it["principal"]), text(&it["certainty"]))).collect()
    };
    let entry = |who: &str, how: &str| (who.to_owned(), how.to_owned());
    assert_eq!(
        who("s3:GetObject"),
        [
            entry(WORKER, "possible"),
            entry("arn:aws:iam::222222222222:role/elsewhere", "possible"),
            entry("cloudfront.amazonaws.com", "certain"),
        ]
    );
    assert_eq!(who("s3:PutObject"), [entry(WORKER, "possible")]);
}

/// The policies of the organization bind principals that no input describes, too.
#[test]
fn a_named_principal_is_not_let_in_where_its_account_is_denied() {
    let named = |denied: &str| -> Vec<String> {
        let other = "333333333333";
        let deny = policy(&json!([{ "Effect": "Deny", "Action": denied, "Resource": "*" }]));
        let organization = json!({
            "id": "o-acmeexample", "master_account_id": "111111111111", "feature_set": "ALL",
            "enabled_policy_types": ["SERVICE_CONTROL_POLICY"], "roots": [{ "id": "r-acme", "name": "Root" }],
        });
        let account =
            json!({ "id": other, "name": "other", "email": "o@acme.example", "parent_id": "r-acme" });
        let scp =
            json!({ "id": "p-deny", "name": "deny", "type": "SERVICE_CONTROL_POLICY", "content": deny });
        let attachment = json!({ "id": "333333333333:p-deny", "policy_id": "p-deny", "target_id": other });
        let statements = json!([
            to(allow("s3:GetObject", "arn:aws:s3:::acme-data/*"), "arn:aws:iam::333333333333:role/named"),
            to(allow("s3:GetObject", "arn:aws:s3:::acme-data/*"), "arn:aws:iam::333333333333:root"),
        ]);
        let folder = folder(&[
            the_bucket(),
            same("aws_s3_bucket_policy", "data", &bucket(&statements)),
            same("aws_organizations_organization", "this", &organization),
            same("aws_organizations_account", "other", &account),
            same("aws_organizations_policy", "deny", &scp),
            same("aws_organizations_policy_attachment", "deny", &attachment),
        ]);
        let question =
            ["access", "who-can", "s3:GetObject", "arn:aws:s3:::acme-data/x", "--plan", "plan.json"];
        let run = folder.run(question.into_iter().chain(["--format", "json"]));
        let json = run.json();
        let all = json["principals"].as_array().unwrap().iter();
        let all = all.map(|it| it["principal"].as_str().unwrap().to_owned());
        let mut all: Vec<String> = all.filter(|it| it.contains(other)).collect();
        all.sort();
        all
    };
    let both = ["arn:aws:iam::333333333333:role/named", "arn:aws:iam::333333333333:root"];
    assert_eq!(named("s3:PutObject"), both);
    assert_eq!(named("s3:GetObject"), [""; 0]);
}

/// No way is proved where a policy is unknown that one could go by.
#[test]
fn a_way_that_is_unknown_is_not_said_to_be_closed() {
    let path = |rows: &[Value]| {
        let run = folder(rows).run(["access", "path", WORKER, TARGET, "--plan", "plan.json"]);
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout
    };
    let target = |trust: &str| row("aws_iam_role", "target", &Value::Null, &role(TARGET, trust));
    assert!(path(&[target(&closed())]).starts_with("no way leads"));
    let told = path(&[target("UNKNOWN")]);
    assert!(told.contains(&format!("who may become `{TARGET}` is unknown")), "{told}");
    let unread = json!({ "role": "worker", "name": "own", "id": "worker:own", "policy": "UNKNOWN" });
    let told = path(&[target(&closed()), row("aws_iam_role_policy", "own", &Value::Null, &unread)]);
    assert!(told.contains(&format!("what `{WORKER}` can do is unknown")), "{told}");
    // What has nothing to do with the two makes no difference.
    let other = "arn:aws:iam::222222222222:role/other";
    let aside = row("aws_iam_role", "other", &Value::Null, &role(other, "UNKNOWN"));
    assert!(path(&[target(&closed()), aside]).starts_with("no way leads"));
}
