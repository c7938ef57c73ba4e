mod ways;

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Status};
use orgward_iam::Statement;
use orgward_org::{Entity, Node, OrgPolicy, PolicyChain, PolicyType};
use orgward_proof::chains::{Assumptions, Counterexample, Difference, slips};
use orgward_proof::org_policies::{Group, denials, groups, source};

use self::ways::{Exemption, Way};
use crate::controls::undecided;
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for service control policies that spare principals by a name or tag which others can obtain.
    ///
    /// ## Why is this bad?
    ///
    /// A policy that denies everybody but `role/sec-*` denies nobody who may create a role `sec-x`. The name is closed
    /// only where creating such a role, changing who may assume it, passing and assuming it are denied to all others; a
    /// tag only where giving it to principals and sessions is, and taking over what has it.
    ///
    /// It is proved over all policies above an account. Exact names are not reported: whoever plans the policy has
    /// created the role. `StringNotLike` on an ARN lets `*` match colons, so that a role with the path `/:role/` is
    /// spared, too: use `ArnNotLike`.
    ///
    /// ## Example
    ///
    /// ```json
    /// {
    ///   "Effect": "Deny",
    ///   "Action": "guardduty:DeleteDetector",
    ///   "Resource": "*",
    ///   "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/sec-*" } }
    /// }
    /// ```
    ///
    /// Use instead, beside it:
    ///
    /// ```json
    /// {
    ///   "Effect": "Deny",
    ///   "Action": ["iam:*", "sts:AssumeRole"],
    ///   "Resource": "arn:aws:iam::*:role/sec-*",
    ///   "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/sec-*" } }
    /// }
    /// ```
    pub(crate) static FORGEABLE_EXEMPTION = {
        id: "forgeable-exemption",
        summary: "a guardrail spares principals that others can become",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

/// How others become such a principal, and why that is not certain; empty when it is.
#[derive(Clone)]
struct Obtained {
    way: Way,
    /// A request that nothing denies; `None` where the proof did not come to an end.
    example: Option<Box<Counterexample>>,
    doubts: Vec<String>,
}

/// Where one exemption can be obtained.
struct Forged<'o> {
    policy: Entity<'o, OrgPolicy>,
    exemption: Exemption,
    obtained: Obtained,
    accounts: BTreeSet<String>,
    places: BTreeSet<String>,
    /// Whether others could obtain the same or more before the plan, in all of the accounts.
    was_there: bool,
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let kind = PolicyType::ServiceControl;
    if cx.after.is_enabled(&kind) == Some(false) {
        return;
    }
    let mut forged: BTreeMap<(orgward_org::Key, String), Forged<'_>> = BTreeMap::new();
    // Groups whose chains say the same get the same answers, unless a policy names the account.
    let mut asked: BTreeMap<_, Option<Obtained>> = BTreeMap::new();
    for group in groups(cx.after, &kind) {
        let alike = (group.chain.signature(), named_account(&group));
        for (_, policy) in group.chain.certain() {
            for (_, statement) in denials(policy) {
                // Locks by region have a rule of their own.
                if is_region_lock(cx, statement) {
                    continue;
                }
                let is_control = policy.data.is_control;
                for exemption in
                    Exemption::of(statement).into_iter().filter(|it| !(is_control && it.is_kept()))
                {
                    if cx.guardrails_only && !cx.config.guardrails.iter().any(|it| exemption.is_of(&it.claim))
                    {
                        continue;
                    }
                    let key = (policy.node.key.clone(), exemption.to_string());
                    let question = (alike.clone(), exemption.to_string());
                    let answer = asked.entry(question).or_insert_with(|| obtain(cx, &group, &exemption));
                    let Some(obtained) = answer.clone() else { continue };
                    let was_there = was_there(cx, &group, policy.node, &exemption, &obtained.way);
                    let forged = forged.entry(key).or_insert_with(|| Forged {
                        policy,
                        exemption: exemption.clone(),
                        obtained,
                        accounts: BTreeSet::new(),
                        places: BTreeSet::new(),
                        was_there: true,
                    });
                    forged.was_there &= was_there;
                    forged.accounts.extend(group.accounts(cx.after));
                    forged.places.insert(group.path.clone());
                }
            }
        }
    }
    for ((_, name), forged) in forged {
        let Obtained { way, example, doubts } = &forged.obtained;
        let finding = findings.about(&FORGEABLE_EXEMPTION, forged.policy.node);
        finding.severity = if way.is_odd { Severity::Low } else { Severity::High };
        finding.subject(name.clone());
        if forged.was_there {
            finding.status = Status::Existing;
        }
        finding.says(format!("spares {name}, and others can {}", way.words));
        let document = &forged.policy.data.document;
        let span = forged.exemption.span.clone();
        finding.show(&source(document), span, "others can become such a principal");
        finding.accounts(forged.accounts.iter().cloned());
        if let [place] = forged.places.iter().collect::<Vec<_>>().as_slice() {
            finding.target((*place).clone());
        }
        if !doubts.is_empty() {
            undecided(finding, &FORGEABLE_EXEMPTION);
            finding.says(format!(
                "undecided: spares {name}, and nothing that is known denies others to {}",
                way.words
            ));
            finding.notes.extend(doubts.iter().cloned());
        }
        if let Some(example) = example {
            finding.witness(example.witness());
        } else {
            // What a policy is too large for is not harmless.
            finding.severity = Severity::High;
            finding.says(format!(
                "undecided: spares {name}, and whether others can {} took too many steps to prove",
                way.words
            ));
        }
        finding.help(forged.exemption.help(way.is_odd));
    }
}

