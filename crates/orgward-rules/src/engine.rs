//! What a rule is, what it sees, and where it puts what it finds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use orgward_finding::{Finding, ReviewKind, RuleInfo, Verdict};
use orgward_iam::{Kind, Policy, Problem};
use orgward_org::{Change, Document, Node, Organization};
use orgward_plan::Address;

use orgward_config::Config;
use orgward_proof::Regions;
use orgward_proof::access::Access;
use orgward_proof::guardrail::Proofs;
use orgward_proof::memo::Memo;
use orgward_proof::replay::Replayed;

/// A rule: what is known about it, and the function that checks.
#[derive(Debug)]
pub struct Rule {
    /// What is known about it without running it.
    pub info: RuleInfo,
    /// The source file, for the test that every rule is registered.
    pub file: &'static str,
    /// Looks at the organization before and after and reports. It cannot fail: what cannot be read is a node of
    /// the organization that says so.
    pub check: fn(&Context<'_>, &mut Findings),
}

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The organization as it stands; empty in an audit, which has no "before".
    pub before: &'a Organization,
    /// The organization as it will be. In the run that finds out what is there already, the same as `before`.
    pub after: &'a Organization,
    /// What people have configured.
    pub config: &'a Config,
    /// Why inputs do not tell the whole story: the input and the reason.
    pub doubts: &'a [(String, String)],
    /// What has been proved already, by this run or another one.
    pub proofs: &'a Proofs,
    /// What is judged: plans, an organization as it is, or an organization at two times.
    pub kind: ReviewKind,
    /// Whether only the guardrails of the configuration are asked about.
    pub guardrails_only: bool,
    /// What has been asked about access, by this run.
    pub accesses: &'a Accesses<'a>,
    /// What became of calls that were really made, where the review was given records of them.
    pub events: Option<&'a Replayed>,
    /// The policy documents that the plan changes, and what is wrong with documents.
    pub documents: &'a Documents,
}

/// Policy documents: which of them the plan writes, and what is wrong with each text, found once.
#[derive(Debug, Default)]
pub struct Documents {
    changed: BTreeSet<Arc<str>>,
    problems: Memo<(Kind, Arc<str>), Arc<Vec<Problem>>>,
}

impl Documents {
    /// The documents that a change writes. One that only moves to another address is none.
    pub fn of(change: Change<&Organization>) -> Self {
        let before = change.before.documents();
        let named: BTreeMap<&str, &Document> =
            before.iter().map(|(_, document)| (&*document.name, *document)).collect();
        let texts: BTreeSet<(Kind, &str)> =
            before.iter().map(|(_, document)| (document.kind, document.text.expose())).collect();
        let changed = change.after.documents().into_iter().filter(|(_, document)| {
            let text = document.text.expose();
            let is_moved = !text.is_empty() && texts.contains(&(document.kind, text));
            !is_moved && named.get(&*document.name) != Some(document)
        });
        let changed = changed.map(|(_, document)| Arc::clone(&document.name)).collect();
        Self { changed, problems: Memo::default() }
    }

    /// Whether the plan writes a document; asked of both sides by its name.
    pub fn is_changed(&self, document: &Document) -> bool {
        self.changed.contains(&document.name)
    }

    /// What is wrong with a document.
    pub fn problems(&self, policy: &Policy) -> Arc<Vec<Problem>> {
        self.problems.get((policy.kind, Arc::clone(policy.text())), || Arc::new(policy.problems()))
    }
}

/// Access on both sides and what is accepted of region locks, gathered at the first question.
#[derive(Debug, Default)]
pub struct Accesses<'a> {
    before: OnceLock<Access<'a>>,
    after: OnceLock<Access<'a>>,
    regions: OnceLock<Regions>,
}

impl<'a> Context<'a> {
    /// Who can do what after the plan.
    pub fn access(&self) -> &'a Access<'a> {
        self.accesses.after.get_or_init(|| Access::of(self.after))
    }

    /// Who can do what before the plan.
    pub fn access_before(&self) -> &'a Access<'a> {
        if std::ptr::eq(self.before, self.after) {
            return self.access();
        }
        self.accesses.before.get_or_init(|| Access::of(self.before))
    }

    /// `[regions]`, as it is meant for this organization.
    pub fn regions(&self) -> &'a Regions {
        self.accesses.regions.get_or_init(|| self.config.regions.of([self.before, self.after]))
    }

    /// What changes the organization, for sentences: "the plan".
    pub const fn actor(&self) -> &'static str {
        self.kind.actor()
    }

    /// Both sides.
    pub fn change(&self) -> Change<&'a Organization> {
        Change { before: self.before, after: self.after }
    }
}

/// Where rules put what they find.
#[derive(Debug, Default)]
pub struct Findings {
    pub(crate) list: Vec<Finding>,
}

impl Findings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Reports a finding about a resource, or about the organization as a whole.
    pub fn report<'a>(&mut self, rule: &Rule, address: impl Into<Option<&'a Address>>) -> &mut Finding {
        self.list.push_mut(Finding::about(&rule.info, address.into()))
    }

    /// Reports a finding about a node of the organization.
    pub fn about(&mut self, rule: &Rule, node: &Node) -> &mut Finding {
        let finding = self.report(rule, node.address.as_ref());
        finding.input = node.stack.as_deref().map(str::to_owned);
        if node.address.is_none() {
            finding.subject = node.key.to_string();
        }
        finding
    }

    /// Reports that a rule can neither find nor exclude something about a node.
    pub fn cannot_tell(&mut self, rule: &Rule, node: &Node) -> &mut Finding {
        let finding = self.about(rule, node);
        finding.verdict = Verdict::Unverifiable;
        finding.severity = rule.info.unverifiable;
        finding
    }
}

/// Declares a rule. The doc comment is its page in the documentation.
macro_rules! rule {
    (
        $(#[doc = $doc:expr])+
        pub(crate) static $name:ident = {
            id: $id:literal,
            summary: $summary:literal,
            severity: $severity:expr,
            unverifiable: $unverifiable:expr,
            check: $check:path,
        }
    ) => {
        $(#[doc = $doc])+
        pub(crate) static $name: $crate::engine::Rule = $crate::engine::Rule {
            info: orgward_finding::RuleInfo {
                id: $id,
                summary: $summary,
                severity: $severity,
                unverifiable: $unverifiable,
                docs: concat!($($doc, "\n"),+),
            },
            file: file!(),
            check: $check,
        };
    };
}

pub(crate) use rule;
