//! The region lock, decided request by request: is an account denied what it asks for elsewhere?
//!
//! The search finds examples that are easy to read, and exceptions one by one; where it finds none, the lock is
//! proved over all requests like every other guardrail. For the search, requests are made from everything that can make a difference as far as the
//! guardrails tell: every region that they or AWS name and one that nobody does; every action that they name, one of
//! each common service and one of a service that nobody knows; principals of every form and those that they name;
//! and each context key that they ask for, missing or as they ask.

mod global;
mod mistakes;
mod proof;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Witness, WitnessValue};
use orgward_iam::{
    Caller, Catalogue, Condition, Context, ContextValue, Effect, Policy, Request, Statement, action_matches,
    glob,
};
use orgward_org::{Denial, Entity, Judge, Modality, NodeId, OrgPolicy, Organization, PolicyChain, Ruling};

use crate::data;
use crate::guardrail::{ChainKey, Chains, EnforcedBy, Guardrail, Proofs};
use crate::org_policies::{Group, denials};

pub use self::global::{DeniedService, DeniedServices};
pub use self::mistakes::{Mistake, Mistakes, is_of_control_tower};
pub use self::proof::lock;
pub use self::settings::{Profile, Regions};

/// The key that names the region of a request.
pub const REQUESTED_REGION: &str = "aws:RequestedRegion";
/// A region that does not exist yet.
const UNLISTED_REGION: &str = "xx-unlisted-1";
/// What inference profiles of Bedrock that span the world present.
const UNSPECIFIED_REGION: &str = "unspecified";
/// An action of a service that does not exist yet.
const UNLISTED_ACTION: &str = "unlisted-service:CreateThing";
/// The account that stands for all where guardrails name none.
const ANYBODY: &str = "222222222222";
/// The action that stands for all where only the region, the principal or the context is varied.
pub const ORDINARY_ACTION: &str = "ec2:RunInstances";

/// Which regions the organization uses, and how that is known.
pub struct Allowed {
    /// The regions that stay open.
    pub regions: BTreeSet<String>,
    /// The guardrails that it was taken from; empty when the configuration says so.
    pub inferred_from: Vec<String>,
    /// Patterns of services that locks exempt and that AWS does not list any more: they open no region.
    pub gone: BTreeSet<String>,
}

impl Allowed {
    /// The regions in a sentence.
    pub fn listed(&self) -> String {
        let regions: Vec<&str> = self.regions.iter().map(String::as_str).collect();
        regions.join(", ")
    }
}

/// The lock to the regions of the organization as a guardrail, where it has any.
pub fn region_lock(settings: &Regions, organization: &Organization) -> Option<Guardrail> {
    let settings = &settings.of([organization, organization]);
    let allowed = allowed(settings, [organization, organization])?;
    Some(Guardrail {
        id: "region-lock".to_owned(),
        description: Some(format!("everything but what is exempt is denied outside {}", allowed.listed())),
        targets: Vec::new(),
        claim: lock(settings, &allowed).ok()?,
        severity: Severity::High,
        enforced_by: EnforcedBy::ServiceControl,
        origin: if allowed.inferred_from.is_empty() {
            "`[regions]` of `orgward.toml`".to_owned()
        } else {
            allowed.inferred_from.join(", ")
        },
    })
}

/// The regions of the configuration, or those that locks of the organization leave open; `None` when neither says
/// anything about regions.
pub fn allowed(settings: &Regions, sides: [&Organization; 2]) -> Option<Allowed> {
    if !settings.allowed.is_empty() {
        let inferred_from = Vec::new();
        return Some(Allowed { regions: settings.allowed.clone(), inferred_from, gone: gone(sides) });
    }
    let mut regions = BTreeSet::new();
    let mut inferred_from = BTreeSet::new();
    for organization in sides {
        for org_policy in organization.org_policies().filter(|it| may_act(organization, *it)) {
            for (_, statement) in denials(org_policy).filter(|(_, statement)| is_lock(statement)) {
                for condition in region_conditions(&statement.conditions) {
                    let values = condition.values.iter().map(|value| value.value.as_str());
                    let names: Vec<&str> = values.filter(|value| is_region_name(value)).collect();
                    if !names.is_empty() {
                        inferred_from.insert(org_policy.node.title());
                    }
                    regions.extend(names.into_iter().map(str::to_owned));
                }
            }
        }
    }
    let inferred_from = inferred_from.into_iter().collect();
    (!regions.is_empty()).then(|| Allowed { regions, inferred_from, gone: gone(sides) })
}

