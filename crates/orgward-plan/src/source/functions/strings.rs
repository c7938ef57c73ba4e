//! Functions of strings.

use regex::{Regex, RegexBuilder};

use super::format;
use super::numbers::integer;
use crate::source::Spelled;
use crate::source::value::{HERE, Part};

pub(super) const NAMES: &[&str] = &[
    "abspath",
    "basename",
    "chomp",
    "dirname",
    "endswith",
    "format",
    "formatlist",
    "indent",
    "join",
    "lower",
    "regex",
    "regexall",
    "replace",
    "split",
    "startswith",
    "strcontains",
    "strrev",
    "substr",
    "title",
    "tobool",
    "tostring",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
];

/// Bytes of a text that a function makes.
pub(super) const LONGEST: usize = 4 << 20;
/// Bytes of a compiled regular expression.
const PROGRAM: usize = 1 << 20;

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let words: Option<Vec<String>> = arguments.iter().map(Spelled::literal).collect();
    let words = words.as_deref();
    if let Some(text) = words.and_then(|words| made(name, words)) {
        // The lines that the text was on stay known.
        return Some(match arguments.first() {
            Some(Spelled::Text(parts)) => match parts.as_slice() {
                [Part::Literal(whole)] => Spelled::Text(vec![Part::Literal(whole.with(text))]),
                _ => Spelled::text(text),
            },
            _ => Spelled::text(text),
        });
    }
    let answer = match (name, words) {
        ("startswith", Some([text, part])) => Some(text.starts_with(part.as_str())),
        ("endswith", Some([text, part])) => Some(text.ends_with(part.as_str())),
        ("strcontains", Some([text, part])) => Some(text.contains(part.as_str())),
        ("tobool", Some([text])) if !matches!(arguments, [Spelled::Number(_)]) => match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    };
    if let Some(answer) = answer {
        return Some(Spelled::Bool(answer));
    }
    match (name, arguments) {
        ("abspath", [path]) => match path.below_here() {
            Some(rest) => Some(Spelled::absolute(rest.trim_start_matches('/'))),
            None => path.literal().map(|path| Spelled::absolute(&path)),
        },
        // What the folder is called, and the one above it, is unknown.
        ("basename" | "dirname", [path]) => {
            let rest = path.below_here()?.trim_end_matches('/');
            let Some((above, last)) = rest.rsplit_once('/') else { return Some(Spelled::open(HERE)) };
            Some(if name == "basename" {
                Spelled::text(last)
            } else {
                Spelled::absolute(above.trim_start_matches('/'))
            })
        }
        ("tostring" | "tobool", [Spelled::Null]) => Some(Spelled::Null),
        // An ARN or id has no white space around it.
        ("trimspace" | "chomp" | "tostring", [text @ Spelled::Text(_)]) if text.reference().is_some() => {
            Some(text.clone())
        }
        ("tostring", [text @ (Spelled::Text(_) | Spelled::Json(_))]) => Some(text.clone()),
        ("replace", [Spelled::Text(_) | Spelled::Json(_), from, to]) => {
            let parts = arguments.first()?.clone().into_parts().ok()?;
            replaced(parts, &from.literal()?, &to.literal()?)
        }
        ("split", [separator, text]) => {
            let (separator, text) = (separator.literal()?, text.literal()?);
            let parts: Vec<Spelled> = if separator.is_empty() {
                text.chars().map(String::from).map(Spelled::text).collect()
            } else {
                text.split(separator.as_str()).map(Spelled::text).collect()
            };
            Some(Spelled::List(parts))
        }
        ("join", [separator, lists @ ..]) if !lists.is_empty() => {
            let mut items = Vec::new();
            for list in lists {
                items.extend_from_slice(list.items()?);
            }
            join(&separator.literal()?, &items)
        }
        ("format", [template, values @ ..]) => format::one(&template.literal()?, values),
        ("formatlist", [template, values @ ..]) => format::list(&template.literal()?, values),
        ("regex", [pattern, text]) => {
            let text = text.literal()?;
            match compiled(&pattern.literal()?) {
                Ok(pattern) => captured(
                    &pattern,
                    pattern.captures(&text)?.iter().map(|found| found.map(|found| found.as_str())),
                ),
                Err(open) => Some(open),
            }
        }
        ("regexall", [pattern, text]) => {
            let text = text.literal()?;
            match compiled(&pattern.literal()?) {
                Ok(pattern) => pattern
                    .captures_iter(&text)
                    .map(|found| {
                        captured(&pattern, found.iter().map(|found| found.map(|found| found.as_str())))
                    })
                    .collect::<Option<Vec<_>>>()
                    .map(Spelled::List),
                Err(open) => Some(open),
            }
        }
        _ => None,
    }
}

