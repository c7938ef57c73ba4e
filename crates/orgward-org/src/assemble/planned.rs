//! The changes of the plans, with what the calls of the provider carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgward_plan::{
    Action, Address, Attr, Dependencies, Instance, Legal, Mode, Object, Origin, Plan, Step, Strength,
};

use super::carriers::{CARRIERS, NAMES};
use super::{Builder, Side, Stack};
use crate::planned::{Operation, PlannedChange, Values, kept, sent_if_set};
use crate::{NodeId, Tags};

/// What is the same for all instances of a provider configuration.
#[derive(Clone)]
struct ProviderFacts {
    principal: Option<String>,
    /// Whether it hides tags of objects (`ignore_tags`).
    hides_tags: bool,
    /// Whether it adds tags to objects (`default_tags`).
    adds_tags: bool,
    /// The account of what it creates.
    owner: Option<NodeId>,
    region: Attr<String>,
}

/// What is asked of all instances of a type.
struct Kind {
    name: Arc<str>,
    /// The attributes that are kept, with dots for blocks.
    kept: Vec<&'static str>,
    /// The attributes with tags beside `tags`.
    tags: Vec<&'static str>,
    /// The attributes that are read, without dots.
    read: Vec<&'static str>,
    /// Whether it sets a policy that other changes may be judged by.
    sets_policies: bool,
    /// The attributes that name a resource with a policy, each with the type of that.
    parts_of: Vec<(&'static str, &'static str)>,
}

impl Kind {
    fn of(name: &str) -> Self {
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names.dedup();
            names
        };
        let kept = sorted(kept(name).collect());
        let tags = sorted(crate::calls::attributes_of_resources(name).1.collect());
        let whole = kept.iter().map(|name| name.split('.').next().unwrap_or(name));
        let read = sorted(whole.chain(tags.iter().copied()).chain(["region", "tags", "tags_all"]).collect());
        let sets_policies = name.starts_with("aws_organizations_")
            || (name.starts_with("aws_iam_") && name.contains("polic"))
            || CARRIERS.iter().any(|row| row.resource == name && !row.of.is_empty());
        let service = |kind: &str| kind.split('_').nth(1).map(str::to_owned);
        let holders = CARRIERS.iter().filter(|row| !row.of.is_empty() && service(row.base) == service(name));
        let parts_of = sorted_pairs(holders.map(|row| (row.of, row.base)).collect());
        let parts = parts_of.iter().map(|(attribute, _)| *attribute);
        let read = sorted(read.into_iter().chain(parts).collect());
        Self { name: Arc::from(name), kept, tags, read, sets_policies, parts_of }
    }
}

