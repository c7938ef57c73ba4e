//! What is known of each provider, gathered once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Basis, Evidence, Landing, Strength};
use super::{known, own};
use crate::configuration::Provider;
use crate::expression::{Expression, Head};
use crate::instance::{Instance, present};
use crate::resolution::{module_scope, resolver};
use crate::{Certainty, Legal, ModulePath, Plan};

/// How many siblings of other types are looked at for each provider: their values may be large, and one that
/// names the account is as good as many.
const SIBLINGS: usize = 64;

/// The evidence of each provider, by group.
#[derive(Default)]
pub(crate) struct Providers(BTreeMap<String, Facts>);

#[derive(Default)]
struct Facts {
    configured: Vec<Evidence>,
    callers: Vec<Evidence>,
    /// For each landing, the first two siblings that name it: one of them may be the one that asks.
    siblings: BTreeMap<Landing, Vec<Evidence>>,
    others: usize,
}

/// Which provider an instance is managed through.
struct Group<'p> {
    /// The provider key as written; made unique where Terraform's key is not.
    exact: Cow<'p, str>,
    /// The key of the block that it probably stands for, where that is not certain.
    probable: Option<String>,
}

impl<'p> Group<'p> {
    fn of(plan: &'p Plan<'_>, instance: &'p Instance<'_>) -> Option<Self> {
        if let Some(key) = &instance.body.provider_key {
            return Some(Self { exact: Cow::Borrowed(key), probable: None });
        }
        let configuration = plan.configuration.as_ref()?;
        let module = configuration.module(&instance.module)?;
        let resource = module.resource(instance.mode, &instance.kind, &instance.name)?;
        let key = resource.provider_config_key.as_deref()?;
        let Some((prefix, local)) = key.rsplit_once(':') else {
            return Some(Self { exact: Cow::Borrowed(key), probable: None });
        };
        let known =
            |key: &str| configuration.provider_config.as_ref().is_some_and(|all| all.contains_key(key));
        if known(key) {
            return Some(Self { exact: Cow::Borrowed(key), probable: None });
        }
        // Terraform before 1.2 shows what a module calls its provider, not which one it is given; before
        // 0.15 with the innermost module's name only.
        let mut names: Vec<&str> = instance.module.0.iter().map(|step| step.name.as_str()).collect();
        let exact = format!("module.{}:{local} as {prefix}", names.join(".module."));
        let probable = loop {
            names.pop();
            if names.is_empty() {
                break local.to_owned();
            }
            let outer = format!("module.{}:{local}", names.join(".module."));
            if known(&outer) {
                break outer;
            }
        };
        Some(Self { exact: Cow::Owned(exact), probable: Some(probable) })
    }
}

/// What tells apart the provider configurations of a plan.
pub(crate) fn provider_key(plan: &Plan<'_>, instance: &Instance<'_>) -> Option<String> {
    Some(Group::of(plan, instance)?.exact.into_owned())
}

/// The name of a provider configuration in HCL, whichever way the input writes it: raw states show
/// `provider["registry.terraform.io/hashicorp/aws"].audit`.
pub(super) fn block_key(key: &str) -> Cow<'_, str> {
    match key.rsplit_once("\"]") {
        Some((_, alias)) => Cow::Owned(format!("aws{alias}")),
        None => Cow::Borrowed(key.split_once(" as ").map_or(key, |(own, _)| own)),
    }
}

impl Providers {
    pub(crate) fn of(plan: &Plan<'_>) -> Self {
        let mut all = Self::default();
        for instance in plan.instances.iter().filter(|instance| own::is_aws(instance)) {
            let Some(group) = Group::of(plan, instance) else { continue };
            // Most instances share a few providers: no key is copied for those that are known.
            if let Some(facts) = all.0.get_mut(&*group.exact) {
                facts.witness(plan, instance);
            } else {
                all.0.entry(group.exact.into_owned()).or_default().witness(plan, instance);
            }
        }
        let configured =
            plan.configuration.as_ref().and_then(|configuration| configuration.provider_config.as_ref());
        for (key, provider) in configured.into_iter().flatten() {
            all.0.entry(key.to_string()).or_default().configured = configured_evidence(plan, key, provider);
        }
        all
    }

