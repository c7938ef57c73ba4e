use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, Severity, Verdict as Told};
use orgward_iam::{Request, RequestSet, glob};
use orgward_org::{
    Matcher, Modality, Node, NodeId, Organization, PolicyChain, PolicyType, Selector, guesses,
};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::chains::Assumptions;
use orgward_proof::guardrail::{Chains, ChainsKey, EnforcedBy, Guardrail, Verdict, extent_in_words, reason};
use orgward_proof::org_policies::{Group, account_id, account_label, groups_of, source, statement_title};
use orgward_proof::region_lock::witness;

rule! {
    /// Checks for guardrails of `orgward.toml` that do not hold somewhere after the plan.
    ///
    /// ## Why is this bad?
    ///
    /// `[[guardrail]]` says what must never be possible: in these targets, these actions, on these resources, under
    /// these conditions, are denied to everyone except these principals. That a policy with the right name is attached
    /// does not make it so: it may lack an action, exempt too many, depend on a second condition, or lie beside the
    /// account instead of above it.
    ///
    /// For every account in scope the guardrail is proved over all requests and all levels from the root down, or
    /// refuted by one request that nothing denies. The finding shows the statement that comes nearest, and what it
    /// lacks. Accounts with the same policies are one finding. How bad it is, the guardrail says.
    ///
    /// A guardrail never binds the management account, service-linked roles, or AWS services; one that only service
    /// control policies hold up does not bind principals of other accounts. Neither is part of the claim.
    ///
    /// ## Example
    ///
    /// ```toml
    /// [[guardrail]]
    /// id = "keep-the-audit-trail"
    /// targets = ["Root/Runtime/**"]
    /// actions = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"]
    /// exempt_principals = ["arn:aws:iam::*:role/break-glass"]
    /// ```
    ///
    /// does not hold while the policy denies `cloudtrail:StopLogging` alone. Use instead a policy that denies both:
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"], "Resource": "*",
    ///   "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/break-glass" } } }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// The text or the target of a policy is unknown until apply, the inputs do not show what an account lies in or
    /// which tags it has, or a target of the guardrail fits nothing in the inputs.
    pub(crate) static GUARDRAIL_GAP = {
        id: "guardrail-gap",
        summary: "a guardrail does not hold in some accounts",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// Accounts in which the same guardrail fails for the same reason.
struct Failure<'o> {
    verdict: Verdict,
    stand_in: String,
    /// The group of the first account.
    place: usize,
    first: Option<NodeId>,
    members: Vec<(NodeId, &'o Node)>,
    paths: BTreeSet<String>,
    doubts: BTreeSet<String>,
}

/// What makes failures the same: the policies, the account where they name it, and how certain the scope is.
type Failures<'o> = BTreeMap<(ChainsKey, String, Modality), Failure<'o>>;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.config.guardrails.is_empty() {
        return;
    }
    let groups = groups_of(cx.after, &[PolicyType::ServiceControl, PolicyType::ResourceControl]);
    let resource: Vec<Option<PolicyChain<'_>>> =
        groups.iter().map(|group| resource_lineage(cx, group)).collect();
    let chains = |both: bool| -> Vec<Chains<'_, '_>> {
        let pairs = groups.iter().zip(&resource);
        pairs.map(|(group, rcp)| Chains::of(&group.chain, rcp.as_ref().filter(|_| both))).collect()
    };
    let needs = |enforced_by| cx.config.guardrails.iter().any(|it| it.enforced_by == enforced_by);
    let of_resources = || -> Vec<Chains<'_, '_>> {
        groups
            .iter()
            .zip(&resource)
            .map(|(group, rcp)| Chains::of_resources(rcp.as_ref().unwrap_or(&group.chain)))
            .collect()
    };
    let chains = [
        if needs(EnforcedBy::ServiceControl) { chains(false) } else { Vec::new() },
        if needs(EnforcedBy::Both) { chains(true) } else { Vec::new() },
        if needs(EnforcedBy::ResourceControl) { of_resources() } else { Vec::new() },
    ];
    let mut scope = Matcher::of(cx.after, &cx.config.structure);
    for guardrail in &cx.config.guardrails {
        let [scp, both, rcp] = &chains;
        let chains = match guardrail.enforced_by {
            EnforcedBy::ServiceControl => scp,
            EnforcedBy::Both => both,
            EnforcedBy::ResourceControl => rcp,
            // `perimeter-gap` asks each endpoint.
            EnforcedBy::Endpoint => continue,
        };
        let mut fitting = vec![false; guardrail.targets.len()];
        let mut failures = Failures::new();
        for (place, (group, chains)) in groups.iter().zip(chains).enumerate() {
            judge(cx, guardrail, (place, group), chains, (&mut scope, &mut fitting), &mut failures);
        }
        for ((_, _, modality), failure) in &failures {
            if let (Some(group), Some(chains)) = (groups.get(failure.place), chains.get(failure.place)) {
                report(cx, guardrail, group, chains, *modality, failure, findings);
            }
        }
        nothing_to_prove(cx, guardrail, &fitting, groups.is_empty(), findings);
        other_trails(cx, guardrail, findings);
    }
}

fn resource_lineage<'o>(cx: &Context<'o>, group: &Group<'o>) -> Option<PolicyChain<'o>> {
    let (id, _) = group.members.first()?;
    Some(cx.after.policy_chain(*id, &PolicyType::ResourceControl))
}

/// Proves an invariant for the members of a group, and notes where it fails.
fn judge<'o>(
    cx: &Context<'o>,
    guardrail: &Guardrail,
    (place, group): (usize, &Group<'o>),
    chains: &Chains<'_, 'o>,
    (scope, fitting): (&mut Matcher<'o>, &mut [bool]),
    failures: &mut Failures<'o>,
) {
    let claim = &guardrail.claim;
    let stand_ins = chains.stand_ins(claim);
    let mut alike: BTreeMap<(String, Modality), Vec<(NodeId, &'o Node)>> = BTreeMap::new();
    for &(id, node) in &group.members {
        if let Some(modality) = scope.any(&guardrail.targets, id, fitting) {
            let stand_in = stand_ins.of(account_id(cx.after, id));
            alike.entry((stand_in, modality)).or_default().push((id, node));
        }
    }
    let of = (!alike.is_empty()).then(|| chains.key(claim));
    for ((stand_in, modality), members) in alike {
        let Some(of) = of.clone() else { continue };
        let verdict = cx.proofs.prove_with(claim, chains, &stand_in, of.clone());
        if verdict == Verdict::Holds {
            continue;
        }
        let key = (of, stand_in.clone(), modality);
        let failure = failures.entry(key).or_insert_with(|| Failure {
            verdict,
            stand_in,
            place,
            first: members.first().map(|(id, _)| *id),
            members: Vec::new(),
            paths: BTreeSet::new(),
            doubts: BTreeSet::new(),
        });
        failure.members.extend(members);
        failure.paths.insert(group.path.clone());
        if !matches!(failure.verdict, Verdict::Refuted(_)) {
            failure.doubts.extend(chains.doubts());
        }
    }
}

fn report(
    cx: &Context<'_>,
    guardrail: &Guardrail,
    group: &Group<'_>,
    chains: &Chains<'_, '_>,
    modality: Modality,
    failure: &Failure<'_>,
    findings: &mut Findings,
) {
    let name = &guardrail.id;
    let finding = findings.report(&GUARDRAIL_GAP, None);
    finding.severity = guardrail.severity;
    finding.target(common(&failure.paths));
    finding.accounts(failure.members.iter().filter_map(|(id, _)| account_label(cx.after, *id)));
    let mut keys: Vec<String> = failure.members.iter().map(|(_, node)| node.key.to_string()).collect();
    keys.sort();
    finding.subject(format!("{name} {}", keys.join(" ")));
    let account = failure.first.and_then(|id| account_id(cx.after, id));
    let actual =
        |request: &Request| request.as_account(&failure.stand_in, account.unwrap_or(&failure.stand_in));
    match &failure.verdict {
        Verdict::Holds => {}
        Verdict::Refuted(request) => {
            let request = actual(request);
            if let Some(action) = opened(cx, guardrail, failure) {
                finding.grows = true;
                // The example may have been open before.
                if action != request.action {
                    finding.note(format!("the plan opens `{action}`, which was denied before"));
                }
            }
            if modality == Modality::Must {
                finding.says(format!("`{name}` does not hold: nothing denies `{}`", request.action));
            } else {
                unverifiable(cx, finding);
                finding.says(format!(
                    "cannot tell whether `{name}` has to hold here, where nothing denies `{}`",
                    request.action
                ));
                finding.note(
                    "whether the guardrail is for these accounts depends on what the inputs do not show",
                );
            }
            let end = match failure.members.as_slice() {
                [(_, one)] => one.title(),
                _ => "the accounts".to_owned(),
            };
            let place = if failure.paths.len() > 1 { format!(" in {}", group.path) } else { String::new() };
            explain(cx, guardrail, chains, (&request, [&place, &end]), finding);
            let reach = cx.proofs.extent(&guardrail.claim, chains, &failure.stand_in);
            finding.notes.extend(reach.map(|reach| {
                let reach = extent_in_words(reach, chains.is_sensitive(), actual);
                cx.after.render(&format!("not denied: {}", reach.sentence()))
            }));
        }
        Verdict::Open(request) => {
            let request = actual(request);
            unverifiable(cx, finding);
            finding
                .says(format!("cannot tell whether `{name}` holds: `{}` may slip through", request.action));
            finding.notes.extend(few(&failure.doubts));
            finding.witness(witness(&request));
            finding.help("give the state of the organization with `--org`");
        }
        Verdict::Undecided(reason) => {
            unverifiable(cx, finding);
            finding.says(format!("cannot tell whether `{name}` holds: {reason}"));
            finding.notes.extend(few(&failure.doubts));
        }
    }
    finding.note(declared(guardrail));
    let members = failure.members.iter().map(|(id, _)| *id);
    finding.rests_on.extend(guesses(&cx.config.structure, cx.after, &guardrail.targets, members));
}

/// An action of a guardrail that the plan opens and that was denied altogether before, in one of the accounts in which it
/// fails.
fn opened(cx: &Context<'_>, guardrail: &Guardrail, failure: &Failure<'_>) -> Option<String> {
    let kinds: &[PolicyType] = match guardrail.enforced_by {
        EnforcedBy::ServiceControl => &[PolicyType::ServiceControl],
        EnforcedBy::ResourceControl => &[PolicyType::ResourceControl],
        EnforcedBy::Both => &[PolicyType::ServiceControl, PolicyType::ResourceControl],
        EnforcedBy::Endpoint => &[],
    };
    if std::ptr::eq(cx.before, cx.after) {
        return None;
    }
    let mut asked = BTreeSet::new();
    failure.members.iter().find_map(|(id, node)| {
        let old = cx.before.find(&node.key)?;
        let chains = |organization: &Organization, id: NodeId| -> Vec<_> {
            kinds.iter().map(|kind| organization.policy_chain(id, kind).signature()).collect()
        };
        // Accounts under the same policies get the same answer.
        if !asked.insert((chains(cx.before, old), chains(cx.after, *id))) {
            return None;
        }
        let (then, now) = (sides(cx.before, kinds, old), sides(cx.after, kinds, *id));
        let (was, is) = (open(guardrail, &then), open(guardrail, &now));
        was.lacks_action_of(&is).ok().flatten()
    })
}

/// The policies above an account, and what is known of its requests.
fn sides<'o>(
    organization: &'o Organization,
    kinds: &[PolicyType],
    id: NodeId,
) -> Vec<(PolicyChain<'o>, Assumptions)> {
    let side = |kind: &PolicyType| {
        let chain = organization.policy_chain(id, kind);
        let known = Assumptions::of(kind, organization, account_id(organization, id), &[&chain]);
        (chain, known)
    };
    kinds.iter().map(side).collect()
}

/// The requests of a guardrail that policies do not deny.
fn open<'s>(guardrail: &'s Guardrail, sides: &'s [(PolicyChain<'_>, Assumptions)]) -> RequestSet<'s> {
    sides.iter().fold(guardrail.claim.requests(), |open, (chain, known)| {
        open.and(known.requests()).and(chain.not_denied())
    })
}

