//! `[[forbid]]`: what nobody but some may be able to do.

use std::fmt;

use orgward_finding::Severity;
use orgward_iam::{Claim, arn_like};
use orgward_org::{Matcher, Organization, Selector, Structure};

use super::Access;
use super::subject::Subject;

/// What must not be possible after a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forbid {
    /// What people call it: unique in a configuration.
    pub id: String,
    /// What it is for, in a sentence.
    pub description: Option<String>,
    /// How bad it is when it does not hold.
    pub severity: Severity,
    /// What is forbidden.
    pub what: Forbidden,
    /// ARN patterns of principals that may.
    pub exempt: Vec<String>,
    /// Where it is declared, as file and line.
    pub origin: String,
}

/// What is forbidden.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forbidden {
    /// These requests, to principals of the targets; of every account, and outside, when there are none.
    Requests {
        /// The requests.
        claim: Claim,
        /// The accounts whose principals are asked about.
        targets: Vec<Selector>,
    },
    /// That a principal of one place comes to act as one of another.
    Path {
        /// Where it must not start.
        from: Place,
        /// Where it must not lead.
        to: Place,
    },
}

/// Where a path starts, or leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Principals of accounts.
    Accounts(Selector),
    /// Principals by the pattern of their ARN.
    Principals(String),
    /// A principal by its address.
    Address(String),
    /// Outside of the organization.
    Outside,
}

impl Place {
    /// Reads a place; fails with what is wrong and an example.
    pub fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        if text == "outside" {
            Ok(Self::Outside)
        } else if text.starts_with("arn:") {
            Ok(Self::Principals(text.to_owned()))
        } else if let Some(account) = text.strip_prefix("account:") {
            Selector::parse(account).map(Self::Accounts)
        } else if text.contains("aws_iam_") || text.contains("aws_ssoadmin_") {
            Ok(Self::Address(text.to_owned()))
        } else {
            Selector::parse(text).map(Self::Accounts)
        }
    }
}

/// As people write it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accounts(selector @ Selector::Account(_)) => write!(f, "account:{selector}"),
            Self::Accounts(selector) => selector.fmt(f),
            Self::Principals(text) | Self::Address(text) => f.write_str(text),
            Self::Outside => f.write_str("outside"),
        }
    }
}

impl Access<'_> {
    /// Whether a principal is in a place, as far as the inputs show.
    pub fn is_in(&self, structure: &Structure, place: &Place, subject: &Subject<'_>) -> bool {
        match place {
            Place::Outside => false,
            Place::Principals(pattern) => arn_like(pattern, &subject.arn),
            Place::Address(address) => subject.node.address.as_ref().is_some_and(|it| it.as_str() == address),
            Place::Accounts(selector) => subject
                .account
                .is_some_and(|account| Matcher::of(self.org, structure).matches(selector, account).is_some()),
        }
    }

    /// Whether a principal is in one of some accounts; in any where there are none.
    pub fn is_target(&self, structure: &Structure, targets: &[Selector], subject: &Subject<'_>) -> bool {
        targets.is_empty()
            || subject.account.is_some_and(|account| {
                let mut matcher = Matcher::of(self.org, structure);
                targets.iter().any(|target| matcher.matches(target, account).is_some())
            })
    }
}

/// Whether a target means an account of the inputs.
pub fn means_something(org: &Organization, structure: &Structure, target: &Selector) -> bool {
    let mut matcher = Matcher::of(org, structure);
    org.accounts().any(|account| matcher.matches(target, account.id).is_some())
}

/// Whether a principal may do it anyway.
pub fn is_exempt(exempt: &[String], arn: &str) -> bool {
    exempt.iter().any(|pattern| arn_like(pattern, arn))
}
