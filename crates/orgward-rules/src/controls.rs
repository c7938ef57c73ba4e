//! What rules about resources that govern share.

use std::collections::BTreeMap;

use orgward_finding::{Finding, Severity, Verdict};
use orgward_iam::{Claim, ClaimSpec};
use orgward_org::{Area, Control, Weakening, Weight};

use crate::{Context, Findings, Rule};

/// Reports a finding about a control.
pub(crate) fn about<'f>(findings: &'f mut Findings, rule: &Rule, control: &Control) -> &'f mut Finding {
    let finding = findings.report(rule, &control.address);
    finding.input = control.stack.as_deref().map(str::to_owned);
    finding
}

/// The requests for some actions on some resources; on all of them where none are named.
pub(crate) fn claim(actions: &[&str], resources: &[&str]) -> Option<Claim> {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let resources = (!resources.is_empty()).then(|| list(resources));
    Claim::new(ClaimSpec { actions: Some(list(actions)), resources, ..ClaimSpec::default() }).ok()
}

/// Resources in every partition: `*` in its place would match colons, too.
pub(crate) fn in_partitions(rest: &str) -> impl Iterator<Item = String> + use<'_> {
    ["aws", "aws-cn", "aws-eusc", "aws-us-gov"]
        .into_iter()
        .map(move |partition| format!("arn:{partition}:{rest}"))
}

/// Turns a finding into one that is not decided.
pub(crate) fn undecided(finding: &mut Finding, rule: &Rule) {
    finding.verdict = Verdict::Unverifiable;
    finding.severity = rule.info.unverifiable;
}

pub(crate) fn severity(weight: Weight) -> Severity {
    match weight {
        Weight::Low => Severity::Low,
        Weight::Medium => Severity::Medium,
        Weight::High => Severity::High,
    }
}

/// Reports what a control says less.
pub(crate) fn weakened(
    cx: &Context<'_>,
    findings: &mut Findings,
    rule: &Rule,
    control: &Control,
    weakening: &Weakening,
) {
    let finding = about(findings, rule, control);
    finding.severity = severity(weakening.weight);
    finding.subject(format!("{} {}", weakening.attribute, weakening.says));
    if weakening.is_unknown {
        undecided(finding, rule);
        finding.says(format!(
            "undecided: whether {}; `{}` is unknown until apply",
            weakening.says, weakening.attribute
        ));
        finding.help(format!("set `{}` to a value that the plan shows", weakening.attribute));
    } else {
        finding.says(weakening.says.clone());
        if weakening.attribute.is_empty() {
            finding.help("keep it; where something else takes its place, create that in the same plan");
        } else {
            finding.help(format!("keep what `{}` says", weakening.attribute));
        }
    }
    let account = control.account.and_then(|id| cx.after.account(id).or_else(|| cx.before.account(id)));
    finding.accounts(account.map(|account| account.node.label()));
}

/// Reports what the controls of an area say less after the plan. What is created in the place of one under another address
/// goes on with it; what is destroyed and `is_needless` is no loss.
pub(crate) fn weakened_in(
    cx: &Context<'_>,
    findings: &mut Findings,
    rule: &Rule,
    area: Area,
    is_needless: impl Fn(&Control) -> bool,
) {
    let mut successors = successors(cx);
    for control in cx.before.controls().filter(|control| control.area() == Some(area)) {
        let after = cx.after.control(&control.key);
        if after.is_none() {
            if let Some(others) = successors.get_mut(control.resource.as_str())
                && let Some(at) = others.iter().position(|other| is_successor(cx, control, other))
            {
                let successor = others.swap_remove(at);
                for weakening in control.weakened(Some(successor)) {
                    weakened(cx, findings, rule, successor, &weakening);
                }
                continue;
            }
            if is_needless(control) {
                continue;
            }
        }
        for weakening in control.weakened(after) {
            weakened(cx, findings, rule, control, &weakening);
        }
    }
}

/// What stands after the plan and not before it, by type.
fn successors<'o>(cx: &Context<'o>) -> BTreeMap<&'o str, Vec<&'o Control>> {
    let mut successors: BTreeMap<&str, Vec<&Control>> = BTreeMap::new();
    for control in cx.after.controls().filter(|control| cx.before.control(&control.key).is_none()) {
        successors.entry(control.resource.as_str()).or_default().push(control);
    }
    successors
}

/// Whether another control is in the same account, as far as both are known.
fn is_successor(cx: &Context<'_>, old: &Control, new: &Control) -> bool {
    let before = old.account.and_then(|id| cx.before.account(id)).map(|account| &account.node.key);
    let after = new.account.and_then(|id| cx.after.account(id)).map(|account| &account.node.key);
    before.is_none() || after.is_none() || before == after
}
