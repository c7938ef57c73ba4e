//! How a guardrail fares in one account.

use orgward_finding::WitnessValue;
use orgward_finding::story::{Outcome, Scope, Story};
use serde::Serialize;

use crate::request::{RequestJson, json, tell};
use crate::terminal::{Ink, Pen};
use crate::{ShownPrincipal, ShownRequest, Style, escape};

/// Tells it to a person.
pub fn story(story: &Story, style: Style) -> String {
    let mut pen = Pen::new(style);
    let (ink, says) = match story.outcome {
        Outcome::Holds => (Ink::Green, "every such request is denied"),
        Outcome::Refuted => (Ink::Red, "this request is not denied"),
        Outcome::Undecided => (Ink::Yellow, "it cannot be told"),
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
            let says: Vec<_> = policy.says.iter().map(|text| escape::line(text)).collect();
            let says = if says.is_empty() { "says nothing".into() } else { says.join("; ") };
            let address = policy.address.as_ref().map(|it| format!(" ({})", escape::line(it)));
            pen.entry(&format!("{}{}", escape::line(&policy.name), address.unwrap_or_default()), &says);
        }
        if let Some(says) = &level.says {
            pen.line(&format!("  {}", escape::line(says)));
        }
    }
    if !story.notes.is_empty() {
        pen.blank();
    }
    for note in &story.notes {
        pen.entry("note", &escape::line(note));
    }
    pen.finish()
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
        notes: &story.notes,
    })
}

fn shown(story: &Story) -> Option<ShownRequest> {
    let request = story.request.as_ref()?;
    let copied = |value: &WitnessValue| value.clone();
    Some(ShownRequest {
        principal: ShownPrincipal::Named(request.principal.clone()),
        action: request.action.clone(),
        resource: request.resource.clone(),
        account: None,
        context: request.context.iter().map(|(key, value)| (key.clone(), copied(value))).collect(),
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
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
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
