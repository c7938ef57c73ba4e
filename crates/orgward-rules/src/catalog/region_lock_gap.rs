use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, Severity};
use orgward_iam::Claim;
use orgward_org::{Node, NodeId, PolicyType};

use crate::engine::rule;
use orgward_proof::Profile;
use orgward_proof::guardrail::{Chains, Verdict};
use orgward_proof::org_policies::{Group, account_id, groups};
use orgward_proof::region_lock::{
    Allowed, Evidence, Mistakes, allowed, evidence, is_common, is_exempt_in_control_tower, lock, witness,
};

use crate::{Context, Findings};

rule! {
    /// Checks for accounts that are not locked to the regions of the organization.
    ///
    /// ## Why is this bad?
    ///
    /// What nobody looks at is where attackers go: a region without trails, detectors and people. A region lock is
    /// a service control policy that denies everything elsewhere; it holds only if it reaches the account, denies
    /// by the right operator, exempts no more than it must, and is not weakened by a second condition.
    ///
    /// The rule takes the regions from `[regions]` of `orgward.toml`, or else from the locks that it finds. For each
    /// distinct chain of guardrails it first decides requests that are easy to read: every region that AWS or the
    /// guardrails name and one that does not exist yet; actions of regional services, every action that the
    /// guardrails name, and one of a service that does not exist yet; principals of every form and those that the
    /// guardrails name. The finding lists the exceptions that these show, and says how many were decided. Where they
    /// show none, the lock is proved over all requests: without a finding, none slips through.
    ///
    /// Where a mistake in a lock opens the gap, the finding names it, and `region-lock-mistake` shows the line.
    ///
    /// The two published locks, of AWS's samples and of Control Tower, exempt regional services such as KMS and
    /// Config. `profile` says which exemptions you accept: `strict` accepts none, `aws-sample` (the default) and
    /// `control-tower` those of the published lock. What is exempt and open elsewhere is listed by
    /// name.
    ///
    /// Region locks never bind the management account, service-linked roles, AWS services, or principals of other
    /// accounts.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "*", "Resource": "*",
    ///   "Condition": { "StringEquals": { "aws:RequestedRegion": "eu-west-1" } } }
    /// ```
    ///
    /// denies the one region that should be open. Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "route53:*", "support:*", "sts:*"], "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// A guardrail's text or target is unknown until apply, or the inputs do not show what the account lies in.
    pub(crate) static REGION_LOCK_GAP = {
        id: "region-lock-gap",
        summary: "accounts are not locked to the regions of the organization",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// How many exceptions have room in a message.
const SHOWN: usize = 5;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(allowed) = allowed(cx.regions(), [cx.before, cx.after]) else { return };
    let lock = lock(cx.regions(), &allowed);
    let mut mistakes = Mistakes::default();
    for group in groups(cx.after, &PolicyType::ServiceControl) {
        let proofs = lock.as_ref().map(|lock| proofs(cx, lock, &group));
        if proofs.as_ref().is_ok_and(|all| all.iter().all(|proof| proof.verdict == Verdict::Holds)) {
            continue;
        }
        let evidence = evidence(cx.proofs, cx.regions(), &allowed, &group);
        let regions = allowed.listed();
        if evidence.is_unlocked() {
            let finding = found(cx, &group, findings);
            finding.says(format!("not locked to {regions}: nothing denies {}", open_regions(&evidence)));
            if explain(cx, &allowed, &group, &mut mistakes, finding) {
                finding.help("mend the lock: `region-lock-mistake` shows where");
            } else {
                finding.help("attach a region lock to the root or to a unit above these accounts");
            }
            finish(finding, &evidence, &allowed, cx);
            for why in &evidence.undecided {
                finding.note(format!("whether other actions are denied is unknown: {why}"));
            }
        } else if !evidence.undecided.is_empty() {
            cannot_tell(found(cx, &group, findings), &regions, &evidence.undecided);
        } else if !evidence.counterexamples.is_empty() {
            let finding = found(cx, &group, findings);
            let mut exceptions: Vec<String> = Vec::new();
            let mut actions: Vec<&str> = evidence.open.keys().map(String::as_str).collect();
            // What people know comes before what was made up from a pattern.
            actions.sort_by_key(|action| !is_common(action));
            let mut seen = BTreeSet::new();
            actions.retain_mut(|action| {
                *action = evidence.title(action);
                seen.insert(*action)
            });
            if !actions.is_empty() {
                exceptions.push(format!("{} in {}", summary(&actions), open_regions(&evidence)));
            }
            let others = evidence.counterexamples.iter().filter(|opening| !opening.because.is_empty());
            exceptions.extend(others.map(|opening| format!("when {}", opening.because)));
            finding.says(format!("locked to {regions}, except {}", summary_of(&exceptions)));
            if actions.is_empty() {
                // Somebody has to hold an exempt identity first.
                finding.severity = Severity::Medium;
                finding.help(
                    "protect what the exemption names in every account, or accept it: `exempt_principals` in \
                     `orgward.toml`",
                );
            } else {
                finding.help(match cx.regions().profile() {
                    Profile::AwsSample if actions.iter().all(|action| is_exempt_in_control_tower(action)) => {
                        "this is the lock of Control Tower: accept its exemptions by `profile = \"control-tower\"` in \
                         `[regions]` of `orgward.toml`"
                    }
                    Profile::Strict => {
                        "deny them elsewhere, too, or accept the exemptions of a published lock: `profile` in \
                         `orgward.toml`"
                    }
                    _ => "deny them elsewhere, too, or accept them: `exempt_actions` in `orgward.toml`",
                });
            }
            // All of them by name, where the message has no room.
            if actions.len() > SHOWN && !evidence.exempt.is_empty() {
                let exempt: Vec<String> = evidence.exempt.iter().map(|name| format!("`{name}`")).collect();
                finding.note(format!("exempt and open elsewhere: {}", exempt.join(", ")));
            }
            explain(cx, &allowed, &group, &mut mistakes, finding);
            finish(finding, &evidence, &allowed, cx);
        } else {
            match proofs {
                Ok(proofs) => report(cx, &allowed, &group, proofs, (&mut mistakes, findings)),
                Err(error) => {
                    let reason = format!("`orgward.toml` makes no lock: {error}");
                    cannot_tell(found(cx, &group, findings), &regions, &BTreeSet::from([reason]));
                }
            }
        }
    }
}

/// What was proved of accounts of a group that are alike.
struct Proof<'o> {
    stand_in: String,
    members: Vec<(NodeId, &'o Node)>,
    verdict: Verdict,
}

/// Proves the lock for each account of a group; those that are alike share a proof.
fn proofs<'o>(cx: &Context<'_>, lock: &Claim, group: &Group<'o>) -> Vec<Proof<'o>> {
    let chains = Chains::of(&group.chain, None);
    let stand_ins = chains.stand_ins(lock);
    let mut alike: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (id, node) in &group.members {
        let account = account_id(cx.after, *id);
        alike.entry(stand_ins.of(account)).or_default().push((*id, *node));
    }
    let proved = alike.into_iter().map(|(stand_in, members)| {
        let verdict = cx.proofs.prove(lock, &chains, &stand_in);
        Proof { stand_in, members, verdict }
    });
    proved.collect()
}

/// Reports where the proof found what the search did not.
fn report(
    cx: &Context<'_>,
    allowed: &Allowed,
    group: &Group<'_>,
    proofs: Vec<Proof<'_>>,
    (mistakes, findings): (&mut Mistakes, &mut Findings),
) {
    let regions = allowed.listed();
    for Proof { stand_in, members, verdict } in proofs {
        let part = Group { members, ..group.clone() };
        let account = part.members.first().and_then(|(id, _)| account_id(cx.after, *id));
        match verdict {
            Verdict::Holds => {}
            Verdict::Refuted(request) => {
                let finding = found(cx, &part, findings);
                finding.says(format!("locked to {regions}, except `{}` as in the witness", request.action));
                finding.help("deny it elsewhere, too, or accept it: `[regions]` in `orgward.toml`");
                finding.witness(witness(&request.as_account(&stand_in, account.unwrap_or(&stand_in))));
                explain(cx, allowed, &part, mistakes, finding);
            }
            Verdict::Open(_) => {
                let doubts = Chains::of(&group.chain, None).doubts();
                cannot_tell(found(cx, &part, findings), &regions, &doubts.into_iter().collect());
            }
            Verdict::Undecided(reason) => {
                cannot_tell(found(cx, &part, findings), &regions, &BTreeSet::from([reason]));
            }
        }
    }
}

/// Names the mistakes that open the gap, if some do.
fn explain(
    cx: &Context<'_>,
    allowed: &Allowed,
    group: &Group<'_>,
    mistakes: &mut Mistakes,
    finding: &mut Finding,
) -> bool {
    let mut explained = false;
    for mistake in mistakes.of(cx.regions(), allowed, group).iter().filter(|mistake| mistake.kind.opens()) {
        let Some(org_policy) = cx.after.org_policy(mistake.org_policy) else { continue };
        let secret = org_policy.data.document.text.is_sensitive();
        let said = if secret { mistake.kind.title() } else { &mistake.message };
        let name = org_policy.node.address.as_ref().map(ToString::to_string);
        let name = name.unwrap_or_else(|| org_policy.node.title());
        finding.note(format!("`{name}` has a mistake: {said}"));
        explained = true;
    }
    explained
}

fn cannot_tell(finding: &mut Finding, regions: &str, reasons: &BTreeSet<String>) {
    finding.verdict = orgward_finding::Verdict::Unverifiable;
    finding.severity = REGION_LOCK_GAP.info.unverifiable;
    finding.says(format!("cannot tell whether these accounts are locked to {regions}"));
    finding.notes.extend(reasons.iter().cloned());
    finding.help("give the state of the organization with `--org`");
}

fn found<'f>(cx: &Context<'_>, group: &Group<'_>, findings: &'f mut Findings) -> &'f mut Finding {
    let finding = findings.report(&REGION_LOCK_GAP, None);
    finding.target(group.path.clone()).accounts(group.accounts(cx.after)).subject(group.subject());
    finding
}

