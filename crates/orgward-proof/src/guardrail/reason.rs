//! Why nothing denies a request: the statement that comes nearest to it, and what it lacks.

use std::collections::BTreeSet;
use std::ops::Range;

use orgward_finding::story::Nearest;
use orgward_iam::{
    Claim, Condition, ContextValue, Effect, Policy, Request, Statement, action_matches, arn_like,
};
use orgward_org::{Entity, Modality, NodeId, OrgPolicy, Organization, PolicyChain, PolicyType};

use crate::org_policies::{denials, statement_title};

/// A statement that should have denied a request, and why it does not.
pub struct Reason<'o> {
    /// The policy.
    pub org_policy: Entity<'o, OrgPolicy>,
    /// The index of the statement.
    pub statement: usize,
    /// The part of the text that makes the difference.
    pub span: Range<usize>,
    /// What to write under it.
    pub label: String,
    /// What to do.
    pub fix: String,
    /// How near it comes, nearest first.
    pub rank: u8,
}

/// How many statements of policies that bind other accounts are looked at: where thousands of accounts have a policy of
/// their own, each would be compared with those of all others.
const ELSEWHERE: usize = 500;

/// What keeps a statement from matching a request.
pub enum Mismatch<'s> {
    /// It does not name the action.
    Action(&'s Statement),
    /// It does not name the resource.
    Resource(&'s Statement),
    /// A condition is not met.
    Condition(&'s Condition),
}

/// The statement that comes nearest to denying a request of the account at the end of a policy chain, which a prohibition
/// describes. Only statements that are meant like the prohibition count: whoever locks regions or denies everything in
/// a quarantine did not mean to keep a trail.
pub fn nearest<'o>(
    organization: &'o Organization,
    chain: &PolicyChain<'o>,
    claim: &Claim,
    request: &Request,
) -> Option<Reason<'o>> {
    let wanted = claim.policy().statements.first()?;
    let here: BTreeSet<NodeId> =
        chain.levels.iter().flat_map(|level| &level.attached).map(|it| it.org_policy.id).collect();
    let of_kind = || organization.org_policies().filter(|org_policy| org_policy.kind == chain.kind);
    let mut best: Option<Reason<'o>> = None;
    let mut look_at = |(org_policy, index, statement): (Entity<'o, OrgPolicy>, usize, &'o Statement)| {
        let Some(policy) = org_policy.data.document.policy() else { return };
        // A statement about other services has nothing to do with it.
        if !statement.covers_action(&request.action) && !same_service(statement, &request.action) {
            return;
        }
        let mismatches = mismatches(policy, statement, request);
        if !is_akin(statement, wanted, &mismatches) {
            return;
        }
        let found = reason((organization, chain), org_policy, (index, statement), &mismatches, request);
        if let Some(reason) = found.filter(|it| best.as_ref().is_none_or(|best| it.rank < best.rank)) {
            best = Some(reason);
        }
    };
    let statements = |org_policy| denials(org_policy).map(move |(at, it)| (org_policy, at, it));
    of_kind().filter(|it| here.contains(&it.id)).flat_map(statements).for_each(&mut look_at);
    let others = of_kind().filter(|it| !here.contains(&it.id)).flat_map(statements);
    others.take(ELSEWHERE).for_each(&mut look_at);
    best
}

/// What keeps a statement from matching a request; nothing if it matches.
pub fn mismatches<'s>(policy: &Policy, statement: &'s Statement, request: &Request) -> Vec<Mismatch<'s>> {
    let mut mismatches = Vec::new();
    let false_ones = statement.conditions.iter().filter(|condition| !condition.holds(policy, request));
    if statement.covers_action(&request.action) {
        let mut bare = statement.clone();
        bare.conditions.clear();
        if !bare.matches(policy, request) {
            mismatches.push(Mismatch::Resource(statement));
        }
    } else {
        mismatches.push(Mismatch::Action(statement));
    }
    mismatches.extend(false_ones.map(Mismatch::Condition));
    mismatches
}

