//! Who can do what: what a plan changes, and the answers of `orgward access`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orgward_finding::{AccessChange, AccessEntry, ReviewKind};
use serde::Serialize;

use crate::escape;
use crate::extent::extent;

/// Lines that a review shows before the rest is folded.
pub(crate) const LINES: usize = 10;
/// Actions and resources of one line.
const NAMES: usize = 4;
/// The version of the shape.
const SCHEMA: u32 = 1;

/// Who can do an action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoView {
    schema: u32,
    /// The action that was asked about.
    pub action: String,
    /// The resource that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Everybody who can.
    pub principals: Vec<WhoEntry>,
    /// What no input shows, so that there may be others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

/// One principal that can do an action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoEntry {
    /// An ARN, an address, `*` for everybody.
    pub principal: String,
    /// The resource that manages it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Equal numbers share policies, boundary and chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<usize>,
    /// `certain` or `possible`.
    pub certainty: &'static str,
    /// What decides where it is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknowns: Vec<String>,
    /// What lets it.
    pub grant: GrantView,
    /// The layers that take a part of the grant away.
    pub capped_by: Vec<CapView>,
}

/// The statement that lets a principal do something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantView {
    /// The resource that sets the policy, or the ARN of a policy that AWS manages.
    pub policy: String,
    /// The place of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The name of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `identity`, or what the policy of a resource names.
    pub standing: String,
}

/// A layer that takes a part of a grant away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CapView {
    /// `boundary` or `scp`.
    pub layer: &'static str,
    /// The policy.
    pub policy: String,
}

/// What a principal can do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfView {
    schema: u32,
    /// The principal.
    pub principal: String,
    /// Its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether it is an administrator.
    pub administrator: bool,
    /// What it can do.
    pub access: Vec<AccessView>,
    /// The layers that take a part of its grants away.
    pub capped_by: Vec<CapView>,
    /// What is not known about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknowns: Vec<String>,
    /// What no input shows, so that it may be able to do more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

/// Actions of one service on the same resources.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AccessView {
    /// The prefix of the actions.
    pub service: String,
    /// How far they go.
    pub levels: Vec<&'static str>,
    /// The actions.
    pub actions: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
    /// The resource that sets the policy which gives it, where that is the policy of a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A way from one principal to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PathView {
    schema: u32,
    /// Where it starts, as it was asked.
    pub from: String,
    /// Where it leads, as it was asked.
    pub to: String,
    /// `reached`, `none` or `undecided`.
    pub verdict: &'static str,
    /// Why it is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<StepView>,
}

/// One step of a way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepView {
    /// The principal that acts.
    pub from: String,
    /// The principal that it comes to act as.
    pub to: String,
    /// `assume`, `pass`, `change`, `run-inside` or `outside`.
    pub edge: &'static str,
    /// The actions that it takes.
    pub actions: Vec<String>,
}

impl WhoView {
    /// An answer.
    pub fn new(action: String, resource: Option<String>, principals: Vec<WhoEntry>) -> Self {
        Self { schema: SCHEMA, action, resource, principals, undecided: Vec::new() }
    }
}

impl OfView {
    /// An answer without anything in it.
    pub fn new(principal: String, account: Option<String>, administrator: bool) -> Self {
        Self {
            schema: SCHEMA,
            principal,
            account,
            administrator,
            access: Vec::new(),
            capped_by: Vec::new(),
            unknowns: Vec::new(),
            undecided: Vec::new(),
        }
    }
}

impl PathView {
    /// An answer.
    pub fn new(from: String, to: String, verdict: &'static str, path: Vec<StepView>) -> Self {
        Self { schema: SCHEMA, from, to, verdict, why: None, path }
    }
}

/// What a plan changes, for programs.
#[derive(Serialize)]
pub(crate) struct ChangeJson<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<u32>,
    gained: Vec<EntryJson<'r>>,
    lost: Vec<EntryJson<'r>>,
}

#[derive(Serialize)]
struct EntryJson<'r> {
    principal: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'r str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    administrator: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    service: &'r str,
    #[serde(skip_serializing_if = "no_levels")]
    levels: &'r [&'static str],
    #[serde(skip_serializing_if = "no_texts")]
    actions: &'r [String],
    #[serde(skip_serializing_if = "no_texts")]
    resources: &'r [String],
}

