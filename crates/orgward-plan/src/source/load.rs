//! Reading a configuration. The text may be hostile: everything is bounded, and nothing is followed for ever.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::template::Element;
use hcl_edit::visit::{Visit, visit_expr};
use serde::Deserialize;

use super::{File, Loaded, Sources};

/// Deeper than any real tree of modules.
const DEPTH: usize = 32;
/// More than any real configuration has. Modules that call each other in circles would go on for ever.
const MODULES: usize = 4_096;
/// Bytes of the name of a call.
const LABEL: usize = 256;
/// Bytes of a file; nobody writes a longer one.
const LONGEST: usize = 1 << 20;
/// Signs of assignments and colons in a file. The parser looks through all keys of an object for each new one.
const ASSIGNMENTS: usize = 20_000;
/// Bytes of the stack for the parser. It calls itself for whatever is nested, and stops 64 levels down.
const STACK: usize = 16 << 20;
/// Paths that expressions name and that are looked for.
const MENTIONED: usize = 1_000;

/// A file with HCL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SourceFile {
    /// As it is found from where the program runs.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A module of which it is known which calls lead to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    /// The names of the calls, with dots between them; empty for the root.
    pub calls: String,
    /// Its folder, from the root module.
    pub folder: String,
    /// Its files.
    pub files: Vec<SourceFile>,
}

/// What has been read so far, by folder: several calls share a module.
type Parsed = BTreeMap<String, Arc<Vec<File>>>;

impl Sources {
    /// Reads a configuration from its root folder. `read` lists the `.tf` files of a folder; paths have slashes and
    /// are relative to the root. `manifest` is the `modules.json` of Terraform, which says where the modules are that
    /// do not lie beside their caller.
    pub fn load(manifest: &str, read: &mut dyn FnMut(&str) -> Vec<SourceFile>) -> Self {
        let mut sources = Self::default();
        let installed = installed(manifest);
        let mut parsed = Parsed::new();
        let mut waiting = vec![(String::new(), String::new())];
        while let Some((calls, folder)) = waiting.pop() {
            if sources.modules.len() >= MODULES {
                sources.unreadable.push(format!("there are more than {MODULES} modules"));
                break;
            }
            if !parsed.contains_key(&folder) {
                let files = sources.parse(read(&folder));
                parsed.insert(folder.clone(), Arc::new(files));
            }
            let Some(files) = parsed.get(&folder) else { continue };
            for block in files.iter().flat_map(|file| file.body.blocks()) {
                let Some(label) = block.labels.first().filter(|_| block.ident.as_str() == "module") else {
                    continue;
                };
                let child = if calls.is_empty() {
                    label.as_str().to_owned()
                } else {
                    format!("{calls}.{}", label.as_str())
                };
                if child.split('.').count() > DEPTH || label.as_str().len() > LABEL {
                    continue;
                }
                let source = block.body.get_attribute("source").and_then(|source| source.value.as_str());
                let beside = source.filter(|source| source.starts_with("./") || source.starts_with("../"));
                let found = match beside {
                    Some(source) => Some(joined(&folder, source)),
                    None => installed.get(&child).map(|folder| joined("", folder)),
                };
                waiting.extend(found.map(|folder| (child, folder)));
            }
            let files = Arc::clone(files);
            sources.modules.insert(calls, Loaded { folder, files });
        }
        sources
    }

    /// A configuration of which each module is at hand, as in the archive of a saved plan.
    pub fn of(modules: Vec<Module>) -> Self {
        let mut sources = Self::default();
        for module in modules.into_iter().take(MODULES) {
            let files = Arc::new(sources.parse(module.files));
            sources.modules.insert(module.calls, Loaded { folder: joined("", &module.folder), files });
        }
        sources
    }

    /// The files and folders that strings in the sources name, from the root module: `file` and `templatefile` may
    /// read them.
    pub fn mentioned(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for module in self.modules.values() {
            for file in module.files.iter().filter(|file| reads_files(&file.text)) {
                let mut paths_of = Paths { folder: &module.folder, found: &mut paths };
                paths_of.visit_body(&file.body);
            }
        }
        paths.sort();
        paths.dedup();
        paths.truncate(MENTIONED);
        paths
    }