fn sorted_pairs(mut pairs: Vec<(&'static str, &'static str)>) -> Vec<(&'static str, &'static str)> {
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The resource whose name an attribute has, where the name is unknown until apply.
fn part_of(plan: &Plan<'_>, instance: &Instance<'_>, after: &Object, kind: &Kind) -> Option<Address> {
    kind.parts_of.iter().find_map(|(attribute, base)| {
        if *base == &*kind.name || after.get(attribute).text() != Attr::Unknown {
            return None;
        }
        let attributes: Vec<String> = NAMES.iter().map(|name| format!("{base}.{name}")).collect();
        let legal: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let resolution = plan.resolve(instance, &[Step::Name(attribute)], &Legal(&legal));
        match resolution.targets.as_slice() {
            [only] => Some(only.address.clone()),
            _ => None,
        }
    })
}

impl<'a> Builder<'_, 'a> {
    /// Adds what the plans do to resources.
    pub(super) fn planned(&mut self, side: Side) {
        if side == Side::Before {
            return;
        }
        let mut changes = Vec::new();
        let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
        for (index, Stack { plan, name }) in self.stacks.iter().enumerate().take(self.plans) {
            let mut providers: BTreeMap<String, ProviderFacts> = BTreeMap::new();
            let only = std::cell::OnceCell::new();
            let mut sets_policies = false;
            for instance in plan.instances() {
                let Some(operation) = operation(instance) else { continue };
                // What the configuration no longer has was of the only provider, if there is one.
                let key = plan.provider_key(instance);
                let is_configured = key.is_some();
                let like = if is_configured { Some(instance) } else { *only.get_or_init(|| sole(plan)) };
                let key = key.or_else(|| plan.provider_key(like?));
                let known = key.as_ref().and_then(|key| providers.get(key)).cloned();
                let facts =
                    known.unwrap_or_else(|| self.provider_facts(index, plan, like.unwrap_or(instance)));
                providers.extend(key.map(|key| (key, facts.clone())));
                let kind = kinds.entry(&*instance.kind).or_insert_with(|| Kind::of(&instance.kind));
                sets_policies |= kind.sets_policies;
                // Whole objects can be large, and little of them is asked for.
                let (before, after) = (instance.before_of(&kind.read), instance.after_of(&kind.read));
                let untagged = || !facts.adds_tags && plan.is_unset(instance, "tags");
                let values = |object: Option<&Object>| object.map(|it| values(it, kind, &facts, &untagged));
                let mut new = values(after.as_ref().filter(|_| operation != Operation::Delete));
                if let Some(new) = new.as_mut().filter(|_| operation.creates()) {
                    let unset = |name: &&str| new.get(name) == Attr::Unknown && plan.is_unset(instance, name);
                    let unset: Vec<&str> = sent_if_set(&kind.name).filter(unset).collect();
                    new.attributes.retain(|name, _| !unset.contains(name));
                }
                // What an object says of itself is more than what its provider says.
                let (owner, region) = if operation == Operation::Create {
                    let own = after.as_ref().map_or(Attr::Absent, |object| object.get("region").text());
                    let region = match own {
                        Attr::Known(region) if !region.is_sensitive() => {
                            Attr::Known(region.expose().to_owned())
                        }
                        Attr::Known(_) => Attr::Unknown,
                        Attr::Unknown => plan.region(instance),
                        Attr::Absent => facts.region.clone(),
                    };
                    (facts.owner, region)
                } else {
                    let placement = plan.placement(instance);
                    let owner = placement.landing().and_then(|landing| self.known_landing(index, landing));
                    match plan.region(instance) {
                        Attr::Unknown if !is_configured => (owner.or(facts.owner), facts.region.clone()),
                        region => (owner.or(facts.owner.filter(|_| !is_configured)), region),
                    }
                };
                let account = owner.and_then(|owner| self.organization.symbolic_account_id(owner));
                changes.push(PlannedChange {
                    address: instance.address.clone(),
                    stack: name.clone(),
                    kind: Arc::clone(&kind.name),
                    before: values(before.as_ref().filter(|_| operation != Operation::Create)),
                    after: new,
                    operation,
                    owner,
                    account: account.map(str::to_owned),
                    partition: partition(&region).to_owned(),
                    region,
                    principal: facts.principal,
                    of: after.as_ref().and_then(|after| part_of(plan, instance, after, kind)),
                });
            }
            // The order of changes matters only where the plan changes what they are judged by.
            if sets_policies {
                self.organization.orders.insert(name.clone(), Dependencies::of(plan));
            }
        }
        self.organization.planned = changes;
    }

    fn provider_facts(&self, stack: usize, plan: &Plan<'a>, instance: &Instance<'a>) -> ProviderFacts {
        let placement = plan.provider_placement(instance);
        let told = placement.evidence.iter().any(|evidence| evidence.strength >= Strength::Good);
        let placement = if told { placement } else { plan.placement(instance) };
        let declared = || plan.declaration().principal.clone();
        let principal = match plan.assumed_role(instance) {
            Attr::Known(arn) => Some(arn),
            Attr::Unknown | Attr::Absent => declared(),
        };
        ProviderFacts {
            principal,
            hides_tags: plan.provider_has(instance, "ignore_tags"),
            adds_tags: plan.provider_has(instance, "default_tags"),
            owner: placement.landing().and_then(|landing| self.known_landing(stack, landing)),
            region: plan.provider_region(instance),
        }
    }
}

/// An instance of the only provider configuration of a plan, `None` where it has several.
fn sole<'p, 'a>(plan: &'p Plan<'a>) -> Option<&'p Instance<'a>> {
    let aws = plan.instances().iter().filter(|instance| instance.kind.starts_with("aws_"));
    let mut keyed = aws.filter_map(|instance| Some((plan.provider_key(instance)?, instance)));
    let (first, instance) = keyed.next()?;
    keyed.all(|(key, _)| key == first).then_some(instance)
}

