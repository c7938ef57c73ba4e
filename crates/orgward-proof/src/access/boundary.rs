//! Whether a principal can take its own boundary away.

use orgward_iam::Request;

use super::Access;
use super::edges::Asker;
use super::subject::{Cap, SubjectId};

const KEY: &str = "iam:PermissionsBoundary";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// How a principal gets rid of its boundary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removal {
    /// What it does, in words: `removes its own boundary`.
    pub how: &'static str,
    /// The request.
    pub request: Request,
    /// Whether it certainly can.
    pub certain: bool,
}

impl Access<'_> {
    /// How a principal that a boundary bounds can remove, exchange or rewrite it.
    pub fn removal(&self, id: SubjectId) -> Option<Removal> {
        let subject = self.subject(id).filter(|it| ["role", "user"].contains(&it.word))?;
        let Cap::Policy { arn, .. } = &subject.cap else { return None };
        if self.is_unbounded(subject) {
            return None;
        }
        let (delete, put) = match subject.word {
            "user" => ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"),
            _ => ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
        };
        let asker = Asker::of(self, subject);
        let me = Some(subject.arn.as_str());
        let removed = |how, found: Option<(Request, bool)>| {
            found.map(|(request, certain)| Removal { how, request, certain })
        };
        removed("removes its own boundary", asker.can(delete, me, &[("StringEquals", KEY, arn)]))
            .or_else(|| {
                let other = asker.can(put, me, &[("StringEquals", KEY, ADMINISTRATOR)]);
                removed("puts another boundary in place of its own", other)
            })
            .or_else(|| {
                let rewritten = is_own(arn).then(|| asker.can("iam:CreatePolicyVersion", Some(arn), &[]));
                removed("rewrites the policy that is its boundary", rewritten.flatten())
            })
            .or_else(|| {
                let set_back = is_own(arn).then(|| asker.can("iam:SetDefaultPolicyVersion", Some(arn), &[]));
                removed(
                    "puts an older version of the policy that is its boundary in force",
                    set_back.flatten(),
                )
            })
    }
}

/// Whether a managed policy is none of AWS's, which only AWS changes.
fn is_own(arn: &str) -> bool {
    !arn.contains(":iam::aws:")
}
