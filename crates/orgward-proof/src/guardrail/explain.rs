//! How an invariant fares in one account, as a person would tell it.

use miette::Diagnostic;
use orgward_finding::Witness;
use orgward_finding::story::{Level, Nearest, Outcome, Scope as Where, Story, Told};
use orgward_iam::{Answer, Callers, Claim, Effect, Policy, Request, RequestSet, Statement};
use orgward_org::{
    Account, Attached, Entity, Matcher, Modality, Organization, PolicyChain, PolicyType, Structure,
};
use thiserror::Error;

use super::reason::{Reason, mismatches, nearest, told};
use super::{Chains, EnforcedBy, Guardrail, Proofs, Verdict, extent_with_names};
use crate::org_policies::statement_title;
use crate::region_lock::Regions;
use crate::region_lock::{region_lock, witness};

/// Why there is nothing to tell.
#[derive(Debug, Error, Diagnostic)]
pub enum ExplainError {
    /// The configuration declares no such guardrail.
    #[error("unknown guardrail `{id}`")]
    #[diagnostic(help("{known}"))]
    Guardrail {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
    /// The inputs do not show such an account.
    #[error("unknown account `{account}`")]
    #[diagnostic(help("name it by its id, its name or its address; `orgward org show` lists the accounts"))]
    Account {
        /// What was asked for.
        account: String,
    },
    /// The guardrail is for other accounts.
    #[error("guardrail `{guardrail}` is not for `{account}`, which is outside of its scope")]
    #[diagnostic(help("its targets are: {targets}"))]
    Scope {
        /// What was asked for.
        account: String,
        /// The guardrail.
        guardrail: String,
        /// What the guardrail is for.
        targets: String,
    },
    /// The guardrail is about VPC endpoints.
    #[error("guardrail `{guardrail}` is upheld by VPC endpoints, not by policies of the organization")]
    #[diagnostic(help("review a plan that has the endpoints: `orgward plan review` judges their policies"))]
    Endpoint {
        /// The guardrail.
        guardrail: String,
    },
    /// The account is the management account.
    #[error("`{account}` is the management account, which guardrails never bind")]
    #[diagnostic(help("keep workloads and people out of it"))]
    Management {
        /// What was asked for.
        account: String,
    },
}

/// Tells how an invariant fares in an account, given by its id, name or address. `region-lock` is the lock to the
/// regions of the configuration, unless a guardrail is called so.
pub fn explain(
    organization: &Organization,
    guardrails: &[Guardrail],
    (settings, structure): (&Regions, &Structure),
    id: &str,
    account: &str,
) -> Result<Story, ExplainError> {
    let lock = region_lock(settings, organization);
    let all = guardrails.iter().chain(&lock);
    let Some(guardrail) = all.clone().find(|guardrail| guardrail.id == id) else {
        let known: Vec<&str> = all.map(|guardrail| guardrail.id.as_str()).collect();
        let known = if known.is_empty() {
            "declare one in `orgward.toml`: `[[guardrail]]`".to_owned()
        } else {
            format!("known are: {}", known.join(", "))
        };
        return Err(ExplainError::Guardrail { id: id.to_owned(), known });
    };
    if guardrail.enforced_by == EnforcedBy::Endpoint {
        return Err(ExplainError::Endpoint { guardrail: guardrail.id.clone() });
    }
    let Some(found) = find(organization, account) else {
        return Err(ExplainError::Account { account: account.to_owned() });
    };
    if found.management {
        return Err(ExplainError::Management { account: account.to_owned() });
    }
    let scope = Matcher::of(organization, structure).any(&guardrail.targets, found.id, &mut []);
    let Some(scope) = scope else {
        let targets: Vec<String> = guardrail.targets.iter().map(|target| format!("`{target}`")).collect();
        let (account, guardrail) = (account.to_owned(), guardrail.id.clone());
        return Err(ExplainError::Scope { account, guardrail, targets: targets.join(", ") });
    };
    Ok(story(organization, guardrail, found, scope))
}

/// Whether the policies above an account deny a claim there; `None` where no member account is called so. The account
/// is given by its id, name or address.
pub fn prove_in(
    organization: &Organization,
    claim: &Claim,
    enforced_by: EnforcedBy,
    account: &str,
) -> Option<(Verdict, Vec<String>)> {
    let account = find(organization, account)?;
    let (scp, rcp) = chains_of(organization, enforced_by, &account);
    let chains = chains(enforced_by, &scp, rcp.as_ref());
    let stand_in = chains.stand_ins(claim).of(organization.symbolic_account_id(account.id));
    let verdict = Proofs::default().prove(claim, &chains, &stand_in);
    Some((verdict, chains.doubts()))
}

/// The policies that have to deny a claim: those of the first kind, and of the second where both may.
fn chains_of<'o>(
    organization: &'o Organization,
    enforced_by: EnforcedBy,
    account: &Entity<'o, Account>,
) -> (PolicyChain<'o>, Option<PolicyChain<'o>>) {
    let of_resources = enforced_by == EnforcedBy::ResourceControl;
    let first = if of_resources { PolicyType::ResourceControl } else { PolicyType::ServiceControl };
    let second = (enforced_by == EnforcedBy::Both)
        .then(|| organization.policy_chain(account.id, &PolicyType::ResourceControl));
    (organization.policy_chain(account.id, &first), second)
}

