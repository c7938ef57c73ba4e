//! What a merge leaves behind by accident.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of the repository; none where it was unpacked without git.
fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let names = output.map(|output| output.stdout).unwrap_or_default();
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| root().join(String::from_utf8_lossy(name).as_ref())).collect()
}

/// The first line that git writes between two versions that it could not merge.
fn marker(text: &str) -> Option<usize> {
    // Put together here, so that this file has none.
    let markers = ['<', '|', '>'].map(|sign| format!("{} ", sign.to_string().repeat(7)));
    text.lines().position(|line| markers.iter().any(|marker| line.starts_with(marker))).map(|at| at + 1)
}

#[test]
fn no_conflict_is_committed() {
    assert_eq!(marker(&format!("a\n{} HEAD\nb\n", "<".repeat(7))), Some(2));
    assert_eq!(marker("a <<<<<<< b\n=======\n"), None, "a heading of Markdown is none");
    let mut found = Vec::new();
    for file in tracked() {
        // What is no text has no lines, and what is deleted and not yet committed is not there.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if let Some(line) = marker(&text) {
            found.push(format!("{}:{line}", file.display()));
        }
    }
    assert!(found.is_empty(), "conflict markers: {found:#?}");
}

/// A module that a merge drops from the list takes its tests with it, and nothing fails.
#[test]
fn every_file_of_tests_is_part_of_a_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command_line");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for file in std::fs::read_dir(&folder).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap();
        if name != "main" && file.extension().is_some_and(|extension| extension == "rs") {
            assert!(main.contains(&format!("]\nmod {name};")), "{name} is not in main.rs");
        }
    }
}
