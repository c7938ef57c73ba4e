//! What a provider block says about the account that it manages.

use serde_json::Value as Json;

use super::{Basis, Evidence, Landing, Strength, own};
use crate::configuration::Provider;
use crate::expression::Expression;
use crate::resolution::evaluator::Evaluator;
use crate::resolution::module_scope;
use crate::resolution::scope::Scope;
use crate::resolution::value::{Alternative, Value};
use crate::{Attr, Legal, ModulePath, Part, Plan, Spelled};

/// What an account that the plan creates is known by.
const VENDED: Legal<'_> = Legal(&["aws_organizations_account.id"]);

/// A provider block of a plan.
struct Block<'p, 'a> {
    plan: &'p Plan<'a>,
    key: &'p str,
    path: ModulePath,
    expressions: Json,
}

/// The evidence of a provider block.
pub(super) fn evidence<'p>(plan: &'p Plan<'_>, key: &'p str, provider: &Provider<'_>) -> Vec<Evidence> {
    let Some(block) = Block::of(plan, key, provider) else { return Vec::new() };
    let name = format!("provider {key}");
    let mut found: Vec<Evidence> = block
        .role()
        .into_iter()
        .map(|account| Evidence {
            strength: account.strength,
            basis: account.basis,
            landing: account.landing,
            source: account.shown_by.map_or_else(|| name.clone(), |by| format!("{name} by {by}")),
        })
        .collect();
    if let Some((strength, account)) = block.allowed() {
        let (basis, landing) = (Basis::AllowedAccounts, Landing::Account(account));
        found.push(Evidence { strength, basis, landing, source: name });
    }
    found
}

/// The text of an argument of a provider block, if it is known.
pub(super) fn text<'p>(
    plan: &'p Plan<'_>,
    key: &'p str,
    provider: &Provider<'_>,
    argument: &str,
) -> Option<String> {
    let block = Block::of(plan, key, provider)?;
    let expression = block.expressions.get(argument)?;
    let spelled = || block.spelled(&[argument], expression)?.literal();
    block.constant(expression).and_then(|value| value.as_str().map(str::to_owned)).or_else(spelled)
}

/// The ARN of the role that a provider block assumes, the last one of a chain. Absent where it assumes none.
pub(super) fn role_arn<'p>(plan: &'p Plan<'_>, key: &'p str, provider: &Provider<'_>) -> Attr<String> {
    // Without arguments there is nothing to assume; what cannot be read may assume any.
    let Some(expressions) = provider.expressions else { return Attr::Absent };
    let Some(block) = Block::of(plan, key, provider) else {
        return if expressions.get() == "null" { Attr::Absent } else { Attr::Unknown };
    };
    let Some((name, role)) = block.role_argument() else {
        let assumes = ["assume_role", "assume_role_with_web_identity"];
        let written = assumes.iter().any(|name| block.expressions.get(name).is_some_and(is_written));
        return if written { Attr::Unknown } else { Attr::Absent };
    };
    let shown = || block.constant(&role).and_then(|value| value.as_str().map(str::to_owned));
    let spelled = || block.spelled(&[name, "role_arn"], &role)?.literal();
    let secret = |arn: &String| plan.secrets.as_ref().is_some_and(|secrets| secrets.contains(arn));
    let found = shown().or_else(spelled).filter(|arn| !secret(arn));
    match found {
        Some(arn) if arn.is_empty() => Attr::Absent,
        Some(arn) => Attr::Known(arn),
        None => Attr::Unknown,
    }
}

/// Whether a provider block has an argument or block of a name.
pub(super) fn has(provider: &Provider<'_>, name: &str) -> bool {
    let Some(raw) = provider.expressions else { return false };
    serde_json::from_str::<Json>(raw.get()).map_or(true, |all| all.get(name).is_some_and(is_written))
}

fn is_written(value: &Json) -> bool {
    !matches!(value, Json::Null) && !value.as_array().is_some_and(Vec::is_empty)
}

