use std::collections::BTreeSet;

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
    /// Policies that AWS manages are not shown: customers cannot narrow them.
    pub(crate) static WILDCARD_RESOURCE = {
        id: "wildcard-resource",
        summary: "action that takes resources is allowed on all",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    let held = cx.access().subjects().flat_map(|(_, subject)| &subject.held);
    for held in held {
        // Policies that AWS manages have no document here, and several principals have the same one.
        let Some(document) = held.document.filter(|document| seen.insert(document.name.clone())) else {
            continue;
        };
        let wide = held.policy.statements.iter().find_map(|statement| {
            let all = statement.resources.as_ref().is_some_and(|it| {
                let everything = it.patterns.iter().any(|pattern| pattern.value == "*");
                !it.not && everything
            });
            if statement.effect.value != Effect::Allow || statement.actions.not || !all {
                return None;
            }
            statement.actions.patterns.iter().find(|pattern| {
                let action = Catalogue::get().action(&pattern.value);
                action.is_some_and(orgward_iam::Action::has_resource_types)
            })
        });
        if let Some(action) = wide {
            let finding = findings.report(&WILDCARD_RESOURCE, held.address);
            finding.input = held.stack.as_deref().map(str::to_owned);
            finding.subject(document.name.to_string());
            finding.says(format!("`{}` is allowed on every resource", action.value));
            finding.show(&source(document), action.span.clone(), "can be narrowed to resources");
            finding.help("name the resources that are needed");
        }
    }
}
