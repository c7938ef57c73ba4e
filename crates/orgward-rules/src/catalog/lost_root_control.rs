use orgward_finding::Severity;
use orgward_org::{Delegated, PolicyType};
use orgward_proof::chains::{Assumptions, Difference, passing};

use crate::controls::{about, claim, undecided};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for central root access that is turned off, or denied to the account that it is delegated to.
    ///
    /// ## Why is this bad?
    ///
    /// With central root access (`RootCredentialsManagement`, `RootSessions`) members need no root credentials, and the
    /// security team unlocks what only root can: a bucket or queue whose policy denies everybody. Turned off, every
    /// account needs a root user with a password again.
    ///
    /// A service control policy or region lock that denies `sts:AssumeRoot` to the account that administers IAM for the
    /// organization does the same, and nobody notices until the day it is needed.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_iam_organizations_features" "this" {
    ///   enabled_features = ["RootCredentialsManagement"]
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_iam_organizations_features" "this" {
    ///   enabled_features = ["RootCredentialsManagement", "RootSessions"]
    /// }
    /// ```
    pub(crate) static LOST_ROOT_CONTROL = {
        id: "lost-root-control",
        summary: "the organization no longer controls the root users of its members",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

const FEATURES: &str = "aws_iam_organizations_features";

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() {
        return;
    }
    let enabled: Vec<String> =
        cx.after.controls_of(FEATURES).flat_map(|control| control.texts("enabled_features")).collect();
    for control in cx.before.controls_of(FEATURES) {
        let lost: Vec<String> =
            control.texts("enabled_features").into_iter().filter(|it| !enabled.contains(it)).collect();
        if lost.is_empty() {
            continue;
        }
        let finding = about(findings, &LOST_ROOT_CONTROL, control);
        finding.subject(lost.join(" "));
        let names: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
        finding.says(format!("central root access is turned off: {}", names.join(" and ")));
        let after = cx.after.control(&control.key);
        if after.is_some_and(|after| after.attributes.get("enabled_features").has_unknown()) {
            undecided(finding, &LOST_ROOT_CONTROL);
            finding.says(format!("undecided: whether {} goes on", names.join(" and ")));
        }
        finding.help("keep both features; members need no root credentials then");
    }
    denied(cx, findings);
}

/// Reports administrators of IAM that may no longer become the root user of members.
fn denied(cx: &Context<'_>, findings: &mut Findings) {
    let kind = PolicyType::ServiceControl;
    for delegation in cx.after.delegations() {
        let found = match &delegation.account {
            Delegated::Account(id) => cx.after.accounts().find(|account| account.node.label() == *id),
            Delegated::Created(id) => cx.after.account(*id),
            Delegated::OneOf(_) | Delegated::Unknown => None,
        };
        let found = found.filter(|account| account.member);
        let (Some(account), "iam.amazonaws.com") = (found, delegation.service.as_str()) else { continue };
        let id = account.node.label();
        let chain = cx.after.policy_chain(account.id, &kind);
        let Some(claim) = claim(&["sts:AssumeRoot"], &[]) else { continue };
        let symbolic = cx.after.symbolic_account_id(account.id);
        let assumptions = Assumptions::of(&kind, cx.after, symbolic, &[&chain]);
        let set = assumptions.requests().and(claim.requests()).and(chain.may_pass(&kind));
        if !matches!(passing(&set), Difference::Nothing) {
            continue;
        }
        let finding = about(findings, &LOST_ROOT_CONTROL, delegation.control);
        finding.subject(format!("denied {id}"));
        finding.says(format!(
            "`sts:AssumeRoot` is denied in account `{id}`, which administers central root access"
        ));
        finding.accounts([id]);
        finding.target(cx.after.path(account.id));
        finding.help("leave `sts:AssumeRoot` out of what the service control policies deny there");
    }
}
