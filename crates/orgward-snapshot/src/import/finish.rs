//! What an import comes to, and what is missing in it.

use std::collections::BTreeSet;

use super::{Import, ImportError, Imported, NOT_IMPORTED, gap};
use crate::{Account, DelegatedAdministrator, OrganizationPart, Policy, Unit};

/// The policy that AWS attaches to everything.
pub(super) const FULL_ACCESS: &str = "p-FullAWSAccess";
/// The types of policies that deny something: without their list, what is denied is unknown.
pub(super) const POLICY_TYPES: [&str; 2] = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];

impl Import {
    /// Puts together what the inputs say.
    pub fn finish(mut self) -> Result<Imported, ImportError> {
        if self.organization.id.is_empty() && self.accounts.is_empty() && self.parts.is_empty() {
            return Err(ImportError::Nothing);
        }
        self.complete();
        self.missing();
        let not_listed = self.not_listed();
        let policies = self.policies.values().filter(|policy| !is_of_aws(policy));
        let policies: Vec<Policy> = policies.map(|policy| self.attached(policy)).collect();
        let full_access_detached = self.without_full_access();
        let Self { organization, roots, units, accounts, parents, mut tags, .. } = self;
        let parent = |id: &str| parents.get(id).cloned().unwrap_or_default();
        let units = units.into_values().map(|unit| Unit { parent_id: parent(&unit.id), ..unit });
        let accounts = accounts.into_values().map(|account| Account {
            parent_id: parent(&account.id),
            tags: account.tags.or_else(|| tags.remove(&account.id)),
            ..account
        });
        let delegated = self.delegated.into_iter().map(|(id, services)| DelegatedAdministrator {
            id,
            service_principals: services.into_iter().collect(),
        });
        let part = OrganizationPart {
            taken: String::new(),
            organization,
            roots: roots.into_values().collect(),
            organizational_units: units.collect(),
            accounts: accounts.collect(),
            policies,
            full_access_detached,
            service_access: self.service_access.into_iter().collect(),
            delegated_administrators: delegated.collect(),
            resource_policy: self.resource_policy,
            identity_center: self.identity_center,
            not_listed,
            gaps: self.gaps.into_iter().collect(),
        };
        Ok(Imported { organization: part, accounts: self.parts.into_values().collect() })
    }

    /// What is named somewhere is there, also where no input describes it.
    fn complete(&mut self) {
        let places: BTreeSet<String> =
            self.parents.iter().flat_map(|(id, parent)| [id, parent]).cloned().collect();
        let targets = self.targets.values().flat_map(|targets| &targets.ids);
        let named: BTreeSet<String> = places.into_iter().chain(targets.cloned()).collect();
        for id in named {
            if id.starts_with("ou-") {
                self.units.entry(id.clone()).or_insert_with(|| Unit {
                    name: id.clone(),
                    id,
                    ..Unit::default()
                });
            } else if id.starts_with("r-") {
                let root =
                    || crate::Root { name: "Root".to_owned(), id: id.clone(), ..crate::Root::default() };
                self.roots.entry(id.clone()).or_insert_with(root);
            } else if super::IdKind::Account.is(&id) {
                self.account(Account { id, ..Account::default() });
            }
        }
        // Where the list is whole, an account that is not on it is of somebody else.
        if !self.listed.contains("Accounts") {
            let ids = self.parts.keys().chain([&self.organization.master_account_id]).cloned();
            let ids: Vec<String> = ids.filter(|id| !id.is_empty()).collect();
            for id in ids {
                self.account(Account { id, ..Account::default() });
            }
        }
        for account in self.accounts.values_mut() {
            if account.name.is_empty() {
                account.name.clone_from(&account.id);
            }
            if account.status.is_empty() {
                "ACTIVE".clone_into(&mut account.status);
            }
        }
    }

