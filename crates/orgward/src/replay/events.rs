//! Reads records of CloudTrail one after the other: JSON as AWS delivers it, gzip, JSON lines, CSV of queries.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_proof::replay::{Event, Identity, Issuer, Session};
use orgward_report::escape;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use thiserror::Error;

use crate::gzip;

/// Bytes of a compressed file once it is decompressed. AWS delivers far smaller ones.
const LARGEST: usize = 512 << 20;
/// Folders inside a folder of events: a bucket has account, service, region and date.
const DEPTH: usize = 16;

/// Why events cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum EventError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("cannot decompress `{}`: {why}", escape(name))]
    #[diagnostic(help("compress it anew with `gzip`, or give it as it is"))]
    Compressed { name: String, why: &'static str },
    #[error("`{}` has no records of CloudTrail: {why}", escape(name))]
    #[diagnostic(help(
        "an event file is `{{\"Records\": […]}}`, a list, one record a line, or CSV with a header"
    ))]
    Shape { name: String, why: String },
}

/// What takes each event.
type Sink<'s> = dyn FnMut(&Event<'_>) + 's;

/// The files of events that paths name, in order. Of folders, those that end in `.json`, `.gz`, `.jsonl` and `.csv`.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, EventError> {
    let mut files = Vec::new();
    for path in paths {
        add(path, 0, &mut files)?;
    }
    Ok(files)
}

