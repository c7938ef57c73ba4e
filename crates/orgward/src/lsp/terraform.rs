//! What a configuration says by itself, while it is written: there is no plan yet, so only what is certain without one
//! is said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::Diagnostic;
use orgward_config::Config;
use orgward_finding::{Finding, Status, Verdict};
use orgward_org::{Organization, PolicyType};
use orgward_plan::{DeclaredBlock, Document, Plan};
use orgward_rules::Question;

use super::bound::Bound;
use super::shown::{Analysis, Hover, diagnostic};
use super::text::Lines;
use super::words;
use crate::arguments::ConfigArguments;
use crate::{config, input, review, source};

/// The rules that can be certain of something which is written in one place: what else there is in the organization
/// makes it no better.
const RULES: [&str; 16] = [
    "account-wide-trust",
    "administrator-grant",
    "confused-deputy",
    "external-trust",
    "human-iam-user",
    "inert-guardrail",
    "long-lived-key",
    "loose-federation",
    "open-block",
    "open-pass-role",
    "public-resource",
    "public-trust",
    "shared-image",
    "unbounded-delegation",
    "unreadable-policy",
    "wildcard-resource",
];

/// Attributes that the provider fills in where they are not written.
const DEFAULTS: [(&str, &str, &str); 1] = [("aws_organizations_policy", "type", "SERVICE_CONTROL_POLICY")];

/// Reads a folder, with the files that are open in the editor.
pub(super) fn analyze(folder: &Path, open: &BTreeMap<PathBuf, String>) -> Analysis {
    let config = configuration(folder);
    let sources = Arc::new(source::opened(folder, open.clone()));
    let mut analysis = Analysis::default();
    let name = folder.join("configuration").display().to_string();
    let Ok(document) = Document::decode(name, sources.alone(&DEFAULTS)) else { return analysis };
    let Ok(mut plan) = Plan::parse(&document) else { return analysis };
    plan.with_sources(Arc::clone(&sources));
    let mut plans = [plan];
    let found = config::find(folder);
    input::declare(&mut plans, &config, found.as_deref().and_then(Path::parent).unwrap_or(folder));
    let organization = Organization::of(&plans, &[], &config.declared());
    let question = Question {
        gate: config::gate(&config, None, false),
        today: review::today(),
        baseline: &[],
        allow_incomplete: true,
        events: None,
    };
    let mut review = orgward_rules::review_by(&RULES, &organization, &plans, &config, question);
    source::annotate(&mut review.findings, &plans);
    let mut texts = Texts { folder, open, known: BTreeMap::new() };
    let blocks = sources.declarations();
    for finding in review.findings.iter().filter(|finding| counts(finding)) {
        let Some((path, shown)) = shown(finding, &blocks, &mut texts) else { continue };
        analysis.diagnostics.entry(path).or_default().push(shown);
    }
    hovers(&organization.after, &blocks, &mut texts, &mut analysis);
    analysis
}

/// The configuration of a folder; the defaults where it has mistakes, which are shown where they are.
fn configuration(folder: &Path) -> Config {
    let named = config::find(folder).map(|path| path.display().to_string());
    named.and_then(|named| config::load(&ConfigArguments { config: vec![named] }).ok()).unwrap_or_default()
}

fn counts(finding: &Finding) -> bool {
    finding.verdict == Verdict::Found && finding.status != Status::Waived && RULES.contains(&finding.rule)
}

/// The texts that findings are in, as the editor has them.
pub(super) struct Texts<'t> {
    pub(super) folder: &'t Path,
    pub(super) open: &'t BTreeMap<PathBuf, String>,
    /// By the names that sites have.
    pub(super) known: BTreeMap<String, Option<(PathBuf, String)>>,
}

impl Texts<'_> {
    /// The file that a site names, and its text.
    pub(super) fn of(&mut self, name: &str) -> Option<&(PathBuf, String)> {
        let (folder, open) = (self.folder, self.open);
        let read = || {
            let path = source::located(name, folder)?.canonicalize().ok()?;
            let text = match open.get(&path) {
                Some(text) => text.clone(),
                None => crate::files::bounded(&path, 4 << 20).ok()?,
            };
            Some((path, text))
        };
        self.known.entry(name.to_owned()).or_insert_with(read).as_ref()
    }
}

