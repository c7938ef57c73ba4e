//! Where resources are written, and what they are made of.
//!
//! A plan changes a value; people change the line that the value is from. So the expression of an attribute is evaluated
//! once more, and what it comes to has kept the lines of its parts: through locals, inputs of modules, functions, files
//! and templates. Where that leads outside of the block of the resource, both lines are told.

use hcl_edit::Span as _;

use super::evaluate::{Bound, Evaluator, Place};
use super::parse::json;
use super::value::{Part, Provenance};
use super::{FileLine, Sources, Spelled, Written, is_block, traverse};
use crate::resolution::scope::Scope;
use crate::traversal::{self, Segment};
use crate::{Address, Key, Mode, Plan, Step};

/// A line of the sources.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SourceLine {
    /// The file, as it is called in messages.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is on it; `None` when the plan marks something on it sensitive, or the file is not at hand.
    pub text: Option<String>,
}

/// What is asked about a resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'s> {
    /// An attribute; without it, the one that the plan changes.
    pub attribute: Option<&'s [Step<'s>]>,
    /// Of a policy document, which statement.
    pub statement: Option<usize>,
}

/// Where something is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// The line to change.
    pub line: SourceLine,
    /// The line of the resource that it becomes part of, where that is another file or block.
    pub definition: Option<SourceLine>,
}

impl Plan<'_> {
    /// Where a resource is written, or an attribute of it, or a statement of a document. What is gone is where it was
    /// declared: the call of its module, or its own block. A module that was fetched from elsewhere is no file of the
    /// people who use it: of what it has, the line is where they call it.
    pub fn site(&self, address: &Address, about: About<'_>) -> Option<Site> {
        let sources = self.sources.as_deref()?;
        let segments = traversal::parse(address.as_str())?;
        let (path, rest) = traversal::module_path(&segments);
        let mut calls = String::new();
        let mut call = None;
        for step in &path.0 {
            let Some(found) = sources.written(&calls, "module", &[&step.name]) else { break };
            call.get_or_insert_with(|| self.line_of(found, None));
            if !calls.is_empty() {
                calls.push('.');
            }
            calls.push_str(&step.name);
            if sources.folder(&calls).is_none_or(is_fetched) {
                break;
            }
        }
        let is_own = calls == traverse::calls(&path) && !sources.folder(&calls).is_some_and(is_fetched);
        let names: Vec<&str> = rest
            .iter()
            .filter_map(|segment| match segment {
                Segment::Name(name) => Some(name.as_str()),
                Segment::Key(_) => None,
            })
            .collect();
        let block = match names.as_slice() {
            ["data", kind, name] if is_own => sources.written(&calls, "data", &[kind, name]),
            [kind, name] if is_own => sources.written(&calls, "resource", &[kind, name]),
            _ => None,
        };
        let changed = about.attribute.is_none().then(|| self.changed(address, block)).flatten();
        let changed = changed.map(|name| [Step::Name(name)]);
        let attribute = about.attribute.or(changed.as_ref().map(<[Step<'_>; 1]>::as_slice));
        let origin = self.origin(sources, address, attribute, about.statement);
        let origin = origin.map(|origin| self.quoted(sources, &origin));
        let definition = block.map(|block| self.line_of(block, attribute));
        joined(call, definition, origin)
    }

    /// The attribute that the plan changes of what stays, if it is one that is written.
    fn changed<'s>(&self, address: &Address, block: Option<Written<'s>>) -> Option<&'s str> {
        let instance = self.instance(address)?;
        let (before, after) = (instance.before()?, instance.after()?);
        let names = block?.block.body.attributes().map(|attribute| attribute.key.as_str());
        let differs = |name: &&str| {
            let (before, after) = (before.get(name), after.get(name));
            !matches!(*name, "tags" | "count" | "for_each" | "provider" | "depends_on")
                && (after.has_unknown() || before.json() != after.json())
        };
        let mut changed = names.filter(differs);
        let only = changed.next()?;
        changed.next().is_none().then_some(only)
    }

    /// The line that a value is from, or a statement of it.
    fn origin(
        &self,
        sources: &Sources,
        address: &Address,
        attribute: Option<&[Step<'_>]>,
        statement: Option<usize>,
    ) -> Option<FileLine> {
        let instance = self.instance(address)?;
        let value = attribute.and_then(|attribute| self.spell_out(instance, attribute));
        let origin = match (&value, statement) {
            // A statement that is gone was a part of the document.
            (Some(value), Some(statement)) => {
                self.statement(sources, value, statement, 0).or_else(|| single(value))
            }
            (Some(value), None) => single(value),
            (None, _) => None,
        };
        origin.or_else(|| self.entry(sources, address)).filter(|origin| !is_fetched(&origin.file))
    }

    /// The entry of a `for_each` that an instance, or a module around it, is made of.
    fn entry(&self, sources: &Sources, address: &Address) -> Option<FileLine> {
        let instance = self.instance(address)?;
        let evaluator = Evaluator::new(self, sources);
        let scope = Scope::of(self, instance).ok()?;
        let ident = if instance.mode == Mode::Data { "data" } else { "resource" };
        let mut block =
            sources.block(&traverse::calls(&scope.path), ident, &[&instance.kind, &instance.name]);
        let mut scope = scope;
        loop {
            if let (Some(written), Some(Key::Name(key))) = (block, &scope.key)
                && let Some(repetition) = written.block.body.get_attribute("for_each")
            {
                let place = Place::inside(scope.outside_repetition(), written);
                let value = evaluator.expression(&repetition.value, &place, &Bound::new(), 0);
                if let Some(origin) = value.child(key).and_then(of_map) {
                    return Some(origin);
                }
            }
            let (caller, call) = scope.caller(self)?;
            block = sources.block(&traverse::calls(&caller.path), "module", &[&call]);
            scope = caller;
        }
    }

    fn line_of(&self, written: Written<'_>, attribute: Option<&[Step<'_>]>) -> SourceLine {
        let span = attribute.and_then(|path| span_of(written, path)).or_else(|| written.block.span());
        let line = written.lines().at(span.map_or(0, |span| span.start));
        self.read(&line, &written.file.text)
    }

    fn quoted(&self, sources: &Sources, line: &FileLine) -> SourceLine {
        match sources.text_of(line) {
            Some(text) => self.read(line, &text),
            None => SourceLine { file: line.file.to_string(), line: line.line, text: None },
        }
    }

    fn read(&self, line: &FileLine, text: &str) -> SourceLine {
        let text = text.lines().nth(line.line - 1).unwrap_or_default().trim_end();
        SourceLine {
            file: line.file.to_string(),
            line: line.line,
            text: (!self.is_secret(text) && !text.contains("sensitive(")).then(|| text.to_owned()),
        }
    }
}

