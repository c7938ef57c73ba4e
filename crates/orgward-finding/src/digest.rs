//! What stays the same of a finding from run to run, and what was accepted when somebody accepted it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{Finding, Verdict, WitnessValue};

impl Finding {
    /// Whether the finding rests on a text that the plan marks sensitive. Nothing that is made of such a text may
    /// leave the program, not even as a digest: account ids are few enough to try all of them.
    pub fn is_sensitive(&self) -> bool {
        self.snippets.iter().any(|snippet| snippet.text.is_none())
    }

    /// What tells the finding apart from all others of one run, and the same finding before and after a plan. It
    /// may be made of secrets, so it stays inside the program.
    pub fn identity(&self) -> String {
        let address = self.address.as_ref().map_or("", |address| address.as_str());
        self.hash(&[self.subject.as_str(), address], 32)
    }

    /// What stays the same from run to run while the finding is the same one: made of rule, verdict, input, address
    /// or target, and subject; not of messages, lines or severities.
    ///
    /// Positions of `count` are left out, since they shift when an element is taken away; findings that are the
    /// same but for the position are counted instead. The subject is left out where it may be a secret.
    pub fn fingerprint(&self) -> String {
        let address = self.address.as_ref().map(|address| without_positions(address.as_str()));
        let subject = if self.is_sensitive() { String::new() } else { without_positions(&self.subject) };
        let occurrence = if self.occurrence == 0 { String::new() } else { self.occurrence.to_string() };
        self.hash(&[address.as_deref().unwrap_or(""), &subject, &occurrence], 8)
    }

    /// What somebody accepts who accepts the finding: what it says, the statements that show it, and the request
    /// that shows it. Three digests, so that it can be told which of them has changed.
    pub fn facts(&self) -> String {
        let verdict = word(self.verdict);
        let says = digest(&[verdict, &self.message, self.target.as_deref().unwrap_or("")], 8);
        let statements: Vec<String> = self
            .snippets
            .iter()
            .filter_map(|snippet| Some(compact(statement(snippet.text.as_deref()?, snippet.span.start))))
            .collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let mut request = Vec::new();
        if let Some(witness) = &self.witness {
            request.extend([witness.principal.as_str(), &witness.action, &witness.resource]);
            for (key, value) in &witness.context {
                request.push(key);
                match value {
                    WitnessValue::One(value) => request.push(value),
                    WitnessValue::Many(values) => request.extend(values.iter().map(String::as_str)),
                }
            }
        }
        format!("{says}-{}-{}", digest(&statements, 8), digest(&request, 8))
    }

    fn hash(&self, parts: &[&str], bytes: usize) -> String {
        let target = self.target.as_deref().map(without_positions);
        let first = [
            self.rule,
            word(self.verdict),
            self.input.as_deref().unwrap_or(""),
            target.as_deref().unwrap_or(""),
        ];
        digest(&[&first, parts].concat(), bytes)
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Found => "found",
        Verdict::Unverifiable => "unverifiable",
    }
}

fn digest(parts: &[&str], bytes: usize) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().take(bytes).fold(String::with_capacity(2 * bytes), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An address without the positions of `count`: `a.b[3]` becomes `a.b[]`. Keys of `for_each` stay.
fn without_positions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        out.push('[');
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        rest = match after.get(digits..) {
            Some(end) if digits > 0 && end.starts_with(']') => end,
            _ => after,
        };
    }
    out.push_str(rest);
    out
}

/// The statement of a policy document that a place is in: the object in the document's list of statements. The
/// whole document where there is no such object.
fn statement(text: &str, place: usize) -> &str {
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    let mut found = None;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' => open.push(at),
            b'}' => {
                let start = open.pop();
                // Inside the document there is only one level of statements.
                if open.len() == 1 && start.is_some_and(|start| start <= place) && place <= at {
                    found = start.and_then(|start| text.get(start..=at));
                    break;
                }
            }
            _ => {}
        }
    }
    found.unwrap_or(text)
}

