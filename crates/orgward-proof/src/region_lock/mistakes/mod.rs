//! Mistakes that people make when they lock regions, each shown by a request.
//!
//! A mistake counts only where mending it changes an answer. What weakens a lock is found by asking for a request that
//! the mended statement would deny and that the guardrails leave open; what closes too much, by a request that should
//! be open and is denied. So a slip that harms nothing, or that another guardrail makes good, stays silent.

mod allow;
mod context;
mod exempt;
mod shut;
mod weak;

pub use self::exempt::is_of_control_tower;

use std::collections::BTreeMap;
use std::ops::Range;

use orgward_finding::Severity;
use orgward_iam::{BaseOperator, Condition, Effect, Policy, Request, Statement};
use orgward_org::{Entity, Key, Modality, NodeId, OrgPolicy, PolicyChain};

use self::context::{LockContext, Premises};
use super::{Signature, names_accounts, region_conditions};
use crate::org_policies::Group;
use crate::region_lock::Regions;

/// A kind of mistake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A positive operator denies the regions that should be open.
    Inverted,
    /// Statements that each leave other regions open, and together none.
    Split,
    /// A further condition, without which the lock would be tight.
    SecondCondition,
    /// An exempt principal that others can make or take over.
    Forgeable,
    /// An exempt name that anybody can take in an account where it is free.
    AnyAccount,
    /// Something that was to be replaced.
    Placeholder,
    /// The path of Identity Center's roles with a region in it.
    IdentityCenterPath,
    /// A list of actions where all are meant.
    ActionList,
    /// `NotAction` with regional services.
    BroadExemption,
    /// A list of resources where all are meant.
    ResourceList,
    /// A pattern of regions.
    RegionPattern,
    /// A region that AWS does not list.
    UnlistedRegion,
    /// A region in capital letters.
    RegionCase,
    /// An `Allow` that is to lock, and another one beside it.
    AllowBesideAllow,
    /// An `Allow` that locks, and none for the global services.
    AllowWithoutGlobal,
    /// An `Allow` that also holds without the key.
    AllowIfExists,
    /// An `Allow` that holds for no value at all.
    AllowForAllValues,
}

impl Kind {
    pub const fn severity(self) -> Severity {
        match self {
            Self::Inverted | Self::Split | Self::AllowWithoutGlobal => Severity::High,
            Self::Placeholder
            | Self::SecondCondition
            | Self::Forgeable
            | Self::AnyAccount
            | Self::ActionList
            | Self::BroadExemption
            | Self::ResourceList
            | Self::AllowBesideAllow => Severity::Medium,
            Self::IdentityCenterPath
            | Self::RegionPattern
            | Self::UnlistedRegion
            | Self::RegionCase
            | Self::AllowIfExists
            | Self::AllowForAllValues => Severity::Low,
        }
    }

