//! The documentation is true: its examples are run, its links lead somewhere, and every page is in the table of contents.
//!
//! A page says in a comment which folder its examples start from: `<!-- examples: fixtures/demo -->`. The commands of its
//! `console` blocks run there one after the other, in a copy, with the program on PATH. `[…]` stands for lines that are
//! left out. A block below `<!-- file: NAME -->` is written into that file. `UPDATE_DOCS=1` writes what is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// All pages, by their paths from the root of the repository.
fn pages() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut files: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "packaging/README.md"]
        .map(|name| root.join(name))
        .into();
    walk(&root.join("docs"), &mut files);
    let name = |file: &Path| file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|file| (name(file), fs::read_to_string(file).unwrap())).collect()
}

/// The lines of a page outside of fenced blocks and of code.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut out = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let parts = line.split('`').enumerate().filter(|(index, _)| index % 2 == 0).map(|(_, part)| part);
            out.push_str(&parts.collect::<Vec<_>>().join("`"));
            out.push('\n');
        }
    }
    out
}

/// The anchors of a page, as GitHub and mdBook make them of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !fenced) else { continue };
        let anchor: String = title
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|it| match it {
                ' ' => Some('-'),
                it if it.is_alphanumeric() || it == '-' || it == '_' => Some(it),
                _ => None,
            })
            .collect();
        found.insert(anchor);
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    let (root, pages) = (root(), pages());
    let mut broken = Vec::new();
    for (page, text) in &pages {
        for link in prose(text).split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let link = link.0.split_whitespace().next().unwrap_or_default();
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path =
                if file.is_empty() { root.join(page) } else { root.join(page).parent().unwrap().join(file) };
            let Ok(path) = fs::canonicalize(&path) else {
                broken.push(format!("{page}: {link}"));
                continue;
            };
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if !anchor.is_empty() && pages.get(&name).is_none_or(|text| !anchors(text).contains(anchor)) {
                broken.push(format!("{page}: {link} (no such heading)"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let file = root().join("docs/SUMMARY.md");
    let mut summary = fs::read_to_string(&file).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        // The pages of rules are made, and so is the list of them.
        let is_rule = |line: &&str| line.starts_with("  - [") && line.contains("](rules/");
        let pages = pages();
        let rules = pages.keys().filter_map(|page| page.strip_prefix("docs/rules/")?.strip_suffix(".md"));
        let rules: Vec<String> = rules
            .filter(|rule| *rule != "README")
            .map(|rule| format!("  - [{rule}](rules/{rule}.md)"))
            .collect();
        let mut lines: Vec<&str> = summary.lines().filter(|line| !is_rule(line)).collect();
        let at = lines.iter().position(|line| line.contains("](rules/README.md)")).unwrap() + 1;
        lines.splice(at..at, rules.iter().map(String::as_str));
        summary = lines.join("\n") + "\n";
        fs::write(&file, &summary).unwrap();
    }
    let listed: Vec<&str> =
        summary.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    let distinct: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(distinct.len(), listed.len(), "a page is listed twice");
    for page in pages().keys().filter_map(|page| page.strip_prefix("docs/")) {
        assert!(
            page == "SUMMARY.md" || distinct.contains(page),
            "docs/{page} is not in docs/SUMMARY.md; UPDATE_DOCS=1 adds pages of rules"
        );
    }
    let book = fs::read_to_string(root().join("docs/book.toml")).unwrap();
    let book: toml::Table = book.parse().unwrap();
    assert_eq!(book["book"]["src"].as_str(), Some("."));
}

/// A part of a page.
enum Part {
    Text(String),
    /// The name of a file, and what is in it.
    File(String, String),
    Console(String),
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::Text(String::new())];
    let mut lines = text.split_inclusive('\n');
    let mut file = None;
    while let Some(line) = lines.next() {
        if let Some(Part::Text(text)) = parts.last_mut() {
            text.push_str(line);
        }
        if let Some(name) = line.trim().strip_prefix("<!-- file: ") {
            file = Some(name.trim_end_matches(" -->").to_owned());
        }
        if !line.starts_with("```") {
            continue;
        }
        let body: String = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        parts.push(match file.take() {
            Some(name) => Part::File(name, body),
            None if line.trim() == "```console" => Part::Console(body),
            None => Part::Text(body),
        });
        parts.push(Part::Text("```\n".to_owned()));
    }
    parts
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Whether something was printed; `[…]` stands for any lines.
fn fits(shown: &str, printed: &str) -> bool {
    let mut rest: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let mut free = false;
    for chunk in shown.split_inclusive("[…]\n") {
        let wanted: Vec<&str> = chunk.lines().map(str::trim_end).filter(|line| *line != "[…]").collect();
        let at =
            if wanted.is_empty() { Some(0) } else { rest.windows(wanted.len()).position(|it| it == wanted) };
        match at {
            Some(at) if at == 0 || free => rest = rest.split_off(at + wanted.len()),
            _ => return false,
        }
        free = chunk.ends_with("[…]\n");
    }
    free || rest.is_empty()
}

#[test]
fn what_is_left_out_is_marked() {
    let printed = "a\nb\nc\nd\n";
    for shown in [printed, "[…]\nd\n", "a\n[…]\n", "a\n[…]\nc\n[…]\n", "[…]\n"] {
        assert!(fits(shown, printed), "{shown:?}");
    }
    for shown in ["", "a\n", "b\n[…]\n", "[…]\nc\n", "a\n[…]\nx\n[…]\n", "[…]\nd\nc\n"] {
        assert!(!fits(shown, printed), "{shown:?}");
    }
}

/// Runs the commands of a block one after the other in one shell, and puts behind each what it printed.
#[cfg(unix)]
fn transcript(block: &str, folder: &Path) -> Vec<(String, String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            // A command goes on where a line ends with a backslash.
            (None, Some((command, shown))) if command.ends_with('\\') && shown.is_empty() => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, shown))) => {
                shown.push_str(line);
                shown.push('\n');
            }
            (None, None) => panic!("a block begins with a command: {block}"),
        }
    }
    let mut script = "exec 2>&1\n".to_owned();
    for (command, _) in &commands {
        writeln!(script, "{command}\nstatus=$?; printf '\\036'; (exit $status)").unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_orgward"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("LC_ALL", "C.UTF-8"), ("HOME", "/nowhere")])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed = printed.split('\u{1e}').map(str::to_owned);
    commands.into_iter().zip(printed).map(|((command, shown), printed)| (command, shown, printed)).collect()
}

