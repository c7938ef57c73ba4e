//! Alerts keep their identity: reviews are uploaded to a code-scanning API that keeps the rules of GitHub's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::forge::{Forge, Reply};
use crate::support::{Folder, text_of};

/// What tells alerts apart: category, rule, file, and the fingerprint of the place in the file.
type Identity = (String, String, String, String);

/// The alerts of a repository: their numbers, and whether they are open.
#[derive(Debug, Default)]
struct Alerts {
    known: BTreeMap<Identity, (usize, bool)>,
}

impl Alerts {
    /// Takes an upload, as GitHub's documentation says: of each category the alerts that are there no longer are closed.
    fn take(&mut self, log: &Value) -> Result<(), String> {
        let runs = log["runs"].as_array().ok_or("no runs")?;
        if log["version"] != "2.1.0" || runs.is_empty() || runs.len() > 20 {
            return Err("not SARIF 2.1.0 with 1 to 20 runs".to_owned());
        }
        let mut categories = BTreeSet::new();
        for run in runs {
            let id = run["automationDetails"]["id"].as_str().ok_or("no automationDetails.id")?;
            // What follows the last slash names the run, not the category.
            let (category, _) = id.rsplit_once('/').ok_or("the id has no category")?;
            if !categories.insert(category.to_owned()) {
                return Err(format!("two runs of the category {category}"));
            }
            let rules = run["tool"]["driver"]["rules"].as_array().ok_or("no rules")?;
            let mut here = BTreeSet::new();
            for result in run["results"].as_array().ok_or("no results")? {
                let text = |path: &str| {
                    let found = result.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
                    found.map(str::to_owned).ok_or_else(|| format!("{path} is missing in {result}"))
                };
                text("/message/text")?;
                let rule = text("/ruleId")?;
                if rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"]
                    != rule.as_str()
                {
                    return Err(format!("ruleIndex is not the one of {rule}"));
                }
                let file = text("/locations/0/physicalLocation/artifactLocation/uri")?;
                if file.starts_with('/') || file.contains(['\\', ' ', ':']) || file.contains("..") {
                    return Err(format!("{file} is no path in the repository"));
                }
                if result.pointer("/locations/0/physicalLocation/region/startLine").and_then(Value::as_u64)
                    < Some(1)
                {
                    return Err("lines begin at 1".to_owned());
                }
                let place = text("/partialFingerprints/primaryLocationLineHash")?;
                let identity = (category.to_owned(), rule, file, place);
                if !here.insert(identity.clone()) {
                    return Err(format!("two results are one alert: {identity:?}"));
                }
            }
            for (identity, (_, open)) in &mut self.known {
                if identity.0 == category {
                    *open = here.contains(identity);
                }
            }
            for identity in here {
                let number = self.known.len() + 1;
                self.known.entry(identity).or_insert((number, true)).1 = true;
            }
        }
        Ok(())
    }

    fn open(&self) -> BTreeSet<usize> {
        self.known.values().filter(|(_, open)| *open).map(|(number, _)| *number).collect()
    }
}

/// A forge that takes uploads.
fn code_scanning() -> (Forge, Arc<Mutex<Alerts>>) {
    let alerts = Arc::new(Mutex::new(Alerts::default()));
    let kept = Arc::clone(&alerts);
    let forge = Forge::with(move |asked, _| {
        let is_upload = asked.method == "POST" && asked.path == "/repos/cloud/org/code-scanning/sarifs";
        is_upload.then(|| match kept.lock().unwrap().take(&serde_json::from_str(&asked.body).unwrap()) {
            Ok(()) => Reply { status: 202, headers: String::new(), body: json!({ "id": "1" }).to_string() },
            Err(why) => Reply::new(400, "", &why),
        })
    });
    (forge, alerts)
}

/// Reviews what is in the folder and uploads it.
fn upload(folder: &Folder, forge: &Forge, arguments: &[&str]) {
    let run = folder.run([&["plan", "review", "--format", "sarif"], arguments].concat());
    assert!(run.code < 2, "{run:?}");
    let answer = forge.post("/repos/cloud/org/code-scanning/sarifs", &run.stdout);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

/// A repository of two stacks with sources, each with a role that anyone may assume.
fn repository() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.path(".git")).unwrap();
    folder.write("orgward.toml", "");
    for stack in ["stacks/dev", "stacks/prod"] {
        std::fs::create_dir_all(folder.path(stack)).unwrap();
        folder.write(&format!("{stack}/main.tf"), text_of("public-trust/bad-star-string.tf"));
        folder.write(&format!("{stack}/plan.json"), text_of("public-trust/bad-star-string.json"));
    }
    folder
}

