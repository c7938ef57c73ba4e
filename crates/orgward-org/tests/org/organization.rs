//! The organization that is built from plans that terraform wrote.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use std::path::Path;

use orgward_iam::{Caller, Context, ContextValue, Request};
use orgward_org::{
    Boundary, Change, Declared, Edge, Key, Modality, NodeKind, Organization, PolicyType, Resolved, Ruling,
};
use orgward_plan::{Document, Plan};

fn documents(files: &[&str]) -> Vec<Document> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    files
        .iter()
        .map(|file| Document::decode(*file, std::fs::read(folder.join(file)).unwrap()).unwrap())
        .collect()
}

fn organization(plan: &str, context: &[&str]) -> Change<Organization> {
    let documents = documents(&[&[plan], context].concat());
    let plans: Vec<Plan<'_>> = documents.iter().map(|document| Plan::parse(document).unwrap()).collect();
    Organization::of(&plans[..1], &plans[1..], &Declared::default())
}

fn find(organization: &Organization, key: &str) -> orgward_org::NodeId {
    organization.find(&Key(key.into())).unwrap_or_else(|| panic!("no node `{key}`"))
}

/// Where each account lies, by id.
fn places(organization: &Organization) -> Vec<String> {
    let mut places: Vec<String> = organization
        .accounts()
        .filter(|account| account.member)
        .map(|account| format!("{} {}", account.node.label(), organization.path(account.id)))
        .collect();
    places.sort();
    places
}

/// What stands attached to a node, by title.
fn attached(organization: &Organization, key: &str) -> Vec<String> {
    let found = organization.attached_to(find(organization, key));
    found.into_iter().map(|(org_policy, _)| org_policy.node.title()).collect()
}

fn outside(account: &str) -> Request {
    let mut context = Context::default();
    context.set("aws:RequestedRegion", ContextValue::One("us-west-2".to_owned()));
    Request {
        caller: Caller::Arn(format!("arn:aws:iam::{account}:role/x")),
        action: "ec2:RunInstances".to_owned(),
        resource: "*".to_owned(),
        resource_account: None,
        context,
    }
}

/// Planned by terraform from the HCL beside it.
const ROOTS: &str = "../crates/orgward-org/tests/data/roots-and-exclusives.json";

const SHOP: &str = r#"module.workload["ecommerce-prod"].aws_organizations_account.this"#;

#[test]
fn the_tree_of_the_demonstration() {
    let change = organization("demo/first.json", &[]);
    let expected = [
        "101010101010 Root/Runtime/prod/warehouse-prod",
        "111111111111 Root/acme",
        "121212121212 Root/Runtime/stage/warehouse-stage",
    ];
    let found = places(&change.after);
    assert_eq!(found.len(), 11, "{found:#?}");
    assert_eq!(found[0], expected[0]);
    assert_eq!(found[2], expected[2]);
    assert!(found[1].starts_with("111111111111 "), "{found:#?}");
    assert!(change.after.account(change.after.management().unwrap()).unwrap().management);
    assert_eq!(places(&change.before), found, "the plan changes nothing");
}

#[test]
fn a_plan_a_state_and_a_raw_state_show_the_same_organization() {
    let plan = organization("demo/first.json", &[]).after;
    for state in ["demo/state.json", "demo/raw-state.json"] {
        let state = organization(state, &[]).after;
        assert_eq!(places(&state), places(&plan));
        let keys = |organization: &Organization| -> Vec<String> {
            organization.nodes().map(|(_, node)| node.key.to_string()).collect()
        };
        assert_eq!(keys(&state), keys(&plan));
        let attachments = |organization: &Organization| -> Vec<(String, usize)> {
            organization
                .org_policies()
                .map(|org_policy| (org_policy.node.title(), organization.targets_of(org_policy.id).len()))
                .collect()
        };
        assert_eq!(attachments(&state), attachments(&plan));
    }
}

#[test]
fn guardrails_bind_by_level() {
    let organization = organization("demo/first.json", &[]).after;
    let chain = organization.policy_chain(find(&organization, SHOP), &PolicyType::ServiceControl);
    let levels: Vec<(String, Vec<String>)> = chain
        .levels
        .iter()
        .map(|level| {
            let names = level.attached.iter().map(|attached| attached.org_policy.node.title());
            (level.title.clone(), names.collect())
        })
        .collect();
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    assert_eq!(
        levels.iter().map(|(_, attached)| attached.clone()).collect::<Vec<_>>(),
        [
            names(&["protect-account", "FullAWSAccess"]),
            names(&["region-lock", "FullAWSAccess"]),
            names(&["production-data", "FullAWSAccess"]),
            names(&["FullAWSAccess"]),
        ]
    );
    assert_eq!(chain.gaps, [""; 0]);
    assert!(matches!(chain.decide(&outside("666666666666")), Ruling::Denied(_)));
}

