//! Principals that no input describes, and that policies of resources let in by name.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Answer, Callers, Claim, Effect, PrincipalPattern, Request, RequestSet};
use orgward_org::{Membership, NodeId, PolicyType};
use orgward_plan::Address;

use super::outsider::{Circle, membership_of};
use super::reach::names;
use super::sets::{About, Side};
use super::{Access, claims};

/// A principal that no input describes, and that the policy of a resource lets in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Its ARN, the ARN of the root of an account for any principal of it, or the name of a service.
    pub principal: String,
    /// Its account.
    pub account: Option<String>,
    /// A request that the policy allows.
    pub request: Request,
    /// The resource that sets the policy.
    pub by: Address,
    /// `account`, `role`, `session`, `user` or `service`.
    pub standing: &'static str,
    /// Why it is only possible.
    pub doubt: Option<String>,
}

impl Access<'_> {
    /// The principals that policies of resources name for requests of a claim, and that no input describes: roles and users,
    /// accounts of which the inputs show no principal, and services. Accounts outside of the organization are not among
    /// them: [`Self::who`] has those.
    pub fn named_by_resources(&self, claim: &Claim) -> Vec<Named> {
        let mut found = Vec::new();
        let known: BTreeSet<&str> =
            self.subjects().filter_map(|(_, subject)| subject.account_text.as_deref()).collect();
        let accounts = self.org.accounts();
        let accounts: BTreeMap<&str, NodeId> =
            accounts.filter_map(|it| Some((self.org.symbolic_account_id(it.id)?, it.id))).collect();
        for guard in self.guarded(claim) {
            let resource = guard.resource;
            for policy in &resource.policies {
                let Some(read) = policy.document.policy() else { continue };
                let allowing = read.statements.iter().filter(|it| it.effect.value == Effect::Allow);
                let principals = allowing.filter_map(|it| it.principals.as_ref()).filter(|it| !it.not);
                let patterns: BTreeSet<&PrincipalPattern> =
                    principals.flat_map(|it| it.patterns.iter().map(|pattern| &pattern.value)).collect();
                for pattern in patterns {
                    let Some((principal, account, standing)) = self.described(pattern) else { continue };
                    let membership = account.map(|it| membership_of(self.org, resource.owner, it));
                    let is_own = account.is_some() && account == resource.account.as_deref();
                    let is_shown = account.is_some_and(|it| known.contains(it)) && standing == "account";
                    if membership == Some(Membership::Outside) || is_shown || is_own && standing == "account"
                    {
                        continue;
                    }
                    let by_name = match pattern {
                        PrincipalPattern::Service(name) => {
                            claims::claim(None, None, &[("StringEquals", "aws:PrincipalServiceName", name)])
                        }
                        PrincipalPattern::Arn(arn) => claims::by(arn),
                        _ => None,
                    };
                    let circle = match pattern {
                        PrincipalPattern::Account(account) => {
                            Some(Circle::account(self.org, read, account, None, Membership::Inside))
                        }
                        _ => None,
                    };
                    let by = match (pattern, &by_name) {
                        (PrincipalPattern::Account(_), _) => {
                            circle.as_ref().map_or_else(RequestSet::nothing, Circle::requests)
                        }
                        (PrincipalPattern::Service(_), Some(claim)) => {
                            claim.requests().and(RequestSet::by(Callers::Services))
                        }
                        (_, Some(claim)) => claim.requests(),
                        (_, None) => continue,
                    };
                    let mut set = self.let_in(resource, read, true).and(claim.requests()).and(by);
                    if let Some(domain) = &guard.domain {
                        set = set.and(domain.requests());
                    }
                    // What binds the principals of an account of the organization binds this one.
                    let owner = account.and_then(|it| accounts.get(it)).copied();
                    let place =
                        owner.and_then(|owner| claims::when(&self.asked.of_principal(self.org, owner)));
                    set = place.iter().fold(set, |set, place| set.and(place.requests()));
                    if let Some(owner) = owner {
                        set = set.and(self.scp_of(owner));
                    }
                    let Answer::Witness(request) = set.example() else { continue };
                    found.push(Named {
                        doubt: doubt(membership, is_own),
                        principal,
                        account: account.map(str::to_owned),
                        request: *request,
                        by: policy.address.clone(),
                        standing,
                    });
                }
            }
        }
        found
    }

    /// What the service control policies of an account leave open, which may be one without principals in the inputs.
    fn scp_of(&self, account: NodeId) -> RequestSet<'_> {
        let is_bound = self.org.management_of(account) != Some(account);
        if !is_bound || self.chains.contains_key(&account) {
            return self.scp(Some(account), Side::AtMost, About::Everything);
        }
        self.org.policy_chain(account, &PolicyType::ServiceControl).not_denied()
    }

    /// What an entry of a `Principal` element names, unless an input describes it.
    fn described<'p>(
        &self,
        pattern: &'p PrincipalPattern,
    ) -> Option<(String, Option<&'p str>, &'static str)> {
        match pattern {
            PrincipalPattern::Account(account) => {
                Some((format!("arn:aws:iam::{account}:root"), Some(account), "account"))
            }
            PrincipalPattern::Arn(arn) if self.find(arn).is_none() && !arn.contains('*') => {
                let standing = match arn {
                    arn if arn.contains(":user/") => "user",
                    arn if arn.contains(":role/") => "role",
                    _ => "session",
                };
                Some((arn.clone(), arn.split(':').nth(4), standing))
            }
            PrincipalPattern::Service(name) => Some((name.clone(), None, "service")),
            _ => None,
        }
    }

    /// Why the answer about a claim is not whole: one sentence for each policy of a resource that cannot be read.
    pub fn unread_policies(&self, claim: &Claim) -> Vec<String> {
        let asks_for_one = claim.spec().resources.is_some();
        let guarded = self.guarded(claim);
        let all = guarded.iter().map(|guard| guard.resource);
        let about = all.filter(|resource| !asks_for_one || resource.arn.is_none() || names(claim, resource));
        let policies = about.flat_map(|resource| &resource.policies);
        let unread = policies.filter(|policy| policy.document.policy().is_none());
        unread.map(super::resources::unread).collect()
    }
}

fn doubt(membership: Option<Membership>, is_own: bool) -> Option<String> {
    match membership {
        None => None,
        Some(Membership::Unknown) if !is_own => Some(
            "its own policies are not in the inputs, and whether its account belongs to the organization is not either"
                .to_owned(),
        ),
        Some(_) => Some("its own policies are not in the inputs".to_owned()),
    }
}
