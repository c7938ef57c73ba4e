//! What each kind of policy may not have.

use super::missing;
use crate::{Effect, Kind, PolicyError, PrincipalPattern, Statement};

/// Refuses what AWS does not accept in this kind of policy.
///
/// `NotPrincipal` with `Allow` passes in trust and resource policies: AWS has accepted it for long, so it stands in
/// deployed policies, and there it admits everybody else.
pub(super) fn check(kind: Kind, statements: &[Statement]) -> Result<(), PolicyError> {
    if kind == Kind::ResourceControl && is_full_access(statements) {
        return Ok(());
    }
    for statement in statements {
        match kind {
            Kind::Identity | Kind::ServiceControl => without_principal(kind, statement)?,
            Kind::Trust | Kind::Resource => {
                with_principal(statement)?;
            }
            Kind::ResourceControl => resource_control(statement)?,
        }
    }
    Ok(())
}

fn without_principal(kind: Kind, statement: &Statement) -> Result<(), PolicyError> {
    let Some(principals) = &statement.principals else { return Ok(()) };
    let name = if principals.not { "NotPrincipal" } else { "Principal" };
    let (what, help) = if kind == Kind::ServiceControl {
        ("a service control policy", "single principals out by a condition on `aws:PrincipalArn`")
    } else {
        ("an identity policy", "remove it: the policy is about whoever it is attached to")
    };
    Err(PolicyError::new(principals.span.clone(), format!("{what} takes no `{name}`"), help))
}

fn with_principal(statement: &Statement) -> Result<&crate::Principals, PolicyError> {
    statement
        .principals
        .as_ref()
        .ok_or_else(|| missing(statement.span.clone(), "Principal", "say whom it is about"))
}

fn resource_control(statement: &Statement) -> Result<(), PolicyError> {
    let refuse = |span: &std::ops::Range<usize>, message: &str, help: &str| {
        Err(PolicyError::new(span.clone(), message, help))
    };
    if statement.effect.value == Effect::Allow {
        return refuse(
            &statement.effect.span,
            "a resource control policy cannot allow",
            "use `Deny`: `RCPFullAWSAccess` allows already, and is attached everywhere",
        );
    }
    let principals = with_principal(statement)?;
    if principals.not {
        return refuse(
            &principals.span,
            "a resource control policy takes no `NotPrincipal`",
            "use `\"Principal\": \"*\"` and a condition on `aws:PrincipalArn`",
        );
    }
    if !matches!(principals.patterns.as_slice(), [only] if only.value == PrincipalPattern::Everyone) {
        return refuse(
            &principals.span,
            "the principal of a resource control policy is not `*`",
            "use `\"Principal\": \"*\"` and a condition on `aws:PrincipalArn`",
        );
    }
    if statement.actions.not {
        return refuse(
            &statement.actions.span,
            "a resource control policy takes no `NotAction`",
            "list the actions that it denies",
        );
    }
    match statement.actions.patterns.iter().find(|action| action.value == "*") {
        Some(action) => refuse(
            &action.span,
            "a resource control policy cannot deny the action `*`",
            "name the services, such as `s3:*`",
        ),
        None => Ok(()),
    }
}

/// Whether this is `RCPFullAWSAccess`, the only resource control policy that allows.
fn is_full_access(statements: &[Statement]) -> bool {
    let [statement] = statements else { return false };
    let everyone = statement.principals.as_ref().is_some_and(|principals| {
        !principals.not
            && matches!(principals.patterns.as_slice(), [only] if only.value == PrincipalPattern::Everyone)
    });
    let everything = statement.resources.as_ref().is_some_and(|resources| {
        !resources.not && matches!(resources.patterns.as_slice(), [only] if only.value == "*")
    });
    statement.effect.value == Effect::Allow
        && everyone
        && everything
        && !statement.actions.not
        && matches!(statement.actions.patterns.as_slice(), [only] if only.value == "*")
        && statement.conditions.is_empty()
}
