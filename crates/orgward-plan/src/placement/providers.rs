//! What is known of each provider, gathered once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Basis, Evidence, Landing, Strength};
use super::{configured, own};
use crate::Plan;
use crate::configuration::Provider;
use crate::instance::{Instance, present};

/// The evidence of each provider, by group.
#[derive(Default)]
pub(crate) struct Providers(BTreeMap<String, Facts>);

#[derive(Default)]
struct Facts {
    configured: Vec<Evidence>,
    callers: Vec<Evidence>,
    /// The partition, by the first resource that shows it.
    partition: Option<String>,
    /// For each landing, the first two siblings that name it: one of them may be the one that asks.
    siblings: BTreeMap<Landing, Vec<Evidence>>,
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
            all.0.entry(key.to_string()).or_default().configured = configured::evidence(plan, key, provider);
        }
        all
    }

    /// The evidence of the provider of an instance. `certain` says that the instance itself knows better.
    pub(super) fn evidence(&self, plan: &Plan<'_>, instance: &Instance<'_>, certain: bool) -> Vec<Evidence> {
        let Some(group) = Group::of(plan, instance) else { return Vec::new() };
        self.of_group(group, instance.address.as_str(), certain)
    }

    /// The partition that the provider of an instance is in.
    pub(super) fn partition(&self, plan: &Plan<'_>, instance: &Instance<'_>) -> Option<String> {
        self.0.get(&*Group::of(plan, instance)?.exact)?.partition.clone()
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
        if self.partition.is_none() && present(instance.body.before).is_some() {
            self.partition = own::arn_partition(instance);
        }
        // Policies and their attachments can be managed by a delegated administrator, and their ARNs name
        // the management account all the same.
        if instance.kind.starts_with("aws_organizations_polic") {
            return;
        }
        let caller = own::is_caller_identity(instance);
        let cheap = caller
            || instance.kind.starts_with("aws_iam_")
            || instance.kind.starts_with("aws_organizations_");
        // What is yet to be created cannot say where it is.
        if !cheap && present(instance.body.before).is_none() {
            return;
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

/// The provider block of an instance and its key, as far as the plan tells.
pub(super) fn block<'p, 'a>(
    plan: &'p Plan<'a>,
    instance: &Instance<'_>,
) -> Option<(&'p str, &'p Provider<'a>)> {
    let group = Group::of(plan, instance)?;
    let all = plan.configuration.as_ref()?.provider_config.as_ref()?;
    let found = |key: &str| all.get_key_value(key).map(|(key, block)| (&**key, block));
    found(&group.exact).or_else(|| found(group.probable?.as_str()))
}
