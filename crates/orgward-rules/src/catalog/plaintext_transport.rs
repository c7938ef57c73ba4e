use orgward_finding::Severity;
use orgward_iam::{Answer, Callers, Effect, RequestSet};
use orgward_proof::access::transport;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for buckets, queues and topics of the plan whose policy does not deny requests without TLS.
    ///
    /// ## Why is this bad?
    ///
    /// What is sent without encryption can be read on the way.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222222222222:root" }, "Action": "s3:*", "Resource": "*" }
    /// ```
    ///
    /// Use instead a denial besides:
    ///
    /// ```json
    /// { "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
    ///   "Condition": { "Bool": { "aws:SecureTransport": "false" } } }
    /// ```
    ///
    /// Resources without a policy are not asked about.
    pub(crate) static PLAINTEXT_TRANSPORT = {
        id: "plaintext-transport",
        summary: "requests without TLS are not denied",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for resource in cx.after.access().resources.iter().filter(|it| matches!(it.service, "s3" | "sqs" | "sns"))
    {
        let read: Vec<_> = resource.policies.iter().filter_map(|it| it.document.policy()).collect();
        let Some(first) = resource.policies.first().filter(|_| read.len() == resource.policies.len()) else {
            continue;
        };
        let allowed =
            read.iter().fold(RequestSet::nothing(), |all, it| all.or(RequestSet::effect(it, Effect::Allow)));
        let denied =
            read.iter().fold(RequestSet::nothing(), |all, it| all.or(RequestSet::effect(it, Effect::Deny)));
        let people = RequestSet::by(Callers::Principals);
        // Whatever a policy of unknown actions says, it is about its own resource.
        let Some(plain) = transport(resource.service) else { continue };
        let Answer::Witness(request) = allowed.minus(denied).and(plain.requests()).and(people).example()
        else {
            continue;
        };
        let finding = findings.report(&PLAINTEXT_TRANSPORT, &first.address);
        finding.input = first.stack.as_deref().map(str::to_owned);
        finding.says(format!("`{}` is allowed without TLS", request.action));
        finding.help("deny requests with `aws:SecureTransport` false");
    }
}
