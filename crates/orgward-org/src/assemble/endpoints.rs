//! VPC endpoints, and the policies that bound what goes through them.

use std::collections::BTreeMap;

use orgward_iam::{Catalogue, Kind};
use orgward_plan::{Action, Attr, Legal, Mode, Step};

use super::{Builder, Piece};
use crate::Key;
use crate::resource::Endpoint;

const ENDPOINT: &str = "aws_vpc_endpoint";
const POLICY: &str = "aws_vpc_endpoint_policy";

/// Attributes that name what a reference means.
const ID: Legal<'_> = Legal(&["aws_vpc_endpoint.id"]);

impl<'a> Builder<'_, 'a> {
    /// Reads the endpoints, and the policies that resources of their own set.
    pub(super) fn endpoints(&mut self) {
        let mut endpoints: BTreeMap<Key, Endpoint> = BTreeMap::new();
        let mut ids: BTreeMap<(usize, String), Key> = BTreeMap::new();
        for piece in self.of_kind(ENDPOINT).iter().filter(|it| it.instance.mode == Mode::Managed) {
            let object = &piece.object;
            let name = object.get("service_name").text().known().map(|name| name.expose().to_owned());
            // Load balancers have no policy, and what others offer through endpoints has no action of AWS.
            let kind = object.get("vpc_endpoint_type").text().known();
            let is_balancer = kind.is_some_and(|kind| kind.expose() == "GatewayLoadBalancer");
            if is_balancer || name.as_ref().is_some_and(|name| name.contains(".vpce.")) {
                continue;
            }
            let key = self.key(piece);
            if let Attr::Known(id) = object.get("id").text() {
                ids.insert((piece.stack, id.expose().to_owned()), key.clone());
            }
            let unset =
                self.stacks.get(piece.stack).is_some_and(|it| it.plan.is_unset(piece.instance, "policy"));
            let endpoint = Endpoint {
                service: name.as_deref().and_then(prefix),
                document: self.endpoint_policy(piece).filter(|_| !unset),
                may_have_another: unset && piece.instance.action != Action::Create,
                ..self.endpoint(piece, key.clone())
            };
            endpoints.insert(key, endpoint);
        }
        for piece in self.of_kind(POLICY).iter().filter(|it| it.instance.mode == Mode::Managed) {
            let known = match piece.object.get("vpc_endpoint_id").text() {
                Attr::Known(id) => ids.get(&(piece.stack, id.expose().to_owned())).cloned(),
                Attr::Absent => None,
                Attr::Unknown => self.stacks.get(piece.stack).and_then(|stack| {
                    let resolution =
                        stack.plan.resolve(piece.instance, &[Step::Name("vpc_endpoint_id")], &ID);
                    let [only] = resolution.targets.as_slice() else { return None };
                    let mut all = self.of_kind(ENDPOINT).iter();
                    let found = all
                        .find(|other| other.stack == piece.stack && other.instance.address == only.address);
                    found.map(|found| self.key(found))
                }),
            };
            let key = known.unwrap_or_else(|| Key(format!("endpoint of {}", self.key(piece)).into()));
            let service = endpoints.get(&key).and_then(|it| it.service);
            let document = self.endpoint_policy(piece);
            let endpoint = Endpoint { service, document, ..self.endpoint(piece, key.clone()) };
            endpoints.insert(key, endpoint);
        }
        self.organization.access.endpoints = endpoints.into_values().collect();
    }

    fn endpoint(&mut self, piece: &Piece<'_, 'a>, key: Key) -> Endpoint {
        let (_, owner) = self.place_of(piece);
        Endpoint {
            key,
            address: piece.instance.address.clone(),
            stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
            owner,
            service: None,
            document: None,
            may_have_another: false,
        }
    }

    fn endpoint_policy(&self, piece: &Piece<'_, 'a>) -> Option<crate::Document> {
        match piece.object.get("policy").text() {
            Attr::Absent => None,
            Attr::Known(text) if text.expose().trim().is_empty() => None,
            Attr::Known(_) | Attr::Unknown => {
                Some(self.document(piece, &[Step::Name("policy")], Kind::Resource, "policy"))
            }
        }
    }
}

/// The prefix of the actions of the service of an endpoint: `com.amazonaws.eu-west-1.ecr.api` is `ecr`'s.
fn prefix(service_name: &str) -> Option<&'static str> {
    let mut parts = service_name.split('.').skip_while(|part| *part != "amazonaws").skip(2);
    let name = match parts.next()? {
        "monitoring" => "cloudwatch",
        "email-smtp" | "email" => "ses",
        "logs-fips" => "logs",
        "kms-fips" => "kms",
        other => other,
    };
    Catalogue::get().service(name).map(orgward_iam::Service::prefix)
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn the_service_of_an_endpoint_tells_its_actions() {
        assert_eq!(prefix("com.amazonaws.eu-west-1.s3"), Some("s3"));
        assert_eq!(prefix("com.amazonaws.eu-west-1.ecr.api"), Some("ecr"));
        assert_eq!(prefix("com.amazonaws.eu-west-1.monitoring"), Some("cloudwatch"));
        assert_eq!(prefix("cn.com.amazonaws.cn-north-1.sts"), Some("sts"));
        assert_eq!(prefix("com.amazonaws.eu-west-1.brand-new"), None);
    }
}
