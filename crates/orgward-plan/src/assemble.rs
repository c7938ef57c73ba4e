//! From the sections of an input to a plan or state, or to the reason why it is neither.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::instance::present;
use crate::parse::{self, Mark, Row, Sections};
use crate::plan::{Doubt, Kind};
use crate::secrets::Secrets;
use crate::{Declaration, Document, Instance, Mode, Plan, PlanError};

impl<'a> Plan<'a> {
    /// Reads a plan or state. Values stay unparsed until they are asked for.
    pub fn parse(document: &'a Document) -> Result<Self, PlanError> {
        let mut sections = parse::parse(document)?;
        let kind = kind(&sections)?;
        if let Some(configuration) = &mut sections.configuration {
            configuration.sort();
        }
        let secrets = secrets(&sections).map(Arc::new);
        let doubts = doubts(&sections)?;
        let mut instances = rows(&mut sections, secrets.as_ref())?;
        instances.sort_by(|a, b| a.address.cmp(&b.address).then_with(|| a.deposed.cmp(&b.deposed)));
        Ok(Self {
            name: document.name.clone(),
            kind,
            terraform_version: text(sections.terraform_version).map(Cow::into_owned),
            doubts,
            instances,
            configuration: sections.configuration,
            variables: sections.variables,
            relevant: sections.relevant_attributes,
            inputs: OnceLock::new(),
            secrets,
            index: OnceLock::new(),
            providers: OnceLock::new(),
            sources: None,
            evaluated: crate::source::Evaluated::default(),
            declaration: Declaration::default(),
        })
    }
}

/// What the input is; or the error that says what else it is.
fn kind(sections: &Sections<'_>) -> Result<Kind, PlanError> {
    let marked = |mark| sections.marks.contains(&mark);
    if marked(Mark::Log) {
        return Err(PlanError::Log);
    }
    if marked(Mark::Redacted) {
        return Err(PlanError::Redacted);
    }
    if marked(Mark::EncryptedData) && marked(Mark::EncryptionVersion) {
        return Err(PlanError::Encrypted);
    }
    if marked(Mark::Schemas) {
        return Err(PlanError::Other { what: "the output of `terraform providers schema`" });
    }
    let planned = sections.planned_values.is_some() || sections.resource_changes.is_some();
    if let Some(version) = sections.format_version {
        format_version(version)?;
        if planned {
            return Ok(Kind::Plan);
        }
        if sections.values.is_some() {
            return Ok(Kind::State);
        }
        if marked(Mark::Validation) {
            return Err(PlanError::Other { what: "the output of `terraform validate`" });
        }
        if sections.configuration.is_some() || sections.prior_state.is_some() {
            return Ok(Kind::Plan);
        }
        // An empty state is nothing but its format version.
        if sections.marks.is_empty() && sections.version.is_none() && sections.resources.is_none() {
            return Ok(Kind::State);
        }
        return Err(PlanError::Other { what: "JSON of another kind" });
    }
    if let Some(version) = sections.version.filter(|_| sections.stored.is_some() || marked(Mark::Lineage)) {
        return stored_version(version, sections.stored.is_some());
    }
    // Files that were cut down by hand or by a tool often lack the version.
    if sections.resource_changes.is_some() {
        return Ok(Kind::Plan);
    }
    Err(if marked(Mark::Envelope) {
        PlanError::Envelope
    } else if marked(Mark::RootModule) {
        PlanError::Other { what: "the configuration part of a plan" }
    } else {
        PlanError::Other { what: "a JSON object without `format_version`" }
    })
}

fn format_version(raw: &RawValue) -> Result<(), PlanError> {
    let wrong =
        || PlanError::Shape { place: "format_version".to_owned(), expected: "a version such as `1.2`" };
    let version = text(Some(raw)).ok_or_else(wrong)?;
    let (major, minor) = version.split_once('.').ok_or_else(wrong)?;
    let number = |part: &str| part.parse::<u32>().map_err(|_| wrong());
    // A patch level has never been there, but it would not matter.
    match (number(major)?, number(minor.split('.').next().unwrap_or(minor))?) {
        (0, 0) => Err(PlanError::PastVersion { version: "0.0".to_owned() }),
        (0 | 1, _) => Ok(()),
        (major, minor) => Err(PlanError::FutureVersion { version: format!("{major}.{minor}") }),
    }
}

fn stored_version(raw: &RawValue, read: bool) -> Result<Kind, PlanError> {
    let wrong = || PlanError::Shape { place: "version".to_owned(), expected: "a whole number" };
    match raw.get().parse::<u64>().map_err(|_| wrong())? {
        4 if read => Ok(Kind::State),
        4 => Err(PlanError::Shape { place: "resources".to_owned(), expected: "a list of resources" }),
        version if version < 4 => Err(PlanError::PastVersion { version: version.to_string() }),
        version => Err(PlanError::FutureVersion { version: version.to_string() }),
    }
}

