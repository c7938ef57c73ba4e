//! The functions of Terraform that policy documents are written with.

use super::Spelled;
use super::spelled::Part;

/// Applies a function; functions that are not known give a value that cannot be told.
pub(super) fn call(name: &str, arguments: &[Spelled]) -> Spelled {
    let open = |why: &str| Spelled::Open(format!("`{name}` {why}"));
    if let Some(Spelled::Open(why)) = arguments.iter().find(|argument| matches!(argument, Spelled::Open(_)))
        && !matches!(name, "jsonencode")
    {
        return Spelled::Open(why.clone());
    }
    match (name, arguments) {
        ("jsonencode", [value]) => Spelled::Json(Box::new(value.clone())),
        ("jsondecode", [Spelled::Json(value)]) => (**value).clone(),
        ("toset" | "tolist" | "tomap" | "tostring" | "sensitive" | "nonsensitive" | "trimspace", [value]) => {
            value.clone()
        }
        ("merge", maps) => {
            let mut merged: Vec<(String, Spelled)> = Vec::new();
            for map in maps {
                let Spelled::Map(entries) = map else { return open("is given something else than a map") };
                for (name, value) in entries {
                    match merged.iter_mut().find(|(known, _)| known == name) {
                        Some((_, known)) => *known = value.clone(),
                        None => merged.push((name.clone(), value.clone())),
                    }
                }
            }
            Spelled::Map(merged)
        }
        ("concat", lists) => {
            let mut all = Vec::new();
            for list in lists {
                let Spelled::List(items) = list else { return open("is given something else than a list") };
                all.extend(items.iter().cloned());
            }
            Spelled::List(all)
        }
        ("flatten", [Spelled::List(items)]) => {
            let mut flat = Vec::new();
            flatten(items, &mut flat);
            Spelled::List(flat)
        }
        ("compact", [Spelled::List(items)]) if items.iter().all(|item| item.literal().is_some()) => {
            let full = items.iter().filter(|item| item.literal().is_some_and(|text| !text.is_empty()));
            Spelled::List(full.cloned().collect())
        }
        ("keys", [Spelled::Map(entries)]) => {
            let mut keys: Vec<&String> = entries.iter().map(|(name, _)| name).collect();
            keys.sort();
            Spelled::List(keys.into_iter().map(Spelled::text).collect())
        }
        ("values", [Spelled::Map(entries)]) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(name, _)| name);
            Spelled::List(entries.into_iter().map(|(_, value)| value.clone()).collect())
        }
        ("lookup", [map @ Spelled::Map(entries), key, rest @ ..]) => match (key.literal(), rest) {
            (Some(key), [default]) if !entries.iter().any(|(name, _)| *name == key) => default.clone(),
            (Some(key), _) => map.entry(&key),
            (None, _) => open("is given a key that is not known"),
        },
        ("join", [separator, Spelled::List(items)]) => match separator.literal() {
            Some(separator) => join(&separator, items),
            None => open("is given a separator that is not known"),
        },
        ("format", [template, values @ ..]) => match template.literal() {
            Some(template) => format(&template, values).unwrap_or_else(|| open("is not followed here")),
            None => open("is given a template that is not known"),
        },
        ("lower" | "upper", [value]) => match value.literal() {
            Some(text) if name == "lower" => Spelled::text(text.to_lowercase()),
            Some(text) => Spelled::text(text.to_uppercase()),
            None => open("is not followed here"),
        },
        _ => open("is not followed here"),
    }
}

fn flatten(items: &[Spelled], out: &mut Vec<Spelled>) {
    for item in items {
        match item {
            Spelled::List(inner) => flatten(inner, out),
            other => out.push(other.clone()),
        }
    }
}

fn join(separator: &str, items: &[Spelled]) -> Spelled {
    let mut parts = Vec::new();
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            parts.push(Part::Literal(separator.to_owned()));
        }
        match item.clone().into_parts() {
            Ok(more) => parts.extend(more),
            Err(why) => return Spelled::Open(why),
        }
    }
    Spelled::Text(parts)
}

/// `format` with nothing but `%s` and `%%`.
fn format(template: &str, values: &[Spelled]) -> Option<Spelled> {
    let mut parts = Vec::new();
    let mut values = values.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(Part::Literal(before.to_owned()));
        if let Some(after) = after.strip_prefix('s') {
            parts.extend(values.next()?.clone().into_parts().ok()?);
            rest = after;
        } else {
            rest = after.strip_prefix('%')?;
            parts.push(Part::Literal("%".to_owned()));
        }
    }
    parts.push(Part::Literal(rest.to_owned()));
    values.next().is_none().then_some(Spelled::Text(parts))
}
