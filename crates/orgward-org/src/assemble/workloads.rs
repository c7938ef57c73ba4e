//! Resources that are workloads, and the accounts that they land in.

use std::collections::BTreeSet;

use orgward_plan::{Attr, Evidence, Instance, Legal, Mode, Step};

use super::runs::PerKind;
use super::{Builder, Side, Stack};
use crate::resource_types::ResourceType;
use crate::{Edge, Key, Modality, Node, NodeKind, Workload};

/// Attributes that hold the name of a bucket.
const BUCKET: Legal<'_> = Legal(&["aws_s3_bucket.bucket", "aws_s3_bucket.id"]);

impl Builder<'_, '_> {
    /// Adds the workloads. Of their values, only those are read that may name the account.
    pub(super) fn workloads(&mut self, side: Side) {
        let trails = self.trail_buckets();
        let mut decided = PerKind::new(|instance| ResourceType::decided(&instance.kind));
        for (index, Stack { plan, name }) in self.stacks.iter().enumerate() {
            for instance in plan.instances() {
                let standing = instance.standing();
                let stands = if side == Side::Before && index < self.plans {
                    standing.before
                } else {
                    standing.stays()
                };
                if instance.mode != Mode::Managed
                    || instance.deposed.is_some()
                    || !stands
                    || trails.contains(&(index, instance.address.to_string()))
                {
                    continue;
                }
                let kind = match described(instance, side) {
                    Some(kind) => kind,
                    None if decided.of(instance).may_be_workload() => instance.kind.to_string(),
                    None => continue,
                };
                // What an object says of itself is more than what its provider says.
                let placement = plan.placement(instance);
                let owner = placement.landing().and_then(|landing| self.landing(index, instance, landing));
                self.workload(instance, kind, name.as_deref(), owner, placement.evidence);
            }
        }
    }

    fn workload(
        &mut self,
        instance: &Instance<'_>,
        resource: String,
        stack: Option<&str>,
        owner: Option<crate::NodeId>,
        evidence: Vec<Evidence>,
    ) {
        let address = instance.address.as_str();
        let key = stack.map_or_else(|| address.to_owned(), |stack| format!("{stack}:{address}"));
        let at = self.add(Node {
            key: Key(key.into()),
            address: Some(instance.address.clone()),
            stack: stack.map(Into::into),
            name: Attr::Absent,
            id: Attr::Absent,
            arn: Attr::Absent,
            forgotten: false,
            kind: NodeKind::Workload(Workload { resource, evidence }),
        });
        if let Some(owner) = owner {
            self.organization.graph.add_edge(owner, at, Edge::Owns(Modality::Must));
        }
    }

    /// Buckets that the organization's trail writes to: they belong in the management account or the log archive.
    fn trail_buckets(&self) -> BTreeSet<(usize, String)> {
        let mut buckets = BTreeSet::new();
        let mut names = BTreeSet::new();
        for piece in self.of_kind("aws_cloudtrail") {
            if piece.object.get("is_organization_trail").bool() != Attr::Known(true) {
                continue;
            }
            match piece.object.get("s3_bucket_name").text() {
                Attr::Known(name) => {
                    names.insert(name.expose().to_owned());
                }
                Attr::Unknown => {
                    let Some(stack) = self.stacks.get(piece.stack) else { continue };
                    let path = [Step::Name("s3_bucket_name")];
                    let resolution = stack.plan.resolve(piece.instance, &path, &BUCKET);
                    if let [target] = resolution.targets.as_slice() {
                        buckets.insert((piece.stack, target.address.to_string()));
                    }
                }
                Attr::Absent => {}
            }
        }
        // Another stack can manage the bucket: names of buckets are unique.
        for (index, stack) in self.stacks.iter().enumerate().filter(|_| !names.is_empty()) {
            let found = stack.plan.instances().iter().filter(|instance| {
                instance.kind == "aws_s3_bucket"
                    && instance.after().or_else(|| instance.before()).is_some_and(|object| {
                        object.get("bucket").text().known().is_some_and(|name| names.contains(name.expose()))
                    })
            });
            buckets.extend(found.map(|instance| (index, instance.address.to_string())));
        }
        buckets
    }
}

/// The type of a workload that an instance describes: a resource of the Cloud Control API, or one in the template of a stack.
/// What a template does not show is said to be unjudged.
fn described(instance: &Instance<'_>, side: Side) -> Option<String> {
    let object = || match side {
        Side::Before => instance.before().or_else(|| instance.after()),
        Side::After => instance.after().or_else(|| instance.before()),
    };
    let types = match &*instance.kind {
        "aws_cloudcontrolapi_resource" => {
            vec![object()?.get("type_name").text().known()?.expose().to_owned()]
        }
        "aws_cloudformation_stack" => {
            crate::template::types(object()?.get("template_body").text().known()?.expose())?
        }
        _ => return None,
    };
    let decided = |kind: &String| ResourceType::decided(kind);
    let certain = types.iter().find(|kind| decided(kind).category().is_some());
    certain.or_else(|| types.iter().find(|kind| decided(kind).may_be_workload())).cloned()
}
