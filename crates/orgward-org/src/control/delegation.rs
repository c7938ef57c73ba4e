//! Services of the organization: what stops when one loses its trust, and which account administers it.

use std::collections::BTreeMap;

use super::Control;
use super::fact::Weight;
use crate::{Key, NodeId, Organization};

/// A service that may be trusted with an organization.
#[derive(Debug, PartialEq, Eq)]
pub struct GoverningService {
    /// Its service principal.
    pub principal: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What stops when the organization no longer trusts it.
    pub stops: &'static str,
    /// How much that matters.
    pub weight: Weight,
    /// Whether its administrator acts in accounts of others or decides about their access.
    pub governs: bool,
}

const fn service(
    principal: &'static str,
    name: &'static str,
    stops: &'static str,
    weight: Weight,
    governs: bool,
) -> GoverningService {
    GoverningService { principal, name, stops, weight, governs }
}

/// Sorted by principal. What is not listed is told with its principal alone.
#[rustfmt::skip]
const SERVICES: &[GoverningService] = &[
    service("access-analyzer.amazonaws.com", "IAM Access Analyzer", "analyzers of the organization stop", Weight::High, true),
    service("account.amazonaws.com", "Account Management", "contacts and regions of members are no longer managed", Weight::Medium, true),
    service("auditmanager.amazonaws.com", "Audit Manager", "assessments of the organization stop", Weight::Medium, true),
    service("backup.amazonaws.com", "AWS Backup", "backup policies and backups across accounts stop", Weight::High, true),
    service("cloudtrail.amazonaws.com", "CloudTrail", "the trail of the organization stops", Weight::High, true),
    service("compute-optimizer.amazonaws.com", "Compute Optimizer", "recommendations for the organization stop", Weight::Low, false),
    service("config-multiaccountsetup.amazonaws.com", "AWS Config", "rules and conformance packs of the organization stop", Weight::High, true),
    service("config.amazonaws.com", "AWS Config", "aggregation over the organization stops", Weight::High, true),
    service("controltower.amazonaws.com", "Control Tower", "the landing zone and its controls stop", Weight::High, true),
    service("cost-optimization-hub.bcm.amazonaws.com", "Cost Optimization Hub", "recommendations for the organization stop", Weight::Low, false),
    service("detective.amazonaws.com", "Detective", "members are no longer enrolled", Weight::Medium, true),
    service("fms.amazonaws.com", "Firewall Manager", "its policies are no longer applied", Weight::High, true),
    service("guardduty.amazonaws.com", "GuardDuty", "members are no longer enrolled", Weight::High, true),
    service("health.amazonaws.com", "AWS Health", "events of the organization are no longer seen", Weight::Low, false),
    service("iam.amazonaws.com", "IAM", "central root access stops", Weight::High, true),
    service("inspector2.amazonaws.com", "Inspector", "members are no longer enrolled", Weight::High, true),
    service("ipam.amazonaws.com", "VPC IPAM", "addresses of members are no longer seen", Weight::Low, false),
    service("license-manager.amazonaws.com", "License Manager", "licences are no longer shared", Weight::Low, false),
    service("license-manager.member-account.amazonaws.com", "License Manager", "licences are no longer shared", Weight::Low, false),
    service("macie.amazonaws.com", "Macie", "members are no longer enrolled", Weight::High, true),
    service("malware-protection.guardduty.amazonaws.com", "GuardDuty", "malware protection of members stops", Weight::Medium, false),
    service("member.org.stacksets.cloudformation.amazonaws.com", "CloudFormation StackSets", "stack sets are no longer deployed to members", Weight::High, true),
    service("observabilityadmin.amazonaws.com", "CloudWatch", "telemetry of the organization is no longer seen", Weight::Low, false),
    service("ram.amazonaws.com", "Resource Access Manager", "shares with the organization end", Weight::High, true),
    service("reporting.trustedadvisor.amazonaws.com", "Trusted Advisor", "reports on the organization stop", Weight::Low, false),
    service("resource-explorer-2.amazonaws.com", "Resource Explorer", "resources of the organization are no longer found", Weight::Low, false),
    service("securityhub.amazonaws.com", "Security Hub", "members are no longer enrolled", Weight::High, true),
    service("securitylake.amazonaws.com", "Security Lake", "members no longer send their logs", Weight::High, true),
    service("security-ir.amazonaws.com", "Security Incident Response", "members are no longer covered", Weight::Medium, true),
    service("servicecatalog.amazonaws.com", "Service Catalog", "portfolios are no longer shared", Weight::Medium, true),
    service("servicequotas.amazonaws.com", "Service Quotas", "quotas of new accounts are no longer raised", Weight::Low, false),
    service("ssm.amazonaws.com", "Systems Manager", "operations across accounts stop", Weight::Medium, true),
    service("ssm-quicksetup.amazonaws.com", "Systems Manager Quick Setup", "configurations are no longer deployed", Weight::Medium, true),
    service("sso.amazonaws.com", "Identity Center", "people no longer get access to accounts", Weight::High, true),
    service("storage-lens.s3.amazonaws.com", "S3 Storage Lens", "metrics of the organization stop", Weight::Low, false),
    service("tagpolicies.tag.amazonaws.com", "tag policies", "tag policies are no longer enforced or reported", Weight::Medium, false),
];

