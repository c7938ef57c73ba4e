//! Functions of lists, sets and maps.

use super::Spelled;

/// Elements of a product that are followed.
const PRODUCT: usize = 10_000;

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    made(name, arguments).or_else(|| asked(name, arguments))
}

/// Functions that make a collection of collections.
fn made(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let open = |why: &str| Some(Spelled::open(format!("`{name}` {why}")));
    let listed = |argument: &Spelled| argument.items().map(<[_]>::to_vec);
    match (name, arguments) {
        ("tomap" | "nonsensitive" | "ephemeralasnull", [value]) => Some(value.clone()),
        ("sensitive", [_]) => open("hides its value"),
        ("tolist", [list]) => listed(list).map(Spelled::List),
        ("toset", [list]) => listed(list).map(Spelled::set),
        ("merge", maps) => {
            let mut all = Vec::new();
            for map in maps {
                match map {
                    Spelled::Map(entries) => all.extend(entries.iter().cloned()),
                    Spelled::Null => {}
                    _ => return open("is given something else than a map"),
                }
            }
            Some(Spelled::map(all))
        }
        ("concat", lists) => {
            let lists: Option<Vec<Vec<Spelled>>> = lists.iter().map(listed).collect();
            Some(Spelled::List(lists?.into_iter().flatten().collect()))
        }
        ("setunion", sets) => {
            let sets: Option<Vec<Vec<Spelled>>> = sets.iter().map(listed).collect();
            Some(Spelled::set(sets?.into_iter().flatten().collect()))
        }
        ("setsubtract", [left, right]) => {
            let (left, right) = (constants(left)?, constants(right)?);
            let kept = left.into_iter().filter(|item| !right.contains(item));
            Some(Spelled::set(kept.map(Spelled::text).collect()))
        }
        ("setintersection", [left, right]) => {
            let (left, right) = (constants(left)?, constants(right)?);
            let kept = left.into_iter().filter(|item| right.contains(item));
            Some(Spelled::set(kept.map(Spelled::text).collect()))
        }
        ("setproduct", lists) => {
            let mut rows: Vec<Vec<Spelled>> = vec![Vec::new()];
            for list in lists {
                let items = list.items()?;
                if rows.len().saturating_mul(list.size()) > PRODUCT {
                    return open("makes more than is followed here");
                }
                let longer = |row: &Vec<Spelled>, item: &Spelled| {
                    [row.as_slice(), std::slice::from_ref(item)].concat()
                };
                rows = rows.iter().flat_map(|row| items.iter().map(move |item| longer(row, item))).collect();
            }
            Some(Spelled::List(rows.into_iter().map(Spelled::List).collect()))
        }
        ("flatten", [list]) => {
            let mut flat = Vec::new();
            flatten(list.items()?, &mut flat)?;
            Some(Spelled::List(flat))
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
        ("sort", [list]) => {
            let mut words = constants(list)?;
            words.sort();
            Some(Spelled::List(words.into_iter().map(Spelled::text).collect()))
        }
        ("reverse", [list]) => Some(Spelled::List(list.items()?.iter().rev().cloned().collect())),
        ("slice", [list, from, to]) => {
            let at = |value: &Spelled| value.literal()?.parse::<usize>().ok();
            Some(Spelled::List(list.items()?.get(at(from)?..at(to)?)?.to_vec()))
        }
        _ => None,
    }
}

/// Functions that pick something out of a collection, or ask something of it.
fn asked(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    match (name, arguments) {
        ("keys", [Spelled::Map(entries)]) => {
            Some(Spelled::List(entries.iter().map(|(name, _)| Spelled::text(name)).collect()))
        }
        ("values", [Spelled::Map(entries)]) => {
            Some(Spelled::List(entries.iter().map(|(_, value)| value.clone()).collect()))
        }
        ("zipmap", [keys, values]) => {
            let (keys, values) = (constants(keys)?, values.items()?);
            let same = keys.len() == values.len();
            same.then(|| Spelled::map(keys.into_iter().zip(values.iter().cloned())))
        }
        ("lookup", [Spelled::Map(entries), key, rest @ ..]) => {
            let key = key.literal()?;
            match entries.iter().find(|(name, _)| *name == key) {
                Some((_, value)) => Some(value.clone()),
                None => rest.first().cloned(),
            }
        }
        ("element", [list, index]) => {
            let items = list.items()?;
            let index: usize = index.literal()?.parse().ok()?;
            items.get(index.checked_rem(items.len())?).cloned()
        }
        ("one", [list]) => match list.items()? {
            [] => Some(Spelled::Null),
            [only] => Some(only.clone()),
            _ => Some(Spelled::open("`one` is given several")),
        },
        ("length", [value]) => {
            let length = match value {
                Spelled::List(items) => items.len(),
                Spelled::Map(entries) => entries.len(),
                // Two elements that are unknown may turn out to be the same.
                Spelled::Set(items) if items.len() < 2 || constants(value).is_some() => items.len(),
                other => other.literal()?.chars().count(),
            };
            Some(Spelled::Number(length.to_string()))
        }
        ("contains", [list, wanted]) => {
            let items = list.items()?;
            if items.contains(wanted) {
                return Some(Spelled::Bool(true));
            }
            let (items, wanted) = (constants(list)?, wanted.literal()?);
            debug_assert_eq!(items.len(), list.items()?.len());
            Some(Spelled::Bool(items.contains(&wanted)))
        }
        ("coalesce", values) => first(values, |value| value.literal().is_some_and(|text| text.is_empty())),
        ("coalescelist", lists) => first(lists, |list| list.items().is_some_and(<[_]>::is_empty)),
        ("alltrue" | "anytrue", [list]) => {
            let wanted = name == "anytrue";
            let truth = |item: &Spelled| match item {
                Spelled::Bool(value) => Some(*value),
                _ => None,
            };
            let items: Option<Vec<bool>> = list.items()?.iter().map(truth).collect();
            Some(Spelled::Bool(items?.contains(&wanted) == wanted))
        }
        _ => None,
    }
}

/// The elements of a list, when all of them are known.
fn constants(list: &Spelled) -> Option<Vec<String>> {
    list.items()?.iter().map(Spelled::literal).collect()
}

/// Lists in lists become one; `None` when one of them cannot be told.
fn flatten(items: &[Spelled], out: &mut Vec<Spelled>) -> Option<()> {
    for item in items {
        match item {
            Spelled::List(inner) | Spelled::Set(inner) => flatten(inner, out)?,
            // It may be a list.
            Spelled::Open(_) | Spelled::Refused(_) => return None,
            other => out.push(other.clone()),
        }
    }
    Some(())
}

/// The first value that is there and not empty. Of an attribute that is unknown, only an ARN or id surely is.
fn first(values: &[Spelled], is_empty: impl Fn(&Spelled) -> bool) -> Option<Spelled> {
    let value = values.iter().find(|value| **value != Spelled::Null && !is_empty(value))?;
    let is_sure = match value {
        Spelled::Text(_) => {
            value.literal().is_some()
                || value.reference().is_some_and(|found| {
                    found.targets.iter().all(|target| matches!(target.attribute.as_str(), "arn" | "id"))
                })
        }
        _ => true,
    };
    is_sure.then(|| value.clone())
}
