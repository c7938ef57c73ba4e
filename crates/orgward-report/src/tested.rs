//! What tests of one's own came to: for people, for test runners, and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::escape;
use crate::junit;

/// What a test came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// It is as expected.
    Passed,
    /// It is not.
    Failed,
    /// Something that decides is unknown.
    Undecided,
}

/// A test that was run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TestAnswer {
    /// What it is called.
    pub name: String,
    /// The file that has it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// What it came to.
    pub outcome: TestOutcome,
    /// What was expected: `denied`, `allowed`, `found`, `quiet`.
    pub expect: &'static str,
    /// Why it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A statement of an organization policy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct CoveredStatement {
    /// The policy: its address or name.
    pub policy: String,
    /// Which statement, from 1.
    pub statement: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Whether a request of a test meets it.
    pub touched: bool,
}

/// All tests that were run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TestRun {
    /// The tests, in the order of their files.
    pub tests: Vec<TestAnswer>,
    /// The statements, sorted.
    pub statements: Vec<CoveredStatement>,
}

impl TestRun {
    fn count(&self, outcome: TestOutcome) -> usize {
        self.tests.iter().filter(|test| test.outcome == outcome).count()
    }

    fn untouched(&self) -> impl Iterator<Item = &CoveredStatement> {
        self.statements.iter().filter(|statement| !statement.touched)
    }

    /// Which statements are touched, in one sentence.
    fn coverage(&self) -> String {
        let all = self.statements.len();
        let touched = all - self.untouched().count();
        match all {
            0 => "there are no organization policies whose statements could be touched".to_owned(),
            all => format!("{touched} of {all} statements of organization policies are touched"),
        }
    }
}

impl CoveredStatement {
    fn title(&self) -> String {
        match &self.sid {
            Some(sid) if !sid.is_empty() => {
                format!("{}: statement {} (`{sid}`)", self.policy, self.statement)
            }
            _ => format!("{}: statement {}", self.policy, self.statement),
        }
    }
}

/// For people: what did not pass, and what no test touches.
pub fn tests(run: &TestRun) -> String {
    let mut out = String::new();
    for test in &run.tests {
        let word = match test.outcome {
            TestOutcome::Passed => "ok       ",
            TestOutcome::Failed => "FAILED   ",
            TestOutcome::Undecided => "undecided",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{word} {}", escape::line(&test.name));
        if let Some(why) = &test.why {
            let _ =
                writeln!(out, "          {}:{}: {}", escape::line(&test.file), test.line, escape::line(why));
        }
    }
    let untouched: Vec<String> = run.untouched().map(CoveredStatement::title).collect();
    if !untouched.is_empty() {
        out.push_str("\nno test touches:\n");
        for title in untouched {
            let _ = writeln!(out, "  {}", escape::line(&title));
        }
    }
    let [passed, failed, undecided] =
        [TestOutcome::Passed, TestOutcome::Failed, TestOutcome::Undecided].map(|outcome| run.count(outcome));
    let _ = writeln!(out, "\n{passed} passed, {failed} failed, {undecided} undecided; {}", run.coverage());
    out
}

/// In the Test Anything Protocol, version 14.
pub fn tests_tap(run: &TestRun) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", run.tests.len());
    for (at, test) in run.tests.iter().enumerate() {
        let ok = if test.outcome == TestOutcome::Passed { "ok" } else { "not ok" };
        // A sign of number would begin a directive.
        let name = escape::line(&test.name).replace('\\', "\\\\").replace('#', "\\#");
        let _ = writeln!(out, "{ok} {} - {name}", at + 1);
        if let Some(why) = &test.why {
            let text = |text: &str| serde_json::Value::String(escape::line(text).into_owned()).to_string();
            let outcome = if test.outcome == TestOutcome::Failed { "failed" } else { "undecided" };
            let _ = writeln!(
                out,
                "  ---\n  message: {}\n  severity: {outcome}\n  at: {}\n  ...",
                text(why),
                text(&format!("{}:{}", test.file, test.line))
            );
        }
    }
    let _ = writeln!(out, "# {}", run.coverage());
    for statement in run.untouched() {
        let _ = writeln!(out, "# no test touches {}", escape::line(&statement.title()));
    }
    out
}

/// As `JUnit` XML: what is undecided is an error.
pub fn tests_junit(run: &TestRun) -> String {
    let mut cases = String::new();
    for test in &run.tests {
        cases.push_str(&junit::case(&test.file, &test.name, Some((&test.file, test.line))));
        let why = junit::text(test.why.as_deref().unwrap_or_default());
        match test.outcome {
            TestOutcome::Passed => {}
            TestOutcome::Failed => cases.push_str(&junit::element("failure", &why, test.expect, "")),
            TestOutcome::Undecided => cases.push_str(&junit::element("error", &why, "undecided", "")),
        }
        cases.push_str("    </testcase>\n");
    }
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\"",
        run.tests.len(),
        run.count(TestOutcome::Failed),
        run.count(TestOutcome::Undecided)
    );
    let mut coverage = junit::text(&run.coverage()) + "\n";
    for statement in run.untouched() {
        let _ = writeln!(coverage, "no test touches {}", junit::text(&statement.title()));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"orgward test\" {counts}>\n  \
         <testsuite name=\"orgward test\" {counts}>\n{cases}    <system-out>{coverage}</system-out>\n  \
         </testsuite>\n</testsuites>\n"
    )
}

/// For programs.
pub fn tests_json(run: &TestRun) -> String {
    #[derive(Serialize)]
    struct Shape<'r> {
        schema: u32,
        passed: usize,
        failed: usize,
        undecided: usize,
        #[serde(flatten)]
        run: &'r TestRun,
    }
    let shape = Shape {
        schema: 1,
        passed: run.count(TestOutcome::Passed),
        failed: run.count(TestOutcome::Failed),
        undecided: run.count(TestOutcome::Undecided),
        run,
    };
    // Strings, numbers and lists always make JSON.
    let text = serde_json::to_string_pretty(&shape).unwrap_or_default();
    escape::json(&text) + "\n"
}
