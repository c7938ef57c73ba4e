//! For a comment on a pull request, and for the summary of a job.

mod quiet;
pub(crate) mod quote;

use orgward_finding::{Finding, Outcome, Review, RuleInfo, Severity, Status, Verdict};

use self::quote::{code, fence, html, prose};
use crate::denied::{DeniedRow, denied_calls_markdown};
use crate::escape::append;
use crate::terminal::finding::{Group, consequences, excerpts, groups, request};
use crate::terminal::summary;
use crate::{configuration, escape, links, place};

/// Rows of the table.
const ROWS: usize = 30;
/// Places of one row.
const PLACES: usize = 3;
/// Accounts of one finding.
const ACCOUNTS: usize = 10;
/// How long a text of a plan may get, in characters.
const LONGEST: usize = 400;
/// How wide excerpts are: a comment on GitHub shows about as much.
const WIDTH: usize = 96;

/// How to write Markdown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MarkdownOptions {
    /// The hidden first line, by which a comment is found again: its text, or the whole `<!-- … -->`.
    pub marker: Option<String>,
    /// How many characters there may be. GitHub takes 65,536, GitLab 1,000,000; 0 is no limit.
    pub budget: usize,
    /// The address of the full report.
    pub full_report: Option<String>,
    /// What to put before the verdict, instead of `orgward`.
    pub title: Option<String>,
}

/// Writes a review as Markdown: the verdict, a table with the worst first, then every finding in full, as far as
/// the budget goes. Whole findings are left out, the mildest first, and the page says how many.
pub fn markdown(review: &Review, rules: &[&RuleInfo], options: &MarkdownOptions) -> String {
    let is_loud = |finding: &&Finding| {
        finding.status == Status::New || (finding.status == Status::Existing && review.gate.existing)
    };
    let (loud, quiet): (Vec<_>, Vec<_>) = review.findings.iter().partition(is_loud);
    let of = |status| quiet.iter().copied().filter(|finding| finding.status == status).collect::<Vec<_>>();
    let (loud, follows): (Vec<_>, Vec<_>) =
        loud.into_iter().partition(|finding| review.cause_of(finding).is_none());
    let loud = groups(&loud);

    let mut budget = Budget::of(options.budget);
    let head = head(review, options);
    budget.spend(&head);
    let foot = foot(review, options);
    budget.spend(&foot);
    // Said at the end, so kept back from the beginning.
    budget.spend(&left_out(usize::MAX, options));

    let mut page = head;
    page.push_str(&table(&loud, rules, &mut budget));
    let denied: Vec<_> =
        loud.iter().flat_map(|group| &group.findings).filter_map(|it| DeniedRow::of(it)).collect();
    let denied = denied_calls_markdown(&denied);
    if budget.spend(&denied) {
        page.push_str(&denied);
    }
    let mut sections = String::new();
    sections.push_str(&quiet::waived(&of(Status::Waived), &mut budget));
    let mut details = String::new();
    let mut shown = 0;
    for group in &loud {
        let full = detail(group, &follows, rules, true);
        let text = if budget.fits(&full) { full } else { detail(group, &follows, rules, false) };
        if !budget.spend(&text) {
            break;
        }
        details.push_str(&text);
        shown += group.findings.len();
    }
    for (status, title) in
        [(Status::Existing, "there before this plan"), (Status::Baseline, "in the baseline")]
    {
        sections.push_str(&quiet::background(&of(status), title, &mut budget));
    }
    sections.push_str(&quiet::gone(review, &mut budget));
    page.push_str(&details);
    let total: usize = loud.iter().map(|group| group.findings.len()).sum();
    if shown < total {
        page.push_str(&left_out(total - shown, options));
    }
    let access = crate::access::lines(&review.access);
    if !access.is_empty() {
        let section = crate::access::section(&access);
        if budget.spend(&section) {
            page.push_str(&section);
        }
    }
    page.push_str(&sections);
    page.push_str(&foot);
    page
}

/// How many characters are left.
struct Budget(usize);

impl Budget {
    fn of(characters: usize) -> Self {
        Self(if characters == 0 { usize::MAX } else { characters })
    }

    fn fits(&self, text: &str) -> bool {
        text.chars().count() <= self.0
    }

