//! Organization policies whose denials leave the principals of an account next to nothing to do.

use std::collections::BTreeSet;

use orgward_iam::{
    AccessLevel, BaseOperator, Catalogue, Claim, ClaimSpec, Effect, Policy, RequestSet, Statement,
};

/// A statement with the policy that holds it.
pub type Held<'p> = (&'p Policy, &'p Statement);

/// What denials of nearly everything leave open.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Remainder {
    /// The few actions that change something.
    pub actions: Vec<&'static str>,
    /// Whether actions that read are left.
    pub reads: bool,
    /// The principals that the denials exempt, in words.
    pub principals: BTreeSet<String>,
}

/// So many actions that change something may be left, and an account is still of no use.
const FEW: usize = 4;

/// The statements of a policy that deny.
pub fn denials_of(policy: &Policy) -> impl Iterator<Item = Held<'_>> {
    let denials = policy.statements.iter().filter(|it| it.effect.value == Effect::Deny);
    denials.map(move |statement| (policy, statement))
}

/// Whether denials name nearly all actions that change something. Where they do not, they have a [`remainder`] that is
/// large, and nothing needs to be proved.
pub fn names_nearly_all(denials: &[Held<'_>]) -> bool {
    let is_named = |action: &str| denials.iter().any(|(_, statement)| statement.covers_action(action));
    let changing = Catalogue::get().actions().filter(|action| action.level() > AccessLevel::Read);
    !denials.is_empty() && changing.filter(|action| !is_named(action.name())).nth(FEW).is_none()
}

/// What denials leave of some requests, where that is next to nothing; `None` where they leave more, or where that is
/// not decided.
///
/// Some requests do not count: those that no client makes in practice (without TLS, before the catalogue was published),
/// those for actions that AWS does not list, and those that give tags, since there is always more to do than that.
pub fn remainder(denials: &[Held<'_>], requests: &RequestSet<'_>) -> Option<Remainder> {
    if !names_nearly_all(denials) {
        return None;
    }
    let practice = ClaimSpec { resources: Some(vec!["arn:*".to_owned()]), ..ClaimSpec::default() }
        .when("Bool", "aws:SecureTransport", ["true"])
        .when("Null", "aws:TagKeys", ["true"])
        .when("DateGreaterThan", "aws:CurrentTime", [Catalogue::get().date()]);
    let practice = Claim::new(practice).ok()?;
    let matched = denials.iter().map(|(policy, statement)| RequestSet::matched(policy, statement));
    let denied = matched.fold(RequestSet::nothing(), RequestSet::or);
    let left = requests.clone().and(practice.described()).minus(denied);
    if let Some(remainder) = few(&left, BTreeSet::new()) {
        return Some(remainder);
    }
    let (exempt, principals) = exemption(denials);
    if principals.is_empty() {
        return None;
    }
    let left = exempt.iter().map(Claim::described).fold(left, RequestSet::minus);
    few(&left, principals)
}

/// What a set of requests is for, where that is next to nothing.
fn few(left: &RequestSet<'_>, principals: BTreeSet<String>) -> Option<Remainder> {
    if left.emptiness().ok()? {
        return Some(Remainder { principals, ..Remainder::default() });
    }
    let actions = left.actions().ok()?;
    let changing = actions.iter().filter(|action| action.level() > AccessLevel::Read);
    let changing: Vec<_> = changing.map(orgward_iam::Action::name).take(FEW + 1).collect();
    (changing.len() <= FEW).then(|| Remainder {
        reads: actions.iter().any(|action| action.level() <= AccessLevel::Read),
        actions: changing,
        principals,
    })
}

/// The principals that denials exempt one by one, as sets of requests and as they are named. A pattern that many
/// principals match is no exemption: it says who may work in the account.
fn exemption(denials: &[Held<'_>]) -> (Vec<Claim>, BTreeSet<String>) {
    let (mut exempt, mut principals) = (Vec::new(), BTreeSet::new());
    for line in denials.iter().flat_map(|(_, statement)| &statement.conditions) {
        let positive = match line.operator.value.base {
            BaseOperator::ArnNotLike | BaseOperator::ArnNotEquals => "ArnLike",
            BaseOperator::StringNotLike => "StringLike",
            BaseOperator::StringNotEquals => "StringEquals",
            _ => continue,
        };
        let key = line.key.value.to_ascii_lowercase();
        let tag = key.starts_with("aws:principaltag/").then(|| line.key.value.split_once('/')).flatten();
        let names_one = line.values.iter().all(|value| match tag {
            Some(_) => !value.value.contains(['*', '?', '$']),
            None => is_one_principal(&value.value),
        });
        if key != "aws:principalarn" && tag.is_none() || !names_one {
            continue;
        }
        let values = line.values.iter().map(|value| value.value.as_str());
        let spec = ClaimSpec::default().when(positive, &line.key.value, values.clone());
        exempt.extend(Claim::new(spec).ok());
        principals.extend(values.map(|value| match tag {
            Some((_, tag)) => format!("who has the tag `{tag}` = `{value}`"),
            None => format!("`{value}`"),
        }));
    }
    (exempt, principals)
}

/// Whether a pattern of `aws:PrincipalArn` stands for one principal of each account.
fn is_one_principal(pattern: &str) -> bool {
    let is_user = pattern.contains(":user/") && !pattern.contains(['?', '$']) && {
        let name = pattern.rsplit('/').next().unwrap_or_default();
        !name.is_empty() && !name.contains('*')
    };
    pattern.ends_with(":root") || is_user || is_one_role(pattern)
}

/// Whether a pattern is one role, in one account or in each: no name can be made to fit it.
pub fn is_one_role(pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [_, _, "iam", _, _, resource] = parts.as_slice() else { return false };
    let Some(name) = resource.strip_prefix("role/") else { return false };
    // Only AWS makes roles below this path; it ends their names with a random suffix.
    let reserved = name.strip_prefix("aws-reserved/sso.amazonaws.com");
    let set = reserved
        .and_then(|rest| rest.split_once("AWSReservedSSO_"))
        .and_then(|(_, set)| set.strip_suffix("_*"));
    !set.unwrap_or(name).contains(['*', '?', '$'])
}
