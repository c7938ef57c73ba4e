//! Statements that cannot act, whatever they are attached to.

use std::collections::BTreeSet;
use std::ops::Range;

use orgward_finding::Severity;
use orgward_iam::{
    Catalogue, Claim, ClaimSpec, Condition, Dead, Effect, Effectiveness, Gravity, Problem, RequestSet,
    Statement, cause, is_account_id, placeholder,
};
use orgward_org::{Entity, OrgPolicy, PolicyChain, PolicyType};

use super::INERT_GUARDRAIL;
use crate::{Context, Findings};
use orgward_proof::access::is_organization;
use orgward_proof::chains::enumerate;
use orgward_proof::org_policies::{source, statement_key, statement_title};
use orgward_proof::region_lock::region_conditions;

pub(super) fn check(cx: &Context<'_>, org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let document = &org_policy.data.document;
    let (Some(policy), Some(_)) = (document.policy(), &org_policy.node.address) else { return };
    misspelt(org_policy, findings);
    let waiting = placeholders(org_policy, findings);
    // The mistake explains that the statement does nothing.
    let mut told = mistaken(cx, org_policy, &waiting, findings);
    told.extend(&waiting);
    let members = of_members(cx, org_policy);
    for (index, statement) in policy.statements.iter().enumerate() {
        let is_told =
            never_about(org_policy, statement, findings) || is_misspelt(statement) || told.contains(&index);
        // A placeholder explains whatever else is wrong.
        if !waiting.contains(&index) {
            never_matches(org_policy, (index, statement), members.as_ref(), is_told, findings);
        }
    }
}

/// Checks that this rule makes in its own way, or another rule: misspelt actions together, statements that nothing meets,
/// and what is too long.
const TOLD_ELSEWHERE: [&str; 5] = [
    "empty-array-action",
    "invalid-action",
    "policy-size-exceeds-rcp-quota",
    "policy-size-exceeds-scp-quota",
    "unsatisfiable-statement",
];

/// Reports what the document cannot mean, as the check of documents finds it. The statements in which there is any.
fn mistaken(
    cx: &Context<'_>,
    guardrail: Entity<'_, OrgPolicy>,
    waiting: &BTreeSet<usize>,
    findings: &mut Findings,
) -> BTreeSet<usize> {
    let document = &guardrail.data.document;
    let Some(policy) = document.policy() else { return BTreeSet::new() };
    let mut told: BTreeSet<(&str, Option<usize>)> = BTreeSet::new();
    for problem in cx.documents.problems(policy).iter() {
        let Some(statement) = problem.statement.and_then(|at| policy.statements.get(at)) else { continue };
        let is_mistake = !TOLD_ELSEWHERE.contains(&problem.code)
            && statement.effect.value == Effect::Deny
            && matches!(problem.effectiveness, Effectiveness::Inert | Effectiveness::Overreaching)
            && !problem.statement.is_some_and(|at| waiting.contains(&at));
        // One finding for a mistake that a statement makes twice.
        if is_mistake
            && !is_told_otherwise(problem, statement)
            && told.insert((problem.code, problem.statement))
        {
            mistake(guardrail, statement, problem, findings);
        }
    }
    told.into_iter().filter_map(|(_, statement)| statement).collect()
}

/// Whether another check of the rules says it.
fn is_told_otherwise(problem: &Problem, statement: &Statement) -> bool {
    match problem.code {
        // A service that is unknown altogether may be new; a single action is told by its list.
        "invalid-service-in-action" => !problem.help.contains("did you mean") || !problem.help.contains(":*"),
        "wildcard-without-like-operator" => {
            problem.effectiveness == Effectiveness::Inert || problem.path.ends_with("RequestedRegion")
        }
        "resource-of-no-action" => {
            let mut listed =
                statement.actions.patterns.iter().flat_map(|it| Catalogue::get().actions_matching(&it.value));
            listed.all(|action| !action.has_resource_types())
        }
        // What is wrong with a region lock is told by `region-lock-mistake`.
        "unfilled-placeholder" => region_conditions(&statement.conditions).next().is_some(),
        "empty-array-condition" | "invalid-region" => problem.path.contains("RequestedRegion"),
        _ => false,
    }
}

