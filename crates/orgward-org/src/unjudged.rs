//! What a plan does and nothing here judges: types that are not read, programs that it runs, and resources of the
//! configuration that no section shows. It is named, so that nothing is called clean that nobody has looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgward_plan::{Action, Address, Attr, Instance, Mode, Origin, Plan};

use crate::control_tower::{self, Published};
use crate::{ListedControl, factory, template};

/// How much may hide behind what is not judged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Hidden {
    /// One part of who may do what.
    Part,
    /// Identities, policies of the organization, or anything at all.
    Anything,
    /// Two parts of the plan say different things of one object.
    Contradiction,
}

/// One thing that the plan brings about and that is not judged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unjudged {
    /// The resource.
    pub address: Address,
    /// The input; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// What is known of it.
    pub message: String,
    /// What to do.
    pub help: &'static str,
    /// How much may hide behind it.
    pub weight: Hidden,
}

/// What a type that is not read can change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Governs {
    /// In words: `IAM identities and policies`.
    pub(crate) what: &'static str,
    pub(crate) weight: Hidden,
}

const fn anything(what: &'static str) -> Governs {
    Governs { what, weight: Hidden::Anything }
}

const fn part(what: &'static str) -> Governs {
    Governs { what, weight: Hidden::Part }
}

const ADMINISTRATOR: &str = "the account that administers a service for the organization";
const STACKS: &str = "whatever its template holds";

/// The types of the AWS provider that can change identities, policies, the organization or its trails and that rules do
/// not read, sorted. A type that is read leaves the list.
pub(crate) const GOVERNING: &[(&str, Governs)] = &[
    ("aws_auditmanager_organization_admin_account_registration", part(ADMINISTRATOR)),
    ("aws_budgets_budget_action", part("which policies are attached when the budget is spent")),
    ("aws_cloudcontrolapi_resource", anything("a resource of any type")),
    ("aws_cloudformation_stack", anything(STACKS)),
    ("aws_cloudformation_stack_instances", anything(STACKS)),
    ("aws_cloudformation_stack_set", anything(STACKS)),
    ("aws_cloudformation_stack_set_instance", anything(STACKS)),
    ("aws_cloudtrail_event_data_store", part("records of what happens in the organization")),
    ("aws_cloudtrail_organization_delegated_admin_account", part(ADMINISTRATOR)),
    ("aws_controltower_landing_zone", anything("the organization, its accounts and its policies")),
    ("aws_detective_organization_admin_account", part(ADMINISTRATOR)),
    ("aws_fms_admin_account", part(ADMINISTRATOR)),
    ("aws_guardduty_organization_admin_account", part(ADMINISTRATOR)),
    ("aws_identitystore_group_membership", part("who is in a group of Identity Center")),
    ("aws_inspector2_delegated_admin_account", part(ADMINISTRATOR)),
    ("aws_lambda_invocation", part("whatever the function does")),
    ("aws_macie2_organization_admin_account", part(ADMINISTRATOR)),
    ("aws_ram_sharing_with_organization", part("what may be shared in the organization")),
    ("aws_rolesanywhere_profile", part("which roles certificates may assume")),
    ("aws_rolesanywhere_trust_anchor", part("whose certificates may assume roles")),
    ("aws_securityhub_organization_admin_account", part(ADMINISTRATOR)),
    ("aws_serverlessapplicationrepository_cloudformation_stack", anything(STACKS)),
    ("aws_servicecatalog_organizations_access", part("which portfolios the organization shares")),
    ("aws_servicecatalog_provisioned_product", anything("whatever the product holds")),
    ("aws_ssoadmin_instance_access_control_attributes", part("the tags of sessions of Identity Center")),
    ("aws_ssoadmin_trusted_token_issuer", part("whose tokens Identity Center trusts")),
    ("aws_vpc_ipam_organization_admin_account", part(ADMINISTRATOR)),
];

/// Types that govern and that rules about controls judge as a whole: their values, what they leave unknown, and that they
/// go.
const JUDGED: [&str; 5] = [
    "aws_iam_account_password_policy",
    "aws_iam_organizations_features",
    "aws_organizations_aws_service_access",
    "aws_organizations_delegated_administrator",
    "aws_organizations_resource_policy",
];

