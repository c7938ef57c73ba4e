//! Management policies: what is in effect where, by AWS's inheritance operators. They take no part in authorization.

mod strictness;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::strictness::strictness;
use crate::{Entity, Key, Modality, OrgPolicy, PolicyChain, Weight};

/// The operators of the language, and what says which of them children may use.
const ASSIGN: &str = "@@assign";
const APPEND: &str = "@@append";
const REMOVE: &str = "@@remove";
const ALLOWED: &str = "@@operators_allowed_for_child_policies";
/// Levels of a document that are read.
const DEEPEST: usize = 32;

/// Where a setting is: its names, in lower case.
type Path = Vec<String>;

/// What a setting is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Setting {
    One(String),
    Many(BTreeSet<String>),
}

/// A policy that may be in effect: why that is unknown, and what it says.
pub type Possible = (String, Key, Map<String, Value>);

/// What the management policies of one type come to at one place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EffectivePolicy {
    settings: BTreeMap<Path, Setting>,
    /// The operators that policies further down may use, where that is said.
    allowed: BTreeMap<Path, BTreeSet<String>>,
    /// Overrides that a policy above forbids: the policy, and the setting.
    refused: BTreeSet<(Key, String)>,
    /// Policies that may be in effect here.
    possible: Vec<Possible>,
    /// Why not all of it is known, one sentence each.
    unknown: Vec<String>,
}

/// A setting that is less strict than before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Looser {
    /// The setting: its names, with dots.
    pub setting: String,
    /// What became of it.
    pub says: String,
    /// How much it matters.
    pub weight: Weight,
}

/// Below this name, each entry is one of several ways to be let in.
const ALTERNATIVES: &str = "image_criteria";

/// The alternative that a setting is part of.
fn alternative(path: &[String]) -> Option<&[String]> {
    let at = path.iter().position(|name| name == ALTERNATIVES)?;
    path.get(..at.saturating_add(2))
}

impl EffectivePolicy {
    /// What a chain of policies of one type comes to.
    pub fn of(chain: &PolicyChain<'_>) -> Self {
        let mut effective = Self::default();
        if chain.enabled == Some(false) {
            return effective;
        }
        effective.unknown.extend(chain.gaps.iter().cloned());
        for policy in &chain.unresolved_targets {
            let why = format!("what `{}` is attached to is unknown until apply", policy.node.title());
            effective.may(&why, policy);
            effective.unknown.push(why);
        }
        for level in &chain.levels {
            // What a level forbids binds the levels below it, and not its own policies.
            let (above, locks) = (effective.settings.clone(), effective.allowed.clone());
            for attached in &level.attached {
                let policy = attached.org_policy;
                let document = &policy.data.document;
                let text = document.text.expose();
                let read = serde_json::from_str::<Map<String, Value>>(text);
                match read {
                    Ok(document) if attached.modality() == Modality::Must => {
                        let above = Above { settings: &above, locks: &locks, policy: &policy.node.key };
                        effective.merge(&document, &mut Path::new(), &above);
                    }
                    Ok(_) => {
                        let why = format!(
                            "`{}` may or may not be attached to `{}`",
                            policy.node.title(),
                            level.title
                        );
                        effective.may(&why, &policy);
                        effective.unknown.push(why);
                    }
                    Err(_) => effective.unknown.push(format!("`{}` cannot be read", document.name)),
                }
            }
        }
        effective.unknown.sort();
        effective.unknown.dedup();
        effective
    }

    /// Notes a policy that may be in effect.
    fn may(&mut self, why: &str, policy: &Entity<'_, OrgPolicy>) {
        if let Ok(document) = serde_json::from_str(policy.data.document.text.expose()) {
            self.possible.push((why.to_owned(), policy.node.key.clone(), document));
        }
    }

    /// The policies that may be in effect, with the sentence that says why that is unknown.
    pub fn possible(&self) -> impl Iterator<Item = (&str, &Possible)> {
        self.possible.iter().map(|possible| (possible.0.as_str(), possible))
    }

    /// The same with a policy that may be in effect, further down than all others.
    #[must_use]
    pub fn with(&self, (_, key, document): &Possible) -> Self {
        let mut effective = self.clone();
        let above = Above { settings: &self.settings, locks: &self.allowed, policy: key };
        effective.merge(document, &mut Path::new(), &above);
        effective
    }

    /// Why not all of it is known, one sentence each.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Whether nothing is in effect.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// Overrides that a policy above forbids: the policy, and the setting.
    pub fn refused(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.refused.iter().map(|(key, setting)| (key, setting.as_str()))
    }

