//! Gives rules the plans and the organization, and their findings to the review.

use std::fs;
use std::time::Duration;

use orgward_config::Config;
use orgward_finding::{
    AccessChange, ConfigurationInEffect, Finding, Gate, Review, ReviewKind, RuleInfo, Status,
};
use orgward_iam::Kind;
use orgward_org::{Change, Content, Organization};
use orgward_plan::Document;
use orgward_proof::questions::Questions;
use orgward_rego::{Inputs, Limits, Policies, RuleFile};
use orgward_rules::Checked;
use serde_json::{Value, json};

use super::{Failure, RulesError};
use crate::org_show;

/// What one rule may take.
const LIMITS: Limits = Limits { time: Duration::from_secs(30), memory: 1 << 30, used };

/// The rules of a configuration.
#[derive(Debug)]
pub(crate) struct OwnRules(Option<Policies>);

impl OwnRules {
    /// No rules.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Reads the files, and checks what the configuration says about rules.
    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        let files: Vec<RuleFile> = config
            .rego
            .files
            .iter()
            .map(|file| RuleFile { name: file.name.clone(), text: file.text.clone() })
            .collect();
        let now = crate::review::now().saturating_mul(1_000_000);
        let policies =
            if files.is_empty() { None } else { Some(Policies::parse(files, &config.rego.packages, now)?) };
        let own = Self(policies);
        let known: Vec<&str> = own.infos().iter().map(|info| info.id).collect();
        if let Some(id) = config.named_rules().find(|id| !known.contains(id)) {
            let help = if known.is_empty() {
                "rules of your own are in `policies/*.rego` beside the configuration".to_owned()
            } else {
                format!("known are: {}", known.join(", "))
            };
            return Err(RulesError::NoRule { id: id.to_owned(), help }.into());
        }
        Ok(own)
    }

    /// What is known about the rules.
    pub(crate) fn infos(&self) -> Vec<&'static RuleInfo> {
        self.0.iter().flat_map(Policies::rules).collect()
    }

    /// Asks the rules, on the change and on the organization as it stands, and adds what they find.
    pub(crate) fn ask(
        &self,
        checked: &mut Checked<'_, '_>,
        organization: &Change<Organization>,
        config: &Config,
        documents: &[&Document],
    ) -> Result<(), Failure> {
        let Some(policies) = self.0.as_ref().filter(|policies| !policies.is_empty()) else { return Ok(()) };
        let asked = |org| Questions::of(org, &config.structure, &config.guardrails);
        let change = organization.as_ref();
        let inputs = inputs(checked, change, documents)?;
        let questions = asked(change.after);
        let mut found = policies.of_organization(&questions, &inputs, LIMITS)?;
        found.extend(policies.of_plans(&questions, &inputs, LIMITS)?);
        // The plan that changes nothing.
        let unchanged = Change { before: change.before, after: change.before };
        let standing: Vec<Finding> =
            checked.findings().iter().filter(|it| it.status == Status::Existing).cloned().collect();
        let inputs = given(&standing, &AccessChange::default(), unchanged, &[])?;
        let standing = policies.of_organization(&asked(change.before), &inputs, LIMITS)?;
        checked.add(self.infos(), found, &standing);
        Ok(())
    }
}

/// What rules are given, as JSON.
pub(crate) fn input(
    checked: &Checked<'_, '_>,
    organization: &Change<Organization>,
    documents: &[&Document],
) -> Result<String, Failure> {
    let inputs = inputs(checked, organization.as_ref(), documents)?;
    let value: Value = serde_json::from_str(&inputs.json()).unwrap_or_default();
    Ok(serde_json::to_string_pretty(&value).unwrap_or_default() + "\n")
}

/// The schema of what rules are given.
#[expect(clippy::unnecessary_wraps, reason = "builds without rules have none")]
pub(crate) fn schema() -> Result<String, Failure> {
    Ok(orgward_rego::schema())
}

fn inputs(
    checked: &Checked<'_, '_>,
    change: Change<&Organization>,
    documents: &[&Document],
) -> Result<Inputs, Failure> {
    given(checked.findings(), checked.access(), change, documents)
}

fn given(
    findings: &[Finding],
    access: &AccessChange,
    change: Change<&Organization>,
    documents: &[&Document],
) -> Result<Inputs, Failure> {
    let review = Review {
        kind: ReviewKind::Plan,
        stack: None,
        inputs: Vec::new(),
        configuration: ConfigurationInEffect::default(),
        accounts: 0,
        principals: 0,
        policies: 0,
        findings: findings.to_vec(),
        changes: Vec::new(),
        access: AccessChange::default(),
        guardrails: Vec::new(),
        gone: Vec::new(),
        gate: Gate { fail_on: None, existing: false },
        allow_incomplete: true,
    };
    let read = |text: String| serde_json::from_str::<Value>(&text).unwrap_or_default();
    let review = read(orgward_report::json(&review, &[]));
    let access = read(orgward_report::access_change_json(access));
    let organization = json!({
        "schema": 1,
        "before": side(change.before),
        "after": side(change.after),
        "findings": review.get("findings"),
        "access": {"gained": access.get("gained"), "lost": access.get("lost")},
    });
    let plans: Vec<(&str, &str)> = documents.iter().map(|it| (it.name.as_str(), it.json())).collect();
    Ok(Inputs::new(&organization.to_string(), &plans)?)
}

/// One side of the organization, with its policy documents. Texts that are sensitive stay out.
fn side(organization: &Organization) -> Value {
    let view = org_show::view(organization);
    let documents = organization.documents().into_iter().map(|(address, document)| {
        let is_shown = matches!(document.content, Content::Policy(_)) && !document.text.is_sensitive();
        let policy = is_shown.then(|| serde_json::from_str::<Value>(document.text.expose()).ok()).flatten();
        let entries = [
            ("name", Some(Value::from(&*document.name))),
            ("kind", Some(kind(document.kind).into())),
            ("address", address.map(|address| address.as_str().into())),
            ("policy", policy),
        ];
        let known = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Value::Object(known.collect())
    });
    let documents: Value = documents.collect();
    json!({"nodes": view.nodes, "attachments": view.attachments, "documents": documents})
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Identity => "identity",
        Kind::Trust => "trust",
        Kind::Resource => "resource",
        Kind::ServiceControl => "scp",
        Kind::ResourceControl => "rcp",
    }
}

/// The memory of the program, where the system tells it without a call of its own.
fn used() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes << 10)
}
