//! Requests that AWS cannot get, by the types of resources that it lists for actions.

use std::collections::{BTreeMap, BTreeSet};

use crate::draft::{PolicyDraft, StatementDraft};
use crate::{Action, Catalogue, Effect, Kind, Policy, Request, RequestSet, ResourceType};

/// Requests that AWS cannot get: a role is deleted by its own ARN only.
#[derive(Clone, Debug, Default)]
pub struct Impossible {
    kinds: BTreeMap<Types, ImpossibleKind>,
}

/// The patterns of the ARNs that some actions are about, and whether a request always has one.
type Types = (Vec<String>, bool);

/// What AWS cannot get for actions of the same types.
#[derive(Clone, Debug)]
struct ImpossibleKind {
    actions: BTreeSet<&'static str>,
    /// The first statement matches all requests for the actions that may be impossible, the second one those about a
    /// resource of their types.
    policy: Policy,
}

impl Impossible {
    /// The requests.
    pub fn requests(&self) -> RequestSet<'_> {
        let each = self.kinds.values().filter_map(|kind| match kind.policy.statements.as_slice() {
            [any, real] => {
                let matched = |statement| RequestSet::matched(&kind.policy, statement);
                Some(matched(any).minus(matched(real)))
            }
            _ => None,
        });
        each.fold(RequestSet::nothing(), RequestSet::or)
    }

    /// Adds an impossible request and those like it: of all wanted actions of its service where they have few types, of
    /// those of the same types otherwise. `false` if nothing was added.
    pub(crate) fn extend(&mut self, request: &Request, wanted: impl Fn(&str) -> bool) -> bool {
        let Some(action) = Catalogue::get().action(&request.action) else { return false };
        self.extend_by(action, wanted)
    }

    pub(crate) fn extend_by(&mut self, action: Action, wanted: impl Fn(&str) -> bool) -> bool {
        /// More kinds of actions make a question slow.
        const KINDS: usize = 40;
        let service = Catalogue::get().service(action.service());
        let of_service = service.into_iter().flat_map(crate::Service::actions);
        let mut kinds: BTreeMap<Types, BTreeSet<&'static str>> = BTreeMap::new();
        for other in of_service.filter(|it| it.has_resource_types() && wanted(it.name())) {
            kinds.entry(types(other)).or_default().insert(other.name());
        }
        if kinds.len() > KINDS {
            kinds.retain(|_, actions| actions.contains(action.name()));
        }
        let mut is_longer = false;
        for (types, actions) in kinds {
            if self.kinds.get(&types).is_some_and(|known| actions.is_subset(&known.actions)) {
                continue;
            }
            if let Some(policy) = policy(&types, &actions) {
                self.kinds.insert(types, ImpossibleKind { actions, policy });
                is_longer = true;
            }
        }
        is_longer
    }
}

/// The types of an action. Of a service that several references list, the types of all of them.
fn types(action: Action) -> Types {
    // The partition has no colon, so that the pattern matches no ARN of another service with this one in its name.
    let pattern = |kind: ResourceType| kind.pattern().replacen("arn:*:", "arn:*?:", 1);
    let mut patterns: Vec<String> = if Catalogue::is_shared(action.service()) {
        Catalogue::types_of(action.service()).map(pattern).collect()
    } else {
        action.resource_types().map(pattern).collect()
    };
    patterns.sort();
    patterns.dedup();
    (patterns, action.is_always_about_a_resource())
}

fn policy((patterns, always): &Types, actions: &BTreeSet<&'static str>) -> Option<Policy> {
    let denial = || StatementDraft::deny().actions(actions.iter().copied());
    // Where a request may be for `*`, only those for other resources are impossible.
    let any = if *always { denial() } else { denial().resources(["arn:*:*:*:*:*"]) };
    let draft = PolicyDraft::new(vec![any, denial().resources(patterns.iter().cloned())]);
    draft.parse(Kind::ServiceControl).ok().filter(|it| it.statements.iter().all(|it| it.effect.value == Effect::Deny))
}

#[cfg(test)]
mod tests {
    use super::Impossible;
    use crate::testing::request;
    use crate::{Catalogue, RequestSet};

    fn impossible(action: &str, resource: &str) -> bool {
        let asked = request("arn:aws:iam::111111111111:role/a", action, resource, &[]);
        let mut impossible = Impossible::default();
        impossible.extend(&asked, |name| name == action);
        let is = impossible.requests().contains(&asked);
        is
    }

    #[test]
    fn a_request_is_about_a_resource_of_its_actions_types() {
        for (action, resource, is) in [
            ("iam:DeleteRole", "arn:aws:iam::111111111111:role/x", false),
            ("iam:DeleteRole", "arn:aws:iam::111111111111:user/x", true),
            ("iam:DeleteRole", "*", true),
            // Where no name is given, it is about the caller.
            ("iam:GetUser", "*", true),
            ("elasticloadbalancing:DeleteLoadBalancer", "*", true),
            ("elasticloadbalancing:DeleteLoadBalancer", "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/x", false),
            ("ec2:StopInstances", "arn:aws:iam::111111111111:role/:ec2:::instance/x", true),
            ("ec2:CreateTags", "*", true),
            ("events:DeleteRule", "*", true),
            ("events:DeleteRule", "arn:aws:events:eu-west-1:111111111111:rule/bus/x", false),
            // The types are optional, and there is only one.
            ("securityhub:DisableSecurityHub", "*", false),
            ("ec2:DescribeInstances", "*", false),
        ] {
            assert_eq!(impossible(action, resource), is, "{action} on {resource}");
        }
    }

    /// What is said of all kinds together is what is said of each.
    #[test]
    fn kinds_add_up() {
        let mut all = Impossible::default();
        for action in ["dynamodb:DeleteTable", "kms:ScheduleKeyDeletion", "s3:DeleteBucket"] {
            let asked = request("arn:aws:iam::111111111111:role/a", action, "*", &[]);
            assert!(all.extend(&asked, |_| true));
            assert!(!all.extend(&asked, |_| true), "{action} is known");
            assert!(all.requests().contains(&asked));
        }
        assert!(!all.requests().is_empty());
        assert!(Catalogue::get().action("kms:ListAliases").is_some_and(|it| !it.has_resource_types()));
        let list = request("arn:aws:iam::111111111111:role/a", "kms:ListAliases", "*", &[]);
        assert!(!all.requests().contains(&list));
        assert!(RequestSet::everything().minus(all.requests()).contains(&list));
    }
}