/// A string; `None` for anything else.
fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    serde_json::from_str::<parse::Str<'_>>(raw?.get()).ok().map(|text| text.0)
}

/// What the variables hold that the configuration marks sensitive.
fn secrets(sections: &Sections<'_>) -> Option<Secrets> {
    let root = sections.configuration.as_ref()?.root_module.as_ref()?;
    let mut sensitive = root.sensitive_variables().peekable();
    sensitive.peek()?;
    let mut secrets = Secrets::default();
    let inputs: Value =
        sections.variables.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    for (name, declared) in sensitive {
        let value = inputs.get(name).and_then(|input| input.get("value")).cloned();
        let default = || serde_json::from_str(declared.default?.get()).ok();
        secrets.add(&value.or_else(default).unwrap_or(Value::Null));
    }
    (!secrets.is_empty()).then_some(secrets)
}

fn doubts(sections: &Sections<'_>) -> Result<Vec<Doubt>, PlanError> {
    let mut doubts = Vec::new();
    // Anything but a plain `false` is taken for an error, and anything but a plain `true` for incomplete.
    if present(sections.errored).is_some_and(|errored| errored.get() != "false") {
        doubts.push(Doubt::Errored);
    }
    if present(sections.complete).is_some_and(|complete| complete.get() != "true") {
        doubts.push(Doubt::Incomplete);
    }
    for (row, deferred) in sections.deferred_changes.iter().enumerate() {
        doubts.push(deferred.doubt(row)?);
    }
    // An empty root module is what a plan without any resources has.
    let planned = sections.planned_values.is_some_and(|values| values.get().contains("\"resources\""));
    if sections.resource_changes.is_none() && planned {
        doubts.push(Doubt::NoChanges);
    }
    doubts.sort();
    doubts.dedup();
    Ok(doubts)
}

fn rows<'a>(
    sections: &mut Sections<'a>,
    secrets: Option<&Arc<Secrets>>,
) -> Result<Vec<Instance<'a>>, PlanError> {
    let mut instances = changed(sections.resource_changes.take().unwrap_or_default(), secrets)?;
    if let Some(values) = sections.prior_state.take().and_then(|state| state.values) {
        // A plan that leaves things out (`-target`) does so to resources; what was read is never in a row,
        // except where it will be read anew.
        let known: BTreeSet<(&str, Option<&str>)> = instances.iter().flat_map(addresses).collect();
        let untouched = values.instances(&known, "prior_state.resources", secrets)?;
        instances.extend(untouched);
    }
    if let Some(values) = sections.values.take() {
        instances.extend(values.instances(&BTreeSet::new(), "values.resources", secrets)?);
    }
    for (row, resource) in sections.stored.take().into_iter().flatten().enumerate() {
        instances.extend(resource.instances(row)?);
    }
    Ok(instances)
}

/// The instances of `resource_changes`; those of long lists are made on two threads.
fn changed<'a>(
    mut head: Vec<Row<'a>>,
    secrets: Option<&Arc<Secrets>>,
) -> Result<Vec<Instance<'a>>, PlanError> {
    const LONG: usize = 2_000;
    let make = move |rows: Vec<Row<'a>>, first: usize, room: usize| {
        let mut instances = Vec::with_capacity(room);
        for (row, change) in rows.into_iter().enumerate() {
            instances.extend(change.instance(first + row, secrets)?);
        }
        Ok::<_, PlanError>(instances)
    };
    let count = head.len();
    if count < LONG {
        return make(head, 0, count);
    }
    let tail = head.split_off(count / 2);
    let first = head.len();
    std::thread::scope(|scope| {
        let tail = scope.spawn(move || make(tail, first, count - first));
        let instances = make(head, 0, count);
        match tail.join() {
            Ok(tail) => {
                // What is wrong in the first half is told first.
                let mut instances = instances?;
                instances.append(&mut tail?);
                Ok(instances)
            }
            // A bug there is a bug here: it is told by the same means.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The addresses that an instance goes by, each with the deposed key.
fn addresses<'i>(instance: &'i Instance<'_>) -> impl Iterator<Item = (&'i str, Option<&'i str>)> {
    // A data source is read anew under the same address, and is never deposed or moved.
    let previous = instance.previous_address.as_ref().filter(|_| instance.mode == Mode::Managed);
    let deposed = instance.deposed.as_deref();
    [Some(&instance.address), previous].into_iter().flatten().map(move |address| (address.as_str(), deposed))
}
