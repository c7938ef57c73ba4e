//! Functions of strings.

use super::Spelled;
use crate::source::spelled::{FOLDER, Part, UNIT};

/// Bytes of a text that a function makes.
const LONGEST: usize = 4 << 20;

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let open = |why: &str| Some(Spelled::open(format!("`{name}` {why}")));
    let words: Option<Vec<String>> = arguments.iter().map(Spelled::literal).collect();
    let known = match (name, words.as_deref()) {
        ("lower", Some([text])) => Some(text.to_lowercase()),
        ("upper", Some([text])) => Some(text.to_uppercase()),
        ("title", Some([text])) => Some(title(text)),
        ("trimspace", Some([text])) => Some(text.trim().to_owned()),
        ("chomp", Some([text])) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
        ("trim", Some([text, set])) => Some(text.trim_matches(|c| set.contains(c)).to_owned()),
        ("trimprefix", Some([text, part])) => {
            Some(text.strip_prefix(part.as_str()).unwrap_or(text).to_owned())
        }
        ("trimsuffix", Some([text, part])) => {
            Some(text.strip_suffix(part.as_str()).unwrap_or(text).to_owned())
        }
        ("replace", Some([text, from, to])) if !from.is_empty() && !is_expression(from) => {
            let longer = text.matches(from.as_str()).count().saturating_mul(to.len());
            (longer <= LONGEST).then(|| text.replace(from.as_str(), to))
        }
        ("substr", Some([text, from, length])) => substring(text, from, length),
        ("basename", Some([path])) => {
            path.trim_end_matches('/').rsplit(['/', FOLDER[1]]).next().map(str::to_owned)
        }
        ("dirname", Some([path])) => path.rsplit_once('/').map(|(folder, _)| folder.to_owned()),
        ("tostring", Some([text])) => Some(text.clone()),
        _ => None,
    };
    if let Some(text) = known {
        return Some(Spelled::text(text));
    }
    let answer = match (name, words.as_deref()) {
        ("startswith", Some([text, part])) => Some(text.starts_with(part.as_str())),
        ("endswith", Some([text, part])) => Some(text.ends_with(part.as_str())),
        ("strcontains", Some([text, part])) => Some(text.contains(part.as_str())),
        _ => None,
    };
    if let Some(answer) = answer {
        return Some(Spelled::Bool(answer));
    }
    match (name, arguments) {
        ("split", [separator, text]) => match (separator.literal(), text.literal()) {
            (Some(separator), Some(text)) if !separator.is_empty() => {
                Some(Spelled::List(text.split(separator.as_str()).map(Spelled::text).collect()))
            }
            _ => open("is given something that is not known"),
        },
        ("join", [separator, items]) => {
            let items = items.items()?;
            match separator.literal() {
                Some(separator) => Some(join(&separator, items)),
                None => open("is given a separator that is not known"),
            }
        }
        ("format", [template, values @ ..]) => match template.literal() {
            Some(template) => format(&template, values).or_else(|| open("is not followed here")),
            None => open("is given a template that is not known"),
        },
        ("formatlist", [template, values @ ..]) => formatlist(&template.literal()?, values),
        // An ARN or id has no white space around it.
        ("trimspace" | "chomp" | "tostring", [text @ Spelled::Text(_)]) if text.reference().is_some() => {
            Some(text.clone())
        }
        ("jsondecode", [Spelled::Json(value)]) => Some((**value).clone()),
        ("jsondecode", [text]) => {
            let value = text.literal().and_then(|text| serde_json::from_str(&text).ok());
            value.map_or_else(
                || open("is given something that is not known"),
                |value| Some(Spelled::of(&value)),
            )
        }
        ("tonumber", [text]) => {
            let number = text.literal().filter(|text| text.parse::<i64>().is_ok());
            number.map_or_else(|| open("is not followed here"), |number| Some(Spelled::Number(number)))
        }
        ("tobool", [text]) => match text.literal().as_deref() {
            Some("true") => Some(Spelled::Bool(true)),
            Some("false") => Some(Spelled::Bool(false)),
            _ => open("is not followed here"),
        },
        _ => None,
    }
}

fn is_expression(pattern: &str) -> bool {
    pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/')
}

fn title(text: &str) -> String {
    let mut out = String::new();
    let mut first = true;
    for character in text.chars() {
        if first {
            out.extend(character.to_uppercase());
        } else {
            out.push(character);
        }
        first = !character.is_alphanumeric() && character != '_' && character != '\'';
    }
    out
}

fn substring(text: &str, from: &str, length: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let from: i64 = from.parse().ok()?;
    let length: i64 = length.parse().ok()?;
    let total = i64::try_from(characters.len()).ok()?;
    let start = if from < 0 { (total + from).max(0) } else { from.min(total) };
    let end = if length < 0 { total } else { start.saturating_add(length).min(total) };
    let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
    Some(characters.get(range)?.iter().collect())
}

fn join(separator: &str, items: &[Spelled]) -> Spelled {
    if separator.len().saturating_mul(items.len()) > LONGEST {
        return Spelled::open("`join` makes more than is followed here");
    }
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

/// `format` with nothing but `%s`, `%v`, `%d` of what needs no other form, and `%%`.
fn format(template: &str, values: &[Spelled]) -> Option<Spelled> {
    let mut parts = Vec::new();
    let mut values = values.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(Part::Literal(before.to_owned()));
        rest = if let Some(after) = after.strip_prefix(['s', 'v', 'd']) {
            parts.extend(values.next()?.clone().into_parts().ok()?);
            after
        } else {
            parts.push(Part::Literal("%".to_owned()));
            after.strip_prefix('%')?
        };
    }
    parts.push(Part::Literal(rest.to_owned()));
    values.next().is_none().then_some(Spelled::Text(parts))
}

/// `format` for each element of the lists among the values.
fn formatlist(template: &str, values: &[Spelled]) -> Option<Spelled> {
    let length = values.iter().filter_map(|value| value.items().map(<[_]>::len)).max()?;
    let weight = template.len()
        + values.iter().filter(|value| value.items().is_none()).map(Spelled::size).sum::<usize>() * UNIT;
    if weight.saturating_mul(length) > LONGEST {
        return None;
    }
    let row = |at: usize| {
        let pick = |value: &Spelled| match value.items() {
            Some(items) => items.get(at).cloned(),
            None => Some(value.clone()),
        };
        let values: Option<Vec<Spelled>> = values.iter().map(pick).collect();
        format(template, &values?)
    };
    (0..length).map(row).collect::<Option<Vec<_>>>().map(Spelled::List)
}
