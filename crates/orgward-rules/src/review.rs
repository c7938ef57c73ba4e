//! From the organization to what a reader is told.

#[cfg(test)]
mod audit_tests;
mod causes;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use orgward_finding::{
    Accepted, AccessChange, AccessEntry, BaselineEntry, ChainChange, ConfigurationInEffect, Finding, Gate,
    GuardrailState, Input, Proof, Review, ReviewKind, RuleInfo, Severity, Status, Verdict, not_accepted,
};
use orgward_org::{Change, Organization};
use orgward_plan::{Doubt, Kind, Plan};

use self::standing::Standing;
use orgward_config::{Config, waivers};
use orgward_proof::access::{Access, Gained};
use orgward_proof::guardrail::Proofs;
use orgward_proof::replay::Replayed;

use crate::changes::chain_changes;
use crate::engine::{Accesses, Documents};
use crate::{Context, Findings, Rule, catalog, completion, described, severities};

/// How a review judges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question<'a> {
    /// What blocks.
    pub gate: Gate,
    /// The day on which it is asked, in UTC: waivers end.
    pub today: Date,
    /// What the baseline lists.
    pub baseline: &'a [BaselineEntry],
    /// Whether inputs that do not tell the whole story are accepted.
    pub allow_incomplete: bool,
    /// What became of calls that were really made, before the plan and after it.
    pub events: Option<&'a Replayed>,
}

/// The rules that prove guardrails.
const PROVED: [&str; 2] = ["guardrail-gap", "region-lock-gap"];
/// The rules of a check of guardrails: what proves them, and what makes such a proof worth nothing.
const OF_GUARDRAILS: [&str; 4] =
    ["forgeable-exemption", "guardrail-gap", "region-lock-gap", "unverifiable-plan"];
/// The rules that an audit leaves out: they judge an apply, or what becomes of a policy, and would take everything that is
/// there for new.
const OF_A_CHANGE: [&str; 5] =
    ["data-loss", "denied-apply", "narrowed-policy", "untested-guardrail", "widened-policy"];

/// What the rules are run for.
#[derive(Clone, Copy, Debug, Default)]
struct Run<'a> {
    kind: ReviewKind,
    /// Whether only the guardrails of the configuration are asked about.
    guardrails_only: bool,
    events: Option<&'a Replayed>,
}