#[test]
fn the_second_plan_detaches_and_moves() {
    let change = organization("demo/second.json", &[]);
    let runtime = "module.runtime.aws_organizations_organizational_unit.this";
    assert!(attached(&change.before, runtime).contains(&"region-lock".to_owned()));
    assert!(!attached(&change.after, runtime).contains(&"region-lock".to_owned()));
    let place = |organization: &Organization| organization.path(find(organization, SHOP));
    assert_eq!(place(&change.before), "Root/Runtime/prod/ecommerce-prod");
    assert_eq!(place(&change.after), "Root/Runtime/dev/ecommerce-prod");
    let decide = |organization: &Organization| {
        let chain = organization.policy_chain(find(organization, SHOP), &PolicyType::ServiceControl);
        chain.decide(&outside("666666666666"))
    };
    assert!(matches!(decide(&change.before), Ruling::Denied(_)));
    assert_eq!(decide(&change.after), Ruling::Allowed);
}

#[test]
fn principals_are_in_the_account_of_their_provider() {
    let organization = organization("demo/second.json", &[]).after;
    let owner = |key: &str| {
        let (account, modality) = organization.owner(find(&organization, key)).unwrap();
        assert_eq!(modality, Modality::Must);
        account.node.label()
    };
    assert_eq!(owner("aws_iam_role.partner_reports"), "999999999999");
    assert_eq!(owner("aws_iam_role.stock_import"), "101010101010");
    assert_eq!(owner("aws_iam_role.delivery"), "222222222222");
    assert_eq!(owner("aws_s3_bucket.exports"), "111111111111");
}

#[test]
fn boundaries_policies_and_their_holders() {
    let change = organization("demo/second.json", &[]);
    let boundary = |organization: &Organization, key: &str| {
        organization.principal(find(organization, key)).unwrap().boundary.clone()
    };
    let key = Key("module.warehouse_prod.aws_iam_policy.boundary".into());
    assert_eq!(boundary(&change.before, "aws_iam_role.stock_import"), Boundary::Policy(key));
    assert_eq!(boundary(&change.after, "aws_iam_role.stock_import"), Boundary::None);
    let NodeKind::Role(role) = &change.after.node(find(&change.after, "aws_iam_role.delivery")).unwrap().kind
    else {
        panic!("it is a role");
    };
    let inline: Vec<String> = role.inline.iter().map(|policy| policy.address.to_string()).collect();
    assert_eq!(inline, ["aws_iam_role_policy.delivery"]);
}

#[test]
fn what_terraform_forgets_goes_on_to_stand() {
    for plan in ["guardrail-removed/good-forget.json", "guardrail-removed/good-skip-destroy.json"] {
        let change = organization(plan, &[]);
        let targets = |organization: &Organization| -> usize {
            let own = organization.org_policies().filter(|org_policy| !org_policy.aws_managed);
            own.map(|org_policy| organization.targets_of(org_policy.id).len()).sum()
        };
        assert_eq!(targets(&change.before), 1, "{plan}");
        assert_eq!(targets(&change.after), 1, "{plan}");
    }
}

#[test]
fn a_disabled_policy_type_binds_nobody() {
    let change = organization("guardrail-removed/bad-type-disabled.json", &[]);
    assert_eq!(change.before.is_enabled(&PolicyType::ServiceControl), Some(true));
    // The computed `roots` still shows the type as enabled; what the resource asks for decides.
    assert_eq!(change.after.is_enabled(&PolicyType::ServiceControl), Some(false));
}

#[test]
fn full_access_that_is_detached_is_gone() {
    let change = organization("locked-out-target/bad-full-access-detached.json", &[]);
    let unit = "aws_organizations_organizational_unit.runtime";
    assert_eq!(attached(&change.before, unit).iter().filter(|name| *name == "FullAWSAccess").count(), 1);
    assert_eq!(attached(&change.after, unit).iter().filter(|name| *name == "FullAWSAccess").count(), 0);
}

