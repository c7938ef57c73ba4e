use orgward_finding::{Finding, Severity};
use orgward_org::Departure;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for accounts that leave the organization, are closed or are replaced, and for the organization itself.
    ///
    /// ## Why is this bad?
    ///
    /// An account that is destroyed without `close_on_deletion` is not deleted: AWS removes it from the organization,
    /// and it goes on alone, without any service control policy, trail or detector of the organization. Another
    /// `email`, `role_name` or `iam_user_access_to_billing` (with older providers another `name`, too) does not change an
    /// account: the provider creates a new one, and the old one leaves with everything in it.
    ///
    /// What Terraform only forgets (`removed` with `destroy = false`) leaves nothing and is not reported, nor are
    /// accounts that move to another unit. A plan that destroys everything is one finding.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_account" "shop" {
    ///   name  = "shop"
    ///   email = "aws+shop-production@example.com" # was aws+shop@example.com
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_organizations_account" "shop" {
    ///   name  = "shop"
    ///   email = "aws+shop-production@example.com" # changed in the account first, then imported
    ///
    ///   lifecycle {
    ///     prevent_destroy = true
    ///     ignore_changes  = [email]
    ///   }
    /// }
    /// ```
    pub(crate) static DEPARTING_ACCOUNT = {
        id: "departing-account",
        summary: "account leaves the organization, and with it every guardrail",
        severity: Severity::Critical,
        unverifiable: Severity::High,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let departures = cx.after.departures();
    // With the organization, everything in it leaves: one finding tells so.
    if let Some(first) = departures.iter().find(|departure| departure.is_organization) {
        let finding = about(first, findings);
        finding.says(match first.replaced_for {
            Some(_) => "the organization is deleted and created anew: every account leaves it, and with it every guardrail",
            None => "the organization is destroyed: every account leaves it, and with it every guardrail",
        });
        finding.accounts(departures.iter().filter(|it| !it.is_organization).map(label));
        finding
            .help("keep the organization: `removed` with `destroy = false` takes it out of the state only");
        return;
    }
    let everything: Vec<&Departure> = departures.iter().filter(|it| it.with_everything).collect();
    if let [first, _, ..] = everything.as_slice() {
        let finding = about(first, findings);
        finding.subject(everything.iter().map(|it| label(it)).collect::<Vec<_>>().join(" "));
        let leaving = everything.iter().filter(|it| !it.is_closed).count();
        finding.says(format!(
            "everything is destroyed: {leaving} accounts leave the organization, {} are closed",
            everything.len() - leaving
        ));
        if leaving == 0 {
            finding.severity = Severity::High;
        }
        finding.accounts(everything.iter().map(|it| label(it)));
        help(first, finding);
    }
    let alone = everything.len() < 2;
    for departure in departures.iter().filter(|it| alone || !it.with_everything) {
        let finding = about(departure, findings);
        let name = label(departure);
        match (&departure.replaced_for, departure.is_closed) {
            (Some(attributes), _) => {
                let names: Vec<String> = attributes.iter().map(|name| format!("`{name}`")).collect();
                let why = match names.as_slice() {
                    [] => String::new(),
                    names => format!(", for another {}", names.join(" and ")),
                };
                finding.says(format!("account `{name}` is replaced by a new one{why}: the old one leaves"));
            }
            (None, _) if departure.is_unmanaged => {
                finding.severity = Severity::High;
                finding.says(format!(
                    "account `{name}` is given up by Control Tower: it moves to the root, out of the reach of the controls \
                     and policies of its unit"
                ));
            }
            (None, true) => {
                finding.severity = Severity::High;
                finding.says(format!("account `{name}` is closed"));
            }
            (None, false) => {
                finding.says(format!(
                    "account `{name}` leaves the organization, and with it every guardrail: it goes on alone"
                ));
            }
        }
        finding.accounts([name]);
        help(departure, finding);
    }
}

fn about<'f>(departure: &Departure, findings: &'f mut Findings) -> &'f mut Finding {
    let finding = findings.report(&DEPARTING_ACCOUNT, &departure.address);
    finding.input = departure.stack.as_deref().map(str::to_owned);
    finding.subject(label(departure));
    finding
}

fn help(departure: &Departure, finding: &mut Finding) {
    if let Some(name) = &departure.name {
        finding.note(format!("it is called `{name}`"));
    }
    finding.help(match departure.replaced_for {
        Some(_) => {
            "undo the change, or make it in the account itself and add the attribute to `ignore_changes`"
        }
        None if departure.is_unmanaged => {
            "keep it with `removed` and `destroy = false`, or set `retain_physical_resources`"
        }
        None => "keep it with `removed` and `destroy = false`, or set `prevent_destroy`",
    });
}

fn label(departure: &Departure) -> String {
    departure.id.clone().unwrap_or_else(|| departure.address.to_string())
}
