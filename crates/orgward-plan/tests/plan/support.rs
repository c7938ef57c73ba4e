//! Reading plans in tests.

use miette::Diagnostic;
use std::path::Path;
use std::sync::Arc;

use orgward_plan::{
    Document, Instance, Legal, Object, Plan, PlanError, Resolution, SourceFile, Sources, Step,
};

/// Decodes text.
pub(crate) fn document(text: &str) -> Document {
    Document::decode("plan.json", text.as_bytes().to_vec()).unwrap()
}

/// Reads a plan.
pub(crate) fn plan(document: &Document) -> Plan<'_> {
    Plan::parse(document).unwrap()
}

/// A file of the data folder.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Reads a plan of the data folder.
pub(crate) fn data(name: &str) -> Document {
    Document::decode(name, bytes(name)).unwrap()
}

/// Gives a plan the configuration in a folder of the data folder.
pub(crate) fn with_sources(plan: &mut Plan<'_>, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let sources = Sources::load("", &mut |folder| {
        let text = std::fs::read_to_string(root.join(folder).join("main.tf")).unwrap();
        vec![SourceFile { name: format!("{folder}/main.tf"), text }]
    });
    assert!(sources.unreadable().is_empty(), "{:?}", sources.unreadable());
    assert!(sources.fits(plan));
    plan.with_sources(Arc::new(sources));
}

/// A plan with these rows of `resource_changes`.
pub(crate) fn changes(rows: &str) -> Document {
    document(&format!(r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[{rows}]}}"#))
}

/// A row about `aws_x.y`.
pub(crate) fn row(actions: &str, change: &str) -> String {
    format!(
        r#"{{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","provider_name":"p/aws",
            "change":{{"actions":{actions},{change}}}}}"#
    )
}

/// The instance with an address.
pub(crate) fn at<'p, 'a>(plan: &'p Plan<'a>, address: &str) -> &'p Instance<'a> {
    let found = plan.instances().iter().find(|instance| instance.address.as_str() == address);
    found.unwrap_or_else(|| panic!("no {address}"))
}

/// The object of an instance after the plan.
pub(crate) fn after(document: &Document, address: &str) -> Object {
    at(&plan(document), address).after().unwrap()
}

/// Resolves an attribute.
pub(crate) fn resolve(plan: &Plan<'_>, address: &str, attribute: &str, legal: &[&str]) -> Resolution {
    plan.resolve(at(plan, address), &[Step::Name(attribute)], &Legal(legal))
}

/// A resolution in one line.
pub(crate) fn told(resolution: &Resolution) -> String {
    let targets = resolution.targets.iter().map(|target| format!("{}#{}", target.address, target.attribute));
    format!("{:?} {}", resolution.certainty, targets.collect::<Vec<_>>().join(" "))
}

/// The message and the help of the error that bytes are refused with.
pub(crate) fn refused(bytes: &[u8]) -> String {
    let error = match Document::decode("plan.json", bytes.to_vec()) {
        Err(error) => error,
        Ok(document) => Plan::parse(&document).map(|plan| format!("{plan:?}")).unwrap_err(),
    };
    told_error(&error)
}

/// The message and the help of an error.
pub(crate) fn told_error(error: &PlanError) -> String {
    format!("{error}\nhelp: {}", error.help().unwrap())
}