fn chains<'l, 'o>(
    enforced_by: EnforcedBy,
    first: &'l PolicyChain<'o>,
    second: Option<&'l PolicyChain<'o>>,
) -> Chains<'l, 'o> {
    if enforced_by == EnforcedBy::ResourceControl {
        Chains::of_resources(first)
    } else {
        Chains::of(first, second)
    }
}

/// The member account that is called so.
pub(crate) fn find<'o>(organization: &'o Organization, account: &str) -> Option<Entity<'o, Account>> {
    let mut members = organization.accounts().filter(|each| each.member);
    members.find(|each| {
        let address = each.node.address.as_ref().map(orgward_plan::Address::as_str);
        each.node.label() == account || each.node.title() == account || address == Some(account)
    })
}

fn story(
    organization: &Organization,
    guardrail: &Guardrail,
    account: Entity<'_, Account>,
    scope: Modality,
) -> Story {
    let of_resources = guardrail.enforced_by == EnforcedBy::ResourceControl;
    let (scp, rcp) = chains_of(organization, guardrail.enforced_by, &account);
    let chains = chains(guardrail.enforced_by, &scp, rcp.as_ref());
    let id = organization.symbolic_account_id(account.id);
    let stand_in = chains.stand_ins(&guardrail.claim).of(id);
    let proofs = Proofs::default();
    let verdict = proofs.prove(&guardrail.claim, &chains, &stand_in);
    let (outcome, request) = match verdict {
        Verdict::Holds => (Outcome::Holds, denied(guardrail, &stand_in)),
        Verdict::Refuted(request) => (Outcome::Refuted, Some(request)),
        Verdict::Open(request) => (Outcome::Undecided, Some(request)),
        Verdict::Undecided(_) => (Outcome::Undecided, denied(guardrail, &stand_in)),
    };
    let request = request.map(|request| request.as_account(&stand_in, id.unwrap_or(&stand_in)));
    let mut notes = Vec::new();
    if outcome == Outcome::Undecided {
        notes.extend(chains.doubts());
    }
    if scp.enabled == Some(false) {
        let what = if of_resources { "resource" } else { "service" };
        notes.push(format!("{what} control policies are not enabled, so that none of them acts"));
    }
    let (mut near, mut escapes) = (None, None);
    if let (Outcome::Refuted, Some(request)) = (outcome, &request) {
        let policy_chains = [Some(&scp), rcp.as_ref()].into_iter().flatten();
        let found = policy_chains.filter_map(|it| nearest(organization, it, &guardrail.claim, request));
        near = found.min_by_key(|reason| reason.rank).map(|reason| Nearest {
            policy: reason.org_policy.node.title(),
            statement: title(&reason),
            lacks: reason.label,
            fix: reason.fix,
        });
        let actual = |request: &Request| request.as_account(&stand_in, id.unwrap_or(&stand_in));
        escapes = proofs
            .extent(&guardrail.claim, &chains, &stand_in)
            .map(|extent| extent_with_names(extent, chains.is_sensitive(), actual));
    }
    let mut levels = Vec::new();
    if let Some(request) = &request {
        for chain in [Some(&scp), rcp.as_ref()].into_iter().flatten() {
            levels.extend(chain.levels.iter().map(|it| level(chain, it, request)));
        }
    }
    let mut story = Story {
        guardrail: guardrail.id.clone(),
        declared: match &guardrail.description {
            Some(description) => format!("{}: {description}", guardrail.origin),
            None => guardrail.origin.clone(),
        },
        account: account.node.title(),
        path: organization.path(account.id),
        scope: match scope {
            Modality::Must => Where::Inside,
            Modality::May => Where::Unknown,
        },
        outcome,
        request: request.as_ref().map(witness),
        levels,
        nearest: near,
        extent: escapes,
        notes,
    };
    read_out(&mut story, organization);
    story
}

