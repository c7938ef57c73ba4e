//! The configuration as people wrote it. A plan shows which references an expression has, and not how they make the
//! value; the sources do.

mod agreement;
mod blocks;
mod evaluate;
mod functions;
mod load;
mod names;
mod provider;
mod site;
mod spelled;
mod template;
mod traverse;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use crate::Plan;

pub use load::{Module, SourceFile};
pub use site::SourceLine;
pub use spelled::{Part, Spelled};

/// The parsed `.tf` files of a configuration, by module.
#[derive(Default)]
pub struct Sources {
    /// By the names of the calls that lead there, with dots between them; empty for the root.
    modules: BTreeMap<String, Loaded>,
    /// Other files that expressions read, by their path from the root module.
    texts: BTreeMap<String, String>,
    /// The files that could not be read, each with the reason.
    unreadable: Vec<String>,
}

/// A module with its files.
struct Loaded {
    /// From the root module, with slashes; empty for the root module itself.
    folder: String,
    files: Arc<Vec<File>>,
}

/// A file that could be parsed.
struct File {
    name: String,
    text: String,
    body: Body,
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

    /// Adds a file that is no configuration and that expressions read, by its path from the root module.
    pub fn add_text(&mut self, path: &str, text: String) {
        self.texts.insert(load::joined("", path), text);
    }

    /// Whether the configuration declares in its root module what the plan shows of it, no more and no less.
    pub fn fits(&self, plan: &Plan<'_>) -> bool {
        let shown: Option<BTreeSet<String>> = plan
            .configuration
            .as_ref()
            .and_then(|shown| shown.root_module.as_ref())
            .map(crate::configuration::Module::declared);
        let labels = |block: &Block| {
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

    fn blocks(&self, module: &str) -> impl Iterator<Item = &Block> {
        self.files(module).flat_map(|file| file.body.blocks())
    }

    /// The folder of a module, from the root module.
    fn folder(&self, module: &str) -> Option<&str> {
        self.modules.get(module).map(|module| module.folder.as_str())
    }

    /// The block with these labels; `None` when there are several, which only an override file makes.
    pub(crate) fn block(&self, module: &str, ident: &str, labels: &[&str]) -> Option<&Block> {
        only(self.blocks(module).filter(|block| is_block(block, ident, labels)))
    }

    /// The expression of a local value.
    pub(crate) fn local(&self, module: &str, name: &str) -> Option<&Expression> {
        let locals = self.blocks(module).filter(|block| block.ident.as_str() == "locals");
        only(locals.filter_map(|block| block.body.get_attribute(name))).map(|found| &found.value)
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
