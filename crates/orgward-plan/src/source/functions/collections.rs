//! Functions of lists and maps.

use super::numbers::integer;
use super::{alike, equal, is_known, truth};
use crate::source::Spelled;

pub(super) const NAMES: &[&str] = &[
    "alltrue",
    "anytrue",
    "chunklist",
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "contains",
    "distinct",
    "element",
    "flatten",
    "index",
    "keys",
    "length",
    "lookup",
    "matchkeys",
    "merge",
    "one",
    "reverse",
    "slice",
    "sort",
    "tolist",
    "tomap",
    "transpose",
    "values",
    "zipmap",
];

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    made(name, arguments).or_else(|| picked(name, arguments)).or_else(|| asked(name, arguments))
}

/// Functions that make a collection of collections.
fn made(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let listed = |argument: &Spelled| argument.items().map(<[_]>::to_vec);
    match (name, arguments) {
        ("sensitive" | "nonsensitive" | "ephemeralasnull", [value]) => Some(value.clone()),
        ("tomap", [Spelled::Map(entries)]) => {
            let values: Vec<Spelled> = entries.iter().map(|(_, value)| value.clone()).collect();
            let names = entries.iter().map(|(name, _)| name.clone());
            Some(Spelled::map(names.zip(unified(values))).at(entries.origin.clone()))
        }
        ("tolist" | "tomap", [Spelled::Null]) => Some(Spelled::Null),
        ("tolist", [list]) => Some(Spelled::List(unified(listed(list)?))),
        ("merge", maps) => {
            let mut all = Vec::new();
            let mut origin = None;
            for map in maps {
                match map {
                    Spelled::Map(entries) => {
                        origin = origin.or_else(|| entries.origin.clone());
                        all.extend(entries.iter().cloned());
                    }
                    Spelled::Null => {}
                    _ => return None,
                }
            }
            Some(Spelled::map(all).at(origin))
        }
        ("concat", [_, ..]) => {
            let lists: Option<Vec<Vec<Spelled>>> = arguments.iter().map(listed).collect();
            Some(Spelled::List(lists?.into_iter().flatten().collect()))
        }
        ("flatten", [list]) => {
            let mut flat = Vec::new();
            match flatten(list.items()?, &mut flat) {
                Ok(()) => Some(Spelled::List(flat)),
                Err(open) => Some(open),
            }
        }
        ("compact", [list]) => {
            let items = list.items()?;
            // What is unknown may be empty; an attribute of a resource that is an ARN or id is not.
            let full =
                items.iter().filter(|item| **item != Spelled::Null && item.literal().as_deref() != Some(""));
            Some(Spelled::List(full.cloned().collect()))
        }
        ("distinct", [list]) => {
            let mut distinct: Vec<Spelled> = Vec::new();
            for item in list.items()? {
                if !distinct.contains(item) {
                    distinct.push(item.clone());
                }
            }
            Some(Spelled::List(distinct))
        }
        // One element is sorted, whatever it turns out to be.
        ("sort", [Spelled::List(items) | Spelled::Set(items)])
            if matches!(items.as_slice(), [Spelled::Text(_)]) =>
        {
            Some(Spelled::List(items.clone()))
        }
        ("sort", [list]) => {
            let mut words = constants(list)?;
            words.sort();
            Some(Spelled::List(words.into_iter().map(Spelled::text).collect()))
        }
        ("reverse", [list @ Spelled::List(items)]) if list.items().is_some() => {
            Some(Spelled::List(items.iter().rev().cloned().collect()))
        }
        ("chunklist", [list, size]) => {
            let items = list.items()?;
            let size = usize::try_from(integer(size)?).ok()?;
            let size = if size == 0 { items.len().max(1) } else { size };
            Some(Spelled::List(items.chunks(size).map(|chunk| Spelled::List(chunk.to_vec())).collect()))
        }
        ("zipmap", [keys, values]) => {
            let (keys, values) = (constants(keys)?, values.items()?);
            let same = keys.len() == values.len();
            same.then(|| Spelled::map(keys.into_iter().zip(values.iter().cloned())))
        }
        ("transpose", [Spelled::Map(entries)]) => {
            let mut turned: Vec<(String, Vec<String>)> = Vec::new();
            for (name, values) in entries {
                for value in constants(values)? {
                    match turned.iter_mut().find(|(known, _)| *known == value) {
                        Some((_, names)) => names.push(name.clone()),
                        None => turned.push((value, vec![name.clone()])),
                    }
                }
            }
            let list = |names: Vec<String>| Spelled::List(names.into_iter().map(Spelled::text).collect());
            Some(Spelled::map(turned.into_iter().map(|(value, names)| (value, list(names)))))
        }
        _ => None,
    }
}

