//! Functions of sets.

use super::collections::{constants, unified};
use crate::source::Spelled;

pub(super) const NAMES: &[&str] = &["setintersection", "setproduct", "setsubtract", "setunion", "toset"];

/// Elements of a product that are followed.
const PRODUCT: usize = 100_000;

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let listed = |argument: &Spelled| argument.items().map(<[_]>::to_vec);
    let texts = |words: Vec<String>| Some(Spelled::set(words.into_iter().map(Spelled::text).collect()));
    match (name, arguments) {
        ("toset", [Spelled::Null]) => Some(Spelled::Null),
        ("toset", [list]) => Some(Spelled::set(unified(listed(list)?))),
        ("setunion", [_, ..]) => {
            let sets: Option<Vec<Vec<Spelled>>> = arguments.iter().map(listed).collect();
            Some(Spelled::set(unified(sets?.into_iter().flatten().collect())))
        }
        ("setsubtract", [left, right]) => {
            let (left, right) = (constants(left)?, constants(right)?);
            texts(left.into_iter().filter(|item| !right.contains(item)).collect())
        }
        ("setintersection", [first, rest @ ..]) => {
            let mut kept = constants(first)?;
            for other in rest {
                let other = constants(other)?;
                kept.retain(|item| other.contains(item));
            }
            texts(kept)
        }
        ("setproduct", [_, _, ..]) => product(arguments),
        _ => None,
    }
}

fn product(arguments: &[Spelled]) -> Option<Spelled> {
    let mut rows: Vec<Vec<Spelled>> = vec![Vec::new()];
    for list in arguments {
        let items = list.items()?;
        if rows.len().saturating_mul(list.size()) > PRODUCT {
            return Some(Spelled::open("`setproduct` makes more than is followed here"));
        }
        let longer =
            |row: &Vec<Spelled>, item: &Spelled| [row.as_slice(), std::slice::from_ref(item)].concat();
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| longer(row, item))).collect();
    }
    let rows: Vec<Spelled> = rows.into_iter().map(Spelled::List).collect();
    let are_sets = arguments.iter().all(|argument| matches!(argument, Spelled::Set(_)));
    Some(if are_sets { Spelled::Set(rows) } else { Spelled::List(rows) })
}
