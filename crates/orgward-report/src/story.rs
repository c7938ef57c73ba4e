//! How a guardrail fares in one account.

use std::collections::BTreeMap;

use orgward_finding::story::{Extent, Nearest, Outcome, Scope, Story};
use serde::Serialize;

use crate::request::{RequestJson, json, tell};
use crate::terminal::{Ink, Pen};
use crate::{ShownPrincipal, ShownRequest, Style, escape};

/// Writes that a guardrail is not for an account, for a person.
pub fn out_of_scope(guardrail: &str, account: &str, why: &str, style: Style) -> String {
    let mut pen = Pen::new(style);
    let name = pen.paint(Ink::Bold, &escape::line(guardrail));
    let outside = pen.paint(Ink::Yellow, "outside");
    let account = escape::line(account);
    pen.line(&format!("{name} in {account}: {outside}, the guardrail is not for this account"));
    pen.entry("scope", &escape::line(why));
    pen.finish()
}

/// Writes that a guardrail is not for an account, for programs.
pub fn out_of_scope_json(guardrail: &str, account: &str, why: &str) -> String {
    json(&serde_json::json!({
        "guardrail": guardrail, "account": account, "scope": "outside", "notes": [why]
    }))
}

/// Tells it to a person.
pub fn story(story: &Story, style: Style) -> String {
    let mut pen = Pen::new(style);
    let (ink, says) = match story.outcome {
        Outcome::Holds => (Ink::Green, "every such request is denied"),
        Outcome::Refuted => (Ink::Red, "this request is not denied"),
        Outcome::Undecided => (Ink::Yellow, "something that decides is not known"),
    };
    let guardrail = pen.paint(Ink::Bold, &escape::line(&story.guardrail));
    let verdict = pen.paint(ink, story.outcome.as_str());
    pen.line(&format!("{guardrail} in {}: {verdict}, {says}", escape::line(&story.path)));
    pen.entry("declared", &escape::line(&story.declared));
    match story.scope {
        Scope::Inside => {}
        Scope::Unknown => pen.entry("scope", "the inputs do not tell whether it is for this account"),
        Scope::Outside => pen.entry("scope", "it is not for this account"),
    }
    if let Some(request) = shown(story) {
        tell(&mut pen, "request", &request);
    }
    for level in &story.levels {
        pen.blank();
        let name = pen.paint(Ink::Bold, &escape::line(&level.name));
        pen.line(&name);
        for policy in &level.policies {
            let address = policy.address.as_ref().map(|it| format!(" ({})", escape::line(it)));
            let name = format!("  {}{}", escape::line(&policy.name), address.unwrap_or_default());
            match policy.says.as_slice() {
                [] => pen.line(&format!("{name}: says nothing")),
                [one] if policy.address.is_none() => pen.line(&format!("{name}: {}", escape::line(one))),
                several => {
                    pen.line(&name);
                    for text in several {
                        pen.line(&format!("    {}", escape::line(text)));
                    }
                }
            }
        }
        if let Some(says) = &level.says {
            pen.line(&format!("  {}", escape::line(says)));
        }
    }
    if !story.notes.is_empty() || story.nearest.is_some() || story.extent.is_some() {
        pen.blank();
    }
    if let Some(nearest) = &story.nearest {
        tell_nearest(&mut pen, nearest);
    }
    if let Some(extent) = &story.extent {
        tell_extent(&mut pen, extent);
    }
    for note in &story.notes {
        pen.entry("note", &escape::line(note));
    }
    pen.finish()
}

/// Says which statement comes nearest to denying a request.
pub(crate) fn tell_nearest(pen: &mut Pen, nearest: &Nearest) {
    let Nearest { policy, statement, lacks, fix } = nearest;
    let text = format!("statement {statement} of `{policy}` comes nearest to denying it: it {lacks}; {fix}");
    pen.entry("nearest", &escape::line(&text));
}

/// Says how far the requests reach that are not denied.
pub(crate) fn tell_extent(pen: &mut Pen, extent: &Extent) {
    pen.entry("not denied", &escape::line(&extent.sentence()));
}

