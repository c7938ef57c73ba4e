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
    /// Whether a key that is written so is this one.
    pub fn is(&self, written: &str) -> bool {
        if self.name.eq_ignore_ascii_case(written) {
            return true;
        }
        // Few have a part that varies, and what stands before it tells most apart.
        let Some(at) = self.name.find(['/', '$']) else { return false };
        let starts = self.name.get(..at).zip(written.get(..at));
        starts.is_some_and(|(own, other)| own.eq_ignore_ascii_case(other))
            && pattern(self.name).is_some_and(|it| glob_ignore_case(&it, written))
    }

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
pub(super) fn find(keys: &Table, name: &str) -> Option<KeyInfo> {
    // The few keys with a part that varies are tried last, since a listed name says more.
    let exact = keys.find_in(1, name);
    let varying =
        || keys.rows().find(|row| pattern(row.cell(1)).is_some_and(|it| glob_ignore_case(&it, name)));
    exact.or_else(varying).map(KeyInfo::of)
}

/// A key with a part that varies, with `*` in its place: `s3:RequestObjectTag/<key>`, `aws:RequestTag/${TagKey}`,
/// `secretsmanager:ResourceTag/tag-key`, `glacier:ResourceTag/`.
fn pattern(key: &str) -> Option<String> {
    const NAMES: [&str; 3] = ["/<key>", "/tag-key", "Tag/"];
    if let Some(end) = NAMES.iter().find(|end| key.ends_with(**end)) {
        let kept = key.len() - end.len() + end.find('/').map_or(0, |slash| slash + 1);
        return key.get(..kept).map(|stem| format!("{stem}?*"));
    }
    let (start, _) = key.split_once("${")?;
    let mut out = start.to_owned();
    let mut rest = key.get(start.len()..).unwrap_or_default();
    while let Some((text, variable)) = rest.split_once("${") {
        out.push_str(text);
        out.push_str("?*");
        rest = variable.split_once('}').map_or("", |(_, rest)| rest);
    }
    Some(out + rest)
}
