use std::collections::BTreeMap;

use orgward_finding::Severity;
use orgward_org::{Control, GoverningService, Key, Weight};

use crate::controls::{about, severity, undecided};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for services that the organization no longer trusts.
    ///
    /// ## Why is this bad?
    ///
    /// A service works in the accounts of an organization because the organization trusts it. When a service principal
    /// leaves `aws_service_access_principals`, or its `aws_organizations_aws_service_access` is destroyed, the service
    /// stops without an error: the trail of the organization no longer records, new accounts are not enrolled in
    /// GuardDuty, people get no access through Identity Center. Without the argument, the provider takes all of them
    /// away.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_organization" "this" {
    ///   aws_service_access_principals = ["sso.amazonaws.com"]
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_organizations_organization" "this" {
    ///   aws_service_access_principals = ["sso.amazonaws.com", "cloudtrail.amazonaws.com"]
    /// }
    /// ```
    pub(crate) static LOST_TRUSTED_ACCESS = {
        id: "lost-trusted-access",
        summary: "the organization no longer trusts a service, which stops working in its accounts",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// Whether the resource that trusts a service is destroyed, and what still lists the service is the organization as it
/// was read before that.
fn is_withdrawn(cx: &Context<'_>, service: &str, key: &Key) -> bool {
    const ACCESS: &str = "aws_organizations_aws_service_access";
    let is_access = cx.before.control(key).is_some_and(|control| control.resource == ACCESS);
    let trusts = |control: &Control| control.exposed("service_principal").as_deref() == Some(service);
    let is_written = |control: &Control| {
        let principals = |control: &Control| control.texts("aws_service_access_principals");
        let old = cx.before.control(&control.key).map(principals).unwrap_or_default();
        !old.iter().any(|old| old == service) && principals(control).iter().any(|new| new == service)
    };
    is_access
        && cx.after.control(key).is_none()
        && !cx.after.controls_of(ACCESS).any(trusts)
        && !cx.after.controls_of("aws_organizations_organization").any(is_written)
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.departures().iter().any(|departure| departure.is_organization) {
        return;
    }
    let (before, after) = (cx.before.trusted_services(), cx.after.trusted_services());
    let mut lost: BTreeMap<&Key, Vec<&str>> = BTreeMap::new();
    for (service, key) in &before {
        if !after.contains_key(service) || is_withdrawn(cx, service, key) {
            lost.entry(key).or_default().push(service);
        }
    }
    for (key, services) in lost {
        let Some(control) = cx.before.control(key) else { continue };
        let finding = about(findings, &LOST_TRUSTED_ACCESS, control);
        let principals =
            cx.after.control(key).map(|control| control.attributes.get("aws_service_access_principals"));
        let is_unknown = principals.is_some_and(orgward_plan::View::has_unknown);
        let weight = |service: &&str| GoverningService::find(service).map_or(Weight::Medium, |it| it.weight);
        finding.subject(services.join(" "));
        finding.severity = severity(services.iter().map(weight).max().unwrap_or(Weight::Medium));
        let first = services.iter().max_by_key(|service| weight(service)).copied().unwrap_or_default();
        let others = match services.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        finding.says(format!("the organization no longer trusts `{first}`{others}"));
        for service in &services {
            finding.note(match GoverningService::find(service) {
                Some(known) => format!("`{service}` ({}): {}", known.name, known.stops),
                None => format!("`{service}`: what it does in the accounts of the organization stops"),
            });
        }
        if is_unknown {
            undecided(finding, &LOST_TRUSTED_ACCESS);
            finding.says(format!("undecided: whether the organization goes on trusting `{first}`{others}"));
        }
        finding.help("keep the service principal, unless nothing of the service is used any more");
    }
}
