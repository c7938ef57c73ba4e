//! What becomes of single requests, for people. For programs: [`decisions_json`].

mod json;
#[cfg(test)]
mod tests;

pub use self::json::decisions_json;
use crate::terminal::{Ink, Pen};
use crate::{Style, escape};

/// What becomes of one scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What the scenario is called.
    pub name: String,
    /// The decision, or why there is none.
    pub decided: Result<Decided, String>,
}

/// The decision of one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// Who asks.
    pub principal: String,
    /// For what.
    pub action: String,
    /// On which resource.
    pub resource: String,
    /// What becomes of it.
    pub result: Said,
    /// Who decided; `None` where no policy is asked.
    pub by: Option<DecidedBy>,
    /// What each layer says.
    pub layers: Vec<LayerAnswer>,
    /// What AWS tells the caller; `None` when it is allowed.
    pub message: Option<String>,
    /// What may not be meant as it was written.
    pub notes: Vec<String>,
}

/// The layer that decided, and the statement if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecidedBy {
    /// Which layer: `scp`.
    pub layer: &'static str,
    /// Which root, unit or account, where the layer has levels.
    pub target: Option<String>,
    /// The statement; `None` for a missing allowance.
    pub statement: Option<StatementAnswer>,
}

/// What one layer says, or one level of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayerAnswer {
    /// Which layer.
    pub layer: &'static str,
    /// Which root, unit or account, where the layer has levels.
    pub target: Option<String>,
    /// What it says by itself.
    pub result: Said,
    /// The statements that say so.
    pub statements: Vec<StatementAnswer>,
}

/// One statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementAnswer {
    /// The policy's name.
    pub policy: String,
    /// Which of its statements, from 0.
    pub statement: usize,
    /// The statement's name.
    pub sid: Option<String>,
}

/// What a layer says, or all together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// It allows.
    Allow,
    /// A statement denies.
    ExplicitDeny,
    /// No statement allows.
    ImplicitDeny,
    /// It does not bind this caller or action.
    NotApplicable,
}

impl Said {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit-deny",
            Self::ImplicitDeny => "implicit-deny",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// Writes decisions as stories, layer by layer.
pub fn decisions(answers: &[Answer], style: Style) -> String {
    let mut pen = Pen::new(style);
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            pen.blank();
        }
        match &answer.decided {
            Ok(decided) => story(&mut pen, &answer.name, decided),
            Err(error) => {
                let title = format!("{}: not decided", escape::line(&answer.name));
                let title = pen.paint(Ink::Yellow, &title);
                pen.line(&title);
                pen.entry("why", &escape::line(error));
            }
        }
    }
    pen.finish()
}

fn story(pen: &mut Pen, name: &str, decided: &Decided) {
    let (verdict, ink) = match decided.result {
        Said::Allow => ("allowed", Ink::Green),
        Said::ExplicitDeny => ("denied explicitly", Ink::Red),
        Said::ImplicitDeny | Said::NotApplicable => ("denied implicitly", Ink::Red),
    };
    let name = pen.paint(Ink::Bold, &escape::line(name));
    let verdict = pen.paint(ink, verdict);
    pen.line(&format!("{name}: {verdict}"));
    let resource = match decided.resource.as_str() {
        "*" => String::new(),
        resource => format!(" on {}", escape::line(resource)),
    };
    pen.line(&format!(
        "  {} asks for {}{resource}",
        escape::line(&decided.principal),
        escape::line(&decided.action)
    ));
    let label = |layer: &LayerAnswer| match &layer.target {
        Some(target) => format!("{} {}", layer.layer, escape::line(target)),
        None => layer.layer.to_owned(),
    };
    let width = decided.layers.iter().map(|layer| label(layer).chars().count()).max().unwrap_or(0);
    for layer in &decided.layers {
        let (said, ink) = match layer.result {
            Said::Allow => ("allows", Ink::Green),
            Said::ExplicitDeny => ("denies", Ink::Red),
            Said::ImplicitDeny => ("does not allow", Ink::Yellow),
            Said::NotApplicable => ("has no say", Ink::Dim),
        };
        let label = format!("{:width$}", label(layer));
        let is_decisive =
            decided.by.as_ref().is_some_and(|by| by.layer == layer.layer && by.target == layer.target);
        let mark = match (is_decisive, pen.is_unicode()) {
            (true, true) => "▸",
            (true, false) => ">",
            (false, _) => " ",
        };
        let statements: Vec<_> = layer.statements.iter().map(statement).collect();
        let by =
            if statements.is_empty() { String::new() } else { format!("  by {}", statements.join(", ")) };
        let said = pen.paint(ink, said);
        pen.line(&format!("  {mark} {label}  {said}{by}"));
    }
    // A layer that has to allow and has no policy at all.
    let absent = |by: &&DecidedBy| decided.layers.iter().all(|layer| layer.layer != by.layer);
    if let Some(by) = decided.by.as_ref().filter(absent) {
        let mark = if pen.is_unicode() { "▸" } else { ">" };
        let said = pen.paint(Ink::Yellow, "does not allow");
        pen.line(&format!("  {mark} {:width$}  {said}  since it has no policy", by.layer));
    }
    if let Some(message) = &decided.message {
        pen.line(&format!("  {}", escape::line(message)));
    } else if decided.by.is_none() {
        pen.line("  no policy is asked about this action");
    }
    for note in &decided.notes {
        pen.entry("note", &escape::line(note));
    }
}

/// "`region-lock` statement 1 (`DenyUnsupportedRegions`)".
fn statement(statement: &StatementAnswer) -> String {
    let sid = match &statement.sid {
        Some(sid) => format!(" (`{}`)", escape::line(sid)),
        None => String::new(),
    };
    format!("`{}` statement {}{sid}", escape::line(&statement.policy), statement.statement)
}