fn finish(finding: &mut Finding, evidence: &Evidence, allowed: &Allowed, cx: &Context<'_>) {
    if let Some(opening) = evidence.counterexamples.first() {
        finding.witness(witness(&opening.request));
    }
    finding.note(format!("{} requests were decided; there may be further exceptions", evidence.tried));
    if !allowed.inferred_from.is_empty() {
        finding.rests_on(format!(
            "the regions are taken from {}, since `[regions]` in `orgward.toml` does not name them",
            allowed.inferred_from.join(", ")
        ));
    }
    if cx.after.is_enabled(&PolicyType::ServiceControl) == Some(false) {
        finding.note("service control policies are not enabled");
    }
}

/// The regions of the openings in words.
fn open_regions(evidence: &Evidence) -> String {
    let regions: BTreeSet<&str> = evidence.open.values().flatten().map(String::as_str).collect();
    let regions: Vec<&str> = regions.into_iter().collect();
    match regions.as_slice() {
        [one] => format!("requests to {one}"),
        few if few.len() <= 3 => format!("requests to {}", few.join(", ")),
        many => format!("requests to {} other regions", many.len()),
    }
}

fn summary(actions: &[&str]) -> String {
    let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
    summary_of(&actions)
}

fn summary_of(parts: &[String]) -> String {
    match parts {
        [head @ .., _] if parts.len() > SHOWN => {
            let shown: Vec<&str> = head.iter().take(SHOWN - 1).map(String::as_str).collect();
            format!("{} and {} more", shown.join(", "), parts.len() - shown.len())
        }
        _ => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use orgward_finding::{Severity, Status};

    use super::REGION_LOCK_GAP;
    use crate::testing::{findings_with_document, fixtures, messages_with, report, review_text, review_with};

    /// What a statement about regions says about allowed ones, and about which services.
    #[test]
    fn only_a_lock_of_the_organization_says_which_regions_it_uses() {
        let lock = |actions: &str, operator: &str, regions: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{actions},"Resource":"*","Condition":{{"{operator}":{{"aws:RequestedRegion":{regions}}}}}}}]}}"#
            )
        };
        // One unit has the lock, and the other one has not.
        let found = |document: &str| -> Vec<String> {
            let fixture = ("region-lock-gap", "bad-unlocked-ou");
            let findings = findings_with_document(&REGION_LOCK_GAP, fixture, ("content", document));
            findings.into_iter().map(|finding| finding.message).collect()
        };
        let not_action =
            r#""NotAction":["iam:*","sts:*","organizations:*","route53:*","cloudfront:*","support:*"]"#;
        let real = found(&lock(not_action, "StringNotEquals", r#"["eu-central-1"]"#));
        assert!(real.iter().any(|message| message.contains("not locked to eu-central-1")), "{real:?}");
        for silent in [
            // A list of denied regions.
            lock(r#""Action":"*""#, "StringEquals", r#"["me-south-1","af-south-1"]"#),
            // One service.
            lock(r#""Action":["bedrock:*"]"#, "StringNotEquals", r#"["eu-central-1"]"#),
            // No region at all.
            lock(not_action, "StringNotEquals", r#"[""]"#),
        ] {
            assert_eq!(found(&silent), [""; 0], "{silent}");
        }
        // Exempting what has no regions of its own, or is gone, opens none.
        let gone = not_action.replace(
            "\"support:*\"",
            "\"support:*\",\"supportplans:*\",\"awsbillingconsole:*\",\"goneservice:*\"",
        );
        let found = found(&lock(&gone, "StringNotEquals", r#"["eu-central-1"]"#));
        assert!(
            !found.iter().any(|message| message.contains("supportplans") || message.contains("goneservice")),
            "{found:?}"
        );
    }

    /// What is found with another text of the only policy, before the plan and after it, and with what it is attached to.
    fn found(old: &str, new: &str, is_attached: bool) -> Vec<orgward_finding::Finding> {
        let text = std::fs::read_to_string(fixtures("forgeable-exemption").join("bad-prefix.json")).unwrap();
        let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        let document = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        for row in plan["resource_changes"].as_array_mut().unwrap() {
            let change = &mut row["change"];
            if change["after"]["content"].is_string() {
                change["before"]["content"] = document(old).into();
                change["after"]["content"] = document(new).into();
                change["actions"] = serde_json::json!([if old == new { "no-op" } else { "update" }]);
            }
            if change["after"]["target_id"].is_string() && !is_attached {
                change["actions"] = serde_json::json!(["create"]);
                change["before"] = serde_json::Value::Null;
                change["after"].as_object_mut().unwrap().remove("target_id");
                change["after_unknown"] = serde_json::json!({"id": true, "target_id": true});
            }
        }
        let config = "[regions]\nallowed = ['eu-central-1']";
        let findings = review_text("plan.json", plan.to_string().into_bytes(), config).findings;
        findings.into_iter().filter(|it| it.rule == REGION_LOCK_GAP.info.id).collect()
    }

    /// What may or may not be denied elsewhere does not make a lock.
    #[test]
    fn an_attachment_that_is_unknown_and_is_no_lock() {
        let denial = |action: &str| format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#);
        for action in ["organizations:LeaveOrganization", "cloudtrail:StopLogging"] {
            let found = found(&denial(action), &denial(action), false);
            assert!(!found.is_empty(), "{action}");
            for finding in found {
                assert_eq!(finding.verdict, orgward_finding::Verdict::Found, "{action}: {}", finding.message);
                assert!(
                    finding.message.contains("not locked to eu-central-1"),
                    "{action}: {}",
                    finding.message
                );
            }
        }
        let undecided = found(&denial("*"), &denial("*"), false);
        assert!(undecided.iter().all(|it| it.verdict == orgward_finding::Verdict::Unverifiable));
        assert!(!undecided.is_empty());
    }

    /// An exception from a lock that becomes the lack of one is new.
    #[test]
    fn what_gets_worse_is_new() {
        let lock = |operator: &str| {
            format!(
                r#"{{"Effect":"Deny","NotAction":["iam:*","sts:*","organizations:*","route53:*","cloudfront:*","support:*"],"Resource":"*","Condition":{{"{operator}":{{"aws:RequestedRegion":["eu-central-1"]}},"ArnNotLike":{{"aws:PrincipalArn":"arn:aws:iam::*:role/exempt-*"}}}}}}"#
            )
        };
        let told = |old: &str, new: &str| -> Vec<_> {
            let found = found(&lock(old), &lock(new), true).into_iter();
            let own = found.filter(|it| it.target.as_deref() == Some("Root/Prod"));
            own.map(|it| (it.severity, it.status, it.message.contains("not locked"))).collect()
        };
        let (kept, inverted) = ("StringNotEquals", "StringEquals");
        assert_eq!(told(kept, kept), [(Severity::Medium, Status::Existing, false)]);
        assert_eq!(told(kept, inverted), [(Severity::High, Status::New, true)]);
        assert_eq!(told(inverted, inverted), [(Severity::High, Status::Existing, true)]);
        assert_eq!(told(inverted, kept), [(Severity::Medium, Status::Existing, false)]);
    }

    #[test]
    fn inverted() {
        insta::assert_snapshot!(report(&REGION_LOCK_GAP, "bad-inverted"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        region-lock-gap

          × Root/runtime: not locked to eu-central-1, eu-west-1: nothing denies requests to 36 other regions
          account: aws_organizations_account.shop
          note: `aws_organizations_policy.region_lock` has a mistake: `StringEquals` denies the regions that
                should be open, and no others
          note: 135 requests were decided; there may be further exceptions
          request: ec2:RunInstances on arn:aws:ec2:af-south-1:${aws_organizations_account.shop.id}:instance/*
                   by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
                   with aws:RequestedRegion = "af-south-1"
          help: mend the lock: `region-lock-mistake` shows where

        blocked: 1 high finding is new
        reviewed bad-inverted.json: 1 account, 0 principals, 1 policy
        `orgward rules region-lock-gap` explains the first one
        "#);
    }

    #[test]
    fn unlocked_ou() {
        insta::assert_snapshot!(report(&REGION_LOCK_GAP, "bad-unlocked-ou"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        region-lock-gap

          × Root/laboratory: not locked to eu-central-1, eu-west-1: nothing denies requests to 36 other
          │ regions
          account: aws_organizations_account.trials
          note: 135 requests were decided; there may be further exceptions
          request: ec2:RunInstances on arn:aws:ec2:af-south-1:${aws_organizations_account.trials.id}:instance/*
                   by arn:aws:iam::${aws_organizations_account.trials.id}:role/application
                   with aws:RequestedRegion = "af-south-1"
          help: attach a region lock to the root or to a unit above these accounts

        blocked: 1 high finding is new
        reviewed bad-unlocked-ou.json: 2 accounts, 0 principals, 1 policy
        `orgward rules region-lock-gap` explains the first one
        "#);
    }

    #[test]
    fn unknown_content() {
        insta::assert_snapshot!(report(&REGION_LOCK_GAP, "bad-unknown-content"), @"
        ── medium: 1 undecided ─────────────────────────────────────────────────────────

        region-lock-gap · undecided

          ? Root/runtime: cannot tell whether these accounts are locked to eu-central-1, eu-west-1
          account: aws_organizations_account.shop
          note: `aws_organizations_policy.region_lock.content` is unknown until apply: it refers to
                `aws_iam_role.break_glass.arn`
          help: give the state of the organization with `--org`

        blocked: 1 medium thing is undecided
        reviewed bad-unknown-content.json: 1 account, 1 principal, 2 policies
        `orgward rules region-lock-gap` explains the first one
        ");
    }

    /// Both published locks exempt regional services: read strictly, they are no region lock.
    #[test]
    fn published_lock_under_the_strict_profile() {
        let regions = "[regions]\nallowed = ['eu-central-1', 'eu-west-1']\n";
        let messages = |profile| {
            messages_with(&REGION_LOCK_GAP, "good-locked", &format!("{regions}profile = '{profile}'"))
        };
        assert_eq!(messages("aws-sample"), [""; 0]);
        let [strict] = messages("strict").try_into().unwrap();
        assert!(strict.starts_with("locked to eu-central-1, eu-west-1, except"), "{strict}");
        assert!(
            strict.contains("`kms:CreateKey`") || strict.contains("`config:PutConfigurationRecorder`"),
            "{strict}"
        );
    }

    /// Everything regional that the published locks exempt, by name.
    #[test]
    fn what_the_published_locks_exempt() {
        let exempt = |folder: &str, fixture: &str| -> Vec<String> {
            let config = "[regions]\nallowed = ['eu-central-1', 'eu-west-1']\nprofile = 'strict'";
            let review = review_with(folder, fixture, config);
            let gap = review.findings.into_iter().find(|finding| finding.rule == "region-lock-gap").unwrap();
            assert!(gap.witness.is_some());
            let note = gap.notes.iter().find_map(|note| note.strip_prefix("exempt and open elsewhere: "));
            note.unwrap().split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
        };
        let sample = [
            "a4b:*",
            "acm:*",
            "config:*",
            "directconnect:*",
            "ec2:DescribeRegions",
            "ec2:DescribeTransitGateways",
            "ec2:DescribeVpnGateways",
            "fms:*",
            "kms:*",
            "pricing:*",
            "route53-recovery-cluster:*",
            "route53-recovery-readiness:*",
            "s3:GetAccountPublic*",
            "s3:ListAllMyBuckets",
            "s3:ListMultiRegionAccessPoints",
            "s3:PutAccountPublic*",
            "waf-regional:*",
            "wafv2:*",
            "wellarchitected:*",
        ];
        assert_eq!(exempt("region-lock-gap", "good-locked"), sample);
        let tower = exempt("region-lock-mistake", "good-control-tower");
        for name in
            ["access-analyzer:*", "acm:*", "config:*", "kms:*", "resource-explorer-2:*", "sso:*", "wafv2:*"]
        {
            assert!(tower.iter().any(|exempt| exempt == name), "{name}: {tower:?}");
        }
        for global in ["iam:*", "sts:*", "organizations:*", "route53:*", "support:*", "networkmanager:*"] {
            assert!(!tower.iter().any(|exempt| exempt == global), "{global}");
        }
        // 86 entries, of which 28 are global services, and 15 have no regions of their own or are gone.
        assert_eq!(tower.len(), 86 - 28 - 15, "{tower:?}");
    }

    /// Each published lock is one by its own profile, and not by the narrower one.
    #[test]
    fn published_locks_by_their_own_profiles() {
        let messages = |folder: &str, fixture: &str, profile: &str| {
            let config = format!("[regions]\nallowed = ['eu-central-1', 'eu-west-1']\nprofile = '{profile}'");
            let findings = review_with(folder, fixture, &config).findings;
            findings
                .into_iter()
                .map(|finding| format!("{}: {}", finding.rule, finding.message))
                .collect::<Vec<_>>()
        };
        assert_eq!(messages("region-lock-gap", "good-locked", "aws-sample"), [""; 0]);
        assert_eq!(messages("region-lock-mistake", "good-control-tower", "control-tower"), [""; 0]);
        let [gap] = messages("region-lock-mistake", "good-control-tower", "aws-sample").try_into().unwrap();
        assert!(gap.starts_with("region-lock-gap: locked to eu-central-1, eu-west-1, except"), "{gap}");
    }

    /// No action, principal or key makes the difference: only a proof finds it.
    #[test]
    fn spared_bucket() {
        insta::assert_snapshot!(report(&REGION_LOCK_GAP, "bad-spared-bucket"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        region-lock-gap

          × Root/runtime: locked to eu-central-1, eu-west-1, except `s3:AbortMultipartUpload` as in the
          │ witness
          account: aws_organizations_account.shop
          note: `aws_organizations_policy.region_lock` has a mistake: the lock spares resources:
                `s3:AbortMultipartUpload` on them is open everywhere
          request: s3:AbortMultipartUpload on arn:aws:s3:::backup/
                   by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
                   with aws:RequestedRegion = "us-east-1"
          help: deny it elsewhere, too, or accept it: `[regions]` in `orgward.toml`

        blocked: 1 high finding is new
        reviewed bad-spared-bucket.json: 1 account, 0 principals, 1 policy
        `orgward rules region-lock-gap` explains the first one
        "#);
    }

    #[test]
    fn another_region_is_not_locked() {
        let [message] = messages_with(&REGION_LOCK_GAP, "good-locked", "[regions]\nallowed = ['eu-west-1']")
            .try_into()
            .unwrap();
        assert_eq!(message, "not locked to eu-west-1: nothing denies requests to eu-central-1");
    }

    /// Without configuration, the lock itself says which regions are meant.
    #[test]
    fn regions_are_taken_from_the_lock() {
        assert_eq!(messages_with(&REGION_LOCK_GAP, "good-locked", ""), [""; 0]);
        assert_eq!(messages_with(&REGION_LOCK_GAP, "bad-unlocked-ou", "").len(), 1);
    }

    /// The published locks spare Control Tower's own role; read strictly, that is an exception.
    #[test]
    fn the_role_of_control_tower() {
        let messages = |profile: &str| {
            let config = format!("[regions]\nallowed = ['eu-central-1', 'eu-west-1']\nprofile = '{profile}'");
            messages_with(&REGION_LOCK_GAP, "good-control-tower-exempt", &config)
        };
        assert_eq!(messages("aws-sample"), [""; 0]);
        let [strict] = messages("strict").try_into().unwrap();
        assert!(strict.starts_with("locked to eu-central-1, eu-west-1, except"), "{strict}");
    }
}