/// Whether the policy spared these principals and perhaps others before the plan, and others could become them in all ways
/// in which they can after it. An exemption that gets narrower is no news.
fn was_there(cx: &Context<'_>, group: &Group<'_>, policy: &Node, exemption: &Exemption, way: &Way) -> bool {
    if std::ptr::eq(cx.before, cx.after) {
        return false;
    }
    let kind = PolicyType::ServiceControl;
    let Some(claim) = way.claim(&spared_beside(&group.chain)) else { return false };
    group.members.iter().all(|(_, member)| {
        let Some(id) = cx.before.find(&member.key) else { return false };
        let chain = cx.before.policy_chain(id, &kind);
        let spared = chain
            .certain()
            .filter(|(_, before)| before.node.key == policy.key)
            .flat_map(|(_, before)| denials(before).flat_map(|(_, it)| Exemption::of(it)).collect::<Vec<_>>())
            .collect::<Vec<_>>();
        if !exemption.is_within(&spared) {
            return false;
        }
        let account = cx.before.account(id).and_then(|_| cx.before.symbolic_account_id(id));
        let assumptions = Assumptions::of(&kind, cx.before, account, &[&chain]);
        let open = group.chain.may_pass(&kind).minus(chain.must_pass(&kind));
        assumptions.requests().and(claim.requests()).and(open).emptiness() == Ok(true)
    })
}

/// The account of a group, where a policy above it names the account.
fn named_account(group: &Group<'_>) -> Option<String> {
    let account = group.account_ids.first()?;
    let mut attached = group.chain.levels.iter().flat_map(|level| &level.attached);
    let is_named = attached.any(|it| it.org_policy.data.document.text.expose().contains(account.as_str()));
    is_named.then(|| account.clone())
}

/// All that the policies of a chain spare.
fn spared_beside(chain: &PolicyChain<'_>) -> Vec<Exemption> {
    let all = chain.certain().flat_map(|(_, policy)| denials(policy).flat_map(|(_, it)| Exemption::of(it)));
    all.collect()
}

/// How an ordinary principal of the accounts comes to be exempt, if nothing denies it.
fn obtain(cx: &Context<'_>, group: &Group<'_>, exemption: &Exemption) -> Option<Obtained> {
    let kind = PolicyType::ServiceControl;
    let account = group.account_ids.first().map(String::as_str);
    let assumptions = Assumptions::of(&kind, cx.after, account, &[&group.chain]);
    let doubts = group.chain.doubts();
    let beside = spared_beside(&group.chain);
    let mut undecided = None;
    let mut first = |is_certain: bool| {
        exemption.ways().into_iter().find_map(|way| {
            let claim = way.claim(&beside)?;
            let open = if is_certain { group.chain.must_pass(&kind) } else { group.chain.may_pass(&kind) };
            match slips(&assumptions.requests().and(claim.requests()).and(open)) {
                Difference::Some(example) => Some((way, example)),
                Difference::Nothing => None,
                Difference::Undecided(why) => {
                    undecided.get_or_insert((way, why));
                    None
                }
            }
        })
    };
    let found = |(way, example), doubts| Obtained { way, example: Some(example), doubts };
    if let Some(certain) = first(true) {
        return Some(found(certain, Vec::new()));
    }
    // What may be denied by something unknown is neither open nor closed.
    let possible = if doubts.is_empty() { None } else { first(false) };
    if let Some(possible) = possible {
        return Some(found(possible, doubts));
    }
    undecided.map(|(way, why)| Obtained { way, example: None, doubts: vec![why] })
}

