//! Files with policies of which no manifest says what they are attached to.

use orgward_iam::{Effect, Kind, Policy, Statement};
use orgward_org::POLICY_FILE;
use serde_json::{Value, json};

use crate::{Files, Given, Item, Repository};

/// Resources with policies, by the prefix of their actions: the type, the attribute that has the policy, and the one
/// that names the resource.
const RESOURCES: [(&str, &str, &str, &str); 8] = [
    ("backup", "aws_backup_vault_policy", "policy", "backup_vault_name"),
    ("ecr", "aws_ecr_repository_policy", "policy", "repository"),
    ("events", "aws_cloudwatch_event_bus_policy", "policy", "event_bus_name"),
    ("kms", "aws_kms_key_policy", "policy", "key_id"),
    ("s3", "aws_s3_bucket_policy", "policy", "bucket"),
    ("secretsmanager", "aws_secretsmanager_secret_policy", "policy", "secret_arn"),
    ("sns", "aws_sns_topic_policy", "policy", "arn"),
    ("sqs", "aws_sqs_queue_policy", "policy", "queue_url"),
];

pub(crate) fn read(files: &Files, given: &Given, repository: &mut Repository) {
    for (path, text) in &files.0 {
        if is_candidate(path, text) && !repository.named.contains(path) {
            repository.add(document(path, text, given));
        }
    }
}

/// Whether a file is a policy, or was meant to be one.
pub fn is_candidate(path: &str, text: &str) -> bool {
    let name = path.to_ascii_lowercase();
    if ![".json", ".json.tpl", ".json.tftpl", ".json.j2"].iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
        Ok(value) => value.get("Statement").is_some(),
        Err(_) => text.contains("\"Statement\"") && text.contains("\"Effect\""),
    }
}

/// The kind of policy that a file has, as its name and the elements of the policy say.
pub fn kind_of(path: &str, text: &str) -> Kind {
    match by_name(path).unwrap_or_else(|| by_content(text)) {
        Holder::Organization("RESOURCE_CONTROL_POLICY") => Kind::ResourceControl,
        Holder::Organization(_) => Kind::ServiceControl,
        Holder::Identity => Kind::Identity,
        Holder::Role => Kind::Trust,
        Holder::Resource(..) | Holder::Other => Kind::Resource,
    }
}

/// What a file is a policy of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holder {
    Organization(&'static str),
    Identity,
    Role,
    Resource(&'static str, &'static str, &'static str),
    /// A policy with principals that is of no resource which is judged.
    Other,
}

fn document(path: &str, text: &str, given: &Given) -> Item {
    let kind = |kind: Kind| match kind {
        Kind::ServiceControl => Holder::Organization("SERVICE_CONTROL_POLICY"),
        Kind::ResourceControl => Holder::Organization("RESOURCE_CONTROL_POLICY"),
        Kind::Identity => Holder::Identity,
        Kind::Trust => Holder::Role,
        Kind::Resource => resource(text),
    };
    let holder = by_name(path).or(given.kind.map(kind)).unwrap_or_else(|| by_content(text));
    let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or(path);
    let item = |kind, values| Item::new(path.to_owned(), kind, (path, 1), values);
    let mut item = match holder {
        Holder::Organization(api) => {
            let kind =
                if api == "RESOURCE_CONTROL_POLICY" { Kind::ResourceControl } else { Kind::ServiceControl };
            item("aws_organizations_policy", json!({ "name": stem, "type": api }))
                .with_document("content", text, kind, given)
        }
        Holder::Identity => item("aws_iam_policy", json!({ "name": stem })).with_document(
            "policy",
            text,
            Kind::Identity,
            given,
        ),
        Holder::Role => item("aws_iam_role", json!({ "name": stem })).with_document(
            "assume_role_policy",
            text,
            Kind::Trust,
            given,
        ),
        Holder::Resource(kind, attribute, name) => {
            item(kind, json!({ name: stem })).with_document(attribute, text, Kind::Resource, given)
        }
        Holder::Other => item(POLICY_FILE, json!({ "kind": "resource" })).with_document(
            "content",
            text,
            Kind::Resource,
            given,
        ),
    };
    item.is_plain = true;
    item
}

/// What the names of a file and of its folders say.
fn by_name(path: &str) -> Option<Holder> {
    let path = path.to_ascii_lowercase().replace(['-', '_', '.'], " ");
    let words: Vec<&str> = path.split(['/', ' ']).collect();
    let has = |word: &str| words.contains(&word);
    let says = |phrase: &str| path.contains(phrase);
    if has("rcp") || has("rcps") || says("resource control") {
        return Some(Holder::Organization("RESOURCE_CONTROL_POLICY"));
    }
    if has("scp") || has("scps") || says("service control") || says("guardrail") {
        return Some(Holder::Organization("SERVICE_CONTROL_POLICY"));
    }
    if has("vpce") || has("endpoint") || says("endpoint polic") {
        return Some(Holder::Other);
    }
    if has("trust") || says("assume role") {
        return Some(Holder::Role);
    }
    (has("boundary") || has("boundaries") || has("inline") || says("permission set"))
        .then_some(Holder::Identity)
}

/// What the elements of a policy say.
fn by_content(text: &str) -> Holder {
    let reads = |kind| Policy::parse(text, kind);
    if text.contains("Principal\"") {
        let is_trust = reads(Kind::Trust).is_ok_and(|policy| {
            let actions = |policy: &Policy| {
                policy
                    .statements
                    .iter()
                    .flat_map(|it| &it.actions.patterns)
                    .all(|it| it.value.starts_with("sts:"))
            };
            actions(&policy) && !text.contains("\"Resource\"")
        });
        let only_denies = reads(Kind::ResourceControl).is_ok_and(|policy| denies(&policy));
        return match (is_trust, only_denies) {
            (true, _) => Holder::Role,
            (false, true) => Holder::Organization("RESOURCE_CONTROL_POLICY"),
            (false, false) => resource(text),
        };
    }
    // Only policies of the organization do nothing but deny.
    if reads(Kind::ServiceControl).is_ok_and(|policy| denies(&policy)) {
        return Holder::Organization("SERVICE_CONTROL_POLICY");
    }
    Holder::Identity
}

/// Whether a policy denies, and does nothing else, wherever it is. A resource's own policy names the resource.
fn denies(policy: &Policy) -> bool {
    let anywhere = |it: &Statement| {
        let mut patterns = it.resources.iter().flat_map(|resources| &resources.patterns);
        patterns.all(|it| it.value == "*" || it.value.contains("::*"))
    };
    let all = |it: &Statement| {
        it.effect.value == Effect::Deny && (policy.kind != Kind::ResourceControl || anywhere(it))
    };
    !policy.statements.is_empty() && policy.statements.iter().all(all)
}

/// The resource that the actions of a policy are about.
fn resource(text: &str) -> Holder {
    let Ok(policy) = Policy::parse(text, Kind::Resource) else { return Holder::Other };
    let mut services: Vec<String> = policy
        .statements
        .iter()
        .flat_map(|it| &it.actions.patterns)
        .map(|it| it.value.split(':').next().unwrap_or_default().to_ascii_lowercase())
        .collect();
    services.sort();
    services.dedup();
    let [service] = services.as_slice() else { return Holder::Other };
    let found = RESOURCES.iter().find(|(prefix, ..)| prefix == service);
    found.map_or(Holder::Other, |(_, kind, attribute, name)| Holder::Resource(kind, attribute, name))
}
