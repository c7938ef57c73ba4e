//! From a change of a plan to the requests that the provider makes.

use orgward_iam::{Action, Catalogue, ContextValue, PartialRequest, UNKNOWN_PART, glob};
use orgward_org::calls::{self, Call, Unset};
use orgward_org::{Operation, Organization, PlannedChange, Values};
use orgward_plan::Attr;

use crate::data::global_services;

/// A request that the provider makes for a change.
#[derive(Clone, Debug)]
pub struct Requested {
    /// The request, as far as it is known.
    pub request: PartialRequest,
    /// The region that it goes to, if it is known.
    pub region: Option<String>,
}

/// The attribute that names a resource in its ARN, by type.
const NAMED_BY: &[(&str, &str)] = &[
    ("aws_cloudtrail", "name"),
    ("aws_cloudwatch_log_group", "name"),
    ("aws_db_instance", "identifier"),
    ("aws_dynamodb_table", "name"),
    ("aws_ecr_repository", "name"),
    ("aws_ecs_cluster", "name"),
    ("aws_kinesis_stream", "name"),
    ("aws_lambda_function", "function_name"),
    ("aws_rds_cluster", "cluster_identifier"),
    ("aws_sfn_state_machine", "name"),
    ("aws_sns_topic", "name"),
    ("aws_sqs_queue", "name"),
];

/// The requests of a change that are certain. `principal` is the role that applies it, where nothing closer says which;
/// `*` in place of its account stands for the account of the change.
pub fn certain(
    organization: &Organization,
    change: &PlannedChange,
    principal: Option<&str>,
) -> Vec<Requested> {
    let mut all: Vec<Requested> = calls::certain(change)
        .into_iter()
        .map(|call| request(organization, change, call, principal))
        .collect();
    if let Some(after) = change.after.as_ref().filter(|_| change.operation.creates()) {
        for (attribute, service) in calls::passed_roles(&change.kind) {
            if after.attributes.contains_key(attribute) {
                all.push(passing(organization, change, after.get(attribute), service, principal));
            }
        }
    }
    all
}

/// The actions of a change that are possible and not certain, each with what it is about as far as that is known.
pub(super) fn possible(change: &PlannedChange) -> Vec<(&'static str, Option<String>)> {
    let about = |name: &'static str| {
        let call = Call { action: name, with_tags: false, deletes: !change.operation.creates() };
        Catalogue::get().action(name).and_then(|action| resource_of(change, call, action))
    };
    calls::possible(change).into_iter().map(|name| (name, about(name))).collect()
}

/// The role that makes the requests of a change.
pub fn principal_of(change: &PlannedChange, fallback: Option<&str>) -> Option<String> {
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
    principal: Option<&str>,
) -> PartialRequest {
    let caller = principal_of(change, principal);
    let account = change.account.as_deref().unwrap_or_default();
    let mut request = PartialRequest::new(caller.as_deref(), account, action, resource);
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
    principal: Option<&str>,
) -> Requested {
    let listed = Catalogue::get().action(call.action);
    let resource = listed.and_then(|action| resource_of(change, call, action));
    let mut request = start(organization, change, call.action, resource.as_deref(), principal);
    let region = region_of(change, call.action);
    if let Some(region) = &region {
        for key in ["aws:RequestedRegion", "ec2:Region"] {
            request.set(key, ContextValue::One(region.clone()));
        }
    }
    if !call.deletes
        && let Some(after) = &change.after
    {
        tags_of_request(&mut request, change, call, after);
        for key in calls::keys_of(&change.kind).filter(|key| key.action == call.action) {
            match (after.get(key.attribute), key.unset) {
                (Attr::Known(value), _) => request.set(key.key, ContextValue::One(value.to_owned())),
                (Attr::Absent, Unset::Value(value)) => {
                    request.set(key.key, ContextValue::One(value.to_owned()));
                }
                (Attr::Absent, Unset::Missing) => request.lacks(key.key),
                (Attr::Unknown, Unset::Missing) => boundary_of(organization, change, key.key, &mut request),
                (Attr::Unknown | Attr::Absent, _) => {}
            }
        }
    }
    if let Some(before) = &change.before {
        tags_of_resource(&mut request, listed, before);
    }
    Requested { request, region }
}

/// A boundary that is a policy of the plan has a name before it has an ARN.
fn boundary_of(organization: &Organization, change: &PlannedChange, key: &str, request: &mut PartialRequest) {
    request.has(key);
    let mut principals = organization.principals();
    let found = principals
        .find(|it| it.node.address.as_ref() == Some(&change.address) && it.node.stack == change.stack);
    let Some(orgward_org::Boundary::Policy(policy)) = found.map(|it| it.boundary) else { return };
    let arn = organization.find(policy).and_then(|policy| organization.iam_arn(policy));
    let account = change.account.as_deref().unwrap_or("\u{F8FF}");
    if let Some(arn) = arn.and_then(|arn| arn.text(account)).filter(|_| key == "iam:PermissionsBoundary") {
        request.set(key, ContextValue::One(arn));
    }
}

