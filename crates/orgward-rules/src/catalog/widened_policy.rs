use orgward_finding::Severity;
use orgward_iam::{Answer, Effect, Standing, compare};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::policy_files::{Version, changed};
use crate::{Context, Findings};

rule! {
    /// Checks for policy files that allow what their former version did not allow, in repositories whose policies
    /// Terraform does not manage (`orgward policy review`). Both versions are compared over all requests.
    ///
    /// ## Why is this bad?
    ///
    /// A diff of JSON does not show what it opens: a condition that gets a second key, a list that loses an action, a
    /// negated operator. The finding shows one request that is allowed from now on.
    ///
    /// A policy of the organization only limits. What it no longer denies is open from now on, and removing it opens all
    /// that it denied. Where a manifest says what such a policy is attached to, `guardrail-removed` judges the accounts
    /// that it binds, and this finding is for information.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": ["cloudtrail:StopLogging"], "Resource": "*" }
    /// ```
    ///
    /// where `cloudtrail:DeleteTrail` was in the list. Use instead a list that has both, or an exemption that names the
    /// role which has to delete trails.
    ///
    /// ## When it cannot tell
    ///
    /// A version is no policy, has placeholders that nothing fills in (`--set NAME=VALUE` does), or is too intricate to be
    /// decided.
    pub(crate) static WIDENED_POLICY = {
        id: "widened-policy",
        summary: "policy allows what it did not allow before",
        severity: Severity::Medium,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for file in changed(cx) {
        let Some(versions) = file.versions() else { continue };
        let finding = findings.report(&WIDENED_POLICY, file.address);
        if file.is_attached {
            finding.severity = Severity::Info;
        }
        let [before, after] = match versions {
            Ok(versions) => versions,
            Err(doubt) => {
                finding.verdict = orgward_finding::Verdict::Unverifiable;
                finding.says("undecided: whether this policy allows more than before");
                finding.note(doubt);
                continue;
            }
        };
        let compared = compare(before.policy(), after.policy());
        match compared.gained {
            Answer::None => {
                findings.list.pop();
            }
            Answer::Undecided(why) => {
                finding.verdict = orgward_finding::Verdict::Unverifiable;
                finding.says("undecided: whether this policy allows more than before");
                finding.note(why);
            }
            Answer::Witness(request) => {
                finding.says(match (&after, compared.gained_standing) {
                    (Version::Open(_), _) => {
                        format!("the policy is removed, and no longer denies `{}`", request.action)
                    }
                    (_, Some(_)) => format!("policy grants `{}` more firmly than before", request.action),
                    (_, None) => format!("policy allows `{}`, which it did not allow before", request.action),
                });
                if let Some(standing) = compared.gained_standing {
                    finding.note(format!("both versions allow it; from now on {}", needs(standing)));
                }
                let effect = |policy: &orgward_iam::Policy, effect: Effect| {
                    let mut all = policy.matching(&request).map(|(_, it)| it.actions.span.clone());
                    let mut of = policy.matching(&request).map(|(_, it)| it.effect.value == effect);
                    all.find(|_| of.next() == Some(true))
                };
                // What allows it now, else what denied it.
                if let (Some(document), Version::Written(policy)) = (file.after, &after)
                    && let Some(span) = effect(policy, Effect::Allow)
                {
                    finding.show(&source(document), span, "allows it");
                }
                if let (Some(document), Version::Written(policy)) = (file.before, &before)
                    && let Some(span) = effect(policy, Effect::Deny)
                {
                    finding.show(&source(document), span, "denied it before");
                }
                if file.is_attached {
                    finding.note(
                        "a manifest attaches it: `guardrail-removed` judges the accounts that it binds",
                    );
                }
                finding.witness(witness(&request));
                finding.help("keep what the policy denied or left out, or accept the change with a waiver");
            }
        }
    }
}

/// What else has to allow a request that a grant of a standing allows.
const fn needs(standing: Standing) -> &'static str {
    match standing {
        Standing::Account => "the policies of the caller have to allow it as well",
        Standing::Role => "the permissions boundary and the session policies of the role limit it",
        Standing::Caller => "nothing else has to allow it within the account",
    }
}

#[cfg(test)]
mod tests;