/// Services whose new types govern, as long as nobody has looked at them: by the beginning of the type, after the name
/// of the provider.
const GOVERNING_SERVICES: [(&str, Governs); 10] = [
    ("cloudformation_", anything(STACKS)),
    ("cloudtrail_", part("records of what happens in the organization")),
    ("controltower_", anything("the organization, its accounts and its policies")),
    ("iam_", anything("identities and their policies")),
    ("identitystore_", part("who is in a group of Identity Center")),
    ("organizations_", anything("the organization and its policies")),
    ("rolesanywhere_", part("which certificates may assume roles")),
    ("servicecatalog_cloud_formation_provisioned_product", anything("whatever the product holds")),
    ("sso_", anything("permission sets and who has them")),
    ("ssoadmin_", anything("permission sets and who has them")),
];

/// Types of the AWS provider whose service is one of [`GOVERNING_SERVICES`] and that change nothing that rules ask for,
/// sorted.
pub(crate) const HARMLESS: &[&str] = &[
    "aws_cloudformation_type",
    "aws_iam_account_alias",
    "aws_iam_instance_profile",
    "aws_iam_openid_connect_provider",
    "aws_iam_saml_provider",
    "aws_iam_security_token_service_preferences",
    "aws_iam_server_certificate",
    "aws_iam_service_linked_role",
    "aws_iam_virtual_mfa_device",
    "aws_identitystore_group",
    "aws_identitystore_user",
    "aws_ssoadmin_application",
    "aws_ssoadmin_application_access_scope",
    "aws_ssoadmin_application_assignment",
    "aws_ssoadmin_application_assignment_configuration",
];

/// Types of other providers that run programs.
const PROGRAMS: [&str; 6] = [
    "command_local",
    "shell_resource",
    "shell_script",
    "shell_script_resource",
    "shell_sensitive_script",
    "utility_script",
];

/// Actions of the AWS provider that run nothing, sorted.
const HARMLESS_ACTIONS: &[&str] = &[
    "aws_cloudfront_create_invalidation",
    "aws_dynamodb_create_backup",
    "aws_ec2_stop_instance",
    "aws_ses_send_email",
    "aws_transcribe_start_transcription_job",
];

/// What an action can change, by its type: commands run with the credentials of the apply, and others start something that
/// has its own.
fn invokes(kind: &str) -> Option<Governs> {
    if HARMLESS_ACTIONS.binary_search(&kind).is_ok() {
        return None;
    }
    let is_command = kind == "local_command" || PROGRAMS.contains(&kind);
    Some(if is_command { anything("what its command does") } else { part("what it starts") })
}

/// What a managed type can change, unless rules read it.
pub(crate) fn governs(kind: &str) -> Option<Governs> {
    if crate::is_read(kind) || JUDGED.contains(&kind) {
        return None;
    }
    if let Ok(at) = GOVERNING.binary_search_by(|(known, _)| (*known).cmp(kind)) {
        return GOVERNING.get(at).map(|(_, governs)| *governs);
    }
    if HARMLESS.binary_search(&kind).is_ok() {
        return None;
    }
    if PROGRAMS.contains(&kind) {
        return Some(anything("whatever its program does"));
    }
    let service = kind.strip_prefix("aws_").or_else(|| kind.strip_prefix("awscc_"))?;
    let found = GOVERNING_SERVICES.iter().find(|(service_of, _)| service.starts_with(service_of));
    let by_type = || template::is_part(kind).then_some(part("whom it lets in, or what it watches"));
    found.map(|(_, governs)| *governs).or_else(by_type)
}

