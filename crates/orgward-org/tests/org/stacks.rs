//! Three stacks of one organization, together and one by one: `fixtures/stacks`, planned by terraform.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

use orgward_org::{Change, Declared, Key, Membership, Modality, Organization};
use orgward_plan::{Document, Plan};

const ORGANIZATION: &str = "organization/change.json";
const BASELINE: &str = "baseline/change.json";
const WORKLOAD: &str = "workload/change.json";

fn built(plans: &[&str], context: &[&str]) -> Change<Organization> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stacks");
    let read = |file: &&str| Document::decode(*file, std::fs::read(folder.join(file)).unwrap()).unwrap();
    let documents: Vec<Document> = plans.iter().chain(context).map(read).collect();
    let parsed: Vec<Plan<'_>> = documents.iter().map(|document| Plan::parse(document).unwrap()).collect();
    let (plans, context) = parsed.split_at(plans.len());
    Organization::of(plans, context, &Declared::default())
}

/// Where each member lies.
fn places(organization: &Organization) -> Vec<String> {
    let members = organization.accounts().filter(|account| account.member);
    let mut places: Vec<String> = members
        .map(|account| format!("{} {}", account.node.label(), organization.path(account.id)))
        .collect();
    places.sort();
    places
}

/// The account that each principal must be in.
fn homes(organization: &Organization) -> Vec<String> {
    let mut homes: Vec<String> = organization
        .principals()
        .map(|principal| {
            let owner = organization.owner(principal.id).filter(|(_, modality)| *modality == Modality::Must);
            let owner =
                owner.map_or_else(|| "nobody knows".to_owned(), |(account, _)| organization.path(account.id));
            format!("{}: {owner}", principal.node.key)
        })
        .collect();
    homes.sort();
    homes
}

const BEFORE: [&str; 5] = [
    "111111111111 …/master",
    "222222222222 Root/prod/audit",
    "333333333333 Root/dev/partner",
    "444444444444 Root/prod/shop",
    "555555555555 Root/dev/shop-dev",
];

const AFTER: [&str; 4] = [
    "111111111111 …/master",
    "222222222222 Root/prod/audit",
    "444444444444 Root/prod/shop",
    "555555555555 Root/prod/shop-dev",
];

#[test]
fn the_stack_of_the_organization_says_who_lies_where() {
    let change = built(&[ORGANIZATION], &[]);
    assert_eq!(places(&change.before), BEFORE);
    assert_eq!(places(&change.after), AFTER);
}

#[test]
fn accounts_of_other_stacks_find_their_place_in_the_organization() {
    let change = built(&[ORGANIZATION, BASELINE, WORKLOAD], &[]);
    assert_eq!(places(&change.before), BEFORE);
    assert_eq!(places(&change.after), AFTER);
    assert_eq!(
        homes(&change.before),
        [
            "baseline/change.json:aws_iam_role.break_glass: Root/prod/audit",
            "baseline/change.json:module.audit.aws_iam_role.deploy: Root/prod/audit",
            // The module was renamed by `moved`, and the account is moved by the other stack.
            "baseline/change.json:module.development.aws_iam_role.deploy: Root/dev/shop-dev",
            "baseline/change.json:module.shop.aws_iam_role.deploy: Root/prod/shop",
            "workload/change.json:aws_iam_role.exports: Root/prod/shop",
            "workload/change.json:aws_iam_role.stock: Root/prod/shop",
        ]
    );
    assert_eq!(
        homes(&change.after),
        [
            "baseline/change.json:module.audit.aws_iam_role.deploy: Root/prod/audit",
            "baseline/change.json:module.development.aws_iam_role.deploy: Root/prod/shop-dev",
            "baseline/change.json:module.shop.aws_iam_role.deploy: Root/prod/shop",
            "workload/change.json:aws_iam_role.exports: Root/prod/shop",
            "workload/change.json:aws_iam_role.stock: Root/prod/shop",
        ]
    );
    assert_eq!(change.after.contradictions(), [""; 0]);
    assert_eq!(
        change.after.membership(any(&change.after), "333333333333"),
        Membership::Outside,
        "the partner leaves"
    );
    assert_eq!(change.before.membership(any(&change.before), "333333333333"), Membership::Inside);
}

