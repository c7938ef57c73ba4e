use orgward_finding::Severity;
use orgward_iam::glob;
use orgward_org::{Modality, Organization};
use orgward_plan::{Address, Strength};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for workloads that land in the management account.
    ///
    /// ## Why is this bad?
    ///
    /// No service control policy binds the management account. Whoever takes over a workload there takes over an
    /// account in which nothing is denied, and from which every other account can be reached.
    ///
    /// What belongs there: the organization itself, billing, Identity Center, and the organization's trail with its
    /// bucket. Everything else that computes, stores, connects or queues is a workload. Further types and addresses
    /// can be allowed in `[management]` of `orgward.toml`.
    ///
    /// Types that this version does not know, and those of the Cloud Control provider and of CloudFormation
    /// (`AWS::EC2::Instance` in the template of a stack), are what the other types of their service are.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// provider "aws" {} # credentials of the management account
    ///
    /// resource "aws_s3_bucket" "exports" {}
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_s3_bucket" "exports" {
    ///   provider = aws.shared_services
    /// }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// A plan does not say which account it is for. The rule concludes it from ARNs, owners, the caller's identity,
    /// the provider's `assume_role`, and other resources of the same provider; without any of them it says so, once
    /// for all resources. Adding `data "aws_caller_identity" "current" {}` to the configuration is enough.
    ///
    /// The type is new, and its service has types of several sorts, or is new itself.
    pub(crate) static MANAGEMENT_ACCOUNT_WORKLOAD = {
        id: "management-account-workload",
        summary: "workload lands in the management account",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut lost: Vec<&Address> = Vec::new();
    let allowed = &cx.config.management;
    let workloads = || {
        cx.after.workloads().filter_map(|workload| {
            let address = workload.node.address.as_ref()?;
            let is_allowed = allowed.allowed_types.iter().any(|it| glob(it, &workload.data.resource))
                || allowed.allowed_addresses.iter().any(|it| glob(it, address.as_str()));
            (!is_allowed).then_some((workload, address))
        })
    };
    for (workload, address) in workloads() {
        match cx.after.owner(workload.id) {
            Some((account, modality)) if account.management => {
                let resource = &workload.data.resource;
                let category = Organization::workload_category(resource);
                let finding = match category {
                    Some(_) => findings.about(&MANAGEMENT_ACCOUNT_WORKLOAD, workload.node),
                    None => findings.cannot_tell(&MANAGEMENT_ACCOUNT_WORKLOAD, workload.node),
                };
                let what = category.unwrap_or("a resource");
                // A resource that describes another one, and a stack that holds others.
                let is_described = resource.contains("::");
                let inside = if is_described { format!(" (`{resource}`)") } else { String::new() };
                finding.says(format!("{what}{inside} lands in the management account"));
                if category.is_none() {
                    finding.says(format!(
                        "undecided: `{resource}`, a type that this version does not know, lands in the management \
                         account and may be a workload"
                    ));
                }
                finding.accounts([account.node.label()]);
                finding.help("move it to a member account: give it the provider of that account");
                let strongest = workload.data.evidence.first();
                if let Some(evidence) = strongest {
                    finding.note(format!("the account follows from {evidence}"));
                }
                if modality == Modality::May || strongest.is_none_or(|e| e.strength < Strength::Strong) {
                    finding.rests_on("no resource of this provider shows its account");
                }
            }
            Some(_) => {}
            None => lost.push(address),
        }
    }
    let known = cx.after.management().is_some();
    // Without a management account, no resource is known to lie outside of it.
    if !known {
        lost = workloads().map(|(_, address)| address).collect();
    }
    if let Some(first) = lost.first() {
        let finding = findings.report(&MANAGEMENT_ACCOUNT_WORKLOAD, None);
        finding.verdict = orgward_finding::Verdict::Unverifiable;
        finding.severity = MANAGEMENT_ACCOUNT_WORKLOAD.info.unverifiable;
        let what = if lost.len() == 1 {
            format!("whether `{first}` lands in the management account")
        } else {
            format!("whether `{first}` and {} more land in the management account", lost.len() - 1)
        };
        finding.says(format!("cannot tell {what}"));
        finding.subject(lost.iter().map(|address| address.as_str()).collect::<Vec<_>>().join(" "));
        if known {
            finding.help("add `data \"aws_caller_identity\" \"current\" {}` to the configuration");
        } else {
            finding.note("no input says which account is the management account");
            finding.help(
                "give the state of the organization with `--org`, or `management_account` in `[organization]` of \
                 `orgward.toml`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MANAGEMENT_ACCOUNT_WORKLOAD;
    use crate::testing::{fixtures, messages_with, report, review_text};

    #[test]
    fn bucket_and_instance() {
        insta::assert_snapshot!(report(&MANAGEMENT_ACCOUNT_WORKLOAD, "bad-bucket-and-instance"), @"
        ── high: 2 found ───────────────────────────────────────────────────────────────

        management-account-workload

          × aws_instance.exporter: compute lands in the management account
          account: 111111111111
          note: the account follows from the caller's identity, `data.aws_caller_identity.this`
          help: move it to a member account: give it the provider of that account

        management-account-workload

          × aws_s3_bucket.exports: storage lands in the management account
          account: 111111111111
          note: the account follows from the caller's identity, `data.aws_caller_identity.this`
          help: move it to a member account: give it the provider of that account

        blocked: 2 high findings are new
        reviewed bad-bucket-and-instance.json: 3 accounts, 0 principals, 0 policies
        `orgward rules management-account-workload` explains the first one
        ");
    }

    /// The service of a type decides where the table does not have it, and what it leaves open is said.
    #[test]
    fn types_that_are_not_in_the_table() {
        let found = |kind: &str, attribute: &str, value: &str| -> Vec<String> {
            let file = "bad-bucket-and-instance.json";
            let text = std::fs::read_to_string(fixtures("management-account-workload").join(file)).unwrap();
            let mut plan: serde_json::Value =
                serde_json::from_str(&text.replace("aws_instance", kind)).unwrap();
            for change in plan["resource_changes"].as_array_mut().unwrap() {
                if change["type"] == kind {
                    change["change"]["after"] = serde_json::json!({ attribute: value });
                    change["change"]["after_unknown"] = serde_json::json!({});
                }
            }
            let findings = review_text(file, plan.to_string().into_bytes(), "").findings;
            let own = findings.into_iter().filter(|it| it.rule == MANAGEMENT_ACCOUNT_WORKLOAD.info.id);
            let about =
                own.filter(|it| it.address.as_ref().is_some_and(|at| at.as_str().contains("exporter")));
            about.map(|it| it.message).collect()
        };
        let undecided = |kind: &str| {
            format!(
                "undecided: `{kind}`, a type that this version does not know, lands in the management account and \
                 may be a workload"
            )
        };
        assert_eq!(
            found("aws_sagemaker_novelty", "name", "x"),
            ["machine learning lands in the management account"]
        );
        assert_eq!(found("aws_novel_thing", "name", "x"), [undecided("aws_novel_thing")]);
        assert_eq!(found("aws_organizations_novelty", "name", "x"), [""; 0]);
        let api = |kind: &str| found("aws_cloudcontrolapi_resource", "type_name", kind);
        assert_eq!(
            api("AWS::Lambda::Function"),
            ["compute (`AWS::Lambda::Function`) lands in the management account"]
        );
        assert_eq!(api("AWS::Novel::Thing"), [undecided("AWS::Novel::Thing")]);
        assert_eq!(api("AWS::IAM::Role"), [""; 0]);
        let stack = |template: &str| found("aws_cloudformation_stack", "template_body", template);
        assert_eq!(
            stack(
                "Parameters:\n  Image:\n    Type: AWS::EC2::Image::Id\nResources:\n  Host:\n    Type: AWS::EC2::Instance\n"
            ),
            ["compute (`AWS::EC2::Instance`) lands in the management account"]
        );
        assert_eq!(stack(r#"{"Resources":{"Alarm":{"Type":"AWS::CloudWatch::Alarm"}}}"#), [""; 0]);
    }

    /// What may land in the management account may land anywhere.
    #[test]
    fn what_is_allowed_there_is_not_asked_about() {
        let messages = |config: &str| {
            messages_with(
                &MANAGEMENT_ACCOUNT_WORKLOAD,
                "bad-unknown-account",
                &format!("[management]\n{config}"),
            )
        };
        assert!(messages("")[0].contains("and 1 more"));
        let one = messages("allowed_types = ['aws_s3_*']");
        assert!(one[0].contains("`aws_instance.exporter`") && !one[0].contains("more"), "{one:?}");
        assert_eq!(messages("allowed_types = ['aws_s3_*']\nallowed_addresses = ['aws_instance.*']"), [""; 0]);
    }

    #[test]
    fn unknown_account() {
        insta::assert_snapshot!(report(&MANAGEMENT_ACCOUNT_WORKLOAD, "bad-unknown-account"), @"
        ── low: 1 undecided (does not block) ───────────────────────────────────────────

        management-account-workload · undecided

          ? cannot tell whether `aws_instance.exporter` and 1 more land in the management account
          note: no input says which account is the management account
          help: give the state of the organization with `--org`, or `management_account` in `[organization]`
                of `orgward.toml`

        not blocked: nothing found, but 1 low thing is undecided
        reviewed bad-unknown-account.json: 0 accounts, 0 principals, 0 policies
        `orgward rules management-account-workload` explains the first one
        ");
    }
}
