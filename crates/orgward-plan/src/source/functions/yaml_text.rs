//! `yamlencode`, as far as there is only one way to write a value.

use crate::source::Spelled;
use crate::source::value::Part;

/// Longer texts with spaces may be broken into lines.
const UNBROKEN: usize = 60;
/// Deeper than any real document.
const DEPTH: usize = 64;

/// A value as YAML; the error says why not.
pub(super) fn encode(value: &Spelled) -> Result<Spelled, String> {
    let mut out = Vec::new();
    block(value, 0, &mut out)?;
    Ok(Spelled::Text(out))
}

/// Writes a value that begins a line at an indentation.
fn block(value: &Spelled, indent: usize, out: &mut Vec<Part>) -> Result<(), String> {
    if indent > DEPTH {
        return Err("`yamlencode` is given more than is followed here".to_owned());
    }
    let pad = |out: &mut Vec<Part>, first: bool| {
        if !first {
            out.push(Part::Literal(" ".repeat(2 * indent).into()));
        }
    };
    match value {
        Spelled::List(items) | Spelled::Set(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                pad(out, at == 0);
                out.push(Part::Literal("- ".into()));
                block(item, indent + 1, out)?;
            }
        }
        Spelled::Map(entries) if !entries.is_empty() => {
            for (at, (name, value)) in entries.iter().enumerate() {
                pad(out, at == 0);
                quoted(&[Part::Literal(name.as_str().into())], out)?;
                match value {
                    // A list is as far to the right as the key that it belongs to.
                    Spelled::List(items) | Spelled::Set(items) if !items.is_empty() => {
                        out.push(Part::Literal(format!(":\n{}", " ".repeat(2 * indent)).into()));
                        block(value, indent, out)?;
                    }
                    Spelled::Map(entries) if !entries.is_empty() => {
                        out.push(Part::Literal(format!(":\n{}", " ".repeat(2 * indent + 2)).into()));
                        block(value, indent + 1, out)?;
                    }
                    value => {
                        out.push(Part::Literal(": ".into()));
                        block(value, indent, out)?;
                    }
                }
            }
        }
        value => {
            scalar(value, out)?;
            out.push(Part::Literal("\n".into()));
        }
    }
    Ok(())
}

fn scalar(value: &Spelled, out: &mut Vec<Part>) -> Result<(), String> {
    match value {
        Spelled::Null => out.push(Part::Literal("null".into())),
        Spelled::Bool(_) | Spelled::Number(_) => out.extend(value.clone().into_parts()?),
        Spelled::List(_) | Spelled::Set(_) => out.push(Part::Literal("[]".into())),
        Spelled::Map(_) => out.push(Part::Literal("{}".into())),
        Spelled::Text(parts) => quoted(parts, out)?,
        Spelled::Json(_) => quoted(&value.clone().into_parts()?, out)?,
        Spelled::Open(why) | Spelled::Refused(why) => return Err(why.clone()),
        Spelled::Instance(_) | Spelled::Module(_) => {
            return Err("a resource as a whole is not followed here".to_owned());
        }
    }
    Ok(())
}

/// Writes a string between quotation marks.
fn quoted(parts: &[Part], out: &mut Vec<Part>) -> Result<(), String> {
    let literals = || {
        parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(&**text),
            Part::Reference(_) | Part::Open(_) => None,
        })
    };
    let is_plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let length: usize = literals().map(str::len).sum();
    if !literals().all(is_plain) || length > UNBROKEN && literals().any(|text| text.contains(' ')) {
        return Err("how `yamlencode` writes a long string is not followed here".to_owned());
    }
    out.push(Part::Literal("\"".into()));
    for part in parts {
        out.push(match part {
            Part::Literal(text) => Part::Literal(text.with(text.replace('\\', "\\\\").replace('"', "\\\""))),
            other => other.clone(),
        });
    }
    out.push(Part::Literal("\"".into()));
    Ok(())
}