/// The provider of each account is told by a parameter, by the state of another stack, or by its text: no role
/// exists yet that could tell by its ARN.
#[test]
fn new_roles_are_in_the_accounts_of_their_providers() {
    let change = built(&["baseline/create.json"], &["organization/state.json"]);
    assert_eq!(
        homes(&change.after),
        [
            "aws_iam_role.break_glass: Root/prod/audit",
            "module.audit.aws_iam_role.deploy: Root/prod/audit",
            "module.shop.aws_iam_role.deploy: Root/prod/shop",
            "module.shop_dev.aws_iam_role.deploy: Root/dev/shop-dev",
        ]
    );
}

#[test]
fn alone_a_stack_knows_its_accounts_and_not_where_they_lie() {
    let change = built(&[WORKLOAD], &[]);
    assert_eq!(
        homes(&change.after),
        ["aws_iam_role.exports: …/444444444444", "aws_iam_role.stock: …/444444444444"]
    );
    assert_eq!(change.after.membership(any(&change.after), "333333333333"), Membership::Unknown);
    assert!(places(&change.after).is_empty(), "nothing says whose account it is");
}

/// While nothing is known, the units lie nowhere for certain: `local.root` is not in the plan.
#[test]
fn a_new_organization_does_not_guess_what_a_local_is() {
    let change = built(&["organization/create.json"], &[]);
    assert_eq!(
        places(&change.after),
        [
            "aws_organizations_account.audit …/prod/audit",
            "aws_organizations_account.partner …/dev/partner",
            "aws_organizations_account.shop …/prod/shop",
            "aws_organizations_account.shop_dev …/dev/shop-dev",
        ]
    );
}

#[test]
fn the_order_of_inputs_changes_nothing() {
    let one = built(&[ORGANIZATION, BASELINE, WORKLOAD], &[]);
    let other = built(&[WORKLOAD, ORGANIZATION, BASELINE], &[]);
    for (one, other) in [(&one.before, &other.before), (&one.after, &other.after)] {
        assert_eq!(places(one), places(other));
        assert_eq!(homes(one), homes(other));
        let keys = |organization: &Organization| -> Vec<Key> {
            organization.nodes().map(|(_, node)| node.key.clone()).collect()
        };
        assert_eq!(keys(one), keys(other));
    }
}

#[test]
fn a_plan_and_older_states_of_its_stack_agree() {
    let states = ["organization/state.json", "baseline/state.json", "workload/state.json"];
    let change = built(&[ORGANIZATION, BASELINE, WORKLOAD], &states);
    assert_eq!(places(&change.after), AFTER);
    assert_eq!(change.after.contradictions(), [""; 0]);
    // Given among the plans, they are as old.
    let change = built(&[ORGANIZATION, "organization/state.json"], &[]);
    assert_eq!(places(&change.after), AFTER);
    assert_eq!(change.after.contradictions(), [""; 0]);
}

#[test]
fn two_plans_of_one_stack_contradict_each_other() {
    let change = built(&[WORKLOAD, "workload/create.json"], &[]);
    // What is created has no ARN yet, so nothing tells that it is the same.
    assert_eq!(change.after.contradictions(), [""; 0]);
    let change = built(&[ORGANIZATION, "organization/create.json"], &[]);
    assert_eq!(
        change.after.contradictions(),
        ["`organization/change.json` and `organization/create.json` both manage what is \
          `aws_organizations_organization.this`"]
    );
}

/// The state of `demo/` is of another organization, in which the same ids are other accounts.
#[test]
fn states_that_put_an_account_into_two_units_contradict_each_other() {
    let change = built(&[WORKLOAD], &["organization/state.json", "../demo/state.json"]);
    let all = change.after.contradictions();
    let audit: Vec<&String> = all.iter().filter(|told| told.contains("`222222222222`")).collect();
    assert_eq!(
        audit,
        [
            "account `222222222222` is called `delivery` by `../demo/state.json`, and is called `audit` by \
             `organization/state.json`",
            "account `222222222222` lies in `ou-acme-enterprise` by `../demo/state.json`, and lies in \
             `ou-acme-prod0000` by `organization/state.json`",
        ]
    );
}