/// A document without the white space between its parts.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    for character in text.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character == '"' {
            in_string = true;
        } else if character.is_whitespace() {
            continue;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgward_plan::Address;

    use super::*;
    use crate::{RuleInfo, Severity, Snippet};

    const RULE: RuleInfo = RuleInfo {
        id: "external-trust",
        summary: "role trusts an outsider",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        docs: "",
    };

    fn at(address: &str) -> Finding {
        let mut finding = Finding::about(&RULE, Some(&Address::new(address)));
        finding.subject("999999999999");
        finding
    }

    fn showing(text: &str, part: &str) -> Finding {
        let mut finding = at("aws_iam_role.ci");
        let start = text.find(part).unwrap();
        finding.snippets.push(Snippet {
            name: Arc::from("trust"),
            text: Some(Arc::from(text)),
            span: start..start + part.len(),
            label: String::new(),
        });
        finding
    }

    #[test]
    fn positions_of_count_do_not_matter_and_keys_do() {
        let fingerprint = |address| at(address).fingerprint();
        assert_eq!(
            fingerprint("module.m[2].aws_iam_role.ci[0]"),
            fingerprint("module.m[1].aws_iam_role.ci[7]")
        );
        assert_ne!(fingerprint("aws_iam_role.ci[\"0\"]"), fingerprint("aws_iam_role.ci[\"1\"]"));
        assert_ne!(fingerprint("aws_iam_role.ci"), fingerprint("aws_iam_role.ci[0]"));
        assert_ne!(at("aws_iam_role.ci[0]").identity(), at("aws_iam_role.ci[1]").identity());
    }

    #[test]
    fn one_more_of_the_same_is_another_finding() {
        let mut second = at("aws_iam_role.ci[1]");
        second.occurrence = 1;
        assert_ne!(second.fingerprint(), at("aws_iam_role.ci[0]").fingerprint());
    }

    #[test]
    fn words_lines_and_severities_do_not_matter() {
        let mut other = at("aws_iam_role.ci");
        other.says("another message").note("a note").help("help");
        other.severity = Severity::Low;
        assert_eq!(other.fingerprint(), at("aws_iam_role.ci").fingerprint());
    }

    #[test]
    fn nothing_of_a_sensitive_text_is_in_a_fingerprint() {
        let mut one = showing("{}", "{}");
        one.snippets[0].text = None;
        let mut other = one.clone();
        other.subject("111111111111");
        assert!(one.is_sensitive());
        assert_eq!(one.fingerprint(), other.fingerprint(), "whoever tries all account ids learns nothing");
        assert_ne!(one.identity(), other.identity(), "an exchanged account is a new finding all the same");
    }

    #[test]
    fn facts_change_with_the_statement_and_not_with_its_neighbours_or_its_layout() {
        let facts = |text| showing(text, "\"*\"").facts();
        let one =
            facts(r#"{"Statement":[{"Principal":"*","Condition":{"Bool":{"a":"b"}}},{"Sid":"Other"}]}"#);
        let moved = facts(
            "{\n \"Statement\": [ { \"Sid\": \"New\" },\n { \"Principal\": \"*\", \"Condition\":{\"Bool\":{\"a\":\"b\"}} }]}",
        );
        assert_eq!(one, moved);
        let open = facts(r#"{"Statement":[{"Principal":"*"},{"Sid":"Other"}]}"#);
        assert_ne!(one, open, "the condition was part of what was accepted");
        let spaced = facts(r#"{"Statement":[{"Principal":"*","Condition":{"Bool":{"a":"b "}}}]}"#);
        assert_ne!(one, spaced, "white space in a string means something");
    }

    #[test]
    fn a_brace_in_a_string_is_no_brace() {
        let text = r#"{"Statement":[{"Sid":"}\"{","Action":"*"}]}"#;
        let place = text.find("\"*\"").unwrap();
        assert_eq!(statement(text, place), r#"{"Sid":"}\"{","Action":"*"}"#);
        assert_eq!(statement("no document", 3), "no document");
    }
}