/// What one input brings about and nothing judges, sorted.
pub(crate) fn of(
    plan: &Plan<'_>,
    name: Option<&Arc<str>>,
    catalogue: &BTreeMap<String, ListedControl>,
) -> Vec<Unjudged> {
    let mut found = Vec::new();
    let mut last: Option<(&str, Option<Governs>)> = None;
    for instance in plan.instances() {
        let message = match instance.mode {
            Mode::Data => program_read(instance),
            // Instances of one type stand together, as a rule.
            Mode::Managed if acts(instance) => {
                let governs = match last {
                    Some((kind, governs)) if kind == &*instance.kind => governs,
                    _ => governs(&instance.kind),
                };
                last = Some((&instance.kind, governs));
                // Tags are told apart by conditions of policies, which rules read; they change nothing else.
                let governs = governs.filter(|_| !instance.changes_only_tags());
                governs
                    .and_then(|governs| unread(instance, governs))
                    .or_else(|| control(instance, catalogue))
                    .or_else(|| baseline(instance))
                    .or_else(|| provisioned(plan, instance))
            }
            Mode::Managed => None,
        };
        found.extend(message.map(|(message, weight)| Unjudged {
            address: instance.address.clone(),
            stack: name.cloned(),
            message,
            help: "look at it by hand: nothing in this report says what it changes",
            weight,
        }));
    }
    for (address, kind) in plan.unshown() {
        if kind.starts_with("aws_") || crate::is_read(&kind) || governs(&kind).is_some() {
            found.push(Unjudged {
                address,
                stack: name.cloned(),
                message: "the configuration declares it, and no other section of the plan shows it".to_owned(),
                help: "review a complete plan as `terraform show -json` writes it; where `for_each` is empty on purpose, \
                       remove the resource",
                weight: Hidden::Anything,
            });
        }
    }
    for invocation in plan.invocations() {
        let Some(governs) = invokes(&invocation.kind) else { continue };
        let trigger = invocation.trigger.as_ref().map(|it| format!(" with the change of `{it}`"));
        found.push(Unjudged {
            address: invocation.address.clone(),
            stack: name.cloned(),
            message: format!(
                "the apply invokes this action{}: {} is not judged",
                trigger.unwrap_or_default(),
                governs.what
            ),
            help: "look at it by hand: nothing in this report says what it changes",
            weight: governs.weight,
        });
    }
    found.sort();
    found
}

/// Whether the plan does something to the object.
/// The types of resources that a plan changes and that no rule reads, each with how many it changes: nothing that is said
/// about the plan is about them.
pub fn unread_types(plan: &Plan<'_>) -> BTreeMap<String, usize> {
    let mut types = BTreeMap::new();
    for instance in plan.instances() {
        let is_read = crate::is_asked(instance) || JUDGED.contains(&&*instance.kind);
        if instance.mode == Mode::Managed && acts(instance) && !is_read {
            *types.entry(instance.kind.to_string()).or_default() += 1;
        }
    }
    types
}

fn acts(instance: &Instance<'_>) -> bool {
    instance.origin == Origin::Change
        && !matches!(instance.action, Action::NoOp | Action::Read | Action::Forget)
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create | Action::CreateForget => "creates",
        Action::Delete => "destroys",
        Action::DeleteCreate | Action::CreateDelete => "replaces",
        _ => "changes",
    }
}

/// What is known of a resource whose type is not read; `None` where its values show that it governs nothing.
fn unread(instance: &Instance<'_>, governs: Governs) -> Option<(String, Hidden)> {
    let sides = [instance.before(), instance.after()];
    let inside = match &*instance.kind {
        "aws_cloudcontrolapi_resource" => {
            let names = sides.iter().flatten().map(|object| object.get("type_name").text());
            let mut known = Vec::new();
            for name in names {
                match name {
                    Attr::Known(name) if template::governs(name.expose()) => known.push(name.to_string()),
                    Attr::Known(_) => {}
                    Attr::Unknown | Attr::Absent => {
                        known.push("a type that is unknown until apply".to_owned());
                    }
                }
            }
            Some(known)
        }
        "aws_cloudformation_stack" | "aws_cloudformation_stack_set" => {
            let bodies: Option<Vec<_>> = sides
                .iter()
                .flatten()
                .map(|object| match object.get("template_body").text() {
                    Attr::Known(body) => template::governing(body.expose()),
                    Attr::Unknown | Attr::Absent => None,
                })
                .collect();
            bodies.map(|bodies| bodies.concat())
        }
        // An account of a factory is an account.
        factory::PRODUCT
            if sides.iter().flatten().all(|it| factory::requested(factory::PRODUCT, it).is_some()) =>
        {
            return None;
        }
        // Instances that are stopped are no business of who may do what.
        "aws_budgets_budget_action"
            if sides.iter().flatten().all(|object| {
                object
                    .get("action_type")
                    .text()
                    .known()
                    .is_some_and(|kind| kind.expose() == "RUN_SSM_DOCUMENTS")
            }) =>
        {
            return None;
        }
        _ => None,
    };
    let verb = verb(instance.action);
    match inside {
        Some(mut types) => {
            types.sort();
            types.dedup();
            if types.is_empty() {
                return None;
            }
            let weight = types.iter().filter_map(|kind| template::weight(kind)).max();
            Some((
                format!("the plan {verb} it, and {} in it is not judged", types.join(", ")),
                weight.unwrap_or(governs.weight),
            ))
        }
        None => Some((
            format!("the plan {verb} it; it can change {}, which is not judged", governs.what),
            governs.weight,
        )),
    }
}

