//! A snapshot beside a plan or state: which of its resources are those that the other one manages.
//!
//! The same object has to have the same name on both sides, so that what differs is about it and not about its name. What the
//! other input does not manage is of two kinds. Of the organization itself, what is there and not managed is drift: somebody
//! made it by hand. In accounts, other stacks manage it, and it is the same on both sides.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::{Document, Instance, Key, Landing, Mode, Plan};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A snapshot in two parts.
#[derive(Debug)]
pub(super) struct Split {
    /// What the other input manages, by its addresses, and what is drift.
    pub(super) managed: Document,
    /// What is none of its business.
    pub(super) rest: Document,
}

#[derive(Deserialize)]
struct Rows<'a> {
    #[serde(borrow)]
    resource_changes: Vec<&'a RawValue>,
}

/// Splits a snapshot by what another input manages.
pub(super) fn split(
    snapshot: &Document,
    plan: &Plan<'_>,
    other: &Plan<'_>,
) -> Result<Split, serde_json::Error> {
    let mut known = Known::of(other);
    let rows: Rows<'_> = serde_json::from_str(snapshot.json())?;
    let (mut managed, mut rest) = (Vec::new(), Vec::new());
    for raw in rows.resource_changes {
        let mut row: Value = serde_json::from_str(raw.get())?;
        if known.takes(&mut row) { managed.push(row.to_string()) } else { rest.push(raw.get().to_owned()) }
    }
    let document = |rows: &[String], not_read| {
        let text = format!(r#"{{"format_version":"1.2","resource_changes":[{}]}}"#, rows.join(",\n"));
        Document::of_snapshot(snapshot.name.clone(), text, not_read)
    };
    // What was not read is missing on both sides: the other input does not say that it was there before.
    Ok(Split { managed: document(&managed, Vec::new()), rest: document(&rest, plan.not_read.clone()) })
}

/// What an input manages.
struct Known {
    /// Addresses, names and keys, by type and identity. Access keys of one user are alike.
    places: BTreeMap<(String, String), Vec<Place>>,
    /// The types of the organization that it manages.
    types: BTreeSet<String>,
    /// Principals, as account, kind and name.
    principals: BTreeSet<(String, String, String)>,
}

struct Place {
    address: String,
    module: String,
    name: String,
    key: Option<Key>,
}

impl Known {
    fn of(plan: &Plan<'_>) -> Self {
        let mut known = Self { places: BTreeMap::new(), types: BTreeSet::new(), principals: BTreeSet::new() };
        let managed =
            || plan.instances().iter().filter(|it| it.mode == Mode::Managed && it.deposed.is_none());
        for instance in managed() {
            if let Some(word) = principal(&instance.kind)
                && let (Some(arn), Some(name)) = (text(instance, "arn"), text(instance, "name"))
                && let Some(account) = account_of(&arn)
            {
                known.principals.insert((account.to_owned(), word.to_owned(), name));
            }
        }
        for instance in managed() {
            if is_of_organization(&instance.kind) {
                known.types.insert(instance.kind.to_string());
            }
            let placed = match plan.placement(instance).landing() {
                Some(Landing::Account(id)) => Some(id.clone()),
                _ => None,
            };
            let account = placed.or_else(|| known.account_of_holder(instance));
            let identity = identity(&instance.kind, account.as_deref(), &|name| text(instance, name));
            let Some(identity) = identity else { continue };
            let place = Place {
                address: instance.address.to_string(),
                module: instance.module.to_string(),
                name: instance.name.to_string(),
                key: instance.key.clone(),
            };
            known.places.entry((instance.kind.to_string(), identity)).or_default().push(place);
        }
        known
    }

    /// The account of what belongs to a principal, where only one account has one of that name.
    fn account_of_holder(&self, instance: &Instance<'_>) -> Option<String> {
        let word = holder(&instance.kind)?;
        let name = text(instance, word)?;
        let name = last(&name);
        let mut named = self.principals.iter().filter(|(_, kind, other)| kind == word && other == name);
        let (account, ..) = named.next()?;
        named.next().is_none().then(|| account.clone())
    }

    /// Whether a row of the snapshot belongs beside what the input manages. Gives it the name that it has there.
    fn takes(&mut self, row: &mut Value) -> bool {
        let kind = row.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = |path: &str| row.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let account = at("/change/before_identity/account_id");
        let value = |name: &str| at(&format!("/change/before/{name}"));
        if row.get("mode").and_then(Value::as_str) == Some("data") {
            return true;
        }
        let holder = holder(&kind).and_then(|word| Some((word, value(word)?)));
        let found = identity(&kind, account.as_deref(), &value);
        let place = found.and_then(|identity| {
            let places = self.places.get_mut(&(kind.clone(), identity))?;
            if places.is_empty() { None } else { Some(places.remove(0)) }
        });
        if let (Some(place), Some(row)) = (place, row.as_object_mut()) {
            row.insert("address".to_owned(), place.address.into());
            row.insert("name".to_owned(), place.name.into());
            match place.key {
                Some(Key::Name(key)) => row.insert("index".to_owned(), key.into()),
                Some(Key::Index(key)) => row.insert("index".to_owned(), key.into()),
                None => row.remove("index"),
            };
            if !place.module.is_empty() {
                row.insert("module_address".to_owned(), place.module.into());
            }
            return true;
        }
        if is_of_organization(&kind) {
            return self.types.contains(&kind);
        }
        // What a principal has that the input manages is drift of it, too.
        holder.is_some_and(|(word, name)| {
            let name = last(&name).to_owned();
            account.is_some_and(|account| self.principals.contains(&(account, word.to_owned(), name)))
        })
    }
}

fn is_of_organization(kind: &str) -> bool {
    kind.starts_with("aws_organizations_") || kind.starts_with("aws_ssoadmin_")
}

/// The kind of principal that a type is.
fn principal(kind: &str) -> Option<&'static str> {
    match kind {
        "aws_iam_role" => Some("role"),
        "aws_iam_user" => Some("user"),
        "aws_iam_group" => Some("group"),
        _ => None,
    }
}