    /// Takes what a text needs, if there is as much.
    fn spend(&mut self, text: &str) -> bool {
        let fits = self.fits(text);
        if fits {
            self.0 -= text.chars().count();
        }
        fits
    }
}

fn head(review: &Review, options: &MarkdownOptions) -> String {
    let mut head = String::new();
    if let Some(marker) = &options.marker {
        if marker.starts_with("<!--") && marker.ends_with("-->") && !marker.contains('\n') {
            head.push_str(marker);
        } else {
            append(
                &mut head,
                &format!("<!-- {} -->", escape::line(marker).replace("--", "").replace('>', "")),
            );
        }
        head.push('\n');
    }
    let (word, rest) = summary::sentence(review);
    let sign = match review.outcome() {
        Outcome::Blocked => "❌",
        Outcome::Incomplete => "⚠️",
        Outcome::Clean => "✅",
    };
    let title = options.title.as_deref().unwrap_or("orgward");
    append(&mut head, &format!("## {sign} {}: {word}\n\n**{}**\n\n", prose(&cut(title)), prose(&cut(&rest))));
    for input in review.inputs.iter().filter(|input| !input.doubts.is_empty()).take(PLACES) {
        let doubts: Vec<_> = input.doubts.iter().take(PLACES).map(|doubt| prose(&cut(doubt))).collect();
        let name = code(&cut(&input.name));
        append(&mut head, &format!("> {name} does not tell the whole story: {}\n\n", doubts.join("; ")));
    }
    head
}

fn foot(review: &Review, options: &MarkdownOptions) -> String {
    let names: Vec<_> = review
        .inputs
        .iter()
        .take(PLACES)
        .map(|input| format!("<code>{}</code>", html(&cut(&input.name))))
        .collect();
    let more = more(review.inputs.len(), PLACES);
    let report = match &options.full_report {
        Some(address) => format!(" · <a href=\"{}\">full report</a>", html(address)),
        None => String::new(),
    };
    let judged = configuration::sentence(review)
        .map(|sentence| format!("<br>\n<sub>{}</sub>", html(&place::cut(&sentence))))
        .unwrap_or_default();
    format!(
        "<sub>reviewed {}{more}: {} accounts, {} principals, {} policies{report}</sub>{judged}\n",
        names.join(", "),
        review.accounts,
        review.principals,
        review.policies,
    )
}

fn left_out(number: usize, options: &MarkdownOptions) -> String {
    let (noun, verb) = if number == 1 { ("finding", "is") } else { ("findings", "are") };
    let report = match &options.full_report {
        Some(address) => format!(" See the <a href=\"{}\">full report</a>.", html(address)),
        None => " `orgward plan review` shows all of them.".to_owned(),
    };
    format!("**{number} further {noun} {verb} left out here for want of space.**{report}\n\n")
}