fn reason<'o>(
    (organization, chain): (&Organization, &PolicyChain<'o>),
    org_policy: Entity<'o, OrgPolicy>,
    (index, statement): (usize, &Statement),
    mismatches: &[Mismatch<'_>],
    request: &Request,
) -> Option<Reason<'o>> {
    let here = chain.levels.iter().any(|level| {
        level.attached.iter().any(|it| it.org_policy.id == org_policy.id && it.modality() == Modality::Must)
    });
    let acts = here && chain.enabled != Some(false);
    let whole = statement.effect.span.clone();
    let (rank, span, label, fix) = match mismatches {
        [] if acts => return None,
        [] => {
            let (label, fix) = elsewhere(organization, chain, org_policy);
            (1, whole, label, fix)
        }
        // A statement about other services has nothing to do with it.
        [Mismatch::Action(_), ..] if !same_service(statement, &request.action) => return None,
        [mismatch] => {
            let rank = match (acts, mismatch) {
                (true, Mismatch::Condition(_) | Mismatch::Resource(_)) => 0,
                (true, Mismatch::Action(_)) => 2,
                (false, _) => 3,
            };
            (rank, span(mismatch, request), told(mismatch, request), fix(mismatch))
        }
        [mismatch, ..] if acts => (4, span(mismatch, request), lacks(mismatches, request), fixes(mismatches)),
        _ => return None,
    };
    Some(Reason { org_policy, statement: index, span, label, fix, rank })
}

/// All that a statement lacks.
fn lacks(mismatches: &[Mismatch<'_>], request: &Request) -> String {
    let each: Vec<String> = mismatches.iter().map(|mismatch| told(mismatch, request)).collect();
    each.join(", and ")
}

/// What to change so that a statement lacks nothing.
fn fixes(mismatches: &[Mismatch<'_>]) -> String {
    let mut each: Vec<String> = mismatches.iter().map(fix).collect();
    each.dedup();
    each.join(", and ")
}

/// Of policies that all act, the denial that lacks least for a request, whatever it is meant for: the name of its policy,
/// its index and itself, and what it lacks and how to mend that. Denials of other services have nothing to do with it.
pub fn nearest_among<'p>(
    policies: impl Iterator<Item = (&'p str, &'p Policy)>,
    request: &Request,
) -> Option<Nearest> {
    let mut best: Option<(usize, Nearest)> = None;
    for (name, policy) in policies {
        let denials = policy.statements.iter().enumerate().filter(|(_, it)| it.effect.value == Effect::Deny);
        for (index, statement) in
            denials.filter(|(_, it)| same_service(it, &request.action) || it.actions.not)
        {
            let mismatches = mismatches(policy, statement, request);
            let count = mismatches.len();
            if count == 0 || best.as_ref().is_some_and(|(least, _)| *least <= count) {
                continue;
            }
            let nearest = Nearest {
                policy: name.to_owned(),
                statement: statement_title(index, statement, false),
                lacks: lacks(&mismatches, request),
                fix: fixes(&mismatches),
            };
            best = Some((count, nearest));
        }
    }
    best.map(|(_, nearest)| nearest)
}

/// Why a statement that matches does not act here.
fn elsewhere(
    organization: &Organization,
    chain: &PolicyChain<'_>,
    org_policy: Entity<'_, OrgPolicy>,
) -> (String, String) {
    let name = org_policy.node.title();
    if chain.enabled == Some(false) {
        let kind = match chain.kind {
            PolicyType::ResourceControl => "resource control policies",
            _ => "service control policies",
        };
        return (
            format!("would deny it, but {kind} are not enabled"),
            format!("add `{}` to `enabled_policy_types`", chain.kind.api_name()),
        );
    }
    let targets = organization.targets_of(org_policy.id);
    let paths: Vec<String> = targets.iter().map(|(id, _)| organization.path(*id)).collect();
    let label = match paths.as_slice() {
        [] => "would deny it, but is attached to nothing".to_owned(),
        [one] => format!("would deny it, but is attached to {one} only"),
        [one, rest @ ..] => {
            format!("would deny it, but is attached elsewhere: {one} and {} more", rest.len())
        }
    };
    (label, format!("attach `{name}` to these accounts, or to a unit above them"))
}

/// What a statement lacks, in words that fit under its text.
pub fn told(mismatch: &Mismatch<'_>, request: &Request) -> String {
    match mismatch {
        Mismatch::Action(statement) if statement.actions.not => format!("spares `{}`", request.action),
        Mismatch::Action(_) => format!("does not name `{}`", request.action),
        Mismatch::Resource(statement) if statement.resources.as_ref().is_some_and(|it| it.not) => {
            format!("spares `{}`", request.resource)
        }
        Mismatch::Resource(_) => format!("does not name `{}`", request.resource),
        Mismatch::Condition(condition) => untrue(condition, request),
    }
}

fn untrue(condition: &Condition, request: &Request) -> String {
    let key = &condition.key.value;
    if let Some(arn) = principal(condition, request) {
        let negated = condition.values.iter().any(|value| arn_like(&value.value, arn));
        return if negated { format!("spares `{arn}`") } else { format!("is not about `{arn}`") };
    }
    match request.context.get(key) {
        None => format!("is not so when `{key}` is missing"),
        Some(ContextValue::One(value)) => format!("is not so when `{key}` is `{value}`"),
        Some(ContextValue::Many(values)) if values.is_empty() => format!("is not so when `{key}` is empty"),
        Some(ContextValue::Many(values)) => format!("is not so when `{key}` is `{}`", values.join("`, `")),
    }
}

/// The principal, where a condition is about it.
fn principal<'r>(condition: &Condition, request: &'r Request) -> Option<&'r str> {
    let orgward_iam::Caller::Arn(arn) = &request.caller else { return None };
    condition.key.value.eq_ignore_ascii_case("aws:PrincipalArn").then_some(arn.as_str())
}