/// Tells it to a program.
pub fn story_json(story: &Story) -> String {
    let shown = shown(story);
    json(&StoryJson {
        guardrail: &story.guardrail,
        declared: &story.declared,
        account: &story.account,
        path: &story.path,
        scope: story.scope.as_str(),
        verdict: story.outcome.as_str(),
        request: shown.as_ref().map(RequestJson::of),
        levels: story
            .levels
            .iter()
            .map(|level| LevelJson {
                name: &level.name,
                policies: level
                    .policies
                    .iter()
                    .map(|policy| PolicyJson {
                        name: &policy.name,
                        address: policy.address.as_deref(),
                        says: &policy.says,
                    })
                    .collect(),
                says: level.says.as_deref(),
            })
            .collect(),
        nearest: story.nearest.as_ref().map(NearestJson::of),
        extent: story.extent.as_ref().map(ExtentJson::of),
        notes: &story.notes,
    })
}

fn shown(story: &Story) -> Option<ShownRequest> {
    let request = story.request.as_ref()?;
    Some(ShownRequest {
        principal: ShownPrincipal::Named(request.principal.clone()),
        action: request.action.clone(),
        resource: request.resource.clone(),
        account: None,
        context: request.context.clone(),
    })
}

#[derive(Serialize)]
struct StoryJson<'a> {
    guardrail: &'a str,
    declared: &'a str,
    account: &'a str,
    path: &'a str,
    scope: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestJson<'a>>,
    levels: Vec<LevelJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<NearestJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extent: Option<ExtentJson<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

/// The statement that comes nearest, for programs.
#[derive(Serialize)]
pub(crate) struct NearestJson<'a> {
    policy: &'a str,
    statement: &'a str,
    lacks: &'a str,
    fix: &'a str,
}

impl<'a> NearestJson<'a> {
    pub(crate) fn of(nearest: &'a Nearest) -> Self {
        let Nearest { policy, statement, lacks, fix } = nearest;
        Self { policy, statement, lacks, fix }
    }
}

/// How far it reaches, for programs: each dimension with its classes, and whether these are all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExtentJson<'a> {
    actions: &'a [String],
    all_actions: bool,
    principals: &'a [String],
    all_principals: bool,
    resources: &'a [String],
    all_resources: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    conditions: BTreeMap<&'a str, Vec<Option<&'a str>>>,
}

impl<'a> ExtentJson<'a> {
    pub(crate) fn of(extent: &'a Extent) -> Self {
        // A key that is missing is `null`.
        let values = |values: &'a [String]| {
            values.iter().map(|value| Some(value.as_str()).filter(|it| !it.is_empty())).collect()
        };
        Self {
            actions: &extent.actions,
            all_actions: extent.all_actions,
            principals: &extent.principals,
            all_principals: extent.all_principals,
            resources: &extent.resources,
            all_resources: extent.all_resources,
            conditions: extent.conditions.iter().map(|(key, it)| (key.as_str(), values(it))).collect(),
        }
    }
}

#[derive(Serialize)]
struct LevelJson<'a> {
    name: &'a str,
    policies: Vec<PolicyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'a str>,
}

#[derive(Serialize)]
struct PolicyJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    says: &'a [String],
}

#[cfg(test)]
mod tests {
    use orgward_finding::Witness;
    use orgward_finding::story::{Level, Told};

    use super::*;

    fn told(name: &str, address: Option<&str>, says: &[&str]) -> Told {
        let says = says.iter().map(|text| (*text).to_owned()).collect();
        Told { name: name.to_owned(), address: address.map(str::to_owned), says }
    }

