use orgward_finding::{Severity, Status};
use orgward_iam::{Answer, Effect, Policy, PrincipalPattern, Request};
use orgward_org::{Document, NodeId};
use orgward_plan::Address;
use orgward_proof::access::Access;
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for trust policies and policies of resources that let in an AWS service which acts for customers,
    /// without saying for which: no `aws:SourceArn`, `aws:SourceAccount` or `aws:SourceOrgID` of one's own.
    ///
    /// ## Why is this bad?
    ///
    /// The service acts for every AWS customer. Whoever tells it to use this resource on behalf of their own account
    /// is let in: the confused deputy.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": "*",
    ///   "Condition": { "StringEquals": { "aws:SourceAccount": "222222222222" } } }
    /// ```
    ///
    /// Services such as EC2 and Lambda, which `iam:PassRole` binds to the account of the role, are quiet in trust policies.
    pub(crate) static CONFUSED_DEPUTY = {
        id: "confused-deputy",
        summary: "service is let in on behalf of whoever asks it",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

/// Services that use a role only where `iam:PassRole` of its own account let them: no other account can name it.
const PASSED: &[&str] = &[
    "codebuild",
    "codepipeline",
    "ec2",
    "ecs",
    "ecs-tasks",
    "edgelambda",
    "eks",
    "eks-fargate-pods",
    "eks-nodegroup",
    "lambda",
    "pods.eks",
    "spotfleet",
    "tasks.apprunner",
];

/// A policy that may let in services.
struct Asked<'o> {
    document: &'o Document,
    address: Option<&'o Address>,
    stack: Option<String>,
    owner: Option<NodeId>,
    trust: bool,
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let old = asked(before);
    for asked in asked(access) {
        let Some(policy) = asked.document.policy() else { continue };
        for (service, request, span) in deputies(access, policy, &asked) {
            let finding = findings.report(&CONFUSED_DEPUTY, asked.address);
            finding.input.clone_from(&asked.stack);
            finding.subject(service.clone());
            finding.says(format!(
                "`{service}` may `{}` here on behalf of any account that asks it",
                request.action
            ));
            finding.show(&source(asked.document), span, "acts for every customer of AWS");
            finding.witness(witness(&request));
            finding.help("require `aws:SourceAccount` or `aws:SourceArn` of your own, or `aws:SourceOrgID`");
            let was = old.iter().find(|it| it.document.name == asked.document.name);
            let had = was.and_then(|was| was.document.policy().map(|policy| (was, policy)));
            if had.is_some_and(|(was, policy)| {
                deputies(before, policy, was).iter().any(|(name, ..)| *name == service)
            }) {
                finding.status = Status::Existing;
            }
        }
    }
}

fn asked<'o>(access: &Access<'o>) -> Vec<Asked<'o>> {
    let org = access.organization();
    let mut asked: Vec<Asked<'o>> = Vec::new();
    for role in org.roles() {
        asked.push(Asked {
            document: &role.data.trust,
            address: role.node.address.as_ref(),
            stack: role.node.stack.as_deref().map(str::to_owned),
            owner: org.owner(role.id).map(|(account, _)| account.id),
            trust: true,
        });
    }
    for resource in &org.access().resources {
        asked.extend(resource.policies.iter().map(|policy| Asked {
            document: &policy.document,
            address: Some(&policy.address),
            stack: policy.stack.as_deref().map(str::to_owned),
            owner: resource.owner,
            trust: false,
        }));
    }
    asked
}

/// The services that are let in on behalf of accounts outside, each with a request and the place that names it.
fn deputies<'o>(
    access: &Access<'o>,
    policy: &'o Policy,
    asked: &Asked<'_>,
) -> Vec<(String, Request, std::ops::Range<usize>)> {
    let mut found: Vec<(String, Request, std::ops::Range<usize>)> = Vec::new();
    for statement in policy.statements.iter().filter(|it| it.effect.value == Effect::Allow) {
        for pattern in statement.principals.iter().flat_map(|principals| &principals.patterns) {
            let service = match &pattern.value {
                PrincipalPattern::Service(service) => service.as_str(),
                // Everybody, as long as a service says for what it acts.
                PrincipalPattern::Everyone
                    if statement.conditions.iter().any(|line| {
                        let key = line.key.value.to_ascii_lowercase();
                        key == "aws:sourcearn" || key == "aws:sourceaccount"
                    }) =>
                {
                    "sns.amazonaws.com"
                }
                _ => continue,
            };
            let name = service.split(".amazonaws.com").next().unwrap_or(service);
            if asked.trust && PASSED.contains(&name) || found.iter().any(|(known, ..)| known == service) {
                continue;
            }
            if let Answer::Witness(request) = access.deputy(policy, service, asked.owner) {
                found.push((service.to_owned(), *request, pattern.span.clone()));
            }
        }
    }
    found
}