fn no_levels(levels: &&[&'static str]) -> bool {
    levels.is_empty()
}

fn no_texts(texts: &&[String]) -> bool {
    texts.is_empty()
}

impl<'r> ChangeJson<'r> {
    pub(crate) fn of(change: &'r AccessChange, schema: bool) -> Self {
        let entry = |entry: &'r AccessEntry| EntryJson {
            principal: &entry.principal,
            account: entry.account.as_deref(),
            administrator: entry.administrator,
            service: &entry.service,
            levels: &entry.levels,
            actions: &entry.actions,
            resources: &entry.resources,
        };
        Self {
            schema: schema.then_some(SCHEMA),
            gained: change.gained.iter().map(entry).collect(),
            lost: change.lost.iter().map(entry).collect(),
        }
    }
}

fn json<T: Serialize>(value: &T) -> String {
    // Strings, numbers and lists always make JSON.
    let mut text = escape::json(&serde_json::to_string_pretty(value).unwrap_or_default());
    text.push('\n');
    text
}

/// What a plan changes, for programs.
pub fn access_change_json(change: &AccessChange) -> String {
    json(&ChangeJson::of(change, true))
}

/// Who can do an action, for programs.
pub fn who_json(view: &WhoView) -> String {
    json(view)
}

/// What a principal can do, for programs.
pub fn of_json(view: &OfView) -> String {
    json(view)
}

/// A way, for programs.
pub fn path_json(view: &PathView) -> String {
    json(view)
}

/// Whether lines tell what can be done, or what changes about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tense {
    /// What can be done: an audit has no "before".
    Present,
    /// What can be done that could not, and the reverse.
    Change,
}

impl Tense {
    pub(crate) fn of(kind: ReviewKind) -> Self {
        if kind == ReviewKind::Audit { Self::Present } else { Self::Change }
    }
}

/// One line for each thing that changes, the worst first: `+` for what is gained, `-` for what is lost.
pub(crate) fn lines(change: &AccessChange, tense: Tense) -> Vec<String> {
    let line = |sign: &str, verb: &str, entry: &AccessEntry| {
        let who = match (&entry.account, entry.principal.starts_with("arn:")) {
            _ if entry.principal == "*" => "everybody".to_owned(),
            (Some(account), false) => format!("{} in {account}", entry.principal),
            _ => entry.principal.clone(),
        };
        if entry.administrator {
            let word = match sign {
                "+ " => "is now an administrator",
                "- " => "is no longer an administrator",
                _ => "is an administrator",
            };
            return format!("{sign}{who} {word}");
        }
        let what = listed(&entry.actions);
        format!("{sign}{who} {verb} {what} on {}", listed(&entry.resources))
    };
    let mut all = Vec::new();
    let (sign, can) = if tense == Tense::Present { ("", "can") } else { ("+ ", "can now") };
    for (sign, verb, entries) in [(sign, can, &change.gained), ("- ", "can no longer", &change.lost)] {
        let mut by_principal: BTreeMap<&str, Vec<&AccessEntry>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !entry.administrator) {
            by_principal.entry(&entry.principal).or_default().push(entry);
        }
        for entry in entries {
            let is_short = |same: &Vec<&AccessEntry>| same.len() <= NAMES;
            if entry.administrator || by_principal.get(entry.principal.as_str()).is_some_and(is_short) {
                all.push(line(sign, verb, entry));
            } else if let Some(same) = by_principal.remove(entry.principal.as_str()) {
                // A policy about hundreds of services is one line.
                let services: Vec<String> = same.iter().map(|it| it.service.clone()).collect();
                all.push(format!(
                    "{sign}{} {verb} {} in {} services: {}",
                    entry.principal,
                    extent(&same),
                    services.len(),
                    listed(&services)
                ));
            }
        }
    }
    all
}

/// A few names, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    let more = names.len().saturating_sub(NAMES);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// What a plan changes, for people.
pub fn access_change(change: &AccessChange) -> String {
    if change.is_empty() {
        return "nothing changes about who can do what\n".to_owned();
    }
    escape::log(&(lines(change, Tense::Change).join("\n") + "\n"))
}