#[test]
fn an_alert_is_the_same_when_lines_move_and_when_the_stack_is_reviewed_alone() {
    let (folder, (forge, alerts)) = (repository(), code_scanning());
    let both = ["stacks/dev/plan.json", "stacks/prod/plan.json"];
    upload(&folder, &forge, &both);
    let first = alerts.lock().unwrap().open();
    assert!(first.len() >= 2, "{first:?}");

    let moved = format!("# a comment\n\n{}", text_of("public-trust/bad-star-string.tf"));
    folder.write("stacks/dev/main.tf", moved);
    upload(&folder, &forge, &both);
    assert_eq!(alerts.lock().unwrap().open(), first, "lines have moved, alerts have not");

    upload(&folder, &forge, &["stacks/dev/plan.json"]);
    assert_eq!(alerts.lock().unwrap().open(), first, "the alerts of the other stack stay open");
    assert_eq!(alerts.lock().unwrap().known.len(), first.len(), "no alert is there twice");
}

#[test]
fn what_is_fixed_is_closed_in_its_stack_only_and_comes_back_as_itself() {
    let (folder, (forge, alerts)) = (repository(), code_scanning());
    let both = ["stacks/dev/plan.json", "stacks/prod/plan.json"];
    upload(&folder, &forge, &both);
    let first = alerts.lock().unwrap().open();
    folder.write("stacks/dev/main.tf", text_of("public-trust/good-service.tf"));
    folder.write("stacks/dev/plan.json", text_of("public-trust/good-service.json"));
    upload(&folder, &forge, &both);
    let left: Vec<String> = {
        let alerts = alerts.lock().unwrap();
        alerts.known.iter().filter(|(_, (_, open))| *open).map(|(identity, _)| identity.0.clone()).collect()
    };
    assert!(!left.is_empty() && left.iter().all(|category| category != "orgward/stacks/dev"), "{left:?}");
    folder.write("stacks/dev/main.tf", text_of("public-trust/bad-star-string.tf"));
    folder.write("stacks/dev/plan.json", text_of("public-trust/bad-star-string.json"));
    upload(&folder, &forge, &both);
    assert_eq!(alerts.lock().unwrap().open(), first);
}

/// A waiver is told with the alert, so that a reader of code scanning sees who accepted it.
#[test]
fn what_is_waived_is_suppressed() {
    let (folder, (forge, alerts)) = (repository(), code_scanning());
    let found = folder.run(["plan", "review", "--format", "json", "stacks/dev/plan.json"]);
    let review = found.json();
    let finding =
        review["findings"].as_array().unwrap().iter().find(|it| it["rule"] == "public-trust").unwrap();
    let run = folder.run([
        "waive",
        finding["fingerprint"].as_str().unwrap(),
        "stacks/dev/plan.json",
        "--reason",
        "a trial",
        "--owner",
        "team",
        "--until",
        "9999-12-31",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    upload(&folder, &forge, &["stacks/dev/plan.json"]);
    assert!(!alerts.lock().unwrap().known.is_empty());
    let log = folder.run(["plan", "review", "--format", "sarif", "stacks/dev/plan.json"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let waived = results.iter().find(|result| result["ruleId"] == "public-trust").unwrap();
    let suppression = &waived["suppressions"][0];
    assert_eq!((&suppression["kind"], &suppression["status"]), (&json!("external"), &json!("accepted")));
    assert!(suppression["justification"].as_str().unwrap().contains("a trial"), "{suppression}");
}

/// A run that has a name has one category, and the comment on the pull request is called like it.
#[test]
fn a_run_has_the_name_that_it_is_given() {
    let folder = repository();
    let log = folder
        .run(["plan", "review", "--format", "sarif", "--stack", "identity", "stacks/dev/plan.json"])
        .json();
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "orgward/identity/");
    let run = folder.run([
        "plan",
        "review",
        "--output",
        "json=review.json",
        "--stack",
        "identity",
        "stacks/dev/plan.json",
    ]);
    assert_eq!(run.code, 1, "{run:?}");
    let comment = folder.run(["plan", "comment", "--dry-run", "review.json"]);
    assert!(comment.stdout.starts_with("<!-- orgward:identity "), "{comment:?}");
    let run = folder.run(["plan", "review", "--stack", "a-->b", "stacks/dev/plan.json"]);
    assert!(run.code == 2 && run.stderr.contains("cannot be the name of a stack"), "{run:?}");
}
