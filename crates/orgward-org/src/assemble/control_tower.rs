//! What Control Tower brings: its preventive controls are policies of the organization that it writes and attaches
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::Kind;
use orgward_plan::{Attr, Legal, Step, Text};

use super::join::Link;
use super::{Builder, Piece, Side};
use crate::control_tower::{self, Parameters, Published};
use crate::node::CONTROL;
use crate::{
    Attachment, Document, Key, Node, NodeId, NodeKind, OrgPolicy, PolicyType, Resolved, UnresolvedAttachment,
};

/// Attributes that hold what a control is enabled on.
const UNIT_ARN: Legal<'_> = Legal(&["aws_organizations_organizational_unit.arn"]);

/// The region deny control of the landing zone. It cannot be enabled like this; who tries means it.
const REGION_DENY: &str = "AWS-GR_REGION_DENY";

/// What Control Tower attaches a policy to, by the pieces that say so.
type Enabled = BTreeSet<(String, String)>;

impl<'a> Builder<'_, 'a> {
    /// Adds the policies of baselines and controls, attached to what they are enabled on.
    pub(super) fn control_tower(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, '_>>>, side: Side) {
        for piece in self.of_kind("aws_controltower_control") {
            let identifier = text_of(piece, "control_identifier");
            let (name, published) = control_tower::identified(&identifier, &self.declared.controls);
            if published == Published::DeniesNothing {
                continue;
            }
            let (kind, text) = match published {
                Published::Policy(control) => {
                    let organization = self.organization.id();
                    let text = parameters(piece).and_then(|parameters| {
                        control_tower::document(name, control, &parameters, organization)
                    });
                    (control_tower::policy_type(control), text)
                }
                _ => unread(name),
            };
            self.enabled(piece, (name, kind, text));
        }
        for piece in self.of_kind("aws_controltower_baseline") {
            let identifier = text_of(piece, "baseline_identifier");
            let version = piece.object.get("baseline_version").text();
            let version = version.known();
            let version = version.as_ref().map(orgward_plan::Text::expose);
            if let Some(text) = control_tower::baseline(&identifier, version) {
                let name = version.map_or_else(
                    || "mandatory controls".to_owned(),
                    |version| format!("mandatory controls of baseline {version}"),
                );
                self.enabled(piece, (&name, PolicyType::ServiceControl, text));
            }
        }
        self.enabled_elsewhere(other, side);
    }

    /// What `data.aws_controltower_controls` shows besides: controls that other stacks enable. Their parameters are not
    /// shown, and may spare anything.
    fn enabled_elsewhere(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, '_>>>, side: Side) {
        let all = |pieces: &BTreeMap<&str, Vec<Piece<'_, '_>>>| -> Enabled {
            let pieces = pieces.get("aws_controltower_control").into_iter().flatten();
            let ends = |piece: &Piece<'_, '_>| {
                (text_of(piece, "control_identifier"), text_of(piece, "target_identifier"))
            };
            pieces.filter(|piece| piece.stack < self.plans).map(ends).collect()
        };
        // What a plan enables is its own, and a snapshot shows the time before the plan.
        let mut known = all(self.pieces);
        if side == Side::After {
            known.extend(all(other));
        }
        let short = |identifier: &str| control_tower::name(identifier).to_owned();
        let known: Enabled = known.iter().map(|(control, target)| (short(control), target.clone())).collect();
        for piece in self.of_kind("data.aws_controltower_controls") {
            let Attr::Known(target) = piece.object.get("target_identifier").text() else { continue };
            let Attr::Known(listed) = piece.object.get("enabled_controls").items() else { continue };
            for identifier in listed.iter().filter_map(|identifier| identifier.text().known()) {
                let identifier = identifier.expose();
                let (name, published) = control_tower::identified(identifier, &self.declared.controls);
                let is_known = known.contains(&(short(identifier), target.expose().to_owned()));
                if is_known || published == Published::DeniesNothing {
                    continue;
                }
                let (kind, text) = match published {
                    Published::Policy(control) => {
                        let text = if control_tower::is_fixed(control) {
                            control_tower::document(name, control, &Parameters::new(), None)
                        } else {
                            Err("the parameters of this control are not in the data".to_owned())
                        };
                        (control_tower::policy_type(control), text)
                    }
                    _ => unread(name),
                };
                let key = Key(format!("{}: {name}", self.key(piece)).into());
                let control = self.written_by_aws((key, None, false), (name, kind, text));
                let attachment =
                    Attachment { address: None, resolved: Resolved::Known, trail: Vec::new(), window: false };
                let target = self.unit_by_arn(&target);
                self.attach(control, target, attachment);
            }
        }
    }

    /// Adds a policy that a resource makes Control Tower write.
    fn enabled(&mut self, piece: &Piece<'_, 'a>, policy: Written<'_>) {
        let targets = self.link(piece, &[Step::Name("target_identifier")], &UNIT_ARN);
        let identity = (self.key(piece), Some(piece), piece.left_behind);
        let at = self.written_by_aws(identity, policy);
        self.enabled_on(piece, at, targets);
    }

    fn written_by_aws(
        &mut self,
        (key, piece, forgotten): (Key, Option<&Piece<'_, 'a>>, bool),
        (name, kind, text): Written<'_>,
    ) -> NodeId {
        let of = match kind {
            PolicyType::ResourceControl => Kind::ResourceControl,
            _ => Kind::ServiceControl,
        };
        let document = match text {
            Ok(text) => Document::known(key.to_string(), of, &Text::plain(text)),
            Err(why) => Document::unknown(key.to_string(), of, vec![why]),
        };
        self.add(Node {
            key,
            address: piece.map(|piece| piece.instance.address.clone()),
            stack: piece.and_then(|piece| self.stacks.get(piece.stack)).and_then(|stack| stack.name.clone()),
            name: Attr::Known(Text::plain(name)),
            id: Attr::Unknown,
            arn: Attr::Unknown,
            forgotten,
            kind: NodeKind::OrgPolicy(OrgPolicy { is_control: true, ..OrgPolicy::written(kind, document) }),
        })
    }

    /// The unit with an ARN.
    fn unit_by_arn(&mut self, arn: &Text) -> NodeId {
        let id = control_tower::name(arn.expose()).to_owned();
        let id = if arn.is_sensitive() { Text::sensitive(id) } else { Text::plain(id) };
        let known = self.ids.get(id.expose()).copied();
        known.unwrap_or_else(|| self.target_by_id(&id))
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
                let target = self.unit_by_arn(&arn);
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

/// The name of a policy that Control Tower writes, its type, and its text or why it is unknown.
type Written<'n> = (&'n str, PolicyType, Result<String, String>);

/// A text of a resource; empty where it is unknown.
fn text_of(piece: &Piece<'_, '_>, attribute: &str) -> String {
    let text = piece.object.get(attribute).text();
    text.known().map(|text| text.expose().to_owned()).unwrap_or_default()
}

/// A control whose text is not read. Nothing is known of what it denies, not even whether it does.
fn unread(name: &str) -> (PolicyType, Result<String, String>) {
    if name == REGION_DENY {
        return (PolicyType::ServiceControl, Err("Control Tower writes its text".to_owned()));
    }
    let why = "AWS publishes no text of it that is read here".to_owned();
    (PolicyType::Other(CONTROL.to_owned()), Err(why))
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
            Ok(serde_json::Value::Bool(value)) => Some(vec![value.to_string()]),
            _ => None,
        };
        let values = values.ok_or_else(|| {
            format!("its parameter `{name}` is no list of texts, as `jsonencode` writes it")
        })?;
        parameters.insert(name, values);
    }
    Ok(parameters)
}
