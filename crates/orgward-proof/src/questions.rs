//! Three questions that people ask about one side of a change, and the reply, which may be that it is undecided.
//!
//! Rules of one's own, tests and assistants ask them. They use the machines of `guardrail explain`, `access who-can` and
//! `access path`.

use std::sync::OnceLock;

use orgward_iam::{Callers, Claim, RequestSet};
use orgward_org::{NodeId, Organization, PolicyType, Structure};

use crate::access::{Access, Place, Step, Subject, WayIn, means_something, services_of_ways};
use crate::guardrail::{EnforcedBy, Guardrail, Verdict, find, prove_in};

/// What a question comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// It is certainly so.
    Yes,
    /// It is certainly not so.
    No,
    /// Something that decides is unknown: the reason.
    Undecided(String),
}

/// How one comes from a place to another.
#[derive(Clone, Debug)]
pub enum Route {
    /// By these steps.
    Certain(Vec<Step>),
    /// From outside of the organization.
    FromOutside(Box<WayIn>),
    /// Perhaps: it depends on something unknown, and this says on what.
    Undecided(String),
    /// Not at all.
    None,
}

/// A text that is no place: what is wrong with it, and an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields are what the sentence above says")]
pub struct NoPlace {
    pub text: String,
    pub wrong: &'static str,
    pub example: &'static str,
}

/// One side of a change, to be asked.
#[derive(Debug)]
pub struct Questions<'o> {
    org: &'o Organization,
    structure: &'o Structure,
    guardrails: &'o [Guardrail],
    access: OnceLock<Access<'o>>,
}

impl<'o> Questions<'o> {
    /// Asks an organization. Guardrails may be named by their id.
    pub fn of(org: &'o Organization, structure: &'o Structure, guardrails: &'o [Guardrail]) -> Self {
        Self { org, structure, guardrails, access: OnceLock::new() }
    }

