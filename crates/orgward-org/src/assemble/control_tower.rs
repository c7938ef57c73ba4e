//! What Control Tower brings: its preventive controls are policies of the organization that it writes and attaches
//! itself.

use orgward_iam::Kind;
use orgward_plan::{Attr, Legal, Step, Text};

use super::join::Link;
use super::{Builder, Piece};
use crate::control_tower::{self, Parameters, Published};
use crate::node::CONTROL;
use crate::{
    Attachment, Document, Node, NodeId, NodeKind, OrgPolicy, PolicyType, Resolved, UnresolvedAttachment,
};

/// Attributes that hold what a control is enabled on.
const UNIT_ARN: Legal<'_> = Legal(&["aws_organizations_organizational_unit.arn"]);

/// The region deny control of the landing zone. It cannot be enabled like this; who tries means it.
const REGION_DENY: &str = "AWS-GR_REGION_DENY";

impl<'a> Builder<'_, 'a> {
    /// Adds the policies of the controls, attached to what they are enabled on.
    pub(super) fn control_tower(&mut self) {
        for piece in self.of_kind("aws_controltower_control") {
            let identifier = piece.object.get("control_identifier").text();
            let identifier = identifier.known().map(|text| text.expose().to_owned()).unwrap_or_default();
            let name = control_tower::name(&identifier);
            let published = control_tower::published(name);
            if matches!(published, Published::DeniesNothing) {
                continue;
            }
            let (kind, document) = self.control_document(piece, name, published);
            let targets = self.link(piece, &[Step::Name("target_identifier")], &UNIT_ARN);
            let at = self.add(Node {
                key: self.key(piece),
                address: Some(piece.instance.address.clone()),
                stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
                name: Attr::Known(Text::plain(name)),
                id: Attr::Unknown,
                arn: Attr::Unknown,
                forgotten: piece.left_behind,
                kind: NodeKind::OrgPolicy(OrgPolicy {
                    is_control: true,
                    ..OrgPolicy::written(kind, document)
                }),
            });
            self.enabled_on(piece, at, targets);
        }
    }

    /// What a control denies, as far as it is known.
    fn control_document(
        &self,
        piece: &Piece<'_, 'a>,
        name: &str,
        published: Published,
    ) -> (PolicyType, Document) {
        let key = self.key(piece).to_string();
        let unknown = |why: String| Document::unknown(key.clone(), Kind::ServiceControl, vec![why]);
        match published {
            Published::Policy(control) => {
                let kind = control_tower::policy_type(control);
                let organization = self.organization.id();
                let text = parameters(piece)
                    .and_then(|parameters| control_tower::document(name, control, &parameters, organization));
                let of = if kind == PolicyType::ResourceControl {
                    Kind::ResourceControl
                } else {
                    Kind::ServiceControl
                };
                let document = match text {
                    Ok(text) => Document::known(key, of, &Text::plain(text)),
                    Err(why) => Document::unknown(key, of, vec![why]),
                };
                (kind, document)
            }
            _ if name == REGION_DENY => {
                (PolicyType::ServiceControl, unknown("Control Tower writes its text".to_owned()))
            }
            // Nothing is known of what it denies, not even whether it does.
            _ => (
                PolicyType::Other(CONTROL.to_owned()),
                unknown("AWS publishes no text of it that is read here".to_owned()),
            ),
        }
    }

    fn enabled_on(&mut self, piece: &Piece<'_, 'a>, control: NodeId, targets: Link) {
        let address = &piece.instance.address;
        let attach = |this: &mut Self, target: NodeId, resolved: Resolved, trail: Vec<String>| {
            let attachment = Attachment { address: Some(address.clone()), resolved, trail, window: false };
            this.attach(control, target, attachment);
        };
        match targets {
            Link::Node(target, resolved, trail) => attach(self, target, resolved, trail),
            Link::Candidates(targets, trail) | Link::Bounded(targets, trail) => {
                for target in targets {
                    attach(self, target, Resolved::Candidates, trail.clone());
                }
            }
            Link::Value(arn) => {
                let id = control_tower::name(arn.expose()).to_owned();
                let id = if arn.is_sensitive() { Text::sensitive(id) } else { Text::plain(id) };
                let known = self.ids.get(id.expose()).copied();
                let target = known.unwrap_or_else(|| self.target_by_id(&id));
                attach(self, target, Resolved::Known, Vec::new());
            }
            Link::Unknown(trail) => self.organization.unresolved_targets.push(UnresolvedAttachment {
                address: address.clone(),
                org_policy: control,
                trail,
            }),
            Link::Absent => {}
        }
    }
}

/// The parameters of a control: each value is a list, or a text, as JSON.
fn parameters(piece: &Piece<'_, '_>) -> Result<Parameters, String> {
    let mut parameters = Parameters::new();
    let blocks = match piece.object.get("parameters").items() {
        Attr::Known(blocks) => blocks,
        Attr::Absent => return Ok(parameters),
        Attr::Unknown => return Err("its parameters are unknown until apply".to_owned()),
    };
    for block in blocks {
        let (Attr::Known(name), Attr::Known(value)) = (block.get("key").text(), block.get("value").text())
        else {
            return Err("a parameter of it is unknown until apply".to_owned());
        };
        if value.is_sensitive() {
            return Err("a parameter of it is sensitive".to_owned());
        }
        let name = name.expose().to_owned();
        let values = match serde_json::from_str(value.expose()) {
            Ok(serde_json::Value::Array(values)) => {
                values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            }
            Ok(serde_json::Value::String(value)) => Some(vec![value]),
            _ => None,
        };
        let values = values.ok_or_else(|| {
            format!("its parameter `{name}` is no list of texts, as `jsonencode` writes it")
        })?;
        parameters.insert(name, values);
    }
    Ok(parameters)
}
