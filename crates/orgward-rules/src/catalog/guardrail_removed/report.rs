//! What is lost, in words.

use orgward_finding::{Finding, ReviewKind, Severity, Verdict};
use orgward_iam::{Catalogue, Effect};
use orgward_org::{Entity, OrgPolicy, PolicyType};

use super::{GUARDRAIL_REMOVED, Regression};
use crate::{Context, Findings};
use orgward_proof::chains::{Cause, Counterexample, enumerate, in_words};
use orgward_proof::org_policies::{source, statement_key, statement_title};

/// How many statements are shown.
const SHOWN: usize = 3;

pub(super) fn report(
    cx: &Context<'_>,
    kind: &PolicyType,
    cause: &Cause,
    is_certain: bool,
    loss: &Regression,
    findings: &mut Findings,
) {
    let org_policies: Vec<_> = loss
        .statements
        .keys()
        .filter_map(|key| cx.before.find(key).and_then(|id| cx.before.org_policy(id)))
        .collect();
    let Some(first) = org_policies.first() else { return };
    let names = enumerate(org_policies.iter().map(|it| format!("`{}`", it.node.title())), "policies");
    // What follows from a sensitive text is not told.
    let passing = Counterexample::merged(&loss.passing).filter(|_| !loss.is_sensitive);
    let slips = passing.as_ref().map(|passing| in_words(&passing.action_set, &passing.example));
    let few = passing.as_ref().is_some_and(|it| it.action_set.actions.len() <= 2 && !it.action_set.unlisted);
    let (address, message) = match cause {
        Cause::Disabled(enabler) => {
            let binds = if org_policies.len() == 1 { "binds" } else { "bind" };
            let message = format!(
                "{} turns {}s off, so {names} no longer {binds} any account",
                cx.actor(),
                kind.short()
            );
            (enabler.clone(), message)
        }
        Cause::Moved { what, from, to } => {
            let address =
                cx.after.find(what).and_then(|id| cx.after.node(id)).and_then(|node| node.address.clone());
            (address, format!("moving it from {from} to {to} takes it out from under {names}"))
        }
        Cause::Detached { by, from } => (
            by.clone(),
            format!("{names} no longer binds the accounts of {from}: {} detaches it", cx.actor()),
        ),
        Cause::Beside { by, what, at } => {
            (by.clone(), format!("`{what}` at {at} allows what {names} there leaves out"))
        }
        Cause::Rewritten => {
            let today = if cx.kind == ReviewKind::Drift { "it did" } else { "it does today" };
            let message = match &slips {
                Some(slips) if few && !loss.in_part => format!("{names} no longer denies {slips}"),
                _ if is_list(loss, *first) => format!("{names} allows more than {today}"),
                _ => format!("{names} denies less than {today}"),
            };
            (first.node.address.clone(), message)
        }
    };
    let finding = findings.report(&GUARDRAIL_REMOVED, address.as_ref());
    finding.input = first.node.stack.as_deref().map(str::to_owned);
    let accounts: Vec<&str> = loss.accounts.iter().map(String::as_str).collect();
    let keys: Vec<String> = org_policies.iter().map(|it| statements_key(loss, *it)).collect();
    finding.subject(format!("{} {}", keys.join(" "), accounts.join(" ")));
    if is_certain {
        let says_it = matches!(cause, Cause::Rewritten) && few && !loss.in_part;
        finding.says(message);
        if let Some(slips) = slips.filter(|_| !says_it) {
            let in_part = if loss.in_part { ", in part" } else { "" };
            finding.note(format!("no longer denied{in_part}: {slips}"));
        }
    } else {
        finding.verdict = Verdict::Unverifiable;
        finding.severity = GUARDRAIL_REMOVED.info.unverifiable;
        finding.says(format!("cannot tell whether what {names} denies today stays denied"));
        finding.notes.extend(loss.doubts.iter().cloned());
        if let Some(slips) = slips {
            finding.note(format!("this may get through: {slips}"));
        }
    }
    if let Some(passing) = &passing {
        finding.witness(passing.witness());
        let mut examples = passing.action_set.examples.iter();
        let is_misspelt = passing.action_set.actions.is_empty() && examples.all(|it| misspelt(&it.action));
        if is_misspelt && is_certain {
            finding.severity = Severity::Info;
            finding
                .note("AWS lists no such action, and one of a similar name: nothing that exists was denied");
        } else if passing.is_unlisted && is_certain {
            finding.severity = Severity::Low;
            finding
                .note("AWS lists none of these actions for such a resource, so perhaps no call is affected");
        }
    }
    match cause {
        Cause::Detached { from: at, .. } | Cause::Beside { at, .. } => {
            finding.target(at.clone());
        }
        Cause::Disabled(_) | Cause::Moved { .. } | Cause::Rewritten if loss.accounts.is_empty() => {
            finding.target(loss.places.iter().cloned().collect::<Vec<_>>().join(", "));
        }
        Cause::Disabled(_) | Cause::Moved { .. } | Cause::Rewritten => {}
    }
    finding.accounts(loss.accounts.iter().cloned());
    finding.help(match cause {
        Cause::Disabled(_) => "keep the type in `enabled_policy_types`: turning it off detaches every policy",
        Cause::Moved { .. } => "attach the same guardrails where it moves to, or do not move it",
        Cause::Detached { .. } => "keep the attachment, or attach what takes its place in the same plan",
        Cause::Beside { .. } => "attach one of them: a level allows what any of its policies allows",
        Cause::Rewritten => "keep what it denies, or say in the review what takes its place",
    });
    let mut shown = 0;
    for org_policy in org_policies {
        show(loss, org_policy, &mut shown, finding);
    }
}

