//! Reading policy documents.

mod condition;
pub(crate) mod json;
mod kind;
mod layout;
mod principal;
mod statement;

#[cfg(test)]
mod tests;

use std::ops::Range;

use self::json::{Member, Node, Shape};
pub(crate) use self::layout::layout;
use crate::{Kind, PolicyError, Spanned, Statement, Version};

/// More than any policy that AWS takes, even with a lot of white space.
const LONGEST: usize = 1 << 20;

/// Reads the version and the statements of a policy document.
pub(crate) fn policy(text: &str, kind: Kind) -> Result<(Version, Vec<Statement>), PolicyError> {
    if text.len() > LONGEST {
        return Err(PolicyError::new(
            0..0,
            format!("the document has {} bytes, more than any policy", text.len()),
            "AWS takes policies of at most a few ten thousand characters",
        ));
    }
    if text.trim().is_empty() {
        return Err(PolicyError::new(0..text.len(), "the document is empty", "a policy is one JSON object"));
    }
    let root = Node::of(text)?;
    let [version, _id, statement] = elements(&root, "a policy document", ["Version", "Id", "Statement"])?;
    let version = match version {
        Some(member) => read_version(&member.value)?,
        None => Version::V2008,
    };
    let Some(statement) = statement else {
        return Err(PolicyError::new(
            root.span(),
            "the document has no `Statement`",
            "add a list of statements as `Statement`",
        ));
    };
    let nodes = match statement.value.shape() {
        Shape::Array => statement.value.items()?,
        _ => vec![statement.value],
    };
    let statements = nodes.iter().map(|node| statement::read(node, kind)).collect::<Result<Vec<_>, _>>()?;
    kind::check(kind, &statements)?;
    Ok((version, statements))
}

fn read_version(node: &Node<'_>) -> Result<Version, PolicyError> {
    match string(node, "`Version`")?.as_str() {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        other => Err(PolicyError::new(
            node.span(),
            format!("there is no policy language version `{other}`"),
            "use `2012-10-17`; it is the version of the language, not a date of the document",
        )),
    }
}

/// The elements of an object by name; anything else in it is an error.
pub(crate) fn elements<'t, const N: usize>(
    node: &Node<'t>,
    what: &str,
    names: [&str; N],
) -> Result<[Option<Member<'t>>; N], PolicyError> {
    expect(node, Shape::Object, what)?;
    let mut found = [const { None }; N];
    for member in node.members()? {
        let slot = names.iter().position(|name| *name == member.name).and_then(|at| found.get_mut(at));
        let Some(slot) = slot else {
            return Err(PolicyError::new(
                member.key,
                format!("unknown element `{}`", member.name),
                did_you_mean(&member.name, &names).unwrap_or_else(|| format!("{what} has {}", list(&names))),
            ));
        };
        *slot = Some(member);
    }
    Ok(found)
}

/// One string, or a list of strings.
fn strings(node: &Node<'_>, what: &str) -> Result<Vec<Spanned<String>>, PolicyError> {
    let nodes = match node.shape() {
        Shape::Array => node.items()?,
        _ => vec![*node],
    };
    nodes.iter().map(|node| Ok(Spanned { value: string(node, what)?, span: node.span() })).collect()
}

pub(crate) fn string(node: &Node<'_>, what: &str) -> Result<String, PolicyError> {
    expect(node, Shape::String, what)?;
    node.string()
}

pub(crate) fn expect(node: &Node<'_>, shape: Shape, what: &str) -> Result<(), PolicyError> {
    if node.shape() == shape {
        return Ok(());
    }
    Err(PolicyError::new(
        node.span(),
        format!("{what} is {} where {} belongs", node.shape().name(), shape.name()),
        format!("write {}", shape.name()),
    ))
}

/// "did you mean" for the candidate that is nearest, if one is near.
pub(crate) fn did_you_mean(word: &str, candidates: &[&str]) -> Option<String> {
    let same = candidates.iter().find(|candidate| candidate.eq_ignore_ascii_case(word));
    let near = || {
        candidates
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 4))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, candidate)| candidate)
    };
    // A long word is near to nothing, and the distance takes the product of both lengths.
    let found = same.or_else(|| if word.len() <= 64 { near() } else { None })?;
    Some(format!("did you mean `{found}`?"))
}

/// "`a`, `b` and `c`".
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

/// An error about an element that is missing from a statement.
fn missing(span: Range<usize>, name: &str, help: impl Into<String>) -> PolicyError {
    PolicyError::new(span, format!("the statement has no `{name}`"), help)
}
