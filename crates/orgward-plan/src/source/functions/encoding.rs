//! JSON, YAML, CSV, base64 and digests.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::yaml;
use crate::source::parse::json;
use crate::source::value::{LARGEST, Literal, Part, Provenance};
use crate::source::{FileLine, Spelled};

pub(super) const NAMES: &[&str] = &[
    "base64decode",
    "base64encode",
    "base64sha256",
    "base64sha512",
    "csvdecode",
    "jsondecode",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "textdecodebase64",
    "textencodebase64",
    "urlencode",
    "yamldecode",
];

/// Deeper than any real document: every level is read anew.
const DEPTH: usize = 64;
/// Around the number of a reference, while a document with references is decoded.
const MARK: char = '\u{E0F3}';

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    if let ("textencodebase64" | "textdecodebase64", [text, encoding]) = (name, arguments) {
        return of_encoding(name == "textencodebase64", &text.literal()?, &encoding.literal()?);
    }
    let [argument] = arguments else { return None };
    match (name, argument) {
        ("jsondecode", Spelled::Json(value)) => return Some((**value).clone()),
        ("jsondecode", Spelled::Text(parts)) => {
            return decoded(parts, &|text| from_json(text.as_str(), text, text.as_str(), 0));
        }
        ("yamldecode", Spelled::Json(_)) => {
            return decoded(&argument.clone().into_parts().ok()?, &yaml::decode);
        }
        ("yamldecode", Spelled::Text(parts)) => return decoded(parts, &yaml::decode),
        _ => {}
    }
    let text = argument.literal()?;
    Some(match name {
        "csvdecode" => csv(&text)?,
        "base64encode" => Spelled::text(STANDARD.encode(text)),
        "base64decode" => Spelled::text(String::from_utf8(STANDARD.decode(text).ok()?).ok()?),
        "md5" => Spelled::text(hex(&Md5::digest(text))),
        "sha1" => Spelled::text(hex(&Sha1::digest(text))),
        "sha256" => Spelled::text(hex(&Sha256::digest(text))),
        "sha512" => Spelled::text(hex(&Sha512::digest(text))),
        "base64sha256" => Spelled::text(STANDARD.encode(Sha256::digest(text))),
        "base64sha512" => Spelled::text(STANDARD.encode(Sha512::digest(text))),
        "urlencode" => Spelled::text(url(&text)),
        _ => return None,
    })
}

/// A text in another encoding, as base64, or back.
fn of_encoding(encode: bool, text: &str, encoding: &str) -> Option<Spelled> {
    let wide = match encoding.to_ascii_uppercase().as_str() {
        "UTF-8" => false,
        "UTF-16LE" => true,
        _ => return Some(Spelled::open("a text in this encoding is not followed here")),
    };
    if encode {
        let bytes = if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.into() };
        return Some(Spelled::text(STANDARD.encode::<Vec<u8>>(bytes)));
    }
    let bytes = STANDARD.decode(text).ok()?;
    let text = if wide {
        let (units, []) = bytes.as_chunks::<2>() else { return None };
        String::from_utf16(&units.iter().map(|unit| u16::from_le_bytes(*unit)).collect::<Vec<_>>()).ok()?
    } else {
        String::from_utf8(bytes).ok()?
    };
    Some(Spelled::text(text))
}

/// A text to decode, and where it is from.
pub(super) struct Encoded {
    text: String,
    parts: Vec<(usize, Literal)>,
}

impl Encoded {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The line that a byte of the text is on in the file that it is from.
    pub(super) fn origin(&self, offset: usize) -> Option<FileLine> {
        let at = self.parts.partition_point(|(start, _)| *start <= offset);
        let (start, literal) = self.parts.get(at.checked_sub(1)?)?;
        match literal.from(offset - start) {
            Provenance::Line(origin) => Some(origin),
            _ => None,
        }
    }
}

