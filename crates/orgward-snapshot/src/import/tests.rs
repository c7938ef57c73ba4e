//! Inputs that say little, and inputs that say too much.

use serde_json::json;

use super::{IdKind, Import, ImportError, Imported, named};
use crate::{AccountPart, OrganizationPart, Rows};

fn imported(inputs: &[(&str, serde_json::Value)]) -> Imported {
    let mut import = Import::default();
    for (name, value) in inputs {
        import.add(name, value.to_string().as_bytes()).unwrap();
    }
    import.finish().unwrap()
}

fn error(name: &str, text: &str) -> ImportError {
    Import::default().add(name, text.as_bytes()).unwrap_err()
}

fn actions(imported: &Imported) -> Vec<&str> {
    imported.organization.gaps.iter().map(|gap| gap.action.as_str()).collect()
}

/// Outputs do not say what was asked about: the name of the file does.
#[test]
fn the_name_of_a_file_has_the_id() {
    let places = [IdKind::Root, IdKind::Unit];
    for (path, found) in [
        ("out/children-r-ab12.json", Some("r-ab12")),
        ("units_ou-ab12-34567890.json", Some("ou-ab12-34567890")),
        ("r-ab12/accounts.json", None),
        ("for-root.json", None),
        ("r-ab.json", None),
        ("ou-ab12-345.json", None),
        ("errors-abcd.json", None),
    ] {
        assert_eq!(named(path, &places).as_deref(), found, "{path}");
    }
    let account = [IdKind::Account];
    assert_eq!(named("iam/123456789012.json", &account).as_deref(), Some("123456789012"));
    assert_eq!(named("123456789012/iam.json", &account).as_deref(), Some("123456789012"));
    assert_eq!(named("1234567890123.json", &account), None);
    assert_eq!(named("x-p-abcdefgh.json", &[IdKind::Policy]).as_deref(), Some("p-abcdefgh"));
}

