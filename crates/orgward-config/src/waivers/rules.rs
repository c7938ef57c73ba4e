//! What can be the matter with a waiver. These are no rules of the catalogue: they look at waivers and findings and
//! not at the organization, run after everything else, have no plans as fixtures, and cannot be waived.

use orgward_finding::{Finding, RuleInfo, Severity, Site};

use super::Waiver;

/// The rules about waivers, sorted by id.
pub static RULES: &[&RuleInfo] = &[&EXPIRED, &UNMATCHED, &WIDE];

static EXPIRED: RuleInfo = RuleInfo {
    id: "expired-waiver",
    summary: "waiver has ended",
    severity: Severity::Low,
    unverifiable: Severity::Low,
    docs: "Checks for waivers whose last day has passed.

## Why is this bad?

What was accepted for a time is no longer accepted: its findings are back, and block again. The entry only misleads.

## Example

```toml
until = 2020-01-31
```

Use instead: mend what was accepted and remove the entry, or accept it anew with `orgward waive`.
",
};

static UNMATCHED: RuleInfo = RuleInfo {
    id: "unmatched-waiver",
    summary: "waiver accepts nothing that is there",
    severity: Severity::Low,
    unverifiable: Severity::Low,
    docs: "Checks for waivers that match no finding.

## Why is this bad?

Either the matter is mended, and the entry waits for somebody to bring it back unseen; or the address is misspelled, and
what should be accepted is not. A waiver for another stack belongs beside that stack.

## Example

```toml
address = \"aws_iam_role.that_was_removed\"
```

Use instead: remove the entry.
",
};

static WIDE: RuleInfo = RuleInfo {
    id: "wide-waiver",
    summary: "waiver takes in more than anybody can have meant",
    severity: Severity::Medium,
    unverifiable: Severity::Medium,
    docs: "Checks for waivers whose pattern takes in everything, that match more than 25 findings, or that last longer than
a year.

## Why is this bad?

Nobody looks at what such a waiver accepts. It is a rule turned off without saying so.

## Example

```toml
address = \"*\"
until = 2099-12-31
```

Use instead: a waiver for each matter with the address of it, until it will be mended. Where the rule does not fit, say
so in `[rules] disabled`.
",
};

pub(super) fn expired(waiver: &Waiver, matched: usize) -> Finding {
    let mut finding = about(&EXPIRED, waiver);
    let what = match matched {
        0 => "nothing is left of what it accepted".to_owned(),
        1 => "what it accepted is still there".to_owned(),
        number => format!("{number} findings that it accepted are still there"),
    };
    finding.says(format!(
        "waiver of `{}` for {} ended on {}; {what}",
        waiver.rule,
        place(waiver),
        waiver.until
    ));
    finding.help(if matched == 0 { "remove it" } else { "mend it, or accept it anew with `orgward waive`" });
    finding
}

pub(super) fn unmatched(waiver: &Waiver) -> Finding {
    let mut finding = about(&UNMATCHED, waiver);
    finding.says(format!("waiver of `{}` for {} accepts nothing that is there", waiver.rule, place(waiver)));
    finding.help("remove it, or correct the address");
    finding
}

pub(super) fn wide(waiver: &Waiver, why: &str) -> Finding {
    let mut finding = about(&WIDE, waiver);
    finding.says(format!("waiver of `{}` for {} is too wide: {why}", waiver.rule, place(waiver)));
    finding.help("accept each matter with its address, until it will be mended");
    finding
}

fn about(rule: &RuleInfo, waiver: &Waiver) -> Finding {
    let mut finding = Finding::about(rule, None);
    finding.subject(format!("{} {} {} {}", waiver.rule, place(waiver), waiver.owner, waiver.until));
    // The file of the waiver is where it has to be mended.
    finding.site = waiver.origin.rsplit_once(':').and_then(|(file, line)| {
        let file = file.strip_prefix("./").unwrap_or(file).to_owned();
        Some(Site { file, line: line.parse().ok()? })
    });
    finding.note(format!("{} answers for it: {}", waiver.owner, waiver.reason));
    finding
}

fn place(waiver: &Waiver) -> String {
    match (&waiver.address, &waiver.target) {
        (Some(address), Some(target)) => format!("`{address}` in `{target}`"),
        (Some(place), None) | (None, Some(place)) => format!("`{place}`"),
        (None, None) => "the organization".to_owned(),
    }
}
