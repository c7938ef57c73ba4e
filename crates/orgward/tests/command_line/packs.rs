//! The demonstration organization with all packs on.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{self, Folder};

type Gaps = BTreeSet<(String, String)>;

fn review(plan: &str) -> (i32, Value) {
    let [plan, config] = [format!("demo/{plan}.json"), "demo/packs.toml".to_owned()]
        .map(|name| support::fixture(&name).display().to_string());
    let run = Folder::new().run(["plan", "review", &plan, "--config", &config, "--format", "json"]);
    (run.code, run.json())
}

fn guardrail(finding: &Value) -> &str {
    finding["message"].as_str().unwrap().split('`').nth(1).unwrap()
}

/// Which guardrail does not hold in which account.
fn gaps(review: &Value) -> Gaps {
    let of_rule = |finding: &&Value| finding["rule"] == "guardrail-gap";
    let mut gaps = Gaps::new();
    for finding in review["findings"].as_array().unwrap().iter().filter(of_rule) {
        assert_eq!(finding["verdict"], "found", "{finding}");
        for account in finding["accounts"].as_array().unwrap() {
            gaps.insert((guardrail(finding).to_owned(), account.as_str().unwrap().to_owned()));
        }
    }
    gaps
}

fn members() -> BTreeSet<&'static str> {
    BTreeSet::from([
        "101010101010",
        "121212121212",
        "222222222222",
        "333333333333",
        "444444444444",
        "555555555555",
        "666666666666",
        "777777777777",
        "888888888888",
        "999999999999",
    ])
}

/// `protect-account` is attached to the root, `production-data` to `prod`. Everything else that the packs claim, the
/// organization never had, and the review says that it was like that before: nothing blocks.
#[test]
fn what_the_organization_never_denied_is_found_and_does_not_block() {
    let (code, review) = review("first");
    assert_eq!((code, review["verdict"].as_str()), (0, Some("clean")));
    assert!(review["findings"].as_array().unwrap().iter().all(|finding| finding["status"] == "existing"));
    let mut expected = Gaps::new();
    for guardrail in [
        // Trails are kept, and event data stores are not.
        "baseline/keep-the-audit-trail",
        // The recorder is kept, and what it records, its channel and its aggregators are not.
        "baseline/keep-the-configuration-recorder",
        // No policy of the organization mentions these.
        "baseline/no-root-user",
        "baseline/keep-guardduty",
        "baseline/keep-security-hub",
        "baseline/keep-access-analyzer",
        "amazon-infosec/no-passwords",
        "amazon-infosec/keep-buckets-private",
        // Seven actions on the role are denied, and the published statement denies all.
        "amazon-infosec/protect-security-roles",
        // Leaving is denied, and the rest of the service is not.
        "amazon-infosec/no-organizations",
        // Boundaries stay on roles below `app/` and on users; other roles may do without.
        "boundary-required/created-with-the-boundary",
        "boundary-required/armed-within-the-boundary",
        "boundary-required/boundary-not-exchanged",
        "boundary-required/boundary-not-removed",
        "boundary-required/groups-do-not-arm",
    ] {
        expected.extend(members().into_iter().map(|account| (guardrail.to_owned(), account.to_owned())));
    }
    for guardrail in [
        // The policy is a list of services that are locked by region, and not of services that are approved.
        "approved-services/approved-services-only",
        // Global clusters, replicas, other databases, buckets and file systems, disabled keys and AWS Backup are
        // missing in `production-data`.
        "production-data/keep-relational-databases",
        "production-data/keep-databases",
        "production-data/keep-tables",
        "production-data/keep-other-buckets",
        "production-data/keep-file-systems",
        "production-data/keep-keys",
        "production-data/keep-backups",
    ] {
        for account in ["101010101010", "666666666666"] {
            expected.insert((guardrail.to_owned(), account.to_owned()));
        }
    }
    assert_eq!(gaps(&review), expected);
    // What holds is what is not there: `baseline/stay-in-the-organization`,
    // `amazon-infosec/keep-the-audit-trail`, `boundary-required/boundary-not-rewritten`, and
    // `production-data/keep-buckets` in `prod`.
}