/// Which of the lines is the one to change.
fn joined(
    call: Option<SourceLine>,
    definition: Option<SourceLine>,
    origin: Option<SourceLine>,
) -> Option<Site> {
    let folder = |line: &SourceLine| line.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let (line, definition) = match (call, definition, origin) {
        // In a module: what the call gives, or what the module says of itself.
        (Some(call), Some(definition), Some(origin)) => {
            let (root, module, from) = (folder(&call), folder(&definition), folder(&origin));
            let is_inside = from == module || from.starts_with(&format!("{module}/"));
            if is_inside && module != root { (call, Some(origin)) } else { (origin, Some(definition)) }
        }
        (Some(call), definition, None) => (call, definition),
        (Some(call), None, Some(_)) => (call, None),
        (None, Some(definition), Some(origin)) => {
            (origin.clone(), Some(definition).filter(|definition| definition.file != origin.file))
        }
        (None, Some(definition), None) => (definition, None),
        (None, None, origin) => (origin?, None),
    };
    Some(Site { definition: definition.filter(|definition| *definition != line), line })
}

/// The line of a value that is one text, or a map.
fn single(value: &Spelled) -> Option<FileLine> {
    match value {
        Spelled::Text(parts) => match parts.as_slice() {
            [Part::Literal(literal)] => match literal.from(0) {
                Provenance::Line(line) => Some(line),
                _ => None,
            },
            _ => None,
        },
        other => of_map(other),
    }
}

pub(super) fn of_map(value: &Spelled) -> Option<FileLine> {
    match value {
        Spelled::Map(entries) => entries.origin.clone(),
        _ => None,
    }
}

/// Which statement of a document a byte of its text is in.
pub fn statement_at(text: &str, at: usize) -> Option<usize> {
    let (_, statements) =
        json::entries(text.trim())?.into_iter().rev().find(|(name, _)| name == "Statement")?;
    let Some(all) = json::elements(statements.get()) else { return Some(0) };
    all.iter().rposition(|statement| json::offset(text, statement.get()) <= at)
}

/// The span of an attribute, or of the block that it is in.
fn span_of(written: Written<'_>, path: &[Step<'_>]) -> Option<std::ops::Range<usize>> {
    let mut body = &written.block.body;
    let mut found = None;
    let mut rest = path;
    while let [Step::Name(name), after @ ..] = rest {
        if let Some(attribute) = body.get_attribute(name) {
            return attribute.span();
        }
        let (index, after) = match after {
            [Step::Index(index), after @ ..] => (*index, after),
            after => (0, after),
        };
        let block = body.get_blocks(name).nth(index)?;
        found = block.span();
        body = &block.body;
        rest = after;
    }
    found
}

impl Sources {
    /// The first block with these labels: an override file comes later or says less.
    fn written(&self, module: &str, ident: &str, labels: &[&str]) -> Option<Written<'_>> {
        self.blocks(module).find(|written| is_block(written.block, ident, labels))
    }

    /// The text of the file that a line is in.
    fn text_of(&self, line: &FileLine) -> Option<String> {
        let files = self.modules.values().flat_map(|module| module.files.iter());
        let file = files.into_iter().find(|file| file.lines.is_of(&line.file)).map(|file| file.text.clone());
        file.or_else(|| {
            let texts = self.texts.lock().ok()?;
            let file = texts.values().flatten().find(|file| file.lines.is_of(&line.file));
            file.map(|file| file.text.clone())
        })
    }
}

/// Whether `terraform init` put a module there.
fn is_fetched(folder: &str) -> bool {
    folder.split('/').any(|part| part == ".terraform")
}