/// A control of Control Tower whose text AWS does not publish, or not here.
fn control(instance: &Instance<'_>, catalogue: &BTreeMap<String, ListedControl>) -> Option<(String, Hidden)> {
    // One that the plan disables is reported as what it is: something that denied requests, perhaps.
    let object = instance.after().filter(|_| &*instance.kind == "aws_controltower_control")?;
    let verb = verb(instance.action);
    let Attr::Known(identifier) = object.get("control_identifier").text() else {
        return Some((
            format!("the plan {verb} it, and which control of Control Tower it is, is unknown until apply"),
            Hidden::Part,
        ));
    };
    let (name, published) = control_tower::identified(identifier.expose(), catalogue);
    matches!(published, Published::Unread).then(|| {
        let name = if identifier.is_sensitive() { "(sensitive value)" } else { name };
        (
            format!("the plan {verb} it; the text of control `{name}` is not read, so what it denies is not judged"),
            Hidden::Part,
        )
    })
}

/// A baseline of Control Tower of which nothing is read. What the baseline of units brings, its mandatory controls,
/// is a policy of the organization.
fn baseline(instance: &Instance<'_>) -> Option<(String, Hidden)> {
    if &*instance.kind != "aws_controltower_baseline" {
        return None;
    }
    let read = |object: &orgward_plan::Object| {
        let version = object.get("baseline_version").text();
        object.get("baseline_identifier").text().known().is_some_and(|identifier| {
            let version = version.known();
            control_tower::baseline(identifier.expose(), version.as_ref().map(orgward_plan::Text::expose))
                .is_some_and(|read| read.is_ok())
        })
    };
    let sides = [instance.before(), instance.after()];
    let verb = verb(instance.action);
    (!sides.iter().flatten().all(read)).then(|| {
        (
            format!("the plan {verb} it, and what this baseline of Control Tower brings is not judged"),
            Hidden::Part,
        )
    })
}

/// A program that the configuration runs beside the resource.
fn provisioned(plan: &Plan<'_>, instance: &Instance<'_>) -> Option<(String, Hidden)> {
    let runs = !matches!(instance.action, Action::Update) && plan.has_provisioners(instance)?;
    let verb = verb(instance.action);
    runs.then(|| {
        (
            format!("the plan {verb} it, and its provisioners run programs, which are not judged"),
            Hidden::Anything,
        )
    })
}

/// A program that is run to read something.
fn program_read(instance: &Instance<'_>) -> Option<(String, Hidden)> {
    (instance.kind == "external").then(|| {
        ("it runs a program with the credentials of the plan, which is not judged".to_owned(), Hidden::Part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_no_type_that_is_read_is_in_them() {
        assert!(GOVERNING.is_sorted_by_key(|(kind, _)| *kind));
        assert!(HARMLESS.is_sorted() && HARMLESS_ACTIONS.is_sorted());
        for kind in GOVERNING.iter().map(|(kind, _)| kind).chain(HARMLESS) {
            assert!(!crate::is_read(kind), "{kind} is read: take it out of the list");
        }
    }

    /// Each type of the provider is read, governs, or was looked at and governs nothing. `types.txt` says which of them,
    /// one a line, and is made of `terraform providers schema -json` (`fixtures/regenerate-types`). A type that a new provider
    /// brings has to be put into one of the lists.
    #[test]
    fn each_type_of_the_provider_is_in_one_of_the_lists() {
        let mut wrong = Vec::new();
        for line in include_str!("../data/types.txt").lines().filter(|line| !line.starts_with('#')) {
            let (kind, known) = line.split_once(' ').unwrap_or((line, "in no list"));
            let class = match governs(kind) {
                _ if crate::is_read(kind) || JUDGED.contains(&kind) => "read",
                Some(_) => "governs",
                None => "other",
            };
            // Rules read more and more; nothing else changes by itself.
            if class != known && class != "read" {
                wrong.push(format!("{kind}: {known} in the file, {class} here"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn types_of_other_providers_and_of_the_future() {
        let what = |kind| governs(kind).map(|governs| governs.what);
        assert_eq!(what("awscc_iam_role"), Some("identities and their policies"));
        assert_eq!(what("aws_iam_something_new"), Some("identities and their policies"));
        assert_eq!(what("aws_iam_role"), None, "it is read");
        assert_eq!(what("awscc_s3_bucket"), None);
        assert_eq!(what("random_id"), None);
        assert_eq!(what("shell_script"), Some("whatever its program does"));
    }
}
