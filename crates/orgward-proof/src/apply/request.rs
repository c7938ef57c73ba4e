//! From a change of a plan to the requests that the provider makes.

use std::collections::BTreeMap;

use orgward_iam::{AccessLevel, Action, Catalogue, ContextValue, PartialRequest, ResourceType, UNKNOWN_PART};
use orgward_org::calls::{self, Call, CarriedKey, Unset};
use orgward_org::{Organization, PlannedChange, Values};
use orgward_plan::Attr;

use super::resources::{Asked, Carries, Entities, asked};

use crate::data::global_services;

/// A request that the provider makes for a change.
#[derive(Clone, Debug)]
pub struct Requested {
    /// The request, as far as it is known.
    pub request: PartialRequest,
    /// The region that it goes to, if it is known.
    pub region: Option<String>,
    /// Whether it is part of the deletion of an object.
    pub deletes: bool,
}

/// Makes requests of changes. `principal` is the role that applies them, where nothing closer says which; `*` in place of
/// its account stands for the account of the change.
pub struct Requests<'o, 'p> {
    organization: &'o Organization,
    principal: Option<&'p str>,
    /// What the catalogue says of the actions, since the same few are called for many resources.
    listed: BTreeMap<&'static str, Listed>,
    /// The roles and users that the inputs show.
    entities: Entities,
}

/// What the catalogue says of an action.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) action: Option<Action>,
    /// The types of its resources.
    pub(super) types: Vec<ResourceType>,
    /// Whether its service compares the tags of resources.
    compares_tags: bool,
    /// The actions by which AWS authorizes the tags of what it creates.
    tags: Vec<&'static str>,
    /// The region that a global service is called in.
    global: Option<&'static str>,
}

impl Listed {
    pub(super) fn of(name: &str) -> Self {
        let action = Catalogue::get().action(name);
        let service = name.split(':').next().unwrap_or_default();
        let mut keys = action.into_iter().flat_map(Action::condition_keys);
        let tags = action.into_iter().flat_map(Action::dependent_actions).filter(|name| {
            let action = Catalogue::get().action(name);
            action.is_some_and(|it| it.service() == service && it.level() == AccessLevel::Tagging)
        });
        Self {
            action,
            types: action.into_iter().flat_map(Action::resource_types).collect(),
            tags: tags.chain(calls::tagged_by(name)).collect(),
            // A bucket compares its tags only once that is turned on for it, which no plan shows.
            compares_tags: service != "s3"
                && keys.any(|key| key.name.eq_ignore_ascii_case("aws:ResourceTag/${TagKey}")),
            global: global_services().iter().find(|it| it.prefix == service).map(|it| it.region.as_str()),
        }
    }
}

impl<'o, 'p> Requests<'o, 'p> {
    /// Prepares for the changes of an organization.
    pub fn of(organization: &'o Organization, principal: Option<&'p str>) -> Self {
        Self { organization, principal, listed: BTreeMap::new(), entities: Entities::of(organization) }
    }

    /// The role that makes the requests of a change.
    pub fn principal_of(&self, change: &PlannedChange) -> Option<String> {
        principal_of(change, self.principal)
    }

    /// The requests of a change that are certain.
    pub fn certain(&mut self, change: &PlannedChange) -> Vec<Requested> {
        let mut all = Vec::new();
        let caller = self.principal_of(change);
        let caller = caller.as_deref();
        for call in calls::certain(change) {
            let listed = self.listed.entry(call.action).or_insert_with(|| Listed::of(call.action));
            for asked in asked(change, call, listed, &self.entities) {
                all.push(request(self.organization, change, call, listed, &asked, caller));
                all.extend(tagging(self.organization, change, call, listed, &asked, caller));
            }
        }
        if let Some(after) = change.after.as_ref().filter(|_| change.operation.creates()) {
            for (attribute, service) in calls::passed_roles(&change.kind) {
                if after.attributes.contains_key(attribute) {
                    all.push(passing(self.organization, change, after.get(attribute), service, caller));
                }
            }
        }
        all
    }

    /// The actions of a change that are possible and not certain, each with what it is about as far as that is known.
    pub(super) fn possible(&self, change: &PlannedChange) -> Vec<(&'static str, Option<String>)> {
        let about = |name: &'static str| {
            let call = Call { action: name, with_tags: false, deletes: !change.operation.creates() };
            let asked = asked(change, call, &Listed::of(name), &self.entities);
            asked.into_iter().next().and_then(|asked| asked.arn)
        };
        calls::possible(change).into_iter().map(|name| (name, about(name))).collect()
    }
}

