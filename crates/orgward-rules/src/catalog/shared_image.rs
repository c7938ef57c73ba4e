use orgward_finding::{Severity, Status, Verdict};
use orgward_org::{Membership, Organization, Share, SharedWith};
use orgward_plan::Attr;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for images, snapshots, documents and resource shares that are shared with everybody or outside of the
    /// organization.
    ///
    /// ## Why is this bad?
    ///
    /// Who gets a snapshot has the data in it, and who gets an image has the software, with whatever secrets were
    /// left in it.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_ami_launch_permission" "base" {
    ///   image_id = aws_ami.base.id
    ///   group    = "all"
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_ami_launch_permission" "base" {
    ///   image_id         = aws_ami.base.id
    ///   organization_arn = aws_organizations_organization.this.arn
    /// }
    /// ```
    ///
    /// A resource share that allows no principals outside of the organization is quiet: AWS refuses them.
    pub(crate) static SHARED_IMAGE = {
        id: "shared-image",
        summary: "image, snapshot or share leaves the organization",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for share in &cx.after.access().shares {
        let Some((who, unknown)) = outside(cx.after, share) else { continue };
        let had = |with: &dyn Fn(&SharedWith) -> bool| {
            let old = &cx.before.access().shares;
            old.iter().any(|old| old.what == share.what && old.subject == share.subject && with(&old.with))
        };
        // An account that was a member until now was no outsider.
        let was_inside = matches!(&share.with, SharedWith::Account(account)
            if orgward_proof::access::membership_of(cx.before, None, account) == Membership::Inside);
        let existing = !was_inside && had(&|with| *with == share.with || *with == SharedWith::Everybody);
        // A switch of the account refuses it, so that the apply fails and nothing is shared.
        if share.with == SharedWith::Everybody && !existing && is_refused(cx.after, share) {
            continue;
        }
        let finding = findings.report(&SHARED_IMAGE, &share.address);
        finding.input = share.stack.as_deref().map(str::to_owned);
        let who = if share.is_sensitive { "(sensitive value)".to_owned() } else { who };
        let with = if share.is_sensitive { String::new() } else { format!("{:?}", share.with) };
        finding.subject(format!("{} {with}", share.subject));
        finding.says(format!("{} `{}` is shared with {who}", share.what, share.subject));
        finding.help("share it with accounts or units of the organization");
        if let Some(why) = unknown {
            finding.verdict = Verdict::Unverifiable;
            finding.severity = SHARED_IMAGE.info.unverifiable;
            finding.note(why);
        }
        finding.described.is_redacted |= share.is_sensitive;
        if existing {
            finding.status = Status::Existing;
        }
    }
}

/// Whether a switch of the account and region refuses to share something with everybody.
fn is_refused(org: &Organization, share: &Share) -> bool {
    let Some(switch) = &share.switch else { return false };
    org.access()
        .blocks
        .iter()
        .filter(|block| block.holder == *switch)
        .any(|block| matches!(block.switch("state"), Attr::Known(level) if level > 0))
}

/// Whom outside something is shared with, and why that is not known for certain; `None` when it stays inside.
fn outside(org: &Organization, share: &Share) -> Option<(String, Option<String>)> {
    match &share.with {
        SharedWith::Everybody => Some(("everybody".to_owned(), None)),
        SharedWith::Account(account) => match orgward_proof::access::membership_of(org, None, account) {
            Membership::Outside => {
                Some((format!("account {account}, which is outside of the organization"), None))
            }
            Membership::Unknown if share.account.as_ref() != Some(account) => {
                let why = "the inputs do not list all accounts of the organization".to_owned();
                Some((format!("account {account}"), Some(why)))
            }
            Membership::Inside | Membership::Unknown => None,
        },
        SharedWith::Organization(id) => match org.symbolic_id() {
            Some(own) if own == id => None,
            Some(_) => Some((format!("organization `{id}`"), None)),
            None => Some((
                format!("organization `{id}`"),
                Some("the id of this organization is not in the inputs".to_owned()),
            )),
        },
        SharedWith::Unknown => Some((
            "a principal that is unknown until apply".to_owned(),
            Some("with whom is unknown until apply".to_owned()),
        )),
    }
}
