use orgward_finding::Severity;
use orgward_org::{Area, Control};

use crate::controls::{about, undecided, weakened_in};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for detection that a plan turns off or narrows: GuardDuty, Security Hub, AWS Config, IAM Access Analyzer,
    /// Macie, Detective, Inspector, Audit Manager, Firewall Manager, Security Lake.
    ///
    /// ## Why is this bad?
    ///
    /// What is not watched is not found. A detector that is suspended, a recorder that leaves IAM out, an aggregator
    /// with one region, or an organization that no longer enrols new accounts, looks like a quiet day.
    ///
    /// Every attribute that protects is compared with what it was, and so is what is destroyed. What the provider only
    /// forgets when it is destroyed (features of a detector, configurations of the organization) goes on in AWS and is
    /// not reported. What hides findings as they come (filters that archive, automation rules that suppress, trusted lists
    /// of addresses) is low while something narrows it, and medium where nothing but the severity does.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_guardduty_detector" "this" {
    ///   enable = false
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_guardduty_detector" "this" {
    ///   enable = true
    /// }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// The value is unknown until apply.
    pub(crate) static WEAKENED_DETECTION = {
        id: "weakened-detection",
        summary: "a service that finds what is wrong is turned off or narrowed",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() {
        return;
    }
    muted(cx, findings);
    weakened_in(cx, findings, &WEAKENED_DETECTION, Area::Detection, |_| false);
}

/// Reports what hides findings and did not before. What was only moved to another address hides what it hid.
fn muted(cx: &Context<'_>, findings: &mut Findings) {
    for control in cx.after.controls() {
        let before = cx.before.control(&control.key);
        let Some(muting) = control.mutes(before) else { continue };
        let moved =
            |old: &Control| cx.after.control(&old.key).is_none() && control.mutes(Some(old)).is_none();
        if before.is_none() && cx.before.controls_of(&control.resource).any(moved) {
            continue;
        }
        let finding = about(findings, &WEAKENED_DETECTION, control);
        finding.subject(muting.attribute);
        finding.severity = if muting.is_broad { Severity::Medium } else { Severity::Low };
        if muting.is_unknown {
            undecided(finding, &WEAKENED_DETECTION);
            finding.says(format!("undecided: whether and which {}", muting.says));
            finding.help("set what it matches to values that the plan shows");
            continue;
        }
        let narrows = if muting.is_broad { "; nothing but their severity narrows it" } else { "" };
        finding.says(format!("{}{narrows}", muting.says));
        finding.help("name what it is about as narrowly as possible: a type of finding and a resource");
    }
}
