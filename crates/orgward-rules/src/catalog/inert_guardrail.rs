use orgward_finding::Severity;
use orgward_iam::{Catalogue, Effect};
use orgward_org::{Entity, Guardrail, GuardrailKind, Modality, NodeKind};

use crate::engine::rule;
use crate::guardrails::source;
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
    for guardrail in cx.after.guardrails().filter(|guardrail| guardrail.is_authorization()) {
        misspelt(guardrail, findings);
        let targets = cx.after.targets_of(guardrail.id);
        let loose = cx.after.loose_attachments().iter().any(|loose| loose.guardrail == guardrail.id);
        // What no resource manages is attached by somebody else, for all that is known.
        if guardrail.node.address.is_some() && targets.is_empty() && !loose {
            if !matches!(guardrail.data.kind, GuardrailKind::Unknown) {
                unattached(cx, guardrail, findings);
            }
            continue;
        }
        if cx.after.is_enabled(&guardrail.data.kind) == Some(false) {
            disabled(cx, guardrail, findings);
            continue;
        }
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
                    guardrail.node.title()
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
                    guardrail.node.title()
                ));
                finding.help("move accounts into the unit, or attach the guardrail where they are");
            }
        }
    }
}

/// Reports a guardrail that no resource attaches.
fn unattached(cx: &Context<'_>, guardrail: Entity<'_, Guardrail>, findings: &mut Findings) {
    let kind = guardrail.data.kind.short();
    // An attachment whose policy is unknown until apply may be of this one.
    let nameless: Vec<String> = cx
        .after
        .guardrails()
        .filter(|other| other.data.kind == GuardrailKind::Unknown)
        .filter_map(|other| other.node.address.as_ref())
        .map(|address| format!("`{address}` attaches a policy that is unknown until apply"))
        .collect();
    let finding = if nameless.is_empty() {
        let finding = findings.about(&INERT_GUARDRAIL, guardrail.node);
        finding.says(format!("{kind} is attached to nothing"));
        finding
    } else {
        let finding = findings.cannot_tell(&INERT_GUARDRAIL, guardrail.node);
        finding.says(format!("cannot tell whether this {kind} is attached to anything"));
        finding.notes.extend(nameless);
        finding
    };
    finding.subject("no target");
    finding.help("attach it to the root, a unit or an account, or remove it");
}

/// Reports denials of actions that AWS does not list.
fn misspelt(guardrail: Entity<'_, Guardrail>, findings: &mut Findings) {
    let document = &guardrail.data.document;
    let (Some(policy), Some(_)) = (document.policy(), &guardrail.node.address) else { return };
    let catalogue = Catalogue::get();
    let listed = policy
        .statements
        .iter()
        .filter(|statement| statement.effect.value == Effect::Deny && !statement.actions.not)
        .flat_map(|statement| &statement.actions.patterns)
        .filter(|pattern| catalogue.actions_matching(&pattern.value).next().is_none())
        .map(|pattern| (pattern, catalogue.near(&pattern.value)));
    // A service that is not listed may be new, unless another one has that very action under a similar name.
    let (wrong, unknown): (Vec<_>, Vec<_>) = listed.partition(|(pattern, near)| {
        near.is_some() || catalogue.service(pattern.value.split(':').next().unwrap_or_default()).is_some()
    });
    let Some((first, _)) = wrong.first() else { return };
    let is_slip = |pattern: &str, near: &str| {
        strsim::damerau_levenshtein(&pattern.to_ascii_lowercase(), &near.to_ascii_lowercase()) == 1
    };
    let slips = wrong.iter().any(|(pattern, near)| near.is_some_and(|near| is_slip(&pattern.value, near)));

    let finding = findings.about(&INERT_GUARDRAIL, guardrail.node);
    if !slips {
        finding.severity = Severity::Low;
    }
    let names: Vec<&str> = wrong.iter().map(|(pattern, _)| pattern.value.as_str()).collect();
    finding.subject(format!("unlisted action {}", names.join(" ")));
    let count = match names.len() {
        1 => "an action that AWS does not list".to_owned(),
        count => format!("{count} actions that AWS does not list"),
    };
    finding.says(format!("denies {count}, as of {}", catalogue.date()));
    if document.text.is_sensitive() {
        finding.show(&source(document), first.span.clone(), "not listed");
        finding.help("compare the names with the documentation of the service");
        return;
    }
    for (pattern, near) in &wrong {
        let label = near.map_or("not listed".to_owned(), |near| format!("did you mean `{near}`?"));
        finding.show(&source(document), pattern.span.clone(), label);
    }
    for (pattern, _) in &unknown {
        finding.note(format!("the service of `{}` is not known; it may be new", pattern.value));
    }
    finding.help("correct the name: a misspelt action is denied to nobody; if it is right, the action is new or never listed");
}

