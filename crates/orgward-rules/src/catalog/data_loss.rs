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
        if is_refused_unless_empty(store, before) {
            finding.note("AWS refuses it as long as anything is in it");
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
    // Backups that there are none of do not go with it.
    let none = before.is("backup_retention_period", "0");
    let found = store.final_if.iter().filter(|(attribute, value, _)| {
        before.is(attribute, value) && !(none && *attribute == "delete_automated_backups")
    });
    found.map(|(_, _, why)| *why).collect()
}

/// Whether AWS deletes it only where it is empty, as the provider does not empty it first.
fn is_refused_unless_empty(store: &Store, before: &Values) -> bool {
    let flags = store.final_if.iter().map(|(attribute, ..)| *attribute);
    let mut flags = flags.filter(|attribute| matches!(*attribute, "force_destroy" | "force_delete"));
    flags.any(|flag| matches!(before.get(flag), Attr::Known("false") | Attr::Absent))
}

fn is_protected(before: &Values) -> bool {
    ["deletion_protection", "deletion_protection_enabled"]
        .iter()
        .any(|name| matches!(before.get(name), Attr::Known("true" | "ACTIVE")))
}

fn help(change: &PlannedChange, store: &Store, before: &Values) -> String {
    let keep = match change.operation {
        _ if store.what == "key" => {
            return "disable the key first, and delete it once nothing asks for it any more; \
                    `removed` with `destroy = false` keeps it"
                .to_owned();
        }
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
    use orgward_config::Config;
    use orgward_finding::{Gate, Severity};
    use orgward_org::Organization;
    use orgward_plan::{Document, Plan};

    use super::DATA_LOSS;
    use crate::testing::{findings, fixtures, messages_with};
    use crate::{Question, review};

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

    /// A plan of real Terraform in an account that the configuration says is production.
    #[test]
    fn each_store_of_a_plan_is_told_with_its_end() {
        let text = std::fs::read(fixtures("walls").join("plan.json")).unwrap();
        let organization = std::fs::read(fixtures("denied-apply").join("good-region.json")).unwrap();
        let document = Document::decode("plan.json", text).unwrap();
        let context = Document::decode("organization.json", organization).unwrap();
        let (plans, context) = ([Plan::parse(&document).unwrap()], [Plan::parse(&context).unwrap()]);
        let config = Config::parse("orgward.toml", "[structure.units]\nproduction = ['Root/Prod']").unwrap();
        let organization = Organization::of(&plans, &context, &config.declared());
        let gate = Gate { fail_on: Some(Severity::Medium), existing: false };
        let today = jiff::civil::date(2026, 11, 21);
        let question = Question { gate, today, baseline: &[], allow_incomplete: true, events: None };
        let findings = review(&organization, &plans, &config, question).findings;
        let found = findings.iter().filter(|it| it.rule == DATA_LOSS.info.id);
        let found: Vec<(&str, &str)> =
            found.map(|it| (it.address.as_ref().unwrap().as_str(), it.message.as_str())).collect();
        assert_eq!(
            found,
            [
                ("aws_cloudwatch_log_group.old[0]", "log group of production is deleted"),
                ("aws_db_instance.old[0]", "database of production is deleted: no final snapshot is made"),
                ("aws_dynamodb_table.old[0]", "table of production is deleted"),
                (
                    "aws_dynamodb_table.renamed",
                    "table of production is replaced by an empty one, for another `name`"
                ),
                ("aws_kms_key.old[0]", "key of production is deleted"),
                (
                    "aws_s3_bucket.old[0]",
                    "bucket of production is deleted: everything in it is deleted first"
                ),
                ("aws_sqs_queue.old[0]", "queue of production is deleted"),
                (
                    "aws_sqs_queue.swapped",
                    "queue of production is replaced by an empty one, for another `name`"
                ),
            ]
        );
        let notes = &findings.iter().find(|it| it.message.starts_with("database of")).unwrap().notes;
        assert_eq!(notes.iter().filter(|note| note.contains("automated backups")).count(), 1, "{notes:?}");
    }

    #[test]
    fn production_is_what_the_configuration_says() {
        let config = "[structure.units]\nproduction = ['Root/Dev']";
        let messages = messages_with(&DATA_LOSS, "bad-development", config);
        assert_eq!(messages, ["database of production is deleted: no final snapshot is made"]);
    }
}
