use orgward_finding::{Severity, Verdict};
use orgward_org::store::{self, Store};
use orgward_org::{Operation, PlannedChange, RoleMatch, UnitRole, Values, unit_plays};
use orgward_plan::Attr;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for stores of data in production accounts that the plan deletes or replaces: databases, tables, buckets,
    /// keys, secrets, file systems, volumes, vaults, log groups, queues, user pools.
    ///
    /// ## Why is this bad?
    ///
    /// A plan shows `-/+` in front of a database in the same color as in front of a parameter group. What was in the
    /// store is gone after the apply, and with `skip_final_snapshot` or `force_destroy` for good.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_db_instance" "orders" {
    ///   identifier          = "orders-v2" # was "orders": the provider replaces the database
    ///   skip_final_snapshot = true
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_db_instance" "orders" {
    ///   identifier          = "orders"
    ///   deletion_protection = true
    ///
    ///   lifecycle {
    ///     prevent_destroy = true
    ///   }
    /// }
    /// ```
    ///
    /// In accounts that are not production it is information only. What moves to another address and what Terraform only
    /// forgets loses nothing. A parameter of Systems Manager counts where it is a `SecureString`: Parameter Store keeps nothing
    /// of what is deleted, and the text of another parameter stands in the configuration. What AWS refuses, because deletion protection is on, is low. Production is what
    /// `[structure]` of `orgward.toml` says, or what names of units suggest.
    pub(crate) static DATA_LOSS = {
        id: "data-loss",
        summary: "store of data in production is deleted",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for change in cx.after.planned().iter().filter(|change| change.operation.deletes()) {
        let (Some(store), Some(before)) = (store::of(&change.kind), &change.before) else { continue };
        if !store.holds_data(before) {
            continue;
        }
        let production =
            change.owner.map(|owner| unit_plays(&cx.config.structure, cx.after, owner, UnitRole::Production));
        let finding = findings.report(&DATA_LOSS, &change.address);
        finding.input = change.stack.as_deref().map(str::to_owned);
        let owner = change.owner.and_then(|owner| cx.after.node(owner));
        finding.accounts(owner.map(orgward_org::Node::label));
        let place = if production.as_ref().is_some_and(RoleMatch::is_yes) { " of production" } else { "" };
        let end = end(store, before);
        let mut says = format!("{}{place} is {}", store.what, what_happens(&change.operation));
        if let Some(why) = end.first() {
            says = format!("{says}: {why}");
        }
        finding.says(says);
        for more in end.iter().skip(1) {
            finding.note((*more).to_owned());
        }
        if !store.left.is_empty() {
            finding.note(store.left);
        }
        finding.help(help(change, store, before));
        match production {
            Some(RoleMatch::No) => finding.severity = Severity::Info,
            Some(RoleMatch::Declared | RoleMatch::Guessed(_)) if is_protected(before) => {
                finding.severity = Severity::Low;
                finding.note("AWS refuses it while deletion protection is on");
            }
            Some(RoleMatch::Declared) => {}
            Some(RoleMatch::Guessed(why)) => {
                finding.rests_on(why);
            }
            unknown @ (Some(RoleMatch::Unknown(_)) | None) => {
                finding.verdict = Verdict::Unverifiable;
                finding.severity = DATA_LOSS.info.unverifiable;
                finding.note(match unknown {
                    Some(RoleMatch::Unknown(why)) => format!("whether it is production is unknown: {why}"),
                    _ => "no input shows which account it is in".to_owned(),
                });
            }
        }
    }
}

fn what_happens(operation: &Operation) -> String {
    match operation {
        Operation::Replace(attributes) if !attributes.is_empty() => {
            let names: Vec<String> = attributes.iter().map(|name| format!("`{name}`")).collect();
            format!("replaced by an empty one, for another {}", names.join(" and "))
        }
        Operation::Replace(_) => "replaced by an empty one".to_owned(),
        _ => "deleted".to_owned(),
    }
}

/// What makes its end final.
fn end(store: &'static Store, before: &Values) -> Vec<&'static str> {
    let found = store.final_if.iter().filter(|(attribute, value, _)| before.is(attribute, value));
    found.map(|(_, _, why)| *why).collect()
}

fn is_protected(before: &Values) -> bool {
    ["deletion_protection", "deletion_protection_enabled"]
        .iter()
        .any(|name| matches!(before.get(name), Attr::Known("true" | "ACTIVE")))
}

fn help(change: &PlannedChange, store: &Store, before: &Values) -> String {
    let keep = match change.operation {
        Operation::Replace(_) => "undo the change of what forces the replacement, or copy the data first",
        _ => "keep it with `removed` and `destroy = false`, or copy the data first",
    };
    let safer = store.final_if.iter().find(|(attribute, value, _)| before.is(attribute, value));
    safer.map_or_else(
        || keep.to_owned(),
        |(attribute, ..)| format!("{keep}; change `{attribute}` in an apply before this one"),
    )
}

#[cfg(test)]
mod tests {
    use super::DATA_LOSS;
    use crate::testing::{findings, messages_with};
    use orgward_finding::Severity;

    #[test]
    fn it_says_what_makes_the_end_final() {
        for (name, severity, message) in [
            ("bad-database", Severity::High, "database of production is deleted: no final snapshot is made"),
            (
                "bad-replaced",
                Severity::High,
                "database of production is replaced by an empty one, for another `identifier`: no final snapshot is made",
            ),
            (
                "bad-bucket",
                Severity::High,
                "bucket of production is deleted: everything in it is deleted first",
            ),
            (
                "bad-secret",
                Severity::High,
                "secret of production is deleted: it cannot be restored: the recovery window is 0 days",
            ),
            ("bad-secret-parameter", Severity::High, "secret of production is deleted"),
            ("bad-protected", Severity::Low, "database of production is deleted: no final snapshot is made"),
            ("bad-development", Severity::Info, "database is deleted: no final snapshot is made"),
        ] {
            let found = findings(&DATA_LOSS, name);
            assert_eq!((found[0].severity, found[0].message.as_str()), (severity, message), "{name}");
        }
    }

    #[test]
    fn production_is_what_the_configuration_says() {
        let config = "[structure.units]\nproduction = ['Root/Dev']";
        let messages = messages_with(&DATA_LOSS, "bad-development", config);
        assert_eq!(messages, ["database of production is deleted: no final snapshot is made"]);
    }
}