/// What a request says of tags. Where the recorded call had none, a later version of the provider may send them: only
/// tags that the resource does not have are known to be missing.
fn tags_of_request(request: &mut PartialRequest, change: &PlannedChange, call: Call, after: &Values) {
    let creates = change.operation.creates();
    if !creates && !call.with_tags {
        return;
    }
    let mut keys = Vec::new();
    for (key, value) in &after.tags.known {
        let name = format!("aws:RequestTag/{key}");
        match value {
            Attr::Known(value) if call.with_tags => {
                request.set(&name, ContextValue::One(value.expose().to_owned()));
            }
            Attr::Unknown if call.with_tags => request.has(&name),
            _ => request.leaves_open(&name),
        }
        keys.push(key.clone());
    }
    // A change sends only the tags that change.
    if !after.tags.complete || !creates {
        return;
    }
    request.lacks("aws:RequestTag/*");
    if keys.is_empty() {
        request.lacks("aws:TagKeys");
    } else if call.with_tags {
        request.set("aws:TagKeys", ContextValue::Many(keys));
    }
}

/// The tags of an object that stands. Whether a service compares them is known where its actions list the key.
fn tags_of_resource(request: &mut PartialRequest, listed: Option<Action>, before: &Values) {
    let compares = listed.is_some_and(|action| {
        action.condition_keys().any(|key| key.name.eq_ignore_ascii_case("aws:ResourceTag/${TagKey}"))
    });
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
    principal: Option<&str>,
) -> Requested {
    let account = change.account.as_deref().unwrap_or("\u{F8FF}");
    let known = role.known().filter(|arn| arn.starts_with("arn:"));
    let resource = known.map_or_else(
        || format!("arn:{}:iam::{account}:role/{UNKNOWN_PART}", change.partition),
        str::to_owned,
    );
    let mut request = start(organization, change, "iam:PassRole", Some(&resource), principal);
    request.set("iam:PassedToService", ContextValue::One(service.to_owned()));
    Requested { request, region: None }
}

/// The region that a call goes to. Global services are called in one region, wherever the provider is.
fn region_of(change: &PlannedChange, action: &str) -> Option<String> {
    let service = action.split(':').next().unwrap_or_default();
    if let Some(global) = global_services().iter().find(|global| global.prefix == service) {
        return (change.partition == "aws").then(|| global.region.clone());
    }
    change.region.as_ref().known().cloned()
}

/// The ARN of what a call is about, with unknown parts; `None` where nothing is known of it.
fn resource_of(change: &PlannedChange, call: Call, action: Action) -> Option<String> {
    let types: Vec<_> = action.resource_types().collect();
    if types.is_empty() {
        return Some("*".to_owned());
    }
    let standing =
        change.before.as_ref().filter(|_| call.deletes || matches!(change.operation, Operation::Update(_)));
    if let Some(Attr::Known(arn)) = standing.map(|before| before.get("arn"))
        && types.iter().any(|kind| glob(&kind.pattern(), arn))
    {
        return Some(arn.to_owned());
    }
    let required: Vec<_> = types.iter().filter(|kind| kind.required).collect();
    let plain = |text: &str| text.replace(['-', '_'], "");
    let own = plain(change.kind.trim_start_matches("aws_"));
    let mut alike: Vec<_> = types.iter().filter(|kind| own.ends_with(&plain(kind.name))).collect();
    alike.sort_by_key(|kind| kind.name.len());
    let kind = match (required.as_slice(), types.as_slice()) {
        ([only], _) => *only,
        (_, [only]) => only,
        _ => *alike.last()?,
    };
    Some(fill(&kind.arn(), change, call, own.ends_with(&plain(kind.name))))
}

/// Fills the variables of an ARN with what is known.
fn fill(template: &str, change: &PlannedChange, call: Call, is_own: bool) -> String {
    let values = if call.deletes { change.before.as_ref() } else { change.after.as_ref() };
    let mut name = values.and_then(|values| name_of(change, values, is_own, template));
    let mut filled = String::new();
    let mut rest = template;
    while let Some((text, variable)) = rest.split_once("${") {
        filled.push_str(text);
        let (variable, after) = variable.split_once('}').unwrap_or((variable, ""));
        match variable {
            "Partition" => filled.push_str(&change.partition),
            "Region" => match &change.region {
                Attr::Known(region) => filled.push_str(region),
                _ => filled.push(UNKNOWN_PART),
            },
            "Account" => match &change.account {
                Some(account) => filled.push_str(account),
                None => filled.push(UNKNOWN_PART),
            },
            _ => match name.take() {
                Some(name) => filled.push_str(&name),
                None => filled.push(UNKNOWN_PART),
            },
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// What a resource is called in its ARN.
fn name_of(change: &PlannedChange, values: &Values, is_own: bool, template: &str) -> Option<String> {
    let kind = &*change.kind;
    let known = |name: &str| values.get(name).known().filter(|text| !text.is_empty()).map(str::to_owned);
    if template.contains(":s3:::${BucketName}") && kind.starts_with("aws_s3_") {
        return known("bucket").filter(|name| !name.starts_with("arn:"));
    }
    if template.contains(":iam::") {
        if !is_own || !matches!(kind, "aws_iam_role" | "aws_iam_user" | "aws_iam_policy" | "aws_iam_group") {
            return None;
        }
        let path = match values.get("path") {
            Attr::Known(path) => path.trim_start_matches('/').to_owned(),
            Attr::Absent => String::new(),
            Attr::Unknown => return None,
        };
        return known("name").map(|name| format!("{path}{name}"));
    }
    let attribute = NAMED_BY.iter().find(|(named, _)| *named == kind).filter(|_| is_own)?.1;
    known(attribute)
}