/// Runs all rules and judges what they find.
pub fn review(
    organization: &Change<Organization>,
    plans: &[Plan<'_>],
    config: &Config,
    question: Question<'_>,
) -> Review {
    judge(catalog::RULES, organization, plans, config, question)
}

/// Runs some rules, by their ids, and judges what they find: for texts that are judged while they are written.
pub fn review_by(
    ids: &[&str],
    organization: &Change<Organization>,
    plans: &[Plan<'_>],
    config: &Config,
    question: Question<'_>,
) -> Review {
    let rules: Vec<&Rule> =
        catalog::RULES.iter().copied().filter(|rule| ids.contains(&rule.info.id)).collect();
    let mut config = config.clone();
    config.waivers.retain(|waiver| ids.contains(&waiver.rule.as_str()));
    let mut review = judge(&rules, organization, plans, &config, question);
    // What other rules would find is not looked for.
    review.gone.clear();
    review
}

/// Proves the guardrails of an organization as it is, which has no "before". Waivers and baseline apply as far as they
/// are about guardrails.
pub fn check_guardrails(
    organization: &Change<Organization>,
    inputs: &[Plan<'_>],
    config: &Config,
    question: Question<'_>,
) -> Review {
    let is_asked = |id: &str| OF_GUARDRAILS.contains(&id);
    let rules: Vec<&Rule> = catalog::RULES.iter().copied().filter(|rule| is_asked(rule.info.id)).collect();
    let mut config = config.clone();
    config.waivers.retain(|waiver| is_asked(&waiver.rule));
    let run = Run { kind: ReviewKind::Audit, guardrails_only: true, events: None };
    let mut review = Checked::by(&rules, organization, inputs, &config, run).judged(question);
    // What other rules would find is not looked for.
    review.gone.clear();
    review
}

/// Reviews policy files: rules about policies and about what they are attached to. Where nothing says what they are
/// attached to, nothing is asked of accounts: the guardrails of the configuration are left out, and the review says so.
pub fn review_policies(
    organization: &Change<Organization>,
    inputs: &[Plan<'_>],
    config: &Config,
    question: Question<'_>,
) -> Review {
    let is_open = organization.after.root().is_none();
    let rules: Vec<&Rule> = catalog::RULES
        .iter()
        .copied()
        .filter(|rule| {
            ABOUT_POLICIES.contains(&rule.info.id) && !(is_open && ABOUT_ACCOUNTS.contains(&rule.info.id))
        })
        .collect();
    let runs = |id: &str| rules.iter().any(|rule| rule.info.id == id);
    let mut known = config.clone();
    known.waivers.retain(|waiver| runs(&waiver.rule));
    let mut review = judge(&rules, organization, inputs, &known, question);
    // What other rules would find is not looked for.
    review.gone.retain(|entry| runs(&entry.rule));
    let declares = !config.guardrails.is_empty() || !config.regions.allowed.is_empty();
    if is_open && declares {
        let why = "has guardrails that are not judged: nothing says what the policies are attached to";
        review.configuration.lets_pass.push(why.to_owned());
    }
    review
}

/// The rules that policy files are judged by.
const ABOUT_POLICIES: [&str; 25] = [
    "account-wide-trust",
    "confused-deputy",
    "external-resource",
    "external-trust",
    "forgeable-exemption",
    "guardrail-gap",
    "guardrail-removed",
    "inert-guardrail",
    "locked-out-target",
    "loose-federation",
    "narrowed-policy",
    "open-suspended-ou",
    "operator-lockout",
    "over-locked-region",
    "over-quota",
    "public-resource",
    "public-trust",
    "region-lock-gap",
    "region-lock-mistake",
    "root-parked-account",
    "unreadable-policy",
    "untested-guardrail",
    "unverifiable-plan",
    "weakened-management-policy",
    "widened-policy",
];

/// Those of them that ask which accounts there are.
const ABOUT_ACCOUNTS: [&str; 9] = [
    "forgeable-exemption",
    "guardrail-gap",
    "guardrail-removed",
    "locked-out-target",
    "open-suspended-ou",
    "operator-lockout",
    "region-lock-gap",
    "root-parked-account",
    "untested-guardrail",
];

fn judge(
    rules: &[&Rule],
    organization: &Change<Organization>,
    plans: &[Plan<'_>],
    config: &Config,
    question: Question<'_>,
) -> Review {
    let run = Run { events: question.events, ..Run::default() };
    Checked::by(rules, organization, plans, config, run).judged(question)
}

/// What the rules of the catalogue found, before waivers and the baseline are applied. Rules of one's own see it, and add
/// what they find.
#[derive(Debug)]
pub struct Checked<'c, 'p> {
    kind: ReviewKind,
    organization: &'c Change<Organization>,
    plans: &'c [Plan<'p>],
    config: &'c Config,
    inputs: Vec<Input>,
    findings: Vec<Finding>,
    changes: Vec<ChainChange>,
    access: AccessChange,
    /// What rules of one's own are, by their id.
    own: Vec<&'static RuleInfo>,
}

impl<'c, 'p> Checked<'c, 'p> {
    /// Runs the rules of a review.
    pub fn of(
        organization: &'c Change<Organization>,
        plans: &'c [Plan<'p>],
        config: &'c Config,
        events: Option<&Replayed>,
    ) -> Self {
        let run = Run { events, ..Run::default() };
        Self::by(catalog::RULES, organization, plans, config, run)
    }

    /// Runs all rules that need no plan on an organization as it is (`before` is empty then), or at two times.
    pub fn without_plan(
        kind: ReviewKind,
        organization: &'c Change<Organization>,
        inputs: &'c [Plan<'p>],
        config: &'c Config,
    ) -> Self {
        let is_asked = |rule: &&Rule| kind != ReviewKind::Audit || !OF_A_CHANGE.contains(&rule.info.id);
        let rules: Vec<&Rule> = catalog::RULES.iter().copied().filter(is_asked).collect();
        Self::by(&rules, organization, inputs, config, Run { kind, ..Run::default() })
    }

    fn by(
        rules: &[&Rule],
        organization: &'c Change<Organization>,
        plans: &'c [Plan<'p>],
        config: &'c Config,
        run: Run<'_>,
    ) -> Self {
        let inputs: Vec<Input> = plans.iter().map(input).collect();
        let doubts: Vec<(String, String)> = inputs
            .iter()
            .flat_map(|input| input.doubts.iter().map(|doubt| (input.name.clone(), doubt.clone())))
            .collect();
        // Policies of people who are not trusted decide how much there is to ask.
        let documents = organization.before.documents().len() + organization.after.documents().len();
        let (findings, changes, access) = orgward_iam::bounded(documents, || {
            let findings = check_all(rules, organization, config, &doubts, run);
            // All that is denied is no change in an audit. All that can be done is what it is for.
            let changes =
                if run.kind == ReviewKind::Audit { Vec::new() } else { chain_changes(organization) };
            let access =
                if run.guardrails_only { AccessChange::default() } else { access_change(organization) };
            (findings, changes, access)
        });
        Self {
            kind: run.kind,
            organization,
            plans,
            config,
            inputs,
            findings,
            changes,
            access,
            own: Vec::new(),
        }
    }

    /// What was found.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the plan changes about who can do what.
    pub fn access(&self) -> &AccessChange {
        &self.access
    }

    /// Adds what rules of one's own find: with the plan, and on the organization as it stands, which is existing.
    pub fn add(&mut self, rules: Vec<&'static RuleInfo>, found: Vec<Finding>, standing: &[Finding]) {
        let existing: BTreeSet<String> = standing.iter().map(Finding::identity).collect();
        for mut finding in found {
            if self.config.is_disabled(finding.rule) {
                continue;
            }
            let severity = match finding.verdict {
                Verdict::Found => self.config.severity(finding.rule),
                Verdict::Unverifiable => self.config.unverifiable,
            };
            finding.severity = severity.unwrap_or(finding.severity);
            if self.kind == ReviewKind::Audit || existing.contains(&finding.identity()) {
                finding.status = Status::Existing;
            }
            self.findings.push(finding);
        }
        self.own = rules;
        if !self.config.severity_for.is_empty() {
            let mut places = severities::Places::of(&self.organization.after, &self.config.structure);
            let own = |finding: &&mut Finding| self.own.iter().any(|rule| rule.id == finding.rule);
            for finding in self.findings.iter_mut().filter(own) {
                places.judge(&self.config.severity_for, finding);
            }
        }
        self.findings.sort_by(|a, b| a.order().cmp(&b.order()));
        self.findings.dedup();
        count(&mut self.findings);
    }

    /// Applies waivers and the baseline, and judges.
    pub fn judged(self, question: Question<'_>) -> Review {
        let Self { kind, organization, plans, config, inputs, mut findings, mut changes, mut access, own } =
            self;
        let after = &organization.after;
        described::describe(&mut findings, after, plans);
        let redacted = |text: &str| plans.iter().find_map(|plan| plan.redacted(text));
        for finding in &mut findings {
            finding.redact(&redacted);
        }
        access.redact(&redacted);
        for change in &mut changes {
            change.redact(&redacted);
        }
        let guardrails = if kind == ReviewKind::Audit { states(config, &findings) } else { Vec::new() };
        let gone = baseline(question.baseline, &mut findings);
        let stacks = plans.iter().filter_map(Plan::stack).collect();
        waivers::apply(config, question.today, &stacks, &mut findings);
        let default = |id: &str| {
            let mut infos = catalog::RULES.iter().map(|rule| &rule.info).chain(own.iter().copied());
            infos.find(|rule| rule.id == id).map(|rule| rule.severity)
        };
        findings.extend(orgward_config::weakened(config, &default));
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        causes::link(&mut findings);
        let mut lets_pass = orgward_config::lenient(config, &default);
        if !question.baseline.is_empty() {
            lets_pass.push(format!("has a baseline of {} findings", question.baseline.len()));
        }
        let configuration = ConfigurationInEffect {
            files: config.files.clone(),
            base: config.base.as_ref().map(|base| base.files.clone()),
            lets_pass,
        };
        Review {
            kind,
            stack: None,
            inputs,
            configuration,
            accounts: after.accounts().filter(|account| account.member).count(),
            principals: after.principals().count() + after.permission_sets().count(),
            policies: after.documents().len(),
            findings,
            changes,
            access,
            guardrails,
            gone,
            gate: question.gate,
            allow_incomplete: question.allow_incomplete,
        }
    }
}

/// Whether each guardrail of the configuration holds, the region lock last.
fn states(config: &Config, findings: &[Finding]) -> Vec<GuardrailState> {
    let state = |id: &str, description: Option<&String>, gaps: &mut dyn Iterator<Item = &Finding>| {
        let (mut proof, mut accounts) = (Proof::Holds, BTreeSet::new());
        for gap in gaps {
            proof = proof.max(match gap.verdict {
                Verdict::Found => Proof::Fails,
                Verdict::Unverifiable => Proof::Undecided,
            });
            accounts.extend(gap.accounts.iter().cloned());
        }
        let (id, description) = (id.to_owned(), description.cloned());
        GuardrailState { id, description, proof, accounts: accounts.into_iter().collect() }
    };
    let declared = config.guardrails.iter().filter(|_| !config.is_disabled("guardrail-gap"));
    let mut states: Vec<GuardrailState> = declared
        .map(|guardrail| {
            let (start, name) = (format!("{} ", guardrail.id), format!("`{}`", guardrail.id));
            let is_gap = |it: &&Finding| {
                ["guardrail-gap", "perimeter-gap"].contains(&it.rule)
                    && (it.subject.starts_with(&start) || it.message.contains(&name))
            };
            state(&guardrail.id, guardrail.description.as_ref(), &mut findings.iter().filter(is_gap))
        })
        .collect();
    if !config.regions.allowed.is_empty() && !config.is_disabled("region-lock-gap") {
        let mut gaps = findings.iter().filter(|it| it.rule == "region-lock-gap");
        states.push(state("region-lock", None, &mut gaps));
    }
    states
}

/// What a plan changes about who can do what.
pub fn access_change(organization: &Change<Organization>) -> AccessChange {
    let (before, after) = (Access::of(&organization.before), Access::of(&organization.after));
    let difference = orgward_proof::access::difference(&before, &after);
    let render = |texts: Vec<String>| texts.iter().map(|text| organization.after.render(text)).collect();
    let entry = |gained: Gained| {
        let mut entry = AccessEntry {
            principal: gained.principal,
            account: gained.account,
            administrator: gained.administrator,
            ..AccessEntry::default()
        };
        if let Some(what) = gained.entry {
            entry.levels = what.levels.into_iter().map(orgward_proof::access::Level::as_str).collect();
            entry.service = what.service;
            entry.actions = what.actions;
            entry.resources = render(what.resources);
        }
        entry
    };
    let mut change = AccessChange {
        gained: difference.gained.into_iter().map(entry).collect(),
        lost: difference.lost.into_iter().map(entry).collect(),
    };
    // Trust policies name principals that have no ARN yet, too.
    change.redact(&|text| {
        let shown = organization.before.render(&organization.after.render(text));
        (shown != text).then_some(shown)
    });
    change
}

/// Runs rules on the change and on the plan that changes nothing; what the second run finds, too, is existing.
/// Sorted, without repetitions.
pub fn check(
    rules: &[&Rule],
    organization: &Change<Organization>,
    config: &Config,
    doubts: &[(String, String)],
) -> Vec<Finding> {
    check_all(rules, organization, config, doubts, Run::default())
}

fn check_all(
    rules: &[&Rule],
    organization: &Change<Organization>,
    config: &Config,
    doubts: &[(String, String)],
    of: Run<'_>,
) -> Vec<Finding> {
    let enabled: Vec<&Rule> =
        rules.iter().copied().filter(|rule| !config.is_disabled(rule.info.id)).collect();
    // What both runs, and all completions, ask about the same guardrails is proved once.
    let proofs = Proofs::default();
    let (change, proofs) = (organization.as_ref(), &proofs);
    let accesses = [Accesses::default(), Accesses::default()];
    let [here, there] = &accesses;
    let documents = &Documents::of(change);
    let Run { kind, guardrails_only, events } = of;
    let context = Context {
        before: change.before,
        after: change.after,
        config,
        doubts,
        proofs,
        kind,
        guardrails_only,
        accesses: here,
        events,
        documents,
    };
    let unchanged = organization.unchanged();
    let Change { before, after } = unchanged;
    let unchanged = Context { before, after, doubts: &[], accesses: there, ..context };
    // The two runs do not depend on each other.
    let allowance = orgward_iam::Allowance::current();
    let both = || {
        std::thread::scope(|scope| {
            let before = scope.spawn(|| {
                let standing = || completion::run(&enabled, &unchanged, run);
                match &allowance {
                    Some(allowance) => allowance.during(standing),
                    None => standing(),
                }
            });
            let findings = completion::run(&enabled, &context, run);
            match before.join() {
                Ok(before) => (findings, before),
                // A bug there is a bug here, and what is too much there is too much here.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    };
    let (findings, before) = match kind {
        ReviewKind::Audit => (completion::run(&enabled, &context, run), Vec::new()),
        ReviewKind::Plan | ReviewKind::Drift => both(),
    };
    let mut existing: BTreeMap<String, Severity> = BTreeMap::new();
    for old in &before {
        let severity = existing.entry(old.identity()).or_insert(old.severity);
        *severity = old.severity.max(*severity);
    }
    // What gets worse is news: an exception from a lock is not the lack of one.
    let was_there =
        |finding: &Finding| existing.get(&finding.identity()).is_some_and(|old| *old >= finding.severity);
    let is_whole = |finding: &Finding| finding.grows || was_there(finding);
    let standing = Standing::of(&before);
    let news = findings
        .into_iter()
        .flat_map(|finding| if is_whole(&finding) { vec![finding] } else { standing.split(finding) });
    let mut findings: Vec<Finding> = news.collect();
    let mut places =
        (!config.severity_for.is_empty()).then(|| severities::Places::of(change.after, &config.structure));
    for finding in &mut findings {
        // An audit has no "before": what it finds is there, and not new.
        let is_there = || was_there(finding) || standing.of_lock(finding) || standing.of_resource(finding);
        if kind == ReviewKind::Audit || !finding.grows && is_there() {
            finding.status = Status::Existing;
        } else if finding.status == Status::New && !doubts.is_empty() && PROVED.contains(&finding.rule) {
            leave_open(finding, config, doubts);
        }
    }
    if kind != ReviewKind::Audit {
        described::renew(&mut findings, change, kind.actor());
    }
    for finding in &mut findings {
        if let Some(places) = &mut places {
            places.judge(&config.severity_for, finding);
        }
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings.dedup();
    count(&mut findings);
    findings
}

/// What an incomplete plan does not attach may be attached once it is complete: a protection that is missing only after
/// such a plan is not known to be missing.
fn leave_open(finding: &mut Finding, config: &Config, doubts: &[(String, String)]) {
    if finding.verdict == Verdict::Unverifiable {
        return;
    }
    finding.verdict = Verdict::Unverifiable;
    let rule = catalog::RULES.iter().find(|rule| rule.info.id == finding.rule);
    let severity = config.unverifiable.or(rule.map(|rule| rule.info.unverifiable));
    finding.severity = severity.unwrap_or(finding.severity);
    finding.message = format!("depends on what the plan leaves out: {}", finding.message);
    finding.notes.extend(doubts.iter().map(|(input, doubt)| format!("`{input}`: {doubt}")));
}

/// Counts findings that have the same fingerprint. Existing ones come first: what the plan adds must not take the
/// place of what was there.
fn count(findings: &mut [Finding]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for status in [Status::Existing, Status::New] {
        for finding in findings.iter_mut().filter(|finding| finding.status == status) {
            let count = counts.entry(finding.fingerprint()).or_default();
            finding.occurrence = *count;
            *count += 1;
        }
    }
}

/// Marks what the baseline lists, and returns what it lists for nothing. What is more than it lists is news: nobody has
/// accepted it.
fn baseline(entries: &[BaselineEntry], findings: &mut [Finding]) -> Vec<BaselineEntry> {
    let mut gone: BTreeMap<&str, &BaselineEntry> =
        entries.iter().map(|entry| (entry.fingerprint.as_str(), entry)).collect();
    for finding in findings.iter_mut().filter(|finding| !finding.is_sensitive()) {
        let Some(entry) = gone.remove(finding.fingerprint().as_str()) else { continue };
        let BaselineEntry { accepted: Accepted { facts, accounts, stack }, .. } = entry;
        match not_accepted(finding, [facts.as_str()].into_iter(), accounts, stack.as_deref()) {
            None => finding.status = Status::Baseline,
            Some(why) => {
                finding.status = Status::New;
                finding.note(format!("the baseline lists another finding in its place: {why}"));
            }
        }
    }
    let mut gone: Vec<BaselineEntry> = gone.into_values().cloned().collect();
    gone.sort();
    gone
}

fn run(rules: &[&Rule], context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for rule in rules {
        let first = findings.list.len();
        (rule.check)(context, &mut findings);
        for finding in findings.list.iter_mut().skip(first) {
            // Several steps may give the same reason.
            finding.notes.dedup();
            match finding.verdict {
                Verdict::Found => {
                    if let Some(severity) = context.config.severity(rule.info.id) {
                        finding.severity = severity;
                    }
                }
                Verdict::Unverifiable => {
                    if let Some(severity) = context.config.unverifiable {
                        finding.severity = severity;
                    }
                }
            }
        }
    }
    findings.list
}

fn input(plan: &Plan<'_>) -> Input {
    Input {
        name: plan.name.clone(),
        kind: match plan.kind {
            Kind::Plan => "plan",
            Kind::State => "state",
            Kind::Snapshot => "snapshot",
        },
        stack: plan.stack().map(str::to_owned),
        is_context: false,
        terraform_version: plan.terraform_version.clone(),
        resources: plan.instances().len(),
        unread: orgward_org::unread_types(plan),
        // An errored plan is incomplete, too: one reason is enough.
        doubts: plan
            .doubts
            .iter()
            .filter(|doubt| **doubt != Doubt::Incomplete || !plan.doubts.contains(&Doubt::Errored))
            .map(doubt)
            .collect(),
    }
}

fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Errored => "planning stopped at an error, and the plan was saved all the same".to_owned(),
        Doubt::Incomplete => {
            "applying it does not reach the whole configuration (`-target`, or deferred changes)".to_owned()
        }
        Doubt::NoConfiguration => {
            "it has no configuration, so that something was left out of what `terraform show -json` writes"
                .to_owned()
        }
        Doubt::Deferred { address, reason } => format!("the change of `{address}` is put off ({reason})"),
        Doubt::NoPlannedValue { address, more } => {
            format!("it changes `{address}`{} and has no planned value for it", others(*more))
        }
        Doubt::NotUnderstood { address, more } => {
            format!("`{address}`{} changes in a way that no known Terraform writes", others(*more))
        }
        Doubt::NoChangeListed { address, more } => format!(
            "`{address}`{} is in its state, and no change says what becomes of it (`-target`, `-refresh-only`, or a list \
             that was cut)",
            others(*more)
        ),
    }
}

fn others(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" and {more} more") }
}
