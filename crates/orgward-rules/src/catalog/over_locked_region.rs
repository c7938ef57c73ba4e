use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Status, Verdict};
use orgward_iam::{BaseOperator, Catalogue, Effect, Request, glob, placeholder};
use orgward_org::{NodeId, Organization, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::{Group, denials, groups, source, statement_key};
use orgward_proof::region_lock::{
    Allowed, DeniedService, DeniedServices, Mistakes, allowed, denied_at_home, is_lock, may_act,
    region_conditions, witness,
};

rule! {
    /// Checks for region locks that deny global services.
    ///
    /// ## Why is this bad?
    ///
    /// IAM, Organizations, Route 53, CloudFront, Support and others are called through one region, mostly
    /// `us-east-1`, whatever region you use. A lock that does not exempt them takes them away from everybody,
    /// also from those who would have to mend it.
    ///
    /// The rule also finds locks that deny the very regions that should be open, unless `region-lock-mistake` says
    /// why.
    ///
    /// That none is denied is proved: over every action of these services, every principal, and whatever else a request
    /// can be like. What other statements deny, whatever the region, is not counted. A lock by `Allow` that shuts them
    /// out is reported by `region-lock-mistake`.
    ///
    /// With `profile = "aws-sample"` or `"control-tower"` only the services are checked that the published lock
    /// exempts; with `"strict"` all that AWS's endpoint data knows to be global.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "*", "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "route53:*", "support:*", "sts:*"], "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }
    /// ```
    pub(crate) static OVER_LOCKED_REGION = {
        id: "over-locked-region",
        summary: "region lock denies global services",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    everywhere_denied(cx, findings);
    let Some(allowed) = allowed(cx.regions(), [cx.before, cx.after]) else { return };
    home_denied(cx, &allowed, findings);
    // Before the plan, service by service: a lock that is touched denies nothing new for that.
    let mut known = DeniedServices::default();
    let mut old: BTreeSet<(String, &str)> = BTreeSet::new();
    for group in groups(cx.before, &PolicyType::ServiceControl) {
        let denied = known.of(cx.regions(), &allowed, &group).unwrap_or_default();
        for account in group.accounts(cx.before) {
            old.extend(denied.iter().map(|service| (account.clone(), service.prefix)));
        }
    }
    // One finding for each guardrail: it is the thing to mend, however many accounts it binds.
    let mut by_guardrail: BTreeMap<_, Locked> = BTreeMap::new();
    let mut known = DeniedServices::default();
    for group in groups(cx.after, &PolicyType::ServiceControl) {
        let denied = match known.of(cx.regions(), &allowed, &group) {
            Ok(denied) => denied,
            Err(reason) => {
                cannot_tell(cx, &group, reason, findings);
                continue;
            }
        };
        let accounts: Vec<String> = group.accounts(cx.after);
        for DeniedService { prefix, request, org_policy, statement } in denied {
            let Some(node) = cx.after.node(org_policy) else { continue };
            let is_old = accounts.iter().all(|account| old.contains(&(account.clone(), prefix)));
            let locked = by_guardrail.entry((node.key.clone(), statement, is_old)).or_insert_with(|| {
                Locked { services: Vec::new(), accounts: BTreeSet::new(), org_policy, request }
            });
            if !locked.services.contains(&prefix) {
                locked.services.push(prefix);
            }
            locked.accounts.extend(accounts.iter().cloned());
        }
    }
    let used = used(cx.after);
    for ((_, statement, is_old), locked) in by_guardrail {
        report(cx, (statement, is_old), &locked, &used, findings);
    }
}

/// Global services that one statement denies.
struct Locked {
    services: Vec<&'static str>,
    accounts: BTreeSet<String>,
    org_policy: NodeId,
    request: Request,
}

/// Services that every organization uses.
const NEEDED: [&str; 6] = ["cloudfront", "iam", "organizations", "route53", "sts", "support"];

/// The services whose actions policies name, or whose resources the inputs show.
fn used(organization: &Organization) -> BTreeSet<String> {
    let documents = organization.documents().into_iter().filter_map(|(_, document)| document.policy());
    let allowing = documents
        .flat_map(|policy| &policy.statements)
        .filter(|it| it.effect.value == Effect::Allow && !it.actions.not);
    let actions = allowing.flat_map(|statement| &statement.actions.patterns);
    let services = actions.filter_map(|action| action.value.split(':').next());
    let resources = organization.workloads().filter_map(|workload| {
        let service = workload.data.resource.strip_prefix("aws_")?.split('_').next()?;
        Some(service.to_owned())
    });
    services.map(str::to_ascii_lowercase).chain(resources).collect()
}

fn report(
    cx: &Context<'_>,
    (statement, is_old): (usize, bool),
    locked: &Locked,
    used: &BTreeSet<String>,
    findings: &mut Findings,
) {
    let Locked { services, accounts, org_policy, request } = locked;
    let Some(org_policy) = cx.after.org_policy(*org_policy) else { return };
    let document = &org_policy.data.document;
    let finding = findings.about(&OVER_LOCKED_REGION, org_policy.node);
    let denies = document.policy().and_then(|policy| policy.statements.get(statement));
    let key = denies.map(|statement| statement_key(document, statement)).unwrap_or_default();
    finding.subject(format!("{key} {}", services.join(" ")));
    if is_old {
        finding.status = Status::Existing;
    }
    finding.accounts(accounts.iter().cloned());
    let is_used = |service: &&str| NEEDED.contains(service) || used.contains(*service);
    if !services.iter().any(is_used) {
        finding.severity = Severity::Low;
        finding.note("nothing in the inputs uses them");
    }
    let names: Vec<String> = services.iter().map(|service| format!("`{service}`")).collect();
    let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 6 {
        finding.says(format!("the region lock denies global services: {shown} and {} more", names.len() - 6));
        finding.note(format!("denied: {}", names.join(", ")));
    } else {
        finding.says(format!("the region lock denies global services: {shown}"));
    }
    if let Some(statement) = denies {
        let of_service = |name: &str| name.split(':').next().is_some_and(|prefix| services.contains(&prefix));
        let actions = &statement.actions;
        let partly = actions.not && actions.patterns.iter().any(|name| of_service(&name.value));
        let label = if partly { "exempts only a part of them" } else { "exempts none of them" };
        finding.show(&source(document), actions.span.clone(), label);
    }
    finding.witness(witness(request));
    finding.help("add them to `NotAction` of the lock, or allow the region through which they are called");
}

fn cannot_tell(cx: &Context<'_>, group: &Group<'_>, reason: String, findings: &mut Findings) {
    let finding = findings.report(&OVER_LOCKED_REGION, None);
    finding.verdict = Verdict::Unverifiable;
    finding.severity = OVER_LOCKED_REGION.info.unverifiable;
    finding.target(group.path.clone()).accounts(group.accounts(cx.after)).subject(group.subject());
    finding.says("cannot tell whether the region lock denies global services");
    finding.note(reason);
    finding.help("write the lock without policy variables");
}

/// Reports locks that leave no region open: none of their values is the name of a region.
fn everywhere_denied(cx: &Context<'_>, findings: &mut Findings) {
    let regions: Vec<&str> = Catalogue::get().regions().map(|region| region.name).collect();
    let locks = cx.after.org_policies().filter(|org_policy| may_act(cx.after, *org_policy));
    for guardrail in locks {
        let document = &guardrail.data.document;
        for (_, statement) in denials(guardrail).filter(|(_, statement)| is_lock(statement)) {
            let mut lines = region_conditions(&statement.conditions);
            let (Some(line), None) = (lines.next(), lines.next()) else { continue };
            let operator = line.operator.value.base;
            let names = |value: &str, region: &str| match operator {
                BaseOperator::StringNotEqualsIgnoreCase => value.eq_ignore_ascii_case(region),
                _ if operator.takes_wildcards() => glob(value, region),
                _ => value == region,
            };
            let leaves_open = |value: &str| {
                value.contains("${")
                    || placeholder(value).is_some()
                    || regions.iter().any(|region| names(value, region))
            };
            let is_closed = line.operator.value.is_negated()
                && !line.values.iter().any(|value| leaves_open(&value.value));
            if !is_closed {
                continue;
            }
            let finding = findings.about(&OVER_LOCKED_REGION, guardrail.node);
            finding.subject(format!("everywhere {}", statement_key(document, statement)));
            finding.says("the region lock denies every region: it names none that AWS lists");
            finding.show(&source(document), line.span.clone(), "names no region");
            finding.help("name the regions that should be open, such as `eu-west-1`");
        }
    }
}

/// Reports locks that deny the very regions that should be open: an inverted operator, or one statement for each
/// region.
fn home_denied(cx: &Context<'_>, allowed: &Allowed, findings: &mut Findings) {
    let mut by_guardrail = BTreeMap::new();
    let mut mistakes = Mistakes::default();
    for group in groups(cx.after, &PolicyType::ServiceControl) {
        let Some((request, id, statement)) = denied_at_home(allowed, &group.chain, &group.account_id())
        else {
            continue;
        };
        // The mistake tells the same, and more.
        let is_explained = mistakes
            .of(cx.regions(), allowed, &group)
            .iter()
            .any(|mistake| mistake.kind.closes_home() && mistake.org_policy == id);
        if is_explained && !cx.config.is_disabled("region-lock-mistake") {
            continue;
        }
        let (_, _, _, accounts) =
            by_guardrail.entry((id, statement)).or_insert((id, statement, request, Vec::<String>::new()));
        accounts.extend(group.accounts(cx.after));
    }
    for (id, statement, request, accounts) in by_guardrail.into_values() {
        let Some(org_policy) = cx.after.org_policy(id) else { continue };
        let document = &org_policy.data.document;
        let finding = findings.about(&OVER_LOCKED_REGION, org_policy.node);
        let denies = document.policy().and_then(|policy| policy.statements.get(statement));
        let key = denies.map(|statement| statement_key(document, statement)).unwrap_or_default();
        finding.subject(format!("home {key}")).accounts(accounts).witness(witness(&request));
        finding.says("the region lock denies the regions that should be open");
        if let Some(condition) = document
            .policy()
            .and_then(|policy| policy.statements.get(statement))
            .and_then(|statement| region_conditions(&statement.conditions).next())
        {
            finding.show(&source(document), condition.span.clone(), "denies them");
        }
        finding.help("use one statement with `StringNotEquals` and all allowed regions");
    }
}

#[cfg(test)]
mod tests {
    use orgward_finding::Severity;

    use super::OVER_LOCKED_REGION;
    use crate::testing::{findings_with_document, messages_with, report};

    /// A variable that was empty, or a list that was written as text: an outage.
    #[test]
    fn a_lock_that_names_no_region_denies_all_of_them() {
        for regions in [r#"[""]"#, "[]", r#"["[\"eu-west-1\"]"]"#, r#"["EU-WEST-1"]"#, r#"["eu-*"]"#] {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","NotAction":["iam:*"],"Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":{regions}}}}}}}]}}"#
            );
            let fixture = ("over-locked-region", "good-exempted");
            let found = findings_with_document(&OVER_LOCKED_REGION, fixture, ("content", &document));
            assert!(
                found.iter().any(|it| it.severity == Severity::High && it.message.contains("every region")),
                "{regions}: {found:?}"
            );
        }
    }

    /// The requests of one action, of one kind of principal or in one circumstance would not show it.
    #[test]
    fn what_only_a_proof_finds() {
        insta::assert_snapshot!(report(&OVER_LOCKED_REGION, "bad-partly-exempted"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-locked-region

          × aws_organizations_policy.region_lock: the region lock denies global services: `organizations`
            ╭─[aws_organizations_policy.region_lock.content:13:20]
         11 │           },
         12 │           "Effect": "Deny",
         13 │ ╭─▶       "NotAction": [
         14 │ │           "a4b:*",
         15 │ │           "acm:*",
         16 │ │           "aws-marketplace-management:*",
         17 │ │           "aws-marketplace:*",
         18 │ │           "aws-portal:*",
         19 │ │           "budgets:*",
         20 │ │           "ce:*",
         21 │ │           "chime:*",
         22 │ ├─▶         "cloudfront:*",
            · ╰──── exempts only a part of them (and 34 more lines)
         23 │             "config:*",
         24 │             "cur:*",
            ╰────
          account: aws_organizations_account.shop
          request: organizations:LeaveOrganization on *
                   by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
                   with aws:RequestedRegion = "us-east-1"
          help: add them to `NotAction` of the lock, or allow the region through which they are called

        blocked: 1 high finding is new
        reviewed bad-partly-exempted.json: 1 account, 0 principals, 1 policy
        `orgward rules over-locked-region` explains the first one
        "#);
    }

    /// Under its own profile a published lock is not blamed for services that it does not know.
    #[test]
    fn published_locks_lag_behind() {
        let messages = |profile: &str| {
            let config = format!("[regions]\nallowed = ['eu-central-1', 'eu-west-1']\nprofile = '{profile}'");
            messages_with(&OVER_LOCKED_REGION, "good-exempted", &config)
        };
        assert_eq!(messages("aws-sample"), [""; 0]);
        assert_eq!(
            messages("strict"),
            [
                "the region lock denies global services: `account`, `artifact`, `bcm-dashboards`, `bcm-data-exports`, \
              `bcm-pricing-calculator`, `bcm-recommended-actions` and 10 more"
            ]
        );
    }

    #[test]
    fn no_exemptions() {
        insta::assert_snapshot!(report(&OVER_LOCKED_REGION, "bad-no-exemptions"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        over-locked-region

          × aws_organizations_policy.region_lock: the region lock denies global services: `iam`, `sts`,
          │ `organizations`, `route53`, `cloudfront`, `support` and 13 more
           ╭─[aws_organizations_policy.region_lock.content:4:17]
         2 │   "Statement": [
         3 │     {
         4 │       "Action": "*",
           ·                 ─┬─
           ·                  ╰── exempts none of them
         5 │       "Condition": {
         6 │         "StringNotEquals": {
           ╰────
          account: aws_organizations_account.shop
          note: denied: `iam`, `sts`, `organizations`, `route53`, `cloudfront`, `support`, `budgets`, `ce`,
                `chime`, `cur`, `globalaccelerator`, `health`, `importexport`, `networkmanager`,
                `route53-recovery-control-config`, `route53domains`, `shield`, `trustedadvisor`, `waf`
          request: iam:CreateRole on *
                   by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
                   with aws:RequestedRegion = "us-east-1"
          help: add them to `NotAction` of the lock, or allow the region through which they are called

        blocked: 1 high finding is new
        reviewed bad-no-exemptions.json: 1 account, 0 principals, 1 policy
        `orgward rules over-locked-region` explains the first one
        "#);
    }
}
