//! The line of a statement, however people write policies: `fixtures/lines` has each way once, planned with terraform.

use std::fs;

use crate::support::{Folder, finish, fixture};

/// Where the statement of a role is, where its id is not on the line or the next ones: the file, and what is on the line.
const ELSEWHERE: [(&str, &str, &str); 4] = [
    // The block that makes the statements has no id of its own.
    ("16", "documents.tf", "    content {"),
    // The module has it; the call is the place to change.
    ("14", "modules.tf", "module \"s14\" {"),
    // The same statement as another role's.
    ("25", "locals.tf", "    dev = {"),
    // Values of variables are not read from files: the plan has them.
    ("23", "uses.tf", "  assume_role_policy = var.trust23"),
];

/// The first id of a statement from a line on.
fn id_from(text: &str, line: u64) -> Option<String> {
    let rest: Vec<&str> = text.lines().skip(usize::try_from(line).unwrap() - 1).take(6).collect();
    let rest = rest.join("\n");
    let starts = ["Fine", "S"].iter().filter_map(|start| {
        rest.match_indices(&format!("\"{start}"))
            .map(|(at, _)| at)
            .chain(
                // YAML has no quotes.
                rest.match_indices(&format!("Sid: {start}")).map(|(at, _)| at + 4),
            )
            .find(|at| rest[at + 1 + start.len()..].starts_with(|it: char| it.is_ascii_digit()))
    });
    let at = starts.min()?;
    Some(rest[at + 1..].chars().take_while(char::is_ascii_alphanumeric).collect())
}

#[test]
fn every_statement_is_found_where_it_is_written() {
    let folder = fixture("lines");
    let run = finish(
        Folder::new()
            .command(["plan", "review", "plan.json", "--format", "json", "--select", "public-trust"])
            .current_dir(&folder),
    );
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for finding in findings.iter().filter(|finding| finding["verdict"] == "found") {
        let address = finding["address"].as_str().unwrap();
        let start = if address.starts_with("module.s") { "module.s" } else { "aws_iam_role.s" };
        let (_, rest) = address.split_once(start).unwrap();
        // The trust of this one is the file of another role.
        let number = if rest.starts_with("31") { "07" } else { &rest[..2] };
        let site = &finding["site"];
        let file = site["file"].as_str().unwrap_or_default().replace("fixtures/lines/", "");
        let text = fs::read_to_string(folder.join(&file)).unwrap_or_default();
        let line = site["line"].as_u64().unwrap_or(1);
        seen += 1;
        let is_right = match ELSEWHERE.iter().find(|(other, _, _)| *other == number) {
            Some((_, other, start)) => {
                file == *other
                    && text.lines().nth(usize::try_from(line).unwrap() - 1).unwrap().starts_with(start)
            }
            None => id_from(&text, line) == Some(format!("S{number}")),
        };
        if !is_right {
            wrong.push(format!("{address}: {file}:{line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(seen, 31);
}

/// A statement that comes from another document is written there, and one that is overridden is written where it is.
#[test]
fn statements_of_other_documents_are_found_in_them() {
    let folder = fixture("lines");
    let run = finish(
        Folder::new()
            .command(["plan", "review", "plan.json", "--format", "json", "--select", "public-trust"])
            .current_dir(&folder),
    );
    let json = run.json();
    let text = fs::read_to_string(folder.join("documents.tf")).unwrap();
    for (role, document) in [("s05", "base05"), ("s06", "over06")] {
        let address = format!("aws_iam_role.{role}");
        let finding =
            json["findings"].as_array().unwrap().iter().find(|it| it["address"] == address).unwrap();
        let line = usize::try_from(finding["site"]["line"].as_u64().unwrap()).unwrap();
        let block = text.lines().take(line).filter(|line| line.starts_with("data ")).last().unwrap();
        assert!(block.contains(document), "{address} at {line}: {block}");
    }
}

/// What a document has lost is shown in its file, and not at the call of the module that reads it.
#[test]
fn a_statement_that_is_gone_is_in_the_file_that_had_it() {
    let folder = fixture("lines-removed");
    let run = finish(
        Folder::new().command(["plan", "review", "plan.json", "--format", "json"]).current_dir(&folder),
    );
    let json = run.json();
    let finding =
        json["findings"].as_array().unwrap().iter().find(|it| it["rule"] == "guardrail-removed").unwrap();
    assert_eq!(finding["site"]["file"], "fixtures/lines-removed/org/protect-trail.json", "{finding}");
}
