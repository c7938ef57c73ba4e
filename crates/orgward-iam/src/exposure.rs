//! Who outside an organization a trust policy lets in.
//!
//! A trust policy is open when there is a request of an outsider that it allows. So one is looked for, in two ways:
//! `outsider.rs` knows what an outsider controls and which values are worth trying, and `search.rs` tries them with the
//! evaluator, which makes requests that people understand; `proof.rs` says what outsiders are as a set of requests, and
//! the engine decides over all of them. "Excluded" is said only where neither finds anybody.

mod guards;
mod outsider;
mod proof;
mod search;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

pub use self::proof::Outsiders;
use crate::{Answer, Effect, Policy, PrincipalPattern, Request, RequestSet, Statement};

/// What lies inside an organization.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Perimeter {
    /// The organization's id (`o-…`), if known.
    pub organization: Option<String>,
    /// The ids of its accounts that are known; shared, since there may be thousands.
    pub accounts: Arc<BTreeSet<String>>,
    /// Whether `accounts` is all of them.
    pub complete: bool,
}

/// The role that a trust policy belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoleTrust<'r> {
    /// Its ARN; account and path may be made up where the plan does not know them.
    pub arn: &'r str,
    /// Its account, if known.
    pub account: Option<&'r str>,
}

/// Access that somebody outside has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exposure {
    /// A request that shows it.
    pub request: Request,
    /// Index of the statement that admits it.
    pub statement: usize,
    /// The part of the text that opens the door.
    pub span: Range<usize>,
    /// The conditions that look like guards and do not guard, each with the reason why, in one sentence.
    pub weak_guards: Vec<(Range<usize>, String)>,
}

/// Whether somebody outside has access.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutsiderAccess {
    /// Yes; this request shows it.
    Exposed(Exposure),
    /// No, whatever the request.
    Excluded,
    /// It depends on what is not known, or was too much to decide; the sentence says what.
    Undecided(String),
}

impl Policy {
    /// Whether this trust policy lets a principal outside the perimeter assume the role without naming it or its
    /// account: through `*`, `NotPrincipal`, and conditions that do not hold outsiders back.
    ///
    /// `Exposed` has a request that [`Statement::matches`] confirms on the whole policy, denials included;
    /// `Excluded` means that there is none. Only `sts:AssumeRole` is asked about: who comes with the token of an
    /// identity provider is no AWS principal. An account that a condition names counts as named
    /// ([`Statement::narrowed_accounts`]), and so do address ranges and VPC endpoints.
    pub fn admits_outsider(&self, role: &RoleTrust<'_>, perimeter: &Perimeter) -> OutsiderAccess {
        match self.searched(role, perimeter) {
            OutsiderAccess::Exposed(exposure) => OutsiderAccess::Exposed(exposure),
            found => self.proved(role, perimeter, found),
        }
    }

    /// A request of an outsider that this trust policy allows and that a set has; none if and only if there is none.
    /// The set is what other policies leave open.
    pub fn admits_outsider_among(
        &self,
        role: &RoleTrust<'_>,
        perimeter: &Perimeter,
        open: RequestSet<'_>,
    ) -> Answer {
        let grounded = proof::grounded(self, role, perimeter);
        match Outsiders::of_role(&grounded, role, perimeter) {
            Ok(outsiders) => RequestSet::allowed(&grounded).and(outsiders.requests()).and(open).example(),
            Err(reason) => Answer::Undecided(reason),
        }
    }

    /// What the engine makes of it when the search has found nobody: whoever takes more for possible counts.
    fn proved(&self, role: &RoleTrust<'_>, perimeter: &Perimeter, found: OutsiderAccess) -> OutsiderAccess {
        let mut doors = self.statements.iter().filter(|statement| door(statement).is_some()).peekable();
        // What is not documented is not for the engine to decide.
        if doors.peek().is_none() || doors.any(|door| door.conditions.iter().any(search::is_bare_star)) {
            return found;
        }
        let grounded = proof::grounded(self, role, perimeter);
        let Ok(outsiders) = Outsiders::of_role(&grounded, role, perimeter) else { return found };
        let entered = grounded
            .statements
            .iter()
            .filter(|statement| door(statement).is_some())
            .fold(RequestSet::nothing(), |all, door| all.or(RequestSet::matched(&grounded, door)));
        let set = entered.minus(RequestSet::effect(&grounded, Effect::Deny)).and(outsiders.requests());
        match (set.example(), found) {
            (Answer::None, _) => OutsiderAccess::Excluded,
            (Answer::Undecided(_), found) => found,
            // It may be a member of this organization, if that is the one that the policy names.
            (Answer::Witness(_), OutsiderAccess::Undecided(why)) if perimeter.organization.is_none() => {
                OutsiderAccess::Undecided(why)
            }
            (Answer::Witness(request), _) => {
                let request = proof::completed(*request, self, role, perimeter);
                self.exposure(request, perimeter).map_or_else(
                    || OutsiderAccess::Undecided("what was found could not be confirmed".to_owned()),
                    OutsiderAccess::Exposed,
                )
            }
        }
    }

    /// What a request shows that this policy allows; `None` if it does not allow it.
    fn exposure(&self, request: Request, perimeter: &Perimeter) -> Option<Exposure> {
        if self.matching(&request).any(|(_, statement)| statement.effect.value == Effect::Deny) {
            return None;
        }
        let (statement, span, weak_guards) = self
            .matching(&request)
            .find_map(|(at, statement)| Some((at, door(statement)?, guards::weak(statement, perimeter))))?;
        Some(Exposure { request, statement, span, weak_guards })
    }

    fn searched(&self, role: &RoleTrust<'_>, perimeter: &Perimeter) -> OutsiderAccess {
        let mut undecided = None;
        for (index, statement) in self.statements.iter().enumerate() {
            let Some(span) = door(statement) else { continue };
            match search::admits(self, index, role, perimeter) {
                search::Answer::Witness(request) => {
                    return OutsiderAccess::Exposed(Exposure {
                        request,
                        statement: index,
                        span,
                        weak_guards: guards::weak(statement, perimeter),
                    });
                }
                search::Answer::Nobody => {}
                search::Answer::Undecided(why) => undecided = undecided.or(Some(why)),
            }
        }
        undecided.map_or(OutsiderAccess::Excluded, OutsiderAccess::Undecided)
    }
}

/// The place where a statement admits whoever comes, if it does.
fn door(statement: &Statement) -> Option<Range<usize>> {
    if statement.effect.value != Effect::Allow || !statement.covers_action(search::ACTION) {
        return None;
    }
    let principals = statement.principals.as_ref()?;
    if principals.not {
        return Some(principals.span.clone());
    }
    let everyone = principals.patterns.iter().find(|entry| entry.value == PrincipalPattern::Everyone)?;
    Some(everyone.span.clone())
}
