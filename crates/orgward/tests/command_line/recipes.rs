//! The scripts of the recipes, run with a shell and a program that crashes, is killed, or has nothing to say. Whatever the
//! pull request has committed, no recipe passes without a review of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::forge::{Forge, Reply};
use crate::support::fixture;

/// What happens when `orgward plan review` runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Review {
    /// It writes a review and exits like it.
    Exits(i32),
    /// It fails before it has written anything.
    Crashes,
    /// Something kills it.
    IsKilled,
}

/// A checkout of a pull request that has committed a clean review, a plan and a report, with fakes on PATH.
struct Checkout(tempfile::TempDir);

const CLEAN: &str = "{\"verdict\":\"clean\",\"committed\":true}";

impl Checkout {
    fn new(review: Review, terraform_works: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let checkout = Self(folder);
        for name in [
            "review.json",
            "show.json.review",
            "codequality.json",
            "review.xml",
            "review.sarif",
            "plan.json",
            "reviewed.tfplan",
            "tfplan",
            "show.json",
        ] {
            fs::write(checkout.path(name), CLEAN).unwrap();
        }
        let acts = match review {
            Review::Exits(code) => format!("write; exit {code}"),
            Review::Crashes => "exit 101".to_owned(),
            Review::IsKilled => "kill -KILL $$".to_owned(),
        };
        // The comment exits like the review that it is given, and a review that was committed is a clean one.
        let script = r#"arguments="$*"
if [ "$2" = comment ]; then
  for each in "$@"; do case $each in *.json|*.review) file=$each ;; esac; done
  [ -s "$file" ] || exit 2
  grep -q committed "$file" && exit 0
  exit CODE
fi
for each in "$@"; do case $each in *=*) ;; *.json) [ -s "$each" ] || exit 2 ;; esac; done
write() {
  for each in $arguments; do
    case $each in json=*|sarif=*|junit=*|gitlab=*) echo '{"own":true}' > "${each#*=}" ;; esac
  done
}
ACTS"#;
        let code = if let Review::Exits(code) = review { code } else { 2 };
        checkout.program("orgward", &script.replace("CODE", &code.to_string()).replace("ACTS", &acts));
        let terraform = if terraform_works {
            r#"case $1 in plan) for each in "$@"; do case $each in -out=*) echo plan > "${each#-out=}" ;; esac; done ;; show) echo '{"format_version":"1.2"}' ;; apply) touch applied ;; esac"#
        } else {
            "case $1 in init) ;; *) exit 1 ;; esac"
        };
        checkout.program("terraform", terraform);
        checkout.program("git", "exit 0");
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        fs::create_dir_all(self.path("bin")).unwrap();
        let file = self.path("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs scripts one after the other, as a job does: the first that fails ends it.
    fn run(&self, shell: &[&str], scripts: &[String]) -> bool {
        scripts.iter().all(|script| {
            let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
            let output = Command::new(shell[0])
                .args(&shell[1..])
                .arg(script)
                .current_dir(self.0.path())
                .env_clear()
                .envs([
                    ("PATH", path.as_str()),
                    ("SHOWFILE", "show.json"),
                    ("PLANFILE", "tfplan"),
                    ("ENV0_TF_PLAN_JSON", "show.json"),
                    ("REPO_REL_DIR", "."),
                    ("WORKSPACE", "default"),
                    ("BASE_BRANCH_NAME", "main"),
                    ("CHANGE_TARGET", "main"),
                    ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
                    ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "0123456789"),
                    ("PLANS", "plan.json"),
                    ("ORG", ""),
                    ("CONFIG", ""),
                    ("BASE", ""),
                    ("FAIL_ON", "medium"),
                    ("EXISTING", "false"),
                    ("SARIF", "true"),
                    ("FOLDER", "."),
                    ("NAME", "review"),
                    ("GITHUB_EVENT_NAME", "pull_request"),
                    ("GITHUB_OUTPUT", "outputs"),
                ])
                .output()
                .unwrap();
            output.status.success()
        })
    }
}

