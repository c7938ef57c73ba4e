mod configured;
mod own;
mod providers;
mod region;
mod report;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use crate::{Address, Attr, Instance, Plan};

pub use report::ProviderPlacement;

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
    /// Somebody says so, in the configuration of this program.
    Declared,
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
    /// The provider assumes a role in an account that a data source or another resource shows: the state of
    /// another stack, a parameter.
    Value,
    /// The provider's `allowed_account_ids` with one entry.
    AllowedAccounts,
    /// Resources of this type exist in the management account.
    Type,
    /// The configuration of this program names the account of the stack.
    Declaration,
}

/// What people say about the accounts of a stack where the plan does not. Evidence ranks above it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Declaration {
    /// The account of the provider configuration without an alias, and of states, which do not show any.
    pub account: Option<String>,
    /// The accounts of other provider configurations, by key: `aws.audit`.
    pub providers: BTreeMap<String, String>,
    /// The region where neither resource nor provider names one.
    pub region: Option<String>,
    /// The role that applies the stack, by its ARN, where the provider does not name one; `*` stands for the account.
    pub principal: Option<String>,
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

impl fmt::Display for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => f.write_str(id),
            Self::Created(address) => write!(f, "the account of `{address}`"),
            Self::Management => f.write_str("the management account"),
        }
    }
}

/// What it rests on, in words that go on after "follows from".
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        match self.basis {
            Basis::Identity | Basis::Arn | Basis::Owner => write!(f, "`{source}` itself"),
            Basis::CallerIdentity => write!(f, "the caller's identity, `{source}`"),
            Basis::Sibling => write!(f, "`{source}`, which the same provider manages"),
            Basis::AssumeRole | Basis::Vending => write!(f, "the role that {source} assumes"),
            Basis::Value => match source.split_once(" by ") {
                Some((provider, shown)) => {
                    write!(f, "the role that {provider} assumes, whose account `{shown}` shows")
                }
                None => write!(f, "the role that {source} assumes"),
            },
            Basis::AllowedAccounts => write!(f, "`allowed_account_ids` of {source}"),
            Basis::Type => f.write_str("the resource type"),
            Basis::Declaration => f.write_str(source),
        }
    }
}

/// Which account a resource lands in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placement {
    /// All evidence, strongest first, then sorted; without repetitions.
    pub evidence: Vec<Evidence>,
}

impl Placement {
    /// The account that the strongest evidence names; `None` without evidence, or when evidence contradicts
    /// itself (see [`Placement::conflict`]). What is only declared contradicts no evidence.
    pub fn landing(&self) -> Option<&Landing> {
        let strongest = self.evidence.first()?;
        let contradicted = self.conflict().is_some_and(|(one, other)| {
            one.strength.min(other.strength) > Strength::Declared || strongest.strength == Strength::Declared
        });
        (!contradicted).then_some(&strongest.landing)
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
    /// Resources through the same provider configuration that exist already count as evidence.
    pub fn placement(&self, instance: &Instance<'a>) -> Placement {
        if !own::is_aws(instance) {
            return Placement::default();
        }
        let mut evidence = own::evidence(instance, own::is_argument(self, instance));
        let certain = evidence.iter().any(|evidence| evidence.strength == Strength::Conclusive);
        evidence.extend(self.providers().evidence(self, instance, certain));
        self.printable(instance, evidence)
    }

    /// Adds what is declared, and drops what comes from a sensitive variable, since placements are printed.
    fn printable(&self, instance: &Instance<'a>, mut evidence: Vec<Evidence>) -> Placement {
        evidence.extend(self.declared(instance));
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
        self.printable(instance, self.providers().evidence(self, instance, false))
    }

    /// Takes what people say about the accounts of this stack.
    pub fn declare(&mut self, declaration: Declaration) {
        self.declaration = declaration;
    }

    fn declared(&self, instance: &Instance<'a>) -> Option<Evidence> {
        let Declaration { account, providers, .. } = &self.declaration;
        if account.is_none() && providers.is_empty() {
            return None;
        }
        let account = match self.provider_key(instance) {
            Some(key) => {
                let key = providers::block_key(&key);
                providers.get(&*key).or_else(|| account.as_ref().filter(|_| key == "aws"))
            }
            // What the configuration no longer has may have been of any provider; states show none.
            None => account.as_ref().filter(|_| self.configuration.is_none()),
        }?;
        Some(Evidence {
            strength: Strength::Declared,
            basis: Basis::Declaration,
            landing: Landing::Account(account.clone()),
            source: "`[stacks]` of the configuration".to_owned(),
        })
    }

    /// The region an instance lands in: its own `region`, the one in its identity or its ARN, or the one that
    /// the provider is configured with. A region from the environment is not in the plan.
    pub fn region(&self, instance: &Instance<'a>) -> Attr<String> {
        region::of(self, instance)
    }

    /// The ARN of the role that the provider of an instance assumes. Absent where the provider block assumes none, and
    /// where the plan does not show it.
    pub fn assumed_role(&self, instance: &Instance<'a>) -> Attr<String> {
        match providers::block(self, instance) {
            Some((key, provider)) => configured::role_arn(self, key, provider),
            None => Attr::Absent,
        }
    }

    /// The region that the provider of an instance is configured with, or that is declared of the stack.
    pub fn provider_region(&self, instance: &Instance<'a>) -> Attr<String> {
        region::of_its_provider(self, instance)
    }

    /// Whether the provider block of an instance has an argument or block, `default_tags`.
    pub fn provider_has(&self, instance: &Instance<'a>, name: &str) -> bool {
        providers::block(self, instance).is_some_and(|(_, provider)| configured::has(provider, name))
    }

    /// What is declared of the stack.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// The partition an instance lands in: `aws`, `aws-us-gov`, `aws-cn`. `None` where neither ARNs nor regions show it.
    pub fn partition(&self, instance: &Instance<'a>) -> Option<String> {
        region::partition(self, instance)
    }

    pub(crate) fn providers(&self) -> &Providers {
        self.providers.get_or_init(|| Providers::of(self))
    }
}
