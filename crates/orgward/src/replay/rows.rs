//! Events as CSV: what queries of CloudTrail Lake and Athena export.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use orgward_proof::replay::{Event, Identity, Issuer, Session};

use super::batch::{self, Sink};

/// Rows that are taken together.
const ROWS: usize = 1_000;

/// Rows of a file, with what its columns are called.
#[derive(Debug)]
pub(super) struct Batch {
    header: Arc<BTreeMap<String, usize>>,
    rows: Vec<csv::StringRecord>,
}

/// A name of a column, however it is written: `userIdentity.arn` and `useridentity_arn` are the same.
pub(super) fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.', ' '], "")
}

/// What a table of events needs.
pub(super) fn has_events(mut columns: impl Iterator<Item = String>) -> Result<(), String> {
    if columns.any(|column| matches!(column.as_str(), "eventjson" | "eventname")) {
        return Ok(());
    }
    Err("its columns are named neither `eventJson` nor `eventName`".to_owned())
}

/// Reads the batches of a file.
pub(super) fn read(
    reader: impl Read,
    take: &mut dyn FnMut(super::batch::Batch) -> bool,
) -> Result<(), String> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let header = table.headers().map_err(|error| error.to_string())?;
    let mut columns = BTreeMap::new();
    for (at, name) in header.iter().enumerate() {
        columns.entry(plain(name)).or_insert(at);
    }
    let header = Arc::new(columns);
    has_events(header.keys().cloned())?;
    let mut rows = Vec::new();
    for row in table.into_records() {
        rows.push(row.map_err(|error| error.to_string())?);
        if rows.len() >= ROWS {
            let batch = Batch { header: Arc::clone(&header), rows: std::mem::take(&mut rows) };
            if !take(super::batch::Batch::Rows(batch)) {
                return Ok(());
            }
        }
    }
    take(super::batch::Batch::Rows(Batch { header, rows }));
    Ok(())
}

impl Batch {
    pub(super) fn each(&self, sink: &mut Sink<'_>) -> Result<(), String> {
        let at = |name: &str| self.header.get(name).copied();
        for row in &self.rows {
            if let Some(text) = at("eventjson").and_then(|at| row.get(at)) {
                batch::whole(text.as_bytes(), sink)?;
                continue;
            }
            let cell = |name: &str| {
                let text = at(name).and_then(|at| row.get(at));
                text.filter(|text| !text.is_empty() && *text != "null").map(Cow::Borrowed)
            };
            sink(&event(&cell));
        }
        Ok(())
    }
}

/// The event of a row, from its cells by the names of their columns.
fn event<'r>(cell: &dyn Fn(&str) -> Option<Cow<'r, str>>) -> Event<'r> {
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
    Event {
        event_time: cell("eventtime"),
        event_source: cell("eventsource"),
        event_name: cell("eventname"),
        aws_region: cell("awsregion"),
        event_type: cell("eventtype"),
        error_code: cell("errorcode"),
        error_message: cell("errormessage"),
        source_ip_address: cell("sourceipaddress"),
        vpc_endpoint_id: cell("vpcendpointid"),
        request_parameters: cell("requestparameters"),
        recipient_account_id: cell("recipientaccountid"),
        resources: None,
        user_identity: Some(Identity {
            kind,
            arn: cell("useridentityarn").or_else(|| part("arn", own)),
            account_id: cell("useridentityaccountid").or_else(|| part("accountid", own)),
            invoked_by: cell("useridentityinvokedby").or_else(|| part("invokedby", own)),
            session_context: Some(Session { session_issuer: Some(Issuer { arn: role }), attributes: None }),
        }),
    }
}