    /// The evidence of the provider of an instance. `certain` says that the instance itself knows better.
    pub(super) fn evidence(&self, plan: &Plan<'_>, instance: &Instance<'_>, certain: bool) -> Vec<Evidence> {
        let Some(group) = Group::of(plan, instance) else { return Vec::new() };
        self.of_group(group, instance.address.as_str(), certain)
    }

    /// The evidence of the provider of an instance, that of the instance about its provider included.
    pub(super) fn whole(&self, plan: &Plan<'_>, instance: &Instance<'_>) -> Vec<Evidence> {
        Group::of(plan, instance).map(|group| self.of_group(group, "", false)).unwrap_or_default()
    }

    fn of_group(&self, group: Group<'_>, source: &str, certain: bool) -> Vec<Evidence> {
        let exact = self.0.get(&*group.exact).map(|facts| facts.evidence(source, certain));
        let probable =
            group.probable.and_then(|key| self.0.get(&key)).map(|facts| facts.evidence(source, certain));
        let weakened = probable.into_iter().flatten().map(|mut evidence| {
            evidence.strength = evidence.strength.min(Strength::Good);
            evidence
        });
        exact.into_iter().flatten().chain(weakened).collect()
    }
}

impl Facts {
    /// Takes what one instance says for evidence about its provider.
    fn witness(&mut self, plan: &Plan<'_>, instance: &Instance<'_>) {
        // Policies and their attachments can be managed by a delegated administrator, and their ARNs name
        // the management account all the same.
        if instance.kind.starts_with("aws_organizations_polic") {
            return;
        }
        let caller = own::is_caller_identity(instance);
        let cheap = caller
            || instance.kind.starts_with("aws_iam_")
            || instance.kind.starts_with("aws_organizations_");
        if !cheap {
            // What is yet to be created cannot say where it is.
            if self.others >= SIBLINGS || present(instance.body.before).is_none() {
                return;
            }
            self.others += 1;
        }
        for mut evidence in own::evidence(instance, own::is_argument(plan, instance)) {
            if caller {
                self.callers.push(evidence);
                continue;
            }
            // Nobody else manages accounts and units, though others may manage policies.
            if evidence.landing == Landing::Management || matches!(evidence.landing, Landing::Account(_)) {
                let structural = evidence.landing == Landing::Management;
                evidence.strength = if structural { Strength::Structural } else { Strength::Strong };
                evidence.basis = Basis::Sibling;
                let same = self.siblings.entry(evidence.landing.clone()).or_default();
                if same.len() < 2 && same.iter().all(|known| known.source != evidence.source) {
                    same.push(evidence);
                }
            }
        }
    }

    fn evidence(&self, asking: &str, certain: bool) -> Vec<Evidence> {
        // A provider with `for_each` is several under one key, which the plan does not show: siblings that
        // disagree then say nothing against what a resource says itself.
        let accounts = self.siblings.keys().filter(|landing| matches!(landing, Landing::Account(_))).count();
        let siblings = if certain && accounts > 1 { None } else { Some(&self.siblings) };
        let others =
            siblings.into_iter().flatten().filter_map(|(_, same)| same.iter().find(|e| e.source != asking));
        let callers = self.callers.iter().filter(|caller| caller.source != asking);
        self.configured.iter().chain(callers).chain(others).cloned().collect()
    }
}

/// What the provider block says.
fn configured_evidence(plan: &Plan<'_>, key: &str, provider: &Provider<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    let raw = provider.expressions.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let Some(expressions): Option<Value> = raw else { return found };
    let path = provider.module_address.as_deref().map(module_path).unwrap_or_default();
    let name = format!("provider {key}");
    let mut add = |strength, basis, landing, source: &str| {
        found.push(Evidence { strength, basis, landing, source: source.to_owned() });
    };
    // Roles are assumed one after the other: the last one counts.
    for block in ["assume_role", "assume_role_with_web_identity"] {
        let role = match expressions.get(block) {
            Some(Value::Array(chain)) => chain.last().and_then(|role| role.get("role_arn")),
            Some(single) => single.get("role_arn"),
            None => None,
        };
        let Some(role) = role else { continue };
        for (strength, basis, landing, shown_by) in role_evidence(plan, &path, role) {
            let source = shown_by.map(|shown_by| format!("{name} by {shown_by}"));
            add(strength, basis, landing, source.as_ref().unwrap_or(&name));
        }
        break;
    }
    if let Some(Value::Array(accounts)) =
        expressions.get("allowed_account_ids").and_then(|list| list_of(plan, &path, list))
        && let [Value::String(account)] = accounts.as_slice()
        && own::is_account(account)
    {
        add(Strength::Strong, Basis::AllowedAccounts, Landing::Account(account.clone()), &name);
    }
    found
}

