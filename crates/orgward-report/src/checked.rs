//! What a single policy is asked.

use serde::Serialize;

use crate::request::{RequestJson, json, tell};
use crate::terminal::{Ink, Pen};
use crate::{ShownRequest, Style, escape};

/// The answers about one policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// `identity`, `resource`, `trust`, `scp` or `rcp`.
    pub kind: &'static str,
    /// Whether it allows everything; only identity policies are asked.
    pub administrator: Option<Question>,
    /// Whether it lets in a caller whom it does not name; only policies of resources and roles are asked.
    pub public: Option<Question>,
    /// The statements that do nothing, and those that are undecided.
    pub dead: Vec<DeadStatement>,
    /// What else is wrong with the document, in the order of the text.
    pub problems: Vec<ShownProblem>,
}

/// Something that is wrong with the document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ShownProblem {
    /// Which check.
    pub code: &'static str,
    /// `error`, `security-warning`, `warning` or `suggestion`.
    pub severity: &'static str,
    /// Where: `Statement/2/Resource/1`, empty for the document as a whole.
    pub path: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Whether the document does not do what it says because of it.
    #[serde(skip)]
    pub blocks: bool,
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The answer.
    pub verdict: Verdict,
    /// A request that shows it: one that is not allowed, or one of a stranger that is.
    pub witness: Option<ShownRequest>,
    /// Why it is undecided.
    pub reason: Option<String>,
}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Something that decides is not known.
    Undecided,
}

/// A statement that does nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadStatement {
    /// Its index.
    pub statement: usize,
    /// Its name, if it has one.
    pub sid: Option<String>,
    /// Why it does nothing, or why it is undecided.
    pub reason: String,
    /// Whether it is undecided.
    pub is_undecided: bool,
}

impl Checked {
    /// Whether something is undecided.
    pub fn is_undecided(&self) -> bool {
        let questions = self.administrator.iter().chain(&self.public);
        questions.map(|question| question.verdict).any(|verdict| verdict == Verdict::Undecided)
            || self.dead.iter().any(|dead| dead.is_undecided)
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        let mut questions = self.administrator.iter().chain(&self.public);
        questions.all(|question| question.verdict == Verdict::No)
            && self.dead.is_empty()
            && !self.problems.iter().any(|problem| problem.blocks)
    }
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Undecided => "undecided",
        }
    }
}

/// Writes the answers for a person.
pub fn checked(checked: &Checked, style: Style) -> String {
    let mut pen = Pen::new(style);
    let questions = [
        (
            "administrator",
            &checked.administrator,
            "it allows everything",
            "it does not allow everything",
            "not allowed",
        ),
        (
            "public",
            &checked.public,
            "it lets in whom it does not name",
            "it lets in only whom it names",
            "witness",
        ),
    ];
    for (name, question, yes, no, label) in questions {
        let Some(question) = question else { continue };
        let (ink, says) = match question.verdict {
            Verdict::Yes => (Ink::Red, yes),
            Verdict::No => (Ink::Green, no),
            Verdict::Undecided => (Ink::Yellow, "something that decides is not known"),
        };
        let verdict = pen.paint(ink, question.verdict.as_str());
        pen.line(&format!("{name}: {verdict}, {says}"));
        if let Some(request) = &question.witness {
            tell(&mut pen, label, request);
        }
        if let Some(reason) = &question.reason {
            pen.entry("why", &escape::line(reason));
        }
    }
    let (ink, verdict, says) = if checked.dead.iter().any(|dead| !dead.is_undecided) {
        (Ink::Red, "yes", "a statement does nothing")
    } else if checked.dead.is_empty() {
        (Ink::Green, "no", "every statement does something")
    } else {
        (Ink::Yellow, "undecided", "of a statement it is not decided")
    };
    let verdict = pen.paint(ink, verdict);
    pen.line(&format!("dead statements: {verdict}, {says}"));
    for dead in &checked.dead {
        let sid = dead.sid.as_ref().map(|sid| format!(" (`{}`)", escape::line(sid))).unwrap_or_default();
        let unsure = if dead.is_undecided { "undecided: " } else { "" };
        pen.entry("statement", &format!("{}{sid}: {unsure}{}", dead.statement, escape::line(&dead.reason)));
    }
    if !checked.problems.is_empty() {
        let blocking = checked.problems.iter().any(|problem| problem.blocks);
        let count =
            pen.paint(if blocking { Ink::Red } else { Ink::Yellow }, &checked.problems.len().to_string());
        pen.line(&format!("problems: {count}"));
    }
    for problem in &checked.problems {
        let place = if problem.path.is_empty() { "document" } else { &problem.path };
        pen.entry(
            problem.severity,
            &format!(
                "{}, line {}: {} ({})",
                escape::line(place),
                problem.line,
                escape::line(&problem.message),
                problem.code
            ),
        );
        pen.entry("help", &escape::line(&problem.help));
    }
    pen.finish()
}

