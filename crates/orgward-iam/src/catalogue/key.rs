use super::table::{Row, Table};
use crate::pattern::glob_ignore_case;

/// What kind of values a condition key has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum KeyKind {
    /// Text.
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// An instant.
    Date,
    /// An IP address.
    IpAddress,
    /// Bytes.
    Binary,
}

/// A condition key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyInfo {
    /// Its name, with variables for the parts that vary: `aws:RequestTag/${TagKey}`.
    pub name: &'static str,
    /// What its values are.
    pub kind: KeyKind,
    /// Whether it holds several values, so that conditions on it need a set prefix.
    pub multivalued: bool,
}

impl KeyInfo {
    pub(super) fn of(row: Row) -> Self {
        Self {
            name: row.cell(1),
            kind: match row.cell(2) {
                "ARN" => KeyKind::Arn,
                "Bool" => KeyKind::Bool,
                "Numeric" | "Long" => KeyKind::Numeric,
                "Date" => KeyKind::Date,
                "IPAddress" => KeyKind::IpAddress,
                "Binary" => KeyKind::Binary,
                _ => KeyKind::String,
            },
            multivalued: row.cell(3) == "many",
        }
    }
}

/// Finds a key by name. The table is sorted by number, and numbers follow the names.
pub(super) fn find(keys: Table, name: &str) -> Option<KeyInfo> {
    // The few keys with a part that varies are tried last, since a listed name says more.
    let exact = keys.find_in(1, name);
    let varying = || {
        keys.rows()
            .filter(|row| row.cell(1).contains("${"))
            .find(|row| glob_ignore_case(&pattern(row.cell(1)), name))
    };
    exact.or_else(varying).map(KeyInfo::of)
}

/// A key with every variable as `*`.
fn pattern(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut rest = key;
    while let Some((text, variable)) = rest.split_once("${") {
        out.push_str(text);
        out.push('*');
        rest = variable.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}