/// What the plan does to an instance of the AWS provider; `None` where it calls nothing that changes it.
fn operation(instance: &Instance<'_>) -> Option<Operation> {
    let ours = instance.mode == Mode::Managed
        && instance.origin == Origin::Change
        && instance.kind.starts_with("aws_");
    if !ours {
        return None;
    }
    match instance.action {
        Action::NoOp | Action::Read | Action::Forget | Action::Other => None,
        Action::Create if instance.imported => None,
        Action::Create => Some(Operation::Create),
        Action::CreateForget => Some(Operation::Supersede),
        Action::Update => Some(Operation::Update(instance.changed())),
        Action::Delete if instance.standing().left_behind => None,
        Action::Delete => Some(Operation::Delete),
        Action::DeleteCreate | Action::CreateDelete if instance.standing().left_behind => {
            Some(Operation::Supersede)
        }
        Action::DeleteCreate | Action::CreateDelete => Some(Operation::Replace(instance.replaced_for())),
    }
}

fn partition(region: &Attr<String>) -> &'static str {
    let Attr::Known(region) = region else { return "aws" };
    let regions = orgward_iam::Catalogue::get().regions();
    regions.filter(|known| known.name == region).map(|known| known.partition).next().unwrap_or("aws")
}

fn values(object: &Object, kind: &Kind, facts: &ProviderFacts, untagged: &dyn Fn() -> bool) -> Values {
    let mut attributes = BTreeMap::new();
    for name in &kind.kept {
        let view = super::resources::path_of(&object.view(), name);
        let value = match view.text() {
            Attr::Known(text) if text.is_sensitive() => Attr::Unknown,
            Attr::Known(text) => Attr::Known(text.expose().to_owned()),
            _ => match (view.bool(), view.integer()) {
                _ if view.is_sensitive() => Attr::Unknown,
                (Attr::Known(flag), _) => Attr::Known(flag.to_string()),
                (_, Attr::Known(number)) => Attr::Known(number.to_string()),
                // A block or a list: that it is there is what counts.
                _ => match view.items() {
                    Attr::Known(items) if items.is_empty() => Attr::Absent,
                    Attr::Absent => Attr::Absent,
                    Attr::Known(_) | Attr::Unknown => Attr::Unknown,
                },
            },
        };
        if value != Attr::Absent {
            attributes.insert(*name, value);
        }
    }
    let other_tags = kind.tags.iter().map(|name| (*name, map_of_tags(object, name))).collect();
    Values { attributes, tags: tags(object, (facts.adds_tags, facts.hides_tags), untagged), other_tags }
}

/// The tags in an attribute that the provider adds none to.
fn map_of_tags(object: &Object, name: &str) -> Tags {
    let all = object.get(name);
    let (shown, complete) = match all.entries() {
        Attr::Known(entries) => (entries, true),
        Attr::Absent => (Vec::new(), true),
        Attr::Unknown => (Vec::new(), false),
    };
    Tags { known: shown.into_iter().map(tag).collect(), complete: complete && !all.is_sensitive() }
}

fn tag((key, value): (&str, orgward_plan::View<'_>)) -> (String, Attr<orgward_plan::Text>) {
    let value = value.text();
    let secret = matches!(&value, Attr::Known(text) if text.is_sensitive());
    (key.to_owned(), if secret { Attr::Unknown } else { value })
}

/// The tags of an object with those that the provider adds. `untagged` says that neither the resource nor its provider
/// sets any: the provider then leaves `tags_all` unknown until apply, although it is empty.
/// Of the provider, it takes whether it adds tags and whether it hides some.
pub(super) fn tags(object: &Object, (adds, hides): (bool, bool), untagged: &dyn Fn() -> bool) -> Tags {
    let (own, all) = (object.get("tags"), object.get("tags_all"));
    let (shown, complete) = match (all.entries(), own.entries()) {
        (Attr::Known(entries), _) => (entries, true),
        // Tags that are unknown as a whole: those of the resource are among them.
        (Attr::Unknown, Attr::Known(entries)) => (entries, false),
        (Attr::Unknown, Attr::Absent) if !all.is_sensitive() => (Vec::new(), untagged()),
        (Attr::Unknown, _) | (Attr::Absent, Attr::Unknown) => (Vec::new(), false),
        (Attr::Absent, Attr::Known(entries)) => (entries, !adds),
        (Attr::Absent, Attr::Absent) => (Vec::new(), !adds),
    };
    let known = shown.into_iter().map(tag);
    Tags { known: known.collect(), complete: complete && !hides && !all.is_sensitive() }
}
