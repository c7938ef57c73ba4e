//! What becomes of an instance: the two sides of each kind of change.

use crate::support::{self, at, changes, data, document, row};
use orgward_plan::{Action, Instance, Mode, Origin, Plan};

/// The attribute `v` before and after; `?` if unknown, `-` without an object.
fn sides(instance: &Instance<'_>) -> String {
    let side = |object: Option<orgward_plan::Object>| match object {
        None => "-".to_owned(),
        Some(object) => {
            object.get("v").text().known().map_or("?".to_owned(), |text| text.expose().to_owned())
        }
    };
    format!("{} {}", side(instance.before()), side(instance.after()))
}

fn sides_of(actions: &str, change: &str) -> String {
    let document = changes(&row(actions, change));
    let plan = support::plan(&document);
    sides(at(&plan, "aws_x.y"))
}

const BOTH: &str = r#""before":{"v":"old"},"after":{"v":"new"},"after_unknown":{}"#;
const NO_AFTER: &str = r#""before":{"v":"old"},"after":null,"after_unknown":{}"#;
const NO_BEFORE: &str = r#""before":null,"after":{"v":"new"},"after_unknown":{}"#;

#[test]
fn every_action() {
    assert_eq!(sides_of(r#"["no-op"]"#, BOTH), "old new");
    assert_eq!(sides_of(r#"["create"]"#, NO_BEFORE), "- new");
    assert_eq!(sides_of(r#"["create"]"#, r#""before":null,"after":{},"after_unknown":{"v":true}"#), "- ?");
    assert_eq!(sides_of(r#"["read"]"#, NO_BEFORE), "- new");
    assert_eq!(sides_of(r#"["update"]"#, BOTH), "old new");
    assert_eq!(sides_of(r#"["delete","create"]"#, BOTH), "old new");
    assert_eq!(sides_of(r#"["create","delete"]"#, BOTH), "old new");
    assert_eq!(sides_of(r#"["delete"]"#, NO_AFTER), "old -");
    assert_eq!(sides_of(r#"["forget"]"#, NO_AFTER), "old -");
    assert_eq!(sides_of(r#"["create","forget"]"#, BOTH), "old new");
}

#[test]
fn actions_of_the_future() {
    assert_eq!(sides_of(r#"["vanish"]"#, BOTH), "old ?");
    assert_eq!(sides_of("[]", BOTH), "old ?");
}

#[test]
fn object_missing_where_one_belongs() {
    assert_eq!(sides_of(r#"["create"]"#, NO_AFTER), "old ?");
    assert_eq!(sides_of(r#"["update"]"#, r#""before":{"v":"old"}"#), "old ?");
    assert_eq!(sides_of(r#"["no-op"]"#, NO_AFTER), "old old");
}

#[test]
fn deleted_with_skip_destroy() {
    let kept = r#""before":{"v":"old","skip_destroy":true},"after":null"#;
    let document = changes(&row(r#"["delete"]"#, kept));
    let plan = Plan::parse(&document).unwrap();
    let instance = at(&plan, "aws_x.y");
    assert!(instance.left_behind().is_some());
    assert_eq!(sides(instance), "old -");
    let gone = r#""before":{"v":"old","skip_destroy":false},"after":null"#;
    assert_eq!(sides_of(r#"["delete"]"#, gone), "old -");
}

#[test]
fn replaced_with_the_old_one_left() {
    let left = |actions: &str, change: &str| {
        let document = changes(&row(actions, change));
        let plan = Plan::parse(&document).unwrap();
        at(&plan, "aws_x.y").left_behind().is_some()
    };
    let kept = BOTH.replace("\"old\"", "\"old\",\"skip_destroy\":true");
    assert!(left(r#"["delete","create"]"#, &kept));
    assert!(left(r#"["create","forget"]"#, BOTH));
    assert!(!left(r#"["create","delete"]"#, BOTH));
    assert!(left(r#"["delete"]"#, &kept));
    assert!(left(r#"["forget"]"#, BOTH));
    assert!(!left(r#"["delete"]"#, BOTH));
}

#[test]
fn values_that_cannot_be_read() {
    assert_eq!(sides_of(r#"["update"]"#, r#""before":{"v":1e999},"after":{"v":"new","w":1e999}"#), "? ?");
    // What stands protects: nobody says that this one stays.
    assert_eq!(sides_of(r#"["delete"]"#, r#""before":{"v":1e999,"skip_destroy":"x"},"after":null"#), "? -");
}

#[test]
fn imported() {
    let document =
        changes(&row(r#"["update"]"#, r#""before":{"v":"old"},"after":{"v":"new"},"importing":{"id":"1"}"#));
    let plan = Plan::parse(&document).unwrap();
    assert!(at(&plan, "aws_x.y").imported);
}

#[test]
fn sorted_whatever_the_order_of_the_plan() {
    let document = data("changes_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let mut sorted: Vec<_> =
        plan.instances().iter().map(|i| (i.address.clone(), i.deposed.clone())).collect();
    let found = sorted.clone();
    sorted.sort();
    assert_eq!(found, sorted);
}

#[test]
fn real_changes() {
    let document = data("changes_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let forgotten = at(&plan, "aws_organizations_policy.forgetme");
    assert_eq!((forgotten.action, forgotten.left_behind().is_some()), (Action::Forget, true));
    // Terraform gives the reason of a deletion even though it deletes nothing.
    assert_eq!(forgotten.action_reason.as_deref(), Some("delete_because_no_resource_config"));
    let moved = at(&plan, "aws_organizations_organizational_unit.newname");
    let previous = moved.previous_address.as_ref().map(orgward_plan::Address::as_str);
    assert_eq!(previous, Some("aws_organizations_organizational_unit.oldname"));
    let both: Vec<&Instance<'_>> = plan
        .instances()
        .iter()
        .filter(|instance| instance.address.as_str() == "aws_organizations_organizational_unit.keep")
        .collect();
    assert_eq!(both.iter().map(|i| i.deposed.is_some()).collect::<Vec<_>>(), [false, true]);
    assert!(both[1].after().is_none());
    // All that the state knows is in the rows.
    assert!(plan.instances().iter().all(|instance| instance.origin == Origin::Change));
}

#[test]
fn resources_that_a_targeted_plan_leaves_out() {
    let document = document(
        r#"{"format_version":"1.2","planned_values":{},"complete":false,
        "resource_changes":[
            {"address":"aws_x.new","previous_address":"aws_x.old","mode":"managed","type":"aws_x","name":"new","change":{"actions":["no-op"],"before":{},"after":{}}}],
        "prior_state":{"values":{"root_module":{"resources":[
            {"address":"aws_x.old","mode":"managed","type":"aws_x","name":"old","values":{"v":"1"}},
            {"address":"aws_x.left","mode":"managed","type":"aws_x","name":"left","values":{"v":"1"}},
            {"address":"data.aws_d.d","mode":"data","type":"aws_d","name":"d","values":{"v":"1"}}],
        "child_modules":[{"address":"module.m[\"a\"]","resources":[
            {"address":"module.m[\"a\"].aws_x.y[0]","mode":"managed","type":"aws_x","name":"y","index":0,"values":{"v":"1"}}]}]}}}}"#,
    );
    let plan = Plan::parse(&document).unwrap();
    let addresses: Vec<&str> = plan.instances().iter().map(|instance| instance.address.as_str()).collect();
    assert_eq!(addresses, ["aws_x.left", "aws_x.new", "data.aws_d.d", "module.m[\"a\"].aws_x.y[0]"]);
    let left = at(&plan, "aws_x.left");
    assert_eq!((left.action, left.origin), (Action::NoOp, Origin::State));
    assert_eq!(sides(left), "1 1");
    assert_eq!(at(&plan, "data.aws_d.d").mode, Mode::Data);
}

#[test]
fn relative_address_of_old_versions_is_another_resource() {
    let document = document(
        r#"{"format_version":"0.1","planned_values":{},
        "resource_changes":[{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","change":{"actions":["no-op"],"before":{},"after":{}}}],
        "prior_state":{"values":{"root_module":{"child_modules":[{"address":"module.m","resources":[
            {"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","values":{"v":"1"}}]}]}}}}"#,
    );
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(sides(at(&plan, "module.m.aws_x.y")), "1 1");
}

#[test]
fn state_as_shown() {
    let document = data("changes_state.json");
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(plan.kind, orgward_plan::Kind::State);
    assert_eq!(plan.instances().len(), 11);
    let unit = at(&plan, "aws_organizations_organizational_unit.oldname");
    assert!(unit.after().unwrap().get("id").text().known().unwrap().expose().starts_with("ou-"));
}

#[test]
fn identity() {
    let document = changes(&row(
        r#"["update"]"#,
        r#""before":{},"after":{},"before_identity":{"account_id":"111111111111"}"#,
    ));
    let plan = Plan::parse(&document).unwrap();
    let identity = at(&plan, "aws_x.y").identity().unwrap();
    assert_eq!(identity.get("account_id").text().known().unwrap().expose(), "111111111111");
}