/// Whether a text can be the name of a region: whether AWS lists it is another question.
fn is_region_name(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_plain && text.contains('-')
}

/// Whether a policy is attached to something, or may be, and its type is not known to be off.
pub fn may_act(organization: &Organization, org_policy: Entity<'_, OrgPolicy>) -> bool {
    let loose = || organization.loose_attachments().iter().any(|loose| loose.org_policy == org_policy.id);
    organization.is_enabled(&org_policy.data.kind) != Some(false)
        && (!organization.targets_of(org_policy.id).is_empty() || loose())
}

/// Services that a statement has to deny before it counts as a lock of the organization.
const FEW_SERVICES: usize = 3;

/// Whether a denial with a condition on the region is meant to lock the organization to some regions. A statement about
/// one service is none. A list of denied regions says nothing about allowed ones, unless it exempts global services:
/// then it is a lock with the operator the wrong way round.
pub fn is_lock(statement: &Statement) -> bool {
    let actions = &statement.actions;
    let services: BTreeSet<&str> =
        actions.patterns.iter().filter_map(|it| it.value.split(':').next()).collect();
    let is_wide = actions.not || services.contains("*") || services.len() >= FEW_SERVICES;
    let negated = || region_conditions(&statement.conditions).any(|line| line.operator.value.is_negated());
    let named = || region_conditions(&statement.conditions).next().is_some();
    is_wide && named() && (statement.effect.value == Effect::Allow || actions.not || negated())
}

/// The services that locks exempt and that AWS does not list.
fn gone(sides: [&Organization; 2]) -> BTreeSet<String> {
    let mut gone = BTreeSet::new();
    for org_policy in sides.into_iter().flat_map(Organization::org_policies) {
        for (_, statement) in denials(org_policy).filter(|(_, it)| it.actions.not && is_lock(it)) {
            let prefixes = statement.actions.patterns.iter().filter_map(|it| it.value.split_once(':'));
            let unlisted = prefixes.filter(|(prefix, _)| Catalogue::get().service(prefix).is_none());
            gone.extend(unlisted.map(|(prefix, _)| format!("{}:*", prefix.to_ascii_lowercase())));
        }
    }
    gone
}

/// The same, or the regions that a pattern in a lock matches today.
pub fn allowed_or_matched(settings: &Regions, sides: [&Organization; 2]) -> Option<Allowed> {
    allowed(settings, sides).or_else(|| {
        let (mut regions, mut inferred_from) = (BTreeSet::new(), BTreeSet::new());
        for org_policy in sides.into_iter().flat_map(Organization::org_policies) {
            let statements = org_policy.data.document.policy().map_or(&[][..], |policy| &policy.statements);
            let locks = statements.iter().filter(|statement| is_lock(statement));
            for line in locks.flat_map(|statement| region_conditions(&statement.conditions)) {
                let matched = |region: &&str| line.values.iter().any(|value| glob(&value.value, region));
                regions.extend(data::regions().into_iter().filter(matched).map(str::to_owned));
                inferred_from.insert(org_policy.node.title());
            }
        }
        let inferred_from = inferred_from.into_iter().collect();
        (!regions.is_empty()).then(|| Allowed { regions, inferred_from, gone: gone(sides) })
    })
}

/// An ordinary request to a region that people know and that is not allowed.
pub fn foreign_request(allowed: &Allowed, account: &str) -> Request {
    let known = ["us-east-1", "eu-west-1", "us-west-2"];
    let region = known.into_iter().find(|region| !allowed.regions.contains(*region));
    let principal = format!("arn:aws:iam::{account}:role/application");
    request(&principal, ORDINARY_ACTION, region.unwrap_or(UNLISTED_REGION), &[])
}

