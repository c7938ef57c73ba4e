//! Requests that AWS cannot get, by the types of resources that it lists for actions.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::is_foreign;
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
    /// The first statement matches all requests for the actions that may be impossible, the others those that are
    /// possible.
    policy: Policy,
}

impl Impossible {
    /// The requests.
    pub fn requests(&self) -> RequestSet<'_> {
        let each = self.kinds.values().filter_map(|kind| match kind.policy.statements.as_slice() {
            [any, possible @ ..] => {
                let matched = |statement| RequestSet::matched(&kind.policy, statement);
                Some(possible.iter().fold(matched(any), |left, it| left.minus(matched(it))))
            }
            [] => None,
        });
        each.fold(RequestSet::nothing(), RequestSet::or)
    }

    /// Adds those that are known from elsewhere.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (types, kind) in &other.kinds {
            if self.kinds.get(types).is_none_or(|known| !kind.actions.is_subset(&known.actions)) {
                self.kinds.insert(types.clone(), kind.clone());
            }
        }
        self
    }

    /// Adds an impossible request and those like it: of all wanted actions of its service where they have few types, of
    /// those of the same types otherwise. `false` if nothing was added.
    pub(crate) fn extend(&mut self, request: &Request, wanted: impl Fn(&str) -> bool) -> bool {
        let Some(action) = Catalogue::get().action(&request.action) else { return false };
        self.extend_by(action, wanted)
    }

    /// Adds requests for actions that a pattern of a claim matches and that AWS does not list, where all that it lists of
    /// them are about resources of some services: a new one is likely to be, too. `false` if nothing was added.
    pub(crate) fn extend_by_pattern(&mut self, pattern: &str) -> bool {
        let listed: Vec<Action> = Catalogue::get().actions_matching(pattern).collect();
        let kinds = listed.iter().flat_map(|action| action.resource_types());
        let services: BTreeSet<&str> = kinds.map(ResourceType::service).collect();
        let actions: BTreeSet<&'static str> = listed.iter().map(|action| action.name()).collect();
        let types = (vec![pattern.to_owned()], true);
        if self.kinds.contains_key(&types) {
            return false;
        }
        let denial = || StatementDraft::deny().actions([pattern]);
        let draft = PolicyDraft::new(vec![
            denial(),
            denial().resources(services.iter().map(|service| format!("arn:*?:{service}:*:*:*"))),
            StatementDraft::deny().actions(actions.iter().copied()),
        ]);
        let policy = draft.parse(Kind::ServiceControl).ok();
        policy.is_some_and(|policy| self.kinds.insert(types, ImpossibleKind { actions, policy }).is_none())
    }

    /// Adds requests for actions of the service of a request with a key that belongs to another service. `false` if nothing
    /// was added.
    pub(crate) fn extend_by_key(&mut self, request: &Request, key: &str) -> bool {
        let Some((prefix, _)) = request.action.split_once(':') else { return false };
        let types = (vec![format!("{key} for {prefix}")], true);
        if self.kinds.contains_key(&types) {
            return false;
        }
        let of_service = Catalogue::get().service(prefix).into_iter().flat_map(crate::Service::actions);
        let with_key: BTreeSet<&'static str> =
            of_service.filter(|action| !is_foreign(prefix, Some(*action), key)).map(Action::name).collect();
        let mut drafts =
            vec![StatementDraft::deny().actions([format!("{prefix}:*")]).when("Null", key, ["false"])];
        if !with_key.is_empty() {
            drafts.push(StatementDraft::deny().actions(with_key.iter().copied()));
        }
        let policy = PolicyDraft::new(drafts).parse(Kind::ServiceControl).ok();
        let kind = |policy| ImpossibleKind { actions: BTreeSet::new(), policy };
        policy.is_some_and(|policy| self.kinds.insert(types, kind(policy)).is_none())
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

/// The types of an action. Of a service that several references list, the types of all of them; where AWS marks one that
/// each request has, those whose names begin alike.
fn types(action: Action) -> Types {
    let own: Vec<ResourceType> = action.resource_types().collect();
    let mut patterns: Vec<String> = if Catalogue::is_shared(action.service()) {
        let is_marked = own.iter().any(|kind| kind.required);
        let words: BTreeSet<String> = own.iter().map(|kind| first_word(*kind)).collect();
        let all = Catalogue::types_of(action.service());
        all.filter(|kind| !is_marked || words.contains(&first_word(*kind)))
            .map(ResourceType::pattern)
            .collect()
    } else {
        own.into_iter().map(ResourceType::pattern).collect()
    };
    patterns.sort();
    patterns.dedup();
    if patterns.len() > PATTERNS {
        patterns = coarse(&patterns);
    }
    // The partition has no colon, so that the pattern matches no ARN of another service with this one in its name.
    let patterns = patterns.iter().map(|pattern| pattern.replacen("arn:*:", "arn:*?:", 1)).collect();
    (patterns, action.is_always_about_a_resource())
}

/// More patterns make a question slow.
const PATTERNS: usize = 12;

/// Fewer patterns that match the same and more: one for each service.
fn coarse(patterns: &[String]) -> Vec<String> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pattern in patterns {
        let mut parts = pattern.splitn(6, ':');
        let (service, name) = (parts.nth(2).unwrap_or("*"), parts.nth(2).unwrap_or("*"));
        names.entry(service).or_default().push(name);
    }
    let each = names.into_iter().map(|(service, names)| {
        let all = |mark: char| names.iter().all(|name| name.contains(mark));
        let name = if all('/') {
            "*/*"
        } else if all(':') {
            "*:*"
        } else {
            "*"
        };
        format!("arn:*:{service}:*:*:{name}")
    });
    each.collect()
}

