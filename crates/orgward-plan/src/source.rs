//! The configuration as people wrote it. A plan shows which references an expression has, and not how they make the
//! value; the sources do.

mod evaluate;
mod functions;
mod names;
mod spelled;

use std::collections::BTreeMap;
use std::fmt;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use serde::Deserialize;

pub use spelled::{Part, Spelled};

/// Deeper than any real tree of modules.
const DEPTH: usize = 32;
/// Brackets inside brackets that a file may have.
const NESTING: usize = 100;

/// The parsed `.tf` files of a configuration, by module.
#[derive(Default)]
pub struct Sources {
    /// By the names of the calls that lead there, with dots between them; empty for the root.
    modules: BTreeMap<String, Vec<Body>>,
    /// The files that could not be parsed.
    unreadable: Vec<String>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("modules", &self.modules.keys()).finish_non_exhaustive()
    }
}

impl Sources {
    /// Reads a configuration from its root folder. `read` lists the `.tf` files of a folder, name and text; paths have
    /// slashes and are relative. `manifest` is the `modules.json` of Terraform, which says where the modules are that
    /// do not lie beside their caller.
    pub fn load(root: &str, manifest: &str, read: &mut dyn FnMut(&str) -> Vec<(String, String)>) -> Self {
        let mut sources = Self::default();
        sources.module(String::new(), root, &installed(manifest), read, 0);
        sources
    }

    fn module(
        &mut self,
        key: String,
        folder: &str,
        installed: &BTreeMap<String, String>,
        read: &mut dyn FnMut(&str) -> Vec<(String, String)>,
        depth: usize,
    ) {
        if depth > DEPTH {
            return;
        }
        let mut bodies = Vec::new();
        for (name, text) in read(folder) {
            // The parser calls itself for each bracket inside brackets.
            match if nesting(&text) > NESTING { None } else { text.parse::<Body>().ok() } {
                Some(body) => bodies.push(body),
                None => self.unreadable.push(name),
            }
        }
        let mut calls = Vec::new();
        for block in bodies.iter().flat_map(Body::blocks).filter(|block| block.ident.as_str() == "module") {
            let Some(label) = block.labels.first() else { continue };
            let child =
                if key.is_empty() { label.as_str().to_owned() } else { format!("{key}.{}", label.as_str()) };
            let source = block.body.get_attribute("source").and_then(|source| source.value.as_str());
            let beside = source.filter(|source| source.starts_with("./") || source.starts_with("../"));
            let folder = match beside {
                Some(source) => Some(joined(folder, source)),
                None => installed.get(&child).cloned(),
            };
            calls.extend(folder.map(|folder| (child, folder)));
        }
        self.modules.insert(key, bodies);
        for (child, folder) in calls {
            self.module(child, &folder, installed, read, depth + 1);
        }
    }

    /// The files that could not be parsed.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    fn blocks(&self, module: &str) -> impl Iterator<Item = &Block> {
        self.modules.get(module).into_iter().flatten().flat_map(Body::blocks)
    }

    /// The block with these labels; `None` when there are several, which only an override file makes.
    pub(crate) fn block(&self, module: &str, ident: &str, labels: &[&str]) -> Option<&Block> {
        let mut found = self.blocks(module).filter(|block| {
            block.ident.as_str() == ident
                && block.labels.len() == labels.len()
                && block.labels.iter().zip(labels).all(|(label, wanted)| label.as_str() == *wanted)
        });
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    /// The expression of a local value.
    pub(crate) fn local(&self, module: &str, name: &str) -> Option<&Expression> {
        let mut found = self
            .blocks(module)
            .filter(|block| block.ident.as_str() == "locals")
            .filter_map(|block| block.body.get_attribute(name));
        let only = found.next()?;
        found.next().is_none().then_some(&only.value)
    }
}

/// The folders of modules by the names of the calls.
fn installed(manifest: &str) -> BTreeMap<String, String> {
    #[derive(Deserialize, Default)]
    struct Manifest {
        #[serde(rename = "Modules", default)]
        modules: Vec<Module>,
    }
    #[derive(Deserialize)]
    struct Module {
        #[serde(rename = "Key", default)]
        key: String,
        #[serde(rename = "Dir", default)]
        folder: String,
    }
    let manifest: Manifest = serde_json::from_str(manifest).unwrap_or_default();
    manifest.modules.into_iter().map(|module| (module.key, module.folder)).collect()
}

/// How deep brackets lie in brackets, at most; those in strings and comments count, too.
fn nesting(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A folder and a relative path from it.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let rooted = if folder.starts_with('/') { "/" } else { "" };
    if parts.is_empty() && rooted.is_empty() {
        ".".to_owned()
    } else {
        format!("{rooted}{}", parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_of_modules() {
        assert_eq!(joined(".", "./modules/a"), "modules/a");
        assert_eq!(joined("modules/a", "../b"), "modules/b");
        assert_eq!(joined("/x/stacks/one", "../../modules/b"), "/x/modules/b");
        assert_eq!(joined(".", "../b"), "../b");
    }
}