/// A finding where it is written.
fn shown(
    finding: &Finding,
    blocks: &[DeclaredBlock],
    texts: &mut Texts<'_>,
) -> Option<(PathBuf, Diagnostic)> {
    let site = finding.site.as_ref()?;
    let (path, text) = texts.of(&site.file)?;
    let address = finding.address.as_ref().map(ToString::to_string);
    let block = blocks.iter().find(|it| it.file == site.file && Some(&it.address) == address.as_ref());
    let until = block.map_or(site.line, |block| block.lines.1.max(site.line));
    let quoted = finding
        .snippets
        .first()
        .and_then(|snippet| snippet.text.as_deref()?.get(snippet.span.clone()))
        .filter(|part| !finding.is_sensitive() && part.len() <= 200);
    let lines = Lines::of(text);
    let range = lines.range(&place(text, &lines, (site.line, until), quoted));
    let (message, help) = (finding.message.as_str(), finding.help.as_deref());
    Some((path.clone(), diagnostic((range, site.line), finding.severity, finding.rule, message, help)))
}

/// The place within some lines that has a text, if only one has; else the first line.
fn place(
    text: &str,
    lines: &Lines<'_>,
    (from, until): (usize, usize),
    quoted: Option<&str>,
) -> std::ops::Range<usize> {
    let first = lines.line(from);
    let Some(quoted) = quoted.filter(|it| it.len() > 2) else { return first };
    for end in [from, until] {
        let whole = first.start..lines.line(end).end.max(first.end);
        let mut found = text.get(whole.clone()).unwrap_or_default().match_indices(quoted);
        if let (Some((at, _)), None) = (found.next(), found.next()) {
            return whole.start + at..whole.start + at + quoted.len();
        }
    }
    first
}

/// What policies of the organization deny, and whom, on the lines of their blocks and of their attachments.
fn hovers(org: &Organization, blocks: &[DeclaredBlock], texts: &mut Texts<'_>, analysis: &mut Analysis) {
    for (id, node) in org.nodes() {
        let Some(policy) = org.org_policy(id) else { continue };
        let Some(address) = node.address.as_ref().map(ToString::to_string) else { continue };
        let kind = match policy.data.kind {
            PolicyType::ServiceControl => "SCP",
            PolicyType::ResourceControl => "RCP",
            PolicyType::Other(_) | PolicyType::Unknown => continue,
        };
        let document = &policy.data.document;
        let title = format!("**{kind} {}**", words::code(&node.title()));
        let says = match document.policy() {
            Some(_) if document.text.is_sensitive() => "its text is marked sensitive".to_owned(),
            Some(known) => words::policy(known),
            None => format!(
                "undecided: {}",
                document.doubt().unwrap_or_else(|| "its text is unknown until apply".to_owned())
            ),
        };
        let bound = Bound::of(org, id);
        let mut addresses = vec![address.clone()];
        addresses.extend(
            org.targets_of(id).into_iter().filter_map(|(_, it)| Some(it.address.as_ref()?.to_string())),
        );
        for block in blocks.iter().filter(|block| addresses.contains(&block.address)) {
            let Some((path, _)) = texts.of(&block.file) else { continue };
            analysis.hovers.entry(path.clone()).or_default().push(Hover {
                lines: block.lines,
                policy: Some(address.clone()),
                text: format!("{title}\n\n{says}"),
                bound: bound.clone(),
            });
        }
    }
}

