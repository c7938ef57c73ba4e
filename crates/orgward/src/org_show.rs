//! `orgward org show`.

use std::collections::BTreeMap;
use std::path::Path;

use miette::Diagnostic;
use orgward_org::{Attachment, Foundation, Modality, Organization, Resolved};
use orgward_plan::{Attr, Landing, Plan, ProviderPlacement, Text};
use orgward_report::{
    AdviceView, AttachmentView, NodeView, OrganizationChange, OrganizationView, PlacementView, dot, mermaid,
    organization_json, svg, tree,
};

use crate::arguments::{OrganizationFormat, ShowArguments};
use crate::exit::Exit;
use crate::{config, discover, input, output, source};

/// Reasons that are given for one placement: the strongest come first.
const EVIDENCE: usize = 4;

/// Shows the organization before and after.
pub(crate) fn run(arguments: &ShowArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let plans = if arguments.plans.is_empty() {
        vec![discover::plan(Path::new("."))?]
    } else {
        input::expanded(&arguments.plans)?
    };
    let documents = input::read_all(plans.iter().chain(&input::expanded(&arguments.org)?))?;
    let parsed = source::parsed(&documents, &plans, (&config, &arguments.config), &arguments.source)?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    crate::progress::stage("building the organization");
    let change = Organization::of(plans, context, &config.declared());
    let inputs = plans.iter().chain(context);
    let mut placements: Vec<_> = inputs.flat_map(|plan| placements(plan, &change.after)).collect();
    placements.sort_by(|a, b| (&a.input, &a.provider, &a.account).cmp(&(&b.input, &b.provider, &b.account)));
    let change = OrganizationChange {
        before: view(&change.before),
        after: view(&change.after),
        placements,
        contradictions: change.after.contradictions().to_vec(),
        advice: change.after.missing_foundations().into_iter().map(advice).collect(),
    };
    let text = match arguments.format {
        OrganizationFormat::Text => tree(&change),
        OrganizationFormat::Json => organization_json(&change),
        OrganizationFormat::Mermaid => mermaid(&change),
        OrganizationFormat::Dot => dot(&change),
        OrganizationFormat::Svg => svg(&change),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn advice(Foundation { what, why, how }: Foundation) -> AdviceView {
    AdviceView { what, why, how }
}

/// Where the provider configurations of one input put things.
fn placements(plan: &Plan<'_>, organization: &Organization) -> Vec<PlacementView> {
    let mut all: Vec<PlacementView> = Vec::new();
    for report in plan.provider_placements() {
        let mut next = placement(plan, organization, report);
        let same = |one: &&mut PlacementView| {
            next.account.is_some() && (&one.provider, &one.account) == (&next.provider, &next.account)
        };
        // The management account and its id are one account once the organization is known.
        let Some(one) = all.iter_mut().find(same) else {
            all.push(next);
            continue;
        };
        one.resources += next.resources;
        one.regions.append(&mut next.regions);
        one.regions.sort();
        one.regions.dedup();
        next.evidence.retain(|reason| !one.evidence.contains(reason));
        one.evidence.append(&mut next.evidence);
        one.evidence.truncate(EVIDENCE);
    }
    all
}

fn placement(plan: &Plan<'_>, organization: &Organization, report: ProviderPlacement) -> PlacementView {
    let ProviderPlacement { provider, placement, regions, resources } = report;
    let landing = placement.landing();
    let node = landing.and_then(|landing| match landing {
        Landing::Account(id) => organization
            .accounts()
            .find(|account| matches!(&account.node.id, Attr::Known(known) if known.expose() == id)),
        Landing::Created(address) => organization.accounts().find(|account| {
            let of_plan = account.node.stack.as_deref().is_none_or(|stack| stack == plan.name);
            of_plan && account.node.address.as_ref() == Some(address)
        }),
        Landing::Management => organization.management().and_then(|id| organization.account(id)),
    });
    let unknown = match (landing, placement.conflict()) {
        (Some(_), _) => None,
        (None, Some((one, other))) => {
            Some(format!("{} says {}, and {} says {}", one, one.landing, other, other.landing))
        }
        (None, None) if provider.is_none() => {
            Some("nothing in the resources says which account: name it in `[stacks]` of `orgward.toml`".to_owned())
        }
        (None, None) => Some(
            "nothing says which account: read `data \"aws_caller_identity\"` through it, or name the account in \
             `[stacks]` of `orgward.toml`"
                .to_owned(),
        ),
    };
    let evidence = placement.evidence.iter().filter_map(|evidence| match (landing, &evidence.landing) {
        (Some(landing), other) if landing == other => Some(evidence.to_string()),
        (Some(Landing::Account(_)), Landing::Management) => None,
        // What contradicts what was believed is said, too: it is `[stacks]`, or another resource.
        (_, other) => Some(format!("{evidence}, says {other}")),
    });
    PlacementView {
        input: plan.name.clone(),
        provider,
        account: landing.map(|landing| match (&node, landing) {
            (Some(node), Landing::Management) if node.node.id.as_ref().known().is_some() => node.node.label(),
            _ => landing.to_string(),
        }),
        // A path that begins nowhere tells nothing.
        path: node.map(|node| organization.path(node.id)).filter(|path| !path.starts_with('…')),
        regions: regions.into_iter().collect(),
        resources,
        evidence: if unknown.is_some() { Vec::new() } else { evidence.take(EVIDENCE).collect() },
        unknown,
    }
}

fn shown(text: &Attr<Text>) -> Option<String> {
    text.as_ref().known().map(ToString::to_string)
}

/// One side, as plain facts.
pub(crate) fn view(organization: &Organization) -> OrganizationView {
    let key = |id| organization.node(id).map(|node| node.key.to_string()).unwrap_or_default();
    let mut view = OrganizationView::default();
    for (id, node) in organization.nodes() {
        let (parent, candidates) = match organization.parents(id).as_slice() {
            [(parent, Modality::Must)] => (Some(key(*parent)), Vec::new()),
            several => (None, several.iter().map(|(parent, _)| key(*parent)).collect()),
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
            candidates,
            management: organization.account(id).is_some_and(|account| account.management),
            account: owner.map(|(account, _)| account.node.label()),
        });
        attachments(organization, id, &mut view.attachments);
    }
    for unresolved in organization.loose_attachments() {
        view.attachments.push(AttachmentView {
            policy: key(unresolved.org_policy),
            target: None,
            address: Some(unresolved.address.to_string()),
            resolution: "unknown",
            candidates: Vec::new(),
            trail: unresolved.trail.clone(),
        });
    }
    view.attachments.sort();
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