    /// The mistake in words that quote nothing.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Inverted => "the lock denies the regions that should be open, and no others",
            Self::Split => {
                "each statement denies the regions that the other leaves open: together they deny all"
            }
            Self::SecondCondition => "a second condition weakens the lock",
            Self::Forgeable => "others can become a principal that the lock exempts",
            Self::AnyAccount => "the lock exempts a name in every account, and nothing protects it there",
            Self::Placeholder => "a placeholder was left in the lock",
            Self::IdentityCenterPath => "the exemption misses roles of Identity Center",
            Self::ActionList => "the lock denies only the actions that it lists",
            Self::BroadExemption => "`NotAction` exempts regional actions",
            Self::ResourceList => "the lock covers only some resources",
            Self::RegionPattern => "the lock leaves a pattern of regions open",
            Self::UnlistedRegion => "the lock names a region that AWS does not list",
            Self::RegionCase => "the lock names a region in capital letters",
            Self::AllowBesideAllow => "an `Allow` locks nothing while another one stands beside it",
            Self::AllowWithoutGlobal => "an `Allow` that locks regions shuts out global services",
            Self::AllowIfExists => "`IfExists` in an `Allow` admits requests without a region",
            Self::AllowForAllValues => "`ForAllValues` in an `Allow` admits requests without a region",
        }
    }

    pub const fn help(self) -> &'static str {
        match self {
            Self::Inverted => "use `StringNotEquals`: the statement denies what its condition matches",
            Self::Split => "use one statement with all allowed regions",
            Self::SecondCondition => {
                "move the condition to a statement of its own: all conditions of a statement have to hold"
            }
            Self::Forgeable | Self::AnyAccount => {
                "deny `iam:CreateRole` and `iam:UpdateAssumeRolePolicy` for that name to everybody else, or name one \
                 principal of one account; `exempt_principals` in `orgward.toml` accepts it"
            }
            Self::Placeholder => "write what is meant, or remove it",
            Self::IdentityCenterPath => {
                "write `sso.amazonaws.com*/`: the path has a region in it unless that is us-east-1"
            }
            Self::ActionList => {
                "use `NotAction` with the global services, so that new services are locked, too"
            }
            Self::BroadExemption => {
                "exempt global services only, or accept them: `exempt_actions` in `orgward.toml`"
            }
            Self::ResourceList => {
                "use `\"Resource\": \"*\"`: actions without a resource match nothing narrower"
            }
            Self::RegionPattern => "list the regions: a pattern also matches those that AWS opens later",
            Self::UnlistedRegion => "correct the name; if it is right, the region is newer than this program",
            Self::RegionCase => "write the region in lower case: `StringNotEquals` compares letter by letter",
            Self::AllowBesideAllow => "detach the other one from this level, or lock with `Deny`",
            Self::AllowWithoutGlobal => "allow the global services at every level, or lock with `Deny`",
            Self::AllowIfExists => "use the operator without `IfExists`",
            Self::AllowForAllValues => "use the operator without `ForAllValues`: the key has one value",
        }
    }

    /// Whether it leaves something open, and does not close too much.
    pub const fn opens(self) -> bool {
        !matches!(
            self,
            Self::Split
                | Self::Placeholder
                | Self::IdentityCenterPath
                | Self::RegionCase
                | Self::AllowWithoutGlobal
        )
    }

    /// Whether it can close the regions that should be open.
    pub const fn closes_home(self) -> bool {
        matches!(
            self,
            Self::Inverted | Self::Split | Self::Placeholder | Self::UnlistedRegion | Self::RegionCase
        )
    }
}

/// A mistake in a statement.
#[derive(Clone)]
pub struct Mistake {
    /// What kind of mistake it is.
    pub kind: Kind,
    /// The policy that has it.
    pub org_policy: NodeId,
    /// Index of the statement.
    pub statement: usize,
    /// What is wrong, in one sentence that may quote the statement.
    pub message: String,
    /// Where, each with the guardrail whose text it is and a label that may quote it.
    pub places: Vec<(NodeId, Range<usize>, String)>,
    /// A request that shows it.
    pub witness: Request,
}

/// The mistakes that were found about chains of guardrails, so that places with the same chain share the work.
#[derive(Default)]
pub struct Mistakes(BTreeMap<Signature, Vec<Mistake>>);

impl Mistakes {
    /// The mistakes in the guardrails of a group.
    pub fn of(&mut self, settings: &Regions, allowed: &super::Allowed, group: &Group<'_>) -> Vec<Mistake> {
        let find = || find(settings, allowed, &group.chain, &group.account_id());
        if names_accounts(&group.chain) {
            return find();
        }
        self.0.entry(group.chain.signature()).or_insert_with(find).clone()
    }
}

/// A statement that is meant to lock regions, or seems to be.
#[derive(Clone, Copy)]
struct Lock<'l> {
    org_policy: Entity<'l, OrgPolicy>,
    /// The level that it is attached to.
    level: NodeId,
    policy: &'l Policy,
    statement: &'l Statement,
    index: usize,
}