/// The account that moves to `dev` goes on to be production by its name, and its buckets can be deleted.
#[test]
fn what_the_plan_gives_up_is_told_with_the_account_and_a_request() {
    let (code, second) = review("second");
    assert_eq!((code, second["verdict"].as_str()), (1, Some("blocked")));
    let (_, first) = review("first");
    let (before, after) = (gaps(&first), gaps(&second));
    let moved = "666666666666";
    let gained: Gaps = after.difference(&before).cloned().collect();
    assert_eq!(gained, Gaps::from([("production-data/keep-buckets".to_owned(), moved.to_owned())]));
    // It is no longer in a production unit, which is whom the approved services are for.
    let lost: Gaps = before.difference(&after).cloned().collect();
    assert_eq!(lost, Gaps::from([("approved-services/approved-services-only".to_owned(), moved.to_owned())]));

    let findings = second["findings"].as_array().unwrap();
    // What nobody denied to the others is no news because one of them has moved. News is what gets through only now.
    let new: Gaps = findings
        .iter()
        .filter(|finding| finding["rule"] == "guardrail-gap" && finding["status"] == "new")
        .flat_map(|finding| {
            let accounts = finding["accounts"].as_array().unwrap().iter();
            accounts.map(|account| (guardrail(finding).to_owned(), account.as_str().unwrap().to_owned()))
        })
        .collect();
    let given_up = ["keep-backups", "keep-buckets", "keep-keys", "keep-relational-databases", "keep-tables"];
    let mut expected: Gaps =
        given_up.map(|guardrail| (format!("production-data/{guardrail}"), moved.to_owned())).into();
    // The region lock that is detached denied regional services to the root user and to everybody.
    let enterprise = ["222222222222", "333333333333", "444444444444"];
    let runtime = members().into_iter().filter(|account| !enterprise.contains(account));
    for account in runtime {
        expected.insert(("baseline/no-root-user".to_owned(), account.to_owned()));
        expected.insert(("amazon-infosec/protect-security-roles".to_owned(), account.to_owned()));
    }
    expected.insert(("approved-services/approved-services-only".to_owned(), "101010101010".to_owned()));
    assert_eq!(new, expected);
    // The example was open before, and another action was not.
    let keys = findings
        .iter()
        .filter(|it| it["rule"] == "guardrail-gap" && it["accounts"] == serde_json::json!([moved]))
        .find(|it| guardrail(it) == "production-data/keep-keys")
        .unwrap();
    let opens = "the plan opens `kms:ScheduleKeyDeletion`, which was denied before";
    assert!(keys["notes"].as_array().unwrap().iter().any(|note| note == opens), "{keys}");
    let finding = findings
        .iter()
        .find(|finding| {
            finding["rule"] == "guardrail-gap" && guardrail(finding) == "production-data/keep-buckets"
        })
        .unwrap();
    assert_eq!(finding["status"], "new");
    assert_eq!(finding["target"], "Root/Runtime/dev");
    assert_eq!(finding["accounts"], serde_json::json!([moved]));
    let request = &finding["witness"];
    assert_eq!(request["action"], "s3:DeleteBucket", "{finding}");
    assert!(request["principal"].as_str().unwrap().starts_with("arn:aws:iam::666666666666:"), "{finding}");
}

/// Amazon's text names a trail that stands for one's own. A guardrail about a trail that is not there protects nothing.
#[test]
fn a_guardrail_about_a_trail_that_is_not_there_is_told() {
    let folder = Folder::new();
    let plan = support::fixture("landing-zone/plan.json").display().to_string();
    let told = |pack: &str| {
        folder.write("orgward.toml", format!("[[pack]]\nname = 'amazon-infosec'\n{pack}"));
        let run = folder.run(["plan", "review", &plan, "--format", "json"]);
        let findings = run.json()["findings"].clone();
        let about = |finding: &&Value| finding["message"].as_str().unwrap().contains("is about the trail");
        let told: Vec<String> = findings.as_array().unwrap().iter().filter(about).map(message).collect();
        told
    };
    let message = "unverifiable `amazon-infosec/keep-the-audit-trail` is about the trail `exampletrail`, and the inputs \
                   show `organization`";
    assert_eq!(told(""), [message]);
    assert_eq!(told("parameters = { trails = ['org*'] }"), [""; 0]);
    assert_eq!(told("parameters = { trails = ['*'] }"), [""; 0]);
}

fn message(finding: &Value) -> String {
    ["verdict", "message"].map(|key| finding[key].as_str().unwrap()).join(" ")
}
