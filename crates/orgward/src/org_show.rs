//! `orgward org show`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use miette::Diagnostic;
use orgward_org::{Attachment, Modality, NodeKind, Organization, Resolved};
use orgward_plan::{Attr, Evidence, Landing, Text};
use orgward_report::{
    AttachmentView, NodeView, OrganizationChange, OrganizationView, dot, mermaid, organization_json, tree,
};
use thiserror::Error;

use crate::arguments::{OrganizationFormat, ShowArguments};
use crate::exit::Exit;
use crate::{config, discover, input, output};

/// Why the organization cannot be drawn.
#[derive(Debug, Error, Diagnostic)]
enum DrawError {
    #[error("`dot` of Graphviz is needed for SVG, and it is not on PATH or failed")]
    #[diagnostic(help("install Graphviz, or use `--format mermaid` or `--format dot`"))]
    Graphviz,
}

/// Shows the organization before and after.
pub(crate) fn run(arguments: &ShowArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(arguments.config.as_deref())?;
    let plans = if arguments.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        arguments.plans.clone()
    };
    let documents = input::read_all(plans.iter().chain(&arguments.org))?;
    let parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    let change = Organization::of(plans, context, &config.declared());
    let change = OrganizationChange { before: view(&change.before), after: view(&change.after) };
    let text = match arguments.format {
        OrganizationFormat::Text => tree(&change),
        OrganizationFormat::Json => organization_json(&change),
        OrganizationFormat::Mermaid => mermaid(&change),
        OrganizationFormat::Dot => dot(&change),
        OrganizationFormat::Svg => svg(&dot(&change))?,
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn svg(graph: &str) -> Result<String, DrawError> {
    let program = input::on_path("dot").ok_or(DrawError::Graphviz)?;
    let child = Command::new(program).arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|_| DrawError::Graphviz)?;
    let mut pipe = child.stdin.take().ok_or(DrawError::Graphviz)?;
    let graph = graph.to_owned();
    // Written from another thread: `dot` may print before it has read everything.
    let writer = std::thread::spawn(move || pipe.write_all(graph.as_bytes()));
    let done = child.wait_with_output().map_err(|_| DrawError::Graphviz)?;
    let written = writer.join().is_ok_and(|written| written.is_ok());
    if !done.status.success() || !written {
        return Err(DrawError::Graphviz);
    }
    String::from_utf8(done.stdout).map_err(|_| DrawError::Graphviz)
}

fn shown(text: &Attr<Text>) -> Option<String> {
    text.as_ref().known().map(ToString::to_string)
}

fn view(organization: &Organization) -> OrganizationView {
    let key = |id| organization.node(id).map(|node| node.key.to_string()).unwrap_or_default();
    let mut view = OrganizationView::default();
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    for (id, node) in organization.nodes() {
        let parent = match organization.parents(id).as_slice() {
            [(parent, Modality::Must)] => Some(key(*parent)),
            _ => None,
        };
        let owner = organization.owner(id).filter(|(_, modality)| *modality == Modality::Must);
        view.nodes.push(NodeView {
            key: node.key.to_string(),
            kind: node.kind.as_str(),
            name: node.title(),
            id: shown(&node.id),
            arn: shown(&node.arn),
            address: node.address.as_ref().map(ToString::to_string),
            parent,
            account: owner.map(|(account, _)| account.node.label()),
        });
        attachments(organization, id, &mut view.attachments);
        let evidence: &[Evidence] = match &node.kind {
            NodeKind::Role(role) => &role.evidence,
            NodeKind::User(user) => &user.evidence,
            NodeKind::Workload(workload) => &workload.evidence,
            _ => continue,
        };
        match evidence.first() {
            Some(first) => {
                let landing = match &first.landing {
                    Landing::Account(account) => account.clone(),
                    Landing::Created(address) => format!("the account of `{address}`"),
                    Landing::Management => "the management account".to_owned(),
                };
                sources.insert(first.source.clone(), landing);
            }
            None => {
                sources.insert(node.key.to_string(), "nothing says where it is".to_owned());
            }
        }
    }
    for loose in organization.loose_attachments() {
        view.attachments.push(AttachmentView {
            policy: key(loose.guardrail),
            target: None,
            address: Some(loose.address.to_string()),
            resolution: "unknown",
            candidates: Vec::new(),
            trail: loose.trail.clone(),
        });
    }
    view.attachments.sort();
    view.placements = sources.into_iter().map(|(source, landing)| format!("{source}: {landing}")).collect();
    view
}

/// What a policy is attached to: one entry for each target, or for each attachment with candidates.
fn attachments(organization: &Organization, policy: orgward_org::NodeId, out: &mut Vec<AttachmentView>) {
    let key = |id| organization.node(id).map(|node| node.key.to_string()).unwrap_or_default();
    let mut open: BTreeMap<Option<String>, AttachmentView> = BTreeMap::new();
    for (target, attachment) in organization.targets_of(policy) {
        let Attachment { address, resolved, trail, .. } = attachment;
        let address = address.as_ref().map(ToString::to_string);
        let mut entry = AttachmentView {
            policy: key(policy),
            target: None,
            address: address.clone(),
            resolution: match resolved {
                Resolved::Known | Resolved::Implicit => "known",
                Resolved::Exact => "exact",
                Resolved::Typed => "typed",
                Resolved::Candidates => "candidates",
            },
            candidates: Vec::new(),
            trail: trail.clone(),
        };
        if *resolved == Resolved::Candidates {
            open.entry(address).or_insert(entry).candidates.push(key(target));
        } else {
            entry.target = Some(key(target));
            out.push(entry);
        }
    }
    out.extend(open.into_values());
}
