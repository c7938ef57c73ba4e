//! What differs between two organizations.

use serde::Serialize;

use crate::request::{RequestJson, tell};
use crate::terminal::{Ink, Pen};
use crate::{ShownRequest, Style, escape};

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriftView {
    /// The kind of node.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// What identifies it.
    pub key: String,
    /// `added`, `removed`, `renamed`, `moved`, `changed`, `attached`, `detached`, or `undecided` for what is on one side only,
    /// where the input of the other side does not show all.
    pub what: &'static str,
    /// The place or name before.
    pub from: Option<String>,
    /// The place, name or target after.
    pub to: Option<String>,
    /// A request that is allowed from now on.
    pub gained: Option<ShownRequest>,
    /// A request that is allowed no more.
    pub lost: Option<ShownRequest>,
    /// Why it is undecided what a document allows, or whether the node was added or removed.
    pub undecided: Option<String>,
}

/// Writes differences for a person.
pub fn drift(drift: &[DriftView], style: Style) -> String {
    let mut pen = Pen::new(style);
    if drift.is_empty() {
        pen.line("the two organizations have the same tree, policies and attachments");
    }
    for each in drift {
        let ink = match each.what {
            "removed" | "detached" => Ink::Red,
            "added" | "attached" => Ink::Green,
            _ => Ink::Yellow,
        };
        let what = pen.paint(ink, each.what);
        let place = match (&each.from, &each.to) {
            (Some(from), Some(to)) => format!(": from {} to {}", escape(from), escape(to)),
            (Some(at), None) | (None, Some(at)) => format!(": {}", escape(at)),
            (None, None) => String::new(),
        };
        pen.line(&format!("{what} {} {}{place}", each.kind, escape(&each.name)));
        for (label, request) in [("gained", &each.gained), ("lost", &each.lost)] {
            if let Some(request) = request {
                tell(&mut pen, label, request);
            }
        }
        if let Some(why) = &each.undecided {
            pen.entry("undecided", &escape(why));
        }
    }
    pen.finish()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DriftJson<'d> {
    what: &'static str,
    kind: &'static str,
    name: &'d str,
    key: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gained: Option<RequestJson<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<RequestJson<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided: Option<&'d str>,
}

impl<'d> DriftJson<'d> {
    fn of(each: &'d DriftView) -> Self {
        Self {
            what: each.what,
            kind: each.kind,
            name: &each.name,
            key: &each.key,
            from: each.from.as_deref(),
            to: each.to.as_deref(),
            gained: each.gained.as_ref().map(RequestJson::of),
            lost: each.lost.as_ref().map(RequestJson::of),
            undecided: each.undecided.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct DiffJson<'d> {
    schema: u32,
    drift: Vec<DriftJson<'d>>,
    /// The review of what differs, as `orgward plan review` writes it.
    review: serde_json::Value,
}

/// Writes differences for programs, with the review of them as JSON.
pub fn drift_json(drift: &[DriftView], review: &str) -> String {
    let json = DiffJson {
        schema: 1,
        drift: drift.iter().map(DriftJson::of).collect(),
        review: serde_json::from_str(review).unwrap_or_default(),
    };
    crate::request::json(&json)
}
