use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mask::Mask;
use crate::parse::{Str, sensitive_mask};
use crate::secrets::{Marked, Secrets};
use crate::{Address, Attr, Key, ModulePath, Object};

/// Whether an instance is managed or only read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mode {
    /// A `resource`.
    Managed,
    /// A `data` source.
    Data,
}

/// What the plan does with an instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Creates it.
    Create,
    /// Reads it while applying: a data source that waits for something unknown.
    Read,
    /// Changes it in place.
    Update,
    /// Deletes it and creates it anew: there is a time without it.
    DeleteCreate,
    /// Creates it anew and then deletes the old one.
    CreateDelete,
    /// Deletes it.
    Delete,
    /// Forgets it: it goes on to exist in AWS.
    Forget,
    /// Creates a new one and forgets the old one.
    CreateForget,
    /// A combination that this version does not know; nothing about its outcome may be called safe.
    Other,
}

/// Which part of the input says that the instance exists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// `resource_changes`.
    Change,
    /// `prior_state`, a state file, or a raw state: it exists and this plan does not touch it.
    State,
}

/// One resource instance and what becomes of it.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    /// The absolute address.
    pub address: Address,
    /// Where it was before a `moved` block.
    pub previous_address: Option<Address>,
    /// The module instance it lives in.
    pub module: ModulePath,
    /// Managed or data.
    pub mode: Mode,
    /// The resource type: `aws_iam_role`.
    pub kind: Cow<'a, str>,
    /// The name in the configuration.
    pub name: Cow<'a, str>,
    /// Which instance of the resource.
    pub key: Option<Key>,
    /// The provider's source address; not the alias.
    pub provider: Cow<'a, str>,
    /// What the plan does.
    pub action: Action,
    /// Which part of the input it is from.
    pub origin: Origin,
    /// The key of a deposed object; such a row stands beside the one of the current object.
    pub deposed: Option<String>,
    /// Whether the plan imports it: it exists in AWS before the plan, outside the state.
    pub imported: bool,
    /// Why Terraform plans the action: `delete_because_no_resource_config`, …; versions add new ones.
    pub action_reason: Option<String>,
    pub(crate) body: Body<'a>,
}

/// The values of an instance, unparsed.
#[derive(Clone)]
pub(crate) struct Body<'a> {
    pub(crate) before: Option<&'a RawValue>,
    pub(crate) before_sensitive: Option<&'a RawValue>,
    pub(crate) before_identity: Option<&'a RawValue>,
    pub(crate) sides: Sides<'a>,
    /// The provider with its alias, which only a raw state has beside the instance.
    pub(crate) provider_key: Option<Arc<str>>,
    /// The list of paths that a raw state has in place of a mask.
    pub(crate) stored_sensitive: Option<&'a RawValue>,
    pub(crate) secrets: Option<Arc<Secrets>>,
    /// What references to the instance mean, parsed once for all of them.
    pub(crate) shown: OnceLock<Option<Arc<Object>>>,
}

/// What comes after `before`.
#[derive(Clone)]
pub(crate) enum Sides<'a> {
    /// The plan does not touch the instance.
    Same,
    /// A row of `resource_changes`.
    Change {
        after: Option<&'a RawValue>,
        unknown: Option<&'a RawValue>,
        sensitive: Option<&'a RawValue>,
        identity: Option<&'a RawValue>,
        replace_paths: Option<&'a RawValue>,
    },
}

/// The values are left out: they may be secrets.
impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// What stands of an instance in AWS, before the plan and once it is applied: the table "graph interpretation of a
/// change" of the Terraform semantics, in one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own about one object")]
pub struct Standing {
    /// Whether its object stands before the plan. An imported object does.
    pub before: bool,
    /// Whether the address has an object once the plan is applied.
    pub after: bool,
    /// Whether that object is another one than before.
    pub is_new: bool,
    /// Whether the object of before goes on to stand although Terraform stops managing it: it is forgotten, or not
    /// destroyed (`skip_destroy`).
    pub left_behind: bool,
}

impl Standing {
    /// Whether anything of it stands once the plan is applied.
    pub fn stays(self) -> bool {
        self.after || self.left_behind
    }

    /// Whether the plan destroys the object that stands before it.
    pub fn destroys(self) -> bool {
        self.before && !self.left_behind && (self.is_new || !self.after)
    }
}