/// What a plan changes, as Markdown.
pub fn access_change_markdown(change: &AccessChange) -> String {
    let all = lines(change, Tense::Change);
    if all.is_empty() {
        return "Nothing changes about who can do what.\n".to_owned();
    }
    section(&all)
}

/// A section of Markdown: the worst lines, and the rest folded.
pub(crate) fn section(lines: &[String]) -> String {
    let list = |lines: &[String]| {
        lines.iter().fold(String::new(), |mut text, line| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "- {}", crate::comment::quote::code(line));
            text
        })
    };
    let (first, rest) = lines.split_at(lines.len().min(LINES));
    let mut text = format!("### Access\n\n{}", list(first));
    if !rest.is_empty() {
        let _ =
            write!(text, "\n<details><summary>{} more</summary>\n\n{}\n</details>\n", rest.len(), list(rest));
    }
    text.push('\n');
    text
}

/// Who can do an action, for people.
pub fn who(view: &WhoView) -> String {
    let mut text = String::new();
    let on = view.resource.as_deref().map_or_else(String::new, |resource| format!(" on {resource}"));
    if view.principals.is_empty() {
        let _ = writeln!(text, "no principal that the inputs show can {}{on}", view.action);
    }
    for entry in &view.principals {
        let maybe = if entry.certainty == "certain" { "" } else { " (possibly)" };
        let who = if entry.principal == "*" { "everybody" } else { &entry.principal };
        let _ = writeln!(text, "{who} can {}{on}{maybe}", view.action);
        let sid = entry.grant.sid.as_deref().map_or_else(String::new, |sid| format!(", statement {sid}"));
        let _ = writeln!(text, "  by {}{sid} ({})", entry.grant.policy, entry.grant.standing);
        for cap in &entry.capped_by {
            let _ = writeln!(text, "  capped by {}: {}", cap.layer, cap.policy);
        }
        for unknown in &entry.unknowns {
            let _ = writeln!(text, "  unknown: {unknown}");
        }
    }
    for unknown in &view.undecided {
        let _ = writeln!(text, "undecided: {unknown}");
    }
    escape::log(&text)
}

/// What a principal can do, for people.
pub fn of(view: &OfView) -> String {
    let mut text = format!("{}\n", view.principal);
    if view.administrator {
        text.push_str("  is an administrator\n");
    }
    if !view.administrator && view.access.is_empty() {
        text.push_str("  can do nothing that the inputs show\n");
    }
    for entry in &view.access {
        let by = entry.by.as_deref().map_or_else(String::new, |by| format!(", by {by}"));
        let _ = writeln!(
            text,
            "  {}: {} on {}{by}",
            entry.levels.join(", "),
            listed(&entry.actions),
            listed(&entry.resources)
        );
    }
    for cap in &view.capped_by {
        let _ = writeln!(text, "  capped by {}: {}", cap.layer, cap.policy);
    }
    for unknown in &view.unknowns {
        let _ = writeln!(text, "  unknown: {unknown}");
    }
    for unknown in &view.undecided {
        let _ = writeln!(text, "undecided: {unknown}");
    }
    escape::log(&text)
}

/// A way, for people.
pub fn path(view: &PathView) -> String {
    let mut text = match view.verdict {
        "none" => {
            format!("no way leads from {} to {}, over everything that the inputs show\n", view.from, view.to)
        }
        "undecided" => {
            let why = view.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
            format!("undecided: whether a way leads from {} to {}{why}\n", view.from, view.to)
        }
        _ => String::new(),
    };
    for step in &view.path {
        let _ = writeln!(text, "{} -> {}: {} ({})", step.from, step.to, step.edge, step.actions.join(", "));
    }
    escape::log(&text)
}

/// A way as a diagram.
pub fn path_mermaid(view: &PathView) -> String {
    let mut text = String::from("flowchart LR\n");
    let label = |text: &str| text.replace(['"', '[', ']', '<', '>', '\n', '\r'], "'");
    for (at, step) in view.path.iter().enumerate() {
        let (from, to) = (label(&step.from), label(&step.to));
        let _ = writeln!(text, "  p{at}[\"{from}\"] -->|\"{}\"| p{}[\"{to}\"]", step.edge, at + 1);
    }
    text
}

/// Any of the answers for people, as Markdown.
pub fn fenced(text: &str) -> String {
    format!("```text\n{}```\n", text.replace("```", "'''"))
}