    /// Who can do what.
    pub fn access(&self) -> &Access<'o> {
        self.access.get_or_init(|| Access::of(self.org))
    }

    /// A guardrail of the configuration.
    pub fn guardrail(&self, id: &str) -> Option<&'o Guardrail> {
        self.guardrails.iter().find(|guardrail| guardrail.id == id)
    }

    /// Whether policies of the organization deny all of a claim in an account.
    pub fn denied(&self, claim: &Claim, enforced_by: EnforcedBy, account: &str) -> Reply {
        let label = |id| self.org.account(id).map(|it| it.node.label());
        if self.org.management().and_then(label).is_some_and(|label| label == account) {
            // Policies of the organization never bind the management account.
            return Reply::No;
        }
        match prove_in(self.org, claim, enforced_by, account) {
            None => Reply::Undecided(format!("no account of the inputs is called `{account}`")),
            Some((Verdict::Holds, _)) => Reply::Yes,
            Some((Verdict::Refuted(_), _)) => Reply::No,
            Some((Verdict::Open(request), doubts)) => {
                Reply::Undecided(doubts.into_iter().next().unwrap_or_else(|| {
                    format!("`{}` may not be denied, which depends on something unknown", request.action)
                }))
            }
            Some((Verdict::Undecided(why), _)) => Reply::Undecided(why),
        }
    }

    /// The statements of organization policies above an account that some request of a claim meets: the policy, and the
    /// number of the statement.
    pub fn met(&self, claim: &Claim, account: &str) -> Vec<(NodeId, usize)> {
        let Some(account) = find(self.org, account) else { return Vec::new() };
        let id = self.org.symbolic_account_id(account.id).map(str::to_owned);
        let callers = || {
            let by = |id: &String| RequestSet::by(Callers::Accounts([id.clone()].into()));
            id.as_ref().map_or_else(RequestSet::everything, by)
        };
        let mut met = Vec::new();
        for kind in [PolicyType::ServiceControl, PolicyType::ResourceControl] {
            let chain = self.org.policy_chain(account.id, &kind);
            for attached in chain.levels.iter().flat_map(|level| &level.attached) {
                let Some(policy) = attached.org_policy.data.document.policy() else { continue };
                for (at, statement) in policy.statements.iter().enumerate() {
                    let mut both = RequestSet::matched(policy, statement).and(claim.requests());
                    if kind == PolicyType::ServiceControl {
                        both = both.and(callers());
                    }
                    if both.emptiness() == Ok(false) {
                        met.push((attached.org_policy.id, at));
                    }
                }
            }
        }
        met
    }

    /// Whether a principal can make a request of a claim.
    pub fn can(&self, principal: &str, claim: &Claim) -> Reply {
        match self.access().named(principal) {
            None => Reply::Undecided(format!("no principal of the inputs is called `{principal}`")),
            Some(id) => match self.access().can(id, claim) {
                Reply::No => {
                    let services = crate::access::services(claim);
                    let mut missing = self.org.not_read().iter();
                    missing
                        .find(|it| it.concerns(services.as_ref()))
                        .map_or(Reply::No, |it| Reply::Undecided(it.to_string()))
                }
                reply => reply,
            },
        }
    }

    /// Whether a principal of one place comes to act as one of another.
    pub fn path(&self, from: &str, to: &str) -> Result<Reply, NoPlace> {
        let (start, end) = (place(from)?, place(to)?);
        for (place, text) in [(&start, from), (&end, to)] {
            if !self.means(place) {
                return Ok(Reply::Undecided(format!("`{text}` matches nothing in the inputs")));
            }
        }
        Ok(match self.route(&start, &end) {
            Route::Certain(_) | Route::FromOutside(..) => Reply::Yes,
            Route::Undecided(why) => Reply::Undecided(why),
            Route::None => Reply::No,
        })
    }

    /// Whether a place means something in the inputs.
    pub fn means(&self, place: &Place) -> bool {
        *place == Place::Outside
            || self
                .access()
                .subjects()
                .any(|(_, subject)| self.access().is_in(self.structure, place, subject))
            || match place {
                Place::Accounts(selector) => means_something(self.org, self.structure, selector),
                _ => false,
            }
    }

    /// The shortest way from a place to another: a certain one if there is one.
    pub fn route(&self, start: &Place, end: &Place) -> Route {
        let (access, structure) = (self.access(), self.structure);
        let starts = |subject: &Subject<'o>| access.is_in(structure, start, subject);
        let ends = |subject: &Subject<'o>| access.is_in(structure, end, subject);
        let possible = || Route::Undecided("a step depends on something unknown".to_owned());
        if *start == Place::Outside {
            let ways = access.from_outside(&ends, &|_| false);
            return match ways.into_iter().min_by_key(|way| (!way.certain, way.steps.len())) {
                None => self.none(access.open_end(&|_| false, &ends, true)),
                Some(way) if !way.certain => possible(),
                Some(way) => Route::FromOutside(Box::new(way)),
            };
        }
        let found =
            access.path(&starts, &|subject| ends(subject) && !(start == end && starts(subject)), &|_| false);
        match found.into_iter().min_by_key(|(path, certain)| (!*certain, path.len())) {
            None => self.none(access.open_end(&starts, &ends, false)),
            Some((_, false)) => possible(),
            Some((path, true)) => Route::Certain(path),
        }
    }

    /// No way is shown: there is none, unless something is not known that one could go by.
    fn none(&self, open_end: Option<String>) -> Route {
        let services = services_of_ways();
        let missing = || self.org.not_read().iter().find(|it| it.concerns(Some(&services)));
        open_end.or_else(|| missing().map(ToString::to_string)).map_or(Route::None, Route::Undecided)
    }
}

/// Reads a place.
pub fn place(text: &str) -> Result<Place, NoPlace> {
    Place::parse(text).map_err(|(wrong, example)| NoPlace { text: text.to_owned(), wrong, example })
}