/// What the names of resources of a type begin with: `loadbalancer` of `loadbalancer/app/*`.
fn first_word(kind: ResourceType) -> String {
    let pattern = kind.pattern();
    let name = pattern.splitn(6, ':').nth(5).unwrap_or_default();
    name.split(['/', ':', '*']).next().unwrap_or_default().to_owned()
}

fn policy((patterns, always): &Types, actions: &BTreeSet<&'static str>) -> Option<Policy> {
    let denial = || StatementDraft::deny().actions(actions.iter().copied());
    // Where a request may be for `*`, only those for other resources are impossible.
    let any = if *always { denial() } else { denial().resources(["arn:*:*:*:*:*"]) };
    let draft = PolicyDraft::new(vec![any, denial().resources(patterns.iter().cloned())]);
    draft
        .parse(Kind::ServiceControl)
        .ok()
        .filter(|it| it.statements.iter().all(|it| it.effect.value == Effect::Deny))
}

#[cfg(test)]
mod tests {
    use super::Impossible;
    use crate::testing::request;
    use crate::{Catalogue, RequestSet};

    fn is_impossible(action: &str, resource: &str) -> bool {
        let asked = request("arn:aws:iam::111111111111:role/a", action, resource, &[]);
        let mut impossible = Impossible::default();
        impossible.extend(&asked, |name| name == action) && impossible.requests().contains(&asked)
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
            (
                "elasticloadbalancing:DeleteLoadBalancer",
                "arn:aws:elasticloadbalancing:eu-west-1:111111111111:truststore/x/1",
                true,
            ),
            (
                "elasticloadbalancing:DeleteLoadBalancer",
                "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/x",
                false,
            ),
            ("ec2:StopInstances", "arn:aws:iam::111111111111:role/:ec2:::instance/x", true),
            ("ec2:CreateTags", "*", true),
            ("events:DeleteRule", "*", true),
            ("events:DeleteRule", "arn:aws:events:eu-west-1:111111111111:rule/bus/x", false),
            // The types are optional, and there is only one.
            ("securityhub:DisableSecurityHub", "*", false),
            ("ec2:DescribeInstances", "*", false),
        ] {
            assert_eq!(is_impossible(action, resource), is, "{action} on {resource}");
        }
    }

    /// `ec2:CreateTags` has a hundred types.
    #[test]
    fn many_types_become_few_patterns() {
        let action = Catalogue::get().action("ec2:CreateTags").expect("it is listed");
        assert_eq!(super::types(action), (vec!["arn:*?:ec2:*:*:*/*".to_owned()], true));
    }

    #[test]
    fn an_action_that_aws_does_not_list_is_about_what_its_kind_is_about() {
        let mut all = Impossible::default();
        assert!(all.extend_by_pattern("rds:DeleteDB*") && !all.extend_by_pattern("rds:DeleteDB*"));
        let asked =
            |action: &str, resource: &str| request("arn:aws:iam::111111111111:role/a", action, resource, &[]);
        assert!(all.requests().contains(&asked("rds:DeleteDBThing", "*")));
        assert!(all.requests().contains(&asked("rds:DeleteDBThing", "arn:aws:s3:::x")));
        assert!(
            !all.requests()
                .contains(&asked("rds:DeleteDBThing", "arn:aws:rds:eu-west-1:111111111111:thing:x"))
        );
        assert!(!all.requests().contains(&asked("rds:DeleteDBInstance", "*")), "which is another question");
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
