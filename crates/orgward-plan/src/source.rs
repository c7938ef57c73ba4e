//! The configuration as people wrote it. A plan shows which references an expression has, and not how they make the
//! value; the sources do.

mod agreement;
mod alone;
mod blocks;
mod document;
mod evaluate;
mod functions;
mod load;
mod names;
mod parse;
mod provider;
mod reading;
mod site;
mod template;
mod traverse;
mod types;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use crate::Plan;

pub use alone::DeclaredBlock;
pub use load::{Module, SourceFile};
pub use site::{About, Site, SourceLine, statement_at};
pub(crate) use traverse::Evaluated;
pub use value::{Entries, FileLine, Literal, Part, Spelled};

use parse::{File, Lines, TextFile};

/// The files that expressions read, by their path from the root module.
pub trait Files: Send + Sync {
    /// The text of a file; `None` when it cannot be read as text.
    fn text(&self, path: &str) -> Option<SourceFile>;

    /// The paths of all files below a folder, from that folder; `None` when not all of them can be listed.
    fn list(&self, folder: &str) -> Option<Vec<String>>;
}

/// The parsed files of a configuration, by module.
#[derive(Default)]
pub struct Sources {
    /// By the names of the calls that lead there, with dots between them; empty for the root.
    modules: BTreeMap<String, Loaded>,
    /// Other files that expressions read.
    files: Option<Box<dyn Files>>,
    /// Those that were read so far; `None` for one that cannot be read.
    texts: Mutex<BTreeMap<String, Option<Arc<TextFile>>>>,
    /// The workspace that was planned in, where Terraform has written it down.
    workspace: Option<String>,
    /// The files that could not be read, each with the reason.
    unreadable: Vec<String>,
}

/// A module with its files.
struct Loaded {
    /// From the root module, with slashes; empty for the root module itself.
    folder: String,
    files: Arc<Vec<File>>,
}

/// A block, and the lines of the file that it is in.
#[derive(Clone, Copy)]
pub(crate) struct Written<'s> {
    file: &'s File,
    block: &'s Block,
}

impl Deref for Written<'_> {
    type Target = Block;
    fn deref(&self) -> &Block {
        self.block
    }
}

impl Written<'_> {
    fn lines(&self) -> Arc<Lines> {
        Arc::clone(&self.file.lines)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("modules", &self.modules.keys()).finish_non_exhaustive()
    }
}

impl Sources {
    /// The files that could not be read, each with the reason.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Whether there is nothing in them.
    pub fn is_empty(&self) -> bool {
        self.modules.values().all(|module| module.files.is_empty())
    }

    /// Lets expressions read files.
    #[must_use]
    pub fn with_files(self, files: Box<dyn Files>) -> Self {
        Self { files: Some(files), ..self }
    }

    /// Names the workspace that was planned in.
    #[must_use]
    pub fn with_workspace(self, workspace: Option<String>) -> Self {
        Self { workspace, ..self }
    }

    /// A file that an expression reads.
    fn text(&self, path: &str) -> Option<Arc<TextFile>> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(path) {
            return known.clone();
        }
        let file = self.files.as_ref().and_then(|files| files.text(path));
        let file = file.map(|file| Arc::new(TextFile::new(file)));
        texts.insert(path.to_owned(), file.clone());
        file
    }

    /// The paths of all files below a folder, from that folder.
    fn list(&self, folder: &str) -> Option<Vec<String>> {
        self.files.as_ref()?.list(folder)
    }

    /// Whether the configuration declares in its root module what the plan shows of it, no more and no less.
    pub fn fits(&self, plan: &Plan<'_>) -> bool {
        let shown: Option<BTreeSet<String>> = plan
            .configuration
            .as_ref()
            .and_then(|shown| shown.root_module.as_ref())
            .map(crate::configuration::Module::declared);
        let labels = |block: Written<'_>| {
            let mut name = match block.ident.as_str() {
                "resource" => String::new(),
                "data" | "module" => format!("{}.", block.ident.as_str()),
                _ => return None,
            };
            let labels: Vec<&str> =
                block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect();
            name.push_str(&labels.join("."));
            Some(name)
        };
        let declared: BTreeSet<String> = self.blocks("").filter_map(labels).collect();
        shown.is_some_and(|shown| !shown.is_empty() && shown == declared)
    }

    fn files(&self, module: &str) -> impl Iterator<Item = &File> {
        self.modules.get(module).into_iter().flat_map(|module| module.files.iter())
    }

    fn blocks(&self, module: &str) -> impl Iterator<Item = Written<'_>> {
        self.files(module).flat_map(|file| file.body.blocks().map(move |block| Written { file, block }))
    }

    /// The folder of a module, from the root module.
    fn folder(&self, module: &str) -> Option<&str> {
        self.modules.get(module).map(|module| module.folder.as_str())
    }

    /// The block with these labels; `None` when there are several, which only an override file makes.
    pub(crate) fn block(&self, module: &str, ident: &str, labels: &[&str]) -> Option<Written<'_>> {
        only(self.blocks(module).filter(|block| is_block(block.block, ident, labels)))
    }

    /// The expression of a local value, and the block that it is in.
    pub(crate) fn local(&self, module: &str, name: &str) -> Option<(Written<'_>, &Expression)> {
        let locals = self.blocks(module).filter(|block| block.ident.as_str() == "locals");
        only(locals.filter_map(|block| Some((block, &block.block.body.get_attribute(name)?.value))))
    }
}

fn is_block(block: &Block, ident: &str, labels: &[&str]) -> bool {
    block.ident.as_str() == ident
        && block.labels.len() == labels.len()
        && block.labels.iter().zip(labels).all(|(label, wanted)| label.as_str() == *wanted)
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let only = found.next()?;
    found.next().is_none().then_some(only)
}