/// Whether an action is none that AWS lists, and its name, or that of its service, is near to one that is listed.
fn misspelt(action: &str) -> bool {
    let catalogue = Catalogue::get();
    let service = action.split(':').next().unwrap_or_default();
    catalogue.actions_matching(action).next().is_none()
        && (catalogue.near(action).is_some()
            || catalogue.service(service).is_none() && catalogue.near_service(service).is_some())
}

/// Whether what denied it was a list of what is allowed.
fn is_list(loss: &Regression, org_policy: Entity<'_, OrgPolicy>) -> bool {
    let statements = org_policy.data.document.policy().map_or(&[][..], |policy| &policy.statements);
    let gone = loss.statements.get(&org_policy.node.key).into_iter().flatten();
    gone.filter_map(|index| statements.get(*index)).any(|it| it.effect.value == Effect::Allow)
}

/// What tells the statements of a guardrail apart from others, whatever their order.
fn statements_key(loss: &Regression, org_policy: Entity<'_, OrgPolicy>) -> String {
    let document = &org_policy.data.document;
    let statement = |index: &usize| document.policy().and_then(|policy| policy.statements.get(*index));
    let gone = loss.statements.get(&org_policy.node.key).into_iter().flatten();
    let mut keys: Vec<String> =
        gone.filter_map(statement).map(|statement| statement_key(document, statement)).collect();
    keys.sort();
    format!("{} {}", org_policy.node.key, keys.join(" "))
}

/// Shows the statements of a guardrail that deny it today.
fn show(loss: &Regression, org_policy: Entity<'_, OrgPolicy>, shown: &mut usize, finding: &mut Finding) {
    let document = &org_policy.data.document;
    let (Some(policy), Some(gone)) = (document.policy(), loss.statements.get(&org_policy.node.key)) else {
        return;
    };
    for statement in gone.iter().filter_map(|index| policy.statements.get(*index)) {
        if *shown < SHOWN {
            let label = match statement.effect.value {
                Effect::Deny => "denied today",
                Effect::Allow => "nothing else is allowed today",
            };
            finding.show(&source(document), statement.effect.span.clone(), label);
        }
        *shown += 1;
    }
    if gone.len() > SHOWN {
        let title = |index: &usize| {
            Some(statement_title(*index, policy.statements.get(*index)?, document.text.is_sensitive()))
        };
        let titles: Vec<String> = gone.iter().filter_map(title).collect();
        finding.note(format!("statements: {}", titles.join(", ")));
    }
}