fn recipe(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The entries of a list in YAML below the `nth` line that is `key`; folded and literal blocks are put together.
fn entries(text: &str, key: &str, nth: usize) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().enumerate().filter(|(_, line)| line.trim() == key).nth(nth).unwrap().0;
    let mut found = Vec::new();
    let mut rest = lines[at + 1..].iter().peekable();
    while let Some(line) =
        rest.next().filter(|line| line.trim().is_empty() || indent(line) > indent(lines[at]))
    {
        let entry = line.trim();
        let Some(entry) = entry.strip_prefix("- ") else { continue };
        let entry = entry.strip_prefix("run: ").unwrap_or(entry);
        let mut script = Vec::new();
        if matches!(entry, ">-" | "|") {
            while let Some(more) = rest.next_if(|next| indent(next) > indent(line)) {
                script.push(more.trim());
            }
        } else {
            script.push(entry);
        }
        found.push(script.join(" "));
    }
    found
}

/// The literal blocks below lines that end with `start`, without their indentation.
fn blocks(text: &str, start: &str, end: Option<&str>) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.trim_end().ends_with(start));
    starts
        .map(|(at, first)| {
            let body = lines[at + 1..].iter().take_while(|line| {
                if let Some(end) = end {
                    return line.trim() != end;
                }
                // The key of the block stands behind the dash of its entry.
                let dash = if first.trim_start().starts_with("- ") { 2 } else { 0 };
                line.trim().is_empty() || indent(line) > indent(first) + dash
            });
            body.map(|line| line.trim_start()).collect::<Vec<_>>().join("\n")
        })
        .collect()
}

/// The inputs of a component of GitLab with their defaults.
fn inputs(spec: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = spec.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let declared = lines.iter().enumerate().filter(|(_, line)| indent(line) == 4 && line.ends_with(':'));
    declared
        .map(|(at, line)| {
            let own = lines[at + 1..].iter().take_while(|line| indent(line) > 4);
            let default = own.into_iter().find_map(|line| line.trim().strip_prefix("default: ")).unwrap();
            (line.trim().trim_end_matches(':').to_owned(), default.trim_matches('"').to_owned())
        })
        .collect()
}