/// The conditions on the region of a request.
pub fn region_conditions(conditions: &[Condition]) -> impl Iterator<Item = &Condition> {
    conditions.iter().filter(|condition| condition.key.value.eq_ignore_ascii_case(REQUESTED_REGION))
}

/// A request that a guardrail should have denied, and what made it slip through.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The request.
    pub request: Request,
    /// What tells it from an ordinary request: the exempt action, principal or context; empty for none.
    pub because: String,
}

/// What was found about one account.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// How many requests were decided.
    pub tried: usize,
    /// Ordinary requests that are not denied, by action, each with the regions where it is not.
    pub open: BTreeMap<String, BTreeSet<String>>,
    /// What the guardrails name that is open, as they write it: `kms:*`.
    pub exempt: BTreeSet<String>,
    /// A request for each reason why a lock does not bind.
    pub counterexamples: Vec<Counterexample>,
    /// Why requests could not be decided.
    pub undecided: BTreeSet<String>,
    /// How many actions were tried that are not denied at home.
    pub actions: usize,
}

impl Evidence {
    /// The same evidence about another account.
    fn about(&self, of: &str, account: &str) -> Self {
        let mut evidence = self.clone();
        for opening in &mut evidence.counterexamples {
            if let Caller::Arn(arn) = &mut opening.request.caller {
                *arn = arn.replace(of, account);
            }
            opening.request.resource = opening.request.resource.replace(of, account);
            opening.because = opening.because.replace(of, account);
        }
        evidence
    }

    /// Whether nothing is locked at all: every action is open somewhere, or what everybody does is, whatever is unknown of
    /// the others.
    pub fn is_unlocked(&self) -> bool {
        let is_open = |action: &str| self.open.contains_key(action);
        !self.open.is_empty() && self.open.len() == self.actions
            || !self.undecided.is_empty() && is_open(ORDINARY_ACTION)
    }
}

/// The evidence about a group: found anew, or that of another group with the same chain.
pub fn evidence(proofs: &Proofs, settings: &Regions, allowed: &Allowed, group: &Group<'_>) -> Evidence {
    let (chain, account) = (&group.chain, group.account_id());
    // Guardrails that name accounts say different things about different ones.
    let (stand_in, all) = if names_accounts(chain) {
        (account.clone(), group.account_ids.clone())
    } else {
        (ANYBODY.to_owned(), vec![ANYBODY.to_owned()])
    };
    let key = (ChainKey::of(chain, &|_, _| true), allowed.regions.clone(), stand_in.clone(), all.clone());
    let found = proofs.searches.get(key, || search(settings, allowed, chain, &stand_in, &all));
    let mut evidence = found.about(&stand_in, &account);
    if !evidence.undecided.is_empty() {
        // Chains with the same texts may be unknown for different reasons.
        evidence.undecided = chain.doubts().into_iter().collect();
    }
    evidence
}

/// What tells two chains of one organization apart.
type Signature = Vec<Vec<(NodeId, Modality)>>;

/// Whether what a policy chain says can depend on which account it is about.
fn names_accounts(chain: &PolicyChain<'_>) -> bool {
    Chains::of(chain, None).names_accounts()
}

