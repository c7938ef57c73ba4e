//! What a data perimeter leaves open: at resources, and at VPC endpoints.

use std::collections::BTreeMap;

use orgward_iam::{Answer, Claim, Request, RequestSet};
use orgward_org::{Endpoint, Membership, Resource, ResourcePolicy};

use super::Access;
use super::exposure::{Opening, Shield, allowing, could_be_public, shield};
use super::outsider::{Circle, Home, Outsider, named, unclear};

/// A VPC endpoint that lets through what it must not.
#[derive(Clone, Debug)]
pub struct Leak<'o> {
    /// The endpoint.
    pub endpoint: &'o Endpoint,
    /// A request that goes through; `None` where that is not decided.
    pub request: Option<Request>,
    /// The statement that allows it.
    pub statement: Option<usize>,
    /// Why it is only possible.
    pub unknown: Option<String>,
}

/// What is asked about a policy of a resource: who, and what the answer is.
type Answers = Vec<(Outsider, Membership, Answer)>;

impl<'o> Access<'o> {
    /// Outsiders whom policies of resources let in for requests that a claim describes, and whom no resource control
    /// policy keeps out. Resources with equal policies below equal resource control policies are asked about once.
    pub fn breaches(&self, claim: &Claim) -> Vec<Opening<'o>> {
        let mut found = Vec::new();
        let mut known: BTreeMap<String, (&Resource, Answers)> = BTreeMap::new();
        for resource in &self.org.access().resources {
            for policy in &resource.policies {
                let Some(read) = policy.document.policy() else { continue };
                let key = self.cohort_of(resource, policy);
                let like = known.get(&key).and_then(|(like, it)| renamed(it, like, resource, read));
                let answers = like.unwrap_or_else(|| {
                    let answers = self.answers(resource, read, claim);
                    known.entry(key).or_insert_with(|| (resource, answers.clone()));
                    answers
                });
                for (who, membership, answer) in answers {
                    let (request, undecided) = match answer {
                        Answer::Witness(request) => (Some(*request), None),
                        Answer::Undecided(why) if who != Outsider::Everybody || could_be_public(read) => {
                            (None, Some(why))
                        }
                        Answer::Undecided(_) | Answer::None => continue,
                    };
                    let unclear = || (membership == Membership::Unknown).then(|| unclear(&who));
                    found.push(Opening {
                        resource,
                        policy: Some(policy),
                        address: &policy.address,
                        statement: request.as_ref().and_then(|request| allowing(read, request)),
                        unknown: undecided.or_else(unclear),
                        who,
                        request,
                        held_back: false,
                    });
                }
            }
        }
        found
    }

    fn answers(&self, resource: &'o Resource, read: &'o orgward_iam::Policy, claim: &Claim) -> Answers {
        let home = Home::of(resource);
        let named = named(self.org, read, home).into_iter().map(|(who, membership)| {
            let answer = match Circle::of(self.org, &who, read, home) {
                Ok(circle) => self
                    .let_in(resource, read, true)
                    .and(circle.requests())
                    .and(RequestSet::bound_by_resource_control())
                    .and(claim.requests())
                    .example(),
                Err(why) => Answer::Undecided(why),
            };
            (who, membership, answer)
        });
        let open = shield(self.org, resource, false) != Shield::Closed;
        let public = open.then(|| {
            let answer = self.public_within(resource, read, true, Some(claim));
            (Outsider::Everybody, Membership::Outside, answer)
        });
        named.chain(public).collect()
    }

    /// What the answers about a policy of a resource depend on.
    fn cohort_of(&self, resource: &Resource, policy: &ResourcePolicy) -> String {
        let own = |text: &str| {
            let arn = resource.arn.as_deref().filter(|arn| !arn.is_empty());
            let text = arn.map_or_else(|| text.to_owned(), |arn| text.replace(arn, "RESOURCE"));
            let account = resource.account.as_deref().filter(|account| !account.is_empty());
            account.map_or_else(|| text.clone(), |account| text.replace(account, "ACCOUNT"))
        };
        let mut parts = vec![
            own(policy.document.policy().map_or("", |policy| policy.text())),
            format!("{:?} {:?}", resource.service, shield(self.org, resource, false)),
        ];
        // What the other policies of the resource deny counts, too.
        parts.extend(
            resource.policies.iter().map(|it| own(it.document.policy().map_or("", |policy| policy.text()))),
        );
        let chain =
            resource.owner.and_then(|owner| self.chains.get(&owner)).and_then(|(_, rcp)| rcp.as_ref());
        // What the chain says about the account itself makes it a case of its own.
        let attached =
            chain.into_iter().flat_map(|chain| chain.levels.iter().flat_map(|level| &level.attached));
        let mut texts = attached.filter_map(|it| it.org_policy.data.document.policy());
        let names = |text: &str| resource.account.as_deref().is_some_and(|account| text.contains(account));
        if texts.any(|policy| names(policy.text())) {
            parts.push(resource.key.to_string());
        }
        parts.push(format!("{:?}", chain.map(|chain| (chain.signature(), chain.enabled))));
        parts.push(format!("{:?}", resource.owner.map(|owner| self.org.management_of(owner))));
        parts.join("\n")
    }

    /// VPC endpoints of which the policy lets through what a claim describes.
    pub fn leaks(&self, claim: &Claim) -> Vec<Leak<'o>> {
        let endpoints = self.org.access().endpoints.iter();
        endpoints.filter_map(|endpoint| leak(endpoint, claim)).collect()
    }
}

