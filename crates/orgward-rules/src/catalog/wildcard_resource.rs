use orgward_finding::Severity;
use orgward_iam::{Catalogue, Effect};
use orgward_proof::org_policies::source;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for identity policies that allow actions which can be narrowed to resources on `*`.
    ///
    /// ## Why is this bad?
    ///
    /// It is more than is needed, and it grows with every new resource.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:eu-west-1:222222222222:table/orders" }
    /// ```
    ///
    /// Policies that AWS manages are not shown: nobody can narrow them.
    pub(crate) static WILDCARD_RESOURCE = {
        id: "wildcard-resource",
        summary: "action that takes resources is allowed on all",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (address, document) in cx.after.documents() {
        let Some(policy) = document.policy().filter(|policy| policy.kind == orgward_iam::Kind::Identity)
        else {
            continue;
        };
        let wide = policy.statements.iter().find_map(|statement| {
            let all = statement
                .resources
                .as_ref()
                .is_some_and(|it| !it.not && it.patterns.iter().any(|it| it.value == "*"));
            if statement.effect.value != Effect::Allow
                || statement.actions.not
                || !all
                || !statement.conditions.is_empty()
            {
                return None;
            }
            let action = statement.actions.patterns.iter().find(|pattern| {
                Catalogue::get().action(&pattern.value).is_some_and(orgward_iam::Action::has_resource_types)
            })?;
            Some((statement, action))
        });
        if let Some((_, action)) = wide {
            let finding = findings.report(&WILDCARD_RESOURCE, address);
            finding.subject(document.name.to_string());
            finding.says(format!("`{}` is allowed on every resource", action.value));
            finding.show(&source(document), action.span.clone(), "can be narrowed to resources");
            finding.help("name the resources that are needed");
        }
    }
}