/// Looks for requests outside the allowed regions that are not denied.
fn search(
    settings: &Regions,
    allowed: &Allowed,
    chain: &PolicyChain<'_>,
    account: &str,
    all: &[String],
) -> Evidence {
    let (named, judge) = (Named::of(chain), chain.judge());
    let regions = outside(&allowed.regions, &named.regions);
    let few: Vec<&str> = regions.iter().map(String::as_str).filter(|r| named.is_telling(r)).collect();
    let actions = actions(settings, allowed, &named);
    let ordinary = format!("arn:aws:iam::{account}:role/application");
    let mut evidence = Evidence {
        tried: 0,
        open: BTreeMap::new(),
        exempt: BTreeSet::new(),
        counterexamples: Vec::new(),
        undecided: BTreeSet::new(),
        actions: 0,
    };
    let home = allowed.regions.first().map_or(UNLISTED_REGION, String::as_str);
    let denied_at_home =
        |action: &str| matches!(judge.decide(&request(&ordinary, action, home, &[])), Ruling::Denied(_));
    for action in &actions {
        let all = action == ORDINARY_ACTION;
        for region in regions.iter().map(String::as_str).filter(|region| all || few.contains(region)) {
            let request = request(&ordinary, action, region, &[]);
            if evidence.decide(&judge, &request) {
                let first = !evidence.open.contains_key(action);
                evidence.open.entry(action.clone()).or_default().insert(region.to_owned());
                if first {
                    evidence.counterexamples.push(Counterexample { request, because: String::new() });
                }
            }
        }
        // What is denied everywhere, at home, too, says nothing about regions.
        let telling = evidence.open.contains_key(action) || !denied_at_home(action);
        evidence.actions += usize::from(telling);
    }
    evidence.exempt = exemptions(&named, &evidence);
    if evidence.is_unlocked() || !evidence.undecided.is_empty() {
        return evidence;
    }
    // One action that is closed to ordinary requests shows who and what else the lock does not bind.
    let closed =
        actions.iter().find(|action| !evidence.open.contains_key(*action) && !denied_at_home(action));
    let Some(closed) = closed else { return evidence };
    let accepted = settings.accepted_principals();
    for principal in principals(&named, account, all) {
        if accepted.iter().any(|pattern| orgward_iam::arn_like(pattern, &principal)) {
            continue;
        }
        let request = request(&principal, closed, UNLISTED_REGION, &[]);
        if evidence.decide(&judge, &request) {
            evidence
                .counterexamples
                .push(Counterexample { request, because: format!("the principal is `{principal}`") });
        }
    }
    for (key, values) in &named.keys {
        for value in values {
            let request = request(&ordinary, closed, UNLISTED_REGION, &[(key, value)]);
            if evidence.decide(&judge, &request) {
                let because = format!("`{key}` is `{value}`");
                evidence.counterexamples.push(Counterexample { request, because });
                break;
            }
        }
    }
    evidence
}

/// The widest of the patterns that the guardrails name for what is open.
fn exemptions(named: &Named, evidence: &Evidence) -> BTreeSet<String> {
    let open = |pattern: &&String| evidence.open.keys().any(|action| action_matches(pattern, action));
    let patterns: Vec<&String> =
        named.actions.iter().filter(|pattern| pattern.contains(':')).filter(open).collect();
    let is_widest = |pattern: &&&String| {
        !patterns.iter().any(|other| !other.eq_ignore_ascii_case(pattern) && action_matches(other, pattern))
    };
    patterns.iter().filter(is_widest).map(|pattern| (*pattern).clone()).collect()
}

impl Evidence {
    /// What to call an open action: by itself if people know it, else as the guardrails write it.
    pub fn title<'e>(&'e self, action: &'e str) -> &'e str {
        let pattern = self.exempt.iter().find(|pattern| action_matches(pattern, action));
        match pattern {
            Some(pattern) if !is_common(action) => pattern,
            _ => action,
        }
    }

    /// Whether a request is certainly not denied.
    fn decide(&mut self, judge: &Judge<'_, '_>, request: &Request) -> bool {
        self.tried += 1;
        match judge.decide(request) {
            Ruling::Allowed => true,
            Ruling::Denied(_) => false,
            Ruling::Undecided(reasons) => {
                self.undecided.extend(reasons);
                false
            }
        }
    }
}

/// A request to each allowed region that the guardrails deny because of its region, with what denies it; empty
/// unless they deny all of them.
pub fn denied_at_home(
    allowed: &Allowed,
    chain: &PolicyChain<'_>,
    account: &str,
) -> Option<(Request, NodeId, usize)> {
    let principal = format!("arn:aws:iam::{account}:role/application");
    let mut first = None;
    for region in &allowed.regions {
        let request = request(&principal, ORDINARY_ACTION, region, &[]);
        let Ruling::Denied(Denial { by: Some((org_policy, statement)), .. }) = chain.decide(&request) else {
            return None;
        };
        let named = chain.certain().find(|(_, each)| each.id == org_policy)?.1;
        let statement_text = named.data.document.policy()?.statements.get(statement)?;
        region_conditions(&statement_text.conditions).next()?;
        first.get_or_insert((request, org_policy, statement));
    }
    first
}

