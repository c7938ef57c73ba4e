use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::rows::{Deferred, Invoked, Row};
use super::state::State;
use super::{Rows, Str, stored};
use crate::configuration::Configuration;
use crate::{Document, PlanError};

/// The top level of an input, whatever it is.
#[derive(Default)]
pub(crate) struct Sections<'a> {
    pub(crate) format_version: Option<&'a RawValue>,
    pub(crate) terraform_version: Option<&'a RawValue>,
    pub(crate) variables: Option<&'a RawValue>,
    pub(crate) relevant_attributes: Option<&'a RawValue>,
    pub(crate) planned_values: Option<super::state::Values<'a>>,
    pub(crate) resource_changes: Option<Vec<Row<'a>>>,
    pub(crate) deferred_changes: Vec<Deferred<'a>>,
    pub(crate) invocations: Vec<Invoked<'a>>,
    pub(crate) deferred_invocations: Vec<Invoked<'a>>,
    pub(crate) prior_state: Option<State<'a>>,
    pub(crate) configuration: Option<Configuration<'a>>,
    pub(crate) complete: Option<&'a RawValue>,
    pub(crate) errored: Option<&'a RawValue>,
    pub(crate) values: Option<super::state::Values<'a>>,
    pub(crate) stored: Option<Vec<stored::Resource<'a>>>,
    pub(crate) version: Option<&'a RawValue>,
    /// `resources` and `values` where it was not yet known what they belong to.
    pub(crate) resources: Option<&'a RawValue>,
    early_values: Option<&'a RawValue>,
    /// Whether there is a section that only plans have, be it empty.
    pub(crate) has_plan_section: bool,
    /// The names of sections that tell other inputs from plans.
    pub(crate) marks: Vec<Mark>,
}

/// A section that a plan does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    Log,
    Redacted,
    Schemas,
    Envelope,
    EncryptedData,
    EncryptionVersion,
    Validation,
    RootModule,
    Lineage,
    Unknown,
}

impl Mark {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "@level" | "@message" => Self::Log,
            "plan_format_version" | "provider_format_version" => Self::Redacted,
            "provider_schemas" => Self::Schemas,
            "data" | "errors" | "jsonapi" => Self::Envelope,
            "encrypted_data" => Self::EncryptedData,
            "encryption_version" => Self::EncryptionVersion,
            "diagnostics" | "valid" => Self::Validation,
            "root_module" => Self::RootModule,
            "lineage" | "serial" => Self::Lineage,
            "resource_drift" | "output_changes" | "checks" | "timestamp" | "applyable"
            | "proposed_unknown" | "meta" | "outputs" | "check_results" => return None,
            _ => Self::Unknown,
        })
    }
}

/// How far the reader got, for errors.
#[derive(Default)]
struct Progress {
    section: Cell<&'static str>,
    rows: Cell<Option<usize>>,
    twice: Cell<bool>,
}

/// Reads the top level in one pass.
pub(crate) fn parse(document: &Document) -> Result<Sections<'_>, PlanError> {
    let progress = Progress::default();
    let mut reader = serde_json::Deserializer::from_str(document.json());
    let sections =
        TopLevel(&progress).deserialize(&mut reader).map_err(|error| refuse(document, &error, &progress))?;
    if let Err(error) = reader.end() {
        if sections.marks.contains(&Mark::Log) {
            return Err(PlanError::Log);
        }
        let (offset, line, column) = document.place(error.line(), error.column());
        if !document.is_log_after(offset) {
            return Err(PlanError::Trailing { offset, line, column });
        }
    }
    Ok(sections)
}

fn refuse(document: &Document, error: &serde_json::Error, progress: &Progress) -> PlanError {
    let (offset, line, column) = document.place(error.line(), error.column());
    match error.classify() {
        Category::Eof => PlanError::Truncated { offset, line, column },
        Category::Data if !progress.section.get().is_empty() => {
            let section = progress.section.get();
            if progress.twice.get() {
                return PlanError::Shape { place: section.to_owned(), expected: "there only once" };
            }
            let row = progress.rows.get().filter(|_| ROWS.contains(&section));
            let row = row.map(|row| format!("[{row}]")).unwrap_or_default();
            PlanError::Shape { place: format!("{section}{row}"), expected: "what a plan holds there" }
        }
        Category::Data => PlanError::Other { what: "JSON of another kind" },
        // Unlike messages about data, those about syntax never quote the input.
        Category::Syntax | Category::Io => {
            let text = error.to_string();
            let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned();
            PlanError::Syntax { what, offset, line, column }
        }
    }
}