fn add(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), EventError> {
    let failed = |source| EventError::Read { name: path.display().to_string(), source };
    // Links inside of a folder may lead in circles.
    let is_folder = if depth == 0 { path.is_dir() } else { path.is_dir() && !path.is_symlink() };
    if !is_folder {
        let ending = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        if depth == 0 || matches!(ending, "json" | "gz" | "jsonl" | "csv") {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    if depth > DEPTH {
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    entries.iter().try_for_each(|entry| add(entry, depth + 1, files))
}

/// Reads the events of one file.
pub(super) fn read(path: &Path, sink: &mut Sink<'_>) -> Result<(), EventError> {
    let name = || path.display().to_string();
    let failed = |source| EventError::Read { name: name(), source };
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let begins = file.fill_buf().map_err(failed)?;
    if gzip::is_compressed(begins) {
        let mut packed = Vec::new();
        file.take(LARGEST as u64).read_to_end(&mut packed).map_err(failed)?;
        let bytes =
            gzip::inflated(&packed, LARGEST).map_err(|why| EventError::Compressed { name: name(), why })?;
        drop(packed);
        return content(&bytes, sink).map_err(|why| EventError::Shape { name: name(), why });
    }
    let shape = Shape::of(begins);
    let done = match shape {
        Shape::Csv => rows(file, sink),
        Shape::Records => one(&mut serde_json::Deserializer::from_reader(file), Records(sink)),
        Shape::List => one(&mut serde_json::Deserializer::from_reader(file), List(sink)),
        Shape::Lines => lines(file, sink),
    };
    done.map_err(|why| EventError::Shape { name: name(), why })
}

fn content(bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    match Shape::of(bytes) {
        Shape::Csv => rows(bytes, sink),
        Shape::Records => one(&mut serde_json::Deserializer::from_slice(bytes), Records(sink)),
        Shape::List => one(&mut serde_json::Deserializer::from_slice(bytes), List(sink)),
        Shape::Lines => lines(bytes, sink),
    }
}

/// How events stand in a file.
enum Shape {
    Records,
    List,
    Lines,
    Csv,
}

impl Shape {
    fn of(begins: &[u8]) -> Self {
        let begins = begins.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(begins);
        let text: Vec<u8> =
            begins.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(16).collect();
        if text.starts_with(b"{\"Records\"") {
            Self::Records
        } else if text.starts_with(b"[") {
            Self::List
        } else if text.starts_with(b"{") {
            Self::Lines
        } else {
            Self::Csv
        }
    }
}

fn one<'de, D: Deserializer<'de, Error = serde_json::Error>, S: DeserializeSeed<'de, Value = ()>>(
    deserializer: D,
    seed: S,
) -> Result<(), String> {
    seed.deserialize(deserializer).map_err(|error| error.to_string())
}

/// `{"Records": […]}`.
struct Records<'r, 's>(&'r mut Sink<'s>);

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `Records`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "Records" {
                map.next_value_seed(List(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// `[…]`.
struct List<'r, 's>(&'r mut Sink<'s>);

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(event) = list.next_element::<Event<'de>>()? {
            (self.0)(&event);
        }
        Ok(())
    }
}

/// One record after the other.
fn lines(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), String> {
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.map_err(|error| error.to_string())?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let event: Event<'_> = serde_json::from_slice(&line).map_err(|error| error.to_string())?;
        if event.event_name.is_none() {
            return Err("a line of it has no `eventName`".to_owned());
        }
        sink(&event);
    }
    Ok(())
}

/// What queries of CloudTrail Lake and Athena export: a column with the whole record, or a column for each field.
fn rows(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), String> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '.', ' '], "");
    let header: Vec<String> = table.headers().map_err(|error| error.to_string())?.iter().map(plain).collect();
    let at = |name: &str| header.iter().position(|column| column == name);
    let (whole, name) = (at("eventjson"), at("eventname"));
    if whole.is_none() && name.is_none() {
        return Err("its header names neither `eventJson` nor `eventName`".to_owned());
    }
    for row in table.records() {
        let row = row.map_err(|error| error.to_string())?;
        if let Some(text) = whole.and_then(|at| row.get(at)) {
            let event: Event<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
            sink(&event);
            continue;
        }
        let cell = |name: &str| {
            let text = at(name).and_then(|at| row.get(at)).filter(|text| !text.is_empty() && *text != "null");
            text.map(Cow::Borrowed)
        };
        let identity = cell("useridentity").unwrap_or_default();
        let (own, issuer) = identity.split_once("sessionissuer=").unwrap_or((&identity, ""));
        let part = |name: &str, text: &str| -> Option<Cow<'static, str>> {
            let begin = text.find(&format!("{name}="))? + name.len() + 1;
            let value: String =
                text.get(begin..)?.chars().take_while(|char| !matches!(char, ',' | '}')).collect();
            (!value.is_empty() && value != "null").then_some(Cow::Owned(value))
        };
        let kind = cell("useridentitytype").or_else(|| part("type", own));
        let role = cell("useridentitysessioncontextsessionissuerarn").or_else(|| part("arn", issuer));
        sink(&Event {
            event_time: cell("eventtime"),
            event_source: cell("eventsource"),
            event_name: cell("eventname"),
            aws_region: cell("awsregion"),
            event_type: cell("eventtype"),
            error_code: cell("errorcode"),
            error_message: cell("errormessage"),
            source_ip_address: cell("sourceipaddress"),
            vpc_endpoint_id: cell("vpcendpointid"),
            recipient_account_id: cell("recipientaccountid"),
            resources: None,
            user_identity: Some(Identity {
                kind,
                arn: cell("useridentityarn").or_else(|| part("arn", own)),
                account_id: cell("useridentityaccountid").or_else(|| part("accountid", own)),
                invoked_by: cell("useridentityinvokedby").or_else(|| part("invokedby", own)),
                session_context: Some(Session {
                    session_issuer: Some(Issuer { arn: role }),
                    attributes: None,
                }),
            }),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{files, read};

    fn seen(name: &str, text: &str) -> Vec<(String, String)> {
        let folder = std::env::temp_dir().join(format!("orgward-events-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let mut seen = Vec::new();
        for file in files(std::slice::from_ref(&folder)).unwrap() {
            read(&file, &mut |event| {
                let request = event.request().unwrap().request;
                seen.push((request.action, request.caller.to_string()));
            })
            .unwrap();
        }
        std::fs::remove_dir_all(folder).unwrap();
        seen
    }

    const EVENT: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"ListObjects","awsRegion":"eu-west-1","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user/a"}}"#;

    /// All of them are one and the same event.
    #[test]
    fn every_shape_is_read() {
        let expected = ("s3:ListBucket".to_owned(), "arn:aws:iam::222222222222:user/a".to_owned());
        let twice = vec![expected.clone(), expected.clone()];
        assert_eq!(seen("records.json", &format!(r#"{{"Records":[{EVENT},{EVENT}]}}"#)), twice);
        assert_eq!(seen("list.json", &format!("[{EVENT},{EVENT}]")), twice);
        assert_eq!(seen("lines.jsonl", &format!("{EVENT}\n\n{EVENT}\n")), twice);
        let quoted = EVENT.replace('"', "\"\"");
        assert_eq!(seen("lake.csv", &format!("eventJson\n\"{quoted}\"\n\"{quoted}\"\n")), twice);
        let row = "s3.amazonaws.com,ListObjects,eu-west-1,\"{type=IAMUser, principalid=AIDA, arn=arn:aws:iam::222222222222:user/a, sessioncontext=null}\"\n";
        assert_eq!(
            seen("athena.csv", &format!("eventsource,eventname,awsregion,useridentity\n{row}{row}")),
            twice
        );
    }
}
