//! Where resources are written.

use hcl_edit::Span as _;

use super::{FileLine, Sources, Written, is_block};
use crate::traversal::{self, Segment};
use crate::{Address, Plan};

/// A line of the sources.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SourceLine {
    /// The file, as it is found from where the program runs.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is on it; `None` when the plan marks something on it sensitive.
    pub text: Option<String>,
}

impl Plan<'_> {
    /// Where a resource is written, or an argument of it. A module that was fetched from elsewhere is no file of the
    /// people who use it: of what it has, the line is where they call it.
    pub fn site(&self, address: &Address, argument: Option<&str>) -> Option<SourceLine> {
        let sources = self.sources.as_deref()?;
        let segments = traversal::parse(address.as_str())?;
        let (path, rest) = traversal::module_path(&segments);
        let mut calls = String::new();
        for step in &path.0 {
            let call = sources.written(&calls, "module", &[&step.name])?;
            if !calls.is_empty() {
                calls.push('.');
            }
            calls.push_str(&step.name);
            if sources.folder(&calls).is_none_or(is_fetched) {
                return Some(self.line(call, None));
            }
        }
        let names: Vec<&str> = rest
            .iter()
            .filter_map(|segment| match segment {
                Segment::Name(name) => Some(name.as_str()),
                Segment::Key(_) => None,
            })
            .collect();
        let found = match names.as_slice() {
            ["data", kind, name] => sources.written(&calls, "data", &[kind, name]),
            [kind, name] => sources.written(&calls, "resource", &[kind, name]),
            _ => None,
        }?;
        Some(self.line(found, argument))
    }

    fn line(&self, written: Written<'_>, argument: Option<&str>) -> SourceLine {
        let argument =
            argument.and_then(|name| written.block.body.get_attribute(name)).and_then(hcl_edit::Span::span);
        let start = argument.or_else(|| written.block.span()).map_or(0, |span| span.start);
        let FileLine { file, line } = written.file.lines.at(start);
        let text = written.file.text.lines().nth(line - 1).unwrap_or_default().trim_end();
        SourceLine { file: file.to_string(), line, text: (!self.is_secret(text)).then(|| text.to_owned()) }
    }
}

impl Sources {
    /// The first block with these labels, and its file: an override file comes later or says less.
    fn written(&self, module: &str, ident: &str, labels: &[&str]) -> Option<Written<'_>> {
        self.blocks(module).find(|written| is_block(written.block, ident, labels))
    }
}

/// Whether `terraform init` put a module there.
fn is_fetched(folder: &str) -> bool {
    folder.split('/').any(|part| part == ".terraform")
}
