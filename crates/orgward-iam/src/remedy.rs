//! Service and resource control policies that deny what has to be denied.

use serde::Serialize;

use crate::draft::{StatementDraft, Texts};
use crate::{Claim, FULL_AWS_ACCESS, Kind, Policy, PolicyError};

/// A service or resource control policy that denies, to stand beside [`FULL_AWS_ACCESS`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Remedy {
    version: &'static str,
    /// What it denies.
    #[serde(rename = "Statement")]
    pub statements: Vec<Denying>,
}

/// A statement that denies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Denying(StatementDraft);

impl Denying {
    /// The statement that denies what has to be denied, and nothing else. `id` becomes its `Sid`.
    pub fn of(id: &str, claim: &Claim) -> Self {
        let spec = claim.spec();
        let mut draft = StatementDraft::of(spec);
        draft.sid = Some(sid(id));
        if !spec.exempt_principals.is_empty() {
            // All values of a negated operator have to differ, so that one list holds both.
            draft = draft.when("ArnNotLike", "aws:PrincipalArn", spec.exempt_principals.iter().cloned());
        }
        Self(draft)
    }

    fn sid(&self) -> &str {
        self.0.sid.as_deref().unwrap_or_default()
    }

    /// The statement that allows everything, which a policy of a VPC endpoint needs beside those that deny.
    pub fn nothing() -> Self {
        let mut draft = StatementDraft::allow();
        (draft.sid, draft.principal) = (Some("AllowTheRest".to_owned()), Some("*"));
        Self(draft)
    }

    /// The statement as one of a policy that names principals: of a resource control policy, or of a VPC endpoint.
    #[must_use]
    pub fn with_principals(mut self) -> Self {
        self.0.principal = Some("*");
        self
    }

    /// Two statements that together deny the same; `None` when there is no list to share between them.
    fn halves(&self) -> Option<[Self; 2]> {
        let halve = |texts: &Option<Texts>| {
            let texts = &texts.as_ref().filter(|texts| texts.0.len() > 1)?.0;
            let (left, right) = texts.split_at_checked(texts.len() / 2)?;
            Some([Some(Texts(left.to_vec())), Some(Texts(right.to_vec()))])
        };
        let whole = &self.0;
        let with = |end: char, action: &Option<Texts>, resource: &Option<Texts>| {
            let mut half = whole.clone();
            half.sid = Some(format!("{}{end}", self.sid()));
            (half.action, half.resource) = (action.clone(), resource.clone());
            Self(half)
        };
        if let Some([left, right]) = halve(&whole.action) {
            return Some([with('A', &left, &whole.resource), with('B', &right, &whole.resource)]);
        }
        let [left, right] = halve(&whole.resource)?;
        Some([with('A', &whole.action, &left), with('B', &whole.action, &right)])
    }

    fn characters(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.chars().count())
    }
}

impl Remedy {
    /// A policy of these statements.
    pub fn new(statements: Vec<Denying>) -> Self {
        Self { version: "2012-10-17", statements }
    }

    /// As few policies as it takes to keep each within a number of characters, without white space between them. Fails
    /// with the `Sid` of a statement that is too long and cannot be shared between two.
    pub fn within(quota: usize, statements: Vec<Denying>) -> Result<Vec<Self>, String> {
        let mut open: Vec<Denying> = statements;
        open.reverse();
        let mut policies: Vec<Self> = Vec::new();
        while let Some(statement) = open.pop() {
            let mut alone = Self::new(vec![statement]);
            if alone.characters() > quota {
                let Some(statement) = alone.statements.pop() else { continue };
                let Some([left, right]) = statement.halves() else { return Err(statement.sid().to_owned()) };
                open.extend([right, left]);
                continue;
            }
            let fits = |policy: &Self| {
                // Behind a comma.
                policy.characters() + alone.statements.iter().map(Denying::characters).sum::<usize>() < quota
            };
            match policies.last_mut().filter(|last| fits(last)) {
                Some(last) => last.statements.append(&mut alone.statements),
                None => policies.push(alone),
            }
        }
        Ok(policies)
    }

    /// How many characters it has without white space.
    pub fn characters(&self) -> usize {
        self.compact().chars().count()
    }