/// What a role says about the account that it is in.
struct RoleAccount {
    strength: Strength,
    basis: Basis,
    landing: Landing,
    /// The instance of the plan that shows it.
    shown_by: Option<String>,
}

impl<'p, 'a> Block<'p, 'a> {
    fn of(plan: &'p Plan<'a>, key: &'p str, provider: &Provider<'_>) -> Option<Self> {
        let expressions = serde_json::from_str(provider.expressions?.get()).ok()?;
        let path = provider.module_address.as_deref().map(module_path).unwrap_or_default();
        Some(Self { plan, key, path, expressions })
    }

    fn scope(&self) -> Option<Scope<'p, 'a>> {
        module_scope(self.plan, &self.path)
    }

    /// What the sources say of an argument.
    fn spelled(&self, path: &[&str], shown: &Json) -> Option<Spelled> {
        self.plan.spell_out_provider(self.key, &self.path, path, &Expression::of(shown)?)
    }

    /// The value of an expression that is a constant or nothing but one reference to something known.
    fn constant(&self, expression: &Json) -> Option<Json> {
        let expression = Expression::of(expression)?;
        if let Expression::References(references) = &expression
            && references.len() > 1
        {
            return None;
        }
        let value = Evaluator::new(self.plan, &Legal(&[])).value(&expression, &self.scope()?, &[], &[], 0);
        value.constant().map(|(value, _)| value.clone())
    }

    /// The role that the provider assumes, and the block that says so. Roles are assumed one after the other: the last
    /// one counts.
    fn role_argument(&self) -> Option<(&'static str, Json)> {
        ["assume_role", "assume_role_with_web_identity"].iter().find_map(|block| {
            let role = match self.expressions.get(block)? {
                Json::Array(chain) => chain.last()?.get("role_arn"),
                single => single.get("role_arn"),
            };
            Some((*block, role?.clone()))
        })
    }

    /// The account of the role that the provider assumes.
    fn role(&self) -> Option<RoleAccount> {
        let (block, role) = self.role_argument()?;
        let shown = self.shown_role(&role);
        let Some(Spelled::Text(parts)) = self.spelled(&[block, "role_arn"], &role) else { return shown };
        // What is written in several places comes in as many parts.
        let (head, rest) = literal_head(&parts);
        match rest {
            [] => {
                let landing = Landing::Account(own::arn_account(&head)?);
                let same = |shown: &RoleAccount| {
                    shown.landing == landing || matches!(shown.landing, Landing::Created(_))
                };
                let spelled = || RoleAccount {
                    strength: Strength::Strong,
                    basis: Basis::AssumeRole,
                    landing: landing.clone(),
                    shown_by: None,
                };
                shown.filter(same).or_else(|| Some(spelled()))
            }
            // The account is written out, and the name of the role is not known.
            _ if own::arn_account(&head).is_some() => Some(RoleAccount {
                strength: Strength::Strong,
                basis: Basis::AssumeRole,
                landing: Landing::Account(own::arn_account(&head)?),
                shown_by: None,
            }),
            [Part::Reference(id), ..] if head.ends_with("::") => {
                let [target] = id.targets.as_slice() else { return None };
                let landing = Landing::Created(target.address.clone());
                let is_id = target.attribute == "id";
                let vended =
                    RoleAccount { strength: Strength::Good, basis: Basis::Vending, landing, shown_by: None };
                is_id.then_some(vended)
            }
            // The sources know better than to follow what the plan shows.
            _ => None,
        }
    }