impl Instance<'_> {
    /// What stands of it on both sides of the plan. Told from its action; of its values only `skip_destroy` is read.
    pub fn standing(&self) -> Standing {
        let before = self.action != Action::Create || self.imported;
        let (after, left_behind) = match self.action {
            Action::NoOp | Action::Create | Action::Read | Action::Update | Action::Other => (true, false),
            Action::DeleteCreate | Action::CreateDelete => (true, self.skips_destroy()),
            Action::CreateForget => (true, true),
            Action::Delete => (false, self.skips_destroy()),
            Action::Forget => (false, true),
        };
        let is_new = match self.action {
            Action::Create => !self.imported,
            Action::DeleteCreate | Action::CreateDelete | Action::CreateForget | Action::Other => true,
            Action::NoOp | Action::Read | Action::Update | Action::Delete | Action::Forget => false,
        };
        Standing { before, after, is_new, left_behind }
    }

    /// Whether its row is as no known version of Terraform writes it. Values have unknown and sensitive parts, and are
    /// never so as a whole (`internal/command/jsonplan`); what is created was nowhere before.
    pub(crate) fn is_strange(&self) -> bool {
        let Sides::Change { unknown, sensitive, .. } = self.body.sides else { return false };
        let marks = [unknown, sensitive, self.body.before_sensitive];
        let is_marked = marks
            .into_iter()
            .flatten()
            .any(|mark| !matches!(mark.get(), "false" | "null") && !mark.get().starts_with('{'));
        let is_created = self.action == Action::Create && !self.imported;
        self.action == Action::Other || is_marked || is_created && self.previous_address.is_some()
    }

    /// The object that stands before the plan, if any; parsed now. Some versions of Terraform do not show an imported
    /// object before the plan.
    pub fn before(&self) -> Option<Object> {
        self.standing_object(None)
    }

    /// Some attributes of [`before`](Self::before). Reading a few of them costs a fraction of reading all.
    pub fn before_of(&self, names: &[&str]) -> Option<Object> {
        self.standing_object(Some(names))
    }

    fn standing_object(&self, names: Option<&[&str]>) -> Option<Object> {
        let body = &self.body;
        let value = present(body.before)?;
        let (sensitive, secrets) = (body.before_sensitive, body.secrets.clone());
        let mut object = match names {
            Some(names) => Object::parse_some(value, None, sensitive, secrets, names),
            None => Object::parse(Some(value), None, sensitive, secrets),
        };
        if let Some(paths) = body.stored_sensitive {
            object.hide(sensitive_mask(paths));
        }
        Some(object)
    }

    /// The object that the address has once the plan is applied, if any; parsed now.
    pub fn after(&self) -> Option<Object> {
        self.planned_object(None)
    }

    /// Some attributes of [`after`](Self::after).
    pub fn after_of(&self, names: &[&str]) -> Option<Object> {
        self.planned_object(Some(names))
    }

    fn planned_object(&self, names: Option<&[&str]>) -> Option<Object> {
        let Sides::Change { after, unknown, sensitive, .. } = self.body.sides else {
            return self.standing_object(names);
        };
        if !self.standing().after {
            return None;
        }
        let secrets = || self.body.secrets.clone();
        match (self.action, present(after), names) {
            (Action::NoOp, None, _) => self.standing_object(names),
            (Action::Other, ..) | (_, None, _) => Some(Object::unknown()),
            (_, Some(after), Some(names)) => {
                Some(Object::parse_some(after, unknown, sensitive, secrets(), names))
            }
            (_, after, None) => Some(Object::parse(after, unknown, sensitive, secrets())),
        }
    }

    /// Whether the plan changes the tags of the object, and nothing else.
    pub fn changes_only_tags(&self) -> bool {
        self.action == Action::Update
            && self
                .before()
                .zip(self.after())
                .is_some_and(|(before, after)| before.equals_but_for(&after, &["tags", "tags_all"]))
    }

    /// The object of before that goes on to stand in AWS without being managed; parsed now.
    pub fn left_behind(&self) -> Option<Object> {
        self.standing().left_behind.then(|| self.before()).flatten()
    }

    /// The attributes that make the provider replace the object, sorted; of nested ones the outermost.
    pub fn replaced_for(&self) -> Vec<String> {
        let Sides::Change { replace_paths, .. } = self.body.sides else { return Vec::new() };
        let paths: Vec<Vec<Value>> =
            present(replace_paths).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let names: std::collections::BTreeSet<String> =
            paths.iter().filter_map(|path| path.first()?.as_str().map(str::to_owned)).collect();
        names.into_iter().collect()
    }

    /// The attributes that have another value after the plan, or one that is unknown until apply, sorted.
    pub fn changed(&self) -> Vec<String> {
        let Some(names) = self.written_otherwise() else { return Vec::new() };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (Some(before), Some(after)) = (self.before_of(&names), self.after_of(&names)) else {
            return Vec::new();
        };
        let (old, new) = (before.view().entries(), after.view().entries());
        let (Attr::Known(old), Attr::Known(new)) = (old, new) else { return Vec::new() };
        let names: std::collections::BTreeSet<&str> = old.iter().chain(&new).map(|(name, _)| *name).collect();
        let differs = |name: &&str| {
            let (old, new) = (before.get(name), after.get(name));
            new.has_unknown() || old.json() != new.json()
        };
        names.into_iter().filter(differs).map(str::to_owned).collect()
    }

    /// The attributes of which the two sides are not written alike, or of which something is unknown: nothing is parsed
    /// for the others. `None` where a side is missing.
    fn written_otherwise(&self) -> Option<std::collections::BTreeSet<String>> {
        type Parts<'r> = std::collections::BTreeMap<Str<'r>, &'r RawValue>;
        fn parts(raw: Option<&RawValue>) -> Option<Parts<'_>> {
            serde_json::from_str(present(raw)?.get()).ok()
        }
        let Sides::Change { after, unknown, .. } = self.body.sides else { return None };
        let (old, new) = (parts(self.body.before)?, parts(after)?);
        let unknown = parts(unknown).unwrap_or_default();
        let raw = |parts: &Parts<'_>, name: &Str<'_>| parts.get(name).map(|raw| raw.get().to_owned());
        let names = old.keys().chain(new.keys()).filter(|name| raw(&old, name) != raw(&new, name));
        Some(names.chain(unknown.keys()).map(|name| (**name).to_owned()).collect())
    }

    /// What a reference to the instance means; parsed once.
    pub(crate) fn shown(&self) -> Option<&Object> {
        self.body.shown.get_or_init(|| self.after().map(Arc::new)).as_deref()
    }

    /// The resource identity after the plan, or before it where there is none after; with provider `aws` from
    /// version 6 it carries `account_id` and `region`.
    pub fn identity(&self) -> Option<Object> {
        let after = match self.body.sides {
            Sides::Change { identity, .. } => present(identity),
            Sides::Same => None,
        };
        let identity = after.or_else(|| present(self.body.before_identity))?;
        Some(Object::parse(Some(identity), None, None, self.body.secrets.clone()))
    }

    /// Collects the strings that are marked sensitive on either side.
    pub(crate) fn mark(&self, marked: &mut Marked) {
        let body = &self.body;
        let mut here = Marked::default();
        body.mark(&mut here);
        // A provider marks all that some data sources read, and account ids are read from parameters: they are no secret
        // wherever else they stand.
        if self.mode == Mode::Data {
            here.forget_account_ids();
        }
        marked.extend(here);
    }

    /// Whether the configuration can refer to the instance once the plan is applied.
    pub(crate) fn is_current(&self) -> bool {
        self.deposed.is_none() && self.standing().after
    }

    /// Whether destroying leaves the object in AWS. Of an object that cannot be read nobody can say so, and what
    /// stands protects: it is taken to be destroyed.
    fn skips_destroy(&self) -> bool {
        #[derive(Deserialize)]
        struct Flag {
            #[serde(default)]
            skip_destroy: Option<bool>,
        }
        let flag = present(self.body.before).map(|raw| serde_json::from_str::<Flag>(raw.get()));
        flag.is_some_and(|flag| flag.is_ok_and(|flag| flag.skip_destroy == Some(true)))
    }
}

