//! `orgward test`: tests of one's own guardrails and rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use orgward_config::Config;
use orgward_finding::{Finding, Gate, Status, Verdict};
use orgward_iam::{Claim, ClaimSpec};
use orgward_org::{NodeId, NodeKind, Organization};
use orgward_proof::EnforcedBy;
use orgward_proof::questions::{Questions, Reply};
use orgward_report::{CoveredStatement, TestAnswer, TestOutcome, TestRun, escape};
use orgward_rules::{Checked, Question};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::arguments::{TestArguments, TestFormat};
use crate::exit::Exit;
use crate::rego::OwnRules;
use crate::{config, files, input, output, review, source};

type Failure = Box<dyn Diagnostic + Send + Sync>;

/// Where tests are, beside the configuration.
const FOLDER: &str = ".orgward/tests";
/// Files with tests.
const FILES: usize = 1_000;

/// Why tests cannot be run.
#[derive(Debug, Error, Diagnostic)]
enum TestError {
    #[error("there are no tests in `{}`", escape(name))]
    #[diagnostic(help("write `[[test]]` tables into a file that ends in `.toml`, as `docs/test.md` shows"))]
    None { name: String },
    #[error("there are more than {FILES} files with tests in `{}`", escape(name))]
    #[diagnostic(help("name the files of one team"))]
    Many { name: String },
    #[error("cannot list the tests in `{}`", escape(name))]
    #[diagnostic(help("name a file with tests, or a folder"))]
    List { name: String, source: std::io::Error },
    #[error("{}: {}", escape(file), escape(why))]
    #[diagnostic(help("{help}"))]
    Wrong {
        file: String,
        why: String,
        help: &'static str,
        #[source_code]
        text: std::sync::Arc<NamedSource<String>>,
        #[label("here")]
        span: SourceSpan,
    },
}

/// A file of tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    test: Vec<Spanned<Case>>,
}

/// A test, as people write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    expect: Expect,
    /// The change: plans, from the folder of the file.
    #[serde(default)]
    plan: Vec<String>,
    account: Option<String>,
    principal: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, String>,
    rule: Option<String>,
    address: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Denied,
    Allowed,
    Found,
    Quiet,
}

impl Expect {
    fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Allowed => "allowed",
            Self::Found => "found",
            Self::Quiet => "quiet",
        }
    }
}

/// What a test asks.
enum Asked {
    /// Whether a request is denied, by account or by principal.
    Request { who: Who, claim: Box<Claim> },
    /// Whether a rule finds something.
    Rule { rule: String, address: Option<String> },
}

enum Who {
    Account(String),
    Principal(String),
}

struct Test {
    name: String,
    file: String,
    line: usize,
    expect: Expect,
    plans: Vec<PathBuf>,
    asked: Asked,
}

/// Runs tests.
pub(crate) fn run(arguments: &TestArguments) -> Result<Exit, Failure> {
    let config = config::load(&arguments.config)?;
    let own = OwnRules::of(&config)?;
    let rules: Vec<&str> = review::rules(&own).iter().map(|info| info.id).collect();
    let mut tests = Vec::new();
    for file in found(arguments)? {
        tests.extend(read(&file, &rules)?);
    }
    if tests.is_empty() {
        return Err(TestError::None { name: FOLDER.to_owned() }.into());
    }
    // What has the same change is asked of the same organization.
    let mut groups: BTreeMap<Vec<PathBuf>, Vec<usize>> = BTreeMap::new();
    for (at, test) in tests.iter().enumerate() {
        groups.entry(test.plans.clone()).or_default().push(at);
    }
    let mut answers: BTreeMap<usize, TestAnswer> = BTreeMap::new();
    let mut statements: BTreeMap<(String, usize), CoveredStatement> = BTreeMap::new();
    for (plans, members) in &groups {
        let group: Vec<(usize, &Test)> =
            members.iter().filter_map(|at| Some((*at, tests.get(*at)?))).collect();
        for covered in run_group(arguments, (&config, &own), plans, &group, &mut answers)? {
            let key = (covered.policy.clone(), covered.statement);
            statements.entry(key).and_modify(|it| it.touched |= covered.touched).or_insert(covered);
        }
    }
    let run =
        TestRun { tests: answers.into_values().collect(), statements: statements.into_values().collect() };
    let text = match arguments.format {
        TestFormat::Text => orgward_report::tests(&run),
        TestFormat::Tap => orgward_report::tests_tap(&run),
        TestFormat::Junit => orgward_report::tests_junit(&run),
        TestFormat::Json => orgward_report::tests_json(&run),
    };
    output::print(text.as_bytes())?;
    let is = |outcome| run.tests.iter().any(|test| test.outcome == outcome);
    Ok(if is(TestOutcome::Undecided) {
        Exit::Failed
    } else if is(TestOutcome::Failed) {
        Exit::Blocked
    } else {
        Exit::Clean
    })
}

