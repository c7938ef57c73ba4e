//! What is rebuilt of unknown documents and links, measured on the fixtures and held against what Terraform rendered.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgward_org::{Completion, Content, Declared, Document, NodeKind, Organization, Resolved};
use orgward_plan::{Files, Plan, SourceFile, Sources};
use serde_json::{Map, Value};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The files that expressions read.
struct Beside(PathBuf);

impl Files for Beside {
    fn text(&self, path: &str) -> Option<SourceFile> {
        let text = std::fs::read_to_string(self.0.join(path)).ok()?;
        Some(SourceFile { name: path.to_owned(), text })
    }

    fn list(&self, _: &str) -> Option<Vec<String>> {
        None
    }
}

/// The organization after a plan, with or without its sources.
fn organization(plan: &str, source: Option<&Path>) -> Option<Organization> {
    let bytes = std::fs::read(fixtures().join(plan)).unwrap();
    let document = orgward_plan::Document::decode(plan, bytes).ok()?;
    let mut plan = Plan::parse(&document).ok()?;
    if let Some(source) = source {
        let sources = Sources::load("", &mut |folder| files(source, folder));
        let sources = sources.with_files(Box::new(Beside(source.to_owned())));
        assert!(sources.unreadable().is_empty(), "{sources:?}");
        plan.with_sources(Arc::new(sources));
    }
    Some(Organization::of(&[plan], &[], &Declared::default()).after)
}

/// A single file is a root module without others.
fn files(source: &Path, folder: &str) -> Vec<SourceFile> {
    if source.is_file() {
        let text = std::fs::read_to_string(source).unwrap();
        let file = SourceFile { name: "main.tf".to_owned(), text };
        return if folder.is_empty() { vec![file] } else { Vec::new() };
    }
    let Ok(listing) = std::fs::read_dir(source.join(folder)) else { return Vec::new() };
    let paths = listing.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    let read = |path: PathBuf| SourceFile {
        name: path.display().to_string(),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    let mut files: Vec<_> = paths.map(read).collect();
    files.sort();
    files
}

/// The value of every attribute of every resource of a plan, by `address.attribute`.
fn values(plan: &str) -> BTreeMap<String, String> {
    let plan: Value = serde_json::from_slice(&std::fs::read(fixtures().join(plan)).unwrap()).unwrap();
    let mut values = BTreeMap::new();
    for change in plan["resource_changes"].as_array().unwrap() {
        for (name, value) in change["change"]["after"].as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                values
                    .insert(format!("${{{}.{name}}}", change["address"].as_str().unwrap()), text.to_owned());
            }
        }
    }
    values
}

/// A policy without the differences that say nothing: one value and a list of one, and the order of lists.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_key(Value::to_string);
            if let [only] = items.as_slice() { only.clone() } else { Value::Array(items) }
        }
        Value::Object(entries) => {
            // An empty `Sid` or `Condition` is none.
            let entries =
                entries.iter().filter(|(_, value)| **value != "" && **value != Value::Object(Map::new()));
            Value::Object(entries.map(|(name, value)| (name.clone(), normal(value))).collect())
        }
        // Terraform keeps `true` where the policy language has `"true"`; both are the same to IAM.
        Value::Bool(value) => Value::String(value.to_string()),
        other => other.clone(),
    }
}

/// The demonstration is planned from nothing, and planned again once it is applied: then everything is known.
#[test]
fn what_is_rebuilt_is_what_terraform_renders() {
    let holes = compare("demo/create.json", "demo/first", "demo/first.json");
    assert!(holes >= 11, "{holes} holes are filled");
}

#[test]
fn policies_are_rebuilt_however_they_are_written_out() {
    let folder = "unknown-policies/good-written-out";
    let holes =
        compare(&format!("{folder}.json"), &format!("{folder}.tf"), &format!("{folder}-applied.json"));
    assert_eq!(holes, 5);
}

/// Locals, templates, `dynamic` blocks, splats, maps that modules hand on, and functions of every kind.
#[test]
fn policies_are_rebuilt_through_everything_that_the_plan_does_not_show() {
    let holes = compare("sources/create.json", "sources/stack", "sources/applied.json");
    assert_eq!(holes, 22);
}

/// Compares all documents that a plan from nothing leaves unknown with those of a plan of what was applied. Returns
/// how many holes were filled.
fn compare(plan: &str, source: &str, applied: &str) -> usize {
    let rebuilt = organization(plan, Some(&fixtures().join(source))).unwrap();
    let rendered = organization(applied, None).unwrap();
    let known: BTreeMap<String, String> = rendered
        .documents()
        .into_iter()
        .map(|(_, document)| (document.name.to_string(), document.text.expose().to_owned()))
        .collect();
    let values = values(applied);
    let mut holes = 0;
    for (_, document) in rebuilt.documents() {
        assert!(matches!(document.content, Content::Policy(_)), "{:?}", document.doubt());
        holes += document.holes.len();
        let mut text = document.text.expose().to_owned();
        for (reference, value) in &values {
            // References have quotes in them, which JSON escapes.
            text = text.replace(&reference.replace('"', "\\\""), value);
        }
        let text: Value = serde_json::from_str(&text).unwrap();
        let known: Value = serde_json::from_str(&known[&*document.name]).unwrap();
        assert_eq!(normal(&text), normal(&known), "{}", document.name);
    }
    holes
}