#[test]
fn what_is_not_imported_is_told_with_its_place() {
    assert!(matches!(error("a.json", "{\n  nonsense"), ImportError::Json { line: 2, .. }));
    assert!(matches!(error("a.json", ""), ImportError::Unknown { .. }));
    assert!(matches!(error("a.json", "[]"), ImportError::Unknown { .. }));
    assert!(matches!(error("a.json", r#"{"Foo": []}"#), ImportError::Unknown { .. }));
    assert!(matches!(error("a.json", r#"[{"Foo": []}]"#), ImportError::Unknown { .. }));
    assert!(matches!(error("a.json", r#"{"Roots": 3}"#), ImportError::Fields { .. }));
    assert!(matches!(error("a.json", r#"{"Children": []}"#), ImportError::Argument { .. }));
    assert!(matches!(error("a.json", r#"{"Policies": []}"#), ImportError::Argument { .. }));
    assert!(matches!(error("a.json", r#"{"Targets": []}"#), ImportError::Argument { .. }));
    assert!(matches!(error("a.json", r#"{"RoleDetailList": []}"#), ImportError::Argument { .. }));
    let role = |account: &str| json!({"Arn": format!("arn:aws:iam::{account}:role/a"), "RoleName": "a"});
    let two = json!({"RoleDetailList": [role("111111111111"), role("222222222222")]});
    assert!(matches!(error("a.json", &two.to_string()), ImportError::Mixed { .. }));
    assert!(matches!(Import::default().finish(), Err(ImportError::Nothing)));
    let mut import = Import::default();
    import.add("a.json", br#"{"Organization": {"Id": "o-a"}}"#).unwrap();
    let other = import.add("b.json", br#"{"Organization": {"Id": "o-b"}}"#);
    assert!(matches!(other, Err(ImportError::Organizations { .. })));
    // Nesting without end is an error, and no stack that overflows.
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(matches!(error("a.json", &deep), ImportError::Json { .. } | ImportError::Unknown { .. }));
}

/// A page of a list is not the list.
#[test]
fn a_page_of_several_leaves_the_list_open() {
    let accounts = |more: serde_json::Value| {
        let mut answer = json!({"Accounts": [{"Id": "111111111111", "Name": "a", "State": "ACTIVE"}]});
        answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        imported(&[("accounts.json", answer)])
    };
    let open = |imported: &Imported| imported.organization.not_listed.iter().any(|list| list == "Accounts");
    assert!(!open(&accounts(json!({}))));
    assert!(!open(&accounts(json!({"NextToken": null}))));
    let cut = accounts(json!({"NextToken": "x"}));
    assert!(open(&cut));
    assert!(actions(&cut).contains(&"organizations:ListAccounts"));
    let role = json!({"Arn": "arn:aws:iam::111111111111:role/a", "RoleName": "a", "Path": "/"});
    let page = json!({"RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": true});
    let cut = imported(&[("iam.json", page)]);
    let gaps = &cut.accounts[0].gaps;
    assert!(gaps.iter().any(|gap| gap.what == "all IAM identities and policies"), "{gaps:?}");
}

/// Where what a policy is attached to was not asked, it may be attached to anything; what is known of it counts.
#[test]
fn what_is_not_known_of_attachments_stays_open() {
    let policies =
        json!({"Policies": [{"Id": "p-abcdefgh", "Name": "deny", "Type": "SERVICE_CONTROL_POLICY"}]});
    let found = imported(&[
        ("accounts.json", json!({"Accounts": [{"Id": "111111111111"}]})),
        ("policies.json", policies.clone()),
        ("for-ou-ab12-34567890.json", policies),
    ]);
    let policy = &found.organization.policies[0];
    assert_eq!(policy.targets.as_deref(), Some(&["ou-ab12-34567890".to_owned()][..]));
    assert!(policy.open_targets && policy.content.is_none());
    let text = Rows::of(&found.organization).finish();
    // One attachment that is known, one that is not; and resource control policies that nobody has listed.
    assert_eq!(text.matches(r#""type":"aws_organizations_policy_attachment""#).count(), 3, "{text}");
    assert!(text.contains(r#""index":"RESOURCE_CONTROL_POLICY""#), "{text}");
    assert!(!text.contains(r#""index":"SERVICE_CONTROL_POLICY""#), "{text}");
}

/// A query does not show the texts of policies: a role without its trust policy may be assumed by anyone.
#[test]
fn what_a_query_does_not_select_is_unknown() {
    let item = |configuration: serde_json::Value| {
        json!({
            "accountId": "111111111111", "resourceType": "AWS::IAM::Role", "arn": "arn:aws:iam::111111111111:role/a",
            "configuration": configuration,
        })
    };
    let results = |item: serde_json::Value| json!({"Results": [item.to_string()], "QueryInfo": {}});
    let whole = json!({
        "roleName": "a", "path": "/", "attachedManagedPolicies": [], "rolePolicyList": [],
        "assumeRolePolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%7D",
    });
    let gaps =
        |found: &Imported| found.accounts[0].gaps.iter().any(|gap| gap.what.contains("some IAM identities"));
    let rows = |found: &Imported| {
        let mut rows = Rows::of(&OrganizationPart::default());
        rows.account(&found.accounts[0]);
        rows.finish()
    };
    let all = imported(&[("a.json", results(item(whole.clone())))]);
    assert!(!gaps(&all));
    assert!(rows(&all).contains(r#""assume_role_policy":"{\"Version\":\"2012-10-17\"}""#), "{}", rows(&all));
    let mut less = whole;
    less.as_object_mut().unwrap().retain(|key, _| key == "roleName");
    let some = imported(&[("a.json", results(item(less)))]);
    assert!(gaps(&some));
    assert!(rows(&some).contains(r#""after_unknown":{"assume_role_policy":true"#), "{}", rows(&some));
    // What Config says was deleted is not there.
    let mut deleted = item(json!({}));
    deleted["configurationItemStatus"] = "ResourceDeleted".into();
    let mut import = Import::default();
    import.add("a.json", results(deleted).to_string().as_bytes()).unwrap();
    assert!(matches!(import.finish(), Err(ImportError::Nothing)));
}

/// Prowler writes an empty text and no targets where AWS refused to show them, and one page of the targets.
#[test]
fn what_prowler_may_have_been_refused_is_open() {
    let finding = |policy: serde_json::Value| {
        json!([{
            "cloud": {"provider": "aws", "account": {"uid": "111111111111", "name": "main"}, "org": {"uid": "o-a", "name": "o-a"}},
            "resources": [{"group": {"name": "organizations"}, "data": {"metadata": {
                "arn": "a", "id": "o-a", "status": "ACTIVE", "master_id": "111111111111",
                "policies": {"SERVICE_CONTROL_POLICY": [policy]},
            }}}],
        }])
    };
    let policy = |content: serde_json::Value, targets: usize| {
        let targets: Vec<_> = (0..targets).map(|at| json!({"TargetId": format!("{at:012}")})).collect();
        json!({"arn": "a", "id": "p-abcdefgh", "type": "SERVICE_CONTROL_POLICY", "content": content, "targets": targets})
    };
    let of = |content, targets| {
        imported(&[("a.ocsf.json", finding(policy(content, targets)))]).organization.policies.remove(0)
    };
    let good = of(json!({"Version": "2012-10-17"}), 1);
    assert_eq!((good.content.as_deref(), good.open_targets), (Some(r#"{"Version":"2012-10-17"}"#), false));
    let refused = of(json!({}), 0);
    assert_eq!((refused.content, refused.open_targets), (None, true));
    assert!(of(json!({"Version": "2012-10-17"}), 20).open_targets);
    // It does not list accounts, nor resource control policies.
    let found = imported(&[("a.ocsf.json", finding(policy(json!({}), 0)))]);
    for list in ["Accounts", "RESOURCE_CONTROL_POLICY", "Roots"] {
        assert!(found.organization.not_listed.iter().any(|it| it == list), "{list}");
    }
}

/// Identities that a collector was refused are there once they are imported.
#[test]
fn an_import_fills_what_a_snapshot_could_not_read() {
    let refused = AccountPart {
        account: "111111111111".to_owned(),
        taken: "2026-01-15T09:00:00Z".to_owned(),
        gaps: vec![super::gap("the identities, permissions and resources", "sts:AssumeRole", "AccessDenied")],
        ..AccountPart::default()
    };
    let mut import = Import::default();
    import.add_snapshot("a.zst", OrganizationPart::default(), std::iter::once(refused)).unwrap();
    let role = json!({"Arn": "arn:aws:iam::111111111111:role/a", "RoleName": "a", "Path": "/"});
    let iam = json!({"RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": []});
    import.add("iam.json", iam.to_string().as_bytes()).unwrap();
    let found = import.finish().unwrap();
    let part = &found.accounts[0];
    assert_eq!(part.role_detail_list.len(), 1);
    let whats: Vec<&str> = part.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(
        whats,
        [
            "the policies of resources, trails and detection",
            "identity providers, and passwords and access keys of users"
        ]
    );
}