fn mistake(
    guardrail: Entity<'_, OrgPolicy>,
    statement: &Statement,
    problem: &Problem,
    findings: &mut Findings,
) {
    let document = &guardrail.data.document;
    let finding = findings.about(&INERT_GUARDRAIL, guardrail.node);
    // A name that is near to none may be one that AWS has added since.
    let is_certain = problem.gravity == Gravity::Error
        && (!problem.code.contains("condition-key") || problem.help.contains("did you mean"));
    if !is_certain {
        finding.severity = Severity::Low;
    }
    finding.subject(format!("{} {}", problem.code, statement_key(document, statement)));
    let index = problem.statement.unwrap_or_default();
    let title = statement_title(index, statement, document.text.is_sensitive());
    if document.text.is_sensitive() {
        finding.says(format!("statement {title} does not do what it says"));
        finding.help("the document is sensitive: run `orgward policy check` on it");
        return;
    }
    finding.says(format!("statement {title}: {}", problem.message));
    finding.show(&source(document), problem.span.clone(), problem.code);
    finding.help(&problem.help);
}

/// Reports denials of actions that AWS does not list.
fn misspelt(org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let document = &org_policy.data.document;
    let (Some(policy), Some(_)) = (document.policy(), &org_policy.node.address) else { return };
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

    let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
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

/// Reports what somebody was to replace in a template. The statements in which there is any.
fn placeholders(org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) -> BTreeSet<usize> {
    let document = &org_policy.data.document;
    let statements = document.policy().map_or(&[][..], |policy| &policy.statements);
    let mut found: Vec<(usize, &str, Range<usize>)> = Vec::new();
    // What is wrong with a region lock is told by `region-lock-mistake`.
    let is_lock = |statement: &Statement| region_conditions(&statement.conditions).next().is_some();
    for (index, statement) in statements.iter().enumerate().filter(|(_, it)| !is_lock(it)) {
        let actions = statement.actions.patterns.iter();
        let resources = statement.resources.iter().flat_map(|it| &it.patterns);
        let values = statement.conditions.iter().flat_map(|it| &it.values);
        let texts = actions.chain(resources).chain(values);
        found.extend(texts.filter_map(|it| Some((index, placeholder(&it.value)?, it.span.clone()))));
    }
    let waiting: BTreeSet<usize> = found.iter().map(|(index, ..)| *index).collect();
    if waiting.is_empty() {
        return waiting;
    }
    let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
    let keys = waiting.iter().filter_map(|index| Some(statement_key(document, statements.get(*index)?)));
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    finding.subject(format!("placeholder {}", keys.join(" ")));
    if document.text.is_sensitive() {
        finding.says("has a placeholder that nobody has filled in");
    } else {
        let names: BTreeSet<&str> = found.iter().map(|(_, name, _)| *name).collect();
        let names = enumerate(names.iter().map(|name| format!("`{name}`")), "placeholders");
        finding.says(format!("waits for somebody to fill in {names}"));
    }
    for (.., span) in found.into_iter().take(3) {
        finding.show(&source(document), span, "matches only what is written here");
    }
    finding.help("put the value in its place");
    waiting
}

/// Whether an action of a denial is not listed, which is told with all others.
fn is_misspelt(statement: &Statement) -> bool {
    let mut patterns = statement.actions.patterns.iter();
    patterns.any(|pattern| Catalogue::get().actions_matching(&pattern.value).next().is_none())
}

/// Whether some request matches a statement for sure: it names a listed action, everything, and no condition.
fn surely_matches(statement: &Statement) -> bool {
    let everything = statement
        .resources
        .as_ref()
        .is_some_and(|it| !it.not && it.patterns.iter().any(|pattern| pattern.value == "*"));
    let mut actions = statement.actions.patterns.iter();
    let listed = |pattern: &str| Catalogue::get().actions_matching(pattern).next().is_some();
    everything
        && statement.conditions.is_empty()
        && !statement.actions.not
        && actions.any(|it| listed(&it.value))
}

/// The requests of those whom a service control policy binds, as far as the organization is known: they are members of
/// it, and none is of the management account.
fn of_members(cx: &Context<'_>, org_policy: Entity<'_, OrgPolicy>) -> Option<Claim> {
    if org_policy.data.kind != PolicyType::ServiceControl {
        return None;
    }
    let target = cx.after.targets_of(org_policy.id).first().map(|(target, _)| *target);
    let near = target.or_else(|| cx.after.management()).or_else(|| cx.after.root())?;
    let organization = cx.after.perimeter(near).organization.filter(|id| is_organization(id))?;
    let mut spec = ClaimSpec::default();
    let mut set = |operator: &str, key: &str, value: String| {
        spec.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), vec![value]);
    };
    set("StringEquals", "aws:PrincipalOrgID", organization);
    let management = cx.after.management().and_then(|id| cx.after.symbolic_account_id(id));
    if let Some(management) = management.filter(|id| is_account_id(id)) {
        set("StringNotEquals", "aws:PrincipalAccount", management.to_owned());
    }
    Claim::new(spec).ok()
}

