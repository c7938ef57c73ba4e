//! The story of a guardrail in one account.

use crate::Witness;

/// How a guardrail fares in one account, level by level from the root down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// The id of the guardrail.
    pub guardrail: String,
    /// Where it is declared, and what it is for.
    pub declared: String,
    /// The account: its name or id.
    pub account: String,
    /// Where it lies.
    pub path: String,
    /// Whether the guardrail is for this account.
    pub scope: Scope,
    /// Whether it holds there.
    pub outcome: Outcome,
    /// The request that is followed: one that slips through, or one of those that are denied.
    pub request: Option<Witness>,
    /// The levels, the root first.
    pub levels: Vec<Level>,
    /// What else a reader needs in order to follow, one sentence each.
    pub notes: Vec<String>,
}

/// Whether a guardrail is for an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// It is.
    Inside,
    /// The inputs do not tell.
    Unknown,
    /// It is not.
    Outside,
}

impl Scope {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Unknown => "unknown",
            Self::Outside => "outside",
        }
    }
}

/// Whether a guardrail holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// Every request that it is about is denied.
    Holds,
    /// Some request is not denied.
    Refuted,
    /// It depends on something unknown.
    Undecided,
}

impl Outcome {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
        }
    }
}

/// A level between the root and an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Level {
    /// What it is called.
    pub name: String,
    /// What is attached there.
    pub policies: Vec<Told>,
    /// What the policies come to, where none of them says it.
    pub says: Option<String>,
}

/// What one policy says about the request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// What it is called.
    pub name: String,
    /// The resource that manages it.
    pub address: Option<String>,
    /// What its statements say, one sentence each.
    pub says: Vec<String>,
}