    /// Names what no input has.
    fn missing(&mut self) {
        let mut missing = |what: &str, action: &str| {
            self.gaps.insert(gap(what, action, NOT_IMPORTED));
        };
        if self.organization.master_account_id.is_empty() {
            missing("which account is the management account", "organizations:DescribeOrganization");
        }
        if !self.listed.contains("Accounts") {
            missing("the list of all accounts", "organizations:ListAccounts");
        }
        if !self.listed.contains("Roots") {
            missing("the root and the types of policies that it has enabled", "organizations:ListRoots");
        }
        let ids = self.units.keys().chain(self.accounts.keys());
        if ids.into_iter().any(|id| self.parents.get(id).is_none_or(String::is_empty)) {
            missing("where some units and accounts are in the tree", "organizations:ListParents");
        }
        for (list, what, action) in [
            (
                "EnabledServicePrincipals",
                "the services with trusted access",
                "organizations:ListAWSServiceAccessForOrganization",
            ),
            (
                "DelegatedAdministrators",
                "the delegated administrators",
                "organizations:ListDelegatedAdministrators",
            ),
            (
                "ResourcePolicy",
                "the resource policy of the organization",
                "organizations:DescribeResourcePolicy",
            ),
            ("IdentityCenter", "the permission sets and assignments of Identity Center", "sso:ListInstances"),
        ] {
            if !self.listed.contains(list) {
                missing(what, action);
            }
        }
        let known = self.targets.get(FULL_ACCESS).is_some_and(|targets| targets.whole);
        if !known && !self.listed.contains(FULL_ACCESS) {
            missing("what `FullAWSAccess` is attached to", "organizations:ListTargetsForPolicy");
        }
        for policy in self.policies.values().filter(|policy| !is_of_aws(policy)) {
            if policy.content.is_none() {
                missing(&format!("the text of policy {}", policy.id), "organizations:DescribePolicy");
            }
            if self.targets.get(&policy.id).is_none_or(|targets| !targets.whole) {
                missing(
                    &format!("all that policy {} is attached to", policy.id),
                    "organizations:ListTargetsForPolicy",
                );
            }
        }
        for kind in self.not_listed() {
            if POLICY_TYPES.contains(&kind.as_str()) {
                self.gaps.insert(gap(
                    &format!("the policies of type {kind}"),
                    "organizations:ListPolicies",
                    NOT_IMPORTED,
                ));
            }
        }
        self.missing_in_accounts();
    }

    /// Names what the input of an account does not have. An account without any is named where it is read.
    fn missing_in_accounts(&mut self) {
        let ids: Vec<String> = self.parts.keys().cloned().collect();
        for id in ids {
            let Some(part) = self.parts.get(&id) else { continue };
            // What a snapshot has of an account names its gaps itself.
            if !part.taken.is_empty() {
                continue;
            }
            let providers = !part.open_id_connect_providers.is_empty();
            if !self.identities.contains(&id) {
                let action = "iam:GetAccountAuthorizationDetails";
                self.gap_of(&id, gap("the IAM identities and policies", action, NOT_IMPORTED));
            }
            let what = "the policies of resources, trails and detection";
            self.gap_of(&id, gap(what, "", "no input has all of them"));
            if !providers {
                let what = "identity providers, and passwords and access keys of users";
                self.gap_of(&id, gap(what, "", NOT_IMPORTED));
            }
        }
    }

    /// The lists that are not whole, by their names in the API.
    fn not_listed(&self) -> Vec<String> {
        let on = |kind: &str| {
            let mut types = self.roots.values().flat_map(|root| &root.policy_types).peekable();
            // A root that says nothing of types may have any.
            types.peek().is_none() || types.any(|it| it.kind == kind && it.status == "ENABLED")
        };
        let types = POLICY_TYPES.into_iter().filter(|kind| on(kind));
        let lists = types.chain(["Accounts", "EnabledServicePrincipals", "Roots"]);
        let mut missing: Vec<String> =
            lists.filter(|list| !self.listed.contains(*list)).map(str::to_owned).collect();
        if self.organization.id.is_empty() {
            missing.push("Organization".to_owned());
        }
        missing.sort();
        missing
    }

    fn attached(&self, policy: &Policy) -> Policy {
        let targets = self.targets_of(&policy.id);
        Policy {
            targets: targets.map(|targets| targets.ids.iter().cloned().collect()),
            open_targets: targets.is_some_and(|targets| !targets.whole),
            ..policy.clone()
        }
    }

    /// What is known to be without `FullAWSAccess`.
    fn without_full_access(&self) -> Vec<String> {
        let Some(targets) = self.targets.get(FULL_ACCESS).filter(|targets| targets.whole) else {
            return self.full_access_detached.clone();
        };
        let all = self.roots.keys().chain(self.units.keys()).chain(self.accounts.keys());
        all.filter(|id| !targets.ids.contains(*id)).cloned().collect()
    }
}

/// Whether AWS manages a policy: its text is in the program.
fn is_of_aws(policy: &Policy) -> bool {
    policy.id == FULL_ACCESS || policy.id == "p-RCPFullAWSAccess" || policy.arn.contains(":aws:policy/")
}
