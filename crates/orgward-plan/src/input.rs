use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use crate::PlanError;

/// The text of one input: decoded, without what wrappers printed around the JSON.
pub struct Document {
    /// What to call it in messages: the path as the user gave it, or `<stdin>`.
    pub name: String,
    text: String,
    json: Range<usize>,
    /// What the collector of a snapshot could not read; `None` for what is no snapshot.
    pub(crate) not_read: Option<Vec<NotRead>>,
}

/// Why a snapshot does not show something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Absence {
    /// AWS refused to show it.
    Refused,
    /// The collector was not told to read it.
    NotCollected,
    /// The collector does not read such things, or not everywhere.
    Limit,
    /// It is in the snapshot, and was left there: the plans have to do with other accounts.
    LeftOut,
}

impl Absence {
    /// What to do about it.
    pub fn cure(self) -> &'static str {
        match self {
            Self::Refused => {
                "let the role of the collector read it, and collect again, or import it; `docs/snapshot.md` has the policy of \
                 the role, and `docs/import.md` what is imported"
            }
            Self::NotCollected => {
                "collect again, with `--region` for each region that is used, and without `--account` and `--no-accounts`; \
                 `docs/snapshot.md` has the policy that it takes"
            }
            Self::Limit => {
                "give the states of the stacks that manage it beside the snapshot, or name more regions with `--region`"
            }
            Self::LeftOut => "audit the whole snapshot: `orgward org audit FILE`",
        }
    }
}

/// Something of a live organization that a snapshot does not show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NotRead {
    /// The account; `None` for the organization itself.
    pub account: Option<String>,
    /// What is missing: `the IAM identities and policies`.
    pub what: String,
    /// Why: the action, and the code of the error.
    pub why: String,
    /// What kind of reason that is.
    pub absence: Absence,
    /// The services whose actions depend on it, by prefix; `None` where anything may.
    pub services: Option<Vec<String>>,
}

impl NotRead {
    /// Whether an answer about actions of some services, or of any, may depend on it.
    pub fn concerns(&self, services: Option<&BTreeSet<String>>) -> bool {
        let Some(own) = &self.services else { return true };
        services.map_or(!own.is_empty(), |services| own.iter().any(|own| services.contains(own)))
    }
}

/// The text itself is left out: it may hold secrets.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("name", &self.name).field("json", &self.json).finish_non_exhaustive()
    }
}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the snapshot does not show {}", self.what)?;
        if let Some(account) = &self.account {
            write!(f, " of account {account}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// The same thing that is missing in several places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing<'n> {
    /// What is missing.
    pub what: &'n str,
    /// Why.
    pub why: &'n str,
    /// What kind of reason that is.
    pub absence: Absence,
    /// The accounts of which it is missing; none where it is missing of the organization.
    pub accounts: Vec<String>,
}

impl<'n> Missing<'n> {
    /// What is missing, once for all accounts of which it is. Sorted.
    pub fn of(all: impl IntoIterator<Item = &'n NotRead>) -> Vec<Self> {
        let mut accounts: BTreeMap<(&str, &str, Absence), Vec<String>> = BTreeMap::new();
        for missing in all {
            let accounts = accounts.entry((&missing.what, &missing.why, missing.absence)).or_default();
            accounts.extend(missing.account.clone());
        }
        let all = accounts.into_iter();
        all.map(|((what, why, absence), accounts)| Self { what, why, absence, accounts }).collect()
    }
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the snapshot does not show {}", self.what)?;
        match self.accounts.len() {
            0 => {}
            1 => write!(f, " of one account")?,
            several => write!(f, " of {several} accounts")?,
        }
        write!(f, ": {}", self.why)
    }
}

