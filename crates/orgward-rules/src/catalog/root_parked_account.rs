use orgward_finding::{Finding, Severity};
use orgward_org::{Modality, NodeId, NodeKind, Organization};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::account_label;

rule! {
    /// Checks for member accounts that lie directly under the root, and for a management account that does not.
    ///
    /// ## Why is this bad?
    ///
    /// Guardrails are attached to units. An account under the root has only those of the root, which are the few that
    /// everybody can live with. Accounts end there by oversight: without `parent_id` an account is born in the root,
    /// and one that is invited lands there. The management account belongs in the root; in a unit it looks like an
    /// account that the guardrails of the unit bind, and none does.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_account" "lab" {
    ///   name  = "lab"
    ///   email = "aws+lab@example.com"
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_organizations_account" "lab" {
    ///   name      = "lab"
    ///   email     = "aws+lab@example.com"
    ///   parent_id = aws_organizations_organizational_unit.sandbox.id
    /// }
    /// ```
    ///
    /// Accounts that another stack manages are one finding together.
    pub(crate) static ROOT_PARKED_ACCOUNT = {
        id: "root-parked-account",
        summary: "account lies directly under the root, where only the guardrails of the root bind it",
        severity: Severity::Low,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut others = Vec::new();
    for account in cx.after.accounts().filter(|account| account.member) {
        let parents = cx.after.parents(account.id);
        let in_root = parents.iter().any(|(parent, _)| is_root(cx.after, *parent));
        let certain = matches!(parents.as_slice(), [(_, Modality::Must)]);
        if account.management {
            if certain && !in_root {
                let finding = findings.about(&ROOT_PARKED_ACCOUNT, account.node);
                finding.says("management account lies in a unit, whose guardrails do not bind it");
                finding.help("move it back to the root");
                place(cx.after, account.id, finding);
            }
        } else if in_root && certain && account.node.address.is_none() {
            others.push(account.id);
        } else if in_root && certain {
            place(cx.after, account.id, mend(findings.about(&ROOT_PARKED_ACCOUNT, account.node)));
        } else if in_root {
            let finding = mend(findings.cannot_tell(&ROOT_PARKED_ACCOUNT, account.node));
            finding.says("cannot tell whether the account lies directly under the root");
            finding.accounts(account_label(cx.after, account.id));
        }
    }
    if !others.is_empty() {
        let finding = mend(findings.report(&ROOT_PARKED_ACCOUNT, None));
        let labels: Vec<String> = others.iter().filter_map(|id| account_label(cx.after, *id)).collect();
        finding.subject(labels.join(" "));
        finding.says(match labels.len() {
            1 => ROOT_PARKED_ACCOUNT.info.summary.to_owned(),
            count => {
                format!("{count} accounts lie directly under the root, where only the guardrails of the root bind them")
            }
        });
        finding.target("Root").accounts(labels);
    }
}

fn is_root(organization: &Organization, id: NodeId) -> bool {
    organization.node(id).is_some_and(|node| matches!(node.kind, NodeKind::Root))
}

fn place(organization: &Organization, account: NodeId, finding: &mut Finding) {
    let path = organization.parents(account).first().map(|(parent, _)| organization.path(*parent));
    finding.target(path.unwrap_or_default()).accounts(account_label(organization, account));
}

fn mend(finding: &mut Finding) -> &mut Finding {
    finding.help("move it to a unit: `parent_id`")
}

#[cfg(test)]
mod tests {
    use super::ROOT_PARKED_ACCOUNT;
    use crate::testing::report;

    #[test]
    fn born_in_the_root() {
        insta::assert_snapshot!(report(&ROOT_PARKED_ACCOUNT, "bad-no-parent"), @"
        ── low: 1 found (does not block) ───────────────────────────────────────────────

        root-parked-account

          × aws_organizations_account.lab: account lies directly under the root, where only the guardrails
          │ of the root bind it
          target: Root
          account: aws_organizations_account.lab
          help: move it to a unit: `parent_id`

        not blocked: 1 finding (1 low new)
        reviewed bad-no-parent.json: 2 accounts, 0 principals, 0 policies
        `orgward rules root-parked-account` explains the first one
        ");
    }

    #[test]
    fn moved_to_the_root() {
        insta::assert_snapshot!(report(&ROOT_PARKED_ACCOUNT, "bad-moved-to-root"), @"
        ── low: 1 found (does not block) ───────────────────────────────────────────────

        root-parked-account

          × aws_organizations_account.lab: account lies directly under the root, where only the guardrails
          │ of the root bind it
          target: Root
          account: 222222222222
          help: move it to a unit: `parent_id`

        not blocked: 1 finding (1 low new)
        reviewed bad-moved-to-root.json: 3 accounts, 0 principals, 0 policies
        `orgward rules root-parked-account` explains the first one
        ");
    }
}