/// Functions that pick something out of a collection.
fn picked(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    match (name, arguments) {
        ("keys", [Spelled::Map(entries)]) => {
            Some(Spelled::List(entries.iter().map(|(name, _)| Spelled::text(name)).collect()))
        }
        ("values", [Spelled::Map(entries)]) => {
            Some(Spelled::List(entries.iter().map(|(_, value)| value.clone()).collect()))
        }
        ("lookup", [map @ Spelled::Map(_), key, rest @ ..]) => match map.child(&key.literal()?) {
            Some(value) => Some(value.clone()),
            None => rest.first().cloned(),
        },
        ("element", [Spelled::List(items), index]) => {
            let index = usize::try_from(integer(index)?).ok()?;
            items.get(index.checked_rem(items.len())?).cloned()
        }
        ("slice", [Spelled::List(items), from, to]) => {
            let at = |value: &Spelled| usize::try_from(integer(value)?).ok();
            Some(Spelled::List(items.get(at(from)?..at(to)?)?.to_vec()))
        }
        ("one", [list]) => match (list.items()?, list) {
            ([], _) => Some(Spelled::Null),
            ([only], _) => Some(only.clone()),
            // Elements that are unknown may turn out to be the same.
            (_, Spelled::Set(_)) if !is_known(list) => {
                Some(Spelled::open("`one` is given a set that is unknown"))
            }
            _ => Some(Spelled::Refused("`one` is given several".to_owned())),
        },
        ("matchkeys", [values, keys, wanted]) => {
            let (values, keys, wanted) = (values.items()?, constants(keys)?, constants(wanted)?);
            if values.len() != keys.len() {
                return None;
            }
            let matching = values.iter().zip(&keys).filter(|(_, key)| wanted.contains(key));
            Some(Spelled::List(matching.map(|(value, _)| value.clone()).collect()))
        }
        ("coalesce", [_, ..]) => {
            let found = first(arguments, |value| value.literal().is_some_and(|text| text.is_empty()))?;
            let text = arguments.iter().find(|value| matches!(value, Spelled::Text(_)));
            Some(match text {
                Some(text) => alike(found, text),
                None => found,
            })
        }
        ("coalescelist", [_, ..]) => {
            if arguments.contains(&Spelled::Null) {
                return None;
            }
            first(arguments, |list| list.items().is_some_and(<[_]>::is_empty))
        }
        _ => None,
    }
}

