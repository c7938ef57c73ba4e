//! Events as Parquet: tables of CloudTrail that Athena, Glue and federated queries of CloudTrail Lake write.

use std::borrow::Cow;
use std::fs::File;

use orgward_proof::replay::{Attributes, Event, Identity, Issuer, Named, Session};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use super::batch::{self, Sink};
use super::rows::{has_events, plain};

/// Rows that are taken together.
const ROWS: usize = 1_000;

/// Rows of a file.
#[derive(Debug)]
pub(super) struct Batch(Vec<Row>);

/// Reads the batches of a file.
pub(super) fn read(file: File, take: &mut dyn FnMut(super::batch::Batch) -> bool) -> Result<(), String> {
    let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
    let columns = reader.metadata().file_metadata().schema_descr().root_schema().get_fields();
    has_events(columns.iter().map(|column| plain(column.name())))?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).map_err(|error| error.to_string())? {
        rows.push(row.map_err(|error| error.to_string())?);
        if rows.len() >= ROWS && !take(super::batch::Batch::Columns(Batch(std::mem::take(&mut rows)))) {
            return Ok(());
        }
    }
    take(super::batch::Batch::Columns(Batch(rows)));
    Ok(())
}

impl Batch {
    pub(super) fn each(&self, sink: &mut Sink<'_>) -> Result<(), String> {
        for row in &self.0 {
            match text(row, "eventjson") {
                Some(record) => batch::whole(record.as_bytes(), sink)?,
                None => sink(&event(row)),
            }
        }
        Ok(())
    }
}

fn field<'r>(row: &'r Row, name: &str) -> Option<&'r Field> {
    row.get_column_iter().find(|(column, _)| plain(column) == name).map(|(_, field)| field)
}

fn group<'r>(row: &'r Row, name: &str) -> Option<&'r Row> {
    match field(row, name)? {
        Field::Group(group) => Some(group),
        _ => None,
    }
}

fn text<'r>(row: &'r Row, name: &str) -> Option<Cow<'r, str>> {
    let text = match field(row, name)? {
        Field::Str(text) => Cow::Borrowed(text.as_str()),
        Field::Bytes(bytes) => Cow::Borrowed(std::str::from_utf8(bytes.data()).ok()?),
        Field::Bool(flag) => Cow::Owned(flag.to_string()),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn event(row: &Row) -> Event<'_> {
    Event {
        event_time: text(row, "eventtime"),
        event_source: text(row, "eventsource"),
        event_name: text(row, "eventname"),
        aws_region: text(row, "awsregion"),
        event_type: text(row, "eventtype"),
        error_code: text(row, "errorcode"),
        error_message: text(row, "errormessage"),
        source_ip_address: text(row, "sourceipaddress"),
        vpc_endpoint_id: text(row, "vpcendpointid"),
        request_parameters: text(row, "requestparameters"),
        recipient_account_id: text(row, "recipientaccountid"),
        resources: field(row, "resources").map(resources),
        user_identity: group(row, "useridentity").map(identity),
    }
}

fn identity(row: &Row) -> Identity<'_> {
    let session = group(row, "sessioncontext");
    Identity {
        kind: text(row, "type"),
        arn: text(row, "arn"),
        account_id: text(row, "accountid"),
        invoked_by: text(row, "invokedby"),
        session_context: session.map(|session| Session {
            session_issuer: group(session, "sessionissuer").map(|issuer| Issuer { arn: text(issuer, "arn") }),
            attributes: group(session, "attributes")
                .map(|it| Attributes { mfa_authenticated: text(it, "mfaauthenticated") }),
        }),
    }
}

fn resources(field: &Field) -> Vec<Named<'_>> {
    let Field::ListInternal(list) = field else { return Vec::new() };
    let rows = list.elements().iter().filter_map(|element| match element {
        Field::Group(row) => Some(row),
        _ => None,
    });
    rows.map(|row| Named { arn: text(row, "arn"), account_id: text(row, "accountid") }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// A file with columns of texts, in the order of the schema; one value each, for two rows.
    fn written(name: &str, schema: &str, columns: &[(&str, i16, i16)]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("orgward-{}-{name}.parquet", std::process::id()));
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties =
            WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY).build();
        let file = File::create(&path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for (value, definition, repetition) in columns {
            let mut column = group.next_column().unwrap().unwrap();
            let values = vec![ByteArray::from(*value); 2];
            let typed = column.typed::<ByteArrayType>();
            typed.write_batch(&values, Some(&[*definition; 2]), Some(&[*repetition; 2])).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        path
    }

    fn seen(path: &std::path::Path) -> Result<Vec<[String; 3]>, String> {
        let mut seen = Vec::new();
        read(File::open(path).unwrap(), &mut |batch| {
            let mut take = |event: &Event<'_>| {
                let request = event.request().unwrap().request;
                seen.push([request.action, request.caller.to_string(), request.resource]);
            };
            batch.each(&mut take).unwrap();
            true
        })?;
        std::fs::remove_file(path).unwrap();
        Ok(seen)
    }

    /// The table that Athena documents for CloudTrail, and a column with whole records.
    #[test]
    fn a_table_of_columns_and_one_of_records_are_the_same_events() {
        let expected = ["s3:ListBucket", "arn:aws:iam::222222222222:role/team/ci", "arn:aws:s3:::exports"]
            .map(str::to_owned);
        let table = written(
            "table",
            "message events {
                optional group userIdentity {
                    optional binary type (UTF8);
                    optional group sessionContext { optional group sessionIssuer { optional binary arn (UTF8); } }
                }
                optional binary eventsource (UTF8);
                optional binary event_name (UTF8);
                optional group resources (LIST) {
                    repeated group list { optional group element { optional binary arn (UTF8); } }
                }
            }",
            &[
                ("AssumedRole", 2, 0),
                ("arn:aws:iam::222222222222:role/team/ci", 4, 0),
                ("s3.amazonaws.com", 1, 0),
                ("ListObjects", 1, 0),
                ("arn:aws:s3:::exports", 4, 0),
            ],
        );
        assert_eq!(seen(&table).unwrap(), [expected.clone(), expected.clone()]);
        let record = r#"{"eventSource":"s3.amazonaws.com","eventName":"ListObjects","resources":[{"ARN":"arn:aws:s3:::exports"}],
            "userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::222222222222:role/team/ci"}}}}"#;
        let lake = written("lake", "message events { optional binary eventJson (UTF8); }", &[(record, 1, 0)]);
        assert_eq!(seen(&lake).unwrap(), [expected.clone(), expected]);
    }

    #[test]
    fn what_is_no_table_of_events_is_refused() {
        let other = written("other", "message rows { optional binary city (UTF8); }", &[("x", 1, 0)]);
        assert!(seen(&other).unwrap_err().contains("eventName"));
        let bytes = std::env::temp_dir().join(format!("orgward-{}-cut.parquet", std::process::id()));
        std::fs::write(&bytes, b"PAR1 and nothing else").unwrap();
        assert!(seen(&bytes).is_err());
    }
}