/// The role that makes the requests of a change.
fn principal_of(change: &PlannedChange, fallback: Option<&str>) -> Option<String> {
    let arn = change.principal.as_deref().or(fallback)?;
    let account = change.account.as_deref()?;
    let arn = arn.replacen(":iam::*:", &format!(":iam::{account}:"), 1);
    // A role of another account does not act in this one.
    let own = orgward_iam::Arn::parse(&arn).is_some_and(|arn| arn.account == account);
    (own && !arn.contains(['*', '?'])).then_some(arn)
}

fn start(
    organization: &Organization,
    change: &PlannedChange,
    action: &str,
    resource: Option<&str>,
    caller: Option<&str>,
) -> PartialRequest {
    let account = change.account.as_deref().unwrap_or_default();
    let mut request = PartialRequest::new(caller, account, action, resource);
    let one = |text: &str| ContextValue::One(text.to_owned());
    if let Some(id) = change.owner.and_then(|owner| organization.symbolic_id_of(owner)) {
        request.set("aws:PrincipalOrgID", one(id));
        request.set("aws:ResourceOrgID", one(id));
    }
    request.set("aws:SecureTransport", one("true"));
    request.set("aws:ViaAWSService", one("false"));
    request.lacks("aws:CalledVia*");
    request
}

fn request(
    organization: &Organization,
    change: &PlannedChange,
    call: Call,
    listed: &Listed,
    asked: &Asked,
    caller: Option<&str>,
) -> Requested {
    let mut request = start(organization, change, call.action, asked.arn.as_deref(), caller);
    let region = region_of(change, listed);
    if let Some(region) = &region {
        for key in ["aws:RequestedRegion", "ec2:Region"] {
            request.set(key, ContextValue::One(region.clone()));
        }
    }
    if !call.deletes
        && let Some(after) = &change.after
    {
        match asked.carries {
            Carries::All => {
                tags_of_request(&mut request, change, Some("tags").filter(|_| call.with_tags), after);
            }
            Carries::Listed(_, Some(tags)) => tags_of_request(&mut request, change, Some(tags), after),
            Carries::Listed(_, None) if !is_from_template(after) => {
                request.lacks("aws:RequestTag/*");
                request.lacks("aws:TagKeys");
            }
            Carries::Listed(..) | Carries::Unknown => {}
        }
        keys_of_request(organization, change, call, asked.carries, after, &mut request);
    }
    if let Some(before) = change.before.as_ref().filter(|_| asked.carries == Carries::All) {
        tags_of_resource(&mut request, listed.compares_tags, before);
    }
    Requested { request, region, deletes: call.deletes }
}

/// The requests by which AWS authorizes the tags of an object that a call creates: an action of its own, with the name of
/// the call as a key.
fn tagging(
    organization: &Organization,
    change: &PlannedChange,
    call: Call,
    listed: &Listed,
    asked: &Asked,
    caller: Option<&str>,
) -> Vec<Requested> {
    let attribute = match asked.carries {
        Carries::All if call.with_tags => Some("tags"),
        Carries::Listed(_, attribute) => attribute,
        Carries::All | Carries::Unknown => None,
    };
    let after = change.after.as_ref().filter(|_| change.operation.creates() && !call.deletes);
    let tags = after.zip(attribute).and_then(|(after, attribute)| after.tags_of(attribute));
    // A map of tags that is unknown as a whole may be empty.
    if tags.is_none_or(|tags| tags.known.is_empty()) {
        return Vec::new();
    }
    let made = call.action.split_once(':').map_or("", |(_, name)| name);
    let ask = |action: &&'static str| {
        let own = Listed { compares_tags: listed.compares_tags, global: listed.global, ..Listed::default() };
        let call = Call { action, ..call };
        let mut requested = request(organization, change, call, &own, asked, caller);
        let service = action.split(':').next().unwrap_or_default();
        requested.request.set(&format!("{service}:CreateAction"), ContextValue::One(made.to_owned()));
        requested
    };
    listed.tags.iter().map(ask).collect()
}

/// The keys that a call carries about a resource.
fn keys_of_request(
    organization: &Organization,
    change: &PlannedChange,
    call: Call,
    carries: Carries,
    after: &Values,
    request: &mut PartialRequest,
) {
    let of_call = || calls::keys_of(&change.kind).filter(|key| key.action == call.action);
    let about = |key: &CarriedKey| match (carries, key.resource) {
        (Carries::Unknown, _) => false,
        (Carries::All, of) => of.is_none(),
        (Carries::Listed(resource, _), of) => of.is_none_or(|of| resource == of),
    };
    let mut there: Vec<&str> = Vec::new();
    for key in of_call().filter(about) {
        there.push(key.key);
        if key.attribute == calls::REGION {
            location(change, key.key, request);
            continue;
        }
        match (after.get(key.attribute), key.unset) {
            (Attr::Known(value), _) | (Attr::Absent, Unset::Value(value)) => {
                request.set(key.key, ContextValue::One(value.to_owned()));
            }
            (Attr::Absent, Unset::Missing) => request.lacks(key.key),
            (Attr::Unknown, Unset::Missing) => boundary_of(organization, change, key.key, request),
            (Attr::Unknown | Attr::Absent, _) => {}
        }
    }
    if matches!(carries, Carries::Listed(..)) {
        of_call().filter(|key| !there.contains(&key.key)).for_each(|key| request.lacks(key.key));
    }
}

