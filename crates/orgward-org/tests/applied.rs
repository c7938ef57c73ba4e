//! Random plans of `fixtures/applied/` against the states that applying them made: what a plan was said to make is what
//! it made, with the sources and without, and what was left open was not decided wrongly.

#![expect(
    clippy::similar_names,
    clippy::print_stdout,
    reason = "a plan is not what was planned; the counts are printed for the reader"
)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgward_org::{Declared, Key, Modality, NodeId, Organization};
use orgward_plan::{Certainty, Document, Landing, Legal, Plan, SourceFile, Sources, Step};
use serde_json::Value;

const UNIT: &[&str] =
    &["aws_organizations_organization.roots.id", "aws_organizations_organizational_unit.id"];
const TARGET: &[&str] = &[
    "aws_organizations_account.id",
    "aws_organizations_organization.roots.id",
    "aws_organizations_organizational_unit.id",
];
const DOCUMENT: &[&str] = &["data.aws_iam_policy_document.json"];

/// The arguments that are asked about, and what they can hold.
const ASKED: &[(&str, &str, &[&str])] = &[
    ("aws_organizations_policy_attachment", "target_id", TARGET),
    ("aws_organizations_policy_attachment", "policy_id", &["aws_organizations_policy.id"]),
    ("aws_organizations_organizational_unit", "parent_id", UNIT),
    ("aws_organizations_account", "parent_id", UNIT),
    ("aws_organizations_policy", "content", DOCUMENT),
    ("aws_iam_role", "permissions_boundary", &["aws_iam_policy.arn"]),
    ("aws_iam_role", "assume_role_policy", DOCUMENT),
    ("aws_iam_role_policy_attachment", "role", &["aws_iam_role.id", "aws_iam_role.name"]),
    ("aws_iam_role_policy_attachment", "policy_arn", &["aws_iam_policy.arn"]),
];

fn runs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/applied");
    let mut runs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.retain(|path| path.join("plan.json").is_file());
    runs.sort();
    runs
}

fn document(path: &Path) -> Document {
    Document::decode(path.display().to_string(), std::fs::read(path).unwrap()).unwrap()
}

fn sources(run: &Path) -> Arc<Sources> {
    let sources = Sources::load("", &mut |folder| {
        let path = run.join(folder).join("main.tf");
        let text = std::fs::read_to_string(&path);
        text.map(|text| SourceFile { name: path.display().to_string(), text }).into_iter().collect()
    });
    assert!(sources.unreadable().is_empty(), "{:?}", sources.unreadable());
    Arc::new(sources)
}

/// The values of every instance of a state, by address.
fn values(module: &Value, found: &mut BTreeMap<String, Value>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        found.insert(resource["address"].as_str().unwrap().to_owned(), resource["values"].clone());
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        values(child, found);
    }
}

/// The values at an attribute without indexes: `roots.id`.
fn at<'v>(value: &'v Value, attribute: &str) -> Vec<&'v Value> {
    attribute.split('.').fold(vec![value], |values, name| {
        let inside = values.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            one => vec![one],
        });
        inside.filter_map(|value| value.get(name)).collect()
    })
}

/// Whether two values are the same; of policies, whatever their white space.
fn same(one: &Value, other: &Value) -> bool {
    let policy = |value: &Value| serde_json::from_str::<Value>(value.as_str()?).ok();
    one == other || policy(one).is_some_and(|one| Some(one) == policy(other))
}

/// Whether only the sources tell what is written: where there are as many elements as instances, `x[1 - count.index]` is
/// shown like `x[count.index]`, and `replace(data.….json, …)` like the document itself.
fn looks_the_same(run: &Path, instance: &orgward_plan::Instance<'_>) -> bool {
    let folders: Vec<&str> = instance.module.0.iter().map(|step| step.name.as_str()).collect();
    let text = std::fs::read_to_string(run.join(folders.join("/")).join("main.tf")).unwrap();
    let is_counted = matches!(instance.key, Some(orgward_plan::Key::Index(_)));
    let is_replaced = instance.kind == "aws_organizations_policy" && text.contains("replace(data.");
    is_replaced || (is_counted && (text.contains("[1 - count.index]") || text.contains("count.index + 1)")))
}

/// What was asked, and how much of it was certain.
#[derive(Default, Debug, PartialEq)]
struct Count {
    asked: usize,
    certain: usize,
}

