//! Reads records of CloudTrail one after the other: JSON as AWS delivers it, gzip, JSON lines, CSV of queries.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use miette::Diagnostic;
use orgward_proof::replay::{Event, Identity, Issuer, Session};
use orgward_report::escape;
use thiserror::Error;

use super::records::{Batches, Layout};
use crate::gzip;

/// Batches that are read ahead.
const AHEAD: usize = 4;
/// Folders inside a folder of events: a bucket has account, service, region and date.
const DEPTH: usize = 16;

/// Why events cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum EventError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
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
    // Signatures of the files, beside them in the bucket.
    if depth > 0 && path.ends_with("CloudTrail-Digest") {
        return Ok(());
    }
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
    let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(failed)?);
    let is_compressed = gzip::is_compressed(file.fill_buf().map_err(failed)?);
    let done = if is_compressed {
        content(BufReader::with_capacity(1 << 18, gzip::Inflating::of(file)), sink)
    } else {
        content(file, sink)
    };
    done.map_err(|why| EventError::Shape { name: name(), why })
}

fn content(mut reader: impl BufRead + Send, sink: &mut Sink<'_>) -> Result<(), String> {
    match Shape::of(reader.fill_buf().map_err(|error| error.to_string())?) {
        Shape::Csv => rows(reader, sink),
        Shape::Json(layout) => records(reader, layout, sink),
    }
}

/// How events stand in a file.
enum Shape {
    Json(Layout),
    Csv,
}

impl Shape {
    fn of(begins: &[u8]) -> Self {
        let begins = begins.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(begins);
        let text: Vec<u8> =
            begins.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(16).collect();
        if text.starts_with(b"{\"Records\"") {
            Self::Json(Layout::Records)
        } else if text.starts_with(b"[") {
            Self::Json(Layout::List)
        } else if text.starts_with(b"{") {
            Self::Json(Layout::Lines)
        } else {
            Self::Csv
        }
    }
}

/// Records of JSON. Another thread reads, decompresses and cuts them, a few batches ahead.
fn records(reader: impl Read + Send, layout: Layout, sink: &mut Sink<'_>) -> Result<(), String> {
    std::thread::scope(|scope| {
        let (sender, batches) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            for batch in Batches::of(reader, layout) {
                // There is no receiver any more once a record could not be read.
                if sender.send(batch).is_err() {
                    break;
                }
            }
        });
        for batch in batches {
            for record in batch?.records() {
                let event: Event<'_> = serde_json::from_slice(record).map_err(|error| error.to_string())?;
                if event.event_name.is_none() {
                    return Err("a record of it has no `eventName`".to_owned());
                }
                sink(&event);
            }
        }
        Ok(())
    })
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
