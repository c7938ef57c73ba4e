use orgward_finding::Severity;
use orgward_org::{Area, Control};
use orgward_plan::Attr;

use crate::controls::weakened_in;
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for protections of a whole account or vault that a plan turns off or weakens: encryption of new volumes by
    /// default, tokens for the metadata service of new instances, serial consoles, the password policy, locks of backup
    /// vaults, flow logs.
    ///
    /// ## Why is this bad?
    ///
    /// A default protects what was not thought of. Without it, each workload is as safe as its own configuration.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_ebs_encryption_by_default" "this" {
    ///   enabled = false
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_ebs_encryption_by_default" "this" {
    ///   enabled = true
    /// }
    /// ```
    ///
    /// A flow log that goes with its network loses nothing, and neither does what Terraform only forgets or creates again
    /// under another address. Switches against the public are about [`open-block`](open-block.md).
    ///
    /// ## When it cannot tell
    ///
    /// The value is unknown until apply.
    pub(crate) static WEAKENED_DEFAULT = {
        id: "weakened-default",
        summary: "a protection of the whole account or vault is turned off or weakened",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

/// The attributes of a flow log that name what it records.
const RECORDED: &[&str] =
    &["vpc_id", "subnet_id", "eni_id", "transit_gateway_id", "transit_gateway_attachment_id"];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() {
        return;
    }
    weakened_in(cx, findings, &WEAKENED_DEFAULT, Area::Defaults, |control| {
        goes_with_its_network(cx, control)
    });
}

/// Whether the plan also deletes the network that a flow log records.
fn goes_with_its_network(cx: &Context<'_>, control: &Control) -> bool {
    let recorded: Vec<String> = RECORDED.iter().filter_map(|name| control.text(name)).collect();
    let deleted = cx.after.planned().iter().filter(|change| change.operation.deletes());
    let mut ids = deleted.filter_map(|change| change.before.as_ref()).map(|values| values.get("id"));
    ids.any(|id| matches!(id, Attr::Known(id) if recorded.iter().any(|it| it == id)))
}