/// Functions that ask something of a collection.
fn asked(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    match (name, arguments) {
        ("length", [value]) => {
            let length = match value {
                Spelled::List(items) => items.len(),
                Spelled::Map(entries) => entries.len(),
                // Two elements that are unknown may turn out to be the same.
                Spelled::Set(items) if items.len() < 2 || constants(value).is_some() => items.len(),
                Spelled::Text(_) | Spelled::Json(_) => value.literal()?.chars().count(),
                _ => return None,
            };
            Some(Spelled::Number(length.to_string()))
        }
        ("contains", [list, wanted]) => {
            let items = list.items()?;
            if *wanted == Spelled::Null {
                return None;
            }
            let equal: Vec<Option<bool>> = items.iter().map(|item| equal(item, wanted)).collect();
            if equal.contains(&Some(true)) {
                return Some(Spelled::Bool(true));
            }
            let surely = equal.iter().all(|equal| *equal == Some(false));
            Some(if surely {
                Spelled::Bool(false)
            } else {
                Spelled::open("whether a list contains something is unknown until apply")
            })
        }
        ("index", [Spelled::List(items), wanted]) => {
            for (at, item) in items.iter().enumerate() {
                match equal(item, wanted) {
                    Some(true) => return Some(Spelled::Number(at.to_string())),
                    Some(false) => {}
                    None => {
                        return Some(Spelled::open("where something is in a list is unknown until apply"));
                    }
                }
            }
            None
        }
        ("alltrue" | "anytrue", [list]) => {
            let wanted = name == "anytrue";
            // What is null is not true.
            let items = list.items()?.iter().map(|item| match item {
                Spelled::Null => Some(false),
                item => truth(item),
            });
            let items: Vec<Option<bool>> = items.collect();
            if items.contains(&Some(wanted)) {
                return Some(Spelled::Bool(wanted));
            }
            let known: Option<Vec<bool>> = items.into_iter().collect();
            known.map(|_| Spelled::Bool(!wanted))
        }
        _ => None,
    }
}

/// The elements of a list, when all of them are known.
pub(super) fn constants(list: &Spelled) -> Option<Vec<String>> {
    list.items()?.iter().map(Spelled::literal).collect()
}

/// Values in the type that they have in common.
pub(super) fn unified(values: Vec<Spelled>) -> Vec<Spelled> {
    let text = values.iter().find(|value| matches!(value, Spelled::Text(_))).cloned();
    if let Some(text) = text {
        return values.into_iter().map(|value| alike(value, &text)).collect();
    }
    if values.iter().any(|value| matches!(value, Spelled::Map(_))) {
        // Each with all others: what is text in one is text in all.
        let others = values.clone();
        return values.into_iter().map(|value| others.iter().take(64).fold(value, alike)).collect();
    }
    values
}

/// Lists in lists become one; the error is a value of which it is unknown whether it is a list.
fn flatten(items: &[Spelled], out: &mut Vec<Spelled>) -> Result<(), Spelled> {
    for item in items {
        match item {
            Spelled::List(inner) | Spelled::Set(inner) => flatten(inner, out)?,
            Spelled::Open(_) | Spelled::Refused(_) => return Err(item.clone()),
            // An attribute that is unknown may be a list, where its name does not say what it is.
            Spelled::Text(_) if item.reference().is_some_and(|_| !is_single(item)) => {
                return Err(Spelled::open("`flatten` is given something that may be a list"));
            }
            other => out.push(other.clone()),
        }
    }
    Ok(())
}

/// Whether a reference surely is to one string that is not empty.
fn is_single(value: &Spelled) -> bool {
    value.reference().is_some_and(|found| {
        found.targets.iter().all(|target| {
            let last = target.attribute.rsplit('.').next().unwrap_or_default();
            matches!(last, "arn" | "id" | "name" | "unique_id" | "account_id")
                || last.ends_with("_arn")
                || last.ends_with("_id")
        })
    })
}

/// The first value that is there and not empty. Of an attribute that is unknown, only an ARN, an id or a document surely is.
fn first(values: &[Spelled], is_empty: impl Fn(&Spelled) -> bool) -> Option<Spelled> {
    let value = values.iter().find(|value| **value != Spelled::Null && !is_empty(value))?;
    let is_sure = match value {
        Spelled::Text(_) => {
            value.literal().is_some()
                || value.reference().is_some_and(|found| {
                    let is_full = |name: &str| matches!(name, "arn" | "id" | "json" | "minified_json");
                    found.targets.iter().all(|target| is_full(&target.attribute))
                })
        }
        _ => true,
    };
    if is_sure {
        Some(value.clone())
    } else {
        Some(Spelled::open("whether a value is empty is unknown until apply"))
    }
}