/// Whether a profile expects a global service to be exempt. The published locks lag behind the services.
fn expects_exemption(profile: Profile, prefix: &str) -> bool {
    let locks = data::published_locks();
    let published = match profile {
        Profile::Strict => return true,
        Profile::AwsSample => &locks.aws_sample,
        Profile::ControlTower => &locks.control_tower,
    };
    published.iter().any(|pattern| pattern.strip_suffix(":*") == Some(prefix))
}

/// The patterns of the actions that may be used everywhere.
fn exempt_actions(settings: &Regions) -> Vec<String> {
    let locks = data::published_locks();
    let published: &[String] = match settings.profile() {
        Profile::Strict => &[],
        Profile::AwsSample => &locks.aws_sample,
        Profile::ControlTower => &locks.control_tower,
    };
    let global = data::global_services().iter().map(|service| format!("{}:*", service.prefix));
    let without = data::services_without_regions().map(|prefix| format!("{prefix}:*"));
    global.chain(without).chain(published.iter().chain(&settings.exempt_actions).cloned()).collect()
}

/// Whether the region denial that Control Tower publishes exempts an action, or a pattern of actions.
pub fn is_exempt_in_control_tower(action: &str) -> bool {
    let published = &data::published_locks().control_tower;
    published.iter().any(|pattern| action_matches(pattern, action) || pattern == action)
}

/// Whether an action may be used everywhere.
pub fn is_exempt(settings: &Regions, action: &str) -> bool {
    exempt_actions(settings).iter().any(|pattern| action_matches(pattern, action))
}

/// Whether an action is one of a service that people use every day.
pub fn is_common(action: &str) -> bool {
    data::regional_actions().any(|(common, _)| common == action)
}

/// What the guardrails of a policy chain name.
#[derive(Default)]
struct Named {
    regions: BTreeSet<String>,
    actions: BTreeSet<String>,
    principals: BTreeSet<String>,
    keys: BTreeMap<String, BTreeSet<String>>,
}

impl Named {
    fn of(chain: &PolicyChain<'_>) -> Self {
        let mut named = Self::default();
        for attached in chain.levels.iter().flat_map(|level| &level.attached) {
            let policy: Option<&Policy> = attached.org_policy.data.document.policy();
            for statement in policy.map_or(&[][..], |policy| &policy.statements) {
                let patterns = statement.actions.patterns.iter().map(|pattern| pattern.value.clone());
                named.actions.extend(patterns);
                for condition in &statement.conditions {
                    let key = condition.key.value.to_ascii_lowercase();
                    let values = condition.values.iter().map(|value| value.value.clone());
                    match key.as_str() {
                        "aws:requestedregion" => named.regions.extend(values),
                        "aws:principalarn" => named.principals.extend(values),
                        _ if statement.effect.value == Effect::Deny => {
                            let concrete = values.map(|value| concrete(&value, "x"));
                            named.keys.entry(condition.key.value.clone()).or_default().extend(concrete);
                        }
                        _ => {}
                    }
                }
            }
        }
        for values in named.keys.values_mut() {
            values.insert("true".to_owned());
            values.insert("something-else".to_owned());
        }
        named
    }

    /// Whether a region can make a difference to any action: the guardrails name it, or nobody does.
    fn is_telling(&self, region: &str) -> bool {
        region == UNLISTED_REGION
            || region == UNSPECIFIED_REGION
            || region == "us-east-1"
            || self.regions.iter().any(|pattern| glob(pattern, region))
    }
}

/// Regions that are not allowed, sorted.
fn outside(allowed: &BTreeSet<String>, named: &BTreeSet<String>) -> Vec<String> {
    let partition = |region: &str| region.split('-').next().unwrap_or_default().to_owned();
    let special = ["cn", "eusc"];
    let here: BTreeSet<String> = allowed.iter().map(|region| partition(region)).collect();
    let mut regions: BTreeSet<String> = data::regions()
        .into_iter()
        // Other partitions have organizations of their own.
        .filter(|region| {
            let isolated = region.contains("-gov-") || region.contains("-iso");
            let other = special.contains(&partition(region).as_str()) && !here.contains(&partition(region));
            !other && (!isolated || allowed.iter().any(|a| a.contains("-gov-") || a.contains("-iso")))
        })
        .map(str::to_owned)
        .collect();
    // No region is called otherwise.
    let is_name =
        |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    regions.extend(named.iter().map(|pattern| concrete(pattern, "any-9")).filter(is_name));
    regions.insert(UNLISTED_REGION.to_owned());
    regions.insert(UNSPECIFIED_REGION.to_owned());
    regions.into_iter().filter(|region| !allowed.contains(region)).collect()
}

