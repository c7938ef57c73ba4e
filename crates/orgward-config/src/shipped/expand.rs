//! Values of parameters in the text of a pack.

/// Replaces every string with `{{name}}` in it by one string for each value of the parameter, and for each combination
/// where there are several. Other names stay.
pub(super) fn expand<'v>(text: &str, value: impl Fn(&str) -> Option<&'v [String]>) -> String {
    let mut out = String::with_capacity(text.len());
    // Only strings between double quotes without escapes have parameters, so every second part is one.
    for (position, part) in text.split('"').enumerate() {
        if position % 2 == 0 {
            out.push_str(part);
            continue;
        }
        match combinations(part, &value) {
            Some(strings) => {
                let strings = strings.iter().map(|string| quoted(string));
                out.push_str(&strings.collect::<Vec<_>>().join(", "));
            }
            None => out.extend(["\"", part, "\""]),
        }
    }
    out
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

    #[test]
    fn one_string_for_each_value() {
        let values = ["s3".to_owned(), "e\"c2".to_owned()];
        let value = |name: &str| match name {
            "services" => Some(&values[..]),
            "none" => Some(&[][..]),
            _ => None,
        };
        assert_eq!(
            expand(r#"a = ["{{services}}:*", "x"] b = ["{{none}}"] c = "{{other}}""#, value),
            r#"a = ["s3:*", "e\"c2:*", "x"] b = [] c = "{{other}}""#
        );
        assert_eq!(
            expand(r#"["{{services}}:{{services}}"]"#, value),
            r#"["s3:s3", "s3:e\"c2", "e\"c2:s3", "e\"c2:e\"c2"]"#
        );
    }
}
