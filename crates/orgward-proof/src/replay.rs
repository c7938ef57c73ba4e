//! Calls that were really made, through the policies before a plan and after it.

use std::collections::{BTreeMap, BTreeSet};

pub use orgward_iam::{Attributes, Event, Identity, Issuer, Named, Session, Skipped};
use orgward_iam::{ContextValue, PartialRequest, glob};
use orgward_org::{Change, Key, NodeId, Organization};
use serde::Deserialize;

use crate::access::Access;
use crate::apply::{DenialSource, Foreseen, Policies, Reason};

/// What no event shows and people know.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventContext {
    /// Tags of principals, by ARN; the ARN may have `*`. A principal has no others.
    pub principals: BTreeMap<String, TagsOf>,
    /// Tags of resources, by ARN; the ARN may have `*`. A resource has no others.
    pub resources: BTreeMap<String, TagsOf>,
    /// VPC endpoints by id.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// Tags of a principal or resource.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagsOf {
    /// By key.
    pub tags: BTreeMap<String, String>,
}

/// Where a VPC endpoint is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The id of its VPC.
    pub vpc: Option<String>,
    /// Its account.
    pub account: Option<String>,
}

/// What becomes of the calls of some events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// How many events there were.
    pub events: u64,
    /// The first and the last moment, as the events write it.
    pub period: Option<(String, String)>,
    /// How many calls are denied neither before nor after the plan.
    pub passing: u64,
    /// How many are denied before and after it: the events are older than the policies.
    pub denied_already: u64,
    /// How many are denied before and not after it.
    pub freed: u64,
    /// How many were not asked about, by the reason.
    pub skipped: BTreeMap<Skipped, u64>,
    /// How many are of accounts that no input shows.
    pub elsewhere: u64,
    /// What would be denied from now on.
    pub denied: BTreeMap<Broken, u64>,
    /// How many would be denied from now on in further groups, where there are more than can be kept.
    pub denied_besides: u64,
    /// What depends on something that the events do not show: the reason, and how many.
    pub undecided: BTreeMap<Reason, u64>,
}

impl Replayed {
    /// How many calls were asked about.
    pub fn asked(&self) -> u64 {
        let skipped: u64 = self.skipped.values().sum();
        self.events - skipped - self.elsewhere
    }

    /// What a policy would deny from now on, most frequent first.
    pub fn denied_by(&self, policy: &Key) -> Vec<(&Broken, u64)> {
        let mut denied: Vec<(&Broken, u64)> = self
            .denied
            .iter()
            .filter(|(broken, _)| broken.policy.as_ref() == Some(policy))
            .map(|(broken, count)| (broken, *count))
            .collect();
        denied.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        denied
    }

    /// Why it is unknown whether a policy denies calls, and how many.
    pub fn undecided_by(&self, policy: &Key) -> Vec<(&str, u64)> {
        let about = self.undecided.iter().filter(|(reason, _)| reason.policy.as_ref() == Some(policy));
        about.map(|(reason, count)| (reason.text.as_str(), *count)).collect()
    }

    /// Adds what became of other events of the same organization.
    pub fn extend(&mut self, more: Self) {
        self.events += more.events;
        self.period = match (self.period.take(), more.period) {
            (Some((first, last)), Some((other, latest))) => Some((first.min(other), last.max(latest))),
            (one, other) => one.or(other),
        };
        self.passing += more.passing;
        self.denied_already += more.denied_already;
        self.freed += more.freed;
        self.elsewhere += more.elsewhere;
        self.denied_besides += more.denied_besides;
        for (why, count) in more.skipped {
            *self.skipped.entry(why).or_default() += count;
        }
        for (reason, count) in more.undecided {
            *self.undecided.entry(reason).or_default() += count;
        }
        for (broken, count) in more.denied {
            self.break_calls(broken, count);
        }
    }

    /// Counts calls that would be denied. Of too many groups the first ones are kept, in their own order: which they are
    /// depends on nothing else, and they are counted whole.
    fn break_calls(&mut self, broken: Broken, count: u64) {
        *self.denied.entry(broken).or_default() += count;
        if self.denied.len() > GROUPS {
            self.denied_besides += self.denied.pop_last().map_or(0, |(_, count)| count);
        }
    }
}

/// Calls that would be denied from now on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Broken {
    /// Who made them: a role or a user.
    pub principal: String,
    /// The account.
    pub account: String,
    /// The action.
    pub action: String,
    /// What denies them.
    pub by: String,
    /// The SCP or RCP that does, if it is one.
    pub policy: Option<Key>,
    /// The statement that does, by its `Sid` or its number.
    pub statement: String,
}

/// What was said of a call.
#[derive(Clone, Debug)]
enum Verdict {
    Passing,
    DeniedAlready,
    Freed,
    Broken(Broken),
    Undecided(BTreeSet<Reason>),
}

/// How many different groups are told apart: memory stays the same however many events there are.
const GROUPS: usize = 100_000;

/// An account on both sides.
#[derive(Clone, Debug, Default)]
struct Sides {
    before: Option<NodeId>,
    after: Option<NodeId>,
    organization: Option<String>,
}

/// Replays events, one after the other.
pub struct Replay<'a, 'o> {
    before: Policies<'a, 'o>,
    after: Policies<'a, 'o>,
    organization: Change<&'o Organization>,
    /// The accounts of the inputs before and after the plan, with the id of their organization.
    accounts: BTreeMap<String, Sides>,
    context: &'a EventContext,
    replayed: Replayed,
}

