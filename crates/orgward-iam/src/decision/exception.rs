//! Where AWS departs from the rule.

use std::borrow::Cow;

use super::{is_root, is_within_account};
use crate::matching::action_matches;
use crate::{Caller, Catalogue, Effect, Policy, Request, Statement};

/// A request as AWS authorizes it.
///
/// An action without resource types has the resource `*`, whatever is asked for, so that a statement about an ARN does
/// not apply to it (Service Authorization Reference, "Actions table": the statement's effect does not apply). Some
/// services name an ARN of their own all the same, which no list tells, and AWS's own managed policies allow such
/// actions on ARNs. So an ARN that is asked for counts for what is allowed and never for what is denied. An action that
/// the catalogue does not list may have any resource.
pub(super) struct Asked<'r> {
    /// What every statement is asked about.
    pub(super) authorized: Cow<'r, Request>,
    given: &'r Request,
}

impl<'r> Asked<'r> {
    pub(super) fn of(given: &'r Request) -> Self {
        let action = || Catalogue::get().action(&given.action);
        let known = given.resource == "*" || action().is_none_or(crate::Action::has_resource_types);
        let authorized = if known {
            Cow::Borrowed(given)
        } else {
            Cow::Owned(Request { resource: "*".to_owned(), ..given.clone() })
        };
        Self { authorized, given }
    }

    /// Whether a statement applies to it.
    pub(super) fn meets(&self, policy: &Policy, statement: &Statement) -> bool {
        let as_given = || {
            matches!(self.authorized, Cow::Owned(_))
                && statement.effect.value == Effect::Allow
                && statement.matches(policy, self.given)
        };
        statement.matches(policy, &self.authorized) || as_given()
    }
}

/// Whether no policy has a say: who one is may always be asked, and authentication is not controlled by policies
/// (AWS STS API reference, `GetCallerIdentity` and `GetSessionToken`).
pub(super) fn needs_no_permission(request: &Request) -> bool {
    let Caller::Arn(caller) = &request.caller else { return false };
    let is = |action| action_matches(action, &request.action);
    // Only users and root users have the credentials that `GetSessionToken` takes.
    let is_permanent = || caller.contains(":user/") || is_root(request);
    is("sts:GetCallerIdentity") || (is("sts:GetSessionToken") && is_permanent())
}

/// Whether the root user of the owner may do this though the policy of the resource denies it, so that nobody is
/// locked out of what they own (Amazon S3 API reference, `PutBucketPolicy`; IAM user guide, "Perform a privileged
/// task"). Service control, resource control and endpoint policies still bind.
pub(super) fn owner_may_always(request: &Request) -> bool {
    const ACTIONS: [&str; 5] = [
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "sqs:GetQueueAttributes",
        "sqs:SetQueueAttributes",
    ];
    is_root(request)
        && is_within_account(request)
        && ACTIONS.iter().any(|action| action_matches(action, &request.action))
}

/// Whether resource control policies have a say in an action. A service that is not known to be reached by them is
/// not: what protects must be certain.
pub(super) fn takes_resource_control(action: &str) -> bool {
    let prefix = action.split(':').next().unwrap_or_default();
    !action_matches("kms:RetireGrant", action)
        && Catalogue::get().service(prefix).is_some_and(crate::Service::takes_resource_control)
}