fn disabled(cx: &Context<'_>, guardrail: Entity<'_, Guardrail>, findings: &mut Findings) {
    let kind = &guardrail.data.kind;
    let finding = findings.about(&INERT_GUARDRAIL, guardrail.node);
    finding.subject("disabled");
    finding.says(format!("{}s are not enabled in the organization, so this one does nothing", kind.short()));
    finding.help(format!("add `{}` to `enabled_policy_types` of the organization", kind.api_name()));
    if let Some(enabler) = cx.after.enabler() {
        finding.note(format!("`{enabler}` says which types are enabled"));
    }
}

/// Whether nothing can lie below a unit: the plan creates it and puts nothing there, and no account is left whose
/// place is unknown.
fn is_empty(cx: &Context<'_>, target: orgward_org::NodeId) -> bool {
    let Some(node) = cx.after.node(target) else { return false };
    let created = node.address.is_some() && cx.before.find(&node.key).is_none();
    matches!(node.kind, NodeKind::Unit)
        && created
        && cx.after.accounts_below(target).is_empty()
        && !cx.after.accounts().any(|account| account.member && account.homeless.is_some())
}

#[cfg(test)]
mod tests {
    use super::INERT_GUARDRAIL;
    use crate::testing::report;

    #[test]
    fn attached_to_management() {
        insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-attached-to-management"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        inert-guardrail

          × aws_organizations_policy_attachment.stay: `stay` is attached to the management account, which it
          │ never binds
          account: 111111111111
          help: attach it to the units and accounts that it is meant for

        blocked: 1 medium finding is new
        reviewed bad-attached-to-management.json: 3 accounts, 0 principals, 1 policy
        `orgward rules inert-guardrail` explains the first one
        ");
    }

    #[test]
    fn no_target() {
        insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-no-target"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        inert-guardrail

          × aws_organizations_policy.stay: SCP is attached to nothing
          help: attach it to the root, a unit or an account, or remove it

        blocked: 1 medium finding is new
        reviewed bad-no-target.json: 1 account, 0 principals, 1 policy
        `orgward rules inert-guardrail` explains the first one
        ");
    }

    #[test]
    fn type_disabled() {
        insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-type-disabled"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        inert-guardrail

          × aws_organizations_policy.transport: RCPs are not enabled in the organization, so this one does
          │ nothing
          note: `aws_organizations_organization.this` says which types are enabled
          help: add `RESOURCE_CONTROL_POLICY` to `enabled_policy_types` of the organization

        blocked: 1 medium finding is new
        reviewed bad-type-disabled.json: 1 account, 0 principals, 1 policy
        `orgward rules inert-guardrail` explains the first one
        ");
    }

    #[test]
    fn empty_ou() {
        insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-empty-ou"), @"
        ── low: 1 found (does not block) ───────────────────────────────────────────────

        inert-guardrail

          × aws_organizations_policy_attachment.stay: `stay` is attached to a unit that holds no account
          target: Root/staging
          help: move accounts into the unit, or attach the guardrail where they are

        not blocked: 1 finding (1 low new)
        reviewed bad-empty-ou.json: 1 account, 0 principals, 1 policy
        `orgward rules inert-guardrail` explains the first one
        ");
    }

    #[test]
    fn misspelt_action() {
        insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-misspelt-action"), @r#"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        inert-guardrail

          × aws_organizations_policy.keep: denies an action that AWS does not list, as of 2026-09-26
           ╭─[aws_organizations_policy.keep.content:5:9]
         3 │     {
         4 │       "Action": [
         5 │         "s3:DeleteBuckets",
           ·         ─────────┬────────
           ·                  ╰── did you mean `s3:DeleteBucket`?
         6 │         "s3:PutBucketPolicy",
         7 │         "brandnew:DeleteEverything"
           ╰────
          note: the service of `brandnew:DeleteEverything` is not known; it may be new
          help: correct the name: a misspelt action is denied to nobody; if it is right, the action is new
                or never listed

        blocked: 1 medium finding is new
        reviewed bad-misspelt-action.json: 1 account, 0 principals, 1 policy
        `orgward rules inert-guardrail` explains the first one
        "#);
    }
}
