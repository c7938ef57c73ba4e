use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::Budget;
use super::lazy::Lazy;
use super::test::Test;
use super::witness::published;
use crate::arn::Arn;
use crate::draft::{PolicyDraft, StatementDraft};
use crate::matching::{Subject, is_service_linked};
use crate::{
    Actions, Caller, Catalogue, Decider, Effect, Kind, NamedAccounts, Policy, PolicyChain, Request, Statement,
};

/// A set of requests: what a statement matches, who makes them, and what can be made of such sets.
///
/// It is closed under union, intersection and complement, since it is a formula; nothing is computed before somebody
/// asks for an [example](Self::example).
#[derive(Clone, Debug)]
pub struct RequestSet<'p>(Formula<'p>);

#[derive(Clone, Debug)]
pub(super) enum Formula<'p> {
    Statement(&'p Policy, &'p Statement),
    Callers(Callers),
    Action(&'p str),
    Actions(&'p Actions),
    /// What is of one partition of AWS. It stands in conjunctions only: a question has one partition, or all.
    Partition(&'static str),
    Not(Box<Formula<'p>>),
    All(Vec<Formula<'p>>),
    Any(Vec<Formula<'p>>),
}

/// Some of those who may make requests.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Callers {
    /// Users, roles, root users and federated users.
    Principals,
    /// Service-linked roles, which service control policies and resource control policies do not bind.
    ServiceLinked,
    /// Principals of some accounts, by their twelve digits.
    Accounts(BTreeSet<String>),
    /// AWS services.
    Services,
    /// Who comes with a token of an identity provider: its ARN, or its host.
    Federated(String),
}

/// How many steps it takes to compare a pattern of actions with those of other statements, and to write it down.
const OF_PATTERN: usize = 4;

/// An account, and another one in its place.
pub(super) struct StandIn {
    pub(super) stand_in: String,
    pub(super) account: String,
}

/// Whether there is such a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// There is: this one. The concrete evaluator agrees.
    Witness(Box<Request>),
    /// There is none, whatever the request.
    None,
    /// It cannot be told, for this reason.
    Undecided(String),
}

/// A statement about all resources that resource control policies reach. What has no resource of its own is left to
/// the account of the caller.
static REACHED: LazyLock<Option<Policy>> = LazyLock::new(|| {
    let services = Catalogue::get().services().filter(|service| service.takes_resource_control());
    let actions = services.map(|service| format!("{}:*", service.prefix()));
    let statement = StatementDraft::deny().actions(actions).resources(["arn:*:*:*:*:*"]);
    PolicyDraft::new(vec![statement]).parse(Kind::ServiceControl).ok()
});

/// What `UnmodifiableEntity` and `NotAuthorizedException` say for every caller (IAM user guide, "Service-linked
/// roles"; KMS developer guide, "Aliases").
static REFUSED: LazyLock<Option<Policy>> = LazyLock::new(|| {
    let roles = [
        "iam:AttachRolePolicy",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
    ];
    let policies = [
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
    ];
    let statement = |actions: &[&str], resources: &[&str]| {
        StatementDraft::deny().actions(actions.iter().copied()).resources(resources.iter().copied())
    };
    let statements = vec![
        statement(&roles, &["arn:*:iam::*:role/aws-reserved/*", "arn:*:iam::*:role/aws-service-role/*"]),
        statement(&policies, &["arn:*:iam::aws:policy/*"]),
        statement(&["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"], &["arn:*:kms:*:*:alias/aws/*"]),
    ];
    PolicyDraft::new(statements).parse(Kind::ServiceControl).ok()
});

impl Callers {
    /// Whether the caller of a request is one of them.
    pub fn contains(&self, request: &Request) -> bool {
        match self {
            Self::Principals => matches!(request.caller, Caller::Arn(_)),
            Self::ServiceLinked => is_service_linked(request),
            Self::Accounts(accounts) => {
                Subject::of(request).account().is_some_and(|account| accounts.contains(account))
            }
            Self::Services => matches!(request.caller, Caller::Service(_)),
            Self::Federated(provider) => {
                let pattern = crate::PrincipalPattern::Federated(provider.clone());
                matches!(request.caller, Caller::Federated(_)) && Subject::of(request).is_named_by(&pattern)
            }
        }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &str> {
        let accounts = match self {
            Self::Accounts(accounts) => Some(accounts),
            Self::Principals | Self::ServiceLinked | Self::Services | Self::Federated(_) => None,
        };
        accounts.into_iter().flatten().map(String::as_str)
    }
}

impl<'p> RequestSet<'p> {
    /// Every request.
    pub fn everything() -> Self {
        Self(Formula::All(Vec::new()))
    }

    /// No request.
    pub fn nothing() -> Self {
        Self(Formula::Any(Vec::new()))
    }

    /// The requests that a statement of a policy matches, whatever its effect.
    pub fn matched(policy: &'p Policy, statement: &'p Statement) -> Self {
        Self(Formula::Statement(policy, statement))
    }

    /// The requests that some of these callers make.
    pub fn by(callers: Callers) -> Self {
        Self(Formula::Callers(callers))
    }

    /// The requests in one partition of AWS, such as `aws-us-gov`; all requests where AWS has no such partition. Callers
    /// and resources of other partitions do not exist for a question about it.
    pub fn in_partition(name: &str) -> Self {
        let known = Catalogue::get().partitions().map(|(known, _)| known).find(|known| *known == name);
        known.map_or_else(Self::everything, |known| Self(Formula::Partition(known)))
    }

    /// The requests that service control policies bind: of principals that are no service-linked roles.
    pub fn bound() -> Self {
        Self::by(Callers::Principals).minus(Self::by(Callers::ServiceLinked))
    }

    /// The requests that a policy allows and does not deny.
    pub fn allowed(policy: &'p Policy) -> Self {
        Self::effect(policy, Effect::Allow).minus(Self::effect(policy, Effect::Deny))
    }

    /// The requests that a statement with an effect matches.
    pub fn effect(policy: &'p Policy, effect: Effect) -> Self {
        let statements = policy.statements.iter().filter(|statement| statement.effect.value == effect);
        Self(Formula::Any(statements.map(|statement| Formula::Statement(policy, statement)).collect()))
    }

    /// The requests that a chain of service control policies leaves open: those that it does not bind, and those
    /// that every level allows and none denies.
    pub fn passed(chain: &PolicyChain<'p>) -> Self {
        let open = chain.0.iter().fold(Self::everything(), |open, level| {
            let allowed = Self::joined(&level.policies, Effect::Allow);
            open.and(allowed).minus(Self::joined(&level.policies, Effect::Deny))
        });
        Self::bound().not().or(open)
    }

    /// The requests that a chain of resource control policies leaves open: those that it does not bind, and those
    /// that it does not deny. A denial of an action of a service that such policies do not reach denies nothing.
    pub fn passed_by_resource(chain: &PolicyChain<'p>) -> Self {
        let open = chain
            .0
            .iter()
            .fold(Self::everything(), |open, level| open.minus(Self::joined(&level.policies, Effect::Deny)));
        Self::bound_by_resource_control().not().or(open)
    }

    /// The requests that IAM and KMS refuse whatever the policies say: nobody changes AWS-managed policies, roles of
    /// IAM Identity Center, service-linked roles and the aliases of AWS-managed keys.
    pub fn refused_by_aws() -> Self {
        REFUSED.as_ref().map_or_else(Self::nothing, |policy| Self::effect(policy, Effect::Deny))
    }

    /// The requests that resource control policies bind: not those of service-linked roles, not the retirement of
    /// grants, and only those for resources of services that such policies reach.
    pub fn bound_by_resource_control() -> Self {
        let reached =
            REACHED.as_ref().map_or_else(Self::nothing, |policy| Self::effect(policy, Effect::Deny));
        let free = Self::by(Callers::ServiceLinked).or(Self(Formula::Action("kms:RetireGrant")));
        reached.minus(free)
    }

    fn joined(policies: &[Decider<'p>], effect: Effect) -> Self {
        let sets = policies.iter().map(|decider| Self::effect(decider.policy, effect).0);
        Self(Formula::Any(sets.collect()))
    }

    /// The requests in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Formula::All(mut all), Formula::All(more)) => {
                all.extend(more);
                Self(Formula::All(all))
            }
            (Formula::All(mut all), one) | (one, Formula::All(mut all)) => {
                all.push(one);
                Self(Formula::All(all))
            }
            (left, right) => Self(Formula::All(vec![left, right])),
        }
    }

    /// The requests in one of the sets.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(Formula::Any(vec![self.0, other.0]))
    }

    /// The requests that are not in the set.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "the other operations are no operators either")]
    pub fn not(self) -> Self {
        match self.0 {
            Formula::Not(inner) => Self(*inner),
            formula => Self(Formula::Not(Box::new(formula))),
        }
    }

    /// The requests that are in this set and not in the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.and(other.not())
    }

    /// Whether a request is in the set, which the concrete evaluator decides.
    pub fn contains(&self, request: &Request) -> bool {
        self.0.contains(request)
    }

    pub(super) fn formula(&self) -> &Formula<'p> {
        &self.0
    }

    /// Whether there is no such request, for certain.
    pub fn is_empty(&self) -> bool {
        self.emptiness() == Ok(true)
    }

    /// Whether there is no such request; an error where that is not decided.
    pub fn emptiness(&self) -> Result<bool, String> {
        self.request(Budget::QUESTION).map(|request| request.is_none())
    }

    /// A request of the set; none if and only if it is empty.
    pub fn example(&self) -> Answer {
        self.example_within(Budget::QUESTION)
    }

    /// A request of the set, unless it takes more than some steps to tell.
    pub(super) fn example_within(&self, steps: usize) -> Answer {
        match self.request(steps) {
            Ok(Some(request)) => Answer::Witness(Box::new(published(self, request))),
            Ok(None) => Answer::None,
            Err(reason) => Answer::Undecided(reason),
        }
    }

    fn request(&self, steps: usize) -> Result<Option<Request>, String> {
        self.ask(steps, |budget| Lazy::of(&self.narrowed()).example(budget))
    }

    /// Asks something about the set that may take some steps.
    pub(super) fn ask<T>(
        &self,
        steps: usize,
        find: impl FnOnce(&mut Budget) -> Result<T, String>,
    ) -> Result<T, String> {
        Budget::ask(steps, |budget| {
            budget.spend(self.formula().patterns().saturating_mul(OF_PATTERN))?;
            find(budget)
        })
    }

    pub(super) fn all(parts: Vec<Formula<'p>>) -> Self {
        Self(Formula::All(parts))
    }

    /// The same set with an account in the place of the one whose principals make all of its requests, unless something
    /// in it tells the two apart; and which stands for which.
    pub(super) fn by_stand_in(&self) -> Option<(Self, StandIn)> {
        let Formula::All(parts) = &self.0 else { return None };
        let own = |part: &Formula<'_>| match part {
            Formula::Callers(Callers::Accounts(accounts)) if accounts.len() == 1 => accounts.first().cloned(),
            _ => None,
        };
        let account = parts.iter().find_map(own)?;
        let mut named = NamedAccounts::default();
        for part in parts.iter().filter(|part| own(part).as_ref() != Some(&account)) {
            part.leaves(&mut |leaf| match leaf {
                Formula::Statement(_, statement) => named.add(statement),
                Formula::Callers(callers) => {
                    callers.accounts().for_each(|account| named.add_account(account));
                }
                _ => {}
            });
        }
        let stand_in = named.stand_ins().of(Some(&account));
        let parts = parts.iter().map(|part| match own(part) {
            Some(it) if it == account => Formula::Callers(Callers::Accounts([stand_in.clone()].into())),
            _ => part.clone(),
        });
        Some((Self(Formula::All(parts.collect())), StandIn { stand_in, account }))
    }

    /// The same set without the statements that cannot matter: those about other actions than its requests are for.
    pub(super) fn narrowed(&self) -> Self {
        Self(self.0.among(&mut Vec::new()))
    }
}

