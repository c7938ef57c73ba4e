use super::subject::{Subject, Value};
use crate::{Caller, PrincipalPattern, Principals, Spanned};

impl Subject<'_> {
    /// Whether an entry of a `Principal` element is about the caller.
    pub(crate) fn is_named_by(&self, pattern: &PrincipalPattern) -> bool {
        is_about(pattern, self)
    }
}

/// Whether a `Principal` or `NotPrincipal` element is about the caller.
pub(super) fn matches(principals: &Principals, deny: bool, subject: &Subject<'_>) -> bool {
    if principals.not {
        !exempt(&principals.patterns, deny, subject)
    } else {
        principals.patterns.iter().any(|pattern| is_about(&pattern.value, subject))
    }
}

fn is_about(pattern: &PrincipalPattern, subject: &Subject<'_>) -> bool {
    let caller = &subject.request.caller;
    match pattern {
        PrincipalPattern::Everyone => true,
        PrincipalPattern::Account(account) => subject.account() == Some(account),
        PrincipalPattern::Arn(arn) => names_caller(arn, subject) || names_role(arn, subject),
        PrincipalPattern::UniqueId(id) => has_id(id, subject),
        PrincipalPattern::Service(name) => matches!(caller, Caller::Service(service) if service == name),
        PrincipalPattern::Federated(provider) => {
            matches!(caller, Caller::Federated(used) if is_provider(provider, used))
        }
        // Whose canonical id it is no request tells.
        PrincipalPattern::CanonicalUser(_) | PrincipalPattern::Invalid(_) => false,
    }
}

/// Whether `NotPrincipal` leaves the caller out.
///
/// A denial looks at every face that a caller has: account, role and session. It spares only who is listed with all
/// of them (IAM user guide, "`NotPrincipal` with `Deny`"). A session given by its role ARN has no third face.
fn exempt(patterns: &[Spanned<PrincipalPattern>], deny: bool, subject: &Subject<'_>) -> bool {
    let any = |test: &dyn Fn(&PrincipalPattern) -> bool| patterns.iter().any(|pattern| test(&pattern.value));
    if any(&|pattern| *pattern == PrincipalPattern::Everyone) {
        return true;
    }
    let (true, Caller::Arn(caller)) = (deny, &subject.request.caller) else {
        return any(&|pattern| is_about(pattern, subject));
    };
    let account = any(
        &|pattern| matches!(pattern, PrincipalPattern::Account(account) if subject.account() == Some(account)),
    );
    if caller.ends_with(":root") {
        return account;
    }
    let itself = any(&|pattern| match pattern {
        PrincipalPattern::Arn(arn) => names_caller(arn, subject),
        PrincipalPattern::UniqueId(id) => subject.session().is_none() && has_id(id, subject),
        _ => false,
    });
    let role = || {
        any(&|pattern| match pattern {
            PrincipalPattern::Arn(arn) => names_role(arn, subject),
            PrincipalPattern::UniqueId(id) => has_id(id, subject),
            _ => false,
        })
    };
    account && itself && (subject.session().is_none() || role())
}

fn names_caller(arn: &str, subject: &Subject<'_>) -> bool {
    matches!(&subject.request.caller, Caller::Arn(caller) if caller == arn)
}

/// Whether an ARN is the one of the role whose session the caller is.
fn names_role(arn: &str, subject: &Subject<'_>) -> bool {
    subject.session().is_some() && subject.principal_arn().is_some_and(|role| role == arn)
}

/// Whether the caller has a unique id, or is a session of the role that has it.
fn has_id(id: &str, subject: &Subject<'_>) -> bool {
    let Some(Value::One(user)) = subject.value("aws:userid") else { return false };
    user.split(':').next() == Some(id)
}

/// Whether the provider that a policy names is the one that was used; both may be an ARN, or the host that an OIDC
/// provider's ARN ends in.
fn is_provider(named: &str, used: &str) -> bool {
    let host = |arn: &'_ str| arn.split_once(":oidc-provider/").map(|(_, host)| host.to_owned());
    named == used || host(named).as_deref() == Some(used) || host(used).as_deref() == Some(named)
}
