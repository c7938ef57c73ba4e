use orgward_finding::Severity;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for access keys and other credentials of IAM users that do not expire.
    ///
    /// ## Why is this bad?
    ///
    /// A key that leaks is good until it is noticed. The secret also stands in the state of Terraform.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_iam_access_key" "ci" {
    ///   user = aws_iam_user.ci.name
    /// }
    /// ```
    ///
    /// Use instead a role that the CI assumes with the token of its identity provider.
    ///
    /// Console passwords are what `human-iam-user` finds.
    pub(crate) static LONG_LIVED_KEY = {
        id: "long-lived-key",
        summary: "credential that does not expire",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for user in cx.after.users() {
        for credential in user.data.credentials.iter().filter(|it| it.what != "console password") {
            let finding = findings.report(&LONG_LIVED_KEY, &credential.address);
            finding.input = user.node.stack.as_deref().map(str::to_owned);
            finding.says(format!("{} of the user `{}` does not expire", credential.what, user.node.title()));
            finding.help("let the workload assume a role");
        }
    }
}