/// The files with tests: those that are named, those of folders that are named, and else those beside the configuration.
fn found(arguments: &TestArguments) -> Result<Vec<PathBuf>, TestError> {
    let named = if arguments.tests.is_empty() {
        vec![config::folder(&arguments.config).join(FOLDER)]
    } else {
        arguments.tests.clone()
    };
    let mut all = Vec::new();
    for path in named {
        let name = || path.display().to_string();
        if !path.is_dir() {
            if arguments.tests.is_empty() {
                return Err(TestError::None { name: name() });
            }
            all.push(path);
            continue;
        }
        let entries = fs::read_dir(&path).map_err(|source| TestError::List { name: name(), source })?;
        let mut inside = Vec::new();
        for entry in entries {
            let file = entry.map_err(|source| TestError::List { name: name(), source })?.path();
            if file.extension().is_some_and(|ending| ending == "toml") {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            return Err(TestError::None { name: name() });
        }
        inside.sort();
        all.extend(inside);
        if all.len() > FILES {
            return Err(TestError::Many { name: name() });
        }
    }
    Ok(all)
}

fn read(path: &Path, rules: &[&str]) -> Result<Vec<Test>, Failure> {
    let text = files::read("the tests", path)?;
    let file = path.display().to_string();
    let shown = std::sync::Arc::new(NamedSource::new(&file, text.clone()));
    let wrong = |span: std::ops::Range<usize>, why: String, help| TestError::Wrong {
        file: file.clone(),
        why,
        help,
        text: std::sync::Arc::clone(&shown),
        span: span.into(),
    };
    let written: Written = toml::from_str(&text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        wrong(span, error.message().to_owned(), "`docs/test.md` shows the keys of `[[test]]`")
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut tests: Vec<Test> = Vec::new();
    for case in written.test {
        let span = case.span();
        let line = text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
        let case = case.into_inner();
        let plans = case.plan.iter().map(|plan| folder.join(plan)).collect();
        let (name, expect) = (case.name.clone(), case.expect);
        if tests.iter().any(|test| test.name == name) {
            return Err(
                wrong(span, format!("two tests are called `{name}`"), "give each a name of its own").into()
            );
        }
        let asked = asked(case, rules).map_err(|(why, help)| wrong(span, why, help))?;
        tests.push(Test { name, file: file.clone(), line, expect, plans, asked });
    }
    Ok(tests)
}

fn asked(case: Case, rules: &[&str]) -> Result<Asked, (String, &'static str)> {
    let no = |why: &str, help| Err((why.to_owned(), help));
    if let Some(rule) = case.rule {
        if !matches!(case.expect, Expect::Found | Expect::Quiet) {
            return no("a test of a rule expects `found` or `quiet`", "change `expect`, or remove `rule`");
        }
        if !rules.contains(&rule.as_str()) {
            return no(&format!("there is no rule `{rule}`"), "`orgward rules` lists them");
        }
        if case.plan.is_empty() {
            return no("a test of a rule needs a change", "name the plan: `plan = [\"plan.json\"]`");
        }
        let is_request = case.action.is_some() || case.account.is_some() || case.principal.is_some();
        if is_request || case.resource.is_some() || !case.context.is_empty() {
            return no("a test of a rule has no request", "remove `rule`, or what describes the request");
        }
        return Ok(Asked::Rule { rule, address: case.address });
    }
    if !matches!(case.expect, Expect::Denied | Expect::Allowed) {
        return no("a test of a request expects `denied` or `allowed`", "change `expect`, or name a `rule`");
    }
    if case.address.is_some() {
        return no("only a test of a rule has an `address`", "write `principal` or `account`");
    }
    let who = match (case.account, case.principal) {
        (Some(account), None) => Who::Account(account),
        (None, Some(principal)) => Who::Principal(principal),
        _ => return no("a test of a request has an `account` or a `principal`", "write one of the two"),
    };
    let Some(action) = case.action else {
        return no("a test of a request has an `action`", "for example `action = \"s3:DeleteBucket\"`");
    };
    let keys: BTreeMap<String, Vec<String>> =
        case.context.into_iter().map(|(key, value)| (key, vec![value])).collect();
    let spec = ClaimSpec {
        actions: Some(vec![action]),
        resources: case.resource.filter(|resource| resource != "*").map(|resource| vec![resource]),
        conditions: if keys.is_empty() {
            BTreeMap::new()
        } else {
            [("StringEquals".to_owned(), keys)].into()
        },
        ..ClaimSpec::default()
    };
    let claim = Claim::declared(spec)
        .map_err(|error| (error.to_string(), "correct the action, the resource or the keys of `context`"))?;
    Ok(Asked::Request { who, claim: Box::new(claim) })
}

/// Runs the tests of one change, and says which statements they touch.
fn run_group(
    arguments: &TestArguments,
    (config, own): (&Config, &OwnRules),
    plans: &[PathBuf],
    group: &[(usize, &Test)],
    answers: &mut BTreeMap<usize, TestAnswer>,
) -> Result<Vec<CoveredStatement>, Failure> {
    let context = input::expanded(&arguments.org)?;
    let documents = input::read_all(plans.iter().chain(&context))?;
    let parsed = source::parsed(&documents, plans, (config, &arguments.config), &arguments.source)?;
    input::not_empty(&parsed)?;
    let (changes, states) = parsed.split_at(plans.len().min(parsed.len()));
    input::all_plans(changes)?;
    let organization = Organization::of(changes, states, &config.declared());
    let asks_rules = group.iter().any(|(_, test)| matches!(test.asked, Asked::Rule { .. }));
    let findings = if asks_rules {
        let mut checked = Checked::of(&organization, &parsed, config, None);
        let documents: Vec<_> = documents.iter().take(plans.len()).collect();
        own.ask(&mut checked, &organization, config, &documents)?;
        let gate = Gate { fail_on: None, existing: false };
        let question =
            Question { gate, today: review::today(), baseline: &[], allow_incomplete: true, events: None };
        checked.judged(question).findings
    } else {
        Vec::new()
    };
    let questions = Questions::of(&organization.after, &config.structure, &config.guardrails);
    let mut met: BTreeSet<(NodeId, usize)> = BTreeSet::new();
    for (at, test) in group {
        let (outcome, why) = match &test.asked {
            Asked::Rule { rule, address } => of_rule(&findings, rule, address.as_deref(), test.expect),
            Asked::Request { who, claim } => {
                met.extend(touched(&questions, who, claim));
                of_request(&questions, who, claim, test.expect)
            }
        };
        // What decides may quote documents, which may have a sensitive value in them.
        let clean =
            |text: String| parsed.iter().fold(text, |text, plan| plan.redacted(&text).unwrap_or(text));
        let answer = TestAnswer {
            name: test.name.clone(),
            file: test.file.clone(),
            line: test.line,
            outcome,
            expect: test.expect.as_str(),
            why: why.map(clean),
        };
        answers.insert(*at, answer);
    }
    Ok(statements(&organization.after, &met))
}

fn of_request(
    questions: &Questions<'_>,
    who: &Who,
    claim: &Claim,
    expect: Expect,
) -> (TestOutcome, Option<String>) {
    // The one asks whether all of it is denied, and the other whether some of it is allowed.
    let (reply, denied) = match who {
        Who::Account(account) => (questions.denied(claim, EnforcedBy::Both, account), true),
        Who::Principal(principal) => (questions.can(principal, claim), false),
    };
    let is_denied = match reply {
        Reply::Undecided(why) => return (TestOutcome::Undecided, Some(why)),
        Reply::Yes => denied,
        Reply::No => !denied,
    };
    match (expect, is_denied) {
        (Expect::Denied, true) | (Expect::Allowed, false) => (TestOutcome::Passed, None),
        (_, true) => (TestOutcome::Failed, Some("expected that it is allowed, and it is denied".to_owned())),
        (_, false) if denied => (
            TestOutcome::Failed,
            Some("expected that it is denied, and no policy of the organization denies all of it".to_owned()),
        ),
        (_, false) => (TestOutcome::Failed, Some("expected that it is denied, and it is allowed".to_owned())),
    }
}

fn of_rule(
    findings: &[Finding],
    rule: &str,
    address: Option<&str>,
    expect: Expect,
) -> (TestOutcome, Option<String>) {
    let is_about = |finding: &&Finding| {
        let place = finding
            .address
            .as_ref()
            .map(orgward_finding::Address::as_str)
            .or(finding.target.as_deref())
            .unwrap_or("");
        finding.status == Status::New
            && finding.rule == rule
            && address.is_none_or(|pattern| orgward_iam::glob(pattern, place))
    };
    let found: Vec<&Finding> = findings.iter().filter(is_about).collect();
    let certain = found.iter().find(|finding| finding.verdict == Verdict::Found);
    match (expect, certain, found.first()) {
        (Expect::Found, Some(_), _) => (TestOutcome::Passed, None),
        (Expect::Found, None, None) => {
            (TestOutcome::Failed, Some(format!("`{rule}` finds nothing new there")))
        }
        (_, Some(finding), _) => (TestOutcome::Failed, Some(format!("`{rule}` finds: {}", finding.message))),
        (_, None, Some(open)) => {
            (TestOutcome::Undecided, Some(format!("`{rule}` is undecided: {}", open.message)))
        }
        (_, None, None) => (TestOutcome::Passed, None),
    }
}

/// The statements that a request meets, in the account that it is made in.
fn touched(questions: &Questions<'_>, who: &Who, claim: &Claim) -> Vec<(NodeId, usize)> {
    match who {
        Who::Account(account) => questions.met(claim, account),
        Who::Principal(principal) => {
            let access = questions.access();
            let subject = access.named(principal).and_then(|id| access.subject(id));
            let account = subject.and_then(|subject| subject.account);
            let label = account.and_then(|id| access.organization().account(id)).map(|it| it.node.label());
            label.map_or_else(Vec::new, |label| questions.met(claim, &label))
        }
    }
}

/// The statements of the SCPs and RCPs of an organization.
fn statements(org: &Organization, met: &BTreeSet<(NodeId, usize)>) -> Vec<CoveredStatement> {
    let mut all = Vec::new();
    for (id, node) in org.nodes() {
        let NodeKind::OrgPolicy(org_policy) = &node.kind else { continue };
        let Some(policy) = org_policy.document.policy().filter(|_| org_policy.is_authorization()) else {
            continue;
        };
        let is_sensitive = org_policy.document.text.is_sensitive();
        for (at, statement) in policy.statements.iter().enumerate() {
            all.push(CoveredStatement {
                policy: node.address.as_ref().map_or_else(|| node.title(), ToString::to_string),
                statement: at + 1,
                sid: statement.sid.as_ref().filter(|_| !is_sensitive).map(|sid| sid.value.clone()),
                touched: met.contains(&(id, at)),
            });
        }
    }
    all
}