fn is_region_lock(cx: &Context<'_>, statement: &Statement) -> bool {
    let asks =
        statement.conditions.iter().any(|line| line.key.value.eq_ignore_ascii_case("aws:RequestedRegion"));
    asks && !cx.config.regions.allowed.is_empty()
}

#[cfg(test)]
mod tests {
    use orgward_finding::Status;

    use super::FORGEABLE_EXEMPTION;
    use crate::testing::{findings_with_document, fixtures, review_text};

    /// The sample of AWS for data perimeters: what gives the tag is denied by its key, and who has another tag may give it.
    #[test]
    fn a_tag_whose_key_is_denied_in_requests() {
        let found = |name: &str, condition: &str, closing: &str| -> Vec<String> {
            let keep = format!(
                r#"{{"Effect":"Deny","Action":"guardduty:DeleteDetector","Resource":"*","Condition":{condition}}}"#
            );
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{keep},{closing}]}}"#);
            let fixture = ("forgeable-exemption", "bad-tag");
            let findings = findings_with_document(&FORGEABLE_EXEMPTION, fixture, ("content", &document));
            findings.into_iter().map(|it| it.message).filter(|it| it.contains(name)).collect()
        };
        let spares = |tag: &str, value: &str| {
            format!(r#"{{"StringNotEqualsIfExists":{{"aws:PrincipalTag/{tag}":"{value}"}}}}"#)
        };
        let closed = |keys: &str, taken: &str| {
            let unless = r#""StringNotEqualsIfExists":{"aws:PrincipalTag/team":"admin"}"#;
            format!(
                r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{{unless},"ForAnyValue:StringLike":{{"aws:TagKeys":[{keys}]}}}}}},
                {{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{{unless},"StringLike":{{"aws:ResourceTag/{taken}":"*"}}}}}}"#
            )
        };
        let admin = spares("team", "admin");
        assert_eq!(found("`team`", &admin, &closed(r#""dp:*","team""#, "team")), [""; 0]);
        assert_eq!(found("`team`", &admin, &closed(r#""dp:*""#, "team")).len(), 1);
        let excluded = spares("dp:exclude", "true");
        assert_eq!(found("`dp:exclude`", &excluded, &closed(r#""dp:*","team""#, "dp:exclude")), [""; 0]);
        assert_eq!(found("`dp:exclude`", &excluded, &closed(r#""team""#, "dp:exclude")).len(), 1);
    }

    /// Who was spared before the plan, and could be become as easily, is no news.
    #[test]
    fn an_exemption_that_gets_narrower_is_there_already() {
        let text = std::fs::read_to_string(fixtures("forgeable-exemption").join("bad-prefix.json")).unwrap();
        let status = |old: &str, new: &str| -> Vec<Status> {
            let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
            for change in plan["resource_changes"].as_array_mut().unwrap() {
                let change = &mut change["change"];
                let Some(content) = change["after"]["content"].as_str().map(str::to_owned) else { continue };
                let mut before = change["after"].clone();
                before["content"] = content.replace("role/watch-*", old).into();
                change["after"]["content"] = content.replace("role/watch-*", new).into();
                change["before"] = before;
                change["actions"] = serde_json::json!(["update"]);
            }
            let findings = review_text("plan.json", plan.to_string().into_bytes(), "").findings;
            let own = findings.into_iter().filter(|it| it.rule == FORGEABLE_EXEMPTION.info.id);
            own.map(|it| it.status).collect()
        };
        assert_eq!(status("role/*", "role/watch-*"), [Status::Existing]);
        assert_eq!(status("role/watch-*", "role/watch-admin*"), [Status::Existing]);
        assert_eq!(status("role/watch-*", "role/w*"), [Status::New]);
        assert_eq!(status("role/ops-*", "role/watch-*"), [Status::New]);
    }
}
