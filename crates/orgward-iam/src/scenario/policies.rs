use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{NamedPolicy, Problem, ScenarioLevel, ScenarioPolicies, required};
use crate::decision::is_about_trust;
use crate::parse::json::{Member, Node, Shape};
use crate::parse::{elements, expect, string};
use crate::{Effect, Kind, Layer, Policy, Request};

pub(super) fn read(node: &Node<'_>, request: &Request) -> Result<ScenarioPolicies, Problem> {
    let names = Layer::ALL.map(Layer::as_str);
    let [identity, boundary, session, scp, rcp, resource, endpoint] = elements(node, "`policies`", names)?;
    let resource_kind = if is_about_trust(request) { Kind::Trust } else { Kind::Resource };
    let some = |member: Option<Member<'_>>, kind| member.map(|member| list(&member, kind)).transpose();
    let levels = |member: Option<Member<'_>>, kind| member.map(|member| levels(&member, kind)).transpose();
    Ok(ScenarioPolicies {
        identity: some(identity, Kind::Identity)?.unwrap_or_default(),
        boundary: some(boundary, Kind::Identity)?,
        session: some(session, Kind::Identity)?,
        service_control: levels(scp, Kind::ServiceControl)?,
        resource_control: levels(rcp, Kind::ResourceControl)?,
        resource: some(resource, resource_kind)?.unwrap_or_default(),
        endpoint: some(endpoint, Kind::Resource)?,
    })
}

/// Reads the levels of an organization that stand by themselves.
pub(super) fn alone(node: &Node<'_>, kind: Kind) -> Result<Vec<ScenarioLevel>, Problem> {
    let name = if kind == Kind::ResourceControl { "rcp" } else { "scp" };
    if node.shape() != Shape::Object {
        expect(node, Shape::Array, "a chain")?;
        return levels_of(node, name, kind);
    }
    let [scp, rcp] = elements(node, "a chain", ["scp", "rcp"])?;
    let member = required(node, if kind == Kind::ResourceControl { rcp } else { scp }, name, "the chain")?;
    levels(&member, kind)
}

/// What AWS attaches to every level at first.
const FULL_ACCESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// Reads policies that stand by themselves, one after the other, as one level; `None` where the text is something else.
pub(super) fn bare(text: &str, kind: Kind) -> Result<Option<ScenarioLevel>, Problem> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    while let Some(value) = stream.next() {
        let (Ok(value), end) = (value, stream.byte_offset()) else { return Ok(None) };
        let is_policy = serde_json::from_str::<BTreeMap<&str, &RawValue>>(value.get())
            .is_ok_and(|members| members.keys().any(|name| name.eq_ignore_ascii_case("Statement")));
        if !is_policy {
            return Ok(None);
        }
        documents.push((end.saturating_sub(value.get().len()), value.get()));
    }
    let mut policies = Vec::new();
    for (index, (start, document)) in documents.iter().enumerate() {
        let name = format!("policy {}", index + 1);
        let policy = Policy::parse(*document, kind).map_err(|mut error| {
            error.span = error.span.start + start..error.span.end + start;
            Problem { part: name.clone(), error }
        })?;
        policies.push(NamedPolicy { name, policy });
    }
    let mut statements = policies.iter().flat_map(|named| &named.policy.statements);
    if !policies.is_empty() && statements.all(|statement| statement.effect.value == Effect::Deny) {
        let text = if kind == Kind::ResourceControl {
            FULL_ACCESS.into()
        } else {
            FULL_ACCESS.replace(r#""Principal":"*","#, "")
        };
        let policy =
            Policy::parse(text, kind).map_err(|error| Problem { part: "FullAWSAccess".to_owned(), error })?;
        policies.insert(0, NamedPolicy { name: "FullAWSAccess".to_owned(), policy });
    }
    Ok((!policies.is_empty()).then(|| ScenarioLevel { target: "level 1".to_owned(), policies }))
}

fn list(member: &Member<'_>, kind: Kind) -> Result<Vec<NamedPolicy>, Problem> {
    expect(&member.value, Shape::Array, &format!("`{}`", member.name))?;
    policies(&member.value, kind, &format!("in `{}`", member.name))
}

fn levels(member: &Member<'_>, kind: Kind) -> Result<Vec<ScenarioLevel>, Problem> {
    expect(&member.value, Shape::Array, &format!("`{}`", member.name))?;
    levels_of(&member.value, &member.name, kind)
}

fn levels_of(node: &Node<'_>, name: &str, kind: Kind) -> Result<Vec<ScenarioLevel>, Problem> {
    let mut levels = Vec::new();
    for (index, node) in node.items()?.iter().enumerate() {
        let [target, policies] = elements(node, "a level", ["target", "policies"])?;
        let target = match target {
            Some(target) => string(&target.value, "`target`")?,
            None => format!("level {}", index + 1),
        };
        let list = required(node, policies, "policies", "the level")?.value;
        expect(&list, Shape::Array, "`policies`")?;
        let policies = self::policies(&list, kind, &format!("of `{target}` in `{name}`"))?;
        levels.push(ScenarioLevel { target, policies });
    }
    Ok(levels)
}

fn policies(list: &Node<'_>, kind: Kind, place: &str) -> Result<Vec<NamedPolicy>, Problem> {
    let mut policies = Vec::new();
    for (index, node) in list.items()?.iter().enumerate() {
        let number = format!("policy {}", index + 1);
        let (name, document) =
            named(node, &number).map_err(|error| Problem { part: format!("{number} {place}"), error })?;
        let policy = Policy::parse(document.raw(), kind).map_err(|mut error| {
            // The policy was read by itself: its places begin where it stands.
            let start = document.span().start;
            error.span = error.span.start + start..error.span.end + start;
            let part = if name == number { name.clone() } else { format!("policy `{name}`") };
            Problem { part: format!("{part} {place}"), error }
        })?;
        policies.push(NamedPolicy { name, policy });
    }
    Ok(policies)
}

/// A policy with its name, or a bare document.
fn named<'t>(node: &Node<'t>, number: &str) -> Result<(String, Node<'t>), crate::PolicyError> {
    expect(node, Shape::Object, "a policy")?;
    let is_bare = node.members()?.iter().any(|member| {
        ["Version", "Id", "Statement"].iter().any(|name| member.name.eq_ignore_ascii_case(name))
    });
    if is_bare {
        return Ok((number.to_owned(), *node));
    }
    let [name, document] = elements(node, "a policy", ["name", "document"])?;
    let document = required(node, document, "document", "the policy")?.value;
    let name = match name {
        Some(name) => string(&name.value, "`name`")?,
        None => number.to_owned(),
    };
    Ok((name, document))
}