/// A key that holds the region that an object is created in: S3 is told none where that is the first of its regions.
fn location(change: &PlannedChange, key: &str, request: &mut PartialRequest) {
    match change.region.as_ref() {
        Attr::Known(region) if region == "us-east-1" => request.lacks(key),
        Attr::Known(region) => request.set(key, ContextValue::One(region.clone())),
        Attr::Unknown | Attr::Absent => {}
    }
}

/// A boundary that is a policy of the plan has a name before it has an ARN.
fn boundary_of(organization: &Organization, change: &PlannedChange, key: &str, request: &mut PartialRequest) {
    request.has(key);
    let found = organization.principal_at(&change.address, change.stack.as_deref());
    let Some(orgward_org::Boundary::Policy(policy)) = found.map(|it| it.boundary) else { return };
    let arn = organization.find(policy).and_then(|policy| organization.iam_arn(policy));
    let account = change.account.as_deref().unwrap_or("\u{F8FF}");
    if let Some(arn) = arn.and_then(|arn| arn.text(account)).filter(|_| key == "iam:PermissionsBoundary") {
        request.set(key, ContextValue::One(arn));
    }
}

/// What a request says of tags, which are those of an attribute if it carries any. Where the recorded call had none, a
/// later version of the provider may send them: only tags that the resource does not have are known to be missing.
fn tags_of_request(
    request: &mut PartialRequest,
    change: &PlannedChange,
    attribute: Option<&str>,
    after: &Values,
) {
    let creates = change.operation.creates();
    if !creates && attribute.is_none() {
        return;
    }
    let with_tags = attribute.is_some();
    let Some(tags) = after.tags_of(attribute.unwrap_or("tags")) else { return };
    let mut keys = Vec::new();
    // A change sends only the tags that change.
    let old =
        change.before.as_ref().filter(|_| !creates).and_then(|it| it.tags_of(attribute.unwrap_or("tags")));
    for (key, value) in &tags.known {
        let name = format!("aws:RequestTag/{key}");
        let is_sent = old.and_then(|old| old.known.get(key)) != Some(value);
        match value {
            Attr::Known(value) if with_tags && is_sent => {
                request.set(&name, ContextValue::One(value.expose().to_owned()));
            }
            Attr::Unknown if with_tags && is_sent => request.has(&name),
            _ => request.leaves_open(&name),
        }
        keys.push(key.clone());
    }
    if !tags.complete || !creates || is_from_template(after) {
        return;
    }
    request.lacks("aws:RequestTag/*");
    if keys.is_empty() {
        request.lacks("aws:TagKeys");
    } else if with_tags {
        request.set("aws:TagKeys", ContextValue::Many(keys));
    }
}

/// Whether a launch template adds tags of its own.
fn is_from_template(values: &Values) -> bool {
    values.get("launch_template") != Attr::Absent
}

/// The tags of an object that stands. Whether a service compares them is known where its actions list the key.
fn tags_of_resource(request: &mut PartialRequest, compares: bool, before: &Values) {
    for (key, value) in &before.tags.known {
        let name = format!("aws:ResourceTag/{key}");
        match value {
            Attr::Known(value) if compares => {
                request.set(&name, ContextValue::One(value.expose().to_owned()));
            }
            _ => request.leaves_open(&name),
        }
    }
    if before.tags.complete {
        request.lacks("aws:ResourceTag/*");
    }
}

/// A role that is passed to a service. To which region that counts AWS does not say.
fn passing(
    organization: &Organization,
    change: &PlannedChange,
    role: Attr<&str>,
    service: &str,
    caller: Option<&str>,
) -> Requested {
    let account = change.account.as_deref().unwrap_or("\u{F8FF}");
    let known = role.known().filter(|arn| arn.starts_with("arn:"));
    let resource = known.map_or_else(
        || format!("arn:{}:iam::{account}:role/{UNKNOWN_PART}", change.partition),
        str::to_owned,
    );
    let mut request = start(organization, change, "iam:PassRole", Some(&resource), caller);
    request.set("iam:PassedToService", ContextValue::One(service.to_owned()));
    Requested { request, region: None, deletes: false }
}

/// The region that a call goes to. Global services are called in one region, wherever the provider is.
fn region_of(change: &PlannedChange, listed: &Listed) -> Option<String> {
    match listed.global {
        Some(region) => (change.partition == "aws").then(|| region.to_owned()),
        None => change.region.as_ref().known().cloned(),
    }
}