fn unverifiable(cx: &Context<'_>, finding: &mut Finding) {
    finding.verdict = Told::Unverifiable;
    finding.severity = cx.config.unverifiable.unwrap_or(GUARDRAIL_GAP.info.unverifiable);
}

/// Shows a request that nothing denies, the levels that it passes, and the statement that comes nearest to denying it.
fn explain(
    cx: &Context<'_>,
    guardrail: &Guardrail,
    chains: &Chains<'_, '_>,
    (request, [place, end]): (&Request, [&str; 2]),
    finding: &mut Finding,
) {
    finding.witness(witness(request));
    let chain = chains.scp;
    let policy_chains = [Some(chain), chains.rcp].into_iter().flatten();
    let nearest = policy_chains
        .filter_map(|chain| reason::nearest(cx.after, chain, &guardrail.claim, request))
        .min_by_key(|reason| reason.rank);
    if let Some(nearest) = nearest {
        let document = &nearest.org_policy.data.document;
        finding.show(&source(document), nearest.span, nearest.label);
        let statement = document.policy().and_then(|policy| policy.statements.get(nearest.statement));
        if let Some(statement) = statement {
            finding.note(format!(
                "statement {} of `{}` comes nearest to denying it",
                statement_title(nearest.statement, statement, document.text.is_sensitive()),
                nearest.org_policy.node.title()
            ));
        }
        finding.help(nearest.fix);
    } else {
        finding.note("no policy of the organization denies anything like it");
        finding.help("deny it in a policy that is attached to these accounts, or to a unit above them");
    }
    finding.note(levels(chain, place, end));
    if chain.enabled == Some(false) {
        let of_resources = guardrail.enforced_by == EnforcedBy::ResourceControl;
        let what = if of_resources { "resource" } else { "service" };
        finding.note(format!("{what} control policies are not enabled"));
    }
}