/// The sections that are lists of rows.
const ROWS: [&str; 5] = [
    "resource_changes",
    "deferred_changes",
    "action_invocations",
    "deferred_action_invocations",
    "resources",
];

struct TopLevel<'p>(&'p Progress);

impl<'de> DeserializeSeed<'de> for TopLevel<'_> {
    type Value = Sections<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Sections<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopLevel<'_> {
    type Value = Sections<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sections<'de>, A::Error> {
        let mut found = Sections::default();
        let mut seen: Vec<&'static str> = Vec::new();
        while let Some(key) = map.next_key::<Str<'de>>()? {
            let Some(section) = SECTIONS.into_iter().find(|section| **section == *key) else {
                found.marks.extend(Mark::of(&key));
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.0.section.set(section);
            // Readers differ in which of two they take; a gate must not be one of them.
            if seen.contains(&section) {
                self.0.twice.set(true);
                return Err(A::Error::custom("a section twice"));
            }
            seen.push(section);
            found.has_plan_section |= matches!(section, "planned_values" | "resource_changes");
            let rows = &self.0.rows;
            match section {
                "format_version" => found.format_version = map.next_value()?,
                "terraform_version" => found.terraform_version = map.next_value()?,
                "variables" => found.variables = map.next_value()?,
                "relevant_attributes" => found.relevant_attributes = map.next_value()?,
                "planned_values" => found.planned_values = map.next_value()?,
                "resource_changes" => {
                    let changes = map.next_value_seed(Rows::counted(rows))?;
                    // `null` is no list without rows: it says nothing.
                    found.resource_changes = rows.get().map(|_| changes);
                }
                "deferred_changes" => found.deferred_changes = map.next_value_seed(Rows::counted(rows))?,
                "action_invocations" => found.invocations = map.next_value_seed(Rows::counted(rows))?,
                "deferred_action_invocations" => {
                    found.deferred_invocations = map.next_value_seed(Rows::counted(rows))?;
                }
                "prior_state" => found.prior_state = map.next_value()?,
                "configuration" => found.configuration = map.next_value()?,
                "complete" => found.complete = map.next_value()?,
                "errored" => found.errored = map.next_value()?,
                "version" => found.version = map.next_value()?,
                "values" if found.format_version.is_some() => found.values = map.next_value()?,
                // A raw state says its version first; anything else may have `resources` of any shape.
                "resources" if is_stored(found.version) => {
                    found.stored = Some(map.next_value_seed(Rows::counted(rows))?);
                }
                "values" => found.early_values = map.next_value()?,
                _ => found.resources = map.next_value()?,
            }
            self.0.section.set("");
        }
        // Tools that sort keys put some sections before the version that says what they are.
        if let Some(raw) = found.early_values.filter(|_| found.format_version.is_some()) {
            self.0.section.set("values");
            found.values = serde_json::from_str(raw.get()).map_err(A::Error::custom)?;
        }
        if let Some(raw) = found.resources.filter(|_| is_stored(found.version)) {
            self.0.section.set("resources");
            let rows = Rows::counted(&self.0.rows);
            let mut reader = serde_json::Deserializer::from_str(raw.get());
            found.stored = Some(rows.deserialize(&mut reader).map_err(A::Error::custom)?);
        }
        Ok(found)
    }
}

/// Whether the version is that of a raw state.
fn is_stored(version: Option<&RawValue>) -> bool {
    version.is_some_and(|version| version.get() == "4")
}

const SECTIONS: [&str; 16] = [
    "format_version",
    "terraform_version",
    "variables",
    "relevant_attributes",
    "planned_values",
    "resource_changes",
    "deferred_changes",
    "action_invocations",
    "deferred_action_invocations",
    "prior_state",
    "configuration",
    "complete",
    "errored",
    "version",
    "values",
    "resources",
];
