//! `JUnit` XML: what blocks is a failure, what was accepted is skipped, and a rule that found nothing has passed.

use std::collections::BTreeMap;

use orgward_finding::{Finding, Review, RuleInfo, Status};

use crate::place::{cut, locate, place};
use crate::terminal::finding::{doubt, excerpts, request};
use crate::terminal::waiver;
use crate::{configuration, escape};

/// Findings in the report; the worst come first.
const KEPT: usize = 10_000;
/// Findings that are shown with their documents.
const IN_FULL: usize = 200;
const WIDTH: usize = 100;

/// Writes a review as `JUnit` XML.
pub fn junit(review: &Review, rules: &[&RuleInfo]) -> String {
    let mut cases = String::new();
    let mut counts = [0_usize; 4];
    let [tests, failures, errors, skipped] = &mut counts;
    for input in review.inputs.iter().filter(|input| !input.doubts.is_empty()) {
        *tests += 1;
        let message = text(&input.doubts.join("; "));
        cases.push_str(&case("input", &input.name, None));
        if review.allow_incomplete {
            cases.push_str(&wrap("system-out", &message));
        } else {
            *errors += 1;
            cases.push_str(&element("error", &message, "incomplete", ""));
        }
        cases.push_str("    </testcase>\n");
    }
    // Readers take cases of one class and name for one case.
    let mut named: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (index, finding) in review.findings.iter().take(KEPT).enumerate() {
        *tests += 1;
        let located = locate(review, finding);
        let mut name = place(finding);
        if let Some(input) = &finding.input {
            name = format!("{name} ({input})");
        }
        let number = named.entry((finding.rule, name.clone())).or_default();
        *number += 1;
        if *number > 1 {
            name = format!("{name} #{number}");
        }
        cases.push_str(&case(finding.rule, &name, Some((located.file(), located.line()))));
        if let Some(waived) = &finding.waived {
            *skipped += 1;
            cases.push_str(&element("skipped", &text(&format!("waived by {}", waiver(waived))), "", ""));
        } else if finding.status == Status::Baseline {
            *skipped += 1;
            cases.push_str(&element("skipped", "in the baseline", "", ""));
        } else if review.blocks(finding) {
            *failures += 1;
            let body = if index < IN_FULL { body(finding) } else { String::new() };
            cases.push_str(&element("failure", &text(&message(finding)), finding.severity.as_str(), &body));
        } else {
            cases
                .push_str(&wrap("system-out", &text(&format!("{}: {}", finding.severity, message(finding)))));
        }
        cases.push_str("    </testcase>\n");
    }
    for rule in rules.iter().filter(|rule| !review.findings.iter().any(|finding| finding.rule == rule.id)) {
        *tests += 1;
        cases.push_str(&case(rule.id, rule.summary, None));
        cases.push_str("    </testcase>\n");
    }
    let counts =
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
    let judged = configuration::sentence(review).map_or_else(String::new, |sentence| {
        format!(
            "    <properties>\n      <property name=\"configuration\" value=\"{}\"/>\n    </properties>\n",
            text(&sentence)
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"orgward\" {counts}>\n  \
         <testsuite name=\"orgward\" {counts}>\n{judged}{cases}  </testsuite>\n</testsuites>\n"
    )
}

fn message(finding: &Finding) -> String {
    format!("{}{}", doubt(finding), finding.message)
}

fn body(finding: &Finding) -> String {
    let mut lines = Vec::new();
    for excerpt in excerpts(finding, WIDTH) {
        lines.extend(excerpt.lines().map(str::to_owned));
    }
    if !finding.accounts.is_empty() {
        lines.push(format!("accounts: {}", cut(&finding.accounts.join(", "))));
    }
    for (key, facts) in [("rests on", &finding.rests_on), ("note", &finding.notes)] {
        lines.extend(facts.iter().map(|fact| format!("{key}: {}", cut(fact))));
    }
    if let Some(witness) = &finding.witness {
        lines.push(format!("request: {}", request(witness).join(" ")));
    }
    if let Some(help) = &finding.help {
        lines.push(format!("help: {}", cut(help)));
    }
    lines.push(format!("fingerprint: {}", finding.fingerprint()));
    lines.iter().map(|line| xml(line) + "\n").collect()
}

pub(crate) fn case(class: &str, name: &str, site: Option<(&str, usize)>) -> String {
    let site = match site {
        Some((file, line)) => format!(" file=\"{}\" line=\"{line}\"", text(file)),
        None => String::new(),
    };
    format!("    <testcase classname=\"{}\" name=\"{}\"{site}>\n", text(class), text(name))
}

/// An element whose attributes are escaped already.
pub(crate) fn element(name: &str, message: &str, kind: &str, body: &str) -> String {
    let kind = if kind.is_empty() { String::new() } else { format!(" type=\"{kind}\"") };
    if body.is_empty() {
        format!("      <{name} message=\"{message}\"{kind}/>\n")
    } else {
        format!("      <{name} message=\"{message}\"{kind}>{body}</{name}>\n")
    }
}

fn wrap(name: &str, content: &str) -> String {
    format!("      <{name}>{content}</{name}>\n")
}

pub(crate) fn text(text: &str) -> String {
    xml(&cut(text))
}

/// A line of text as XML. Characters that XML cannot hold are among those that are shown as `\u{…}`, but for two.
fn xml(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for character in escape::line(line).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests;
