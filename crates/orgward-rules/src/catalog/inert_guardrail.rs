mod beside;
mod text;

use orgward_finding::{ReviewKind, Severity};
use orgward_org::{Entity, Modality, NodeKind, OrgPolicy, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for guardrails that cannot act.
    ///
    /// ## Why is this bad?
    ///
    /// A guardrail that looks attached and binds nobody is worse than none: people rely on it. The rule finds those
    /// that are attached to the management account, which no service control policy binds; to a unit that holds no
    /// account; to nothing at all; and those whose policy type is not enabled in the organization. It also finds
    /// denials of actions that AWS does not list: a misspelt action denies nothing. The list is of the day that
    /// `orgward --version` names, and a few actions are never listed, so this blocks only where a single letter is
    /// wrong; services that are unknown altogether are taken for new ones.
    ///
    /// Statements are tried, too. One whose conditions no request can meet never matches, which is decided over all
    /// requests: `StringEquals` takes `*` for an asterisk, for example. A placeholder of a template that nobody has
    /// filled in protects nothing. An action that AWS authorizes for no single resource is denied by a statement about
    /// `*` and by no other. And a list of what is allowed limits nothing as long as `FullAWSAccess` is attached to the
    /// same level: a level allows what any of its policies allows.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "lock" {
    ///   policy_id = aws_organizations_policy.lock.id
    ///   target_id = aws_organizations_organization.this.master_account_id
    /// }
    /// ```
    ///
    /// Use instead a unit that holds the accounts to protect:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "lock" {
    ///   policy_id = aws_organizations_policy.lock.id
    ///   target_id = aws_organizations_organizational_unit.workloads.id
    /// }
    /// ```
    pub(crate) static INERT_GUARDRAIL = {
        id: "inert-guardrail",
        summary: "guardrail cannot act",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for org_policy in cx.after.org_policies().filter(|org_policy| org_policy.is_authorization()) {
        text::check(cx, org_policy, findings);
        let targets = cx.after.targets_of(org_policy.id);
        let unresolved_targets = cx
            .after
            .loose_attachments()
            .iter()
            .any(|unresolved_targets| unresolved_targets.org_policy == org_policy.id);
        // What no resource manages is attached by somebody else, for all that is known.
        if org_policy.node.address.is_some() && targets.is_empty() && !unresolved_targets {
            // A folder of policies does not say what they are attached to.
            let is_file =
                org_policy.node.address.as_ref().is_some_and(|address| cx.after.is_policy_file(address));
            if !is_file && !matches!(org_policy.data.kind, PolicyType::Unknown) {
                unattached(cx, org_policy, findings);
            }
            continue;
        }
        if cx.after.is_enabled(&org_policy.data.kind) == Some(false) {
            disabled(cx, org_policy, findings);
            continue;
        }
        beside::check(cx, org_policy, &targets, findings);
        for (target, attachment) in targets {
            let Some(node) = cx.after.node(target) else { continue };
            let Some(address) = &attachment.address else { continue };
            if attachment.resolved.modality() == Modality::May {
                continue;
            }
            let is_management = matches!(&node.kind, NodeKind::Account(account) if account.management);
            if is_management {
                let finding = findings.report(&INERT_GUARDRAIL, address);
                finding.subject("management account");
                finding.says(format!(
                    "`{}` is attached to the management account, which it never binds",
                    org_policy.node.title()
                ));
                finding.accounts([node.label()]);
                finding.help("attach it to the units and accounts that it is meant for");
            } else if is_empty(cx, target) {
                let finding = findings.report(&INERT_GUARDRAIL, address);
                // It starts to act with the first account that moves in.
                finding.severity = Severity::Low;
                finding.subject("no account");
                finding.target(cx.after.path(target));
                finding.says(format!(
                    "`{}` is attached to a unit that holds no account",
                    org_policy.node.title()
                ));
                finding.help("move accounts into the unit, or attach the guardrail where they are");
            }
        }
    }
}

/// Reports a guardrail that no resource attaches.
fn unattached(cx: &Context<'_>, org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let kind = org_policy.data.kind.short();
    // An attachment whose policy is unknown until apply may be of this one.
    let nameless: Vec<String> = cx
        .after
        .org_policies()
        .filter(|other| other.data.kind == PolicyType::Unknown)
        .filter_map(|other| other.node.address.as_ref())
        .map(|address| format!("`{address}` attaches a policy that is unknown until apply"))
        .collect();
    let finding = if nameless.is_empty() {
        let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
        finding.says(format!("{kind} is attached to nothing"));
        finding
    } else {
        let finding = findings.cannot_tell(&INERT_GUARDRAIL, org_policy.node);
        finding.says(format!("cannot tell whether this {kind} is attached to anything"));
        finding.notes.extend(nameless);
        finding
    };
    finding.subject("no target");
    finding.help("attach it to the root, a unit or an account, or remove it");
}

fn disabled(cx: &Context<'_>, org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let kind = &org_policy.data.kind;
    let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
    finding.subject("disabled");
    finding.says(format!("{}s are not enabled in the organization, so this one does nothing", kind.short()));
    finding.help(format!("add `{}` to `enabled_policy_types` of the organization", kind.api_name()));
    if let Some(enabler) = cx.after.enabler() {
        finding.note(format!("`{enabler}` says which types are enabled"));
    }
    // Where the plan turns the type off, what these accounts lose is the cause.
    let before = cx.before.find(&org_policy.node.key).filter(|_| cx.before.is_enabled(kind) == Some(true));
    let targets = before.into_iter().flat_map(|id| cx.before.targets_of(id));
    let bound = targets.flat_map(|(target, _)| cx.before.accounts_below(target));
    let members = bound.filter(|account| account.data.member && !account.data.management);
    finding.accounts(members.map(|account| account.node.label()));
}

/// Whether nothing can lie below a unit: the plan creates it and puts nothing there, and no account is left whose
/// place is unknown.
fn is_empty(cx: &Context<'_>, target: orgward_org::NodeId) -> bool {
    let Some(node) = cx.after.node(target) else { return false };
    // An audit has no "before": nothing is created.
    let created =
        cx.kind != ReviewKind::Audit && node.address.is_some() && cx.before.find(&node.key).is_none();
    matches!(node.kind, NodeKind::Unit)
        && created
        && cx.after.accounts_below(target).is_empty()
        && !cx.after.accounts().any(|account| account.member && account.unknown_parent.is_some())
}

#[cfg(test)]
mod tests;
