//! Reading a configuration. The text may be hostile: everything is bounded, and nothing is followed for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::parse::File;
use super::{Loaded, Sources};

/// Deeper than any real tree of modules.
const DEPTH: usize = 32;
/// More than any real configuration has. Modules that call each other in circles would go on for ever.
const MODULES: usize = 4_096;
/// Bytes of the name of a call.
const LABEL: usize = 256;
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

    fn parse(&mut self, files: Vec<SourceFile>) -> Vec<File> {
        let mut parsed = Vec::new();
        let mut overridden = false;
        for file in files {
            let name = file.name.clone();
            match File::parse(file) {
                Ok(file) => parsed.push(file),
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

fn is_override(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
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
