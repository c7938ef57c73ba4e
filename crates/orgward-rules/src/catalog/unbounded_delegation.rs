use orgward_finding::Severity;

use crate::engine::rule;
use crate::escalation::{Way, report};
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users that can create and arm another principal without a permissions boundary that
    /// holds. Proved over identity policies, boundary and service control policies, each request with the value of
    /// `iam:PermissionsBoundary` that it would have.
    ///
    /// ## Why is this bad?
    ///
    /// Whoever creates a role without a boundary, gives it `AdministratorAccess` and lets itself assume it is an
    /// administrator.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["iam:CreateRole", "iam:AttachRolePolicy"], "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["iam:CreateRole", "iam:AttachRolePolicy"], "Resource": "*",
    ///   "Condition": { "StringEquals": { "iam:PermissionsBoundary": "arn:aws:iam::222222222222:policy/boundary" } } }
    /// ```
    ///
    /// A policy that allows everything is no boundary: what may be given `AdministratorAccess`, or another policy of the
    /// account that makes an administrator, as its boundary is bounded by nothing.
    ///
    /// A boundary that another stack could rewrite is not seen.
    pub(crate) static UNBOUNDED_DELEGATION = {
        id: "unbounded-delegation",
        summary: "principal can create another one without a boundary",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(&UNBOUNDED_DELEGATION, cx, Way::Create, findings);
}

#[cfg(test)]
mod tests {
    use super::UNBOUNDED_DELEGATION;
    use crate::testing::{fixtures, review_text};

    /// One of the boundaries that a delegate may choose allows everything.
    #[test]
    fn a_boundary_that_bounds_nothing() {
        let text =
            std::fs::read_to_string(fixtures("unbounded-delegation").join("good-forced-boundary.json"));
        let text = text.unwrap();
        let found = |wide: &str| -> Vec<String> {
            let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
            let arn = |name: &str| format!("arn:aws:iam::333333333333:policy/boundary/{name}");
            let rows = plan["resource_changes"].as_array_mut().unwrap();
            for row in rows.iter_mut() {
                let policy = &mut row["change"]["after"]["policy"];
                if let Some(document) = policy.as_str() {
                    let (cap, both) =
                        (format!(r#""{}""#, arn("cap")), format!(r#"["{}","{}"]"#, arn("cap"), arn("wide")));
                    *policy = document.replace(&cap, &both).into();
                }
            }
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{wide},"Resource":"*"}}]}}"#
            );
            let values = serde_json::json!({"name": "wide", "path": "/boundary/", "arn": arn("wide"),
                "id": arn("wide"), "policy": document});
            rows.push(serde_json::json!({"address": "aws_iam_policy.wide", "mode": "managed",
                "type": "aws_iam_policy", "name": "wide", "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {"actions": ["no-op"], "before": values, "after": values, "after_unknown": {}}}));
            let findings = review_text("plan.json", plan.to_string().into_bytes(), "").findings;
            let own = findings.into_iter().filter(|it| it.rule == UNBOUNDED_DELEGATION.info.id);
            own.map(|it| it.message).collect()
        };
        let told = found(r#""*""#);
        assert!(
            matches!(told.as_slice(), [one] if one.contains("with a boundary that bounds nothing")),
            "{told:?}"
        );
        assert_eq!(found(r#"["s3:*","lambda:*"]"#), [""; 0]);
    }
}
