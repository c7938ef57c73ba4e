//! Edits of policies that are written as JSON. The rest of the text stays as it is.

use serde_json::Value;

/// Adds a condition to a statement of a policy; `None` where the text is none, or says something of the key already.
pub(crate) fn add_condition(
    text: &str,
    statement: usize,
    (operator, key, value): (&str, &str, &str),
) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    let statements = document.get("Statement")?;
    let (path, found) = match statements {
        Value::Array(all) => (vec![Step::Key("Statement"), Step::Index(statement)], all.get(statement)?),
        alone => (vec![Step::Key("Statement")], alone),
    };
    let pair = format!("{}: {}", quoted(key), quoted(value));
    let (path, member) = match found.get("Condition") {
        None => (path, format!("\"Condition\": {{ {}: {{ {pair} }} }}", quoted(operator))),
        Some(condition) => {
            let inside: Vec<Step<'_>> = path.into_iter().chain([Step::Key("Condition")]).collect();
            match condition.get(operator) {
                None => (inside, format!("{}: {{ {pair} }}", quoted(operator))),
                Some(keys) if keys.get(key).is_none() => {
                    (inside.into_iter().chain([Step::Key(operator)]).collect(), pair)
                }
                Some(_) => return None,
            }
        }
    };
    let end = end_of(text, &path)?;
    let edited = insert(text, end, &member, ",")?;
    // What is written has to be JSON still.
    serde_json::from_str::<Value>(&edited).ok()?;
    Some(edited)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Puts a member before the bracket that ends an object, on a line of its own where the others have one.
pub(crate) fn insert(text: &str, end: usize, member: &str, comma: &str) -> Option<String> {
    let before = text.get(..end)?;
    let body = before.trim_end();
    let gap = before.get(body.len()..)?;
    let is_empty = body.ends_with('{');
    let comma = if is_empty || body.ends_with(',') { "" } else { comma };
    let separator = if gap.contains('\n') {
        let line = body.rsplit('\n').next()?;
        let indent: String = line.chars().take_while(|it| it.is_whitespace()).collect();
        let more = if is_empty { "  " } else { "" };
        // The last member may end on a line of its own that begins further to the left.
        format!("\n{indent}{more}")
    } else {
        " ".to_owned()
    };
    let gap = if gap.is_empty() { " " } else { gap };
    Some(format!("{body}{comma}{separator}{member}{gap}{}", text.get(end..)?))
}

enum Step<'s> {
    Key(&'s str),
    Index(usize),
}

/// Where the object at a path ends: the place of its closing bracket.
fn end_of(text: &str, path: &[Step<'_>]) -> Option<usize> {
    let mut part: &serde_json::value::RawValue = serde_json::from_str(text).ok()?;
    for step in path {
        part = match step {
            Step::Key(key) => {
                let members: std::collections::BTreeMap<String, &serde_json::value::RawValue> =
                    serde_json::from_str(part.get()).ok()?;
                members.get(*key).copied()?
            }
            Step::Index(index) => {
                let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(part.get()).ok()?;
                items.get(*index).copied()?
            }
        };
    }
    let start = part.get().as_ptr() as usize - text.as_ptr() as usize;
    let end = start + part.get().len();
    text.get(..end)?.ends_with('}').then_some(end - 1)
}

#[cfg(test)]
mod tests {
    use super::add_condition;

    const CONDITION: (&str, &str, &str) = ("StringEquals", "aws:PrincipalOrgID", "o-acme");

    #[test]
    fn the_layout_of_the_rest_stays() {
        let text = "{\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": [\"a\",\n        \"b\"]\n    }\n  ]\n}\n";
        let edited = add_condition(text, 0, CONDITION).unwrap();
        assert!(edited.contains("\"b\"],\n"), "{edited}");
        assert!(edited.contains(
            "\"Condition\": { \"StringEquals\": { \"aws:PrincipalOrgID\": \"o-acme\" } }\n    }\n  ]"
        ));
        assert_eq!(
            add_condition(r#"{"Statement":{"Effect":"Allow","Condition":{"Bool":{"a":"b"}}}}"#, 0, CONDITION)
                .unwrap(),
            r#"{"Statement":{"Effect":"Allow","Condition":{"Bool":{"a":"b"}, "StringEquals": { "aws:PrincipalOrgID": "o-acme" } }}}"#
        );
    }

    #[test]
    fn what_is_said_already_is_not_replaced() {
        let text = r#"{"Statement":[{"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-other"}}}]}"#;
        assert_eq!(add_condition(text, 0, CONDITION), None);
        assert_eq!(add_condition(text, 1, CONDITION), None);
        assert_eq!(add_condition("no json", 0, CONDITION), None);
    }
}
