//! Addresses and references as Terraform prints them: `module.ou["prod"].aws_x.y[0].id`.

use std::fmt::{self, Write};

use crate::{Key, ModulePath, ModuleStep};

/// One part of a traversal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Segment {
    Name(String),
    Key(Key),
}

/// Splits a traversal; `None` if it is not one.
pub(crate) fn parse(text: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        // The legacy form `aws_x.y.0.id`.
        let index = (!segments.is_empty()).then(|| name.parse().ok()).flatten();
        segments.push(index.map_or_else(|| Segment::Name(name.to_owned()), |i| Segment::Key(Key::Index(i))));
        rest = after;
        while let Some(inside) = rest.strip_prefix('[') {
            let (key, after) = bracket(inside)?;
            segments.push(Segment::Key(key));
            rest = after;
        }
        if rest.is_empty() {
            return Some(segments);
        }
        rest = rest.strip_prefix('.')?;
    }
}

/// The name that an address gives a resource, where it is another one than `name`. Terraform writes the same in both
/// places; references name the one of the address.
pub(crate) fn name_of(address: &str, name: &str) -> Option<String> {
    if address.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')) {
        return None;
    }
    let mut segments = parse(address)?;
    while let Some(Segment::Key(_)) = segments.last() {
        segments.pop();
    }
    match segments.pop()? {
        Segment::Name(own) if own != name => Some(own),
        _ => None,
    }
}

fn bracket(text: &str) -> Option<(Key, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (digits, rest) = text.split_once(']')?;
        return Some((Key::Index(digits.parse().ok()?), rest));
    };
    let mut key = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Key::Name(key), quoted.get(at + 1..)?.strip_prefix(']')?)),
            '\\' => key.push(escape(&mut characters)?),
            // `$${` and `%%{` are how a template writes `${` and `%{`.
            '$' | '%' if quoted.get(at + 1..).is_some_and(|rest| doubled(rest, character)) => {
                characters.next();
                key.push(character);
            }
            _ => key.push(character),
        }
    }
    None
}

fn doubled(rest: &str, character: char) -> bool {
    rest.strip_prefix(character).is_some_and(|rest| rest.starts_with('{'))
}

fn escape(characters: &mut std::str::CharIndices<'_>) -> Option<char> {
    let digits = match characters.next()?.1 {
        'n' => return Some('\n'),
        'r' => return Some('\r'),
        't' => return Some('\t'),
        'u' => 4,
        'U' => 8,
        other => return Some(other),
    };
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + characters.next()?.1.to_digit(16)?;
    }
    char::from_u32(code)
}

/// The module path at the start of a traversal, and what follows it.
pub(crate) fn module_path(segments: &[Segment]) -> (ModulePath, &[Segment]) {
    let mut steps = Vec::new();
    let mut rest = segments;
    while let [Segment::Name(head), Segment::Name(name), after @ ..] = rest {
        if head != "module" {
            break;
        }
        let (key, after) = match after {
            [Segment::Key(key), after @ ..] => (Some(key.clone()), after),
            _ => (None, after),
        };
        steps.push(ModuleStep { name: name.clone(), key });
        rest = after;
    }
    (ModulePath(steps), rest)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Index(index) => return write!(f, "[{index}]"),
            Self::Name(name) => name,
        };
        f.write_str("[\"")?;
        let mut characters = name.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '$' | '%' if characters.peek() == Some(&'{') => write!(f, "{character}{character}")?,
                control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_str("\"]")
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            write!(f, "{dot}module.{}", step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_the_resource() {
        assert_eq!(super::name_of("aws_x.main", "main"), None);
        assert_eq!(super::name_of("module.m[\"a.b\"].aws_x.main[\"k\"]", "main"), None);
        assert_eq!(super::name_of("aws_x.main", "workloads"), Some("main".to_owned()));
        assert_eq!(super::name_of("data.aws_x.main[0]", "other"), Some("main".to_owned()));
    }

    #[test]
    fn nested_module_with_keys() {
        let segments = parse(r#"module.ou["a.b\"]"].module.leaf.aws_x.y[0].id"#).unwrap();
        let (path, rest) = module_path(&segments);
        assert_eq!(path.to_string(), r#"module.ou["a.b\"]"].module.leaf"#);
        assert_eq!(rest.len(), 4);
    }

    #[test]
    fn key_that_looks_like_a_template() {
        let key = Key::Name("${x}%{y}$z".to_owned());
        assert_eq!(key.to_string(), r#"["$${x}%%{y}$z"]"#);
        assert_eq!(parse(&format!("a{key}")), Some(vec![Segment::Name("a".to_owned()), Segment::Key(key)]));
    }

    #[test]
    fn not_a_traversal() {
        for text in ["", ".", "a.", "a[", "a[\"b", "a[*]", "a[0", "a[\"b\"x", "a[\"\\u12"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
