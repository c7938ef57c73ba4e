//! Finds the plan when nobody names one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_plan::Document;
use orgward_report::escape;
use thiserror::Error;

use crate::{confine, gzip};

/// How much of a file is looked at.
const HEAD: u64 = 4096;

/// Why there is not the one plan.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum DiscoverError {
    #[error("cannot look into the current folder")]
    Folder(#[source] io::Error),
    #[error("there is no plan in the current folder")]
    #[diagnostic(help(
        "run `terraform plan -out=tfplan` here, or name a plan: `orgward plan review plan.json`"
    ))]
    None,
    #[error("there are several plans in the current folder: {}", quoted(.0))]
    #[diagnostic(help("name the one to review: `orgward plan review {}`", .0.first().map_or("PLAN", String::as_str)))]
    Several(Vec<String>),
}

/// The one plan in a folder.
pub(crate) fn plan(folder: &Path) -> Result<PathBuf, DiscoverError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(DiscoverError::Folder)? {
        let entry = entry.map_err(DiscoverError::Folder)?;
        // A name that is no text is none of those that are looked for.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if is_name_of_plan(&name) && is_plan(&entry.path()) {
            names.push(name);
        }
    }
    names.sort();
    match names.as_slice() {
        [] => Err(DiscoverError::None),
        [name] => Ok(PathBuf::from(name)),
        _ => Err(DiscoverError::Several(names)),
    }
}

fn is_name_of_plan(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let names = ["plan", "tfplan", "tofuplan", "planfile", "plan.out", "tfplan.out"];
    let endings = [".plan", ".tfplan", ".tofuplan", ".plan.out", "-plan.json", "_plan.json"];
    names.contains(&stem) || endings.iter().any(|ending| stem.ends_with(ending) || name.ends_with(ending))
}

/// Whether a file begins like a plan. One that breaks off later is to be complained about, not passed over.
pub(crate) fn is_plan(path: &Path) -> bool {
    let mut head = Vec::new();
    // To open a pipe would wait for its other end.
    if !path.is_file() || confine::check(path).is_err() {
        return false;
    }
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    // UTF-16 has a zero beside every letter.
    let letters: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&letters);
    let is_json =
        ["\"format_version\"", "\"planned_values\"", "\"resource_changes\"", "\"terraform_version\""]
            .iter()
            .any(|key| text.contains(key));
    read.is_ok() && (Document::is_archive(&head) || gzip::is_compressed(&head) || is_json)
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", escape(name))).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"format_version":"1.2","resource_changes":[]}"#;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_one_plan_is_found() {
        for name in [
            "tfplan",
            "tfplan.json",
            "plan.out",
            "plan.json",
            "prod.tfplan",
            "prod.tfplan.json",
            "prod-plan.json",
        ] {
            let folder = folder(&[(name, PLAN), ("package.json", PLAN), ("main.tf", "")]);
            assert_eq!(plan(folder.path()).unwrap(), Path::new(name));
        }
        let archive = folder(&[("tfplan", "PK\u{3}\u{4}"), ("plan.json", "{\"name\": \"a travel plan\"}")]);
        assert_eq!(plan(archive.path()).unwrap(), Path::new("tfplan"));
    }

    #[test]
    fn none_and_several_are_errors() {
        assert!(matches!(plan(folder(&[("plan.md", PLAN)]).path()), Err(DiscoverError::None)));
        let error = plan(folder(&[("tfplan.json", PLAN), ("tfplan", "PK\u{3}\u{4}")]).path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there are several plans in the current folder: `tfplan`, `tfplan.json`"
        );
    }
}