/// Each recipe: its name, the shell, and the scripts of its jobs in their order.
fn recipes() -> Vec<(&'static str, &'static [&'static str], Vec<String>)> {
    const SH: &[&str] = &["sh", "-ec"];
    const BASH: &[&str] = &["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
    let gitlab = recipe("docs/ci/gitlab.yml");
    let [plan, review] = [0, 1].map(|nth| entries(&gitlab, "script:", nth));
    // The whole script of a job runs in one shell that ends at the first failure.
    let gitlab = vec![plan.join("\n"), review.join("\n")];
    let atlantis: Vec<String> = entries(&recipe("docs/ci/atlantis.yaml"), "steps:", 0)
        .into_iter()
        .filter(|step| step.contains("orgward"))
        .collect();
    let action = recipe("action.yml");
    let mut action: Vec<String> =
        blocks(&action, "run: |", None).into_iter().filter(|block| block.contains("plan review")).collect();
    // The last step is the one that decides.
    action.push("CODE=$(sed -n 's/^exit-code=//p' outputs 2> /dev/null); exit \"${CODE:-2}\"".to_owned());
    // The defaults of a component stand where GitLab puts the inputs.
    let component = recipe("docs/ci/gitlab-component/templates/orgward.yml");
    let (spec, job) = component.split_once("\n---\n").unwrap();
    let component = inputs(spec)
        .into_iter()
        .fold(job.to_owned(), |job, (name, default)| job.replace(&format!("$[[ inputs.{name} ]]"), &default));
    assert!(!component.contains("$[["), "an input that is not declared: {component}");
    let component = vec![entries(&component, "script:", 0).join("\n")];
    let bitbucket = recipe("docs/ci/bitbucket-pipelines.yml");
    let bitbucket = [0, 1].map(|nth| entries(&bitbucket, "script:", nth).join("\n")).to_vec();
    vec![
        ("bitbucket", SH, bitbucket),
        ("env0", SH, vec![entries(&recipe("docs/ci/env0.yml"), "after:", 0).join("\n")]),
        ("gitlab", SH, gitlab),
        ("gitlab component", SH, component),
        ("atlantis", &["sh", "-c"], atlantis),
        ("spacelift", SH, vec![entries(&recipe("docs/ci/spacelift.yml"), "after_plan:", 0).join("\n")]),
        ("jenkins", SH, blocks(&recipe("docs/ci/Jenkinsfile"), "sh '''", Some("'''"))),
        ("azure", BASH, blocks(&recipe("docs/ci/azure-pipelines.yml"), "script: |", None)),
        ("action", BASH, action),
    ]
}

#[test]
fn the_scripts_are_found() {
    for (name, _, scripts) in recipes() {
        assert!(scripts.iter().any(|script| script.contains("orgward plan review")), "{name}: {scripts:?}");
    }
}

#[test]
fn a_clean_review_passes() {
    for (name, shell, scripts) in recipes() {
        assert!(Checkout::new(Review::Exits(0), true).run(shell, &scripts), "{name}: {scripts:?}");
    }
}

#[test]
fn nothing_else_passes_whatever_was_committed() {
    for (name, shell, scripts) in recipes() {
        for review in [Review::Exits(1), Review::Exits(2), Review::Crashes, Review::IsKilled] {
            assert!(!Checkout::new(review, true).run(shell, &scripts), "{name}: {review:?}");
        }
    }
}

/// The plan fails, and the one that was committed is none.
#[test]
fn a_plan_that_is_missing_does_not_pass() {
    for (name, shell, scripts) in recipes() {
        // These get the plan from a step before.
        if matches!(name, "action" | "atlantis" | "env0" | "gitlab component") {
            let checkout = Checkout::new(Review::Exits(0), true);
            fs::remove_file(checkout.path("plan.json")).unwrap();
            fs::remove_file(checkout.path("show.json")).unwrap();
            assert!(!checkout.run(shell, &scripts), "{name}");
        } else {
            assert!(!Checkout::new(Review::Exits(0), false).run(shell, &scripts), "{name}");
        }
    }
}

/// What was committed as the plan is neither reviewed nor applied.
#[test]
fn make_applies_what_it_has_reviewed() {
    if Command::new("make").arg("--version").output().is_err() {
        return;
    }
    for (review, passes) in [(Review::Exits(0), true), (Review::Exits(1), false), (Review::IsKilled, false)] {
        let checkout = Checkout::new(review, true);
        fs::write(checkout.path("Makefile"), recipe("docs/ci/Makefile")).unwrap();
        let make = |target: &str| checkout.run(&["sh", "-c"], &[format!("make {target}")]);
        assert_eq!(make("review"), passes, "{review:?}");
        assert_eq!(make("apply"), passes, "{review:?}");
        assert_eq!(checkout.path("applied").exists(), passes, "{review:?}");
    }
}

/// The steps of the action, run with the program itself for a pull request of a fork: the token may not comment, or there
/// is none. The summary of the job says what was found, and the verdict is the one of the review.
#[test]
fn a_fork_gets_a_summary_and_the_same_verdict() {
    let action = recipe("action.yml");
    let steps = blocks(&action, "run: |", None);
    let step = |what: &str| steps.iter().find(|block| block.contains(what)).unwrap().clone();
    for (plan, passes) in
        [("public-trust/bad-star-string.json", false), ("public-trust/good-service.json", true)]
    {
        for token in ["token-that-may-not-write", ""] {
            let checkout = Checkout::new(Review::Exits(0), true);
            let program = checkout.path("bin/orgward");
            fs::remove_file(&program).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_orgward"), program).unwrap();
            fs::copy(fixture(plan), checkout.path("plan.json")).unwrap();
            fs::write(checkout.path("event.json"), r#"{"pull_request":{"number":5}}"#).unwrap();
            let forge = Forge::with(|asked, _| {
                let is_write = asked.method != "GET" && asked.path != "/graphql";
                is_write.then(|| Reply::new(403, "", "Resource not accessible by integration"))
            });
            let shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
            let environment = format!(
                "export GITHUB_TOKEN='{token}' GITHUB_ACTIONS=true GITHUB_EVENT_PATH=event.json BASE=off \
                 GITHUB_STEP_SUMMARY=summary.md GITHUB_API_URL={} GITHUB_REPOSITORY=cloud/org MODE=update INLINE=false \
                 STACK= REVIEW=./review.json VERDICT=$(sed -n 's/^exit-code=//p' outputs 2> /dev/null || true)\n",
                forge.url()
            );
            let run = |script: &str| checkout.run(&shell, &[format!("{environment}{script}")]);
            assert!(run(&step("plan review")), "the step that reviews only notes the verdict");
            assert!(run(&step("plan comment")), "a comment that cannot be posted fails nothing");
            assert_eq!(run("exit \"$VERDICT\""), passes, "{plan}");
            let summary = fs::read_to_string(checkout.path("summary.md")).unwrap_or_default();
            assert_eq!(summary.contains("public-trust"), !passes, "{plan} with `{token}`: {summary}");
            assert_eq!(forge.comments().len(), 0);
        }
    }
}
