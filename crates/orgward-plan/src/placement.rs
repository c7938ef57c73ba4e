mod own;
mod providers;
mod region;

use std::cmp::Reverse;

use crate::{Address, Attr, Instance, Plan};

pub(crate) use providers::{Providers, provider_key};

/// An account that a resource can land in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Landing {
    /// An account id.
    Account(String),
    /// The account that this resource instance (`aws_organizations_account`) creates or stands for.
    Created(Address),
    /// The management account, whatever its id.
    Management,
}

/// How much a piece of evidence proves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strength {
    /// Follows from the resource type.
    Structural,
    /// Follows from the configuration, symbolically.
    Good,
    /// Follows from the credentials or the provider's configuration.
    Strong,
    /// The resource itself says so.
    Conclusive,
}

/// What a piece of evidence rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Basis {
    /// The resource identity carries the account.
    Identity,
    /// The resource's own ARN.
    Arn,
    /// A computed attribute that names the owner.
    Owner,
    /// `aws_caller_identity` through the same provider.
    CallerIdentity,
    /// Another resource of the same provider.
    Sibling,
    /// The provider's `assume_role`.
    AssumeRole,
    /// The provider assumes a role in an account that this configuration creates.
    Vending,
    /// The provider's `allowed_account_ids` with one entry.
    AllowedAccounts,
    /// Resources of this type exist in the management account.
    Type,
}

/// One reason to believe that a resource lands in an account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Evidence {
    /// How much it proves.
    pub strength: Strength,
    /// What it rests on.
    pub basis: Basis,
    /// The account.
    pub landing: Landing,
    /// Where it was read: an address or a provider key, fit to print.
    pub source: String,
}

/// Which account a resource lands in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placement {
    /// All evidence, strongest first, then sorted; without repetitions.
    pub evidence: Vec<Evidence>,
}

impl Placement {
    /// The account that the strongest evidence names; `None` without evidence, or when evidence contradicts
    /// itself (see [`Placement::conflict`]).
    pub fn landing(&self) -> Option<&Landing> {
        let strongest = self.evidence.first()?;
        self.conflict().is_none().then_some(&strongest.landing)
    }

    /// Two pieces of evidence that name different accounts, if there are. `Management` and `Created` do not
    /// contradict an account id: only the organization can tell whether they are the same.
    pub fn conflict(&self) -> Option<(&Evidence, &Evidence)> {
        let differ = |a: &Evidence, b: &Evidence| match (&a.landing, &b.landing) {
            (Landing::Account(a), Landing::Account(b)) => a != b,
            (Landing::Created(a), Landing::Created(b)) => a != b,
            _ => false,
        };
        // Evidence of one sort that agrees with the first of it agrees among itself.
        let first = |wanted: fn(&Landing) -> bool| self.evidence.iter().find(move |e| wanted(&e.landing));
        let account = first(|landing| matches!(landing, Landing::Account(_)));
        let created = first(|landing| matches!(landing, Landing::Created(_)));
        let firsts = [account, created];
        let contradicts = |a| self.evidence.iter().find(|b| differ(a, b)).map(|b| (a, b));
        firsts.into_iter().flatten().find_map(contradicts)
    }

    fn of(mut evidence: Vec<Evidence>) -> Self {
        evidence.sort_by(|a, b| {
            let order = |e: &Evidence| (Reverse(e.strength), e.landing.clone(), e.basis, e.source.clone());
            order(a).cmp(&order(b))
        });
        evidence.dedup();
        Self { evidence }
    }
}

impl<'a> Plan<'a> {
    /// Which account the instance lands in, with all the evidence.
    ///
    /// Siblings through the same provider count as evidence; of those that are neither of IAM nor of
    /// Organizations, the first 64 of each provider that exist already are looked at.
    pub fn placement(&self, instance: &Instance<'a>) -> Placement {
        if !own::is_aws(instance) {
            return Placement::default();
        }
        let mut evidence = own::evidence(instance, own::is_argument(self, instance));
        let certain = evidence.iter().any(|evidence| evidence.strength == Strength::Conclusive);
        evidence.extend(self.providers().evidence(self, instance, certain));
        self.printable(evidence)
    }

    /// Drops what comes from a sensitive variable, since placements are printed.
    fn printable(&self, mut evidence: Vec<Evidence>) -> Placement {
        if let Some(secrets) = &self.secrets {
            evidence
                .retain(|e| !matches!(&e.landing, Landing::Account(account) if secrets.contains(account)));
        }
        Placement::of(evidence)
    }

    /// Which account the provider of an instance manages, without looking at the instance itself: the same
    /// question as [`Plan::placement`] for resources of which there are too many to read.
    pub fn provider_placement(&self, instance: &Instance<'a>) -> Placement {
        if !own::is_aws(instance) {
            return Placement::default();
        }
        self.printable(self.providers().evidence(self, instance, false))
    }

    /// The region an instance lands in: its own `region`, the one in its identity or its ARN, or the one that
    /// the provider is configured with. A region from the environment is not in the plan.
    pub fn region(&self, instance: &Instance<'a>) -> Attr<String> {
        region::of(self, instance)
    }

    pub(crate) fn providers(&self) -> &Providers {
        self.providers.get_or_init(|| Providers::of(self))
    }
}
