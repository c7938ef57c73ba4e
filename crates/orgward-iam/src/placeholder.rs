//! Placeholders of templates.

/// What people write where something is missing.
const WORDS: [&str; 7] =
    ["REPLACE_ME", "REPLACEME", "CHANGE_ME", "CHANGEME", "PLACEHOLDER", "YOUR_", "ACCOUNT_ID"];

/// A part of a text that looks like a placeholder of a template. Policy variables have a colon in their names.
///
/// ```
/// use orgward_iam::placeholder;
///
/// assert_eq!(placeholder("arn:aws:iam::*:role/<ROLE>"), Some("<ROLE>"));
/// assert_eq!(placeholder("${aws:username}"), None);
/// ```
pub fn placeholder(text: &str) -> Option<&str> {
    let marks = [
        ("[", "]"),
        ("<", ">"),
        ("{{", "}}"),
        ("${", "}"),
        ("$(", ")"),
        ("{", "}"),
        ("%", "%"),
        ("__", "__"),
        ("@@", "@@"),
    ];
    let found = marks.into_iter().filter_map(|(open, close)| between(text, open, close));
    let first = found.min_by_key(|(start, _)| *start).map(|(_, found)| found);
    first.or_else(|| WORDS.into_iter().find(|word| text.contains(word)))
}

/// The first word between two marks, with them, and where it starts.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<(usize, &'t str)> {
    let mut at = 0;
    while let Some(start) = text.get(at..)?.find(open).map(|start| at + start) {
        let inner = text.get(start + open.len()..)?;
        let end = inner.find(close)?;
        let name = inner.get(..end)?;
        let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _-.:".contains(&byte));
        let is_variable = open == "${" && name.contains(':') && !name.contains("::");
        // `[a-z]` is what other languages write for one letter.
        let is_range = open == "[" && (letters < 3 || name.contains('-'));
        let whispers =
            (["%", "__"].contains(&open) || is_range) && name.bytes().any(|byte| byte.is_ascii_lowercase());
        // The brace of a variable, and the second of two.
        let is_part = open == "{" && text.get(..start).is_some_and(|before| before.ends_with(['$', '{']));
        if letters > 1 && is_word && !is_variable && !whispers && !is_part {
            return Some((start, text.get(start..start + open.len() + end + close.len())?));
        }
        at = start + open.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn placeholders_are_told_from_variables_and_wildcards() {
        let found = [
            ("arn:aws:iam::*:role/[PRIVILEGED_ROLE]", "[PRIVILEGED_ROLE]"),
            ("arn:aws:iam::${Account}:role/x", "${Account}"),
            ("arn:aws:iam::${AWS::AccountId}:role/x", "${AWS::AccountId}"),
            ("<REGION>", "<REGION>"),
            ("{{region}}", "{{region}}"),
            ("{example-region-1}", "{example-region-1}"),
            ("REPLACE_ME", "REPLACE_ME"),
        ];
        for (text, left) in found {
            assert_eq!(placeholder(text), Some(left), "{text}");
        }
        for text in [
            "arn:aws:iam::*:role/*",
            "${aws:PrincipalTag/team}",
            "${*}",
            "arn:aws:execute-api:*:*:*/*/GET/{}",
            "arn:aws:s3:::home/${aws:username, 'x'}/*",
            "arn:aws:s3:::b/[a-z]",
            "100%",
            "ec2:Describe*",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
