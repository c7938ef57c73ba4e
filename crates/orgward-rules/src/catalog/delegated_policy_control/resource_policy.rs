//! The resource policy of the organization, decided over its document.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, Severity};
use orgward_iam::{Callers, Claim, ClaimSpec, Effect, RequestSet, is_account_id};
use orgward_org::{Content, Control};
use orgward_proof::chains::{Counterexample, Difference, passing};
use orgward_proof::org_policies::source;

use super::{DELEGATED_POLICY_CONTROL, Place};
use crate::controls::{about, in_partitions, undecided};
use crate::{Context, Findings};

/// What changes policies, accounts or the organization itself.
const GOVERNING: &[&str] = &[
    "organizations:AttachPolicy",
    "organizations:CloseAccount",
    "organizations:CreateAccount",
    "organizations:CreateGovCloudAccount",
    "organizations:CreateOrganizationalUnit",
    "organizations:CreatePolicy",
    "organizations:DeleteOrganization",
    "organizations:DeleteOrganizationalUnit",
    "organizations:DeletePolicy",
    "organizations:DeleteResourcePolicy",
    "organizations:DeregisterDelegatedAdministrator",
    "organizations:DetachPolicy",
    "organizations:DisableAWSServiceAccess",
    "organizations:DisablePolicyType",
    "organizations:EnableAWSServiceAccess",
    "organizations:EnablePolicyType",
    "organizations:InviteAccountToOrganization",
    "organizations:MoveAccount",
    "organizations:PutResourcePolicy",
    "organizations:RegisterDelegatedAdministrator",
    "organizations:RemoveAccountFromOrganization",
    "organizations:UpdateOrganizationalUnit",
    "organizations:UpdatePolicy",
];

/// What there is in an organization beside policies, and the types of policies, as ARNs write them.
const PARTS: &[&str] = &["account", "handshake", "organization", "ou", "resourcepolicy", "root"];
const TYPES: &[&str] = &[
    "aiservices_opt_out_policy",
    "backup_policy",
    "bedrock_policy",
    "chatbot_policy",
    "declarative_policy_ec2",
    "guardduty_policy",
    "inspector_policy",
    "network_security_director_policy",
    "resource_control_policy",
    "s3_policy",
    "securityhub_policy",
    "service_control_policy",
    "upgrade_rollout_policy",
];

pub(super) fn check(cx: &Context<'_>, control: &Control, findings: &mut Findings) {
    let Some(document) = &control.document else { return };
    let policy = match &document.content {
        Content::Policy(policy) => policy,
        Content::Unreadable(_) | Content::Unknown(_) => {
            let finding = about(findings, &DELEGATED_POLICY_CONTROL, control);
            undecided(finding, &DELEGATED_POLICY_CONTROL);
            finding.says("undecided: which accounts may change policies of the organization");
            finding.note(document.doubt().unwrap_or_default());
            finding.help("give the configuration with `--source`, or write the document out");
            return;
        }
    };
    let mut mentioned: BTreeSet<String> = digits(policy.text());
    let management = cx.after.management().and_then(|id| cx.after.symbolic_account_id(id)).map(str::to_owned);
    mentioned.extend(management.clone());
    let [governing, harmless] = [false, true].map(|is_harmless| claims(management.as_deref(), is_harmless));
    let mut told: BTreeSet<Option<&str>> = BTreeSet::new();
    let everyone = mentioned.iter().map(Some).chain([None]);
    for account in everyone.filter(|account| account.is_none_or(|id| Some(id) != management.as_ref())) {
        let by = match account {
            Some(id) => RequestSet::by(Callers::Accounts([id.clone()].into())),
            None => RequestSet::by(Callers::Principals)
                .minus(RequestSet::by(Callers::Accounts(mentioned.clone()))),
        };
        for (is_harmless, claims) in [(false, &governing), (true, &harmless)] {
            let asked = claims.iter().fold(RequestSet::nothing(), |all, claim| all.or(claim.requests()));
            let set = RequestSet::allowed(policy).and(by.clone()).and(asked);
            let found = passing(&set);
            if matches!(found, Difference::Nothing) || !told.insert(account.map(String::as_str)) {
                continue;
            }
            let finding = about(findings, &DELEGATED_POLICY_CONTROL, control);
            tell(cx, (account, is_harmless), &found, finding);
            let Difference::Some(example) = &found else { continue };
            let mut matching = policy.matching(&example.example);
            if let Some((_, statement)) = matching.find(|(_, it)| it.effect.value == Effect::Allow) {
                finding.show(&source(document), statement.span.clone(), "allows it");
            }
        }
    }
}

