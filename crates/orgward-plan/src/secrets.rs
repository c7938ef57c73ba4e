use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::mask::Mask;

/// Strings shorter than this are too common for their appearance elsewhere to mean anything.
const SHORTEST: usize = 4;
/// Strings shorter than this are secret as a whole text, and not as a part of one.
const SHORTEST_PART: usize = 6;

/// What is shown in their place.
const REDACTED: &str = "(sensitive)";
/// More secrets that begin alike are not compared one by one: a plan could make that take for ever.
const CROWD: usize = 64;

/// The strings that the plan marks sensitive in one place: they are secret in all places. Terraform tracks what is
/// computed from them, but a provider does not say which part of a document came from where, and echoes what it got.
#[derive(Default)]
pub(crate) struct Secrets {
    whole: BTreeSet<String>,
    /// By how they begin.
    parts: BTreeMap<[u8; SHORTEST_PART], Vec<String>>,
    /// How so many of them begin that whatever begins so is taken for one.
    crowded: BTreeSet<[u8; SHORTEST_PART]>,
    /// Values inside of documents that are secret as a whole. They are not printed; as values elsewhere they are none:
    /// most of them are no secrets, and which ones are, nothing says.
    inside: Option<Box<Secrets>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.whole.len())
    }
}

/// Collects what is sensitive.
#[derive(Default)]
pub(crate) struct Marked {
    whole: BTreeSet<String>,
    /// Values inside of documents that are marked as a whole.
    inside: BTreeSet<String>,
}

impl Marked {
    /// Adds all strings inside a value.
    pub(crate) fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.len() >= SHORTEST && !is_vocabulary(text) => {
                self.whole.insert(text.clone());
                // Of a document with a secret Terraform marks the whole: which part it is, is not said.
                if text.starts_with(['{', '[']) {
                    self.add_inside(&serde_json::from_str(text).unwrap_or_default());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(entries) => entries.values().for_each(|entry| self.add(entry)),
            _ => {}
        }
    }

    /// Adds the values of a document, and not the words of its language.
    fn add_inside(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.len() >= SHORTEST && !is_vocabulary(text) && !is_public(text) => {
                self.inside.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_inside(item)),
            Value::Object(entries) => entries.values().for_each(|entry| self.add_inside(entry)),
            _ => {}
        }
    }

    /// Adds the strings inside the parts of a value that a mask covers.
    pub(crate) fn add_masked(&mut self, value: &Value, mask: Mask<'_>) {
        match value {
            _ if mask.all() => self.add(value),
            _ if !mask.any() => {}
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add_masked(item, mask.item(index));
                }
            }
            Value::Object(entries) => {
                for (name, entry) in entries {
                    self.add_masked(entry, mask.entry(name));
                }
            }
            _ => self.add(value),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.whole.extend(other.whole);
        self.inside.extend(other.inside);
    }

    pub(crate) fn forget_account_ids(&mut self) {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        self.whole.retain(|text| !is_account(text));
        self.inside.retain(|text| !is_account(text));
    }

    /// The secrets among them: what the configuration writes down as a constant is none. A sensitive list marks also
    /// the words around its secrets.
    pub(crate) fn secrets(mut self, constants: &BTreeSet<String>) -> Option<Secrets> {
        self.whole.retain(|text| !constants.contains(text));
        self.inside.retain(|text| !constants.contains(text) && !self.whole.contains(text));
        if self.whole.is_empty() {
            return None;
        }
        let inside = (!self.inside.is_empty()).then(|| Box::new(Secrets::of(self.inside)));
        Some(Secrets { inside, ..Secrets::of(self.whole) })
    }
}

impl Secrets {
    fn of(whole: BTreeSet<String>) -> Self {
        let mut parts: BTreeMap<[u8; SHORTEST_PART], Vec<String>> = BTreeMap::new();
        for text in &whole {
            let plain = serde_json::to_string(text).unwrap_or_default();
            let plain = plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default();
            // Terraform escapes these, too, when it makes JSON.
            let escaped = plain.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
            let forms: BTreeSet<&str> = [text.as_str(), plain, &escaped].into();
            for form in forms {
                if let Some(start) = form.as_bytes().first_chunk::<SHORTEST_PART>() {
                    parts.entry(*start).or_default().push(form.to_owned());
                }
            }
        }
        let crowded =
            parts.iter().filter(|(_, parts)| parts.len() > CROWD).map(|(start, _)| *start).collect();
        Self { whole, parts, crowded, inside: None }
    }

    /// Whether a text is, or has in it, one of them.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.whole.contains(text)
            || text.as_bytes().array_windows::<SHORTEST_PART>().enumerate().any(|(at, start)| {
                let rest = text.as_bytes().get(at..).unwrap_or_default();
                self.parts.get(start).is_some_and(|parts| {
                    self.crowded.contains(start) || parts.iter().any(|part| rest.starts_with(part.as_bytes()))
                })
            })
    }

    /// A text without them, and without what is inside of secret documents; `None` where it has none of that in it.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let own = self.without_own(text);
        let inside = |text: &str| self.inside.as_ref().and_then(|inside| inside.without_own(text));
        match own {
            Some(own) => Some(inside(&own).unwrap_or(own)),
            None => inside(text),
        }
    }

    fn without_own(&self, text: &str) -> Option<String> {
        if !self.contains(text) {
            return None;
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let start = rest.as_bytes().first_chunk::<SHORTEST_PART>();
            if start.is_some_and(|start| self.crowded.contains(start)) || self.whole.contains(text) {
                return Some(REDACTED.to_owned());
            }
            let parts = start.and_then(|start| self.parts.get(start)).into_iter().flatten();
            let longest = parts.filter(|part| rest.starts_with(part.as_str())).map(String::len).max();
            let length = if let Some(length) = longest {
                out.push_str(REDACTED);
                length
            } else {
                out.push(character);
                character.len_utf8()
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        Some(out)
    }

    /// Whether any string inside a value is one of them.
    pub(crate) fn within(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.contains(text),
            Value::Array(items) => items.iter().any(|item| self.within(item)),
            Value::Object(entries) => entries.values().any(|entry| self.within(entry)),
            _ => false,
        }
    }
}

