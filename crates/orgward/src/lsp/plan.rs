//! What the plan in a folder comes to: the findings of a review, whom policies bind, and proved fixes. Runs of this
//! program find it out, beside the conversation with the editor.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lsp_types::Diagnostic;
use orgward_finding::Severity;
use serde::Deserialize;
use serde_json::Value;

use super::bound::Bound;
use super::shown::diagnostic;
use super::terraform::Texts;
use super::text::Lines;
use crate::again::{self, Again};
use crate::discover;

/// How long each run may take.
const LIMIT: Duration = Duration::from_mins(5);

/// The plan of a folder, and the context that it is reviewed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Inputs {
    pub(super) folder: PathBuf,
    pub(super) plan: PathBuf,
    pub(super) org: Vec<PathBuf>,
    /// When the plan was written, and how large it is.
    stamp: (SystemTime, u64),
}

impl Inputs {
    /// What there is to review for a folder: the plan that the editor is set up with, if it is of this folder, else the
    /// one plan in it. Saved plans are not read: Terraform would have to run.
    pub(super) fn of(folder: &Path, plan: Option<&Path>, org: &[PathBuf]) -> Option<Self> {
        let named = plan
            .filter(|plan| plan.parent().and_then(|it| it.canonicalize().ok()).as_deref() == Some(folder));
        let plan = match named {
            Some(plan) => plan.to_owned(),
            None => folder.join(discover::plan(folder).ok()?),
        };
        let metadata = fs::metadata(&plan).ok().filter(fs::Metadata::is_file)?;
        let is_json = fs::File::open(&plan).is_ok_and(|mut file| {
            let mut first = [0; 2];
            std::io::Read::read_exact(&mut file, &mut first).is_ok() && &first != b"PK"
        });
        let stamp = (metadata.modified().ok()?, metadata.len());
        is_json.then(|| Self { folder: folder.to_owned(), plan, org: org.to_vec(), stamp })
    }

    /// The name of the plan.
    pub(super) fn name(&self) -> String {
        self.plan.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// What a plan comes to.
#[derive(Debug, Default)]
pub(super) struct Reviewed {
    /// By file.
    pub(super) diagnostics: BTreeMap<PathBuf, Vec<Diagnostic>>,
    /// By the addresses of policies.
    pub(super) bound: BTreeMap<String, Bound>,
    pub(super) fixes: Vec<Fix>,
    /// The files that fixes change, as they were when the fixes were proved.
    pub(super) texts: BTreeMap<PathBuf, String>,
}

/// A proved fix.
#[derive(Debug)]
pub(super) struct Fix {
    /// What it does.
    pub(super) title: String,
    /// The rule of the finding that it cures.
    pub(super) rule: String,
    /// Where that finding is written: file, and line from 1.
    pub(super) site: Option<(PathBuf, usize)>,
    pub(super) edits: Vec<Edit>,
}

/// A change of one file.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) path: PathBuf,
    pub(super) at: usize,
    pub(super) removed: String,
    pub(super) text: String,
}

/// A finding as JSON has it.
#[derive(Deserialize)]
struct Finding {
    rule: String,
    severity: String,
    status: String,
    message: String,
    #[serde(default)]
    help: Option<String>,
    #[serde(default)]
    site: Option<Site>,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Site {
    file: String,
    line: usize,
}

/// Reviews a plan; the error says why there is nothing to say.
pub(super) fn review(inputs: &Inputs, is_over: &dyn Fn() -> bool) -> Result<Reviewed, String> {
    let asked = |command: &[&str]| -> Result<Value, String> {
        let mut arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
        for file in &inputs.org {
            arguments.push("--org".into());
            arguments.push(file.into());
        }
        arguments.push("--".into());
        arguments.push((&inputs.plan).into());
        let again = Again { arguments: &arguments, input: None, folder: &inputs.folder, limit: LIMIT };
        let run = again::run(&again, is_over)?;
        serde_json::from_str(&run.answer).map_err(|_| {
            if run.notes.trim().is_empty() {
                "orgward ended without an answer".to_owned()
            } else {
                run.notes.trim().to_owned()
            }
        })
    };
    let mut reviewed = Reviewed::default();
    let review = asked(&["plan", "review", "--format=json"])?;
    let findings: Vec<Finding> = serde_json::from_value(review.get("findings").cloned().unwrap_or_default())
        .map_err(|error| error.to_string())?;
    // Files on the disk: these are what the plan was made from, if any are.
    let nothing = BTreeMap::new();
    let mut texts = Texts { folder: &inputs.folder, open: &nothing, known: BTreeMap::new() };
    let mut sites = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.status != "waived") {
        let Some(site) = &finding.site else { continue };
        let Some((path, text)) = texts.of(&site.file) else { continue };
        sites.insert(finding.fingerprint.clone(), (path.clone(), site.line));
        let severity = finding.severity.parse().unwrap_or(Severity::High);
        let lines = Lines::of(text);
        let message = format!("{} (in `{}`)", finding.message, inputs.name());
        let shown = diagnostic(
            (lines.range(&lines.line(site.line)), site.line),
            severity,
            &finding.rule,
            &message,
            finding.help.as_deref(),
        );
        reviewed.diagnostics.entry(path.clone()).or_default().push(shown);
    }
    if let Ok(organization) = asked(&["org", "show", "--format=json"]) {
        reviewed.bound = organization.get("after").map(Bound::all).unwrap_or_default();
    }
    // Without sources there is nothing to edit.
    if let Ok(fixes) = asked(&["fix", "--existing", "--format=json"]) {
        for fix in fixes.get("fixes").and_then(Value::as_array).into_iter().flatten() {
            reviewed.add(fix, &sites, &inputs.folder);
        }
    }
    Ok(reviewed)
}

impl Reviewed {
    /// Adds a fix as JSON has it.
    fn add(&mut self, fix: &Value, sites: &BTreeMap<String, (PathBuf, usize)>, folder: &Path) {
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
        };
        let mut edits = Vec::new();
        for file in fix["files"].as_array().into_iter().flatten() {
            let Ok(path) = folder.join(text(file, "file")).canonicalize() else { return };
            let Some(at) = file["at"].as_u64().and_then(|at| usize::try_from(at).ok()) else { return };
            if !self.texts.contains_key(&path) {
                let Ok(whole) = crate::files::bounded(&path, 1 << 20) else { return };
                self.texts.insert(path.clone(), whole);
            }
            let edit = Edit { path, at, removed: text(file, "removed"), text: text(file, "text") };
            // The file may have been written meanwhile.
            let whole = self.texts.get(&edit.path).map(String::as_str).unwrap_or_default();
            if whole.get(at..at + edit.removed.len()) != Some(edit.removed.as_str()) {
                return;
            }
            edits.push(edit);
        }
        self.fixes.push(Fix {
            title: format!("{} (proved)", orgward_report::escape(&text(fix, "says"))),
            rule: text(fix, "rule"),
            site: sites.get(&text(fix, "fingerprint")).cloned(),
            edits,
        });
    }
}
