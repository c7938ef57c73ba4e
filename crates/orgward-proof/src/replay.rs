//! Calls that were really made, through the policies before a plan and after it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub use orgward_iam::{Attributes, Event, Identity, Issuer, Named, Session, Skipped};
use orgward_iam::{Call, CalledActions, ContextValue, Facts, PartialRequest, glob};
use orgward_org::{Change, Key, NodeId, Organization};
use serde::Deserialize;

use crate::access::Access;
use crate::apply::{Denial, DenialSource, Foreseen, Policies, Reason};

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
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Passing,
    DeniedAlready,
    Freed,
    Broken(Rc<Breaking>),
    /// The number of the reasons among those of the replay.
    Undecided(usize),
}

/// What denies calls from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Breaking {
    by: String,
    policy: Option<Key>,
    statement: String,
}

/// How many different groups are told apart: memory stays the same however many events there are.
const GROUPS: usize = 100_000;
/// How many answers are remembered.
const ANSWERS: usize = 50_000;

/// A memory: it is asked, and never walked.
#[expect(clippy::disallowed_types, reason = "no output depends on its order")]
type Memory<V> = std::collections::HashMap<Vec<u8>, V>;

/// What was said of calls before. Most calls differ from others in nothing that a policy reads, and these are not even
/// written out as requests.
#[derive(Debug, Default)]
struct Answers {
    /// What is read of the calls of one action in the same places.
    facts: Memory<Facts>,
    /// What was said of calls in the same places of which the same was read.
    verdicts: Memory<Verdict>,
    /// The call that is asked about, as it is remembered.
    key: Vec<u8>,
}

impl Answers {
    /// Keeps something under the call that is asked about.
    fn keep<V>(of: &mut Memory<V>, key: &[u8], value: V) {
        if of.len() >= ANSWERS {
            of.clear();
        }
        of.insert(key.to_vec(), value);
    }
}

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
    actions: CalledActions,
    answers: Answers,
    /// Reasons why calls are undecided, each list with its number.
    reasons: BTreeMap<BTreeSet<Reason>, usize>,
    /// How many calls there are for each number.
    undecided: Vec<u64>,
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
        Self {
            before,
            after,
            organization,
            accounts,
            context,
            actions: CalledActions::default(),
            answers: Answers::default(),
            reasons: BTreeMap::new(),
            undecided: Vec::new(),
            replayed: Replayed::default(),
        }
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
        let call = match event.call(&self.actions) {
            Ok(call) => call,
            Err(why) => {
                *self.replayed.skipped.entry(why).or_default() += 1;
                return;
            }
        };
        let Some(&Sides { before, after: Some(after), .. }) = self.accounts.get(call.account()) else {
            self.replayed.elsewhere += 1;
            return;
        };
        let verdict = self.verdict((before, after), &call, event.vpc_endpoint_id.as_deref());
        let replayed = &mut self.replayed;
        match verdict {
            Verdict::Passing => replayed.passing += 1,
            Verdict::DeniedAlready => replayed.denied_already += 1,
            Verdict::Freed => replayed.freed += 1,
            Verdict::Broken(breaking) => {
                let Breaking { by, policy, statement } = &*breaking;
                let broken = Broken {
                    principal: call.caller().to_owned(),
                    account: call.account().to_owned(),
                    action: call.action().to_owned(),
                    by: by.clone(),
                    policy: policy.clone(),
                    statement: statement.clone(),
                };
                replayed.break_calls(broken, 1);
            }
            Verdict::Undecided(number) => {
                if let Some(count) = self.undecided.get_mut(number) {
                    *count += 1;
                }
            }
        }
    }

    /// What is said of a call; of calls that are alike it is said once.
    fn verdict(
        &mut self,
        sides: (Option<NodeId>, NodeId),
        call: &Call<'_>,
        endpoint: Option<&str>,
    ) -> Verdict {
        let either = |has: &dyn Fn(&Policies<'_, 'o>) -> bool| has(&self.after) || has(&self.before);
        let is_known = either(&|side| side.has_principal(call.caller()));
        let has_policy = call.resource().is_some_and(|arn| either(&|side| side.has_policy_of(arn)));
        let mut key = std::mem::take(&mut self.answers.key);
        key.clear();
        call.write_places((is_known, has_policy), &mut key);
        let mut request = None;
        let facts = self.answers.facts.get(&key).cloned().unwrap_or_else(|| {
            let asked = self.request(call, endpoint);
            let mut reads = self.after.reads(sides.1, &asked);
            if let Some(before) = sides.0 {
                reads.extend(&self.before.reads(before, &asked));
            }
            let facts = Facts::of(&reads);
            request = Some(asked);
            Answers::keep(&mut self.answers.facts, &key, facts.clone());
            facts
        });
        call.write_facts(&facts, &mut key);
        let known = self.answers.verdicts.get(&key).cloned();
        let verdict = known.unwrap_or_else(|| {
            let request = request.unwrap_or_else(|| self.request(call, endpoint));
            let verdict = self.ask(sides, &request);
            Answers::keep(&mut self.answers.verdicts, &key, verdict.clone());
            verdict
        });
        #[cfg(debug_assertions)]
        assert_eq!(
            verdict,
            self.ask(sides, &self.request(call, endpoint)),
            "what is remembered is another question"
        );
        self.answers.key = key;
        verdict
    }

    /// The call as a request, with what the event does not show.
    fn request(&self, call: &Call<'_>, endpoint: Option<&str>) -> PartialRequest {
        let mut request = call.request();
        self.complete(&mut request, call.account(), endpoint);
        request
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

    fn ask(&mut self, (before, after): (Option<NodeId>, NodeId), request: &PartialRequest) -> Verdict {
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
            (_, Foreseen::Denied(denial)) => Verdict::Broken(Rc::new(self.breaking(denial))),
            // What was as unknown before is nothing that the plan changes.
            (Some(Foreseen::Undecided(old)), Foreseen::Undecided(new)) if old == new => Verdict::Passing,
            (_, Foreseen::Undecided(reasons)) => {
                let number = *self.reasons.entry(reasons).or_insert(self.undecided.len());
                if number == self.undecided.len() {
                    self.undecided.push(0);
                }
                Verdict::Undecided(number)
            }
            (_, Foreseen::Open) => Verdict::Passing,
        }
    }

    fn breaking(&self, denial: Denial<'_>) -> Breaking {
        let statement = denial.statement_title();
        let policy = match denial.source {
            DenialSource::OrgPolicy { policy, .. } => {
                self.organization.after.node(policy).map(|node| node.key.clone())
            }
            _ => None,
        };
        Breaking { by: denial.by, policy, statement }
    }

    /// What became of all of them.
    pub fn finish(mut self) -> Replayed {
        for (reasons, number) in self.reasons {
            let count = self.undecided.get(number).copied().unwrap_or_default();
            for reason in reasons {
                *self.replayed.undecided.entry(reason).or_default() += count;
            }
        }
        self.replayed
    }
}