/// What to call the statement that comes nearest.
fn title(reason: &Reason<'_>) -> String {
    let document = &reason.org_policy.data.document;
    let statement = document.policy().and_then(|policy| policy.statements.get(reason.statement));
    let is_sensitive = document.text.is_sensitive();
    statement.map_or_else(String::new, |it| statement_title(reason.statement, it, is_sensitive))
}

/// One of the requests that have to be denied.
fn denied(guardrail: &Guardrail, account: &str) -> Option<Box<Request>> {
    let bound = RequestSet::bound();
    let own = RequestSet::by(Callers::Accounts([account.to_owned()].into()));
    match bound.and(own).and(guardrail.claim.requests()).example() {
        Answer::Witness(request) => Some(request),
        Answer::None | Answer::Undecided(_) => None,
    }
}

fn level(chain: &PolicyChain<'_>, level: &orgward_org::Level<'_>, request: &Request) -> Level {
    let allows = |policy: &Policy| {
        policy.matching(request).any(|(_, statement)| statement.effect.value == Effect::Allow)
    };
    let is_closed = chain.kind == PolicyType::ServiceControl
        && level.attached.iter().all(|it| it.org_policy.data.document.policy().is_some_and(|it| !allows(it)));
    Level {
        name: level.title.clone(),
        policies: level.attached.iter().map(|attached| tell(attached, request)).collect(),
        says: is_closed.then(|| "nothing here allows it, so that it is denied".to_owned()),
    }
}

/// What a policy says about a request.
fn tell(attached: &Attached<'_>, request: &Request) -> Told {
    let document = &attached.org_policy.data.document;
    let sensitive = document.text.is_sensitive();
    let mut says = Vec::new();
    if attached.modality() == Modality::May {
        says.push("may or may not be attached here".to_owned());
    }
    match document.policy() {
        None => says.extend(document.doubt()),
        Some(policy) => {
            let mut other = 0;
            for (index, statement) in policy.statements.iter().enumerate() {
                match said(policy, statement, request) {
                    Some(what) if policy.statements.len() == 1 => says.push(what),
                    Some(what) => {
                        let title = statement_title(index, statement, sensitive);
                        says.push(format!("statement {title} {what}"));
                    }
                    None => other += 1,
                }
            }
            match (other, policy.statements.len()) {
                (0, _) => {}
                (1, 1) => says.push("its statement is about other actions".to_owned()),
                (1, _) => says.push("one statement is about other actions".to_owned()),
                (other, _) => says.push(format!("{other} statements are about other actions")),
            }
        }
    }
    Told {
        name: attached.org_policy.node.title(),
        address: attached.org_policy.node.address.as_ref().map(ToString::to_string),
        says,
    }
}

fn said(policy: &Policy, statement: &Statement, request: &Request) -> Option<String> {
    let mismatches = mismatches(policy, statement, request);
    let verb = match statement.effect.value {
        Effect::Allow => "allows it",
        Effect::Deny => "denies it",
    };
    if mismatches.is_empty() {
        return Some(verb.to_owned());
    }
    if !statement.covers_action(&request.action) && !super::reason::same_service(statement, &request.action) {
        return None;
    }
    let why: Vec<String> = mismatches.iter().map(|mismatch| told(mismatch, request)).collect();
    let verb = if statement.effect.value == Effect::Allow { "does not allow it" } else { "does not deny it" };
    Some(format!("{verb}: it {}", why.join(", and ")))
}

fn read_out(story: &mut Story, organization: &Organization) {
    let read = |text: &mut String| *text = organization.render(text);
    if let Some(Witness { principal, resource, context, .. }) = &mut story.request {
        read(principal);
        read(resource);
        for (_, value) in context {
            match value {
                orgward_finding::WitnessValue::One(text) => read(text),
                orgward_finding::WitnessValue::Many(texts) => texts.iter_mut().for_each(read),
            }
        }
    }
    for level in &mut story.levels {
        level.policies.iter_mut().flat_map(|policy| &mut policy.says).for_each(read);
    }
    story.notes.iter_mut().for_each(read);
    if let Some(nearest) = &mut story.nearest {
        [&mut nearest.lacks, &mut nearest.fix].into_iter().for_each(read);
    }
    if let Some(extent) = &mut story.extent {
        let values = extent.conditions.iter_mut().flat_map(|(_, values)| values);
        extent.principals.iter_mut().chain(&mut extent.resources).chain(values).for_each(read);
    }
}
