//! Where resources are written: a scan of resource and module blocks of `.tf` files. Everything that cannot be read
//! is left out; a finding without a site points at the plan.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use orgward_finding::{Finding, Site};

/// Calls of modules that are followed: further down there is only a loop.
const DEEPEST: usize = 32;
/// Brackets inside brackets that a file may have.
const DEEPEST_NESTING: usize = 100;

/// Says of each finding where its resource is written. Files are named as they are found from the current folder.
pub(crate) fn annotate(findings: &mut [Finding], source: &Path) {
    let source = match (source.is_absolute(), std::env::current_dir()) {
        (true, Ok(here)) => source.strip_prefix(&here).unwrap_or(source).to_owned(),
        _ => source.to_owned(),
    };
    let mut folders = Folders(BTreeMap::new());
    for finding in findings.iter_mut().filter(|finding| finding.site.is_none()) {
        if let Some(address) = &finding.address {
            finding.site = folders.site(&source, address.as_str());
        }
    }
}

/// What has been read, by folder.
struct Folders(BTreeMap<PathBuf, Folder>);

/// The blocks of the files of one folder.
#[derive(Default)]
struct Folder {
    /// `type.name`, or `data.type.name`.
    blocks: BTreeMap<String, Site>,
    /// The folders of modules that lie in the same source.
    modules: BTreeMap<String, Option<PathBuf>>,
}

impl Folders {
    fn site(&mut self, root: &Path, address: &str) -> Option<Site> {
        let parts = parts(address);
        let mut parts = parts.as_slice();
        let mut folder = root.to_owned();
        let mut depth = 0;
        while let ["module", name, rest @ ..] = parts {
            let found = self.read(&folder).modules.get(*name).cloned();
            // Of a module that comes from elsewhere, only the whole is known.
            folder = found.flatten()?;
            parts = rest;
            depth += 1;
            if depth > DEEPEST {
                return None;
            }
        }
        self.read(&folder).blocks.get(&parts.join(".")).cloned()
    }

    fn read(&mut self, folder: &Path) -> &Folder {
        self.0.entry(folder.to_owned()).or_insert_with(|| read(folder))
    }
}

/// The names of an address without keys: `module.a["x.y"].b.c[0]` has `module`, `a`, `b`, `c`.
fn parts(address: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = address;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        parts.push(name);
        let after = if after.starts_with('[') { after_key(after) } else { after };
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return parts,
        }
    }
}

fn after_key(text: &str) -> &str {
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if byte == b']' {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

fn read(folder: &Path) -> Folder {
    let mut found = Folder::default();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    for file in files {
        if !matches!(file.extension().and_then(|end| end.to_str()), Some("tf" | "tofu")) || !file.is_file() {
            continue;
        }
        let Ok(text) = fs::read_to_string(&file) else { continue };
        if is_too_deep(&text) {
            continue;
        }
        let Ok(body) = text.parse::<Body>() else { continue };
        let Some(name) = flat(&file).to_str().map(|name| name.replace('\\', "/")) else { continue };
        for block in body.blocks() {
            let labels: Vec<&str> =
                block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect();
            let line = block.span().map_or(1, |span| line_of(&text, span.start));
            let site = Site { file: name.clone(), line };
            match (block.ident.as_str(), labels.as_slice()) {
                ("resource", [kind, name]) => {
                    found.blocks.insert(format!("{kind}.{name}"), site);
                }
                ("data", [kind, name]) => {
                    found.blocks.insert(format!("data.{kind}.{name}"), site);
                }
                ("module", [name]) => {
                    found.modules.insert((*name).to_owned(), local(block, folder));
                }
                _ => {}
            }
        }
    }
    found
}

/// Whether a text is nested deeper than a parser that calls itself can follow. Brackets in strings count, too:
/// nobody writes as many.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_NESTING {
            return true;
        }
    }
    false
}

/// The folder of a module that is named by a path.
fn local(block: &Block, folder: &Path) -> Option<PathBuf> {
    let source = block.body.get_attribute("source")?;
    let Expression::String(source) = &source.value else { return None };
    let is_path = source.starts_with("./") || source.starts_with("../");
    is_path.then(|| flat(&folder.join(source.as_str())))
}

/// A path without `.`, and without `..` where a name comes before it.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(flat.components().next_back(), Some(Component::Normal(_))) => {
                flat.pop();
            }
            _ => flat.push(part),
        }
    }
    flat
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_through_local_modules() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "stack/main.tf",
            "# first\nresource \"aws_iam_role\" \"ci\" {\n  name = \"ci\"\n}\n\nmodule \"apps\" {\n  for_each = {}\n  \
             source   = \"../modules/app\"\n}\nmodule \"far\" {\n  source = \"registry/far/aws\"\n}\n",
        );
        write("modules/app/roles.tf", "\n\nresource \"aws_iam_role\" \"this\" {}\n");
        write("stack/broken.tf", "resource {{{");
        write("stack/deep.tf", &format!("a = {}", "[".repeat(200_000)));
        write("stack/calls.tf", &format!("a = {}", "-!".repeat(100_000)));
        let mut folders = Folders(BTreeMap::new());
        let mut line =
            |address: &str| folders.site(&folder.path().join("stack"), address).map(|site| site.line);
        assert_eq!(line("aws_iam_role.ci"), Some(2));
        assert_eq!(line("module.apps[\"a.b\\\"]\"].aws_iam_role.this[0]"), Some(3));
        assert_eq!(line("module.far.aws_iam_role.this"), None, "it comes from elsewhere");
        assert_eq!(line("aws_iam_role.none"), None);
        let site =
            folders.site(&folder.path().join("stack"), "module.apps[\"x\"].aws_iam_role.this").unwrap();
        assert!(site.file.ends_with("/modules/app/roles.tf") && !site.file.contains(".."), "{site:?}");
    }
}