fn leak<'o>(endpoint: &'o Endpoint, claim: &Claim) -> Option<Leak<'o>> {
    let found =
        |request: Option<Request>, statement, unknown| Some(Leak { endpoint, request, statement, unknown });
    let read = match &endpoint.document {
        Some(document) => match document.policy() {
            Some(read) => Some(read),
            None => return found(None, None, Some(document.doubt().unwrap_or_default())),
        },
        None => None,
    };
    let through = endpoint.service.map(|service| format!("{service}:*"));
    let through = through.and_then(|actions| super::claims::over(&[actions], &["*".to_owned()]));
    let (answer, _) = claim.ask(
        |left_out| {
            let mut set = claim.requests();
            if let Some(through) = &through {
                set = set.and(through.requests());
            }
            if let Some(read) = read {
                set = set.and(RequestSet::allowed(read));
            }
            if let Some(left_out) = left_out {
                set = set.minus(left_out.requests());
            }
            set.example()
        },
        |answer| if let Answer::Witness(request) = answer { Some(request) } else { None },
    );
    match answer {
        Answer::None => None,
        Answer::Undecided(why) => found(None, None, Some(why)),
        Answer::Witness(request) => {
            let statement = read.and_then(|read| allowing(read, &request));
            let unknown = endpoint
                .may_have_another
                .then(|| "the policy that the endpoint has is not in the inputs".to_owned());
            found(Some(*request), statement, unknown)
        }
    }
}

/// The answers about a resource as those about another one like it; `None` where its policy does not bear a request out.
fn renamed(
    answers: &Answers,
    like: &Resource,
    resource: &Resource,
    read: &orgward_iam::Policy,
) -> Option<Answers> {
    let rename = |request: &Request| {
        let mut request = match (&like.account, &resource.account) {
            (Some(old), Some(new)) => request.as_account(old, new),
            (None, None) => request.clone(),
            _ => return None,
        };
        if let (Some(old), Some(new)) = (&like.arn, &resource.arn) {
            request.resource = request.resource.replace(old, new);
        }
        allowing(read, &request).map(|_| request)
    };
    let answer = |answer: &Answer| {
        Some(match answer {
            Answer::Witness(request) => Answer::Witness(Box::new(rename(request)?)),
            other => other.clone(),
        })
    };
    answers.iter().map(|(who, membership, it)| Some((who.clone(), *membership, answer(it)?))).collect()
}