/// Two instances of one attachment over two units, and AWS attaches no policy twice to one target: both units get the
/// lock, whichever instance takes which.
#[test]
fn attachments_that_nobody_can_tell_apart_cover_their_targets_together() {
    let organization = organization("demo/create.json", &[]).after;
    let lock =
        organization.org_policies().find(|org_policy| org_policy.node.title() == "region-lock").unwrap();
    let targets = organization.targets_of(lock.id);
    let titles: Vec<_> = targets.iter().map(|(id, _)| organization.node(*id).unwrap().title()).collect();
    assert_eq!(titles, ["Enterprise", "Runtime"]);
    for (_, attachment) in targets {
        assert_eq!(attachment.resolved, Resolved::Typed);
        // Which instance it is remains open.
        let resource = "module.region_lock.aws_organizations_policy_attachment.this";
        assert_eq!(attachment.address.as_ref().unwrap().as_str(), resource);
    }
    let chain = organization.policy_chain(find(&organization, SHOP), &PolicyType::ServiceControl);
    assert!(matches!(chain.decide(&outside("222222222222")), Ruling::Denied(_)));
}

#[test]
fn a_new_account_without_a_parent_is_born_in_the_root() {
    let organization = organization(ROOTS, &[]).after;
    let sandbox = find(&organization, "aws_organizations_account.sandbox");
    assert_eq!(organization.path(sandbox), "Root/sandbox");
}

#[test]
fn an_exclusive_attachment_disputes_all_others() {
    let organization = organization(ROOTS, &[]).after;
    let policy = find(&organization, "aws_iam_policy.reader");
    let graph = organization.graph();
    let grant = |role: &str| {
        let edge = graph.find_edge(policy, find(&organization, role)).unwrap();
        graph.edge_weight(edge).cloned().unwrap()
    };
    assert_eq!(grant("aws_iam_role.a"), Edge::Grants(Modality::Must));
    assert_eq!(grant("aws_iam_role.b"), Edge::Grants(Modality::May));
}

#[test]
fn a_plan_wins_over_an_older_state_of_its_stack() {
    let alone = organization("demo/second.json", &[]);
    for context in ["demo/state.json", "demo/raw-state.json", "demo/first.json"] {
        let together = organization("demo/second.json", &[context]);
        assert_eq!(places(&together.after), places(&alone.after), "{context}");
        let chain = together.after.policy_chain(find(&together.after, SHOP), &PolicyType::ServiceControl);
        assert_eq!(chain.decide(&outside("666666666666")), Ruling::Allowed, "{context}");
    }
}

#[test]
fn context_tells_who_is_inside() {
    let alone = organization("external-trust/bad-unknown-organization.json", &[]);
    assert!(!alone.after.has_roster());
    let together = organization("external-trust/bad-unknown-organization.json", &["demo/state.json"]);
    assert!(together.after.has_roster());
    assert_eq!(together.after.id(), Some("o-acmeexample"));
    assert_eq!(
        together.after.membership(any(&together.after), "999999999999"),
        orgward_org::Membership::Inside
    );
    assert_eq!(
        together.after.membership(any(&together.after), "333333333339"),
        orgward_org::Membership::Outside
    );
}

/// A node of an organization, where there is only one.
fn any(organization: &Organization) -> orgward_org::NodeId {
    organization.nodes().map(|(id, _)| id).next().unwrap_or_default()
}

/// Of what changes nothing, one side is built; of what changes something, it takes both to know what AWS refuses.
#[test]
fn the_side_after_is_the_same_when_it_is_built_alone() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/replay/plan.json");
    let mut changing: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for row in changing["resource_changes"].as_array_mut().unwrap() {
        if row["type"] == "aws_organizations_policy" {
            // Twice the same `Sid`, which AWS refuses.
            let statement = r#"{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement},{statement}]}}"#);
            row["change"]["after"]["content"] = text.into();
        }
    }
    let mut standing = changing.clone();
    for row in standing["resource_changes"].as_array_mut().unwrap() {
        let change = row["change"].as_object_mut().unwrap();
        change["actions"] = serde_json::json!(["no-op"]);
        change["before"] = change["after"].clone();
    }
    let refused = |organization: &Organization| {
        organization.org_policies().filter(|policy| policy.data.document.refused).count()
    };
    for (plan, count) in [(changing, 1), (standing, 0)] {
        let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
        let plans = [Plan::parse(&document).unwrap()];
        let alone = Organization::after(&plans, &Declared::default());
        let beside = Organization::of(&plans, &[], &Declared::default()).after;
        assert_eq!(format!("{alone:?}"), format!("{beside:?}"));
        assert_eq!(refused(&alone), count);
    }
}
