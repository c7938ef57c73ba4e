//! Identity providers that many customers share: `data/federation.toml`.

mod tokens;

use std::sync::LazyLock;

use orgward_finding::Severity;
use orgward_iam::glob;
use serde::Deserialize;

pub use self::tokens::{Counterexample, host_of, is_mapped, opening, stranger, way_of_strangers};

/// An identity provider that many customers share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    host: String,
    /// What its customers are called.
    pub customers: String,
    /// The claims that tell customers apart.
    pub claims: Vec<Claim>,
    /// The claim that IAM asks for.
    pub required: String,
    /// Whether each customer has a URL of its own, so that only its own people share it.
    #[serde(default)]
    own_url: bool,
    /// What the claim has to be, for people.
    write: Option<String>,
}

/// A claim that tells customers apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its name behind the host: `sub`.
    pub name: String,
    /// What stands before the name of a customer; anywhere behind a colon.
    #[serde(default)]
    starts: Vec<String>,
    /// What stands behind it. Without, the whole value is the name.
    #[serde(default)]
    ends: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Federation {
    issuer: Vec<Issuer>,
}

static FEDERATION: LazyLock<Federation> =
    LazyLock::new(|| toml::from_str(include_str!("../data/federation.toml")).unwrap_or_default());

/// Whether a value of a claim names a customer of some issuer: where it is not known which issuer it is, tokens of all
/// others do not match it.
pub fn names_some_customer(claim: &str, value: &str) -> bool {
    let mut claims = FEDERATION.issuer.iter().flat_map(|issuer| &issuer.claims);
    claims.any(|it| it.name.eq_ignore_ascii_case(claim) && !it.starts.is_empty() && it.names_customer(value))
}

/// The issuer of a host, if it is one that many customers share.
pub fn issuer(host: &str) -> Option<&'static Issuer> {
    FEDERATION.issuer.iter().find(|issuer| glob(&issuer.host, host))
}

impl Issuer {
    /// Whether each customer has a URL of its own, so that only its own people share it.
    pub fn has_own_url(&self) -> bool {
        self.own_url
    }

    /// How bad it is when all that share it get in.
    pub fn severity(&self) -> Severity {
        if self.own_url { Severity::Medium } else { Severity::High }
    }

    /// What to require.
    pub fn help(&self, host: &str) -> String {
        if let Some(write) = &self.write {
            return format!("require `{host}:{}` {write}", self.required);
        }
        let claim = self.claims.iter().find(|claim| claim.name == self.required);
        let start = claim.and_then(|claim| claim.starts.first()).filter(|start| !start.is_empty());
        let what = match start {
            Some(start) => format!("to start with `{start}` and the name of your organization"),
            None => "with the value that is yours".to_owned(),
        };
        format!("require `{host}:{}` {what}", self.required)
    }
}

impl Claim {
    /// A pattern of everything that tokens of the customer have whom a value names; `None` where it names none.
    pub fn customer(&self, value: &str) -> Option<String> {
        if !self.names_customer(value) {
            return None;
        }
        let literal = value.split(['*', '?']).next().unwrap_or_default();
        let starts = || self.starts.iter().filter(|start| !start.is_empty());
        // Where the name begins: behind the first of these, or behind a colon and one of them.
        let begins = starts().find(|start| literal.starts_with(start.as_str())).map_or_else(
            || {
                let inner = starts().filter_map(|start| {
                    let inner = format!(":{start}");
                    literal.find(inner.as_str()).map(|at| at.saturating_add(inner.len()))
                });
                inner.min().unwrap_or_default()
            },
            String::len,
        );
        let name = literal.get(begins..).unwrap_or_default();
        let ends = self.ends.iter().filter_map(|end| {
            let at = name.find(end.as_str()).filter(|at| *at > 0)?;
            Some(begins.saturating_add(at).saturating_add(end.len()))
        });
        let closed = ends.min().and_then(|end| literal.get(..end));
        Some(closed.map_or_else(|| literal.to_owned(), |closed| format!("{closed}*")))
    }

    /// The same value with the end of the name, where it has only a beginning: `repo:acme/*` for `repo:acme*`.
    pub fn closed(&self, value: &str) -> Option<String> {
        let literal = value.split(['*', '?']).next().unwrap_or_default();
        let names =
            |start: &String| literal.strip_prefix(start.as_str()).is_some_and(|name| !name.is_empty());
        let is_begun = self.starts.iter().filter(|start| !start.is_empty()).any(names);
        let end = self.ends.first().filter(|_| is_begun && literal.len() < value.len())?;
        let closed = format!("{literal}{end}*");
        self.names_customer(&closed).then_some(closed)
    }

    /// Whether only tokens of one customer match a value: the name of the customer is written out.
    pub fn names_customer(&self, value: &str) -> bool {
        // A policy variable holds what the caller brings along.
        if value.contains("${") {
            return false;
        }
        let literal = value.split(['*', '?']).next().unwrap_or_default();
        let is_whole = literal.len() == value.len();
        let names = |rest: &str| {
            let is_closed = self.ends.iter().any(|end| rest.find(end.as_str()).is_some_and(|at| at > 0));
            !rest.is_empty() && (is_whole || is_closed)
        };
        if self.starts.is_empty() {
            return names(literal);
        }
        self.starts.iter().any(|start| {
            let first = literal.strip_prefix(start.as_str());
            let behind = || {
                let inner = format!(":{start}");
                literal.split_once(inner.as_str()).map(|(_, rest)| rest)
            };
            first.or_else(behind).is_some_and(names)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::FEDERATION;

    #[test]
    fn the_file_is_read_and_each_issuer_has_the_claim_that_it_requires() {
        assert!(FEDERATION.issuer.len() >= 16);
        for issuer in &FEDERATION.issuer {
            assert!(issuer.claims.iter().any(|claim| claim.name == issuer.required), "{issuer:?}");
        }
    }
}