    /// Its text without white space.
    pub fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Its text for people.
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// What it says.
    pub fn policy(&self) -> Result<Policy, PolicyError> {
        let names_principals = self.statements.iter().any(|statement| statement.0.principal.is_some());
        let allows = self.statements.iter().any(|statement| statement.0.is_allowing());
        let kind = match (names_principals, allows) {
            (true, true) => Kind::Resource,
            (true, false) => Kind::ResourceControl,
            (false, _) => Kind::ServiceControl,
        };
        Policy::parse(self.pretty(), kind)
    }

    /// The policy that it stands beside.
    pub fn full_access() -> Result<Policy, PolicyError> {
        Policy::parse(FULL_AWS_ACCESS, Kind::ServiceControl)
    }
}

/// `keep-the-audit-trail` as a `Sid`, which takes letters and digits only.
fn sid(id: &str) -> String {
    let mut sid = String::new();
    let mut upper = true;
    for character in id.chars() {
        if character.is_ascii_alphanumeric() {
            sid.push(if upper { character.to_ascii_uppercase() } else { character });
            upper = false;
        } else {
            upper = true;
        }
    }
    sid
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Answer, ClaimSpec, Decider, Level, PolicyChain, may_be_allowed};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn claim(actions: Vec<String>) -> Claim {
        Claim::new(ClaimSpec {
            actions: Some(actions),
            conditions: BTreeMap::from([(
                "ArnNotLike".to_owned(),
                BTreeMap::from([("aws:PrincipalArn".to_owned(), texts(&["arn:aws:iam::*:role/a"]))]),
            )]),
            exempt_principals: texts(&["arn:aws:iam::*:role/b"]),
            ..ClaimSpec::default()
        })
        .unwrap()
    }

    #[test]
    fn it_is_written_the_way_people_write_it() {
        let statement = Denying::of("keep/the-trail", &claim(texts(&["cloudtrail:StopLogging"])));
        insta::assert_snapshot!(Remedy::new(vec![statement]).pretty(), @r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "KeepTheTrail",
              "Effect": "Deny",
              "Action": "cloudtrail:StopLogging",
              "Resource": "*",
              "Condition": {
                "ArnNotLike": {
                  "aws:PrincipalArn": [
                    "arn:aws:iam::*:role/a",
                    "arn:aws:iam::*:role/b"
                  ]
                }
              }
            }
          ]
        }
        "#);
    }

    #[test]
    fn what_is_split_denies_the_same() {
        let ec2 = crate::Catalogue::get().service("ec2").unwrap();
        let actions: Vec<String> = ec2.actions().take(300).map(|action| action.name().to_owned()).collect();
        let claim = claim(actions);
        let remedies = Remedy::within(1_000, vec![Denying::of("many", &claim)]).unwrap();
        assert!(remedies.len() > 4 && remedies.iter().all(|remedy| remedy.characters() <= 1_000));
        let policies: Vec<Policy> = remedies.iter().map(|remedy| remedy.policy().unwrap()).collect();
        let full = Remedy::full_access().unwrap();
        let deciders = policies.iter().chain([&full]).map(|policy| Decider { name: "x", policy }).collect();
        let chain = PolicyChain(vec![Level { target: "root", policies: deciders }]);
        let bound = || {
            claim
                .requests()
                .and(crate::RequestSet::by(crate::Callers::Principals))
                .minus(crate::RequestSet::by(crate::Callers::ServiceLinked))
        };
        assert_eq!(may_be_allowed(bound(), Some(&chain), None), Answer::None);
        let short = PolicyChain(vec![Level { target: "root", policies: chain.0[0].policies[1..].to_vec() }]);
        assert!(matches!(may_be_allowed(bound(), Some(&short), None), Answer::Witness(_)));
    }

    #[test]
    fn an_exclusion_cannot_be_shared() {
        let spec = ClaimSpec {
            not_actions: Some((0..100).map(|at| format!("service{at}:*")).collect()),
            ..ClaimSpec::default()
        };
        let statement = Denying::of("only", &Claim::new(spec).unwrap());
        assert_eq!(Remedy::within(500, vec![statement]), Err("Only".to_owned()));
    }
}