#[test]
#[cfg(unix)]
fn every_example_prints_what_the_page_shows() {
    let (root, update) = (root(), std::env::var_os("UPDATE_DOCS").is_some());
    let (mut examples, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        let start = text.lines().find_map(|line| line.strip_prefix("<!-- examples: ")?.strip_suffix(" -->"));
        let Some(start) = start else {
            assert!(
                !text.contains("```console"),
                "{page}: say `<!-- examples: FOLDER -->`, so that they are run"
            );
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        if start == "." {
            std::os::unix::fs::symlink(root.join("fixtures"), folder.path().join("fixtures")).unwrap();
        } else {
            copy(&root.join(start), folder.path());
        }
        fs::create_dir(folder.path().join(".git")).unwrap();
        let mut now = String::new();
        for part in parts(&text) {
            match part {
                Part::Text(text) => now.push_str(&text),
                Part::File(name, body) => {
                    let file = folder.path().join(&name);
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    fs::write(file, &body).unwrap();
                    now.push_str(&body);
                }
                Part::Console(block) => {
                    for (command, shown, printed) in transcript(&block, folder.path()) {
                        examples += 1;
                        let mut right = shown.clone();
                        if !fits(&shown, &printed) {
                            wrong.push(format!(
                                "{page}: $ {command}\n--- shown\n{shown}--- printed\n{printed}"
                            ));
                            right = printed.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
                        }
                        write!(now, "$ {command}\n{right}").unwrap();
                    }
                }
            }
        }
        if update {
            fs::write(root.join(&page), now).unwrap();
        }
    }
    assert!(
        update || wrong.is_empty(),
        "run it with UPDATE_DOCS=1, and read the difference\n{}",
        wrong.join("\n")
    );
    assert!(examples >= 25, "{examples} examples");
}

/// Two screens, so that people read it.
#[test]
fn the_readme_fits_two_screens() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lines: usize = readme.lines().map(|line| 1 + line.chars().count() / 120).sum();
    assert!(lines <= 110, "{lines} lines of 120 characters");
}