#[test]
fn without_sources_a_document_that_is_written_out_stays_unknown() {
    let organization = organization("demo/create.json", None).unwrap();
    let unknown = organization.documents().into_iter().filter(|(_, document)| document.policy().is_none());
    assert_eq!(unknown.count(), 17);
}

#[test]
fn sources_of_another_commit_are_not_believed() {
    // The attribute refers to other things than the plan shows.
    let text = std::fs::read_to_string(fixtures().join("public-trust/bad-unknown.tf")).unwrap();
    let other = std::env::temp_dir().join(format!("orgward-other-commit-{}", std::process::id()));
    std::fs::create_dir_all(&other).unwrap();
    let changed = text.replace("aws_iam_role.pipeline.arn", "aws_iam_user.pipeline.arn");
    std::fs::write(other.join("main.tf"), changed).unwrap();
    let organization = organization("public-trust/bad-unknown.json", Some(&other)).unwrap();
    std::fs::remove_dir_all(&other).unwrap();
    let unknown: Vec<String> = organization.documents().iter().filter_map(|(_, d)| d.doubt()).collect();
    assert!(unknown.iter().any(|why| why.contains("not those that the plan was made from")), "{unknown:?}");
}

#[derive(Default, PartialEq, Eq, Clone, Copy)]
struct Count {
    /// Documents that were unknown and can be told.
    told: usize,
    /// Documents of which the extremes are known.
    bounded: usize,
    open: usize,
    links: usize,
    certain: usize,
}

fn count(organization: &Organization) -> (Count, Vec<String>) {
    let mut count = Count::default();
    let mut why = Vec::new();
    let unknown = |document: &&Document| document.characters.is_none();
    for document in organization.documents().into_iter().map(|(_, document)| document).filter(unknown) {
        if matches!(document.content, Content::Policy(_) | Content::Unreadable(_)) {
            count.told += 1;
        } else if document.completed(Completion::Permissive).is_some() {
            count.bounded += 1;
            why.extend(document.doubt());
        } else {
            count.open += 1;
            why.extend(document.doubt());
        }
    }
    // An attachment with candidates has an edge for each.
    let mut open = BTreeSet::new();
    for (id, node) in organization.nodes() {
        if !matches!(node.kind, NodeKind::OrgPolicy(_)) {
            continue;
        }
        for (_, attachment) in organization.targets_of(id) {
            match attachment.resolved {
                Resolved::Exact | Resolved::Typed => {
                    count.links += 1;
                    count.certain += 1;
                }
                Resolved::Candidates => {
                    let address = attachment.address.as_ref().unwrap();
                    if open.insert(address.clone()) {
                        why.push(format!(
                            "`{address}`: {}",
                            attachment
                                .trail
                                .iter()
                                .filter(|step| !step.starts_with("it refers to"))
                                .cloned()
                                .collect::<Vec<_>>()
                                .join(", ")
                        ));
                    }
                }
                Resolved::Known | Resolved::Implicit => {}
            }
        }
    }
    count.links += open.len() + organization.loose_attachments().len();
    (count, why)
}

/// The table in `docs/unknowns.md` is what is measured here.
#[test]
fn the_table_of_what_is_recovered_is_up_to_date() {
    let mut plans = Vec::new();
    for folder in std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()) {
        for file in std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "json") {
                plans.push(file.strip_prefix(fixtures()).unwrap().display().to_string());
            }
        }
    }
    plans.sort();
    let mut table = String::from(
        "| plan | documents unknown | told by the plan | bounded | with sources: told | bounded | open | links \
         unknown | certain | with sources | why the rest is not |\n| --- | --: | --: | --: | --: | --: | --: | --: \
         | --: | --: | --- |\n",
    );
    let mut links = 0;
    for plan in plans {
        let Some(plain) = organization(&plan, None) else { continue };
        let (without, why) = count(&plain);
        if without.told + without.bounded + without.open == 0 && without.links == without.certain {
            // Not a row for each: all of them are certain.
            links += without.links;
            continue;
        }
        let beside = fixtures().join(plan.replace(".json", ".tf"));
        let source = match plan.as_str() {
            "demo/create.json" => Some(fixtures().join("demo/first")),
            "sources/create.json" => Some(fixtures().join("sources/stack")),
            _ => beside.is_file().then_some(beside),
        };
        let (with, why) = match source {
            Some(source) => count(&organization(&plan, Some(&source)).unwrap()),
            None => (without, why),
        };
        let documents = without.told + without.bounded + without.open;
        let mut why: Vec<String> = why.into_iter().map(|why| why.replace('|', "\\|")).collect();
        why.sort();
        why.dedup();
        writeln!(
            table,
            "| `{plan}` | {documents} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            without.told,
            without.bounded,
            with.told,
            with.bounded,
            with.open,
            without.links,
            without.certain,
            with.certain,
            why.join("; ")
        )
        .unwrap();
    }
    writeln!(
        table,
        "\nIn the other plans {links} links are unknown, and each is certain without the sources."
    )
    .unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/unknowns.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end -->").unwrap();
    let expected = format!("{head}<!-- table -->\n{table}<!-- end -->{tail}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    assert_eq!(text, expected, "run this test with UPDATE_DOCS=1");
}