fn span(mismatch: &Mismatch<'_>, request: &Request) -> Range<usize> {
    match mismatch {
        Mismatch::Action(statement) => {
            let mut spared = statement.actions.patterns.iter();
            let spared = spared
                .find(|pattern| statement.actions.not && action_matches(&pattern.value, &request.action));
            spared.map_or(statement.actions.span.clone(), |pattern| pattern.span.clone())
        }
        Mismatch::Resource(statement) => statement.resources.as_ref().map_or(0..0, |it| it.span.clone()),
        Mismatch::Condition(condition) => {
            let about = principal(condition, request);
            let mut values = condition.values.iter();
            let spared = values.find(|value| about.is_some_and(|arn| arn_like(&value.value, arn)));
            spared.map_or(condition.span.clone(), |value| value.span.clone())
        }
    }
}

fn fix(mismatch: &Mismatch<'_>) -> String {
    match mismatch {
        Mismatch::Action(statement) if statement.actions.not => {
            "take the action out of `NotAction`".to_owned()
        }
        Mismatch::Action(_) => "add the action to the statement".to_owned(),
        Mismatch::Resource(_) => "deny it for all resources".to_owned(),
        Mismatch::Condition(condition) if condition.key.value.eq_ignore_ascii_case("aws:PrincipalArn") => {
            "exempt fewer principals, or accept it: `exempt_principals` of the guardrail".to_owned()
        }
        Mismatch::Condition(_) => "take the condition out, or deny in a statement of its own".to_owned(),
    }
}

/// Whether a statement is meant like another one: about as many actions, and under conditions of the same kind.
fn is_akin(statement: &Statement, wanted: &Statement, mismatches: &[Mismatch<'_>]) -> bool {
    let keys = |statement: &Statement| -> BTreeSet<String> {
        let keys = statement.conditions.iter().map(|condition| condition.key.value.to_ascii_lowercase());
        keys.filter(|key| key != "aws:principalarn").collect()
    };
    let (has, wants) = (keys(statement), keys(wanted));
    match (is_wide(statement), is_wide(wanted)) {
        (false, false) => wants.is_empty() || has.is_empty() || !has.is_disjoint(&wants),
        (_, true) => has.is_empty() || !has.is_disjoint(&wants),
        // What denies everything to all but some was meant for this, too.
        (true, false) => {
            has.is_empty()
                && matches!(mismatches, [Mismatch::Condition(condition)]
                    if condition.key.value.eq_ignore_ascii_case("aws:PrincipalArn"))
        }
    }
}

/// Whether a statement is about all actions, or all but some.
fn is_wide(statement: &Statement) -> bool {
    statement.actions.not || statement.actions.patterns.iter().any(|pattern| pattern.value == "*")
}

/// Whether a statement names actions of the service that an action is of, or of all services.
pub fn same_service(statement: &Statement, action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    statement.actions.patterns.iter().any(|pattern| {
        let prefix = pattern.value.split(':').next().unwrap_or_default();
        prefix == "*" || prefix.eq_ignore_ascii_case(service)
    })
}