/// Reports a statement that no request can match; one without conditions only where nothing was told of it yet.
fn never_matches(
    org_policy: Entity<'_, OrgPolicy>,
    (index, statement): (usize, &Statement),
    members: Option<&Claim>,
    is_told: bool,
    findings: &mut Findings,
) {
    let document = &org_policy.data.document;
    let is_settled = surely_matches(statement) || is_told && statement.conditions.is_empty();
    let Some(policy) = document.policy().filter(|_| !is_settled) else { return };
    let is_dead = |statement: &Statement| {
        let matched = RequestSet::matched(policy, statement);
        let bound = PolicyChain::bound(&org_policy.data.kind).and(matched);
        members.into_iter().fold(bound, |set, members| set.and(members.requests())).is_empty()
    };
    if !is_dead(statement) {
        return;
    }
    // The condition that is to blame, where there is a single one.
    let alone = |condition: &&Condition| {
        let mut alone = statement.clone();
        alone.conditions = vec![(*condition).clone()];
        is_dead(&alone)
    };
    let blamed = statement.conditions.iter().find(alone);
    let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
    finding.subject(format!("never matches {}", statement_key(document, statement)));
    let title = statement_title(index, statement, document.text.is_sensitive());
    let verb = match statement.effect.value {
        Effect::Deny => "denies",
        Effect::Allow => "allows",
    };
    if let Dead::Nothing(element) = cause(policy, statement) {
        finding.says(format!("statement {title} {verb} nothing: `{element}` names nothing that there is"));
        finding.show(&source(document), statement.effect.span.clone(), format!("{verb} nothing"));
        finding.help(format!("correct `{element}`, or remove the statement"));
        return;
    }
    finding.says(format!("statement {title} {verb} nothing: no request meets its conditions"));
    let asterisk = |condition: &Condition| {
        let operator = condition.operator.value.to_string();
        let wild = condition.values.iter().any(|value| value.value.contains(['*', '?']));
        wild && operator.contains("StringEquals")
    };
    if let Some(condition) = blamed {
        finding.show(&source(document), condition.span.clone(), "never holds");
        finding.help(if asterisk(condition) {
            "use `StringLike` or `ArnLike`: `StringEquals` takes `*` and `?` for themselves"
        } else {
            "correct the condition, or remove the statement"
        });
    } else {
        let span = statement.effect.span.clone();
        finding.show(&source(document), span, "these conditions never hold together");
        finding.help("correct the conditions, or remove the statement");
    }
}

/// Reports denials of actions on resources of their own, which AWS authorizes for no single resource; whether it did.
fn never_about(org_policy: Entity<'_, OrgPolicy>, statement: &Statement, findings: &mut Findings) -> bool {
    let Some(resources) = statement.resources.as_ref().filter(|resources| !resources.not) else {
        return false;
    };
    let is_deny = statement.effect.value == Effect::Deny && !statement.actions.not;
    if !is_deny || resources.patterns.iter().any(|pattern| pattern.value == "*") {
        return false;
    }
    let catalogue = Catalogue::get();
    let inert: Vec<_> = statement
        .actions
        .patterns
        .iter()
        .filter(|pattern| {
            let mut listed = catalogue.actions_matching(&pattern.value).peekable();
            listed.peek().is_some() && listed.all(|action| !action.has_resource_types())
        })
        .collect();
    if inert.is_empty() {
        return false;
    }
    let document = &org_policy.data.document;
    let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
    finding.subject(format!("never about {}", statement_key(document, statement)));
    if document.text.is_sensitive() {
        finding.says("denies actions on resources that AWS never asks about");
    } else {
        let names = enumerate(inert.iter().map(|pattern| format!("`{}`", pattern.value)), "actions");
        finding.says(format!("does not deny {names}, which AWS authorizes for `*` and no single resource"));
    }
    for pattern in inert.iter().take(3) {
        finding.show(&source(document), pattern.span.clone(), "never for one resource");
    }
    finding.show(&source(document), resources.span.clone(), "is not `*`");
    finding.help("deny it in a statement of its own, with `\"Resource\": \"*\"`");
    true
}
