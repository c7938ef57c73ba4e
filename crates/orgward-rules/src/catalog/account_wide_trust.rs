use orgward_finding::Severity;
use orgward_org::Membership;

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::source;
use orgward_proof::trust::{named_accounts, trusts};

rule! {
    /// Checks for roles that trust another account of the organization as a whole.
    ///
    /// ## Why is this bad?
    ///
    /// `arn:aws:iam::222222222222:root` does not mean the root user: it means every principal of the account that
    /// has `sts:AssumeRole`. Whoever administers that account decides who gets in, and an attacker in any of its
    /// workloads is one identity policy away.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222222222222:root" }, "Action": "sts:AssumeRole" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222222222222:role/delivery" }, "Action": "sts:AssumeRole" }
    /// ```
    ///
    /// or a condition on `aws:PrincipalArn` beside the account.
    pub(crate) static ACCOUNT_WIDE_TRUST = {
        id: "account-wide-trust",
        summary: "role trusts every principal of another account",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for trust in trusts(cx.after) {
        for named in named_accounts(trust.policy) {
            let elsewhere = !cx.after.is_own_account(trust.role.id, &named.account);
            let inside = cx.after.membership(trust.role.id, &named.account) == Membership::Inside;
            if !named.any_role || !elsewhere || !inside {
                continue;
            }
            let document = &trust.role.data.trust;
            let finding = findings.about(&ACCOUNT_WIDE_TRUST, trust.role.node);
            finding.subject(named.account.clone());
            if !document.text.is_sensitive() {
                finding.says(format!("role trusts every principal of account {}", named.account));
            }
            finding.show(&source(document), named.span.clone(), "the whole account");
            finding.help("name the role that needs it, or add a condition on `aws:PrincipalArn`");
            if trust.account.is_none() {
                finding.rests_on("which account the role is in is not known");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ACCOUNT_WIDE_TRUST;
    use crate::testing::{findings_with_document, report};

    /// A condition narrows only if it keeps some role of the account out.
    #[test]
    fn conditions_that_every_role_of_the_account_meets_narrow_nothing() {
        let is_wide = |statements: &str| {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
            let fixture = ("account-wide-trust", "bad-member-root");
            let attribute = ("assume_role_policy", document.as_str());
            !findings_with_document(&ACCOUNT_WIDE_TRUST, fixture, attribute).is_empty()
        };
        let trust = |principal: &str, action: &str, condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Condition":{{{condition}}}}}"#
            )
        };
        let (account, assume) = (r#"{"AWS":"arn:aws:iam::222222222222:root"}"#, "sts:AssumeRole");
        for wide in [
            trust(account, assume, r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:*"}"#),
            trust(account, assume, r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}"#),
            trust(account, assume, r#""StringLike":{"aws:userid":"*:*"}"#),
            trust(account, assume, r#""ArnEquals":{"aws:PrincipalArn":"${aws:PrincipalArn}"}"#),
            trust(account, assume, r#""StringEquals":{"sts:ExternalId":"7"}"#),
            trust(
                r#""*""#,
                assume,
                r#""StringEquals":{"aws:PrincipalAccount":"222222222222"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}"#,
            ),
        ] {
            assert!(is_wide(&wide), "{wide}");
        }
        let denial = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/x"}}}"#;
        for narrow in [
            trust(
                account,
                assume,
                r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/delivery"}"#,
            ),
            trust(account, assume, r#""StringEquals":{"aws:PrincipalTag/team":"delivery"}"#),
            trust(account, "sts:TagSession", ""),
            format!("{},{denial}", trust(account, assume, "")),
        ] {
            assert!(!is_wide(&narrow), "{narrow}");
        }
    }

    #[test]
    fn member_root() {
        insta::assert_snapshot!(report(&ACCOUNT_WIDE_TRUST, "bad-member-root"), @r#"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        account-wide-trust

          × aws_iam_role.reports: role trusts every principal of account 222222222222
           ╭─[aws_iam_role.reports.assume_role_policy:7:16]
         5 │       "Effect": "Allow",
         6 │       "Principal": {
         7 │         "AWS": "arn:aws:iam::222222222222:root"
           ·                ────────────────┬───────────────
           ·                                ╰── the whole account
         8 │       }
         9 │     }
           ╰────
          help: name the role that needs it, or add a condition on `aws:PrincipalArn`

        blocked: 1 medium finding is new
        reviewed bad-member-root.json: 3 accounts, 1 principal, 1 policy
        `orgward rules account-wide-trust` explains the first one
        "#);
    }
}