    fn shown_role(&self, role: &Json) -> Option<RoleAccount> {
        let expression = Expression::of(role)?;
        let Expression::References(references) = &expression else {
            let Expression::Constant(Json::String(arn)) = expression else { return None };
            let landing = Landing::Account(own::arn_account(&arn)?);
            return Some(RoleAccount {
                strength: Strength::Strong,
                basis: Basis::AssumeRole,
                landing,
                shown_by: None,
            });
        };
        let inputs = Evaluator::new(self.plan, &VENDED).inputs(references, &self.scope()?);
        let values: Vec<Value> = inputs.into_iter().map(|(_, value)| value).collect();
        if let [value] = values.as_slice()
            && let Some((Json::String(arn), shown_by)) = value.constant()
            && let Some(account) = own::arn_account(arn)
        {
            let shown_by = shown_by.map(|target| target.address.to_string());
            let basis = if shown_by.is_some() { Basis::Value } else { Basis::AssumeRole };
            return Some(RoleAccount {
                strength: Strength::Strong,
                basis,
                landing: Landing::Account(account),
                shown_by,
            });
        }
        // `"arn:aws:iam::${var.account}:role/${var.name}"`: the account comes first, but for the partition. Whatever else
        // comes before it may choose between it and another one.
        let mut parts = values.iter().skip_while(|value| is_partition(value));
        let account = self.account(parts.next()?)?;
        let others = parts.all(|value| match value.constant() {
            Some((Json::Bool(_), _)) => false,
            _ => self.account(value).is_none_or(|other| other.landing == account.landing),
        });
        others.then_some(account)
    }

    /// An account that a part of the ARN of a role is.
    fn account(&self, value: &Value) -> Option<RoleAccount> {
        let [alternative] = value.alternatives.as_slice() else { return None };
        // The resource that stands for the account says more than its id.
        if let Some(target) = alternative.target()
            && target.attribute == "id"
            && self
                .plan
                .instance(&target.address)
                .is_some_and(|instance| instance.kind == "aws_organizations_account")
        {
            let landing = Landing::Created(target.address.clone());
            return Some(RoleAccount {
                strength: Strength::Good,
                basis: Basis::Vending,
                landing,
                shown_by: None,
            });
        }
        let Alternative::Known { value: Some(value), shown_by } = alternative else { return None };
        let account = account(value)?;
        let shown_by = shown_by.as_ref().map(|target| target.address.to_string());
        let basis = if shown_by.is_some() { Basis::Value } else { Basis::AssumeRole };
        Some(RoleAccount { strength: Strength::Good, basis, landing: Landing::Account(account), shown_by })
    }

    /// The one account that the provider accepts.
    fn allowed(&self) -> Option<(Strength, String)> {
        let list = self.expressions.get("allowed_account_ids")?;
        let literal = matches!(Expression::of(list), Some(Expression::Constant(_)));
        let spelled = || match self.spelled(&["allowed_account_ids"], list)?.items()? {
            [only] => Some((Strength::Strong, only.literal().filter(|text| own::is_account(text))?)),
            _ => None,
        };
        // A list of one input can have literals beside it, which the plan does not show.
        let shown = || match self.constant(list)? {
            Json::Array(accounts) => match accounts.as_slice() {
                [only] => Some((if literal { Strength::Strong } else { Strength::Good }, account(only)?)),
                _ => None,
            },
            _ => None,
        };
        spelled().or_else(shown)
    }
}

/// The known characters that a text begins with, and what follows them.
fn literal_head(parts: &[Part]) -> (String, &[Part]) {
    let mut head = String::new();
    let mut rest = parts;
    while let [Part::Literal(text), others @ ..] = rest {
        head.push_str(text);
        rest = others;
    }
    (head, rest)
}

/// An account id, which a configuration may write as a number.
fn account(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    own::is_account(&text).then_some(text)
}

fn is_partition(value: &Value) -> bool {
    value.constant().is_some_and(|(value, _)| {
        value.as_str().is_some_and(|text| text == "aws" || text.starts_with("aws-"))
    })
}

fn module_path(address: &str) -> ModulePath {
    crate::traversal::parse(address)
        .map(|segments| crate::traversal::module_path(&segments).0)
        .unwrap_or_default()
}
