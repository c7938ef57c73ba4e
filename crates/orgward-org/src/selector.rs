//! Where an invariant has to hold, as people write it.

mod matcher;

use std::fmt;

use orgward_iam::is_account_id;

pub use self::matcher::{Matcher, guesses};

use crate::{AccountRole, UnitRole};

/// A place in the organization.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Selector {
    /// A unit by its path, with `*` inside a name and `**` for any number of units: `Root/Runtime/**`. It stands for
    /// everything below.
    Path(String),
    /// A root or unit by its id. It stands for everything below.
    Unit(String),
    /// An account by its id.
    Account(String),
    /// Accounts by their name, with `*`.
    Name(String),
    /// Accounts that have a tag: `tag:phase=production`.
    Tag(String, String),
    /// Units and accounts to which the configuration gives a role: `role:production`.
    Role(String),
}

impl Selector {
    /// Reads a target; fails with what is wrong and an example.
    pub fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        let is_unit = |text: &str| {
            let form = |prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| rest.len() >= 4);
            let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            plain
                && (form("r-") && text.matches('-').count() == 1
                    || form("ou-") && text.matches('-').count() == 2)
        };
        if let Some(tag) = text.strip_prefix("tag:") {
            let (key, value) = tag.split_once('=').ok_or(("a tag has a value", "tag:phase=production"))?;
            if key.is_empty() {
                return Err(("a tag has a key", "tag:phase=production"));
            }
            return Ok(Self::Tag(key.to_owned(), value.to_owned()));
        }
        if let Some(role) = text.strip_prefix("role:") {
            let units = UnitRole::ALL.map(UnitRole::as_str);
            let accounts = AccountRole::ALL.map(AccountRole::as_str);
            return if units.contains(&role) || accounts.contains(&role) {
                Ok(Self::Role(role.to_owned()))
            } else {
                Err(("no role that `[structure]` gives to units or accounts", "role:production"))
            };
        }
        if text.trim().is_empty() {
            return Err(("says nothing", "Root/Runtime/**"));
        }
        if is_account_id(text) {
            return Ok(Self::Account(text.to_owned()));
        }
        if is_unit(text) {
            return Ok(Self::Unit(text.to_owned()));
        }
        if text == "Root" || text == "**" || text.contains('/') {
            if text.split('/').any(str::is_empty) {
                return Err(("a path has a name between slashes", "Root/Runtime/**"));
            }
            if text.split('/').any(|name| name != "**" && name.contains("**")) {
                return Err(("`**` stands for whole units", "Root/**/production"));
            }
            return Ok(Self::Path(text.to_owned()));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

/// As people write it.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(text) | Self::Unit(text) | Self::Account(text) | Self::Name(text) => f.write_str(text),
            Self::Tag(key, value) => write!(f, "tag:{key}={value}"),
            Self::Role(role) => write!(f, "role:{role}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_by_its_looks() {
        for (text, target) in [
            ("Root", Selector::Path("Root".to_owned())),
            ("Root/Runtime/**", Selector::Path("Root/Runtime/**".to_owned())),
            ("**/prod*", Selector::Path("**/prod*".to_owned())),
            ("222222222222", Selector::Account("222222222222".to_owned())),
            ("ou-ab12-cd345678", Selector::Unit("ou-ab12-cd345678".to_owned())),
            ("r-ab12", Selector::Unit("r-ab12".to_owned())),
            ("r-and-d", Selector::Name("r-and-d".to_owned())),
            ("shop-*", Selector::Name("shop-*".to_owned())),
            ("tag:phase=production", Selector::Tag("phase".to_owned(), "production".to_owned())),
            ("tag:owner=a=b", Selector::Tag("owner".to_owned(), "a=b".to_owned())),
            ("role:production", Selector::Role("production".to_owned())),
        ] {
            assert_eq!(Selector::parse(text), Ok(target.clone()), "{text}");
            assert_eq!(target.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in
            ["", "tag:phase", "tag:=x", "role:", "role:prodction", "Root//x", "/x", "Root/x/", "Root/a**"]
        {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
