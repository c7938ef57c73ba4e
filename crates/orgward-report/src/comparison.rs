//! How two policies compare.

use serde::Serialize;

use crate::request::{RequestJson, tell};
use crate::terminal::{Ink, Pen};
use crate::{ShownRequest, Style, escape};

/// How what two policies allow compares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// `equivalent`, `narrower`, `wider`, `incomparable` or `undecided`.
    pub relation: &'static str,
    /// What the new policy allows and the old one does not.
    pub gained: Option<ShownRequest>,
    /// What the old policy allows and the new one does not.
    pub lost: Option<ShownRequest>,
    /// Why it is undecided.
    pub reasons: Vec<String>,
    /// What is to be known about the answer.
    pub notes: Vec<String>,
}

/// Writes a comparison for a person.
pub fn comparison(comparison: &Comparison, style: Style) -> String {
    let mut pen = Pen::new(style);
    let (ink, says) = match comparison.relation {
        "equivalent" => (Ink::Green, "the two policies allow the same"),
        "narrower" => (Ink::Green, "the new policy allows less than the old one"),
        "wider" => (Ink::Red, "the new policy allows more than the old one"),
        "incomparable" => (Ink::Red, "each policy allows what the other one does not"),
        _ => (Ink::Yellow, "how the two policies compare is not decided"),
    };
    let relation = pen.paint(ink, comparison.relation);
    pen.line(&format!("{relation}: {says}"));
    for (label, request) in [("gained", &comparison.gained), ("lost", &comparison.lost)] {
        if let Some(request) = request {
            tell(&mut pen, label, request);
        }
    }
    for reason in &comparison.reasons {
        pen.entry("why", &escape::line(reason));
    }
    for note in &comparison.notes {
        pen.entry("note", &escape::line(note));
    }
    pen.finish()
}

/// Writes a comparison for programs.
pub fn comparison_json(comparison: &Comparison) -> String {
    let json = ComparisonJson {
        relation: comparison.relation,
        gained: comparison.gained.as_ref().map(RequestJson::of),
        lost: comparison.lost.as_ref().map(RequestJson::of),
        reasons: &comparison.reasons,
        notes: &comparison.notes,
    };
    crate::request::json(&json)
}

#[derive(Serialize)]
struct ComparisonJson<'a> {
    relation: &'static str,
    gained: Option<RequestJson<'a>>,
    lost: Option<RequestJson<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasons: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

#[cfg(test)]
mod tests {
    use orgward_finding::WitnessValue;

    use super::*;
    use crate::ShownPrincipal;

    fn wider() -> Comparison {
        let value = |text: &str| WitnessValue::One(text.to_owned());
        Comparison {
            relation: "wider",
            gained: Some(ShownRequest {
                principal: ShownPrincipal::Named("arn:aws:iam::111111111111:role/application".to_owned()),
                action: "s3:PutObject".to_owned(),
                resource: "arn:aws:s3:::reports\u{1b}[2J/key".to_owned(),
                account: None,
                context: vec![
                    ("aws:SecureTransport".to_owned(), value("false")),
                    ("aws:PrincipalTag/team".to_owned(), value("")),
                    ("aws:TagKeys".to_owned(), WitnessValue::Many(vec!["a".to_owned(), "b".to_owned()])),
                ],
            }),
            lost: None,
            reasons: Vec::new(),
            notes: vec!["the policies only deny".to_owned()],
        }
    }

    const STYLE: Style = Style::plain(100);

    #[test]
    fn a_person_reads_a_sentence() {
        insta::assert_snapshot!(comparison(&wider(), STYLE), @r"
        wider: the new policy allows more than the old one
          gained: arn:aws:iam::111111111111:role/application asks for s3:PutObject on
                  arn:aws:s3:::reports\u{1b}[2J/key
          where: aws:SecureTransport is false
          where: aws:PrincipalTag/team is empty
          where: aws:TagKeys is [a, b]
          note: the policies only deny
        ");
    }

    #[test]
    fn a_program_reads_a_request_of_a_scenario() {
        insta::assert_snapshot!(comparison_json(&wider()), @r#"
        {
          "relation": "wider",
          "gained": {
            "principal": "arn:aws:iam::111111111111:role/application",
            "action": "s3:PutObject",
            "resource": "arn:aws:s3:::reports\u001b[2J/key",
            "context": {
              "aws:PrincipalTag/team": "",
              "aws:SecureTransport": "false",
              "aws:TagKeys": [
                "a",
                "b"
              ]
            }
          },
          "lost": null,
          "notes": [
            "the policies only deny"
          ]
        }
        "#);
    }
}
