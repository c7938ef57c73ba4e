use orgward_finding::Severity;
use orgward_org::NodeKind;
use orgward_plan::Attr;
use orgward_proof::access::Standing;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for permission sets that make administrators for longer than eight hours at a time.
    ///
    /// ## Why is this bad?
    ///
    /// A session that is stolen is good until it ends.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_ssoadmin_permission_set" "administrator" {
    ///   name             = "Administrator"
    ///   session_duration = "PT12H"
    /// }
    /// ```
    ///
    /// Use instead `session_duration = "PT1H"`.
    ///
    /// How long roles may be assumed is not asked.
    pub(crate) static LONG_SESSION = {
        id: "long-session",
        summary: "sessions of administrators last long",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

/// As long as a working day.
const HOURS: u32 = 8;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut seen = std::collections::BTreeSet::new();
    for (id, subject) in cx.access().subjects() {
        let NodeKind::PermissionSet(set) = &subject.node.kind else { continue };
        let Attr::Known(duration) = &set.session_duration else { continue };
        let hours = duration
            .strip_prefix("PT")
            .and_then(|it| it.split('H').next())
            .and_then(|it| it.parse::<u32>().ok());
        let is_long = hours.is_some_and(|hours| hours > HOURS);
        if is_long
            && *cx.access().standing(id) == Standing::Administrator
            && seen.insert(subject.node.key.clone())
        {
            let finding = findings.about(&LONG_SESSION, subject.node.get());
            finding.says(format!("administrators stay signed in for {} hours", hours.unwrap_or_default()));
            finding.help("set `session_duration` to a few hours");
        }
    }
}
