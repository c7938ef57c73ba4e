//! Random plans of `fixtures/applied/` against the states that applying them made: what a plan was said to make is what
//! it made, with the sources and without, and what was left open was not decided wrongly.

#![expect(
    clippy::similar_names,
    clippy::print_stdout,
    reason = "a plan is not what was planned; the counts are printed for the reader"
)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgward_iam::{Effect, Policy};
use orgward_org::{
    Boundary, Declared, Document as OrgDocument, Edge, Grant, GrantedPolicy, Key, Modality, NodeId, NodeKind,
    Organization,
};
use orgward_plan::{Certainty, Document, Landing, Legal, Plan, SourceFile, Sources, Step};
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
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
    runs.retain(|path| path.join("plan.json.gz").is_file());
    runs.sort();
    runs
}

/// A file that `generate` compressed: a header of ten bytes, the text, a check of eight bytes.
fn inflated(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    miniz_oxide::inflate::decompress_to_vec(&bytes[10..bytes.len() - 8]).unwrap()
}

fn document(path: &Path) -> Document {
    Document::decode(path.display().to_string(), inflated(path)).unwrap()
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
fn looks_the_same(
    run: &Path,
    plan: &Plan<'_>,
    instance: &orgward_plan::Instance<'_>,
    attribute: &str,
) -> bool {
    let folders: Vec<&str> = instance.module.0.iter().map(|step| step.name.as_str()).collect();
    let text = std::fs::read_to_string(run.join(folders.join("/")).join("main.tf")).unwrap();
    let of_counted =
        plan.references(instance, &[Step::Name(attribute)]).iter().any(|it| it.contains(".many["));
    let is_counted = of_counted || matches!(instance.key, Some(orgward_plan::Key::Index(_)));
    let is_replaced = instance.kind == "aws_organizations_policy" && text.contains("replace(data.");
    is_replaced || (is_counted && (text.contains("[1 - count.index]") || text.contains("count.index + 1)")))
}

/// The same for a connection: one of its ends is of a module that counts differently than the plan shows.
fn connection_looks_the_same(run: &Path, (_, from, to): &Connection) -> bool {
    [from, to].into_iter().filter_map(|key| key.0.strip_prefix("module.")?.split('.').next()).any(|module| {
        let text = std::fs::read_to_string(run.join(module).join("main.tf")).unwrap();
        text.contains("[1 - count.index]")
            || text.contains("count.index + 1)")
            || text.contains("count.index + 1]")
    })
}

/// What was asked, and how much of it was certain.
#[derive(Default, Debug, PartialEq)]
struct Count {
    asked: usize,
    certain: usize,
}

fn compare(
    run: &Path,
    plan: &Plan<'_>,
    state: &BTreeMap<String, Value>,
    count: &mut Count,
    wrong: &mut Vec<String>,
) {
    for instance in plan.instances() {
        let Some(made) = state.get(instance.address.as_str()) else { continue };
        for (kind, attribute, legal) in ASKED.iter().filter(|(kind, ..)| *kind == instance.kind) {
            let object = instance.after().unwrap();
            if !object.get(attribute).text().is_unknown()
                || (!plan.has_sources() && looks_the_same(run, plan, instance, attribute))
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
            if !fits && found.certainty != Certainty::Unknown {
                let how = if plan.has_sources() { "with sources" } else { "without sources" };
                wrong.push(format!("{what} is {value} {how}, not {found:?}"));
            }
        }
        // Roles and policies name their account.
        let account = made["arn"].as_str().filter(|arn| arn.contains(":iam::"));
        let account = account.and_then(|arn| arn.split(':').nth(4));
        if let (Some(account), Some(Landing::Account(landing))) =
            (account, plan.placement(instance).landing())
            && account != landing
        {
            wrong.push(format!("{}: {account}, not {landing}", instance.address));
        }
    }
}

fn key(organization: &Organization, id: NodeId) -> Key {
    organization.node(id).unwrap().key.clone()
}

/// A connection by what it says, with the keys of its ends.
type Connection = (&'static str, Key, Key);

/// The connections of a graph and whether they must hold, without what AWS attaches by itself.
fn connections(organization: &Organization) -> BTreeMap<Connection, Modality> {
    let mut found = BTreeMap::new();
    for edge in organization.graph().edge_references() {
        let (word, modality) = match edge.weight() {
            Edge::Contains(modality) => ("contains", *modality),
            Edge::Attached(attachment) if attachment.address.is_none() => continue,
            Edge::Attached(attachment) => ("is attached to", attachment.resolved.modality()),
            Edge::Owns(modality) => ("owns", *modality),
            Edge::Bounds(modality) => ("bounds", *modality),
            Edge::Grants(modality) => ("is given to", *modality),
            Edge::Member(modality) => ("has the member", *modality),
            Edge::Assigned(modality) => ("is assigned in", *modality),
        };
        let held = found.entry((word, key(organization, edge.source()), key(organization, edge.target())));
        let held = held.or_insert(modality);
        *held = (*held).max(modality);
    }
    found
}

/// Whether the plan leaves open where one end of a connection goes.
fn is_open(plan: &Organization, (word, from, to): &Connection) -> bool {
    let id = |key: &Key| plan.find(key);
    match *word {
        "contains" => id(to).is_some_and(|id| match &plan.node(id).unwrap().kind {
            NodeKind::Account(account) => account.unknown_parent.is_some(),
            _ => plan.parents(id).is_empty(),
        }),
        "is attached to" => plan.loose_attachments().iter().any(|loose| Some(loose.org_policy) == id(from)),
        "is given to" => plan.access().grants.iter().any(|grant| {
            plan.node(grant.holder).unwrap().is_elsewhere()
                || Some(grant.holder) == id(to) && grant.policy == GrantedPolicy::Unknown
        }),
        "bounds" => id(to)
            .and_then(|id| plan.principal(id))
            .is_some_and(|principal| matches!(principal.boundary, Boundary::Unknown(_))),
        "owns" => id(to).is_some_and(|id| plan.owner(id).is_none()),
        _ => false,
    }
}

/// What is connected with what: what must be so after the plan is so in the state; what is so in the state may be so
/// after the plan, or the plan leaves it open. Gives the number of connections that were compared.
fn same_connections(
    run: &Path,
    plan: &Organization,
    state: &Organization,
    has_sources: bool,
    wrong: &mut Vec<String>,
) -> usize {
    let (said, made) = (connections(plan), connections(state));
    let is_in = |organization: &Organization, connection: &Connection| {
        let (_, from, to) = connection;
        let is_there = organization.find(from).is_some() && organization.find(to).is_some();
        is_there && (has_sources || !connection_looks_the_same(run, connection))
    };

    for (connection, _) in said.iter().filter(|(_, modality)| **modality == Modality::Must) {
        let (word, from, to) = connection;
        // The local AWS forgets the boundary of a user.
        let is_forgotten = *word == "bounds" && to.0.contains("aws_iam_user.");
        if is_in(state, connection) && !made.contains_key(connection) && !is_forgotten {
            wrong.push(format!("{}: {from} {word} {to}: not so", run.display()));
        }
    }
    // A role of a state names the policies that it had when it was last read: what attaches them knows better.
    let attached = |(word, from, to): &Connection| {
        let grants = &state.access().grants;
        let is = |grant: &Grant| {
            let gives = grant.policy == GrantedPolicy::Node(state.find(from).unwrap());
            gives && Some(grant.holder) == state.find(to) && *grant.address.as_str() != *to.0
        };
        *word != "is given to" || grants.iter().any(is)
    };
    for connection in made.keys().filter(|connection| attached(connection)) {
        let (word, from, to) = connection;
        let is_said = said.contains_key(connection) || is_open(plan, connection);
        if is_in(plan, connection) && !is_said {
            wrong.push(format!("{}: {from} {word} {to}: not said", run.display()));
        }
    }
    said.keys().filter(|connection| made.contains_key(*connection)).count()
}

/// Everything that has an address after the plan is in the state, and the other way round.
fn same_objects(run: &Path, plan: &Organization, state: &Organization, wrong: &mut Vec<String>) {
    let objects = |organization: &Organization| -> BTreeSet<Key> {
        let nodes = organization.nodes().filter(|(_, node)| node.address.is_some());
        nodes.map(|(_, node)| node.key.clone()).collect()
    };
    for key in objects(plan).symmetric_difference(&objects(state)) {
        wrong.push(format!("{}: {key} is not on both sides", run.display()));
    }
}

/// Whether two documents are the same JSON.
fn is_same_text(one: &Policy, other: &Policy) -> bool {
    let json = |policy: &Policy| serde_json::from_str::<Value>(policy.text()).ok();
    json(one) == json(other)
}

/// The effect and the actions of each statement.
fn statements(policy: &Policy) -> Vec<(Effect, bool, Vec<&str>)> {
    let actions = |statement: &'_ orgward_iam::Statement| statement.actions.not;
    let patterns = policy.statements.iter().map(|one| &one.actions.patterns);
    let patterns = patterns.map(|patterns| patterns.iter().map(|pattern| pattern.value.as_str()).collect());
    let effects = policy.statements.iter().map(|one| (one.effect.value, actions(one)));
    effects.zip(patterns).map(|((effect, not), patterns)| (effect, not, patterns)).collect()
}

/// Documents that are known: each statement has the effect and the actions that it has in the state. Gives the number of
/// documents.
fn same_documents(run: &Path, plan: &Organization, state: &Organization, wrong: &mut Vec<String>) -> usize {
    let made: BTreeMap<&str, &OrgDocument> =
        state.documents().into_iter().map(|(_, document)| (&*document.name, document)).collect();
    let mut compared = 0;
    for (_, document) in plan.documents() {
        let (Some(said), Some(made)) = (document.policy(), made.get(&*document.name)) else { continue };
        let made = made.policy().unwrap();
        let what = format!("{}: {}", run.display(), document.name);
        if statements(said) != statements(made) || document.holes.is_empty() && !is_same_text(said, made) {
            wrong.push(format!("{what}: {said:?}, not {made:?}"));
        }
        compared += 1;
    }
    compared
}

#[test]
fn what_a_plan_is_said_to_make_is_what_it_makes() {
    let (mut plain, mut told) = (Count::default(), Count::default());
    let (mut compared, mut documents, mut wrong) = (0, 0, Vec::new());
    let runs = runs();
    for run in &runs {
        let (planned, applied) = (document(&run.join("plan.json.gz")), document(&run.join("state.json.gz")));
        let state: Value = serde_json::from_slice(&inflated(&run.join("state.json.gz"))).unwrap();
        let mut made = BTreeMap::new();
        values(&state["values"]["root_module"], &mut made);
        let mut plan = Plan::parse(&planned).unwrap();
        let end = [Plan::parse(&applied).unwrap()];
        let end = Organization::of(&end, &[], &Declared::default()).after;
        compare(run, &plan, &made, &mut plain, &mut wrong);
        let change = Organization::of(std::slice::from_ref(&plan), &[], &Declared::default());
        same_objects(run, &change.after, &end, &mut wrong);
        compared += same_connections(run, &change.after, &end, false, &mut wrong);
        documents += same_documents(run, &change.after, &end, &mut wrong);
        plan.with_sources(sources(run));
        compare(run, &plan, &made, &mut told, &mut wrong);
        let change = Organization::of(std::slice::from_ref(&plan), &[], &Declared::default());
        same_objects(run, &change.after, &end, &mut wrong);
        compared += same_connections(run, &change.after, &end, true, &mut wrong);
        documents += same_documents(run, &change.after, &end, &mut wrong);
    }
    let numbers = format!(
        "{plain:?} without sources, {told:?} with them, {compared} connections, {documents} documents"
    );
    println!("{} runs: {numbers}", runs.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    // The test compares something, and the sources tell more.
    assert!(
        compared > 1000 && documents > 100 && plain.asked > 100 && told.asked >= plain.asked,
        "{numbers}"
    );
    assert!(plain.certain * 2 > plain.asked && told.certain > plain.certain, "{numbers}");
}