/// Writes the answers for programs.
pub fn checked_json(checked: &Checked) -> String {
    json(&CheckedJson {
        kind: checked.kind,
        administrator: checked.administrator.as_ref().map(QuestionJson::of),
        public: checked.public.as_ref().map(QuestionJson::of),
        dead: checked
            .dead
            .iter()
            .map(|dead| DeadJson {
                statement: dead.statement,
                sid: dead.sid.as_deref(),
                verdict: if dead.is_undecided { Verdict::Undecided } else { Verdict::Yes }.as_str(),
                reason: &dead.reason,
            })
            .collect(),
        problems: &checked.problems,
    })
}

#[derive(Serialize)]
struct CheckedJson<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator: Option<QuestionJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<QuestionJson<'a>>,
    dead: Vec<DeadJson<'a>>,
    problems: &'a [ShownProblem],
}

#[derive(Serialize)]
struct QuestionJson<'a> {
    verdict: &'static str,
    witness: Option<RequestJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> QuestionJson<'a> {
    fn of(question: &'a Question) -> Self {
        Self {
            verdict: question.verdict.as_str(),
            witness: question.witness.as_ref().map(RequestJson::of),
            reason: question.reason.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct DeadJson<'a> {
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    verdict: &'static str,
    reason: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ShownPrincipal;

    #[test]
    fn each_question_has_its_answer() {
        let witness = ShownRequest {
            principal: ShownPrincipal::Named("anonymous".to_owned()),
            action: "s3:GetObject".to_owned(),
            resource: "arn:aws:s3:::reports/key".to_owned(),
            account: None,
            context: Vec::new(),
        };
        let dead = |statement, sid: Option<&str>, reason: &str, is_undecided| DeadStatement {
            statement,
            sid: sid.map(str::to_owned),
            reason: reason.to_owned(),
            is_undecided,
        };
        let answers = Checked {
            kind: "resource",
            administrator: None,
            public: Some(Question { verdict: Verdict::Yes, witness: Some(witness), reason: None }),
            dead: vec![
                dead(1, Some("Legacy\u{1b}"), "no request meets `Bool` on `aws:SecureTransport`", false),
                dead(2, None, "it depends on the policy variable `${x:y}`", true),
            ],
            problems: vec![ShownProblem {
                code: "invalid-action",
                severity: "error",
                path: "Statement/1/Action/0".to_owned(),
                line: 7,
                message: "AWS lists no action `s3:GetObjekt`".to_owned(),
                help: "did you mean `s3:GetObject`?".to_owned(),
                blocks: true,
            }],
        };
        assert!(answers.is_undecided() && !answers.is_clean());
        let style = Style::plain(100);
        insta::assert_snapshot!(checked(&answers, style), @r"
        public: yes, it lets in whom it does not name
          witness: anonymous asks for s3:GetObject on arn:aws:s3:::reports/key
        dead statements: yes, a statement does nothing
          statement: 1 (`Legacy\u{1b}`): no request meets `Bool` on `aws:SecureTransport`
          statement: 2: undecided: it depends on the policy variable `${x:y}`
        problems: 1
          error: Statement/1/Action/0, line 7: AWS lists no action `s3:GetObjekt` (invalid-action)
          help: did you mean `s3:GetObject`?
        ");
        insta::assert_snapshot!(checked_json(&answers), @r#"
        {
          "kind": "resource",
          "public": {
            "verdict": "yes",
            "witness": {
              "principal": "anonymous",
              "action": "s3:GetObject",
              "resource": "arn:aws:s3:::reports/key",
              "context": {}
            }
          },
          "dead": [
            {
              "statement": 1,
              "sid": "Legacy\u001b",
              "verdict": "yes",
              "reason": "no request meets `Bool` on `aws:SecureTransport`"
            },
            {
              "statement": 2,
              "verdict": "undecided",
              "reason": "it depends on the policy variable `${x:y}`"
            }
          ],
          "problems": [
            {
              "code": "invalid-action",
              "severity": "error",
              "path": "Statement/1/Action/0",
              "line": 7,
              "message": "AWS lists no action `s3:GetObjekt`",
              "help": "did you mean `s3:GetObject`?"
            }
          ]
        }
        "#);
    }
}