/// The levels from the root to the accounts, each with what is attached to it.
fn levels(chain: &PolicyChain<'_>, place: &str, end: &str) -> String {
    let last = chain.levels.len().saturating_sub(1);
    let levels = chain.levels.iter().enumerate().map(|(at, level)| {
        let mut names: Vec<String> =
            level.attached.iter().map(|it| format!("`{}`", it.org_policy.node.title())).collect();
        names.dedup();
        let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let title = match at {
            0 if last > 0 => "Root",
            _ if at == last => end,
            _ => level.title.as_str(),
        };
        format!("{title} ({names})")
    });
    format!("the levels{place}: {}", levels.collect::<Vec<_>>().join(", "))
}

/// Says that a guardrail, or one of its targets, is for nothing at all.
fn nothing_to_prove(
    cx: &Context<'_>,
    guardrail: &Guardrail,
    fitting: &[bool],
    is_empty: bool,
    findings: &mut Findings,
) {
    let name = &guardrail.id;
    let unfit = guardrail.targets.iter().zip(fitting).filter(|(_, fits)| !**fits);
    let (managed, unfit): (Vec<_>, Vec<_>) =
        unfit.map(|(target, _)| target).partition(|target| is_management(cx, target));
    let list = |targets: &[&Selector]| {
        let targets: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
        targets.join(", ")
    };
    let mut messages = Vec::new();
    if !managed.is_empty() {
        let targets = list(&managed);
        messages.push(format!(
            "`{name}` is not proved for {targets}: guardrails never bind the management account"
        ));
    }
    if !unfit.is_empty() {
        let targets = list(&unfit);
        messages.push(format!("`{name}` is not proved for {targets}: nothing in the inputs fits"));
    }
    if guardrail.targets.is_empty() && is_empty {
        messages.push(format!("`{name}` is proved for nothing: the inputs show no member account"));
    }
    for message in messages {
        let finding = findings.report(&GUARDRAIL_GAP, None);
        unverifiable(cx, finding);
        finding.subject(format!("targets of {message}"));
        finding.says(message);
        finding.note(declared(guardrail));
        finding.help(if guardrail.targets.is_empty() {
            "give the state of the organization with `--org`"
        } else {
            "correct the target, or give the state of the organization with `--org`"
        });
    }
}