/// What AWS gives names to: actions, services, regions.
fn is_public(text: &str) -> bool {
    let is_word = |text: &str, extra: &[char]| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c))
    };
    let is_action = text
        .split_once(':')
        .is_some_and(|(service, name)| is_word(service, &['-']) && is_word(name, &['*', '?']));
    let mut parts = text.split('-');
    let is_region = text.len() <= 20
        && parts.next().is_some_and(|first| first.len() == 2 && is_word(first, &[]))
        && parts.next_back().is_some_and(|last| last.len() == 1 && last.bytes().all(|b| b.is_ascii_digit()));
    is_action || is_region || text.ends_with(".amazonaws.com") || ["true", "false"].contains(&text)
}

/// Words of policies that stand beside secrets in lists that are marked as a whole.
fn is_vocabulary(text: &str) -> bool {
    const WORDS: [&str; 7] =
        ["2012-10-17", "Allow", "CanonicalUser", "Deny", "Federated", "Service", "sts:ExternalId"];
    const OPERATORS: [&str; 8] =
        ["Arn", "Binary", "Bool", "Date", "IpAddress", "NotIpAddress", "Numeric", "String"];
    let operator = text.strip_prefix("ForAnyValue:").or_else(|| text.strip_prefix("ForAllValues:"));
    let operator = operator.unwrap_or(text).trim_end_matches("IfExists");
    let is_operator = OPERATORS.iter().any(|head| {
        operator.strip_prefix(head).is_some_and(|rest| {
            let rest = rest.strip_prefix("Not").unwrap_or(rest).trim_end_matches("IgnoreCase");
            ["", "Equals", "Like", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
                .contains(&rest)
        })
    });
    WORDS.contains(&text) || is_operator || text.starts_with("aws:") || text.starts_with("sts:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str], constants: &[&str]) -> Option<Secrets> {
        let mut marked = Marked::default();
        for value in values {
            marked.add(&Value::String((*value).to_owned()));
        }
        marked.secrets(&constants.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn the_values_of_a_secret_document_are_secret_and_its_words_are_not() {
        let document = r#"{"Statement":[{"Effect":"Deny","Action":["iam:Create*","s3:*"],"Resource":"arn:aws:s3:::hunter22/*",
            "Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/hunter23"},
            "StringEquals":{"aws:RequestedRegion":"eu-west-1","aws:PrincipalTag/t":"hunter24"}}}]}"#;
        let secrets = secrets(&[document], &[]).unwrap();
        for text in ["on arn:aws:s3:::hunter22/*", "arn:aws:iam::*:role/hunter23", "tag `hunter24`"] {
            assert!(secrets.redacted(text).is_some_and(|it| !it.contains("hunter")), "{text}");
            // As the value of something else it is no secret: a part of the document is, and not each.
            assert!(!secrets.contains(text), "{text}");
        }
        for text in ["iam:Create*", "eu-west-1", "Deny", "ArnNotLike"] {
            assert_eq!(secrets.redacted(text), None);
        }
    }

    #[test]
    fn a_secret_is_found_inside_of_a_text_however_it_is_escaped() {
        let secrets = secrets(&["hunter22", "a\"b<c>d&e", "prod"], &[]).unwrap();
        for text in ["hunter22", "{\"id\":\"hunter22\"}", r#"{"id":"a\"b\u003cc\u003ed\u0026e"}"#, "prod"] {
            assert!(secrets.contains(text), "{text}");
        }
        assert_eq!(
            secrets.redacted("an hunter22, hunter22!").as_deref(),
            Some("an (sensitive), (sensitive)!")
        );
        assert_eq!(secrets.redacted("nothing"), None);
        // A short one is too common to be looked for in texts.
        assert!(!secrets.contains("Root/prod"));
        assert!(!secrets.contains("hunter2"));
    }

    #[test]
    fn secrets_that_begin_alike_are_hidden_together() {
        let many: Vec<String> =
            (0..1_000).map(|number| format!("alike-{number}-{}", "a".repeat(100))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let secrets = secrets(&many, &[]).unwrap();
        assert!(many.iter().all(|secret| secrets.contains(&format!("x {secret} y"))));
        assert!(!secrets.contains(&"alik".repeat(100_000)));
    }

    #[test]
    fn words_of_policies_and_constants_of_the_configuration_are_none() {
        assert!(
            secrets(
                &["StringEquals", "ForAllValues:StringNotLikeIfExists", "aws:PrincipalOrgID", "abc"],
                &[]
            )
            .is_none()
        );
        assert!(secrets(&["arn:aws:iam::999999999999:root"], &["arn:aws:iam::999999999999:root"]).is_none());
        assert!(secrets(&["StringEqualsMyPassword"], &[]).is_some());
    }
}
