//! Conditions on tags, and actions of services that do not know them.

use std::collections::BTreeMap;

use super::conditions::Line;
use super::{Effectiveness as E, Gravity as G};
use crate::{Action, BaseOperator, Catalogue, Effect};

/// Keys about tags of resources and requests, in lower case, without the name of the tag.
const KEYS: [&str; 3] = ["aws:resourcetag/", "aws:requesttag/", "aws:tagkeys"];

impl Line<'_, '_, '_> {
    /// Reports services of which no action has a key about tags.
    pub(super) fn tags(&mut self) {
        let key = self.asked.key.value.to_ascii_lowercase();
        let is_null = self.asked.operator.value.base == BaseOperator::Null;
        if is_null || !KEYS.iter().any(|it| key.starts_with(it)) {
            return;
        }
        let denies = self.at.statement.effect.value == Effect::Deny;
        let gravity = if denies { G::SecurityWarning } else { G::Suggestion };
        if self.at.statement.actions.not {
            // Whatever is missing meets a negated operator.
            if self.inert() == E::Inert {
                let code = if denies {
                    "deny-notaction-with-unsupported-tag-condition-key-for-service"
                } else {
                    "allow-notaction-with-unsupported-tag-condition-key-for-service"
                };
                let message = format!(
                    "many actions that `NotAction` leaves have no `{}`: the statement is not about them",
                    self.asked.key.value
                );
                let help = "list the actions that have the key in `Action`";
                self.report((code, gravity, E::Meant), None, message, help);
            }
            return;
        }
        // `*` is meant for whatever has tags.
        let is_wide = self.at.statement.actions.patterns.iter().any(|pattern| pattern.value == "*");
        let Some(actions) = self.actions.filter(|_| !is_wide) else { return };
        let mut services: BTreeMap<&str, bool> = BTreeMap::new();
        for action in actions {
            services.entry(action.service()).or_insert_with(|| {
                let has = |action: Action| action.condition_keys().any(|it| it.is(&key));
                Catalogue::get().service(action.service()).is_some_and(|service| service.actions().any(has))
            });
        }
        let without: Vec<String> =
            services.iter().filter(|(_, has)| !**has).map(|(service, _)| format!("`{service}`")).collect();
        if without.is_empty() {
            return;
        }
        let code = if denies {
            "deny-with-unsupported-tag-condition-key-for-service"
        } else {
            "allow-with-unsupported-tag-condition-key-for-service"
        };
        let message = format!(
            "no action of {} has `{}`, {}",
            without.join(", "),
            self.asked.key.value,
            self.consequence()
        );
        let inert = self.inert();
        self.report(
            (code, gravity, inert),
            None,
            message,
            "move these actions to a statement without the condition",
        );
    }
}