/// One row for findings that say the same, worst first.
fn table(groups: &[Group<'_>], rules: &[&RuleInfo], budget: &mut Budget) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut table = "| | Rule | Where | What |\n| --- | --- | --- | --- |\n".to_owned();
    budget.spend(&table);
    let mut shown = 0;
    for group in groups.iter().take(ROWS) {
        let Some(first) = group.findings.first() else { continue };
        let row = format!(
            "| {} | {} | {} | {} |\n",
            severity(first.severity),
            rule(first, rules),
            places(group),
            message(first)
        );
        if !budget.spend(&row) {
            break;
        }
        table.push_str(&row);
        shown += 1;
    }
    let rest: usize = groups.iter().skip(shown).map(|group| group.findings.len()).sum();
    if rest > 0 {
        let row = format!("| | | | and {rest} more |\n");
        budget.spend(&row);
        table.push_str(&row);
    }
    table.push('\n');
    table
}

/// A finding in full, folded; only the first of those that say the same.
fn detail(group: &Group<'_>, follows: &[&Finding], rules: &[&RuleInfo], with_excerpts: bool) -> String {
    let Some(first) = group.findings.first() else { return String::new() };
    let place = match place(first) {
        Some(place) => format!(": <code>{}</code>", html(&cut(place))),
        None => String::new(),
    };
    let also = match group.findings.len() {
        0 | 1 => String::new(),
        number => format!(" and {} more", number - 1),
    };
    let mut text = format!(
        "<details><summary><b>{}</b> {}{place}{also}</summary>\n\n**{}:** {}\n\n",
        first.severity,
        first.rule,
        rule(first, rules),
        message(first)
    );
    if with_excerpts {
        for excerpt in excerpts(first, WIDTH) {
            text.push_str(&fence(&excerpt));
            text.push('\n');
        }
    }
    for snippet in first.snippets.iter().filter(|snippet| snippet.text.is_none()) {
        append(
            &mut text,
            &format!(
                "- in {} (sensitive: not shown): {}\n",
                code(&cut(&snippet.name)),
                prose(&cut(&snippet.label))
            ),
        );
    }
    if let Some(site) = &first.site {
        append(
            &mut text,
            &format!("- **written in** {}\n", code(&format!("{}:{}", cut(&site.file), site.line))),
        );
    }
    if let (Some(_), Some(target)) = (&first.address, &first.target) {
        append(&mut text, &format!("- **target** {}\n", code(&cut(target))));
    }
    if !first.accounts.is_empty() {
        let accounts: Vec<_> =
            first.accounts.iter().take(ACCOUNTS).map(|account| code(&cut(account))).collect();
        append(
            &mut text,
            &format!("- **accounts** {}{}\n", accounts.join(", "), more(first.accounts.len(), ACCOUNTS)),
        );
    }
    if group.findings.len() > 1 {
        let others: Vec<_> =
            group.findings.iter().skip(1).take(ACCOUNTS).filter_map(|finding| place_of(finding)).collect();
        append(
            &mut text,
            &format!("- **also** {}{}\n", others.join(", "), more(group.findings.len() - 1, ACCOUNTS)),
        );
    }
    for (key, facts) in [("rests on", &first.rests_on), ("note", &first.notes)] {
        for fact in facts.iter().take(ACCOUNTS) {
            append(&mut text, &format!("- **{key}** {}\n", prose(&cut(fact))));
        }
    }
    if let Some(witness) = &first.witness
        && with_excerpts
    {
        let lines: Vec<_> = request(witness).iter().map(|line| code(&cut(line))).collect();
        append(&mut text, &format!("- **request** {}\n", lines.join(" ")));
    }
    if let Some(help) = &first.help {
        append(&mut text, &format!("- **help** {}\n", prose(&cut(help))));
    }
    for line in consequences(&group.findings, follows) {
        append(&mut text, &format!("- **follows** {}\n", prose(&cut(&line))));
    }
    append(&mut text, &format!("- **fingerprint** `{}`\n\n</details>\n\n", first.fingerprint()));
    text
}

fn severity(severity: Severity) -> String {
    let sign = match severity {
        Severity::Critical => "🟥",
        Severity::High => "🟧",
        Severity::Medium => "🟨",
        Severity::Low | Severity::Info => "🟦",
    };
    format!("{sign} {severity}")
}

fn rule(finding: &Finding, rules: &[&RuleInfo]) -> String {
    match rules.iter().find(|rule| rule.id == finding.rule) {
        Some(rule) => format!("[{}]({})", rule.id, links::page(rule)),
        None => code(finding.rule),
    }
}

fn message(finding: &Finding) -> String {
    let message = prose(&cut(&finding.message));
    if finding.verdict == Verdict::Unverifiable && !finding.message.starts_with("cannot tell") {
        format!("cannot tell: {message}")
    } else {
        message
    }
}

fn place(finding: &Finding) -> Option<&str> {
    finding.address.as_ref().map(orgward_finding::Address::as_str).or(finding.target.as_deref())
}

fn place_of(finding: &Finding) -> Option<String> {
    let place = code(&cut(place(finding)?));
    Some(match &finding.input {
        Some(input) => format!("{place} ({})", code(&cut(input))),
        None => place,
    })
}

fn places(group: &Group<'_>) -> String {
    let places: Vec<_> = group.findings.iter().take(PLACES).filter_map(|finding| place_of(finding)).collect();
    if places.is_empty() {
        return "the organization".to_owned();
    }
    format!("{}{}", places.join(", "), more(group.findings.len(), PLACES))
}

fn more(number: usize, shown: usize) -> String {
    if number > shown { format!(" and {} more", number - shown) } else { String::new() }
}

/// The beginning of a text that is too long, as a reader shall see it.
fn cut(text: &str) -> String {
    let text = escape::line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests;
