//! What would keep a statement from denying a request.

use orgward_iam::{BaseOperator, Condition, Statement};

/// What would keep a statement that denies from applying, one way for each of its conditions that the caller can do
/// something about; empty where there is none.
pub fn ways(statement: &Statement) -> Vec<String> {
    let mut ways: Vec<String> = statement.conditions.iter().filter_map(way).collect();
    ways.dedup();
    ways
}

fn way(line: &Condition) -> Option<String> {
    way_around(line, "use a role like", |one_of| {
        // What the caller sends with the request; the rest is a matter of who and on what.
        let key = &line.key.value;
        let is_sent = !key.to_ascii_lowercase().starts_with("aws:") && !one_of.is_empty();
        let sign_in = key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent");
        sign_in
            .then(|| "sign in with a second factor".to_owned())
            .or_else(|| is_sent.then(|| format!("set `{key}`{one_of}")))
    })
}

/// What would make a condition not hold. `by` introduces the roles that it spares; of keys that not every call has,
/// `other` says it, and is told which value they need.
pub fn way_around(line: &Condition, by: &str, other: impl FnOnce(&str) -> Option<String>) -> Option<String> {
    let key = &line.key.value;
    let lower = key.to_ascii_lowercase();
    let values: Vec<String> = line.values.iter().map(|value| format!("`{}`", value.value)).collect();
    let wanted = values.join(" or ");
    let negated = line.operator.value.is_negated();
    let one_of = if line.operator.value.base == BaseOperator::Null {
        String::new()
    } else if negated {
        format!(" to {wanted}")
    } else {
        format!(" to another value than {wanted}")
    };
    if let Some(tag) = lower.strip_prefix("aws:requesttag/") {
        let tag = key.get(key.len() - tag.len()..).unwrap_or(tag);
        return Some(format!("set the tag `{tag}`{one_of}"));
    }
    match lower.as_str() {
        "aws:requestedregion" if negated => Some(format!("use the region {wanted}")),
        "aws:requestedregion" => Some(format!("use another region than {wanted}")),
        "aws:principalarn" if negated => Some(format!("{by} {wanted}")),
        "aws:tagkeys" => Some(format!("set the tags {wanted}")),
        _ => other(&one_of),
    }
}
