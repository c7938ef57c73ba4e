use std::collections::BTreeSet;
use std::ops::Range;

use crate::{Policy, Request};

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
    /// account. An exposure is confirmed by [`Statement::matches`](crate::Statement::matches) on the whole policy.
    pub fn admits_outsider(&self, _role: &RoleTrust<'_>, _perimeter: &Perimeter) -> OutsiderAccess {
        OutsiderAccess::Undecided("whether an outsider has access is not decided yet".to_owned())
    }
}
