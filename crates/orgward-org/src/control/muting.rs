//! What hides findings of a service as they come: filters that archive, rules that suppress, lists of addresses that
//! are trusted. It takes protection away by being there.

use orgward_plan::{Attr, View};

use super::Control;
use super::fact::{at, text_of};

/// A type of resource that hides findings.
pub(super) struct Mutes {
    pub(super) resource: &'static str,
    /// What it hides, in words that go after the name of the resource.
    says: &'static str,
    /// The attribute that turns it on, and the values that do; empty where being there is enough.
    acts: (&'static str, &'static [&'static str]),
    /// The attribute that turns it off, and the value that does.
    rests: (&'static str, &'static str),
    /// Where it says what it hides.
    about: &'static str,
}

/// What a resource hides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Muting {
    /// In words that go after the name of the resource.
    pub says: &'static str,
    /// The attribute that says what is hidden.
    pub attribute: &'static str,
    /// Whether nothing but how severe a finding is narrows it.
    pub is_broad: bool,
    /// Whether it is unknown until apply if it hides anything, or what.
    pub is_unknown: bool,
}

const fn mutes(
    resource: &'static str,
    says: &'static str,
    acts: (&'static str, &'static [&'static str]),
    about: &'static str,
) -> Mutes {
    Mutes { resource, says, acts, rests: ("", ""), about }
}

const GUARDDUTY: &str = "findings of GuardDuty that match it are archived as they come";

pub(super) const TABLE: &[Mutes] = &[
    mutes(
        "aws_accessanalyzer_archive_rule",
        "findings of Access Analyzer that match it are archived as they come",
        ("", &[]),
        "filter",
    ),
    mutes("aws_guardduty_filter", GUARDDUTY, ("action", &["ARCHIVE"]), "finding_criteria.0.criterion"),
    mutes(
        "aws_guardduty_ipset",
        "GuardDuty makes no findings about the addresses of the list",
        ("activate", &["true"]),
        "location",
    ),
    mutes(
        "aws_inspector2_filter",
        "findings of Inspector that match it are suppressed",
        ("action", &["SUPPRESS"]),
        "filter_criteria.0",
    ),
    mutes(
        "aws_macie2_findings_filter",
        "findings of Macie that match it are archived as they come",
        ("action", &["ARCHIVE"]),
        "finding_criteria.0.criterion",
    ),
    Mutes {
        rests: ("rule_status", "DISABLED"),
        ..mutes(
            "aws_securityhub_automation_rule",
            "findings of Security Hub that match it are suppressed",
            ("actions.0.finding_fields_update.0.workflow.0.status", &["SUPPRESSED", "RESOLVED"]),
            "criteria.0",
        )
    },
];

/// What a finding says of itself, not of what it is about.
const GRADES: &[&str] = &[
    "severity",
    "severity_label",
    "severity.description",
    "severity.score",
    "inspector_score",
    "confidence",
];

/// The fields that a filter names: of blocks that each name one, or of one block that has an attribute for each.
fn fields(criteria: View<'_>) -> Vec<String> {
    if let Attr::Known(blocks) = criteria.items() {
        let name = |block: View<'_>| {
            let named =
                [block.get("field"), block.get("criteria")].into_iter().find_map(|at| at.text().known());
            named.map_or_else(|| "?".to_owned(), |name| name.expose().to_owned())
        };
        return blocks.into_iter().map(name).collect();
    }
    let names = criteria.entries().known().unwrap_or_default();
    let is_set = |view: &View<'_>| !view.items().known().unwrap_or_default().is_empty();
    names.into_iter().filter(|(_, view)| is_set(view)).map(|(name, _)| name.to_owned()).collect()
}

impl Control {
    /// What it hides after the plan that it did not hide before, `before` being what stood then.
    pub fn mutes(&self, before: Option<&Self>) -> Option<Muting> {
        let mutes = TABLE.iter().find(|mutes| mutes.resource == self.resource)?;
        let acts = self.is_muting(mutes);
        if acts == Attr::Absent {
            return None;
        }
        let criteria = at(self.attributes.view(), mutes.about);
        if let Some(before) = before
            && before.is_muting(mutes) == Attr::Known(())
            && at(before.attributes.view(), mutes.about).is_same(criteria)
        {
            return None;
        }
        let is_list = mutes.about == "location";
        Some(Muting {
            says: mutes.says,
            attribute: mutes.about,
            is_broad: !is_list && fields(criteria).iter().all(|field| GRADES.contains(&field.as_str())),
            is_unknown: acts == Attr::Unknown || criteria.has_unknown(),
        })
    }

    /// Whether it is turned on; absent when it is not.
    fn is_muting(&self, mutes: &Mutes) -> Attr<()> {
        let is_on = self.says(mutes.acts.0, mutes.acts.1);
        let rests =
            !mutes.rests.0.is_empty() && self.says(mutes.rests.0, &[mutes.rests.1]) == Attr::Known(());
        if rests { Attr::Absent } else { is_on }
    }

    /// Whether an attribute has one of some values; without any it need not.
    fn says(&self, path: &str, values: &[&str]) -> Attr<()> {
        if values.is_empty() {
            return Attr::Known(());
        }
        let flag = at(self.attributes.view(), path);
        let Some(text) = text_of(flag) else {
            return if flag.state() == Attr::Absent { Attr::Absent } else { Attr::Unknown };
        };
        if values.iter().any(|value| value.eq_ignore_ascii_case(&text)) {
            Attr::Known(())
        } else {
            Attr::Absent
        }
    }
}