fn compare(run: &Path, plan: &Plan<'_>, state: &BTreeMap<String, Value>, count: &mut Count) {
    for instance in plan.instances() {
        let Some(made) = state.get(instance.address.as_str()) else { continue };
        for (kind, attribute, legal) in ASKED.iter().filter(|(kind, ..)| *kind == instance.kind) {
            let object = instance.after().unwrap();
            if !object.get(attribute).text().is_unknown()
                || (!plan.has_sources() && looks_the_same(run, instance))
            {
                continue;
            }
            let value = &made[*attribute];
            let what = format!("{} {}.{attribute} ({kind})", run.display(), instance.address);
            if plan.is_unset(instance, attribute) {
                let root = &state["aws_organizations_organization.this"]["roots"][0]["id"];
                assert_eq!(value, root, "{what}: accounts are born in the root");
                continue;
            }
            let found = plan.resolve(instance, &[Step::Name(attribute)], &Legal(legal));
            count.asked += 1;
            count.certain += usize::from(found.certainty >= Certainty::Typed);
            let is = |target: &orgward_plan::Target| {
                let held = at(&state[target.address.as_str()], &target.attribute);
                held.into_iter().any(|held| same(held, value))
            };
            let fits = found.targets.iter().any(is);
            assert!(fits || found.certainty == Certainty::Unknown, "{what} is {value}, not {found:?}");
        }
        // Roles and policies name their account.
        let account = made["arn"].as_str().filter(|arn| arn.contains(":iam::"));
        let account = account.and_then(|arn| arn.split(':').nth(4));
        if let (Some(account), Some(Landing::Account(landing))) =
            (account, plan.placement(instance).landing())
        {
            assert_eq!(account, landing, "{}", instance.address);
        }
    }
}

fn key(organization: &Organization, id: NodeId) -> Key {
    organization.node(id).unwrap().key.clone()
}

/// What lies in what and what is attached to what, as far as it is certain after the plan, is so in the state.
fn same_tree(plan: &Organization, state: &Organization) -> usize {
    let mut compared = 0;
    for (id, node) in plan.nodes() {
        let Some(made) = state.find(&node.key) else { continue };
        if let [(parent, Modality::Must)] = plan.parents(id).as_slice() {
            let parents: Vec<_> = state.parents(made).into_iter().map(|(at, _)| key(state, at)).collect();
            assert_eq!(parents, [key(plan, *parent)], "what {} lies in", node.key);
            compared += 1;
        }
        for (target, attachment) in plan.targets_of(id) {
            if attachment.resolved.modality() == Modality::May || attachment.address.is_none() {
                continue;
            }
            let targets = state.targets_of(made);
            let targets: Vec<_> = targets.into_iter().map(|(at, _)| key(state, at)).collect();
            assert!(targets.contains(&key(plan, target)), "{} at {}", node.key, key(plan, target));
            compared += 1;
        }
    }
    compared
}

#[test]
fn what_a_plan_is_said_to_make_is_what_it_makes() {
    let (mut plain, mut told, mut compared) = (Count::default(), Count::default(), 0);
    let runs = runs();
    for run in &runs {
        let (planned, applied) = (document(&run.join("plan.json")), document(&run.join("state.json")));
        let state: Value = serde_json::from_slice(&std::fs::read(run.join("state.json")).unwrap()).unwrap();
        let mut made = BTreeMap::new();
        values(&state["values"]["root_module"], &mut made);
        let mut plan = Plan::parse(&planned).unwrap();
        let end = [Plan::parse(&applied).unwrap()];
        let end = Organization::of(&end, &[], &Declared::default()).after;
        compare(run, &plan, &made, &mut plain);
        let change = Organization::of(std::slice::from_ref(&plan), &[], &Declared::default());
        compared += same_tree(&change.after, &end);
        plan.with_sources(sources(run));
        compare(run, &plan, &made, &mut told);
        let change = Organization::of(std::slice::from_ref(&plan), &[], &Declared::default());
        compared += same_tree(&change.after, &end);
    }
    let numbers = format!("{plain:?} without sources, {told:?} with them, {compared} edges");
    println!("{} runs: {numbers}", runs.len());
    // The test compares something, and the sources tell more.
    assert!(compared > 100 && plain.asked > 100 && told.asked >= plain.asked, "{numbers}");
    assert!(plain.certain * 2 > plain.asked && told.certain > plain.certain, "{numbers}");
}
