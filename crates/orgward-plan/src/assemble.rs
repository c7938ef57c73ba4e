//! From the sections of an input to a plan or state, or to the reason why it is neither.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::configuration::{Configuration, Module};
use crate::instance::present;
use crate::parse::{self, Mark, Row, Sections};
use crate::plan::{Doubt, Kind};
use crate::secrets::{Marked, Secrets};
use crate::{Declaration, Document, Instance, Mode, Plan, PlanError};

impl<'a> Plan<'a> {
    /// Reads a plan or state. Values stay unparsed until they are asked for.
    pub fn parse(document: &'a Document) -> Result<Self, PlanError> {
        let mut sections = parse::parse(document)?;
        let kind = match &document.not_read {
            Some(_) => Kind::Snapshot,
            None => kind(&sections)?,
        };
        if let Some(configuration) = &mut sections.configuration {
            configuration.sort();
        }
        let mut doubts = doubts(&sections)?;
        let mut invocations = Vec::new();
        for rows in [&sections.invocations, &sections.deferred_invocations] {
            for (row, invoked) in rows.iter().enumerate() {
                invocations.push(invoked.invocation(row)?);
            }
        }
        invocations.sort();
        let outputs: Vec<&RawValue> = [
            sections.planned_values.as_ref(),
            sections.values.as_ref(),
            sections.prior_state.as_ref().and_then(|state| state.values.as_ref()),
        ]
        .into_iter()
        .filter_map(|values| values?.outputs)
        .collect();
        let mut instances = rows(&mut sections)?;
        let secrets = secrets(&sections, &outputs, &instances).map(Arc::new);
        if let Some(secrets) = &secrets {
            for instance in &mut instances {
                instance.body.secrets = Some(Arc::clone(secrets));
            }
        }
        instances.sort_by(|a, b| a.address.cmp(&b.address).then_with(|| a.deposed.cmp(&b.deposed)));
        parse::fit::distinct(&instances)?;
        if kind == Kind::Plan {
            if sections.configuration.as_ref().is_none_or(|it| it.root_module.is_none()) {
                doubts.push(Doubt::NoConfiguration);
            }
            let gaps = parse::fit::check(sections.planned_values.as_ref(), &instances)?;
            // A plan that says itself that it is incomplete needs no second reason.
            if !doubts.iter().any(|doubt| matches!(doubt, Doubt::Errored | Doubt::Incomplete)) {
                doubts.extend(gaps);
            }
        }
        Ok(Self {
            name: document.name.clone(),
            kind,
            terraform_version: text(sections.terraform_version).map(Cow::into_owned),
            doubts,
            not_read: document.not_read.clone().unwrap_or_default(),
            instances,
            invocations,
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
            stack: None,
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
        if sections.has_plan_section || sections.configuration.is_some() || sections.prior_state.is_some() {
            return Err(PlanError::Nothing);
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

/// What the plan marks sensitive anywhere: in the masks of values, by variables and by outputs.
fn secrets(sections: &Sections<'_>, outputs: &[&RawValue], instances: &[Instance<'_>]) -> Option<Secrets> {
    let mut marked = Marked::default();
    variables(sections, &mut marked);
    for raw in outputs {
        let outputs: BTreeMap<String, Value> = serde_json::from_str(raw.get()).unwrap_or_default();
        for output in outputs.values() {
            if output.get("sensitive").is_some_and(|mark| *mark != Value::Bool(false)) {
                marked.add(output.get("value").unwrap_or(&Value::Null));
            }
        }
    }
    for instance in instances {
        instance.mark(&mut marked);
    }
    if marked.is_empty() {
        return None;
    }
    marked.secrets(&sections.configuration.as_ref().map(Configuration::constants).unwrap_or_default())
}

fn variables(sections: &Sections<'_>, marked: &mut Marked) {
    let root = sections.configuration.as_ref().and_then(|configuration| configuration.root_module.as_ref());
    let mut sensitive = root.into_iter().flat_map(Module::sensitive_variables).peekable();
    if sensitive.peek().is_none() {
        return;
    }
    let inputs: Value =
        sections.variables.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    for (name, declared) in sensitive {
        let value = inputs.get(name).and_then(|input| input.get("value")).cloned();
        let default = || serde_json::from_str(declared.default?.get()).ok();
        marked.add(&value.or_else(default).unwrap_or(Value::Null));
    }
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
    doubts.sort();
    doubts.dedup();
    Ok(doubts)
}

fn rows<'a>(sections: &mut Sections<'a>) -> Result<Vec<Instance<'a>>, PlanError> {
    let mut instances = changed(sections.resource_changes.take().unwrap_or_default())?;
    if let Some(values) = sections.prior_state.take().and_then(|state| state.values) {
        // A plan that leaves things out (`-target`) does so to resources; what was read is never in a row,
        // except where it will be read anew.
        let known: BTreeSet<(&str, Option<&str>)> = instances.iter().flat_map(addresses).collect();
        let untouched = values.instances(&known, "prior_state.resources")?;
        instances.extend(untouched);
    }
    if let Some(values) = sections.values.take() {
        instances.extend(values.instances(&BTreeSet::new(), "values.resources")?);
    }
    for (row, resource) in sections.stored.take().into_iter().flatten().enumerate() {
        instances.extend(resource.instances(row)?);
    }
    Ok(instances)
}

/// The instances of `resource_changes`; those of long lists are made on two threads.
fn changed(mut head: Vec<Row<'_>>) -> Result<Vec<Instance<'_>>, PlanError> {
    const LONG: usize = 2_000;
    fn make(rows: Vec<Row<'_>>, first: usize, room: usize) -> Result<Vec<Instance<'_>>, PlanError> {
        let mut instances = Vec::with_capacity(room);
        for (row, change) in rows.into_iter().enumerate() {
            instances.extend(change.instance(first + row)?);
        }
        Ok(instances)
    }
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
