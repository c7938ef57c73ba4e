//! Calls that were really made, through the policies before a plan and after it.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::PartialRequest;
pub use orgward_iam::{Event, Identity, Issuer, Session, Skipped};
use orgward_org::{Change, NodeId, Organization};

use crate::apply::{Foreseen, Policies};

/// What becomes of the calls of some events.
#[derive(Debug, Default)]
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
    /// What depends on something that the events do not show: the reason, and how many.
    pub undecided: BTreeMap<String, u64>,
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
    /// The statement that does, by its `Sid` or its number.
    pub statement: String,
}

/// What was said of a call; equal calls are asked once.
#[derive(Clone, Debug)]
enum Verdict {
    Passing,
    DeniedAlready,
    Freed,
    Broken(Broken),
    Undecided(BTreeSet<String>),
}

/// How many different calls are remembered: memory stays the same however many events there are.
const REMEMBERED: usize = 100_000;

/// Replays events, one after the other.
pub struct Replay<'a, 'o> {
    before: Policies<'a, 'o>,
    after: Policies<'a, 'o>,
    accounts: BTreeMap<String, (Option<NodeId>, Option<NodeId>)>,
    known: BTreeMap<String, Verdict>,
    replayed: Replayed,
}

impl<'a, 'o> Replay<'a, 'o> {
    /// Prepares for events of an organization.
    pub fn of(
        organization: Change<&'o Organization>,
        before: Policies<'a, 'o>,
        after: Policies<'a, 'o>,
    ) -> Self {
        let mut accounts: BTreeMap<String, (Option<NodeId>, Option<NodeId>)> = BTreeMap::new();
        for (side, org) in [(0, organization.before), (1, organization.after)] {
            for account in org.accounts() {
                let Some(id) = org.symbolic_account_id(account.id) else { continue };
                let entry = accounts.entry(id.to_owned()).or_default();
                if side == 0 { entry.0 = Some(account.id) } else { entry.1 = Some(account.id) }
            }
        }
        Self { before, after, accounts, known: BTreeMap::new(), replayed: Replayed::default() }
    }

    /// Takes one event.
    pub fn event(&mut self, event: &Event<'_>) {
        self.replayed.events += 1;
        if let Some(time) = event.event_time.as_deref() {
            let time = || time.to_owned();
            match &mut self.replayed.period {
                None => self.replayed.period = Some((time(), time())),
                Some((first, last)) => {
                    if time() < *first {
                        *first = time();
                    }
                    if time() > *last {
                        *last = time();
                    }
                }
            }
        }
        let request = match event.request() {
            Ok(request) => request,
            Err(why) => {
                *self.replayed.skipped.entry(why).or_default() += 1;
                return;
            }
        };
        let account = request.request.resource_account.clone().unwrap_or_default();
        let Some(&(before, Some(after))) = self.accounts.get(&account) else {
            self.replayed.elsewhere += 1;
            return;
        };
        // Whatever policies may look at.
        let key = format!("{request:?}");
        let known = self.known.get(&key).cloned();
        let verdict = known.unwrap_or_else(|| {
            let verdict = self.ask(before, after, &account, &request);
            if self.known.len() < REMEMBERED {
                self.known.insert(key, verdict.clone());
            }
            verdict
        });
        let replayed = &mut self.replayed;
        match verdict {
            Verdict::Passing => replayed.passing += 1,
            Verdict::DeniedAlready => replayed.denied_already += 1,
            Verdict::Freed => replayed.freed += 1,
            Verdict::Broken(broken) => *replayed.denied.entry(broken).or_default() += 1,
            Verdict::Undecided(reasons) => {
                for reason in reasons {
                    *replayed.undecided.entry(reason).or_default() += 1;
                }
            }
        }
    }

    fn ask(&self, before: Option<NodeId>, after: NodeId, account: &str, request: &PartialRequest) -> Verdict {
        let now = self.after.foresee(after, request);
        let then = before.map(|before| self.before.foresee(before, request));
        match (then, now) {
            (Some(Foreseen::Denied(_)), Foreseen::Denied(_)) => Verdict::DeniedAlready,
            (Some(Foreseen::Denied(_)), Foreseen::Open) => Verdict::Freed,
            (_, Foreseen::Denied(denial)) => Verdict::Broken(Broken {
                principal: request.request.caller.to_string(),
                account: account.to_owned(),
                action: request.request.action.clone(),
                statement: denial.statement.map_or_else(String::new, |(policy, statement)| {
                    let number = policy.statements.iter().position(|it| std::ptr::eq(it, statement));
                    let number = || format!("statement {}", number.map_or(0, |at| at + 1));
                    statement.sid.as_ref().map_or_else(number, |sid| sid.value.clone())
                }),
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