impl Document {
    /// Decodes bytes: UTF-8 or UTF-16 with or without byte order mark; finds the JSON between the lines that
    /// the setup-terraform wrapper prints; tells inputs that are something else by name.
    pub fn decode(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, PlanError> {
        if Self::is_archive(&bytes) {
            return Err(PlanError::Archive);
        }
        let text = without_terminal_codes(decode(bytes)?);
        let json = json_within(&text)?;
        Ok(Self { name: name.into(), text, json, not_read: None })
    }

    /// A live organization: what it has as rows of `resource_changes` that change nothing, and what is missing.
    pub fn of_snapshot(name: impl Into<String>, text: String, not_read: Vec<NotRead>) -> Self {
        let json = 0..text.len();
        Self { name: name.into(), text, json, not_read: Some(not_read) }
    }

    /// Whether the bytes are the archive that `terraform plan -out` writes; Terraform itself has to show it.
    pub fn is_archive(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04")
    }

    /// The JSON.
    /// Its text.
    pub fn json(&self) -> &str {
        self.text.get(self.json.clone()).unwrap_or_default()
    }

    /// Whether what follows an offset is text of a log, and no second document: of two plans nobody reviews one.
    pub(crate) fn is_log_after(&self, offset: usize) -> bool {
        let rest = self.text.get(offset..self.json.end).unwrap_or_default();
        !rest.trim_start().starts_with(['{', '['])
            && SECTIONS_OF_PLANS.iter().all(|section| !rest.contains(section))
    }

    /// Offset, line, and column in the whole text of a place in the JSON as `serde_json` names it.
    pub(crate) fn place(&self, line: usize, column: usize) -> (usize, usize, usize) {
        let json = self.json();
        let start = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let offset = self.json.start + (start + column.saturating_sub(1)).min(json.len());
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let lines = before.split(|&byte| byte == b'\n').count();
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        (offset, lines, column + 1)
    }
}

/// What only plans and states have.
const SECTIONS_OF_PLANS: [&str; 4] =
    ["\"format_version\"", "\"planned_values\"", "\"resource_changes\"", "\"lineage\""];

/// Text without the sequences that color a terminal. JSON has no escape character outside of its own escapes, so that
/// nothing of a plan is lost.
fn without_terminal_codes(text: String) -> String {
    if !text.contains('\u{1b}') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        // `ESC [`, parameters, and a letter; a sequence of another kind is left for the reader to refuse.
        let parameters = after.strip_prefix('[').map(|inside| {
            inside.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ';' | '?' | ':'))
        });
        match parameters.map(|end| (end, end.chars().next())) {
            Some((end, Some(letter))) if letter.is_ascii_alphabetic() => {
                rest = end.get(1..).unwrap_or_default();
            }
            _ => {
                plain.push('\u{1b}');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn decode(bytes: Vec<u8>) -> Result<String, PlanError> {
    match *bytes.as_slice() {
        [0xFF, 0xFE, ..] => utf16(&bytes, 2, u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf16(&bytes, 2, u16::from_be_bytes),
        // JSON starts with ASCII, so its first character tells UTF-16 without a mark from UTF-8.
        [first, 0, ..] if first != 0 => utf16(&bytes, 0, u16::from_le_bytes),
        [0, second, ..] if second != 0 => utf16(&bytes, 0, u16::from_be_bytes),
        // This checks the bytes in place: a plan can be hundreds of megabytes.
        _ => String::from_utf8(bytes)
            .map_err(|error| PlanError::Encoding { offset: error.utf8_error().valid_up_to() }),
    }
}

fn utf16(bytes: &[u8], skip: usize, unit: fn([u8; 2]) -> u16) -> Result<String, PlanError> {
    let (pairs, odd) = bytes.get(skip..).unwrap_or_default().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(PlanError::Encoding { offset: bytes.len() - 1 });
    }
    let mut text = String::with_capacity(pairs.len());
    let mut offset = skip;
    for decoded in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        let character = decoded.map_err(|_| PlanError::Encoding { offset })?;
        offset += 2 * character.len_utf16();
        text.push(character);
    }
    Ok(text)
}

/// Where the JSON object is between lines that a wrapper printed.
fn json_within(text: &str) -> Result<Range<usize>, PlanError> {
    let mut start =
        text.len() - text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    while let Some(rest) = text.get(start..).filter(|rest| is_wrapper(rest)) {
        start += rest.find('\n').map_or(rest.len(), |end| end + 1);
        start = text.len() - text.get(start..).unwrap_or_default().trim_start().len();
    }
    let rest = text.get(start..).unwrap_or_default();
    if rest.is_empty() {
        return Err(PlanError::Empty);
    }
    if !rest.starts_with('{') {
        // Whatever else was printed, also on the same line, a plan starts with an object that says its version.
        start += document_within(rest).ok_or_else(|| something_else(rest))?;
    }
    let mut end = text.trim_end().len();
    while let Some((line, _)) = last_line(text, start, end).filter(|(_, last)| is_wrapper(last)) {
        end = text.get(..line).unwrap_or_default().trim_end().len();
    }
    Ok(start..end.max(start))
}

/// Where the first plan or state begins in a log.
fn document_within(text: &str) -> Option<usize> {
    let heads = ["\"format_version\"", "\"version\""];
    text.match_indices('{').map(|(at, _)| at).find(|at| {
        let inside = text.get(at + 1..).unwrap_or_default().trim_start();
        heads.iter().any(|head| {
            let value = inside.strip_prefix(head).and_then(|rest| rest.trim_start().strip_prefix(':'));
            value.is_some_and(|value| value.trim_start().starts_with(['"', '4']))
        })
    })
}

fn last_line(text: &str, start: usize, end: usize) -> Option<(usize, &str)> {
    let within = text.get(start..end)?;
    let line = within.rfind('\n')? + 1;
    Some((start + line, within.get(line..)?))
}

/// A command echoed by the GitHub Actions toolkit, or a workflow command.
fn is_wrapper(rest: &str) -> bool {
    rest.starts_with("[command]") || rest.starts_with("::")
}

fn something_else(text: &str) -> PlanError {
    let head = text.get(..text.floor_char_boundary(64 * 1024)).unwrap_or_default();
    let printed = [
        "Terraform will perform",
        "OpenTofu will perform",
        "Terraform used the selected",
        "Refreshing state...",
    ];
    if printed.iter().any(|phrase| head.contains(phrase)) {
        PlanError::Printed
    } else if text.starts_with('[') {
        PlanError::Other { what: "a JSON array" }
    } else if head.lines().any(is_hcl) {
        PlanError::Source
    } else {
        PlanError::Other { what: "text" }
    }
}

fn is_hcl(line: &str) -> bool {
    let line = line.trim_end();
    let quoted = ["resource \"", "data \"", "module \"", "provider \"", "variable \"", "output \""];
    let bare = ["terraform {", "locals {", "moved {", "import {", "removed {"];
    quoted.iter().any(|head| line.starts_with(head) && line.ends_with(['{', '}']))
        || bare.iter().any(|head| line.starts_with(head))
}
