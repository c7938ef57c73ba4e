//! Values of parameters in the text of a pack.

/// Replaces every string with `{{name}}` in it by one string for each value of the parameter. Other names stay.
pub(super) fn expand<'v>(text: &str, value: impl Fn(&str) -> Option<&'v [String]>) -> String {
    let mut out = String::with_capacity(text.len());
    // Only strings between double quotes without escapes have parameters, so every second part is one.
    for (position, part) in text.split('"').enumerate() {
        if position % 2 == 0 {
            out.push_str(part);
            continue;
        }
        let parameter = part.split_once("{{").and_then(|(before, rest)| {
            let (name, after) = rest.split_once("}}")?;
            Some((before, value(name)?, after))
        });
        if let Some((before, values, after)) = parameter {
            let strings = values.iter().map(|value| quoted(&format!("{before}{value}{after}")));
            out.push_str(&strings.collect::<Vec<_>>().join(", "));
        } else {
            out.extend(["\"", part, "\""]);
        }
    }
    out
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
    }
}