/// The names of files whose text a configuration is.
pub(super) fn is_configuration(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    /// What is said of a text that is a whole configuration: code and line, from 1.
    fn said(text: &str) -> (BTreeSet<(String, u32)>, Analysis) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        fs::write(folder.join("main.tf"), text).unwrap();
        let analysis = analyze(&folder, &BTreeMap::new());
        let each = analysis.diagnostics.values().flatten();
        let said = each.map(|it| match &it.code {
            Some(lsp_types::NumberOrString::String(code)) => (code.clone(), it.range.start.line + 1),
            other => panic!("{other:?}"),
        });
        (said.collect(), analysis)
    }

    fn fixtures() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").canonicalize().unwrap()
    }

    /// Without a plan less is known, so less may be said, and nothing that a plan does not bear out: each finding in the
    /// source of a fixture is one that the review of its plan has, too.
    #[test]
    fn nothing_is_said_that_the_plan_does_not_bear_out() {
        let (mut checked, mut found, mut wrong) = (0, BTreeSet::new(), Vec::new());
        for rule in RULES {
            let Ok(entries) = fs::read_dir(fixtures().join(rule)) else { continue };
            for entry in entries {
                let source = entry.unwrap().path();
                let plan = source.with_extension("json");
                if source.extension().is_none_or(|it| it != "tf") || !plan.is_file() {
                    continue;
                }
                let (said, _) = said(&fs::read_to_string(&source).unwrap());
                checked += 1;
                let documents = input::read_all([&plan].into_iter()).unwrap();
                let plans: Vec<_> = documents.iter().map(|it| input::parse(it).unwrap()).collect();
                let config = configuration(plan.parent().unwrap());
                let organization = Organization::of(&plans, &[], &config.declared());
                let question = Question {
                    gate: config::gate(&config, None, true),
                    today: review::today(),
                    baseline: &[],
                    allow_incomplete: true,
                    events: None,
                };
                let review = orgward_rules::review(&organization, &plans, &config, question);
                let planned: BTreeSet<&str> = review.findings.iter().map(|it| it.rule).collect();
                for (code, line) in said {
                    if !planned.contains(code.as_str()) {
                        wrong.push(format!("{}:{line}: {code}", source.display()));
                    }
                    found.insert(code);
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(checked >= 40, "{checked}");
        for rule in ["public-trust", "inert-guardrail", "unreadable-policy", "loose-federation"] {
            assert!(found.contains(rule), "{rule}: {found:?}");
        }
    }

    #[test]
    fn policies_are_followed_wherever_they_are_written() {
        let trust = |policy: &str| {
            format!(
                "resource \"aws_iam_role\" \"r\" {{\n  name = \"r\"\n  assume_role_policy = {policy}\n}}\n"
            )
        };
        let public = [
            trust(
                "jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = \"*\" }]\n  })",
            ),
            trust(
                "<<EOF\n{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":\"*\"}]}\nEOF",
            ),
            trust("data.aws_iam_policy_document.d.json")
                + "data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n    principals {\n      type = \"AWS\"\n      identifiers = [\"*\"]\n    }\n  }\n}\n",
            trust("local.trust")
                + "locals {\n  trust = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = \"*\" }] })\n}\n",
        ];
        for text in &public {
            let (said, _) = said(text);
            assert!(said.iter().any(|(code, _)| code == "public-trust"), "{text}\n{said:?}");
        }
        // Whom a variable lets in is not known before it has a value.
        let open = trust(
            "jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = var.who }] })",
        );
        assert_eq!(said(&open).0, BTreeSet::new());
        assert_eq!(said("resource \"aws_iam_role\" {{{ \n").0, BTreeSet::new(), "half a file is no finding");
    }

    #[test]
    fn a_policy_of_the_organization_says_what_it_denies_and_where_it_is_attached() {
        let (_, analysis) = said(
            "resource \"aws_organizations_policy\" \"leave\" {\n  name = \"deny-leave\"\n  content = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Deny\", Action = \"organizations:LeaveOrganization\", Resource = \"*\" }] })\n}\n\
             resource \"aws_organizations_account\" \"shop\" {\n  name = \"shop\"\n  email = \"s@example.com\"\n}\n\
             resource \"aws_organizations_policy_attachment\" \"a\" {\n  policy_id = aws_organizations_policy.leave.id\n  target_id = aws_organizations_account.shop.id\n}\n",
        );
        let hovers: Vec<&Hover> = analysis.hovers.values().flatten().collect();
        let lines: BTreeSet<(usize, usize)> = hovers.iter().map(|it| it.lines).collect();
        assert_eq!(lines, BTreeSet::from([(1, 4), (9, 12)]), "the policy and its attachment");
        assert_eq!(
            hovers[0].text,
            "**SCP `deny-leave`**\n\n- denies `organizations:LeaveOrganization` on every resource\n"
        );
        assert_eq!(
            hovers[0].bound.words("this configuration"),
            "Attached to `shop` in this configuration. Binds `shop`. Policies of the organization never bind the \
             management account."
        );
    }
}