/// Reports a guardrail about trails of which the inputs show none: the published text of a pack has a name that is to be
/// replaced.
fn other_trails(cx: &Context<'_>, guardrail: &Guardrail, findings: &mut Findings) {
    let resources = guardrail.claim.spec().resources.iter().flatten();
    let named: BTreeSet<&str> =
        resources.filter_map(|arn| Some(arn.split_once(":trail/")?.1)).filter(|name| *name != "*").collect();
    let trails: BTreeSet<String> =
        cx.after.controls_of("aws_cloudtrail").filter_map(|trail| trail.text("name")).collect();
    let is_shown = trails.iter().any(|trail| named.iter().any(|name| glob(name, trail)));
    if named.is_empty() || trails.is_empty() || is_shown {
        return;
    }
    let list = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let (id, claimed) = (&guardrail.id, list(&mut named.iter().copied()));
    let shown = list(&mut trails.iter().map(String::as_str));
    let finding = findings.report(&GUARDRAIL_GAP, None);
    unverifiable(cx, finding);
    finding.subject(format!("trails of {id}"));
    finding.says(format!("`{id}` is about the trail {claimed}, and the inputs show {shown}"));
    finding.note(declared(guardrail));
    finding.help("name your trails: in a pack, with its parameter `trails`");
}

