use orgward_finding::{Severity, Verdict};
use orgward_org::{Hidden, NodeKind};
use orgward_plan::{Absence, Evidence, Missing, Placement, Strength};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for inputs that do not tell the whole story, or that contradict themselves.
    ///
    /// ## Why is this bad?
    ///
    /// Terraform saves a plan also when planning stopped at an error, when `-target` left things out, and when
    /// changes were put off. What such a plan does not show may be the very attachment that keeps an account
    /// locked. Nothing is called safe on its strength.
    ///
    /// Inputs can also contradict each other: two plans manage one thing, a plan deletes what another one manages,
    /// states put an account into two units, two accounts are the management account, evidence puts a resource into
    /// two accounts. A plan does not contradict older states of its own stack: it is right.
    ///
    /// One AWS object can stand at two addresses of one plan, with two outcomes: AWS has one object, and what is
    /// destroyed at one address is gone at the other one, too.
    ///
    /// A snapshot of a live organization names what AWS refused to show. It was missing before the plan, too, so that it
    /// blocks no plan; no answer that depends on it is certain.
    ///
    /// What nothing here reads is named: `awscc_iam_role`, `CloudFormation` stacks, Cloud Control resources, products of
    /// Service Catalog, provisioners and programs can do what `aws_iam_role` does. Templates are read where the plan
    /// shows them.
    ///
    /// ## Example
    ///
    /// ```sh
    /// terraform plan -target=module.app -out=tfplan
    /// ```
    ///
    /// Use instead:
    ///
    /// ```sh
    /// terraform plan -out=tfplan
    /// ```
    pub(crate) static UNVERIFIABLE_PLAN = {
        id: "unverifiable-plan",
        summary: "the input does not tell the whole story",
        severity: Severity::High,
        unverifiable: Severity::High,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (input, doubt) in cx.doubts {
        let finding = findings.report(&UNVERIFIABLE_PLAN, None);
        finding.verdict = Verdict::Unverifiable;
        finding.target(input.clone()).subject(doubt.clone());
        finding.says(format!("nothing can be called safe: {doubt}"));
        finding.help(
            "review a complete plan: `terraform plan -out=tfplan` without `-target`, and without errors",
        );
    }
    for contradiction in cx.after.contradictions() {
        let finding = findings.report(&UNVERIFIABLE_PLAN, None);
        finding.verdict = Verdict::Unverifiable;
        finding.subject(contradiction.clone()).says(contradiction.clone());
        finding.help("give inputs of one organization, and one plan of each stack");
    }
    not_read(cx, findings);
    for unjudged in cx.after.unjudged() {
        let finding = findings.report(&UNVERIFIABLE_PLAN, &unjudged.address);
        finding.verdict = Verdict::Unverifiable;
        finding.severity = match unjudged.weight {
            Hidden::Contradiction => Severity::High,
            Hidden::Anything => Severity::Medium,
            Hidden::Part => Severity::Low,
        };
        finding.input = unjudged.stack.as_deref().map(str::to_owned);
        finding.subject(unjudged.message.clone()).says(unjudged.message.clone()).help(unjudged.help);
    }
    for (_, node) in cx.after.nodes() {
        let evidence: &[Evidence] = match &node.kind {
            NodeKind::Role(role) => &role.evidence,
            NodeKind::User(user) => &user.evidence,
            NodeKind::Workload(workload) => &workload.evidence,
            _ => continue,
        };
        if evidence.len() < 2 {
            continue;
        }
        let placement = Placement { evidence: evidence.to_vec() };
        if let Some((one, other)) = placement.conflict() {
            let finding = findings.cannot_tell(&UNVERIFIABLE_PLAN, node);
            finding.subject("account");
            finding.says(format!(
                "evidence puts it into two accounts: {} by {}, and {} by {}",
                one.landing, one.source, other.landing, other.source
            ));
            finding.help(if other.strength == Strength::Declared {
                "correct `[stacks]` of `orgward.toml`: what the plan shows was believed"
            } else {
                "one provider configuration for one account makes the account certain"
            });
        }
    }
}

/// One finding for each kind of thing that a snapshot does not show, with the accounts.
fn not_read(cx: &Context<'_>, findings: &mut Findings) {
    for missing in Missing::of(cx.after.not_read()) {
        let finding = findings.report(&UNVERIFIABLE_PLAN, None);
        finding.verdict = Verdict::Unverifiable;
        // Who can do what in an account makes no difference to what organization policies deny.
        let is_aside = cx.guardrails_only && !missing.accounts.is_empty();
        finding.severity = match missing.absence {
            Absence::LeftOut => Severity::Info,
            Absence::Limit => Severity::Low,
            Absence::Refused | Absence::NotCollected if is_aside => Severity::Low,
            Absence::Refused | Absence::NotCollected => Severity::Medium,
        };
        finding.subject(format!("{}: {}", missing.what, missing.why));
        finding.says(missing.to_string());
        finding.help(missing.absence.cure());
        finding.accounts(missing.accounts);
    }
}

#[cfg(test)]
mod tests {
    use orgward_finding::{Severity, Verdict};
    use serde_json::json;