/// Resource types that name the account which administers a service, with the attribute and the service.
#[rustfmt::skip]
const TYPES: &[(&str, &str, &str)] = &[
    ("aws_auditmanager_organization_admin_account_registration", "admin_account_id", "auditmanager.amazonaws.com"),
    ("aws_cloudtrail_organization_delegated_admin_account", "account_id", "cloudtrail.amazonaws.com"),
    ("aws_detective_organization_admin_account", "account_id", "detective.amazonaws.com"),
    ("aws_fms_admin_account", "account_id", "fms.amazonaws.com"),
    ("aws_guardduty_organization_admin_account", "admin_account_id", "guardduty.amazonaws.com"),
    ("aws_inspector2_delegated_admin_account", "account_id", "inspector2.amazonaws.com"),
    ("aws_macie2_organization_admin_account", "admin_account_id", "macie.amazonaws.com"),
    ("aws_securityhub_organization_admin_account", "admin_account_id", "securityhub.amazonaws.com"),
    ("aws_vpc_ipam_organization_admin_account", "delegated_admin_account_id", "ipam.amazonaws.com"),
];

const DELEGATED: &str = "aws_organizations_delegated_administrator";

pub(super) fn resource_type(resource: &str) -> Option<&'static str> {
    listed(resource).map(|(name, ..)| *name)
}

fn listed(resource: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    TYPES.iter().find(|(name, ..)| *name == resource)
}

/// The attribute of a type that names the account which administers a service.
pub(crate) fn administrator_of(resource: &str) -> Option<&'static str> {
    let attribute = listed(resource).map(|(_, attribute, _)| *attribute);
    attribute.or_else(|| (resource == DELEGATED).then_some("account_id"))
}

impl GoverningService {
    /// The facts about a service principal, if it is known.
    pub fn find(principal: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.principal == principal)
    }
}

/// The account to which a service is delegated.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Delegated {
    /// The account with this id.
    Account(String),
    /// The account of this node, whose id is known after apply only.
    Created(NodeId),
    /// One of the accounts of these nodes.
    OneOf(Vec<NodeId>),
    /// The inputs do not say which.
    Unknown,
}

/// A service that an account administers for the organization.
#[derive(Clone, Debug)]
pub struct Delegation<'o> {
    /// The resource that says so.
    pub control: &'o Control,
    /// The service principal.
    pub service: String,
    /// The account.
    pub account: Delegated,
}

impl Organization {
    /// The services that accounts administer for the organization, sorted by the resources that say so.
    pub fn delegations(&self) -> Vec<Delegation<'_>> {
        let mut delegations = Vec::new();
        for control in self.controls() {
            let Some(account) = control.delegated.clone() else { continue };
            let service = match listed(&control.resource) {
                Some((_, _, service)) => (*service).to_owned(),
                None => match control.exposed("service_principal") {
                    Some(service) => service,
                    None => continue,
                },
            };
            delegations.push(Delegation { control, service, account });
        }
        delegations
    }

    /// The services that the organization trusts, with the resource that says so.
    pub fn trusted_services(&self) -> BTreeMap<String, &Key> {
        let mut trusted = BTreeMap::new();
        for control in self.controls() {
            match control.resource.as_str() {
                "aws_organizations_organization" => {
                    for service in control.texts("aws_service_access_principals") {
                        trusted.entry(service).or_insert(&control.key);
                    }
                }
                "aws_organizations_aws_service_access" => {
                    if let Some(service) = control.exposed("service_principal") {
                        trusted.insert(service, &control.key);
                    }
                }
                _ => {}
            }
        }
        trusted
    }
}
