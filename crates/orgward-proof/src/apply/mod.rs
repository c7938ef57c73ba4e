//! Whether AWS will deny what an apply asks for, as far as policies tell before it runs.

mod ask;
mod chain;
mod order;
mod permissions;
mod policies;
mod request;
mod resources;
mod ways;

use std::collections::BTreeSet;
use std::fmt;

use orgward_iam::{PartialRequest, Policy, Statement};
use orgward_org::{Document, Key, NodeId, ResourcePolicy};
use orgward_plan::Address;

pub use self::ask::{Wall, Walls, walls};
pub use self::permissions::{Needed, permissions};
pub use self::policies::Policies;
pub use self::request::{Requested, Requests};
pub use self::ways::{way_around, ways};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Foreseen<'o> {
    /// It is denied, whatever the unknown turns out to be.
    Denied(Denial<'o>),
    /// It depends on something unknown.
    Undecided(BTreeSet<Reason>),
    /// No policy of the inputs denies it.
    Open,
}

/// Why a request is denied.
#[derive(Clone, Debug)]
pub struct Denial<'o> {
    /// The policy in words: ``SCP `region-lock` at `Root/Prod` ``.
    pub by: String,
    /// The document, when it is in the inputs.
    pub document: Option<&'o Document>,
    /// The statement; `None` where no statement allows the request.
    pub statement: Option<(&'o Policy, &'o Statement)>,
    /// Whose policy it is.
    pub source: DenialSource<'o>,
}

impl Denial<'_> {
    /// The number of the statement in its policy, from 1.
    pub fn number(&self) -> Option<usize> {
        let (policy, statement) = self.statement?;
        policy.statements.iter().position(|it| std::ptr::eq(it, statement)).map(|at| at + 1)
    }

    /// What to call the statement: its `Sid`, or its number where it has none or the plan marks the text as sensitive;
    /// empty where no statement denies.
    pub fn statement_title(&self) -> String {
        let Some((_, statement)) = self.statement else { return String::new() };
        let is_sensitive = self.document.is_some_and(|document| document.text.is_sensitive());
        match &statement.sid {
            Some(sid) if !sid.value.is_empty() && !is_sensitive => sid.value.clone(),
            _ => format!("statement {}", self.number().unwrap_or_default()),
        }
    }
}

/// Whose policy denies a request.
#[derive(Clone, Copy, Debug)]
pub enum DenialSource<'o> {
    /// An SCP or RCP, attached to a level above the account or to the account.
    OrgPolicy {
        /// The policy.
        policy: NodeId,
        /// The root, unit or account.
        level: NodeId,
    },
    /// SCPs at a level of which none allows it.
    Silence {
        /// The root, unit or account.
        level: NodeId,
    },
    /// The resource's own.
    Resource(&'o ResourcePolicy),
    /// The principal's own, or its boundary.
    Principal {
        /// The resource that gives it the policy.
        given_by: Option<&'o Address>,
        /// Which input that is from; set only when there are several.
        stack: Option<&'o str>,
        /// What the document is called: it begins with the address of the resource that it is of.
        document: &'o str,
    },
}

/// Why it is unknown whether a request is denied.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reason {
    /// The SCP or RCP that it is about, if it is about one.
    pub policy: Option<Key>,
    /// One sentence.
    pub text: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What policies say of a request: what denies it, and why that may be unknown.
#[derive(Clone, Default, Debug)]
struct Answered<'o> {
    denials: Vec<Denial<'o>>,
    reasons: BTreeSet<Reason>,
}

impl<'o> Answered<'o> {
    /// What becomes of the request.
    fn foreseen(self) -> Foreseen<'o> {
        match self.denials.into_iter().next() {
            Some(denial) => Foreseen::Denied(denial),
            None if self.reasons.is_empty() => Foreseen::Open,
            None => Foreseen::Undecided(self.reasons),
        }
    }

    fn extend(&mut self, more: &Self) {
        self.denials.extend(more.denials.iter().cloned());
        self.reasons.extend(more.reasons.iter().cloned());
    }
}

/// What a statement asks for and the request does not tell. Of a sensitive text nothing is quoted.
fn why(
    name: &str,
    of: Option<&Key>,
    document: Option<&Document>,
    (policy, statement): (&Policy, &Statement),
    request: &PartialRequest,
) -> Option<Reason> {
    let keys = statement.undecided_by(policy, request);
    if keys.is_empty() {
        return None;
    }
    let text = if document.is_some_and(|document| document.text.is_sensitive()) {
        format!("{name}, which is sensitive, asks for what is unknown")
    } else {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        format!("{name} asks for {}, which is unknown", keys.join(" and "))
    };
    Some(Reason { policy: of.cloned(), text })
}