    fn parse(&mut self, files: Vec<SourceFile>) -> Vec<File> {
        let mut parsed = Vec::new();
        let mut overridden = false;
        for SourceFile { name, text } in files {
            match body(&text) {
                Ok(body) => parsed.push(File { name, text, body }),
                Err(why) => {
                    overridden |= is_override(&name);
                    self.unreadable.push(format!("`{name}` {why}"));
                }
            }
        }
        // What an override file says replaces what the others say.
        if overridden { Vec::new() } else { parsed }
    }
}

/// Parses a text; the error says why not.
fn body(text: &str) -> Result<Body, String> {
    if text.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    if text.bytes().filter(|byte| matches!(byte, b'=' | b':')).count() > ASSIGNMENTS {
        return Err(format!("has more than {ASSIGNMENTS} assignments"));
    }
    // What the parser says of an error quotes the text, which may be a secret.
    let parse = |text: &str| {
        text.parse::<Body>().map_err(|error| format!("cannot be parsed (line {})", error.location().line()))
    };
    on_a_large_stack(text, parse).unwrap_or_else(|| Err("cannot be parsed".to_owned()))
}

/// Lets a parser run where its calls have room; `None` when that fails.
pub(super) fn on_a_large_stack<T: Send>(text: &str, parse: impl FnOnce(&str) -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let parser = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || parse(text));
        parser.ok()?.join().ok()
    })
}

fn is_override(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
}

fn reads_files(text: &str) -> bool {
    text.contains("file(") || text.contains("fileset(")
}

/// Collects the paths that strings name.
struct Paths<'s> {
    folder: &'s str,
    found: &'s mut Vec<String>,
}

impl Paths<'_> {
    /// A string that begins in a folder: the folder and what is written out after it.
    fn template(&mut self, elements: &[&Element]) {
        let [Element::Interpolation(first), rest @ ..] = elements else { return };
        let Expression::Traversal(traversal) = &first.expr else { return };
        let Expression::Variable(head) = &traversal.expr else { return };
        let base = match traversal.operators.first().map(hcl_edit::Decorated::value) {
            Some(hcl_edit::expr::TraversalOperator::GetAttr(name)) if head.as_str() == "path" => {
                if name.as_str() == "module" { self.folder } else { "" }
            }
            _ => return,
        };
        let written = match rest.first() {
            Some(Element::Literal(text)) => text.as_str(),
            _ => "",
        };
        // Of a name that goes on with something computed, only the folder is known.
        let whole = rest.len() < 2;
        let path = if whole { written } else { written.rsplit_once('/').map_or("", |(folder, _)| folder) };
        self.found.push(joined(base, path.trim_start_matches('/')));
    }
}

impl Visit for Paths<'_> {
    fn visit_expr(&mut self, node: &Expression) {
        match node {
            Expression::StringTemplate(template) => self.template(&template.iter().collect::<Vec<_>>()),
            Expression::FuncCall(call)
                if matches!(call.name.name.as_str(), "file" | "templatefile" | "fileset") =>
            {
                let literal = call.args.iter().next().and_then(Expression::as_str);
                self.found.extend(literal.map(|path| joined("", path)));
            }
            _ => {}
        }
        visit_expr(self, node);
    }
}

/// The folders of modules by the names of the calls.
fn installed(manifest: &str) -> BTreeMap<String, String> {
    #[derive(Deserialize, Default)]
    struct Manifest {
        #[serde(rename = "Modules", default)]
        modules: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(rename = "Key", default)]
        key: String,
        #[serde(rename = "Dir", default)]
        folder: String,
    }
    let manifest: Manifest = serde_json::from_str(manifest).unwrap_or_default();
    manifest.modules.into_iter().map(|module| (module.key, module.folder)).collect()
}

/// A folder and a relative path from it; empty for the root.
pub(super) fn joined(folder: &str, path: &str) -> String {
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
    let rooted =
        if folder.starts_with('/') || (folder.is_empty() && path.starts_with('/')) { "/" } else { "" };
    format!("{rooted}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{is_override, joined};

    #[test]
    fn paths_of_modules() {
        assert_eq!(joined("", "./modules/a"), "modules/a");
        assert_eq!(joined("modules/a", "../b"), "modules/b");
        assert_eq!(joined("/x/stacks/one", "../../modules/b"), "/x/modules/b");
        assert_eq!(joined("", "../b"), "../b");
        assert_eq!(joined("", "."), "");
    }

    #[test]
    fn override_files() {
        assert!(is_override("x/override.tf") && is_override("prod_override.tf.json"));
        assert!(!is_override("overrides.tf"));
    }
}
