//! What denied a call that was really made, for people and for programs.

use serde::Serialize;

use crate::terminal::{Ink, Pen};
use crate::{Style, escape};

/// A call, and what denies it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventAnswer {
    /// What to call it: the file, and the number of the event where there are several.
    pub name: String,
    /// The call; else why there is none.
    pub asked: Result<EventAsked, String>,
}

/// A call that can be asked about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventAsked {
    /// Who made it.
    pub principal: String,
    /// For what.
    pub action: String,
    /// On what; `None` where the event does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Where the account is that it was made from.
    pub place: String,
    /// What AWS said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// What denies it as the organization is.
    pub before: EventVerdict,
    /// What denies it after the plan; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<EventVerdict>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What becomes of a call.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventVerdict {
    /// What denies it: everything that would have to change.
    #[serde(rename = "deniedBy")]
    pub denials: Vec<EventDenial>,
    /// What it depends on besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

/// A statement that denies a call, or a level that does not allow it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EventDenial {
    /// The policy and its level, in words.
    pub policy: String,
    /// The statement, by its `Sid` or its number; `None` where none allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What would have to change.
    pub change: String,
}

impl EventVerdict {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match (self.denials.is_empty(), self.undecided.is_empty()) {
            (false, _) => "denied",
            (true, false) => "undecided",
            (true, true) => "not denied",
        }
    }
}

/// Writes answers for people.
pub fn event_answers(answers: &[EventAnswer], style: Style) -> String {
    let mut pen = Pen::new(style);
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            pen.blank();
        }
        let name = pen.paint(Ink::Bold, &escape::line(&answer.name));
        let asked = match &answer.asked {
            Ok(asked) => asked,
            Err(why) => {
                let verdict = pen.paint(Ink::Yellow, "not decided");
                pen.line(&format!("{name}: {verdict}"));
                pen.entry("why", &escape::line(why));
                continue;
            }
        };
        let verdict = painted(&pen, &asked.before);
        pen.line(&format!("{name}: {verdict}"));
        let resource = asked.resource.as_deref().map_or_else(
            || " on a resource that the event does not name".to_owned(),
            |resource| {
                if resource == "*" { String::new() } else { format!(" on {}", escape::line(resource)) }
            },
        );
        let (principal, action) = (escape::line(&asked.principal), escape::line(&asked.action));
        pen.line(&format!("  {principal} of {} asks for {action}{resource}", escape::line(&asked.place)));
        if let Some(told) = &asked.told {
            pen.entry("AWS said", &escape::line(told));
        }
        reasons(&mut pen, &asked.before);
        if let Some(after) = &asked.after {
            let verdict = painted(&pen, after);
            let same = if *after == asked.before { ", as before" } else { "" };
            pen.line(&format!("  after the plan: {verdict}{same}"));
            if same.is_empty() {
                reasons(&mut pen, after);
            }
        }
        for note in &asked.notes {
            pen.entry("note", &escape::line(note));
        }
    }
    pen.finish()
}

fn painted(pen: &Pen, verdict: &EventVerdict) -> String {
    let ink = match verdict.word() {
        "denied" => Ink::Red,
        "undecided" => Ink::Yellow,
        _ => Ink::Green,
    };
    pen.paint(ink, verdict.word())
}

fn reasons(pen: &mut Pen, verdict: &EventVerdict) {
    for denial in &verdict.denials {
        let statement = match &denial.statement {
            Some(statement) => format!(", statement `{}`", escape::line(statement)),
            None => String::new(),
        };
        pen.entry("denied by", &format!("{}{statement}", escape::line(&denial.policy)));
        pen.entry("change", &escape::line(&denial.change));
    }
    for reason in &verdict.undecided {
        pen.entry("undecided", &escape::line(reason));
    }
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "decisionAfter")]
    decision_after: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    asked: Option<&'a EventAsked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Writes answers for programs.
pub fn event_answers_json(answers: &[EventAnswer]) -> String {
    let of = |answer: &'_ EventAnswer| -> serde_json::Value {
        let asked = answer.asked.as_ref().ok();
        let after = asked.and_then(|asked| asked.after.as_ref());
        let json = AnswerJson {
            name: &answer.name,
            decision: asked.map(|asked| asked.before.word()),
            decision_after: after.map(EventVerdict::word),
            asked,
            error: answer.asked.as_ref().err().map(String::as_str),
        };
        // Strings and lists always make JSON.
        serde_json::to_value(json).unwrap_or_default()
    };
    let all: Vec<_> = answers.iter().map(of).collect();
    let mut text = escape::json(&serde_json::to_string_pretty(&all).unwrap_or_default());
    text.push('\n');
    text
}
