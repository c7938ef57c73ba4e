//! What would keep a statement from denying a request.

use orgward_iam::{BaseOperator, Condition, Statement};

/// What would keep a statement that denies from applying, one way for each of its conditions that the caller can do
/// something about; empty where there is none.
pub fn ways(statement: &Statement) -> Vec<String> {
    let mut ways: Vec<String> = statement.conditions.iter().filter_map(way).collect();
    ways.dedup();
    ways
}

/// What would make one condition not hold.
fn way(line: &Condition) -> Option<String> {
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
        "aws:principalarn" if negated => Some(format!("use a role like {wanted}")),
        "aws:tagkeys" => Some(format!("set the tags {wanted}")),
        "aws:multifactorauthpresent" => Some("sign in with a second factor".to_owned()),
        // What the caller sends with the request; the rest is a matter of who and on what.
        _ if !lower.starts_with("aws:") && !one_of.is_empty() => Some(format!("set `{key}`{one_of}")),
        _ => None,
    }
}
