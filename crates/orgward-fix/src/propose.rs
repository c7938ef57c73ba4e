//! Which edits may cure which finding. Whether they do is for a review to say.

use std::collections::BTreeSet;

use orgward_finding::{Address, Finding, Verdict};
use orgward_plan::statement_at;
use serde_json::Value;

use crate::plan::{rows, value_of};
use crate::{Change, Edit};

/// What is known beside the finding.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The id of the organization.
    pub organization: Option<String>,
    /// ARN patterns of the boundaries that count.
    pub boundaries: Vec<String>,
}

/// The four switches of a public access block.
const SWITCHES: [&str; 4] =
    ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];

/// The edits that may cure a finding, the most likely one first.
pub fn propose(finding: &Finding, plan: &Value, facts: &Facts) -> Vec<Edit> {
    let Some(address) = &finding.address else { return Vec::new() };
    if finding.verdict != Verdict::Found || finding.is_sensitive() {
        return Vec::new();
    }
    let edit = |says: String, change| Edit { address: address.clone(), says, change };
    let organization = facts.organization.as_deref();
    let account = finding.described.account.iter().find(|id| id.len() == 12);
    let condition = |operator, key: &'static str, value: Option<&str>| {
        let value = value?;
        let (attribute, statement) = statement(finding, address)?;
        let change = Change::Condition { attribute, statement, operator, key, value: value.to_owned() };
        Some(edit(format!("require `{key}` of `{value}`"), change))
    };
    let edits: Vec<Option<Edit>> = match finding.rule {
        "public-trust" | "public-resource" => {
            vec![condition("StringEquals", "aws:PrincipalOrgID", organization)]
        }
        "confused-deputy" => vec![
            condition("StringEquals", "aws:SourceOrgID", organization),
            condition("StringEquals", "aws:SourceAccount", account.map(String::as_str)),
        ],
        "open-block" => {
            let values = value_of(plan, address);
            let open = |name: &&str| {
                values.is_some_and(|it| it.get(name).is_some_and(|it| *it == Value::Bool(false)))
            };
            let open: Vec<(&'static str, Value)> =
                SWITCHES.into_iter().filter(open).map(|name| (name, Value::Bool(true))).collect();
            let names: Vec<String> = open.iter().map(|(name, _)| format!("`{name}`")).collect();
            vec![
                (!open.is_empty())
                    .then(|| edit(format!("turn on {}", names.join(", ")), Change::Attributes(open))),
            ]
        }
        "unbounded-principal" => boundaries(plan, facts, account)
            .into_iter()
            .map(|arn| {
                let says = format!("set `permissions_boundary` to `{arn}`");
                Some(edit(says, Change::Attributes(vec![("permissions_boundary", arn.into())])))
            })
            .collect(),
        "guardrail-removed" | "guardrail-gap" | "region-lock-gap" => {
            let is_attachment =
                rows(plan, address).any(|row| row["type"] == "aws_organizations_policy_attachment");
            vec![is_attachment.then(|| edit("keep the attachment".to_owned(), Change::Keep))]
        }
        _ => Vec::new(),
    };
    edits.into_iter().flatten().collect()
}

/// The attribute and the statement that a finding shows.
fn statement(finding: &Finding, address: &Address) -> Option<(String, usize)> {
    finding.snippets.iter().find_map(|snippet| {
        let name: &str = &snippet.name;
        let attribute = name.strip_prefix(address.as_str())?.strip_prefix('.')?;
        let is_name = attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let statement = statement_at(snippet.text.as_deref()?, snippet.span.start)?;
        is_name.then(|| (attribute.to_owned(), statement))
    })
}

/// Boundaries that a principal could carry: those of other principals of the plan, and those that the configuration
/// names, in the account of the principal.
fn boundaries(plan: &Value, facts: &Facts, account: Option<&String>) -> Vec<String> {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    let carried: BTreeSet<&str> =
        changes.filter_map(|row| row.pointer("/change/after/permissions_boundary")?.as_str()).collect();
    let named = facts.boundaries.iter().filter_map(|pattern| {
        let filled =
            account.map_or_else(|| pattern.clone(), |id| pattern.replacen("::*:", &format!("::{id}:"), 1));
        (!filled.contains('*')).then_some(filled)
    });
    let mut all: Vec<String> = named.chain(carried.into_iter().map(str::to_owned)).collect();
    all.dedup();
    all
}