impl<'p> Formula<'p> {
    pub(super) fn contains(&self, request: &Request) -> bool {
        match self {
            Self::Statement(policy, statement) => statement.matches(policy, request),
            Self::Callers(callers) => callers.contains(request),
            Self::Action(_) | Self::Actions(_) => {
                self.tests().iter().all(|(test, holds)| test.holds(request) == *holds)
            }
            Self::Partition(partition) => {
                let is_there = |arn: &str| Arn::parse(arn).is_none_or(|arn| arn.partition == *partition);
                is_there(&request.resource) && !matches!(&request.caller, Caller::Arn(arn) if !is_there(arn))
            }
            Self::Not(inner) => !inner.contains(request),
            Self::All(all) => all.iter().all(|each| each.contains(request)),
            Self::Any(any) => any.iter().any(|each| each.contains(request)),
        }
    }

    /// The formula where all requests are for actions of each of some lists.
    fn among(&self, actions: &mut Vec<&'p Actions>) -> Self {
        let nothing = Self::is_nothing;
        let everything = |formula: &Self| matches!(formula, Self::All(all) if all.is_empty());
        match self {
            Self::Statement(_, statement) => {
                let is_met = actions.iter().all(|wanted| statement.actions.meets(wanted));
                if is_met { self.clone() } else { Self::Any(Vec::new()) }
            }
            Self::Callers(_) | Self::Action(_) | Self::Actions(_) | Self::Partition(_) => self.clone(),
            Self::Not(inner) => match inner.among(actions) {
                Self::Not(inner) => *inner,
                Self::Any(any) if any.is_empty() => Self::All(any),
                Self::All(all) if all.is_empty() => Self::Any(all),
                inner => Self::Not(Box::new(inner)),
            },
            Self::All(all) => {
                let known = actions.len();
                self.require(actions);
                let mut parts: Vec<Self> = all.iter().map(|part| part.among(actions)).collect();
                actions.truncate(known);
                if parts.iter().any(nothing) {
                    return Self::Any(Vec::new());
                }
                parts.retain(|part| !everything(part));
                Self::All(parts)
            }
            Self::Any(any) => {
                let mut parts: Vec<Self> = any.iter().map(|part| part.among(actions)).collect();
                if parts.iter().any(everything) {
                    return Self::All(Vec::new());
                }
                parts.retain(|part| !nothing(part));
                Self::Any(parts)
            }
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Self::Any(any) if any.iter().all(Self::is_nothing))
    }

