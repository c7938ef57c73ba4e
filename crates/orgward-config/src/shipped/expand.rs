//! Values of parameters in the text of a pack.
//!
//! A list that a parameter leaves empty means what it says. A negated condition on no value always holds, and so does one
//! on no key: the line goes. A condition on no value never holds, and no action or resource is none: the guardrail is
//! about no request, and goes.

/// The text of a pack with the values of its parameters: a string with `{{name}}` becomes one for each value, and a key
/// with `{{name}}` one line for each. Other names stay.
pub(super) fn expand<'v>(text: &str, value: impl Fn(&str) -> Option<&'v [String]>) -> String {
    let mut out = String::with_capacity(text.len());
    for block in blocks(text) {
        let mut lines: Vec<String> = Vec::new();
        let (mut operator, mut is_about_something) = ("", true);
        for line in block.lines() {
            if let Some(table) = line.strip_prefix('[') {
                operator = table.strip_prefix("guardrail.conditions.").unwrap_or_default();
            }
            let spared = operator.contains("Not") || line.starts_with("not_") || line.starts_with("exempt_");
            for filled in filled(line, &value) {
                let is_empty = line.contains("{{") && filled.ends_with("[]");
                is_about_something &= !is_empty || spared;
                if !is_empty {
                    lines.push(filled);
                }
            }
        }
        if is_about_something {
            for line in &lines {
                out.extend([line, "\n"]);
            }
        }
    }
    out
}

/// What stands before the first guardrail, and each guardrail.
fn blocks(text: &str) -> Vec<&str> {
    const START: &str = "[[guardrail]]";
    let mut starts: Vec<usize> = text.match_indices(START).map(|(at, _)| at).collect();
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}

/// A line once for each value of the parameter in its key, with the values of the others.
fn filled<'v>(line: &str, value: &impl Fn(&str) -> Option<&'v [String]>) -> Vec<String> {
    let (key, rest) = line.split_once(" = ").unwrap_or(("", line));
    let rest = strings(rest, value);
    if key.is_empty() {
        return vec![rest];
    }
    let keys = key.trim_matches('"');
    match combinations(keys, value) {
        Some(keys) => keys.iter().map(|key| format!("{} = {rest}", quoted(key))).collect(),
        None => vec![format!("{key} = {rest}")],
    }
}

/// Replaces every string with `{{name}}` in it by one string for each value of the parameter, and for each combination
/// where there are several.
fn strings<'v>(text: &str, value: &impl Fn(&str) -> Option<&'v [String]>) -> String {
    let mut out = String::with_capacity(text.len());
    // Only strings between double quotes without escapes have parameters, so every second part is one.
    for (position, part) in text.split('"').enumerate() {
        match combinations(part, value).filter(|_| position % 2 == 1) {
            Some(strings) => {
                let strings = strings.iter().map(|string| quoted(string));
                out.push_str(&strings.collect::<Vec<_>>().join(", "));
            }
            None if position % 2 == 1 => out.extend(["\"", part, "\""]),
            None => out.push_str(part),
        }
    }
    // What a parameter without values leaves behind.
    out.replace("[, ", "[").replace(", , ", ", ").replace(", ]", "]")
}

/// A string for each combination of the values of its parameters; `None` when it has none that is known.
fn combinations<'v>(part: &str, value: &impl Fn(&str) -> Option<&'v [String]>) -> Option<Vec<String>> {
    let (before, rest) = part.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    let values = value(name)?;
    let ends = combinations(after, value).unwrap_or_else(|| vec![after.to_owned()]);
    let strings = values.iter().flat_map(|value| ends.iter().map(move |end| format!("{before}{value}{end}")));
    Some(strings.collect())
}

/// A string as TOML writes it; JSON writes it the same way.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::expand;

    fn value(name: &str) -> Option<&'static [String]> {
        static SOME: std::sync::LazyLock<Vec<String>> =
            std::sync::LazyLock::new(|| vec!["s3".to_owned(), "e\"c2".to_owned()]);
        match name {
            "services" => Some(SOME.as_slice()),
            "none" => Some(&[]),
            _ => None,
        }
    }

    #[test]
    fn one_string_for_each_value() {
        let text = "[[guardrail]]\nactions = [\"{{services}}:*\", \"x\"]\ntargets = [\"{{other}}\"]\n";
        let expected =
            "[[guardrail]]\nactions = [\"s3:*\", \"e\\\"c2:*\", \"x\"]\ntargets = [\"{{other}}\"]\n";
        assert_eq!(expand(text, value), expected);
        let text = "a = [\"{{services}}:{{services}}\"]\n";
        let expected = "a = [\"s3:s3\", \"s3:e\\\"c2\", \"e\\\"c2:s3\", \"e\\\"c2:e\\\"c2\"]\n";
        assert_eq!(expand(text, value), expected);
        assert_eq!(expand("a = [\"{{none}}\", \"x\", \"{{none}}\"]\n", value), "a = [\"x\"]\n");
    }

    #[test]
    fn one_line_for_each_value_in_a_key() {
        let text =
            "[guardrail.conditions.StringNotEqualsIfExists]\n\"aws:ResourceTag/{{services}}\" = [\"true\"]\n";
        let expected = "[guardrail.conditions.StringNotEqualsIfExists]\n\"aws:ResourceTag/s3\" = [\"true\"]\n\
            \"aws:ResourceTag/e\\\"c2\" = [\"true\"]\n";
        assert_eq!(expand(text, value), expected);
    }

    /// `x` differs from no value whatever it is, and equals none.
    #[test]
    fn a_parameter_without_values_takes_the_line_or_the_guardrail_along() {
        let with = |operator: &str, line: &str| {
            expand(&format!("[[guardrail]]\nid = \"x\"\n[guardrail.conditions.{operator}]\n{line}\n"), value)
        };
        let kept = "[[guardrail]]\nid = \"x\"\n[guardrail.conditions.StringNotEquals]\n";
        assert_eq!(with("StringNotEquals", "\"aws:SourceVpc\" = [\"{{none}}\"]"), kept);
        assert_eq!(with("StringNotEquals", "\"aws:ResourceTag/{{none}}\" = [\"true\"]"), kept);
        let kept = "[[guardrail]]\nid = \"x\"\n[guardrail.conditions.StringEquals]\n";
        assert_eq!(with("StringEquals", "\"aws:PrincipalTag/{{none}}\" = [\"true\"]"), kept);
        assert_eq!(with("StringEquals", "\"aws:SourceVpc\" = [\"{{none}}\"]"), "");
        assert_eq!(expand("[[guardrail]]\nresources = [\"{{none}}\"]\n", value), "");
        let kept = "[[guardrail]]\n";
        assert_eq!(expand("[[guardrail]]\nnot_resources = [\"{{none}}\"]\n", value), kept);
    }
}
