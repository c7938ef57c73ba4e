use super::{NamedPolicy, Problem, ScenarioLevel, ScenarioPolicies, required};
use crate::decision::is_about_trust;
use crate::parse::json::{Member, Node, Shape};
use crate::parse::{elements, expect, string};
use crate::{Kind, Layer, Policy, Request};

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