    use super::UNVERIFIABLE_PLAN;
    use crate::testing::{fixtures, report, review_text};

    /// Terraform 1.14 invokes actions beside the changes of a plan: a command with the credentials of the apply may do
    /// anything. Written by hand after the format of 1.14.
    #[test]
    fn actions_that_the_apply_invokes_are_named() {
        let plan = std::fs::read(fixtures("unverifiable-plan").join("good-complete.json")).unwrap();
        let mut plan: serde_json::Value = serde_json::from_slice(&plan).unwrap();
        let action = |kind: &str, trigger: Option<&str>| {
            json!({"address": format!("action.{kind}.run"), "type": kind, "name": "run",
                "provider_name": "registry.terraform.io/hashicorp/local", "config_values": {"command": "secret"},
                "lifecycle_action_trigger": trigger.map(|it| json!({"triggering_resource_address": it,
                    "action_trigger_event": "AfterCreate", "action_trigger_block_index": 0, "actions_list_index": 0}))})
        };
        plan["action_invocations"] =
            json!([action("local_command", Some("aws_iam_role.app")), action("aws_ec2_stop_instance", None)]);
        plan["deferred_action_invocations"] =
            json!([{"reason": "deferred_prereq", "action_invocation": action("aws_lambda_invoke", None)}]);
        let review = review_text("plan.json", serde_json::to_vec(&plan).unwrap(), "");
        let told: Vec<_> = review
            .findings
            .iter()
            .filter(|finding| finding.rule == "unverifiable-plan")
            .map(|finding| {
                assert_eq!(finding.verdict, Verdict::Unverifiable);
                (finding.severity, finding.address.as_ref().unwrap().as_str(), finding.message.as_str())
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    Severity::Medium,
                    "action.local_command.run",
                    "the apply invokes this action with the change of `aws_iam_role.app`: what its command does \
                     is not judged"
                ),
                (
                    Severity::Low,
                    "action.aws_lambda_invoke.run",
                    "the apply invokes this action: what it starts is not judged"
                ),
            ]
        );
    }

    #[test]
    fn errored() {
        insta::assert_snapshot!(report(&UNVERIFIABLE_PLAN, "bad-errored"), @"
        ── high: 1 undecided ───────────────────────────────────────────────────────────

        unverifiable-plan · undecided

          ? bad-errored.json: nothing can be called safe: planning stopped at an error, and the plan was
          │ saved all the same
          help: review a complete plan: `terraform plan -out=tfplan` without `-target`, and without errors

          ? bad-errored.json does not tell the whole story
          because: planning stopped at an error, and the plan was saved all the same
          help: accepted with `--allow-incomplete`: what is missing may be worse than what is shown

        blocked: 1 high thing is undecided
        reviewed bad-errored.json: 0 accounts, 0 principals, 0 policies
        `orgward rules unverifiable-plan` explains the first one
        ");
    }

    #[test]
    fn target() {
        insta::assert_snapshot!(report(&UNVERIFIABLE_PLAN, "bad-target"), @"
        ── high: 1 undecided ───────────────────────────────────────────────────────────

        unverifiable-plan · undecided

          ? bad-target.json: nothing can be called safe: applying it does not reach the whole configuration
          │ (`-target`, or deferred changes)
          help: review a complete plan: `terraform plan -out=tfplan` without `-target`, and without errors

          ? bad-target.json does not tell the whole story
          because: applying it does not reach the whole configuration (`-target`, or deferred changes)
          help: accepted with `--allow-incomplete`: what is missing may be worse than what is shown

        blocked: 1 high thing is undecided
        reviewed bad-target.json: 0 accounts, 0 principals, 0 policies
        `orgward rules unverifiable-plan` explains the first one
        ");
    }

    #[test]
    fn what_is_not_read_is_named_with_what_is_known() {
        insta::assert_snapshot!(report(&UNVERIFIABLE_PLAN, "bad-unread"), @"
        ── medium: 3 undecided ─────────────────────────────────────────────────────────

        unverifiable-plan · undecided

          ? aws_cloudformation_stack.deploy: the plan creates it, and AWS::IAM::Role in it is not judged
          help: look at it by hand: nothing in this report says what it changes

        unverifiable-plan · undecided

          ? aws_cloudformation_stack.elsewhere: the plan creates it; it can change whatever its template
          │ holds, which is not judged
          help: look at it by hand: nothing in this report says what it changes

        unverifiable-plan · undecided

          ? terraform_data.setup: the plan creates it, and its provisioners run programs, which are not
          │ judged
          help: look at it by hand: nothing in this report says what it changes

        ── low: 1 undecided (does not block) ───────────────────────────────────────────

        unverifiable-plan · undecided

          ? aws_identitystore_group_membership.admin: the plan creates it; it can change who is in a group
          │ of Identity Center, which is not judged
          help: look at it by hand: nothing in this report says what it changes

        blocked: 3 medium things are undecided (1 milder one does not block)
        reviewed bad-unread.json: 0 accounts, 0 principals, 0 policies
        not judged: 2 changed resources are of types that no rule reads: `aws_identitystore_group_membership` (1), `terraform_data` (1)
        `orgward rules unverifiable-plan` explains the first one
        ");
    }
}
