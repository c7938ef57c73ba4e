//! Finds and opens files of CloudTrail: JSON as AWS delivers it, gzip, JSON lines, CSV and Parquet of queries.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_report::escape;
use thiserror::Error;

use super::batch::Batch;
use super::records::{Batches, Layout};
use super::rows;
use crate::gzip;

/// Folders inside a folder of events: a bucket has account, service, region and date.
const DEPTH: usize = 16;

/// Why events cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum EventError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("`{}` has no records of CloudTrail: {why}", escape(name))]
    #[diagnostic(help(
        "an event file is `{{\"Records\": […]}}`, a list, one record a line, CSV with a header, or Parquet where this program is \
         built with the feature `parquet`"
    ))]
    Shape { name: String, why: String },
}

/// The files of events that paths name, in order. Of folders, those that end in `.json`, `.gz`, `.jsonl`, `.csv` and
/// `.parquet`.
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
        if depth == 0 || matches!(ending, "json" | "gz" | "jsonl" | "csv" | "parquet") {
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

/// Reads the batches of one file; `take` says whether to go on.
pub(super) fn read(path: &Path, take: &mut dyn FnMut(Batch) -> bool) -> Result<(), EventError> {
    let name = || path.display().to_string();
    let failed = |source| EventError::Read { name: name(), source };
    let shape = |why| EventError::Shape { name: name(), why };
    let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(failed)?);
    let begins = file.fill_buf().map_err(failed)?;
    if begins.starts_with(b"PAR1") {
        return super::columns::read(file.into_inner(), take).map_err(shape);
    }
    let done = if gzip::is_compressed(begins) {
        content(BufReader::with_capacity(1 << 18, gzip::Inflating::of(file)), take)
    } else {
        content(file, take)
    };
    done.map_err(shape)
}

fn content(mut reader: impl BufRead, take: &mut dyn FnMut(Batch) -> bool) -> Result<(), String> {
    match Shape::of(reader.fill_buf().map_err(|error| error.to_string())?) {
        Shape::Csv => rows::read(reader, take),
        Shape::Json(layout) => {
            for batch in Batches::of(reader, layout) {
                if !take(Batch::Records(batch?)) {
                    break;
                }
            }
            Ok(())
        }
    }
}

/// Why what was read of a file is no record.
pub(super) fn no_record(path: &Path, why: String) -> EventError {
    EventError::Shape { name: path.display().to_string(), why }
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

#[cfg(test)]
mod tests {
    use orgward_proof::replay::Event;

    use super::{files, read};

    fn seen(name: &str, text: &str) -> Vec<(String, String)> {
        let folder = std::env::temp_dir().join(format!("orgward-events-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let mut seen = Vec::new();
        for file in files(std::slice::from_ref(&folder)).unwrap() {
            read(&file, &mut |batch| {
                let mut take = |event: &Event<'_>| {
                    let request = event.request().unwrap().request;
                    seen.push((request.action, request.caller.to_string()));
                };
                batch.each(&mut take).unwrap();
                true
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
