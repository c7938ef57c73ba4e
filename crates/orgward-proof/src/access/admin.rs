//! Who can do everything.

use std::collections::BTreeMap;

use orgward_iam::{Callers, Effect, Policy, RequestSet};

use super::Access;
use super::claims;
use super::sets::{About, Side};
use super::subject::{Cap, Subject, SubjectId};

/// Whether a principal is an administrator by its own policies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can do everything that the chain leaves to principals of its account.
    Administrator,
    /// It may be one: something that decides is unknown.
    Possible,
    /// It is not.
    Other,
}

/// An action of a service that no catalogue lists.
const UNLISTED: &str = "unlisted-service:CreateThing";

impl<'o> Access<'o> {
    /// Whether a principal is an administrator by its own policies, asked once for all that are alike.
    pub fn standing(&self, id: SubjectId) -> &Standing {
        let all = self.standings.get_or_init(|| {
            let mut known: BTreeMap<usize, Standing> = BTreeMap::new();
            self.subjects
                .iter()
                .map(|subject| known.entry(subject.cohort).or_insert_with(|| self.judge(subject)).clone())
                .collect()
        });
        all.get(id.0).unwrap_or(&Standing::Other)
    }

    /// Whether a principal that is no part of the organization as it stands would certainly be an administrator.
    pub(super) fn is_administrator(&self, subject: &Subject<'o>) -> bool {
        self.does_everything(subject, Side::AtLeast)
    }

    fn judge(&self, subject: &Subject<'o>) -> Standing {
        if subject.is_certain() && self.is_settled(subject.account) {
            return if self.does_everything(subject, Side::AtMost) {
                Standing::Administrator
            } else {
                Standing::Other
            };
        }
        // What is not known at all says nothing about administrators; what is known may.
        let known = Subject { unknowns: Vec::new(), ..subject.clone() };
        if !subject.unknowns.is_empty() && self.does_everything(&known, Side::AtLeast) {
            // A policy that is unknown may deny, which is not expected of it.
            return Standing::Administrator;
        }
        if self.does_everything(subject, Side::AtLeast) {
            Standing::Administrator
        } else if self.does_everything(&known, Side::AtMost) {
            Standing::Possible
        } else {
            Standing::Other
        }
    }

    /// Whether no action is missing that another principal of the account could do under its chain.
    fn does_everything(&self, subject: &Subject<'o>, side: Side) -> bool {
        let held = || subject.held.iter().filter(|held| held.must || side == Side::AtMost);
        if !held().any(|held| allows_unlisted(held.policy)) {
            return false;
        }
        if let Cap::Policy { policy, .. } = &subject.cap
            && !allows_unlisted(policy)
        {
            return false;
        }
        let granted =
            held().fold(RequestSet::nothing(), |all, held| all.or(everywhere(held.policy, Effect::Allow)));
        let denying = subject.held.iter().filter(|held| held.must || side == Side::AtLeast);
        let denied =
            denying.fold(RequestSet::nothing(), |all, held| all.or(everywhere(held.policy, Effect::Deny)));
        let (within, denied) = match &subject.cap {
            Cap::None => (RequestSet::everything(), denied),
            Cap::Policy { policy, .. } => {
                (everywhere(policy, Effect::Allow), denied.or(everywhere(policy, Effect::Deny)))
            }
            Cap::Unknown(_) if side == Side::AtMost => (RequestSet::everything(), denied),
            Cap::Unknown(_) => return false,
        };
        let (Some(me), Some(other)) = (self.by(subject, side), claims::by(&ordinary(&subject.arn))) else {
            return false;
        };
        let chain = self.scp(subject.account, side, About::Everything);
        let mine = granted.and(within).minus(denied).and(chain.clone()).and(me.requests());
        let theirs = chain.and(other.requests());
        matches!(mine.lacks_action_of(&theirs), Ok(None))
    }
}

/// Whether a policy allows every action on every resource, as AWS would without any chain.
pub(super) fn allows_everything(policy: &Policy) -> bool {
    let mine = everywhere(policy, Effect::Allow).minus(everywhere(policy, Effect::Deny));
    allows_unlisted(policy) && matches!(mine.lacks_action_of(&RequestSet::by(Callers::Principals)), Ok(None))
}

/// The statements of a policy that are about every resource: what one about some says takes no action away, and gives
/// none of them everywhere.
fn everywhere(policy: &Policy, effect: Effect) -> RequestSet<'_> {
    let whole = policy.statements.iter().filter(|statement| {
        statement.effect.value == effect
            && statement.resources.as_ref().is_none_or(|resources| {
                if resources.not {
                    effect == Effect::Allow
                } else {
                    resources.patterns.iter().any(|pattern| pattern.value.bytes().all(|byte| byte == b'*'))
                }
            })
    });
    whole.fold(RequestSet::nothing(), |all, statement| all.or(RequestSet::matched(policy, statement)))
}

fn allows_unlisted(policy: &Policy) -> bool {
    policy
        .statements
        .iter()
        .any(|statement| statement.effect.value == Effect::Allow && statement.covers_action(UNLISTED))
}

/// A principal of the same account that no policy means in particular.
fn ordinary(arn: &str) -> String {
    let account = arn.split(':').nth(4).unwrap_or("111111111111");
    format!("arn:aws:iam::{account}:role/ordinary-principal")
}