impl<'a, 'o> Replay<'a, 'o> {
    /// Prepares for events of an organization.
    pub fn of(
        organization: Change<&'o Organization>,
        (before, after): (&'a Access<'o>, &'a Access<'o>),
        context: &'a EventContext,
    ) -> Self {
        let (before, after) = (Policies::of(before), Policies::of(after));
        let mut accounts: BTreeMap<String, Sides> = BTreeMap::new();
        for (side, org) in [(0, organization.before), (1, organization.after)] {
            for account in org.accounts() {
                let Some(id) = org.symbolic_account_id(account.id) else { continue };
                let entry = accounts.entry(id.to_owned()).or_default();
                if side == 0 {
                    entry.before = Some(account.id);
                } else {
                    entry.after = Some(account.id);
                }
                entry.organization = org.symbolic_id_of(account.id).map(str::to_owned);
            }
        }
        Self { before, after, organization, accounts, context, replayed: Replayed::default() }
    }

    /// Takes one event.
    pub fn event(&mut self, event: &Event<'_>) {
        self.replayed.events += 1;
        if let Some(time) = event.event_time.as_deref() {
            match &mut self.replayed.period {
                None => self.replayed.period = Some((time.to_owned(), time.to_owned())),
                Some((first, _)) if time < first.as_str() => time.clone_into(first),
                Some((_, last)) if time > last.as_str() => time.clone_into(last),
                Some(_) => {}
            }
        }
        let mut request = match event.request() {
            Ok(request) => request,
            Err(why) => {
                *self.replayed.skipped.entry(why).or_default() += 1;
                return;
            }
        };
        let account = orgward_iam::Arn::parse(request.request.caller.name()).map_or("", |arn| arn.account);
        let Some((account, &Sides { before, after: Some(after), .. })) = self.accounts.get_key_value(account)
        else {
            self.replayed.elsewhere += 1;
            return;
        };
        self.complete(&mut request, account, event.vpc_endpoint_id.as_deref());
        let verdict = self.ask(before, after, account, &request);
        let replayed = &mut self.replayed;
        match verdict {
            Verdict::Passing => replayed.passing += 1,
            Verdict::DeniedAlready => replayed.denied_already += 1,
            Verdict::Freed => replayed.freed += 1,
            Verdict::Broken(broken) => replayed.break_calls(broken, 1),
            Verdict::Undecided(reasons) => {
                for reason in reasons {
                    *replayed.undecided.entry(reason).or_default() += 1;
                }
            }
        }
    }

    /// Adds what the event does not show: of the organization, and of the context that people gave.
    fn complete(&self, request: &mut PartialRequest, account: &str, endpoint: Option<&str>) {
        let one = |text: &str| ContextValue::One(text.to_owned());
        let organization = |account: &str| self.accounts.get(account)?.organization.as_deref();
        let owner = request.request.resource_account.clone();
        let owner = owner.as_deref().and_then(organization);
        for (key, id) in [("aws:PrincipalOrgID", organization(account)), ("aws:ResourceOrgID", owner)] {
            if let Some(id) = id {
                request.set(key, one(id));
            }
        }
        let named = |of: &'a BTreeMap<String, TagsOf>, arn: &str| {
            of.get(arn).or_else(|| of.iter().find(|(it, _)| glob(it, arn)).map(|(_, tags)| tags))
        };
        let tags_of = [
            ("aws:PrincipalTag/", named(&self.context.principals, request.request.caller.name())),
            ("aws:ResourceTag/", named(&self.context.resources, &request.request.resource)),
        ];
        for (prefix, tags) in tags_of {
            let Some(tags) = tags else { continue };
            for (key, value) in &tags.tags {
                request.set(&format!("{prefix}{key}"), one(value));
            }
            request.lacks(&format!("{prefix}*"));
        }
        let Some(endpoint) = endpoint.and_then(|id| self.context.endpoints.get(id)) else { return };
        if let Some(vpc) = &endpoint.vpc {
            request.set("aws:SourceVpc", one(vpc));
        }
        if let Some(account) = &endpoint.account {
            request.set("aws:VpceAccount", one(account));
            if let Some(id) = organization(account) {
                request.set("aws:VpceOrgID", one(id));
            }
        }
    }

    fn ask(&self, before: Option<NodeId>, after: NodeId, account: &str, request: &PartialRequest) -> Verdict {
        let now = self.after.foresee(after, request);
        // Where the plan changes nothing for it, the other side says the same.
        let agrees =
            before.is_some_and(|it| self.after.agrees_with(after, (&self.before, it), None, request));
        if agrees {
            return if matches!(now, Foreseen::Denied(_)) {
                Verdict::DeniedAlready
            } else {
                Verdict::Passing
            };
        }
        let then = before.map(|before| self.before.foresee(before, request));
        match (then, now) {
            (Some(Foreseen::Denied(_)), Foreseen::Denied(_)) => Verdict::DeniedAlready,
            (Some(Foreseen::Denied(_)), Foreseen::Open) => Verdict::Freed,
            (_, Foreseen::Denied(denial)) => Verdict::Broken(Broken {
                principal: request.request.caller.to_string(),
                account: account.to_owned(),
                action: request.request.action.clone(),
                statement: denial.statement_title(),
                policy: match denial.source {
                    DenialSource::OrgPolicy { policy, .. } => {
                        self.organization.after.node(policy).map(|node| node.key.clone())
                    }
                    _ => None,
                },
                by: denial.by,
            }),
            // What was as unknown before is nothing that the plan changes.
            (Some(Foreseen::Undecided(old)), Foreseen::Undecided(new)) if old == new => Verdict::Passing,
            (_, Foreseen::Undecided(reasons)) => Verdict::Undecided(reasons),
            (_, Foreseen::Open) => Verdict::Passing,
        }
    }

    /// What became of all of them.
    pub fn finish(self) -> Replayed {
        self.replayed
    }
}