    /// The settings that are less strict in another policy of the same type than here.
    pub fn looser(&self, after: &Self, policy_type: &str) -> Vec<Looser> {
        let mut found = Vec::new();
        for path in self
            .settings
            .keys()
            .chain(after.settings.keys().filter(|path| !self.settings.contains_key(*path)))
        {
            let after_all = after;
            let (before, after) = (self.get(path, policy_type), after.get(path, policy_type));
            let rule = strictness(policy_type, path);
            if let Some(alternative) = alternative(path).filter(|it| !self.has(it) || !after_all.has(it)) {
                if let Some(says) = self.opened(alternative, after_all) {
                    found.push(Looser { setting: alternative.join("."), says, weight: Weight::Medium });
                }
                continue;
            }
            if let Some((says, weight)) = strictness::compare(rule, before, after) {
                found.push(Looser { setting: path.join("."), says, weight });
            }
        }
        for (path, allowed) in &self.allowed {
            let now = after.allowed.get(path);
            let lifted = now.is_none_or(|now| now.difference(allowed).next().is_some());
            let still_set = after.settings.keys().any(|setting| setting.starts_with(path));
            if lifted && still_set {
                let says = "policies further down may change it now".to_owned();
                found.push(Looser { setting: path.join("."), says, weight: Weight::Low });
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Whether anything below a path is set.
    fn has(&self, path: &[String]) -> bool {
        self.settings.keys().any(|setting| setting.starts_with(path))
    }

    /// What is less strict when one of several alternatives comes or goes: another one lets more in, and the last one
    /// that goes lets everything in.
    fn opened(&self, alternative: &[String], after: &Self) -> Option<String> {
        let (name, all) = alternative.split_last()?;
        match (self.has(alternative), after.has(alternative)) {
            (false, true) => self.has(all).then(|| format!("also what `{name}` lets in")),
            (true, false) => (!after.has(all)).then(|| "everything is allowed".to_owned()),
            _ => None,
        }
    }

    /// A setting, or what holds without it.
    fn get(&self, path: &[String], policy_type: &str) -> Option<&Setting> {
        let fallback = || match (policy_type, path) {
            ("AISERVICES_OPT_OUT_POLICY", [services, _, opt_out]) => {
                self.settings.get(&vec![services.clone(), "default".to_owned(), opt_out.clone()])
            }
            _ => None,
        };
        self.settings.get(path).or_else(fallback)
    }

    fn merge(&mut self, document: &Map<String, Value>, path: &mut Path, above: &Above<'_>) {
        if path.len() > DEEPEST {
            return;
        }
        for (name, value) in document {
            match (name.as_str(), value) {
                (ALLOWED, value) => {
                    let allowed = operators(value);
                    self.allowed.entry(path.clone()).or_insert(allowed);
                }
                (operator @ (ASSIGN | APPEND | REMOVE), value) => self.apply(operator, value, path, above),
                (name, Value::Object(inner)) => {
                    path.push(name.to_lowercase());
                    self.merge(inner, path, above);
                    path.pop();
                }
                _ => {}
            }
        }
    }

    /// Applies an operator to a setting, unless a policy above forbids it.
    fn apply(&mut self, operator: &str, value: &Value, path: &[String], above: &Above<'_>) {
        let allows = |at: &[String]| {
            above.locks.get(at).is_none_or(|allowed| allowed.contains(operator) || allowed.contains("@@all"))
        };
        // A setting that is there has a lock of its own; what would be new is up to what it would be in.
        let is_there = above.settings.contains_key(path);
        let within = (0..path.len()).rev().filter_map(|length| path.get(..length));
        let container =
            within.into_iter().find(|at| above.settings.keys().any(|known| known.starts_with(at)));
        if !allows(path) || (!is_there && container.is_some_and(|at| !allows(at))) {
            self.refused.insert((above.policy.clone(), path.join(".")));
            return;
        }
        let new = match value {
            Value::Array(items) => Setting::Many(items.iter().filter_map(scalar).collect()),
            other => match scalar(other) {
                Some(text) => Setting::One(text),
                None => return,
            },
        };
        let old = self.settings.remove(path);
        let combined = match operator {
            APPEND => Setting::Many(all(old).into_iter().chain(all(Some(new))).collect()),
            REMOVE => {
                let gone = all(Some(new));
                Setting::Many(all(old).into_iter().filter(|text| !gone.contains(text)).collect())
            }
            _ => new,
        };
        self.settings.insert(path.to_vec(), combined);
    }
}

/// What stands above a level, for its policies.
struct Above<'a> {
    settings: &'a BTreeMap<Path, Setting>,
    locks: &'a BTreeMap<Path, BTreeSet<String>>,
    policy: &'a Key,
}

fn all(setting: Option<Setting>) -> BTreeSet<String> {
    match setting {
        None => BTreeSet::new(),
        Some(Setting::One(text)) => BTreeSet::from([text]),
        Some(Setting::Many(texts)) => texts,
    }
}

fn operators(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(scalar).collect(),
        other => scalar(other).into_iter().collect(),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Above, EffectivePolicy, Path};
    use crate::{Key, Weight};

    /// Policies of one level each, from the root down.
    fn effective(levels: &[serde_json::Value]) -> EffectivePolicy {
        let mut effective = EffectivePolicy::default();
        for (at, level) in levels.iter().enumerate() {
            let (settings, locks) = (effective.settings.clone(), effective.allowed.clone());
            let policy = Key(format!("policy{at}").into());
            let above = Above { settings: &settings, locks: &locks, policy: &policy };
            effective.merge(level.as_object().unwrap(), &mut Path::new(), &above);
        }
        effective
    }

    fn told(before: &[serde_json::Value], after: &[serde_json::Value], kind: &str) -> Vec<(String, Weight)> {
        let looser = effective(before).looser(&effective(after), kind);
        looser.into_iter().map(|it| (it.setting, it.weight)).collect()
    }

    #[test]
    fn a_child_overrides_what_the_parent_leaves_open() {
        let parent = json!({"ec2_attributes": {"image_block_public_access": {"state": {"@@assign": "block_new_sharing"}}}});
        let child =
            json!({"ec2_attributes": {"image_block_public_access": {"state": {"@@assign": "unblocked"}}}});
        let found =
            told(std::slice::from_ref(&parent), &[parent.clone(), child.clone()], "DECLARATIVE_POLICY_EC2");
        assert_eq!(found, [("ec2_attributes.image_block_public_access.state".to_owned(), Weight::Medium)]);
        assert_eq!(told(&[parent.clone(), child], &[parent], "DECLARATIVE_POLICY_EC2"), []);
    }

    #[test]
    fn a_lock_keeps_the_value_and_the_attempt_is_known() {
        let locked = json!({"services": {"default": {"opt_out_policy": {
            "@@operators_allowed_for_child_policies": ["@@none"], "@@assign": "optOut"}}}});
        let child = json!({"services": {"default": {"opt_out_policy": {"@@assign": "optIn"}}}});
        let after = effective(&[locked.clone(), child]);
        assert_eq!(effective(&[locked]).looser(&after, "AISERVICES_OPT_OUT_POLICY"), []);
        let refused: BTreeMap<_, _> = after.refused().collect();
        assert_eq!(refused, BTreeMap::from([(&Key("policy1".into()), "services.default.opt_out_policy")]));
    }

    #[test]
    fn append_and_remove() {
        let parent = json!({"tags": {"c": {"tag_value": {"@@assign": ["1", "2"]}, "enforced_for": {"@@assign": ["a", "b"]}}}});
        let child =
            json!({"tags": {"c": {"tag_value": {"@@append": ["*"]}, "enforced_for": {"@@remove": ["b"]}}}});
        let found = told(std::slice::from_ref(&parent), &[parent.clone(), child], "TAG_POLICY");
        assert_eq!(
            found,
            [
                ("tags.c.enforced_for".to_owned(), Weight::Medium),
                ("tags.c.tag_value".to_owned(), Weight::Medium)
            ]
        );
        // Fewer values are stricter.
        let fewer = json!({"tags": {"c": {"tag_value": {"@@remove": ["2"]}}}});
        assert_eq!(told(std::slice::from_ref(&parent), &[parent.clone(), fewer], "TAG_POLICY"), []);
    }

    #[test]
    fn a_service_has_what_is_the_default() {
        let all = json!({"services": {"default": {"opt_out_policy": {"@@assign": "optOut"}}}});
        let lex = |value: &str| {
            json!({"services": {"default": {"opt_out_policy": {"@@assign": "optOut"}},
                "lex": {"opt_out_policy": {"@@assign": value}}}})
        };
        assert_eq!(told(std::slice::from_ref(&all), &[lex("optIn")], "AISERVICES_OPT_OUT_POLICY").len(), 1);
        assert_eq!(told(&[all], &[lex("optOut")], "AISERVICES_OPT_OUT_POLICY"), []);
        assert_eq!(told(&[lex("optOut")], &[lex("optOut")], "AISERVICES_OPT_OUT_POLICY"), []);
    }
}
