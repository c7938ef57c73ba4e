mod resource_policy;

use orgward_finding::{Finding, Severity};
use orgward_org::{AccountRole, Delegated, GoverningService, NodeId, UnitRole, account_plays, unit_plays};

use orgward_proof::org_policies::account_label;

use crate::controls::{about, undecided};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for member accounts that may change policies of the organization, move or close accounts, or administer a
    /// service that governs.
    ///
    /// ## Why is this bad?
    ///
    /// What an account may do to the organization, everything in that account may do: a pipeline of the sandbox that
    /// may call `organizations:DetachPolicy` is above every service control policy. The same holds for an account that
    /// administers Identity Center, IAM, Firewall Manager, StackSets or CloudTrail for all others.
    ///
    /// The resource policy of the organization is decided over its document: which account may call which action on
    /// what, with conditions and denials. Reading is not reported. Services that govern belong into the account of the
    /// security team, or one for infrastructure; services such as Health or License Manager may be delegated anywhere.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_delegated_administrator" "stacksets" {
    ///   account_id        = aws_organizations_account.sandbox.id
    ///   service_principal = "member.org.stacksets.cloudformation.amazonaws.com"
    /// }
    /// ```
    ///
    /// Use instead the account of the security team.
    pub(crate) static DELEGATED_POLICY_CONTROL = {
        id: "delegated-policy-control",
        summary: "a member account controls what governs it",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// Where an account is, as far as it matters who may govern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The management account.
    Management,
    /// The security team's, or one for infrastructure.
    Trusted,
    /// Another member.
    Member,
    /// A sandbox, or quarantine.
    Sandbox,
    /// It is not in the organization.
    Outside,
    /// The inputs do not show the account.
    Unknown,
}

impl Place {
    /// Where the account with an id is.
    fn of(cx: &Context<'_>, id: &str) -> Self {
        let found = cx
            .after
            .accounts()
            .find(|account| account.node.id.as_ref().known().is_some_and(|known| known.expose() == id));
        let is_outside = |root| cx.after.membership(root, id) == orgward_org::Membership::Outside;
        match found.and_then(|account| Self::of_account(cx, account.id)) {
            Some(place) => place,
            None if cx.after.root().is_some_and(is_outside) => Self::Outside,
            None => Self::Unknown,
        }
    }

    /// Where an account of the inputs is, if it is in the organization.
    fn of_account(cx: &Context<'_>, id: NodeId) -> Option<Self> {
        match cx.after.account(id)? {
            account if account.management => Some(Self::Management),
            account if account.member => Some(Self::of_member(cx, id)),
            _ => None,
        }
    }

    fn of_member(cx: &Context<'_>, id: NodeId) -> Self {
        let structure = &cx.config.structure;
        let unit = |role| unit_plays(structure, cx.after, id, role).is_yes();
        let account = |role| account_plays(structure, cx.after, id, role).is_yes();
        if unit(UnitRole::Sandbox) || unit(UnitRole::Suspended) {
            Self::Sandbox
        } else if unit(UnitRole::Security)
            || unit(UnitRole::Infrastructure)
            || AccountRole::ALL.into_iter().any(account)
        {
            Self::Trusted
        } else {
            Self::Member
        }
    }

    fn severity(self) -> Option<Severity> {
        match self {
            Self::Management | Self::Trusted => None,
            Self::Member | Self::Unknown => Some(Severity::Medium),
            Self::Sandbox | Self::Outside => Some(Severity::High),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Management | Self::Trusted | Self::Member => "",
            Self::Sandbox => ", which is a sandbox",
            Self::Outside => ", which is not in the organization",
            Self::Unknown => ", which the inputs do not show",
        }
    }
}

