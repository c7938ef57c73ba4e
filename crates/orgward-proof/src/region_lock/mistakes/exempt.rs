//! Principals that a lock exempts: can others become one, and does it miss whom it means?

use orgward_iam::{Request, Spanned, arn_like};

use super::super::{ORDINARY_ACTION, concrete, request};
use super::context::LockContext;
use super::{Kind, Lock, Mistake, is_principal};
use orgward_iam::placeholder;

/// How one becomes a principal of a kind: by making one, or by taking over one that is there.
const WAYS: [(&str, [&str; 2]); 2] = [
    ("role/", ["iam:CreateRole", "iam:UpdateAssumeRolePolicy"]),
    ("user/", ["iam:CreateUser", "iam:CreateAccessKey"]),
];
/// What the names of roles start with that only AWS makes.
const RESERVED: [&str; 2] = ["role/aws-reserved/", "role/aws-service-role/"];
/// A role that Identity Center makes when its home is us-east-1, and one when it is elsewhere.
const IDENTITY_CENTER: [&str; 2] = ["sso.amazonaws.com/", "sso.amazonaws.com/eu-west-1/"];

pub(super) fn find(context: &LockContext<'_>, locks: &[Lock<'_>], found: &mut Vec<Mistake>) {
    for lock in locks.iter().filter(|lock| lock.is_upright()) {
        let exempt: Vec<&Spanned<String>> = exempt(lock).collect();
        for (kind, message, label) in [
            (Kind::AnyAccount, "exempts", "can be taken where it is free"),
            (Kind::Forgeable, "exempts", "others can become such a principal"),
        ] {
            let mut places = Vec::new();
            let mut names = Vec::new();
            let mut first = None;
            for value in &exempt {
                let Some((found, witness)) =
                    forged(context, &value.value).filter(|(found, _)| *found == kind)
                else {
                    continue;
                };
                debug_assert_eq!(found, kind);
                places.push((value.span.clone(), label.to_owned()));
                names.push(format!("`{}`", value.value));
                first.get_or_insert(witness);
            }
            let Some(witness) = first else { continue };
            let names = names.join(", ");
            let message = match kind {
                Kind::AnyAccount => {
                    format!(
                        "the lock {message} {names} in every account, and nothing protects that name there"
                    )
                }
                _ => format!("the lock {message} {names}, and nothing keeps others from becoming one"),
            };
            found.push(lock.mistake(kind, message, places, witness));
        }
        found.extend(identity_center(context, lock, &exempt));
    }
}

/// The principals that a lock exempts.
fn exempt<'l>(lock: &Lock<'l>) -> impl Iterator<Item = &'l Spanned<String>> {
    let lines = lock.statement.conditions.iter().filter(|line| is_principal(line));
    let values = lines.filter(|line| line.operator.value.is_negated()).flat_map(|line| &line.values);
    let is_control = lock.org_policy.data.is_control;
    values.filter(move |value| !(is_control && is_of_control_tower(&value.value)))
}

/// Whether a pattern is of roles whose names a mandatory control keeps, wherever Control Tower writes its controls.
pub fn is_of_control_tower(pattern: &str) -> bool {
    [":role/aws-controltower-", ":role/AWSControlTower", ":role/stacksets-exec-"]
        .iter()
        .any(|kept| pattern.contains(kept))
}

/// How an ordinary role of the account becomes a principal that a pattern exempts, if nothing denies it.
fn forged(context: &LockContext<'_>, pattern: &str) -> Option<(Kind, Request)> {
    if placeholder(pattern).is_some() {
        return None;
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let ["arn" | "*", partition, "iam" | "*", "" | "*", owner, resource] = parts.as_slice() else {
        return None;
    };
    if RESERVED.iter().any(|reserved| resource.starts_with(reserved))
        || context.settings.accepted_principals().contains(&pattern)
        || context.settings.accepted_principals().iter().any(|accepted| arn_like(accepted, pattern))
    {
        return None;
    }
    let wild = |text: &str| text.contains(['*', '?']);
    if !wild(owner) && *owner != context.account {
        return None;
    }
    let (_, ways) = WAYS.iter().find(|(kind, _)| resource.starts_with(kind) || resource.starts_with('*'))?;
    let partition = concrete(partition, "aws");
    let partition = if partition.is_empty() { "aws".to_owned() } else { partition };
    let name = match resource.strip_prefix('*') {
        Some(rest) => format!("role/{}", concrete(rest.trim_start_matches('/'), "x")),
        None => concrete(resource, "x"),
    };
    let target = format!("arn:{partition}:iam::{}:{name}", context.account);
    if !arn_like(pattern, &target) {
        return None;
    }
    let witness = ways.iter().find_map(|action| {
        let mut request = request(&context.ordinary(), action, "us-east-1", &[]);
        request.resource.clone_from(&target);
        context.is_open(&request).then_some(request)
    })?;
    Some((if wild(owner) && !wild(resource) { Kind::AnyAccount } else { Kind::Forgeable }, witness))
}

/// A pattern with a region in the path of Identity Center's roles, which have none where its home is us-east-1.
fn identity_center(
    context: &LockContext<'_>,
    lock: &Lock<'_>,
    exempt: &[&Spanned<String>],
) -> Option<Mistake> {
    for value in exempt {
        let Some((_, name)) = value.value.rsplit_once('/') else { continue };
        if !name.starts_with("AWSReservedSSO_") {
            continue;
        }
        let [without, with] = IDENTITY_CENTER.map(|path| {
            let name = concrete(name, "0123456789abcdef");
            format!("arn:aws:iam::{}:role/aws-reserved/{path}{name}", context.account)
        });
        let is_exempt = |principal: &str| exempt.iter().any(|value| arn_like(&value.value, principal));
        if !is_exempt(&with) || is_exempt(&without) {
            continue;
        }
        let witness = request(&without, ORDINARY_ACTION, context.foreign(), &[]);
        if !lock.statement.matches(lock.policy, &witness) || !context.is_denied(&witness) {
            continue;
        }
        let message = "the exemption misses roles of Identity Center whose home region is us-east-1";
        let place = (value.span.clone(), "their path has no region in it".to_owned());
        return Some(lock.mistake(Kind::IdentityCenterPath, message, [place], witness));
    }
    None
}
