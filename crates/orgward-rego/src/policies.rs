use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{RuleInfo, Severity};
use regorus::{Engine, PolicyLengthConfig};

use crate::circles::circle;
use crate::error::RegoError;
use crate::metadata::{self, Metadata};
use crate::scan::{Kind, heads};
use crate::{known, results};

/// The package whose rules, with those below it, are given the organization.
const OF_ORGANIZATION: &str = "orgward";

/// A file with rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleFile {
    /// What to call it in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The rules of some files.
#[derive(Clone, Debug)]
pub struct Policies {
    pub(crate) engine: Engine,
    pub(crate) files: Vec<RuleFile>,
    pub(crate) entries: Vec<Entry>,
    /// What `time.now_ns()` is for all rules.
    pub(crate) now: i64,
}

/// A rule that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) package: String,
    /// The name in the package: `deny_public`.
    pub(crate) name: String,
    pub(crate) info: &'static RuleInfo,
    /// Where it is written: the file, and the line.
    pub(crate) file: usize,
    pub(crate) line: usize,
    /// Whether the package has a rule `exception`.
    pub(crate) excepts: bool,
}

impl Entry {
    /// Whether it is given the organization, and not one plan.
    pub(crate) fn is_of_organization(&self) -> bool {
        is_of_organization(&self.package)
    }
}

fn is_of_organization(package: &str) -> bool {
    package == OF_ORGANIZATION
        || package.strip_prefix(OF_ORGANIZATION).is_some_and(|rest| rest.starts_with('.'))
}

impl Policies {
    /// Reads files. Only rules of `packages` are asked; of all where there are none. `now` is the moment of the run, in
    /// nanoseconds since 1970.
    pub fn parse(files: Vec<RuleFile>, packages: &BTreeSet<String>, now: i64) -> Result<Self, RegoError> {
        let mut engine = Engine::new();
        // What fails is no answer: it must not look as if a rule had nothing to say.
        engine.set_strict_builtin_errors(true);
        engine.set_policy_length_config(PolicyLengthConfig::default());
        let mut entries: BTreeMap<(String, String), Entry> = BTreeMap::new();
        let (mut excepting, mut read) = (BTreeSet::new(), Vec::new());
        for (at, file) in files.iter().enumerate() {
            let package = add(&mut engine, file).map_err(|error| RegoError::of(&error, &files, None))?;
            if file.text.lines().any(|line| line.trim_start().starts_with("exception")) {
                excepting.insert(package.clone());
            }
            read.push((package.clone(), file.text.as_str()));
            if !packages.is_empty() && !packages.contains(&package) {
                continue;
            }
            let lines: Vec<&str> = file.text.lines().collect();
            for head in heads(&file.text) {
                let metadata = metadata::above(&lines, head.line);
                let info = info(&package, &head.name, head.kind, &metadata)
                    .map_err(|why| RegoError::at(file, head.line, 1, &why))?;
                let (line, name) = (head.line, head.name);
                entries.entry((package.clone(), name.clone())).or_insert_with(|| Entry {
                    package: package.clone(),
                    name,
                    info,
                    file: at,
                    line,
                    excepts: false,
                });
            }
        }
        if let Some(circle) = circle(&read) {
            let why = format!("functions call each other in a circle: {}", circle.names.join(", "));
            if let Some(file) = files.get(circle.file) {
                return Err(RegoError::at(file, circle.line, 1, &why));
            }
        }
        let mut entries: Vec<Entry> = entries.into_values().collect();
        for entry in &mut entries {
            entry.excepts = excepting.contains(&entry.package);
        }
        Ok(Self { engine, files, entries, now })
    }

    /// What is known about the rules.
    pub fn rules(&self) -> impl Iterator<Item = &'static RuleInfo> {
        self.entries.iter().map(|entry| entry.info)
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Adds a file in the version of the language that it is written in, and returns its package.
fn add(engine: &mut Engine, file: &RuleFile) -> anyhow::Result<String> {
    let text = metadata::answered(&file.text);
    engine.set_rego_v0(false);
    let added = engine.add_policy(file.name.clone(), text.clone()).or_else(|error| {
        // Older files say neither `if` nor `contains`. Only such are read anew: the reader comments on all others.
        if !error.to_string().contains("keyword is required") {
            return Err(error);
        }
        engine.set_rego_v0(true);
        engine.add_policy(file.name.clone(), text.clone()).map_err(|_| error)
    })?;
    Ok(added.strip_prefix("data.").unwrap_or(&added).to_owned())
}

/// What is known about a rule: of its name, and of the annotation above it.
fn info(package: &str, name: &str, kind: Kind, metadata: &Metadata) -> Result<&'static RuleInfo, String> {
    let (severity, unverifiable) = match kind {
        Kind::Deny | Kind::Violation => (Severity::High, Severity::Medium),
        Kind::Warn => (Severity::Low, Severity::Low),
    };
    let severity = metadata.get("custom.severity").map_or(Ok(severity), |word| results::severity(word))?;
    let id = format!("{package}.{name}");
    let summary = metadata.get("title").cloned().unwrap_or_else(|| format!("rule `{id}` of this repository"));
    let docs = metadata.get("description").map_or("", String::as_str);
    Ok(known::info(&id, &summary, (severity, unverifiable.min(severity)), docs))
}
