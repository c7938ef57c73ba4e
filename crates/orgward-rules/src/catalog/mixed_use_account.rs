use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_org::{Modality, Node, NodeId};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_org::groups_of;
use orgward_proof::org_policies::account_label;

rule! {
    /// Checks for accounts that several phases of delivery, or several parts of the business, share.
    ///
    /// ## Why is this bad?
    ///
    /// The account is the boundary that AWS enforces: for permissions, quotas, network and bills. Whoever may change
    /// development changes production, too, where both are in one account, and guardrails for the one bind the
    /// other.
    ///
    /// Nothing is guessed: `[structure.phases]` and `[structure.business_units]` list patterns of what belongs to
    /// each, and without them the rule is silent. An account belongs to a group by its name, its id or its path; what
    /// is in it, by the address of a resource or its name, the name of a role, or the name of the input that the
    /// resource is from. What fits two groups says nothing. Tags are not looked at.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// module "orders_dev" { source = "./orders" }
    /// module "orders_prod" { source = "./orders" }
    /// ```
    ///
    /// Use instead one account for each, with a provider of its own:
    ///
    /// ```hcl
    /// module "orders_prod" {
    ///   source    = "./orders"
    ///   providers = { aws = aws.prod }
    /// }
    /// ```
    pub(crate) static MIXED_USE_ACCOUNT = {
        id: "mixed-use-account",
        summary: "several phases or parts of the business share an account",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let structure = &cx.config.structure;
    for (what, groups) in
        [("phases", &structure.phases), ("parts of the business", &structure.business_units)]
    {
        if groups.is_empty() {
            continue;
        }
        for (account, inside) in owned(cx) {
            let Some(node) = cx.after.node(account) else { continue };
            let path = cx.after.path(account);
            let (title, label) = (node.title(), node.label());
            // For each group, something that belongs to it.
            let mut shown: BTreeMap<&str, String> = groups_of(groups, &[&title, &label, &path])
                .into_iter()
                .map(|group| (group, format!("the account `{title}` itself")))
                .collect();
            for node in inside {
                let found = texts(node);
                let texts: Vec<&str> = found.iter().map(String::as_str).collect();
                let of: BTreeSet<&str> = groups_of(groups, &texts);
                if let ([group], Some(text)) = (of.into_iter().collect::<Vec<_>>().as_slice(), texts.first())
                {
                    shown.entry(group).or_insert_with(|| format!("`{text}`"));
                }
            }
            if shown.len() < 2 {
                continue;
            }
            let names: Vec<&str> = shown.keys().copied().collect();
            let finding = findings.about(&MIXED_USE_ACCOUNT, node);
            finding.subject(format!("{} {what} {}", node.key, names.join(" ")));
            finding.says(format!("account is shared by {} {what}: {}", names.len(), names.join(", ")));
            finding.accounts(account_label(cx.after, account)).target(path);
            for (group, example) in shown {
                finding.note(format!("{group}: {example}"));
            }
            finding.help("give each an account of its own, or correct the patterns in `[structure]`");
        }
    }
}

/// What is in each account for certain.
fn owned<'c>(cx: &Context<'c>) -> BTreeMap<NodeId, Vec<&'c Node>> {
    let mut owned: BTreeMap<NodeId, Vec<&Node>> = BTreeMap::new();
    for (id, node) in cx.after.nodes() {
        if let Some((account, Modality::Must)) = cx.after.owner(id) {
            owned.entry(account.id).or_default().push(node);
        }
    }
    owned
}

/// What a resource can be known by: its address, its name in the configuration, its name, its input.
fn texts(node: &Node) -> Vec<String> {
    let address = node.address.as_ref().map(ToString::to_string);
    let local = address.as_ref().and_then(|address| Some(address.rsplit_once('.')?.1.to_owned()));
    let name = node.name.as_ref().known().filter(|name| !name.is_sensitive()).map(ToString::to_string);
    address.into_iter().chain(local).chain(name).chain(node.stack.as_deref().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::MIXED_USE_ACCOUNT;
    use crate::testing::{messages_with, report};

    #[test]
    fn two_phases() {
        insta::assert_snapshot!(report(&MIXED_USE_ACCOUNT, "bad-two-phases"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        mixed-use-account

          × …/prod: account is shared by 2 phases: dev, prod
          account: 333333333333
          note: dev: `aws_s3_bucket.orders_dev`
          note: prod: the account `prod` itself
          help: give each an account of its own, or correct the patterns in `[structure]`

        blocked: 1 medium finding is new
        reviewed bad-two-phases.json: 3 accounts, 0 principals, 0 policies
        `orgward rules mixed-use-account` explains the first one
        ");
    }

    #[test]
    fn other_phase_than_its_account() {
        insta::assert_snapshot!(report(&MIXED_USE_ACCOUNT, "bad-other-phase-than-its-account"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        mixed-use-account

          × …/prod: account is shared by 2 phases: dev, prod
          account: 333333333333
          note: dev: `aws_s3_bucket.orders_dev`
          note: prod: the account `prod` itself
          help: give each an account of its own, or correct the patterns in `[structure]`

        blocked: 1 medium finding is new
        reviewed bad-other-phase-than-its-account.json: 3 accounts, 0 principals, 0 policies
        `orgward rules mixed-use-account` explains the first one
        ");
    }

    #[test]
    fn nothing_is_guessed() {
        assert!(messages_with(&MIXED_USE_ACCOUNT, "bad-two-phases", "").is_empty());
    }

    #[test]
    fn what_fits_two_phases_says_nothing() {
        let config = "[structure.phases]\ndev = ['*orders*']\nprod = ['*orders*']";
        assert!(messages_with(&MIXED_USE_ACCOUNT, "bad-two-phases", config).is_empty());
    }
}