/// The actions to try: those that are not exempt.
fn actions(settings: &Regions, allowed: &Allowed, named: &Named) -> Vec<String> {
    let known: Vec<&str> = data::regional_actions().map(|(action, _)| action).collect();
    let mut actions: BTreeSet<String> = known.iter().map(|action| (*action).to_owned()).collect();
    actions.insert(UNLISTED_ACTION.to_owned());
    for pattern in &named.actions {
        if pattern.contains(':') && !known.iter().any(|action| action_matches(pattern, action)) {
            actions.insert(concrete(pattern, "Something"));
        }
    }
    let is_gone = |action: &str| allowed.gone.iter().any(|pattern| action_matches(pattern, action));
    actions.retain(|action| !is_exempt(settings, action) && !is_gone(action));
    // The ordinary action first, so that the first opening is the one people understand.
    let mut actions: Vec<String> = actions.into_iter().collect();
    actions.sort_by_key(|action| action != ORDINARY_ACTION);
    actions
}

/// The principals to try: of one account those of every form, and of every account those that are named.
fn principals(named: &Named, account: &str, all: &[String]) -> BTreeSet<String> {
    let mut principals = BTreeSet::from([
        format!("arn:aws:iam::{account}:root"),
        format!("arn:aws:iam::{account}:user/somebody"),
        format!("arn:aws:iam::{account}:role/AWSControlTowerExecution"),
        format!(
            "arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
        ),
    ]);
    for pattern in &named.principals {
        let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
        if let [_, _, _, _, owner, resource] = parts.as_mut_slice() {
            let there = all.iter().map(String::as_str).find(|there| there == owner);
            let fitting = there.or_else(|| glob(owner, account).then_some(account));
            if let Some(fitting) = fitting {
                fitting.clone_into(owner);
                *resource = concrete(resource, "x");
                principals.insert(parts.join(":"));
            }
        } else {
            principals.insert(concrete(pattern, "x"));
        }
    }
    // Placeholders and other slips match nobody.
    principals.retain(|principal| {
        principal.chars().all(|char| char.is_ascii_alphanumeric() || "+=,.@_-:/".contains(char))
    });
    principals
}

/// A string that a pattern matches.
fn concrete(pattern: &str, star: &str) -> String {
    pattern.replace('*', star).replace('?', "x")
}

fn request(principal: &str, action: &str, region: &str, context: &[(&str, &str)]) -> Request {
    let mut values = Context::default();
    values.set(REQUESTED_REGION, ContextValue::One(region.to_owned()));
    for (key, value) in context {
        values.set(key, ContextValue::One((*value).to_owned()));
    }
    let account = principal.split(':').nth(4).unwrap_or_default();
    let template = data::regional_actions().find(|(known, _)| *known == action).map_or("*", |(_, arn)| arn);
    Request {
        caller: Caller::Arn(principal.to_owned()),
        action: action.to_owned(),
        resource: template.replace("{region}", region).replace("{account}", account),
        resource_account: None,
        context: values,
    }
}

/// A request as a finding shows it.
pub fn witness(request: &Request) -> Witness {
    let value = |value: &ContextValue| match value {
        ContextValue::One(text) => WitnessValue::One(text.clone()),
        ContextValue::Many(texts) => WitnessValue::Many(texts.clone()),
    };
    Witness {
        principal: match &request.caller {
            Caller::Arn(arn) => arn.clone(),
            Caller::Anonymous => "anonymous".to_owned(),
            Caller::Service(name) => name.clone(),
            Caller::Federated(provider) => provider.clone(),
        },
        action: request.action.clone(),
        resource: request.resource.clone(),
        context: request.context.iter().map(|(key, each)| (key.to_owned(), value(each))).collect(),
    }
}