fn find(
    settings: &Regions,
    allowed: &super::Allowed,
    chain: &PolicyChain<'_>,
    account: &str,
) -> Vec<Mistake> {
    let mut locks = locks(chain);
    locks.sort_by_cached_key(Lock::order);
    if locks.is_empty() || chain.enabled == Some(false) {
        return Vec::new();
    }
    let Some(premises) = Premises::of(settings, &allowed.regions) else { return Vec::new() };
    let context = LockContext { settings, regions: premises.regions(), chain, account, premises: &premises };
    let mut found = Vec::new();
    shut::find(&context, &locks, &mut found);
    weak::find(&context, &locks, &mut found);
    exempt::find(&context, &locks, &mut found);
    allow::find(&context, &locks, &mut found);
    found
}

/// The statements about regions in the guardrails that are certainly there.
fn locks<'l>(chain: &PolicyChain<'l>) -> Vec<Lock<'l>> {
    let mut locks = Vec::new();
    for level in &chain.levels {
        for attached in &level.attached {
            if attached.attachment.resolved.modality() != Modality::Must {
                continue;
            }
            let org_policy = attached.org_policy;
            let Some(policy) = org_policy.data.document.policy() else { continue };
            let statements = policy.statements.iter().enumerate();
            locks.extend(
                statements.filter(|(_, statement)| is_attempt(statement)).map(|(index, statement)| Lock {
                    org_policy,
                    level: level.id,
                    policy,
                    statement,
                    index,
                }),
            );
        }
    }
    locks
}

/// Whether a statement may be meant to lock regions: it asks for the region, and is about whole services.
fn is_attempt(statement: &Statement) -> bool {
    let whole = |pattern: &str| pattern == "*" || pattern.ends_with(":*");
    let actions = &statement.actions;
    region_conditions(&statement.conditions).any(|line| line.operator.value.base != BaseOperator::Null)
        && (actions.not || actions.patterns.iter().any(|pattern| whole(&pattern.value)))
}

impl Lock<'_> {
    /// What puts statements in an order that does not depend on where they stand.
    fn order(&self) -> (Key, String) {
        let text = self.policy.text().get(self.statement.span.clone()).unwrap_or_default();
        (self.org_policy.node.key.clone(), text.split_whitespace().collect::<String>())
    }

    fn denies(&self) -> bool {
        self.statement.effect.value == Effect::Deny
    }

    /// Whether it denies what is elsewhere, as a lock should.
    fn is_upright(&self) -> bool {
        self.denies()
            && region_conditions(&self.statement.conditions).all(|line| line.operator.value.is_negated())
    }

    /// Whether it is about all actions, or all but some.
    fn is_broad(&self) -> bool {
        let actions = &self.statement.actions;
        actions.not || actions.patterns.iter().any(|pattern| pattern.value == "*")
    }

    /// The statement without some of its conditions.
    fn without(&self, drop: impl Fn(&Condition) -> bool) -> Statement {
        let mut statement = self.statement.clone();
        statement.conditions.retain(|line| !drop(line));
        statement
    }

    fn mistake(
        &self,
        kind: Kind,
        message: impl Into<String>,
        places: impl IntoIterator<Item = (Range<usize>, String)>,
        witness: Request,
    ) -> Mistake {
        let places = places.into_iter().map(|(span, label)| (self.org_policy.id, span, label)).collect();
        Mistake {
            kind,
            org_policy: self.org_policy.id,
            statement: self.index,
            message: message.into(),
            places,
            witness,
        }
    }
}

fn is_region(line: &Condition) -> bool {
    line.key.value.eq_ignore_ascii_case(super::REQUESTED_REGION)
}

fn is_principal(line: &Condition) -> bool {
    line.key.value.eq_ignore_ascii_case("aws:PrincipalArn")
}
