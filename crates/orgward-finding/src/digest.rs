//! What stays the same of a finding from run to run, and what was accepted when somebody accepted it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{Finding, Verdict};

impl Finding {
    /// Whether the finding rests on a text that the plan marks sensitive. Nothing that is made of such a text may
    /// leave the program, not even as a digest: account ids are few enough to try all of them.
    pub fn is_sensitive(&self) -> bool {
        self.described.is_redacted || self.snippets.iter().any(|snippet| snippet.text.is_none())
    }

    /// What tells the finding apart from all others of one run, and the same finding before and after a plan. It
    /// may be made of secrets, so it stays inside the program.
    pub fn identity(&self) -> String {
        let address = self.address.as_ref().map_or("", |address| address.as_str());
        self.hash(self.input.as_deref().unwrap_or(""), &[self.subject.as_str(), address], 32)
    }

    /// What stays the same from run to run while the finding is the same one: made of rule, verdict, input, address
    /// or target, and subject; not of messages, lines or severities.
    ///
    /// Positions of `count` are left out, since they shift when an element is taken away; findings that are the
    /// same but for the position are counted instead. The subject is left out where it may be a secret.
    pub fn fingerprint(&self) -> String {
        self.fingerprint_in(self.input.as_deref().unwrap_or(""))
    }

    /// The fingerprint within the stack, where something else tells stacks apart: it stays the same whether the stack is
    /// reviewed alone or together with others.
    pub fn fingerprint_in_stack(&self) -> String {
        self.fingerprint_in("")
    }

    fn fingerprint_in(&self, input: &str) -> String {
        let address = self.address.as_ref().map(|address| without_positions(address.as_str()));
        let subject = if self.is_sensitive() { String::new() } else { without_positions(&self.subject) };
        let occurrence = if self.occurrence == 0 { String::new() } else { self.occurrence.to_string() };
        self.hash(input, &[address.as_deref().unwrap_or(""), &subject, &occurrence], 8)
    }

    fn hash(&self, input: &str, parts: &[&str], bytes: usize) -> String {
        let target = self.target.as_deref().map(without_positions);
        let first = [self.rule, word(self.verdict), input, target.as_deref().unwrap_or("")];
        digest(&[&first, parts].concat(), bytes)
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Found => "found",
        Verdict::Unverifiable => "unverifiable",
    }
}

/// The first digits of the SHA-256 of a text.
pub(crate) fn digest_of(text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(text.as_bytes());
    hex(&hasher.finalize(), 8)
}

pub(crate) fn digest(parts: &[&str], bytes: usize) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize(), bytes)
}

fn hex(digest: &[u8], bytes: usize) -> String {
    digest.iter().take(bytes).fold(String::with_capacity(2 * bytes), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An address without the positions of `count`: `a.b[3]` becomes `a.b[]`. Keys of `for_each` stay.
pub(crate) fn without_positions(text: &str) -> String {
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

    fn secret() -> Finding {
        let mut finding = at("aws_iam_role.ci");
        finding.snippets.push(Snippet {
            name: Arc::from("trust"),
            text: None,
            span: 0..2,
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
        let one = secret();
        let mut other = one.clone();
        other.subject("111111111111");
        assert!(one.is_sensitive());
        assert_eq!(one.fingerprint(), other.fingerprint(), "whoever tries all account ids learns nothing");
        assert_ne!(one.identity(), other.identity(), "an exchanged account is a new finding all the same");
    }
}
