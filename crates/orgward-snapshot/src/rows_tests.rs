use serde_json::Value;

use super::Rows;
use crate::{
    Account, AccountPart, Described, Group, InlinePolicy, OrganizationPart, Policy, Role, Unit, User,
};

fn organization() -> OrganizationPart {
    OrganizationPart {
        organization: Described { master_account_id: "111111111111".to_owned(), ..Described::default() },
        organizational_units: vec![Unit {
            id: "ou-1".to_owned(),
            parent_id: "r-1".to_owned(),
            ..Unit::default()
        }],
        accounts: ["111111111111", "222222222222"]
            .map(|id| Account { id: id.to_owned(), parent_id: "r-1".to_owned(), ..Account::default() })
            .into(),
        policies: vec![Policy {
            id: "p-1".to_owned(),
            content: None,
            targets: Some(vec!["ou-1".to_owned()]),
            ..Policy::default()
        }],
        ..OrganizationPart::default()
    }
}

fn rows(parts: &[AccountPart]) -> Vec<Value> {
    let mut rows = Rows::of(&organization());
    for part in parts {
        rows.account(part);
    }
    let text = rows.finish();
    let whole: Value = serde_json::from_str(&text).unwrap();
    whole["resource_changes"].as_array().unwrap().clone()
}

fn addresses(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["address"].as_str().unwrap()).collect()
}

/// The management account is listed and placed, and is no resource: Terraform does not manage the account it works from.
#[test]
fn the_rows_are_those_of_a_state_with_what_aws_calls_each_thing_as_the_key() {
    assert_eq!(
        addresses(&rows(&[])),
        [
            r#"aws_organizations_organization.live[""]"#,
            r#"aws_organizations_organizational_unit.live["ou-1"]"#,
            r#"data.aws_organizations_organizational_unit_child_accounts.live["r-1"]"#,
            r#"aws_organizations_account.live["222222222222"]"#,
            r#"aws_organizations_policy.live["p-1"]"#,
            r#"aws_organizations_policy_attachment.live["ou-1:p-1"]"#,
        ]
    );
}

/// A policy without a text would deny nothing and allow nothing: what was not read is unknown.
#[test]
fn what_could_not_be_read_is_unknown() {
    let rows = rows(&[]);
    let policy = rows.iter().find(|row| row["type"] == "aws_organizations_policy").unwrap();
    assert_eq!(policy["change"]["after_unknown"]["content"], true);
    let account = rows.iter().find(|row| row["type"] == "aws_organizations_account").unwrap();
    assert_eq!(account["change"]["after_unknown"]["tags"], true);
}

/// Two accounts have a role and a group of the same name: what belongs to one must not be given to the other.
#[test]
fn principals_are_named_by_their_arns() {
    let part = |account: &str| {
        let inline = vec![InlinePolicy { policy_name: "own".to_owned(), policy_document: "{}".to_owned() }];
        let arn = |rest: &str| format!("arn:aws:iam::{account}:{rest}");
        AccountPart {
            account: account.to_owned(),
            role_detail_list: vec![
                Role {
                    arn: arn("role/app"),
                    role_name: "app".to_owned(),
                    path: "/".to_owned(),
                    role_policy_list: inline.clone(),
                    ..Role::default()
                },
                Role {
                    path: "/aws-service-role/x/".to_owned(),
                    arn: arn("role/aws-service-role/x/y"),
                    ..Role::default()
                },
            ],
            user_detail_list: vec![User {
                arn: arn("user/dev"),
                user_name: "dev".to_owned(),
                group_list: vec!["team".to_owned()],
                ..User::default()
            }],
            group_detail_list: vec![Group {
                arn: arn("group/team"),
                group_name: "team".to_owned(),
                ..Group::default()
            }],
            ..AccountPart::default()
        }
    };
    let rows = rows(&[part("111111111111"), part("222222222222")]);
    let of = |kind: &str| -> Vec<&Value> { rows.iter().filter(|row| row["type"] == kind).collect() };
    let roles: Vec<_> = of("aws_iam_role").iter().map(|row| row["index"].as_str().unwrap()).collect();
    assert_eq!(roles, ["arn:aws:iam::111111111111:role/app", "arn:aws:iam::222222222222:role/app"]);
    let inline = of("aws_iam_role_policy");
    assert_eq!(inline[1]["change"]["before"]["role"], "arn:aws:iam::222222222222:role/app");
    assert_eq!(inline[1]["change"]["before_identity"]["account_id"], "222222222222");
    let member = of("aws_iam_user_group_membership");
    assert_eq!(member[1]["change"]["before"]["groups"][0], "arn:aws:iam::222222222222:group/team");
}