/// A plan of one role, from a JSON change.
fn role(name: &str, address: &str, change: &str) -> Document {
    let text = format!(
        r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[{{"address":"aws_iam_role.{address}",
        "mode":"managed","type":"aws_iam_role","name":"{address}",
        "provider_name":"registry.terraform.io/hashicorp/aws","change":{change}}}]}}"#
    );
    Document::decode(name, text.into_bytes()).unwrap()
}

fn contradictions(documents: &[Document]) -> Vec<String> {
    let plans: Vec<Plan<'_>> = documents.iter().map(|document| Plan::parse(document).unwrap()).collect();
    Organization::of(&plans, &[], &Declared::default()).after.contradictions().to_vec()
}

const DEPLOY: &str = r#"{"arn":"arn:aws:iam::222222222222:role/deploy","name":"deploy"}"#;

#[test]
fn a_plan_that_deletes_what_another_one_takes_over_is_told() {
    let takes =
        role("new.json", "deploy", &format!(r#"{{"actions":["no-op"],"before":{DEPLOY},"after":{DEPLOY}}}"#));
    let deletes =
        role("old.json", "ci", &format!(r#"{{"actions":["delete"],"before":{DEPLOY},"after":null}}"#));
    assert_eq!(
        contradictions(&[deletes, takes]),
        ["`old.json` deletes `aws_iam_role.ci`, which `new.json` goes on to manage as `aws_iam_role.deploy`"]
    );
}

/// `removed { lifecycle { destroy = false } }` in one stack and `import` in the other: how resources change hands.
#[test]
fn a_resource_that_changes_hands_contradicts_nothing() {
    let imports = role(
        "new.json",
        "deploy",
        &format!(
            r#"{{"actions":["no-op"],"before":{DEPLOY},"after":{DEPLOY},"importing":{{"id":"deploy"}}}}"#
        ),
    );
    let forgets =
        role("old.json", "ci", &format!(r#"{{"actions":["forget"],"before":{DEPLOY},"after":null}}"#));
    assert_eq!(contradictions(&[forgets, imports]), [""; 0]);
}

#[test]
fn two_plans_that_manage_one_role_are_told() {
    let change = format!(r#"{{"actions":["no-op"],"before":{DEPLOY},"after":{DEPLOY}}}"#);
    assert_eq!(
        contradictions(&[role("a.json", "ci", &change), role("b.json", "deploy", &change)]),
        ["`a.json` and `b.json` both manage what is `aws_iam_role.ci`"]
    );
}

/// A workload asks where its own account lies; no other input shows the tree.
#[test]
fn an_entity_path_is_the_whole_way_to_an_account() {
    let text = r#"{"format_version":"1.2","planned_values":{},"prior_state":{"values":{"root_module":{"resources":[
        {"address":"data.aws_organizations_entity_path.here","mode":"data","type":"aws_organizations_entity_path",
         "name":"here","provider_name":"registry.terraform.io/hashicorp/aws",
         "values":{"entity_id":"222222222222","entity_path":"o-acmeexample/r-acme/ou-acme-prod0000/222222222222/"}},
        {"address":"data.aws_organizations_account.here","mode":"data","type":"aws_organizations_account",
         "name":"here","provider_name":"registry.terraform.io/hashicorp/aws",
         "values":{"id":"222222222222","name":"shop","account_id":"222222222222"}}]}}}}"#;
    let document = Document::decode("plan.json", text.as_bytes().to_vec()).unwrap();
    let plan = Plan::parse(&document).unwrap();
    let organization = Organization::of(&[plan], &[], &Declared::default()).after;
    assert_eq!(organization.id(), Some("o-acmeexample"));
    assert_eq!(places(&organization), ["222222222222 Root/ou-acme-prod0000/shop"]);
    assert_eq!(organization.membership(any(&organization), "222222222222"), Membership::Inside);
    assert_eq!(
        organization.membership(any(&organization), "333333333333"),
        Membership::Unknown,
        "nobody lists all accounts"
    );
}

/// A node of an organization, where there is only one.
fn any(organization: &Organization) -> orgward_org::NodeId {
    organization.nodes().map(|(id, _)| id).next().unwrap_or_default()
}