/// The attribute that names the principal which a resource belongs to.
fn holder(kind: &str) -> Option<&'static str> {
    match kind {
        "aws_iam_role_policy" | "aws_iam_role_policy_attachment" => Some("role"),
        "aws_iam_group_policy" | "aws_iam_group_policy_attachment" => Some("group"),
        "aws_iam_user_policy"
        | "aws_iam_user_policy_attachment"
        | "aws_iam_user_group_membership"
        | "aws_iam_user_login_profile"
        | "aws_iam_access_key" => Some("user"),
        _ => None,
    }
}

/// The name at the end of an ARN.
fn last(name: &str) -> &str {
    if name.starts_with("arn:") { name.rsplit('/').next().unwrap_or(name) } else { name }
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// A text of an instance after the plan, or before it where it does not stand any more.
fn text(instance: &Instance<'_>, name: &str) -> Option<String> {
    let object = instance.after_of(&[name]).or_else(|| instance.before_of(&[name]))?;
    Some(object.get(name).text().known()?.expose().to_owned())
}

/// What an object is known by, whoever shows it.
fn identity(kind: &str, account: Option<&str>, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let all = |names: &[&str]| -> Option<String> {
        let values: Option<Vec<String>> = names.iter().map(|name| value(name)).collect();
        Some(values?.join(","))
    };
    if let Some(word) = holder(kind) {
        let (account, name) = (account?, value(word)?);
        let what = match kind {
            "aws_iam_user_group_membership" | "aws_iam_user_login_profile" | "aws_iam_access_key" => {
                String::new()
            }
            kind if kind.ends_with("_attachment") => value("policy_arn")?,
            _ => value("name")?,
        };
        return Some(format!("{account}/{}/{what}", last(&name)));
    }
    match kind {
        // There is one.
        "aws_organizations_organization" | "aws_organizations_resource_policy" => Some(String::new()),
        "aws_organizations_policy_attachment" => all(&["target_id", "policy_id"]),
        "aws_organizations_delegated_administrator" => all(&["account_id", "service_principal"]),
        "aws_ssoadmin_permission_set" => all(&["arn"]),
        "aws_ssoadmin_managed_policy_attachment" => all(&["managed_policy_arn", "permission_set_arn"]),
        "aws_ssoadmin_account_assignment" => {
            all(&["principal_id", "principal_type", "target_id", "permission_set_arn"])
        }
        kind if kind.starts_with("aws_ssoadmin_") => all(&["permission_set_arn"]),
        kind if kind.starts_with("aws_organizations_") => all(&["id"]),
        "aws_s3_bucket" | "aws_s3_bucket_policy" | "aws_s3_bucket_public_access_block" => all(&["bucket"]),
        _ => value("arn").or_else(|| value("id")),
    }
}