/// What a role says about the account that it is in, and which instance of the plan shows it.
type RoleEvidence = (Strength, Basis, Landing, Option<String>);

fn role_evidence(plan: &Plan<'_>, path: &ModulePath, role: &Value) -> Vec<RoleEvidence> {
    let account = |text: &str| own::arn_account(text).map(Landing::Account);
    let references = match Expression::of(role) {
        Some(Expression::Constant(Value::String(arn))) => {
            return account(&arn)
                .map(|landing| (Strength::Strong, Basis::AssumeRole, landing, None))
                .into_iter()
                .collect();
        }
        Some(Expression::References(references)) => references,
        _ => return Vec::new(),
    };
    let Some(scope) = module_scope(plan, path) else { return Vec::new() };
    let legal = Legal(&["aws_organizations_account.id"]);
    let resolver = resolver::Resolver::new(plan, &legal);
    let mut accounts = Vec::new();
    let mut roles = Vec::new();
    for reference in &references {
        let (text, shown_by) = match resolver.value(reference, &scope) {
            Some(Value::String(text)) => (Some(text), None),
            _ => match known::text(plan, reference, &scope, &[], 0) {
                Some(known) => (Some(known.text), Some(known.shown_by)),
                None => (None, None),
            },
        };
        let vended = || {
            let object = matches!(reference.head, Head::Resource { .. } | Head::Module { .. });
            let found = object.then(|| resolver.reference(reference, &scope, &[], &[], 0))?;
            let target = found.targets.first().filter(|_| found.certainty >= Certainty::Typed)?;
            let fits = target.attribute == "id" && resolver.fits(target);
            fits.then(|| (Strength::Good, Basis::Vending, Landing::Created(target.address.clone()), None))
        };
        // The resource that stands for the account says more than its id.
        if let Some(vended) = vended() {
            accounts.push(vended);
        } else if let Some(text) = text {
            let basis = if shown_by.is_some() { Basis::Value } else { Basis::AssumeRole };
            if let Some(landing) = account(&text) {
                roles.push((Strength::Strong, basis, landing, shown_by));
            } else if own::is_account(&text) {
                // `"arn:aws:iam::${var.account}:role/x"`
                accounts.push((Strength::Good, basis, Landing::Account(text), shown_by));
            }
        }
    }
    // A whole ARN is only the role if nothing else takes part; one account among names is the account.
    if references.len() == 1 && !roles.is_empty() {
        roles
    } else if accounts.len() == 1 && roles.is_empty() {
        accounts
    } else {
        Vec::new()
    }
}

/// The value of an expression that is a constant list, or a list of one input.
fn list_of(plan: &Plan<'_>, path: &ModulePath, value: &Value) -> Option<Value> {
    match constant(plan, path, value)? {
        single @ Value::String(_) => Some(Value::Array(vec![single])),
        list => Some(list),
    }
}

/// The value of an expression that is a constant or nothing but an input.
pub(super) fn constant(plan: &Plan<'_>, path: &ModulePath, value: &Value) -> Option<Value> {
    match Expression::of(value)? {
        Expression::Constant(value) => Some(value),
        Expression::References(references) => {
            let [reference] = references.as_slice() else { return None };
            let legal = Legal(&[]);
            resolver::Resolver::new(plan, &legal).value(reference, &module_scope(plan, path)?)
        }
        Expression::Opaque => None,
    }
}

pub(super) fn module_path(address: &str) -> ModulePath {
    crate::traversal::parse(address)
        .map(|segments| crate::traversal::module_path(&segments).0)
        .unwrap_or_default()
}

/// The provider block of an instance, as far as the plan tells.
pub(super) fn block<'p, 'a>(plan: &'p Plan<'a>, instance: &Instance<'_>) -> Option<&'p Provider<'a>> {
    let group = Group::of(plan, instance)?;
    let all = plan.configuration.as_ref()?.provider_config.as_ref()?;
    all.get(&*group.exact).or_else(|| all.get(group.probable?.as_str()))
}
