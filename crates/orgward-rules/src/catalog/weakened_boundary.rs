use std::collections::BTreeMap;

use orgward_finding::Severity;
use orgward_iam::{Answer, allowed_but_not};
use orgward_org::NodeKind;
use orgward_proof::access::Cap;
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for policies that are permissions boundaries and that a plan lets allow what they did not allow.
    /// Old and new text are compared over all requests.
    ///
    /// ## Why is this bad?
    ///
    /// One change of a boundary changes what every principal that carries it can become.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["s3:*", "sqs:*", "iam:*"], "Resource": "*" }
    /// ```
    ///
    /// where `iam:*` is new. Use instead a boundary of its own for the principals that need more.
    ///
    /// That a principal exchanges its boundary for another policy is what `unbounded-principal` finds.
    pub(crate) static WEAKENED_BOUNDARY = {
        id: "weakened-boundary",
        summary: "boundary allows what it did not allow before",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if std::ptr::eq(cx.before, cx.after) {
        return;
    }
    let mut carried: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for access in [cx.access_before(), cx.access()] {
        for (_, subject) in access.subjects() {
            if let Cap::Policy { name, .. } = &subject.cap {
                carried.entry(name.clone()).or_default().push(subject.node.key.to_string());
            }
        }
    }
    for policy in cx.after.managed_policies() {
        let Some(bearers) = carried.get(&*policy.data.document.name) else { continue };
        let old = cx.before.find(&policy.node.key).and_then(|id| cx.before.node(id));
        let Some(NodeKind::ManagedPolicy(old)) = old.map(|node| &node.kind) else { continue };
        let (Some(was), Some(is)) = (old.document.policy(), policy.data.document.policy()) else {
            if old.document.policy().is_some() {
                let finding = findings.cannot_tell(&WEAKENED_BOUNDARY, policy.node);
                finding.says("what this boundary will allow is unknown until apply");
                finding.notes.extend(policy.data.document.doubt());
            }
            continue;
        };
        let mut bearers = bearers.clone();
        bearers.sort();
        bearers.dedup();
        let count = bearers.len();
        match allowed_but_not(is, was) {
            Answer::None => {}
            Answer::Witness(request) => {
                let finding = findings.about(&WEAKENED_BOUNDARY, policy.node);
                finding.says(format!("boundary allows `{}`, which it did not allow before", request.action));
                let allowing =
                    is.matching(&request).find(|(_, it)| it.effect.value == orgward_iam::Effect::Allow);
                if let Some((_, statement)) = allowing {
                    finding.show(&source(&policy.data.document), statement.actions.span.clone(), "allows it");
                }
                let shown: Vec<String> = bearers.iter().take(5).map(|it| format!("`{it}`")).collect();
                let more = if count > 5 { format!(" and {} more", count - 5) } else { String::new() };
                finding.note(format!("it bounds {}{more}", shown.join(", ")));
                finding.witness(witness(&request));
                finding.help(
                    "keep the boundary as it was, and give principals that need more a boundary of their own",
                );
            }
            Answer::Undecided(why) => {
                let finding = findings.cannot_tell(&WEAKENED_BOUNDARY, policy.node);
                finding.says("undecided: whether this boundary allows more than before");
                finding.note(why);
            }
        }
    }
}