/// Reports accounts to which a service is delegated that is unknown until apply: it may be one that governs.
fn of_unknown_services(cx: &Context<'_>, findings: &mut Findings) {
    for control in cx.after.controls_of("aws_organizations_delegated_administrator") {
        if control.exposed("service_principal").is_some() {
            continue;
        }
        let (place, label) = match &control.delegated {
            Some(Delegated::Account(id)) => (Place::of(cx, id), Some(id.clone())),
            Some(Delegated::Created(id)) => {
                (Place::of_account(cx, *id).unwrap_or(Place::Unknown), account_label(cx.after, *id))
            }
            _ => (Place::Unknown, None),
        };
        if place.severity().is_none() {
            continue;
        }
        let finding = about(findings, &DELEGATED_POLICY_CONTROL, control);
        undecided(finding, &DELEGATED_POLICY_CONTROL);
        let who =
            label.as_ref().map_or_else(|| "an account".to_owned(), |label| format!("account `{label}`"));
        finding.subject("unknown service").accounts(label);
        finding.says(format!(
            "undecided: {who}{} administers a service that is unknown until apply",
            if place.word().is_empty() { String::new() } else { format!("{},", place.word()) }
        ));
        finding.help("write the service principal out, or delegate to the account of the security team");
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() {
        return;
    }
    for delegation in cx.after.delegations() {
        let Some(service) = GoverningService::find(&delegation.service).filter(|it| it.governs) else {
            continue;
        };
        let of_node = |id: &NodeId| Place::of_account(cx, *id).unwrap_or(Place::Unknown);
        let place = match &delegation.account {
            Delegated::Account(id) => Place::of(cx, id),
            Delegated::Created(id) => of_node(id),
            Delegated::OneOf(ids) => ids.iter().map(of_node).max().unwrap_or(Place::Unknown),
            Delegated::Unknown => Place::Unknown,
        };
        let Some(severity) = place.severity() else { continue };
        let finding = about(findings, &DELEGATED_POLICY_CONTROL, delegation.control);
        finding.severity = severity;
        let one = |finding: &mut Finding, label: &str| {
            finding.subject(format!("{label} {}", delegation.service)).accounts([label.to_owned()]);
            format!("account `{label}`{}, administers", place.word())
        };
        let who = match &delegation.account {
            Delegated::Account(id) => one(finding, id),
            Delegated::Created(id) => one(finding, &account_label(cx.after, *id).unwrap_or_default()),
            Delegated::OneOf(ids) => {
                undecided(finding, &DELEGATED_POLICY_CONTROL);
                let labels: Vec<String> = ids.iter().filter_map(|id| account_label(cx.after, *id)).collect();
                finding.subject(delegation.service.clone()).accounts(labels);
                "undecided: one of several accounts administers".to_owned()
            }
            Delegated::Unknown => {
                undecided(finding, &DELEGATED_POLICY_CONTROL);
                finding.subject(delegation.service.clone());
                "undecided: an account that is unknown until apply administers".to_owned()
            }
        };
        let control = delegation.control;
        let is_secret =
            control.exposed("service_principal").is_some() && control.text("service_principal").is_none();
        let principal = if is_secret { String::new() } else { format!(" (`{}`)", delegation.service) };
        finding.says(format!("{who} {} for the organization{principal}", service.name));
        finding.help("delegate it to the account of the security team");
    }
    of_unknown_services(cx, findings);
    for control in cx.after.controls_of("aws_organizations_resource_policy") {
        resource_policy::check(cx, control, findings);
    }
}

#[cfg(test)]
mod tests {
    use orgward_finding::{Severity, Verdict};
    use serde_json::{Value, json};

    use super::DELEGATED_POLICY_CONTROL;
    use crate::testing::findings_with_document;

    const TOOLING: &str = "202020202020";
    const DEV: &str = "404040404040";
    const SANDBOX: &str = "505050505050";
    const OUTSIDE: &str = "909090909090";

    /// The worst severity of what is found in a resource policy of the organization.
    fn worst(statements: &Value) -> Option<Severity> {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let plan = ("delegated-policy-control", "bad-everyone");
        let found = findings_with_document(&DELEGATED_POLICY_CONTROL, plan, ("content", &text));
        assert!(found.iter().all(|it| it.verdict == Verdict::Found), "{found:?}");
        found.iter().map(|it| it.severity).max()
    }

    fn allow(account: &str, action: impl Into<Value>) -> Value {
        let action = action.into();
        json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") }, "Action": action, "Resource": "*" })
    }

    fn with(mut statement: Value, name: &str, value: Value) -> Value {
        statement.as_object_mut().unwrap().insert(name.to_owned(), value);
        statement
    }

    #[test]
    fn the_resource_policy_is_decided_over_its_document() {
        let policies =
            |kind: &str| json!(format!("arn:aws:organizations::101010101010:policy/o-harbor00001/{kind}/*"));
        let of_type = |kind: &str| json!({ "StringEquals": { "organizations:PolicyType": kind } });
        let update = json!(["organizations:UpdatePolicy"]);
        let anyone = |condition: Value| {
            let statement = with(allow(DEV, json!("organizations:DetachPolicy")), "Principal", json!("*"));
            json!([with(statement, "Condition", condition)])
        };
        for (why, expected, statements) in [
            (
                "the text of service control policies",
                Some(Severity::Medium),
                json!([with(allow(DEV, update.clone()), "Resource", policies("service_control_policy"))]),
            ),
            (
                "service control policies by a condition",
                Some(Severity::Medium),
                json!([with(allow(DEV, update.clone()), "Condition", of_type("SERVICE_CONTROL_POLICY"))]),
            ),
            (
                "accounts move and close",
                Some(Severity::Medium),
                json!([allow(DEV, json!(["organizations:MoveAccount", "organizations:CloseAccount"]))]),
            ),
            (
                "a type is turned off",
                Some(Severity::Medium),
                json!([allow(DEV, json!("organizations:DisablePolicyType"))]),
            ),
            ("a sandbox", Some(Severity::High), json!([allow(SANDBOX, json!("organizations:*Policy"))])),
            (
                "an outsider",
                Some(Severity::High),
                json!([allow(OUTSIDE, json!("organizations:DetachPolicy"))]),
            ),
            (
                "all but reading",
                Some(Severity::Medium),
                json!([{ "Effect": "Allow", "Principal": { "AWS": DEV }, "NotAction": ["organizations:Describe*", "organizations:List*"], "Resource": "*" }]),
            ),
            (
                "the security team, which is trusted",
                Some(Severity::Low),
                json!([allow(TOOLING, json!("organizations:*"))]),
            ),
            (
                "reading",
                None,
                json!([allow(SANDBOX, json!(["organizations:Describe*", "organizations:List*"]))]),
            ),
            (
                "denied in the same document",
                None,
                json!([
                    allow(DEV, json!("organizations:DetachPolicy")),
                    with(allow(DEV, json!("organizations:DetachPolicy")), "Effect", json!("Deny")),
                ]),
            ),
            (
                "everybody who is of the security account",
                Some(Severity::Low),
                anyone(json!({ "StringEquals": { "aws:PrincipalAccount": TOOLING } })),
            ),
            (
                "roles of the security account",
                Some(Severity::Low),
                anyone(
                    json!({ "ArnLike": { "aws:PrincipalArn": format!("arn:aws:iam::{TOOLING}:role/*") } }),
                ),
            ),
            (
                "everybody of the organization",
                Some(Severity::Medium),
                anyone(json!({ "StringEquals": { "aws:PrincipalOrgID": "o-harbor00001" } })),
            ),
        ] {
            let found = worst(&statements);
            if expected == Some(Severity::Medium) {
                assert!(found.is_some_and(|it| it >= Severity::Medium), "{why}: {found:?}: {statements}");
            } else {
                assert_eq!(found, expected, "{why}: {statements}");
            }
        }
        // Tag policies govern no permissions.
        let statement = with(allow(DEV, update.clone()), "Condition", of_type("TAG_POLICY"));
        let found = worst(&json!([statement]));
        assert!(found < Some(Severity::Medium), "{found:?}");
    }
}
