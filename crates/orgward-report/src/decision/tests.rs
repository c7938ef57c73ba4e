use super::{Answer, Decided, DecidedBy, LayerAnswer, Said, StatementAnswer, decisions, decisions_json};
use crate::Style;

const PLAIN: Style = Style::plain(100);

fn locked() -> Vec<Answer> {
    let lock =
        StatementAnswer { policy: "region-lock".to_owned(), statement: 0, sid: Some("Lock".to_owned()) };
    let admin = StatementAnswer { policy: "Admin\u{1b}[2J".to_owned(), statement: 0, sid: None };
    let decided = Decided {
        principal: "arn:aws:iam::222222222222:role/admin".to_owned(),
        action: "ec2:RunInstances".to_owned(),
        resource: "*".to_owned(),
        result: Said::ExplicitDeny,
        by: Some(DecidedBy {
            layer: "scp",
            target: Some("r-ab12".to_owned()),
            statement: Some(lock.clone()),
        }),
        layers: vec![
            LayerAnswer { layer: "identity", target: None, result: Said::Allow, statements: vec![admin] },
            LayerAnswer {
                layer: "scp",
                target: Some("r-ab12".to_owned()),
                result: Said::ExplicitDeny,
                statements: vec![lock],
            },
        ],
        message: Some("User: x is not authorized".to_owned()),
        notes: vec!["`x:Y` is not listed".to_owned()],
    };
    vec![
        Answer { name: "locked".to_owned(), decided: Ok(decided) },
        Answer { name: "broken".to_owned(), decided: Err("`lock` in `scp`: unknown element".to_owned()) },
    ]
}

#[test]
fn a_story_tells_layer_by_layer() {
    insta::assert_snapshot!(decisions(&locked(), PLAIN), @r"
    locked: denied explicitly
      arn:aws:iam::222222222222:role/admin asks for ec2:RunInstances
        identity    allows  by `Admin\u{1b}[2J` statement 0
      ▸ scp r-ab12  denies  by `region-lock` statement 0 (`Lock`)
      User: x is not authorized
      note: `x:Y` is not listed

    broken: not decided
      why: `lock` in `scp`: unknown element
    ");
}

#[test]
fn colors_only_where_they_are_seen() {
    assert!(!decisions(&locked(), PLAIN).contains('\u{1b}'));
    let colored = decisions(&locked(), Style { color: true, ..PLAIN });
    assert!(colored.contains("\u{1b}[1;31mdenied explicitly\u{1b}[0m") && !colored.contains("\u{1b}[2J"));
}

#[test]
fn json_is_as_documented() {
    insta::assert_snapshot!(decisions_json(&locked()), @r#"
    [
      {
        "name": "locked",
        "decision": "explicit-deny",
        "decidedBy": {
          "layer": "scp",
          "target": "r-ab12",
          "policy": "region-lock",
          "statement": 0,
          "sid": "Lock"
        },
        "layers": [
          {
            "layer": "identity",
            "result": "allow",
            "statements": [
              {
                "policy": "Admin\u001b[2J",
                "statement": 0
              }
            ]
          },
          {
            "layer": "scp",
            "target": "r-ab12",
            "result": "explicit-deny",
            "statements": [
              {
                "policy": "region-lock",
                "statement": 0
              }
            ]
          }
        ],
        "message": "User: x is not authorized",
        "notes": [
          "`x:Y` is not listed"
        ]
      },
      {
        "name": "broken",
        "error": "`lock` in `scp`: unknown element"
      }
    ]
    "#);
}

#[test]
fn a_layer_without_policies_is_named() {
    let mut answers = locked();
    if let Ok(decided) = &mut answers[0].decided {
        decided.result = Said::ImplicitDeny;
        decided.by = Some(DecidedBy { layer: "resource", target: None, statement: None });
        decided.layers.truncate(1);
    }
    insta::assert_snapshot!(decisions(&answers[..1], PLAIN), @r"
    locked: denied implicitly
      arn:aws:iam::222222222222:role/admin asks for ec2:RunInstances
        identity  allows  by `Admin\u{1b}[2J` statement 0
      ▸ resource  does not allow  since it has no policy
      User: x is not authorized
      note: `x:Y` is not listed
    ");
}
