//! Parsing files. The text may be hostile: everything is bounded.

pub(super) mod json;
mod normalize;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use hcl_edit::structure::Body;
use hcl_edit::template::Template;

use self::normalize::Normal;
use super::SourceFile;
use super::value::FileLine;

/// Bytes of a file; people write no longer ones.
const LONGEST: usize = 1 << 20;
/// Signs of assignments and colons in a file. The parser looks through all keys of an object for each new one.
const ASSIGNMENTS: usize = 20_000;
/// Bytes of the stack for the parser. It calls itself for whatever is nested, and stops 64 levels down.
const STACK: usize = 16 << 20;

/// A file of the configuration that could be parsed.
pub(super) struct File {
    pub(super) lines: Arc<Lines>,
    pub(super) body: Body,
    /// As people wrote it.
    pub(super) text: String,
}

/// A file that expressions read.
pub(super) struct TextFile {
    pub(super) lines: Arc<Lines>,
    pub(super) text: String,
    template: OnceLock<Option<Template>>,
}

/// The lines of a parsed text, each with the line of the file that it was made from.
pub(super) struct Lines {
    name: Arc<str>,
    /// Where each line begins.
    starts: Vec<usize>,
    /// The line of the file for each line; `None` where they are the same.
    written: Option<Vec<usize>>,
    /// Where heredocs begin whose indentation goes.
    flush: BTreeSet<usize>,
}

impl Lines {
    fn of(name: &str, text: &str, written: Option<Vec<usize>>, flush: BTreeSet<usize>) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { name: name.into(), starts: std::iter::once(0).chain(breaks).collect(), written, flush }
    }

    /// Whether the heredoc that begins there is written without the indentation of its lines.
    pub(super) fn is_flush(&self, offset: usize) -> bool {
        self.flush.contains(&offset)
    }

    /// The line of the file, from 1, that a byte of the parsed text was made from.
    pub(super) fn line(&self, offset: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= offset);
        match &self.written {
            Some(written) => written.get(line.saturating_sub(1)).copied().unwrap_or(1),
            None => line.max(1),
        }
    }

    /// Whether they are of the file with this name.
    pub(super) fn is_of(&self, file: &str) -> bool {
        *self.name == *file
    }

    pub(super) fn at(&self, offset: usize) -> FileLine {
        FileLine { file: Arc::clone(&self.name), line: self.line(offset) }
    }
}

impl File {
    /// Parses a file; the error says why not.
    pub(super) fn parse(file: SourceFile) -> Result<Self, String> {
        let SourceFile { name, text } = file;
        if text.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} bytes"));
        }
        if text.bytes().filter(|byte| matches!(byte, b'=' | b':')).count() > ASSIGNMENTS {
            return Err(format!("has more than {ASSIGNMENTS} assignments"));
        }
        let is_json =
            Path::new(&name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let (hcl, written) = if is_json {
            let (hcl, written) = json::to_hcl(&text).ok_or("cannot be parsed")?;
            (Cow::Owned(hcl), Some(written))
        } else {
            (Cow::Borrowed(text.as_str()), None)
        };
        let Normal { text: parsed, flush } = normalize::body(&hcl);
        let lines = Arc::new(Lines::of(&name, &hcl, written, flush));
        // What the parser says of an error quotes the text, which may be a secret.
        let parse = |text: &str| {
            text.parse::<Body>().map_err(|error| {
                let at = error.location();
                let start = text.split_inclusive('\n').take(at.line().saturating_sub(1)).map(str::len).sum();
                format!("cannot be parsed (line {})", lines.line(start))
            })
        };
        let body = on_a_large_stack(&parsed, parse).unwrap_or_else(|| Err("cannot be parsed".to_owned()))?;
        drop(hcl);
        Ok(Self { lines, body, text })
    }
}

impl TextFile {
    pub(super) fn new(file: SourceFile) -> Self {
        let flush = normalize::template(&file.text).flush;
        let lines = Arc::new(Lines::of(&file.name, &file.text, None, flush));
        Self { lines, text: file.text, template: OnceLock::new() }
    }

    /// What it is as a template.
    pub(super) fn template(&self) -> Option<&Template> {
        self.template.get_or_init(|| template(&self.text)).as_ref()
    }
}

/// Parses a template.
pub(super) fn template(text: &str) -> Option<Template> {
    let normal = normalize::template(text);
    on_a_large_stack(&normal.text, |text| text.parse::<Template>().ok()).flatten()
}

/// Lets a parser run where its calls have room; `None` when that fails.
fn on_a_large_stack<T: Send>(text: &str, parse: impl FnOnce(&str) -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let parser = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || parse(text));
        parser.ok()?.join().ok()
    })
}