/// Functions from texts to a text.
fn made(name: &str, words: &[String]) -> Option<String> {
    Some(match (name, words) {
        ("lower", [text]) => text.to_lowercase(),
        ("upper", [text]) => text.to_uppercase(),
        ("title", [text]) => title(text),
        ("trimspace", [text]) => text.trim().to_owned(),
        ("chomp", [text]) => text.trim_end_matches(['\n', '\r']).to_owned(),
        ("trim", [text, set]) => text.trim_matches(|c| set.contains(c)).to_owned(),
        ("trimprefix", [text, part]) => text.strip_prefix(part.as_str()).unwrap_or(text).to_owned(),
        ("trimsuffix", [text, part]) => text.strip_suffix(part.as_str()).unwrap_or(text).to_owned(),
        ("replace", [text, from, to]) if is_expression(from) => {
            let pattern = compiled(from.get(1..from.len() - 1)?).ok()?;
            if pattern.find_iter(text).count().saturating_mul(to.len() + text.len()) > LONGEST {
                return None;
            }
            pattern.replace_all(text, to.as_str()).into_owned()
        }
        ("replace", [text, from, to]) => {
            let longer = text.matches(from.as_str()).count().saturating_mul(to.len());
            if longer > LONGEST {
                return None;
            }
            text.replace(from.as_str(), to)
        }
        ("substr", [text, from, length]) => substring(text, from, length)?,
        ("strrev", [text]) => text.chars().rev().collect(),
        ("indent", [spaces, text]) => {
            let spaces =
                integer(&Spelled::Number(spaces.clone())).and_then(|spaces| usize::try_from(spaces).ok())?;
            if text.lines().count().saturating_mul(spaces) > LONGEST {
                return None;
            }
            text.replace('\n', &format!("\n{}", " ".repeat(spaces)))
        }
        ("basename", [path]) => basename(path),
        ("dirname", [path]) => dirname(path),
        ("abspath", [path]) if path.starts_with('/') => cleaned(path),
        ("tostring", [text]) => text.clone(),
        _ => return None,
    })
}

/// Replaces in what is known of a text of which something is unknown. `None` where an occurrence may reach into what is
/// unknown.
fn replaced(parts: Vec<Part>, from: &str, to: &str) -> Option<Spelled> {
    if from.is_empty() || is_expression(from) {
        return None;
    }
    let ends = || from.char_indices().skip(1).map(|(at, _)| from.split_at(at));
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Literal(before)), Part::Literal(text)) => {
                *before = before.with(format!("{}{}", &**before, &*text));
            }
            (_, part) => joined.push(part),
        }
    }
    let last = joined.len().checked_sub(1)?;
    let mut out = Vec::new();
    for (at, part) in joined.into_iter().enumerate() {
        out.push(match part {
            Part::Literal(text) => {
                let reaches = |(start, end): (&str, &str)| {
                    at < last && text.ends_with(start) || at > 0 && text.starts_with(end)
                };
                let longer = text.matches(from).count().saturating_mul(to.len());
                if ends().any(reaches) || longer > LONGEST {
                    return None;
                }
                Part::Literal(text.with(text.replace(from, to)))
            }
            _ => Part::Open("`replace` may change it".to_owned()),
        });
    }
    Some(Spelled::Text(out))
}

/// Whether `replace` takes it for a regular expression.
fn is_expression(pattern: &str) -> bool {
    pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/')
}

fn compiled(pattern: &str) -> Result<Regex, Spelled> {
    let open = |_| Spelled::open("a regular expression is not followed here");
    RegexBuilder::new(pattern).size_limit(PROGRAM).build().map_err(open)
}

/// What a match gives: a string, a list or a map by the groups that the expression has.
fn captured<'t>(pattern: &Regex, groups: impl Iterator<Item = Option<&'t str>>) -> Option<Spelled> {
    let groups: Vec<Spelled> = groups.map(|group| group.map_or(Spelled::Null, Spelled::text)).collect();
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    let (whole, rest) = groups.split_first()?;
    if names.is_empty() {
        return Some(whole.clone());
    }
    if names.iter().all(Option::is_none) {
        return Some(Spelled::List(rest.to_vec()));
    }
    let keys: Option<Vec<&str>> = names.into_iter().collect();
    Some(Spelled::map(keys?.into_iter().map(str::to_owned).zip(rest.iter().cloned())))
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
        first = !character.is_alphanumeric() && character != '_';
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

fn basename(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path, trimmed) {
        ("", _) => ".".to_owned(),
        (_, "") => "/".to_owned(),
        _ => trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned(),
    }
}

/// An absolute path without steps that lead nowhere.
fn cleaned(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

fn dirname(path: &str) -> String {
    let Some((folder, _)) = path.rsplit_once('/') else { return ".".to_owned() };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") => parts.push(part),
                Some(_) => {
                    parts.pop();
                }
                None if folder.starts_with('/') => {}
                None => parts.push(part),
            },
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (folder.starts_with('/') || folder.is_empty(), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn join(separator: &str, items: &[Spelled]) -> Option<Spelled> {
    if separator.len().saturating_mul(items.len()) > LONGEST {
        return Some(Spelled::open("`join` makes more than is followed here"));
    }
    let mut parts = Vec::new();
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            parts.push(Part::Literal(separator.into()));
        }
        match item {
            Spelled::Null | Spelled::List(_) | Spelled::Set(_) | Spelled::Map(_) => return None,
            item => match item.clone().into_parts() {
                Ok(more) => parts.extend(more),
                Err(why) => return Some(Spelled::Open(why)),
            },
        }
    }
    Some(Spelled::Text(parts))
}
