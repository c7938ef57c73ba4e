//! Where in the organization the findings are, as a Mermaid diagram.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::document::{Finding, Severity};

/// With more boxes a picture does not help.
const BOXES: usize = 40;
/// Accounts of one unit that have a box of their own.
const ACCOUNTS: usize = 4;
/// Rules named in one box.
const RULES: usize = 4;
/// Characters of a name.
const NAME: usize = 60;

/// A unit or an account.
#[derive(Default)]
struct Box<'f> {
    rules: BTreeMap<&'f str, Severity>,
    accounts: BTreeSet<&'f str>,
}

impl<'f> Box<'f> {
    fn add(&mut self, finding: &'f Finding) {
        let worst = self.rules.entry(&finding.rule).or_insert(finding.severity);
        *worst = (*worst).max(finding.severity);
    }
}

/// Draws the units and accounts that findings are about; none where that is nothing, or too much to look at.
pub(super) fn picture(findings: &[&Finding]) -> Option<String> {
    let mut units: BTreeMap<Vec<&str>, Box<'_>> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, Box<'_>> = BTreeMap::new();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let Some(target) = &finding.target else {
            for account in &finding.accounts {
                accounts.entry(account).or_default().add(finding);
            }
            continue;
        };
        let path: Vec<_> = target.split('/').collect();
        for depth in 1..=path.len() {
            units.entry(path.iter().take(depth).copied().collect()).or_default();
        }
        for account in &finding.accounts {
            let place = places.entry(account).or_default();
            // The deepest unit says most about where an account is.
            if path.len() > place.len() {
                place.clone_from(&path);
            }
        }
        units.entry(path).or_default().add(finding);
    }
    for (account, place) in &places {
        if let Some(unit) = units.get_mut(place) {
            unit.accounts.insert(account);
        }
    }
    let drawing = draw(&units, &accounts, &places);
    (1..=BOXES).contains(&drawing.boxes).then_some(drawing.out)
}

struct Drawing {
    out: String,
    boxes: usize,
}

impl Drawing {
    fn node(&mut self, label: &str, worst: Option<Severity>, is_account: bool) -> String {
        let id = format!("n{}", self.boxes);
        self.boxes += 1;
        let (open, close) = if is_account { ("([\"", "\"])") } else { ("[\"", "\"]") };
        let class = worst.map(|worst| format!(":::{}", worst.as_str())).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "  {id}{open}{label}{close}{class}");
        id
    }

    fn edge(&mut self, from: &str, to: &str) {
        let _ = writeln!(self.out, "  {from} --- {to}");
    }
}

fn draw(
    units: &BTreeMap<Vec<&str>, Box<'_>>,
    accounts: &BTreeMap<&str, Box<'_>>,
    places: &BTreeMap<&str, Vec<&str>>,
) -> Drawing {
    let mut drawing = Drawing { out: "```mermaid\nflowchart LR\n".to_owned(), boxes: 0 };
    let mut ids: BTreeMap<&[&str], String> = BTreeMap::new();
    for (path, unit) in units {
        let id =
            drawing.node(&label(path.last().unwrap_or(&""), unit), unit.rules.values().max().copied(), false);
        let above = path.split_last().and_then(|(_, above)| ids.get(above)).cloned();
        if let Some(above) = above {
            drawing.edge(&above, &id);
        }
        // Many accounts are one box, unless one of them has findings of its own.
        let many = unit.accounts.len() > ACCOUNTS;
        let of_their_own = |account: &&&str| !many || accounts.contains_key(**account);
        let alone: Vec<_> = unit.accounts.iter().filter(of_their_own).collect();
        for account in &alone {
            let own = accounts.get(**account);
            let empty = Box::default();
            let worst = own.and_then(|own| own.rules.values().max().copied());
            let account = drawing.node(&label(account, own.unwrap_or(&empty)), worst, true);
            drawing.edge(&id, &account);
        }
        let rest = unit.accounts.len() - alone.len();
        if rest > 0 {
            let rest = drawing.node(&format!("{rest} accounts"), None, true);
            drawing.edge(&id, &rest);
        }
        ids.insert(path, id);
    }
    for (account, own) in accounts.iter().filter(|(account, _)| !places.contains_key(**account)) {
        drawing.node(&label(account, own), own.rules.values().max().copied(), true);
    }
    drawing.out.push_str(
        "  classDef critical fill:#b60205,stroke:#7d0103,color:#fff\n  \
         classDef high fill:#d93f0b,stroke:#9b2d08,color:#fff\n  \
         classDef medium fill:#fbca04,stroke:#b08d03,color:#000\n  \
         classDef low fill:#c5def5,stroke:#7aa7d0,color:#000\n  \
         classDef info fill:#eeeeee,stroke:#aaaaaa,color:#000\n```\n",
    );
    drawing
}

fn label(name: &str, unit: &Box<'_>) -> String {
    let mut out = text(name);
    for rule in unit.rules.keys().take(RULES) {
        out.push_str("<br/>");
        out.push_str(&text(rule));
    }
    if let more @ 1.. = unit.rules.len().saturating_sub(RULES) {
        let _ = write!(out, "<br/>and {more} more");
    }
    out
}

/// A name inside of quotes. Whatever is neither letter nor digit is written as its number, so nothing can end the
/// quotes, and a word of Mermaid stays a word.
fn text(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars().take(NAME) {
        match character {
            '-' | ' ' | '.' | '/' => out.push(character),
            _ if character.is_alphanumeric() => out.push(character),
            // What is not seen is not drawn; the text below the picture shows it.
            _ if character.is_control() || !character.is_ascii() => out.push('?'),
            _ => {
                let _ = write!(out, "#{};", u32::from(character));
            }
        }
    }
    if name.chars().nth(NAME).is_some() {
        out.push('…');
    }
    // Mermaid draws nothing at all where one label is empty.
    if out.trim().is_empty() { "?".to_owned() } else { out }
}