    /// Notes the lists of which every request has an action.
    fn require(&self, actions: &mut Vec<&'p Actions>) {
        match self {
            Self::Statement(_, statement) => actions.push(&statement.actions),
            Self::All(all) => all.iter().for_each(|part| part.require(actions)),
            Self::Any(any) => {
                let mut ways = any.iter().filter(|way| !way.is_nothing());
                if let (Some(way), None) = (ways.next(), ways.next()) {
                    way.require(actions);
                }
            }
            _ => {}
        }
    }

    /// How many patterns of actions it has, and parts.
    fn patterns(&self) -> usize {
        1 + match self {
            Self::Statement(_, statement) => statement.actions.patterns.len(),
            Self::Actions(actions) => actions.patterns.len(),
            Self::Not(inner) => inner.patterns(),
            Self::All(all) | Self::Any(all) => all.iter().map(Self::patterns).sum(),
            Self::Callers(_) | Self::Action(_) | Self::Partition(_) => 0,
        }
    }

    /// How many steps it takes to ask whether a request is in it.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Partition(_) => 1,
            Self::Statement(..) | Self::Callers(_) | Self::Action(_) | Self::Actions(_) => {
                self.tests().iter().map(|(test, _)| test.weight()).sum()
            }
            Self::Not(inner) => inner.weight(),
            Self::All(all) | Self::Any(all) => 1 + all.iter().map(Self::weight).sum::<usize>(),
        }
    }

    /// The tests that it makes where it is not made of other formulas, each with whether it must hold: all must.
    pub(super) fn tests(&self) -> Vec<(Test<'_>, bool)> {
        match self {
            Self::Statement(policy, statement) => {
                let deny = statement.effect.value == Effect::Deny;
                let mut tests = vec![(Test::Actions(&statement.actions), !statement.actions.not)];
                tests.extend(statement.principals.as_ref().map(|it| (Test::Principals(it, deny), true)));
                let resources = statement.resources.as_ref();
                tests.extend(resources.map(|it| (Test::Resources(it, policy.version), !it.not)));
                tests
                    .extend(statement.conditions.iter().map(|line| (Test::Line(line, policy.version), true)));
                tests
            }
            Self::Callers(callers) => vec![(Test::Callers(callers), true)],
            Self::Action(name) => vec![(Test::Action(name), true)],
            Self::Actions(actions) => vec![(Test::Actions(actions), !actions.not)],
            Self::Partition(_) | Self::Not(_) | Self::All(_) | Self::Any(_) => Vec::new(),
        }
    }

    /// The context keys that it asks for where it is not made of other formulas, also by variables.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let statement = if let Self::Statement(_, statement) = self { Some(*statement) } else { None };
        statement.into_iter().flat_map(Statement::keys)
    }

    /// The keys of the variables of a statement.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let statement = if let Self::Statement(_, statement) = self { Some(*statement) } else { None };
        statement.into_iter().flat_map(super::known::variables)
    }

    /// Calls a function for every statement in it.
    pub(super) fn statements(&self, call: &mut impl FnMut(&'p Policy, &'p Statement)) {
        match self {
            Self::Statement(policy, statement) => call(policy, statement),
            Self::Not(inner) => inner.statements(call),
            Self::All(all) | Self::Any(all) => all.iter().for_each(|each| each.statements(call)),
            _ => {}
        }
    }

    /// Calls a function for every formula in it that is not made of others.
    pub(super) fn leaves<'f>(&'f self, call: &mut impl FnMut(&'f Self)) {
        match self {
            Self::Not(inner) => inner.leaves(call),
            Self::All(all) | Self::Any(all) => all.iter().for_each(|each| each.leaves(call)),
            leaf => call(leaf),
        }
    }

    /// What makes it the same question as another one.
    pub(super) fn identity(&self) -> String {
        let mut identity = String::new();
        self.identify(&mut identity);
        identity
    }

    fn identify(&self, out: &mut String) {
        let mut list = |mark: char, all: &[Self]| {
            out.push(mark);
            for each in all {
                each.identify(out);
            }
            out.push(')');
        };
        match self {
            Self::Not(inner) => {
                out.push('!');
                inner.identify(out);
            }
            Self::All(all) => list('&', all),
            Self::Any(any) => list('|', any),
            Self::Partition(partition) => out.push_str(partition),
            leaf => {
                for (test, holds) in leaf.tests() {
                    out.push(if holds { '+' } else { '-' });
                    out.push_str(&test.identity());
                }
                out.push(';');
            }
        }
    }
}

impl Answer {
    /// The request that shows it, if there is one.
    pub fn witness(&self) -> Option<&Request> {
        match self {
            Self::Witness(request) => Some(request),
            Self::None | Self::Undecided(_) => None,
        }
    }
}
