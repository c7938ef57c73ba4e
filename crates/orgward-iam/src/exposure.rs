//! Who outside an organization a trust policy lets in.
//!
//! A trust policy is open when there is a request of an outsider that it allows. So one is looked for: `outsider.rs`
//! knows what an outsider controls and which values are worth trying, `search.rs` tries them with the evaluator. That
//! none is found proves nothing by itself; "excluded" is said only where the values tried stand for all there are.

mod guards;
mod outsider;
mod search;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::{Effect, Policy, PrincipalPattern, Request, Statement};

/// What lies inside an organization.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Perimeter {
    /// The organization's id (`o-…`), if known.
    pub organization: Option<String>,
    /// The ids of its accounts that are known.
    pub accounts: BTreeSet<String>,
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