impl Body<'_> {
    /// Collects the strings that are marked sensitive on either side.
    fn mark(&self, marked: &mut Marked) {
        if let Some(paths) = self.stored_sensitive.filter(|paths| !matches!(paths.get(), "[]" | "null")) {
            mark(self.before, &sensitive_mask(paths), marked);
        }
        let mut side = |value: Option<&RawValue>, mask: Option<&RawValue>| {
            // Nearly all masks are empty, and nothing is parsed for them. What cannot be read covers everything.
            let Some(raw) =
                mask.filter(|raw| raw.get().contains("true") || !raw.get().starts_with(['{', '[', 'f', 'n']))
            else {
                return;
            };
            mark(value, &serde_json::from_str(raw.get()).unwrap_or(Value::Bool(true)), marked);
        };
        side(self.before, self.before_sensitive);
        if let Sides::Change { after, sensitive, .. } = self.sides {
            side(after, sensitive);
        }
    }
}

fn mark(value: Option<&RawValue>, mask: &Value, marked: &mut Marked) {
    let covers = Mask::of(mask);
    if covers.any()
        && let Some(Ok(value)) = present(value).map(|raw| serde_json::from_str(raw.get()))
    {
        marked.add_masked(&value, covers);
    }
}

/// Drops JSON's null.
pub(crate) fn present(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}
