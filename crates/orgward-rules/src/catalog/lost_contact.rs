use std::collections::BTreeSet;

use orgward_finding::Severity;

use crate::controls::{about, undecided};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for security contacts that are removed, or whose mailbox is not the organization's.
    ///
    /// ## Why is this bad?
    ///
    /// AWS writes to the alternate security contact when credentials leak or a resource attacks others. A mailbox
    /// elsewhere reads what is wrong with the accounts, and the people who have to act do not.
    ///
    /// The domains of the organization are those of the e-mail addresses of its accounts, and what lies below them.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_account_alternate_contact" "security" {
    ///   alternate_contact_type = "SECURITY"
    ///   email_address          = "security@elsewhere.example"
    ///   name                   = "Security"
    ///   phone_number           = "+1 555 0100"
    ///   title                  = "Security team"
    /// }
    /// ```
    ///
    /// Use instead an address with a domain of the organization.
    pub(crate) static LOST_CONTACT = {
        id: "lost-contact",
        summary: "AWS no longer reaches the security team of an account",
        severity: Severity::Low,
        unverifiable: Severity::Low,
        check: check,
    }
}

const CONTACT: &str = "aws_account_alternate_contact";

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() {
        return;
    }
    let is_security = |control: &&orgward_org::Control| {
        control.text("alternate_contact_type").is_none_or(|kind| kind == "SECURITY")
    };
    for control in cx.before.controls_of(CONTACT).filter(is_security) {
        let elsewhere = || {
            let same = |other: &orgward_org::Control| {
                other.text("account_id") == control.text("account_id") && other.account == control.account
            };
            cx.after.controls_of(CONTACT).filter(is_security).any(same)
        };
        if !cx.after.control(&control.key).is_some_and(|after| is_security(&after)) && !elsewhere() {
            let finding = about(findings, &LOST_CONTACT, control);
            finding.subject("removed").says("the security contact of the account is removed");
            finding.accounts(control.text("account_id"));
            finding.help("keep a security contact for every account");
        }
    }
    let domains = domains(cx);
    if domains.is_empty() {
        return;
    }
    for control in cx.after.controls_of(CONTACT).filter(is_security) {
        let Some(address) = control.text("email_address") else {
            let is_unknown = control.attributes.get("email_address").text() == orgward_plan::Attr::Unknown;
            if is_unknown {
                let finding = about(findings, &LOST_CONTACT, control);
                undecided(finding, &LOST_CONTACT);
                finding.says("undecided: the address of the security contact is unknown until apply");
            }
            continue;
        };
        let Some(domain) = domain(&address) else { continue };
        let is_own = |own: &String| domain == *own || domain.ends_with(&format!(".{own}"));
        if !domains.iter().any(is_own) {
            let finding = about(findings, &LOST_CONTACT, control);
            finding.subject(format!("{address} {}", control.text("account_id").unwrap_or_default()));
            finding.says(format!(
                "the security contact has a mailbox outside of the organization, at `{domain}`"
            ));
            finding.accounts(control.text("account_id"));
            let known: Vec<String> = domains.iter().take(4).map(|domain| format!("`{domain}`")).collect();
            finding.note(format!("the accounts of the organization have addresses at {}", known.join(", ")));
            finding.help("use a mailbox of the organization");
        }
    }
}

/// The domains of the accounts' addresses.
fn domains(cx: &Context<'_>) -> BTreeSet<String> {
    let mut domains = BTreeSet::new();
    // An account that the plan creates or changes does not decide what belongs to the organization.
    for control in cx.before.controls() {
        match control.resource.as_str() {
            "aws_organizations_account" => domains.extend(control.text("email").and_then(|it| domain(&it))),
            "aws_organizations_organization" => {
                domains.extend(control.text("master_account_email").and_then(|it| domain(&it)));
                let accounts = control.attributes.get("accounts").items().known().unwrap_or_default();
                let emails = accounts.iter().filter_map(|account| account.get("email").text().known());
                domains.extend(emails.filter_map(|email| domain(email.expose())));
            }
            _ => {}
        }
    }
    domains
}

fn domain(address: &str) -> Option<String> {
    address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase())
}
