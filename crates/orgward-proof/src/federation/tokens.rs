//! Which tokens of a shared identity provider get in by a trust policy, of customers whom it does not name.

use orgward_iam::{
    Answer, BaseOperator, Callers, Catalogue, Claim, ClaimSpec, Condition, Effect, Policy, PrincipalPattern,
    Request, RequestSet, SetQuantifier, Statement,
};

use super::{Issuer, issuer};

/// The host of an OIDC provider, by its ARN or as policies name it.
pub fn host_of(provider: &str) -> &str {
    provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host)
}

/// A request of a set by which a customer of a shared provider, whom the policy does not name, comes to be the role, and
/// whether that is certain. What has a URL of its own is shared by its own people only.
pub fn way_of_strangers(policy: &Policy, open: &RequestSet<'_>) -> Option<(Request, bool)> {
    let allowing = policy.statements.iter().filter(|it| it.effect.value == Effect::Allow);
    let federated = allowing.flat_map(|statement| {
        let patterns = statement.principals.iter().filter(|it| !it.not).flat_map(|it| &it.patterns);
        patterns.map(move |pattern| (statement, &pattern.value))
    });
    federated.into_iter().find_map(|(statement, pattern)| {
        let PrincipalPattern::Federated(provider) = pattern else { return None };
        let issuer = issuer(host_of(provider)).filter(|issuer| !issuer.has_own_url())?;
        match ask(policy, statement, (issuer, provider), Some(open)) {
            Answer::Witness(token) => Some((*token, true)),
            Answer::Undecided(_) => {
                opening(statement, issuer, host_of(provider))?;
                let claim = Claim::new(strangers(policy, issuer, provider)).ok()?;
                Some((claim.described().example().witness()?.clone(), false))
            }
            Answer::None => None,
        }
    })
}

/// Whether a token of a customer whom the policy does not name gets in by a statement, over all tokens of the provider, with
/// the whole condition of the statement and all denials of the policy.
pub fn stranger(policy: &Policy, statement: &Statement, issuer: &Issuer, provider: &str) -> Answer {
    ask(policy, statement, (issuer, provider), None)
}

/// The same among some requests.
fn ask(
    policy: &Policy,
    statement: &Statement,
    (issuer, provider): (&Issuer, &str),
    among: Option<&RequestSet<'_>>,
) -> Answer {
    let mut alone = policy.clone();
    alone.statements.retain(|it| it.effect.value == Effect::Deny || it.span == statement.span);
    match Claim::new(strangers(&alone, issuer, provider)) {
        Ok(claim) => {
            let tokens = claim.described().and(RequestSet::by(Callers::Federated(provider.to_owned())));
            let admitted = tokens.and(RequestSet::allowed(&alone));
            among.iter().fold(admitted, |set, among| set.and((*among).clone())).example()
        }
        Err(error) => Answer::Undecided(error.error.message),
    }
}

/// What tokens of customers have whom a policy does not name. No token has a claim that AWS does not map; that a token has
/// the one that tells customers apart is for a policy to ask.
fn strangers(policy: &Policy, issuer: &Issuer, provider: &str) -> ClaimSpec {
    let host = host_of(provider);
    let mut spec =
        ClaimSpec { actions: Some(vec!["sts:AssumeRoleWithWebIdentity".to_owned()]), ..ClaimSpec::default() };
    let key = |claim: &str| format!("{host}:{claim}");
    let conditions = policy.statements.iter().flat_map(|statement| &statement.conditions);
    for condition in conditions {
        let Some((own, name)) = condition.key.value.rsplit_once(':') else { continue };
        if !own.contains('.') {
            continue;
        }
        if !own.eq_ignore_ascii_case(host) || !is_mapped(host, name) {
            spec = spec.when("Null", &condition.key.value.to_ascii_lowercase(), ["true"]);
            continue;
        }
        let Some(claim) = issuer.claims.iter().find(|claim| claim.name.eq_ignore_ascii_case(name)) else {
            continue;
        };
        // What a denial spares, it spares as a grant lets in.
        for value in condition.values.iter().filter_map(|value| Some((value, claim.customer(&value.value)?)))
        {
            let (value, customer) = value;
            let (operator, pattern) = match condition.operator.value.base {
                BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase => {
                    ("StringNotEqualsIgnoreCaseIfExists", value.value.as_str())
                }
                _ => ("StringNotLikeIfExists", customer.as_str()),
            };
            spec = spec.when(operator, &key(&claim.name), [pattern]);
        }
    }
    // No name has a character that stands for others, and nothing is called nothing.
    spec.when("StringNotLikeIfExists", &key(&issuer.required), ["", "*${*}*", "*${?}*"])
}

/// Why tokens of other customers get in.
#[derive(Debug)]
pub enum Counterexample<'p> {
    /// No condition asks for the claim.
    Missing,
    /// A condition asks, and holds when the claim is missing.
    Weak(&'p Condition),
    /// A condition accepts what others can have.
    Wide {
        /// Where the value is.
        span: std::ops::Range<usize>,
        /// What it says.
        value: &'p str,
        /// The value that names one customer alone, where this one is only the beginning of names.
        closed: Option<String>,
    },
}

/// Why a token of another customer may satisfy the whole condition; `None` when one of the conditions keeps all others
/// away.
pub fn opening<'p>(statement: &'p Statement, issuer: &Issuer, host: &str) -> Option<Counterexample<'p>> {
    let mut why = Counterexample::Missing;
    for condition in &statement.conditions {
        let Some((own, name)) = condition.key.value.rsplit_once(':') else { continue };
        if !own.eq_ignore_ascii_case(host) {
            continue;
        }
        let Some(claim) = issuer.claims.iter().find(|claim| claim.name.eq_ignore_ascii_case(name)) else {
            continue;
        };
        let operator = condition.operator.value;
        if operator.is_negated() || operator.base == BaseOperator::Null {
            continue;
        }
        let is_subject = claim.name == issuer.required;
        if operator.if_exists || operator.set == Some(SetQuantifier::ForAllValues) {
            if is_subject {
                why = Counterexample::Weak(condition);
            }
            continue;
        }
        // One wide value is enough to let others in.
        match condition.values.iter().find(|value| !claim.names_customer(&value.value)) {
            Some(wide) if is_subject || matches!(why, Counterexample::Missing) => {
                let (span, closed) = (wide.span.clone(), claim.closed(&wide.value));
                why = Counterexample::Wide { span, value: &wide.value, closed };
            }
            Some(_) => {}
            None => return None,
        }
    }
    Some(why)
}

/// Whether AWS maps a claim of a provider. Every provider has some; of those that AWS maps more claims for, it publishes
/// all of them.
pub fn is_mapped(host: &str, claim: &str) -> bool {
    let catalogue = Catalogue::get();
    let has = |claim: &str| catalogue.condition_key(&format!("{host}:{claim}")).is_some();
    let always = ["aud", "sub", "amr", "email", "oaud"].iter().any(|it| it.eq_ignore_ascii_case(claim));
    always || has(claim) || !["repository", "project_id", "organization_id"].into_iter().any(has)
}