    /// A request that passes every level.
    fn passing() -> Story {
        Story {
            guardrail: "keep-the-audit-trail".to_owned(),
            declared: "orgward.toml:1: nobody stops a trail".to_owned(),
            account: "shop".to_owned(),
            path: "Root/runtime/shop".to_owned(),
            scope: Scope::Unknown,
            outcome: Outcome::Refuted,
            request: Some(Witness {
                principal: "arn:aws:iam::222222222222:role/ops".to_owned(),
                action: "cloudtrail:StopLogging".to_owned(),
                resource: "*".to_owned(),
                context: Vec::new(),
            }),
            levels: vec![
                Level {
                    name: "Root".to_owned(),
                    policies: vec![told("FullAWSAccess", None, &["allows it"])],
                    says: None,
                },
                Level {
                    name: "runtime".to_owned(),
                    policies: vec![told(
                        "trail",
                        Some("aws_organizations_policy.trail"),
                        &[
                            "statement `Keep` does not deny it: it spares `role/ops`",
                            "2 statements are about other actions",
                        ],
                    )],
                    says: Some("nothing here allows it, so that it is denied".to_owned()),
                },
            ],
            nearest: Some(Nearest {
                policy: "trail".to_owned(),
                statement: "`Keep`".to_owned(),
                lacks: "spares `role/ops`".to_owned(),
                fix: "exempt fewer principals".to_owned(),
            }),
            extent: Some(Extent {
                listed: 2,
                actions: vec!["cloudtrail:DeleteTrail".to_owned(), "cloudtrail:StopLogging".to_owned()],
                actions_in_words: "`cloudtrail:DeleteTrail` and `cloudtrail:StopLogging`".to_owned(),
                all_actions: true,
                principals: vec!["arn:aws:iam::*:role/ops".to_owned()],
                all_principals: false,
                resources: Vec::new(),
                all_resources: true,
                conditions: vec![("aws:SourceIp".to_owned(), vec![String::new(), "10.0.0.1".to_owned()])],
            }),
            notes: vec!["a fact".to_owned()],
        }
    }

    #[test]
    fn a_request_that_passes_every_level() {
        let answer = passing();
        let style = Style::plain(100);
        insta::assert_snapshot!(story(&answer, style), @"
        keep-the-audit-trail in Root/runtime/shop: refuted, this request is not denied
          declared: orgward.toml:1: nobody stops a trail
          scope: the inputs do not tell whether it is for this account
          request: arn:aws:iam::222222222222:role/ops asks for cloudtrail:StopLogging

        Root
          FullAWSAccess: allows it

        runtime
          trail (aws_organizations_policy.trail)
            statement `Keep` does not deny it: it spares `role/ops`
            2 statements are about other actions
          nothing here allows it, so that it is denied

          nearest: statement `Keep` of `trail` comes nearest to denying it: it spares `role/ops`; exempt
                   fewer principals
          not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
                      `cloudtrail:StopLogging`), by principals like `arn:aws:iam::*:role/ops`, without
                      `aws:SourceIp`, or where it is like `10.0.0.1`
          note: a fact
        ");
    }

    #[test]
    fn a_program_reads_it_too() {
        insta::assert_snapshot!(story_json(&passing()), @r#"
        {
          "guardrail": "keep-the-audit-trail",
          "declared": "orgward.toml:1: nobody stops a trail",
          "account": "shop",
          "path": "Root/runtime/shop",
          "scope": "unknown",
          "verdict": "refuted",
          "request": {
            "principal": "arn:aws:iam::222222222222:role/ops",
            "action": "cloudtrail:StopLogging",
            "resource": "*",
            "context": {}
          },
          "levels": [
            {
              "name": "Root",
              "policies": [
                {
                  "name": "FullAWSAccess",
                  "says": [
                    "allows it"
                  ]
                }
              ]
            },
            {
              "name": "runtime",
              "policies": [
                {
                  "name": "trail",
                  "address": "aws_organizations_policy.trail",
                  "says": [
                    "statement `Keep` does not deny it: it spares `role/ops`",
                    "2 statements are about other actions"
                  ]
                }
              ],
              "says": "nothing here allows it, so that it is denied"
            }
          ],
          "nearest": {
            "policy": "trail",
            "statement": "`Keep`",
            "lacks": "spares `role/ops`",
            "fix": "exempt fewer principals"
          },
          "extent": {
            "actions": [
              "cloudtrail:DeleteTrail",
              "cloudtrail:StopLogging"
            ],
            "allActions": true,
            "principals": [
              "arn:aws:iam::*:role/ops"
            ],
            "allPrincipals": false,
            "resources": [],
            "allResources": true,
            "conditions": {
              "aws:SourceIp": [
                null,
                "10.0.0.1"
              ]
            }
          },
          "notes": [
            "a fact"
          ]
        }
        "#);
    }
}