fn is_management(cx: &Context<'_>, target: &Selector) -> bool {
    let mut managed = cx.after.accounts().filter(|account| account.management);
    managed.any(|account| match target {
        Selector::Account(id) => account.node.label() == *id,
        Selector::Name(name) => account.node.title() == *name,
        Selector::Path(_) | Selector::Unit(_) | Selector::Tag(..) | Selector::Role(_) => false,
    })
}

fn declared(guardrail: &Guardrail) -> String {
    let place = format!("declared in {}", guardrail.origin);
    match &guardrail.description {
        Some(description) => format!("{place}: {description}"),
        None => place,
    }
}

/// What several paths have in common.
fn common(paths: &BTreeSet<String>) -> String {
    let mut paths = paths.iter();
    let Some(first) = paths.next() else { return String::new() };
    let mut common: Vec<&str> = first.split('/').collect();
    for path in paths {
        let shared = common.iter().zip(path.split('/')).take_while(|(a, b)| *a == b).count();
        common.truncate(shared);
    }
    if common.is_empty() { "Root".to_owned() } else { common.join("/") }
}

/// As many facts as a reader takes in.
fn few(facts: &BTreeSet<String>) -> Vec<String> {
    let mut few: Vec<String> = facts.iter().take(5).cloned().collect();
    if facts.len() > few.len() {
        few.push(format!("and {} more of the kind", facts.len() - few.len()));
    }
    few
}

#[cfg(test)]
mod tests;
