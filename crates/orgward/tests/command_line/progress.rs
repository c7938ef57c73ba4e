//! What a person sees who waits, at a real terminal.

use std::process::Command;

use crate::support::{Folder, fixture};

/// Runs the program at a terminal that `script` makes, with a plan that takes a while to come.
fn at_a_terminal(variables: &str, seconds: &str, arguments: &str) -> Option<String> {
    let folder = Folder::new();
    let plan = fixture("demo/first.json");
    let program = env!("CARGO_BIN_EXE_orgward");
    let line = format!(
        "(sleep {seconds}; cat '{}') | env -u CI TERM=xterm {variables} '{program}' plan review {arguments} - > out",
        plan.display()
    );
    // Not every system has it, and a terminal cannot be made without unsafe code.
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(folder.path("."))
        .output()
        .ok()?;
    let out = std::fs::read_to_string(folder.path("out")).unwrap();
    assert!(out.contains("clean: no findings") || out.contains("reviewed <stdin>"), "{out} {output:?}");
    assert!(!out.contains("reading"), "standard output has the report and nothing else: {out}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_run_of_more_than_two_seconds_says_what_it_does() {
    if let Some(seen) = at_a_terminal("", "3", "") {
        assert!(seen.contains("reading"), "{seen:?}");
        assert!(
            seen.trim_end().ends_with("\u{1b}[2K") || seen.contains("\u{1b}[2K"),
            "it is cleared: {seen:?}"
        );
    }
}

#[test]
fn a_short_run_a_job_and_a_quiet_one_show_nothing() {
    for (variables, seconds, arguments) in [("", "0", ""), ("CI=true", "3", ""), ("", "3", "--quiet")] {
        if let Some(seen) = at_a_terminal(variables, seconds, arguments) {
            assert!(!seen.contains("reading"), "{variables} {seconds} {arguments}: {seen:?}");
        }
    }
}