/// What concerns the resources of this organization, or none: those of tag policies, or all others.
fn claims(management: Option<&str>, is_harmless: bool) -> Vec<Claim> {
    let list = |texts: Vec<String>| Some(texts);
    let actions = || list(GOVERNING.iter().map(|action| (*action).to_owned()).collect());
    let owner = management.filter(|id| is_account_id(id)).unwrap_or("*");
    let resources = |rests: &[String]| -> Vec<String> {
        rests.iter().flat_map(|rest| in_partitions(rest).collect::<Vec<_>>()).collect()
    };
    let mut unless = BTreeMap::new();
    if !is_harmless {
        let key = BTreeMap::from([("organizations:PolicyType".to_owned(), vec!["TAG_POLICY".to_owned()])]);
        unless.insert("StringNotEquals".to_owned(), key);
    }
    let with = |resources, not_resources| ClaimSpec {
        actions: actions(),
        resources,
        not_resources,
        conditions: unless.clone(),
        ..ClaimSpec::default()
    };
    let named = if is_harmless {
        vec![format!("organizations::{owner}:*")]
    } else {
        // Everything of this organization but its tag policies.
        let parts = PARTS.iter().map(|part| format!("organizations::{owner}:{part}/*"));
        parts.chain(TYPES.iter().map(|kind| format!("organizations::{owner}:policy/*/{kind}/*"))).collect()
    };
    let specs = [
        with(list(resources(&named)), None),
        // What has no resource of its own.
        with(None, list(resources(&["*".to_owned()]))),
    ];
    specs.into_iter().filter_map(|spec| Claim::new(spec).ok()).collect()
}

fn tell(
    cx: &Context<'_>,
    (account, is_harmless): (Option<&String>, bool),
    found: &Difference,
    finding: &mut Finding,
) {
    let place = account.map_or(Place::Member, |id| Place::of(cx, id));
    let who = match account {
        Some(id) => format!("account `{id}`{}", place.word()),
        None => "every account that the document does not name".to_owned(),
    };
    finding.severity = match place {
        Place::Management | Place::Trusted => Severity::Low,
        _ if is_harmless => Severity::Low,
        place => place.severity().unwrap_or(Severity::Medium),
    };
    finding.accounts(account.cloned());
    finding.help("leave to the management account what changes policies and accounts");
    match found {
        Difference::Some(example) => {
            let actions = actions(example);
            // What it may do is compared request by request: less of it is no news.
            finding.subject(account.map_or("*", String::as_str));
            let shown: Vec<String> = actions.iter().take(4).map(|action| format!("`{action}`")).collect();
            let more = actions.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            finding.says(format!("{who} may use {}{more}", shown.join(", ")));
            finding.witness(example.witness());
        }
        Difference::Undecided(reason) => {
            undecided(finding, &DELEGATED_POLICY_CONTROL);
            finding.subject(account.map_or("*", String::as_str));
            finding.says(format!("undecided: what {who} may do to the organization"));
            finding.note(reason.clone());
        }
        Difference::Nothing => {}
    }
}

fn actions(example: &Counterexample) -> Vec<String> {
    let mut actions: Vec<String> =
        example.action_set.actions.iter().map(|action| action.name().to_owned()).collect();
    if actions.is_empty() {
        actions.push(example.example.action.clone());
    }
    actions
}

/// The account ids that a text mentions.
fn digits(text: &str) -> BTreeSet<String> {
    let parts = text.split(|character: char| !character.is_ascii_alphanumeric());
    parts.filter(|part| is_account_id(part)).map(str::to_owned).collect()
}
