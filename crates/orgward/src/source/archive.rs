//! The archive that `terraform plan -out` writes: a zip that has, beside the plan, the configuration of every module.
//! It may be hostile: nothing is written to disk, and everything is bounded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use orgward_plan::{Module, SourceFile, Sources};
use rawzip::{CompressionMethod, ZipArchive, ZipSliceEntry, ZipVerification, crc32};
use serde::Deserialize;

use super::is_configuration;
use super::paths::shown;

/// Entries of an archive.
const ENTRIES: usize = 20_000;
/// Bytes of one file of the configuration.
const LARGEST: usize = 4 << 20;
/// Bytes of all of them.
const LARGEST_TOGETHER: usize = 64 << 20;
/// Characters of the name of an entry.
const LONGEST_NAME: usize = 4_096;

const DAMAGED: &str = "it is damaged";

/// A module in `tfconfig/modules.json`.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Key", default)]
    key: String,
    #[serde(rename = "Dir", default)]
    folder: String,
}

/// Reads the configuration in an archive; the error says why not.
pub(super) fn read(path: &Path) -> Result<Sources, String> {
    let modules = modules(&fs::read(path).map_err(|error| error.to_string())?)?;
    // Terraform names files from where it ran, which is the folder that the plan lies in, as a rule.
    let beside = path.parent().unwrap_or(Path::new(""));
    let name =
        |file: &str| if beside.join(file).is_file() { shown(&beside.join(file)) } else { file.to_owned() };
    let named = modules.into_iter().map(|mut module| {
        for file in &mut module.files {
            file.name = name(&file.name);
        }
        module
    });
    Ok(Sources::of(named.collect()))
}

fn modules(bytes: &[u8]) -> Result<Vec<Module>, String> {
    let damaged = |_| DAMAGED.to_owned();
    let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let mut left = LARGEST_TOGETHER;
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    let mut files: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
    for (position, entry) in archive.entries().enumerate() {
        if position >= ENTRIES {
            return Err(format!("it has more than {ENTRIES} entries"));
        }
        let entry = entry.map_err(damaged)?;
        // Terraform writes the list of modules last. Names that are no text are none of Terraform's.
        let Ok(path) = std::str::from_utf8(entry.file_path().as_ref()).map(str::to_owned) else { continue };
        let Some(inside) = path.strip_prefix("tfconfig/").filter(|_| path.len() <= LONGEST_NAME) else {
            continue;
        };
        let module = inside.strip_prefix("m-").and_then(|inside| inside.split_once('/'));
        if inside != "modules.json" && !module.is_some_and(|(_, name)| is_source(name)) {
            continue;
        }
        let found = archive.get_entry(entry.wayfinder()).map_err(damaged)?;
        let text = inflated(&found, entry.compression_method(), LARGEST.min(left))?;
        left -= text.len();
        if let Some((key, name)) = module {
            let file = SourceFile { name: name.to_owned(), text };
            files.entry(key.to_owned()).or_default().push(file);
        } else {
            let entries: Vec<Entry> =
                serde_json::from_str(&text).map_err(|_| "its list of modules is damaged".to_owned())?;
            folders.extend(entries.into_iter().map(|entry| (entry.key, entry.folder)));
        }
    }
    if files.is_empty() {
        return Err("it has no configuration in it".to_owned());
    }
    let module = |(calls, mut files): (String, Vec<SourceFile>)| {
        let folder = folders.get(&calls).cloned().unwrap_or_else(|| calls.clone());
        for file in &mut files {
            file.name = shown(&Path::new(&folder).join(&file.name));
        }
        files.sort();
        Module { calls, folder, files }
    };
    Ok(files.into_iter().map(module).collect())
}

/// The text of an entry. What an entry says of its size is not trusted.
fn inflated(entry: &ZipSliceEntry<'_>, method: CompressionMethod, limit: usize) -> Result<String, String> {
    let too_large = || "its configuration is larger than any that people write".to_owned();
    let bytes = match method {
        CompressionMethod::STORE if entry.data().len() <= limit => entry.data().to_vec(),
        CompressionMethod::STORE => return Err(too_large()),
        CompressionMethod::DEFLATE => decompress_to_vec_with_limit(entry.data(), limit).map_err(|error| {
            if error.status == TINFLStatus::HasMoreOutput { too_large() } else { DAMAGED.to_owned() }
        })?,
        _ => return Err("it is compressed in a way that Terraform does not use".to_owned()),
    };
    let sums = ZipVerification { crc: crc32(&bytes), uncompressed_size: bytes.len() as u64 };
    entry.claim_verifier().valid(sums).map_err(|_| DAMAGED.to_owned())?;
    String::from_utf8(bytes).map_err(|_| "its configuration is no text".to_owned())
}

/// Whether a name is that of a file with HCL in the folder of the module itself.
fn is_source(name: &str) -> bool {
    !name.contains(['/', '\\']) && is_configuration(name)
}
