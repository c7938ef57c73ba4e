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
    /// The statement that comes nearest to denying it, where it is not denied.
    pub nearest: Option<Nearest>,
    /// How far the requests reach that are not denied.
    pub extent: Option<Extent>,
    /// What else a reader needs in order to follow, one sentence each.
    pub notes: Vec<String>,
}

/// The statement that comes nearest to denying a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nearest {
    /// The policy that it is of.
    pub policy: String,
    /// Which one it is: its `Sid` or its number.
    pub statement: String,
    /// What it lacks, as the end of a sentence that begins with `it`.
    pub lacks: String,
    /// What to change.
    pub fix: String,
}

/// How far the requests of a guardrail reach that are not denied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extent {
    /// How many actions that AWS lists.
    pub listed: usize,
    /// Their names, where they are asked for.
    pub actions: Vec<String>,
    /// They, in few words.
    pub actions_in_words: String,
    /// Whether these are all actions of the guardrail.
    pub all_actions: bool,
    /// Who makes them: each class by a pattern of a policy, or by an example.
    pub principals: Vec<String>,
    /// Whether these are all principals that the guardrail is about.
    pub all_principals: bool,
    /// What they are about, likewise.
    pub resources: Vec<String>,
    /// Whether these are all resources that the guardrail is about.
    pub all_resources: bool,
    /// The context keys that make a difference, each with the values that are not denied.
    pub conditions: Vec<(String, Vec<String>)>,
}

impl Extent {
    /// It in a line: `all 2 actions of the guardrail (…), by every principal that it is about`.
    pub fn sentence(&self) -> String {
        /// How many are named one by one.
        const NAMED: usize = 4;
        let list = |names: &[String]| {
            let more = names.len().saturating_sub(NAMED);
            let mut named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
            named.extend((more > 0).then(|| format!("{more} more")));
            match named.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
                Some((last, _)) => last.clone(),
                None => String::new(),
            }
        };
        let mut parts = vec![match (self.all_actions, self.listed) {
            (true, 0 | 1) | (false, _) => self.actions_in_words.clone(),
            (true, count) => format!("all {count} actions of the guardrail ({})", self.actions_in_words),
        }];
        parts.push(if self.all_principals {
            "by every principal that it is about".to_owned()
        } else {
            format!("by principals like {}", list(&self.principals))
        });
        if !self.all_resources {
            parts.push(format!("on resources like {}", list(&self.resources)));
        }
        let conditions = self.conditions.iter().map(|(key, values)| {
            let is_missing = values.iter().any(String::is_empty);
            let given: Vec<String> = values.iter().filter(|value| !value.is_empty()).cloned().collect();
            match (is_missing, given.is_empty()) {
                (true, true) => format!("without `{key}`"),
                (true, false) => format!("without `{key}`, or where it is like {}", list(&given)),
                (false, _) => format!("where `{key}` is like {}", list(&given)),
            }
        });
        parts.extend(conditions);
        parts.join(", ")
    }
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