/// Decodes a text. References in it are marked for the time, and are found inside strings afterwards.
fn decoded(parts: &[Part], decode: &dyn Fn(&Encoded) -> Option<Spelled>) -> Option<Spelled> {
    let mut encoded = Encoded { text: String::new(), parts: Vec::new() };
    let mut marked = Vec::new();
    for part in parts {
        match part {
            Part::Literal(text) if text.contains(MARK) => {
                return Some(Spelled::open("a text has a character that no document has"));
            }
            Part::Literal(text) => {
                encoded.parts.push((encoded.text.len(), text.clone()));
                encoded.text.push_str(text);
            }
            other => {
                // Writing to a string cannot fail.
                let _ = write!(encoded.text, "{MARK}{}{MARK}", marked.len());
                marked.push(other.clone());
            }
        }
    }
    if encoded.text.len() > 4 << 20 {
        return Some(Spelled::open("a document is longer than is followed here"));
    }
    let value = decode(&encoded);
    if marked.is_empty() {
        return value;
    }
    match value {
        Some(value) => unmarked(value, &marked),
        None => Some(Spelled::open("a document has something unknown outside of its strings")),
    }
}

fn unmarked(value: Spelled, marked: &[Part]) -> Option<Spelled> {
    Some(match value {
        Spelled::Text(parts) => {
            let mut out = Vec::new();
            for part in parts {
                let Part::Literal(text) = part else {
                    out.push(part);
                    continue;
                };
                for (position, piece) in text.split(MARK).enumerate() {
                    if position % 2 == 1 {
                        out.push(marked.get(piece.parse::<usize>().ok()?)?.clone());
                    } else if !piece.is_empty() || text.is_empty() {
                        out.push(Part::Literal(text.with(piece.to_owned())));
                    }
                }
            }
            Spelled::Text(out)
        }
        Spelled::List(items) => {
            Spelled::List(items.into_iter().map(|item| unmarked(item, marked)).collect::<Option<_>>()?)
        }
        Spelled::Map(entries) => {
            let origin = entries.origin.clone();
            let mut out = Vec::new();
            for (name, value) in entries {
                if name.contains(MARK) {
                    return Some(Spelled::open("a key of a document is unknown until apply"));
                }
                out.push((name, unmarked(value, marked)?));
            }
            Spelled::map(out).at(origin)
        }
        other => other,
    })
}

fn from_json(part: &str, whole: &Encoded, text: &str, depth: usize) -> Option<Spelled> {
    if depth > DEPTH {
        return Some(Spelled::open("a document goes deeper than is followed here"));
    }
    let part = part.trim();
    let origin = || whole.origin(json::offset(text, part));
    Some(match part.bytes().next()? {
        b'{' => {
            let mut out = Vec::new();
            for (name, value) in json::entries(part)? {
                out.push((name, from_json(value.get(), whole, text, depth + 1)?));
            }
            Spelled::map(out).at(origin())
        }
        b'[' => {
            let mut out = Vec::new();
            for value in json::elements(part)? {
                out.push(from_json(value.get(), whole, text, depth + 1)?);
            }
            if out.len() > LARGEST {
                return Some(Spelled::open("a document is longer than is followed here"));
            }
            Spelled::List(out)
        }
        b'"' => {
            let text: String = serde_json::from_str(part).ok()?;
            Spelled::literal_of(text, origin().map_or(Provenance::Elsewhere, Provenance::Line))
        }
        _ => match serde_json::from_str(part).ok()? {
            serde_json::Value::Null => Spelled::Null,
            serde_json::Value::Bool(value) => Spelled::Bool(value),
            serde_json::Value::Number(_) => super::number(part),
            _ => return None,
        },
    })
}

fn csv(text: &str) -> Option<Spelled> {
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    if names.is_empty() || sorted.len() != names.len() {
        return None;
    }
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.ok()?;
        if rows.len() * names.len() > LARGEST {
            return Some(Spelled::open("a table is longer than is followed here"));
        }
        rows.push(Spelled::map(names.iter().cloned().zip(row.iter().map(Spelled::text))));
    }
    Some(Spelled::List(rows))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn url(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
