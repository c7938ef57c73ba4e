//! `orgward plan comment`, from the outside.

use std::process::Command;

use crate::forge::{Forge, ME, Reply, TOKEN, say};
use crate::support::{Folder, Run, finish, text_of};

const COMMIT: &str = "abcdef1234567";
const TIME: &str = "2026-11-21T12:00:00Z";

const CLEAN: &str = r#"{"schema":1,"verdict":"clean","summary":{"accounts":0,"principals":0,"policies":0},
    "inputs":[],"findings":[]}"#;

/// A folder with a review that blocks, `review.json`, and one that does not, `clean.json`.
fn reviewed() -> Folder {
    let folder = Folder::new();
    folder.write("plan.json", text_of("public-trust/bad-star-string.json"));
    let run = folder.run(["plan", "review", "plan.json", "--output", "json=review.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    folder.write("clean.json", CLEAN);
    folder
}

fn command(folder: &Folder, forge: &Forge, more: &[&str]) -> Command {
    let url = forge.url();
    let mut arguments = vec!["plan", "comment"];
    arguments.extend(["--forge", "github", "--repo", "cloud/org", "--pull-request", "5", "--api-url", &url]);
    for (flag, value) in [("--commit", COMMIT), ("--time", TIME)] {
        if !more.contains(&flag) {
            arguments.extend([flag, value]);
        }
    }
    arguments.extend(more);
    let mut command = folder.command(arguments);
    command.env("GITHUB_TOKEN", TOKEN).env("GITLAB_TOKEN", TOKEN);
    command
}

fn comment(folder: &Folder, forge: &Forge, more: &[&str]) -> Run {
    let run = finish(&mut command(folder, forge, more));
    assert!(!run.all().contains(TOKEN), "the token is printed: {run:?}");
    run
}

fn marker(stack: &str, commit: &str, time: &str) -> String {
    format!("<!-- orgward:{stack} commit={commit} time={time} -->\nold\n")
}

#[test]
fn the_first_run_comments_and_the_second_has_nothing_to_add() {
    let (folder, forge) = (reviewed(), Forge::new());
    let run = comment(&folder, &forge, &["review.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "the exit code is the one of the review");
    assert_eq!(run.stdout, "commented: https://github.com/cloud/org/pull/5#issuecomment-101\n");
    let body = &forge.comments()[0].body;
    assert!(
        body.starts_with("<!-- orgward:default commit=abcdef1234567 time=2026-11-21T12:00:00Z -->\n### ❌ "),
        "{body}"
    );
    assert!(forge.asked().iter().all(|asked| asked.token == format!("Bearer {TOKEN}")));

    let run = comment(&folder, &forge, &["review.json", "--time", "2026-11-21T13:00:00Z"]);
    assert!(run.stdout.starts_with("the comment says the same already"), "{run:?}");
    assert_eq!(forge.writes(), 1);
}

#[test]
fn a_clean_review_is_told_only_where_there_was_another() {
    let (folder, forge) = (reviewed(), Forge::new());
    let run = comment(&folder, &forge, &["clean.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "nothing to comment on\n"));
    assert_eq!(forge.writes(), 0);
    comment(&folder, &forge, &["review.json"]);
    let run = comment(&folder, &forge, &["clean.json", "--commit", "1234567"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(forge.comments().len(), 1);
    assert!(forge.comments()[0].body.contains("### ✅ orgward: nothing new"));
}

#[test]
fn the_comment_is_found_on_the_last_page_among_those_of_others() {
    let (folder, forge) = (reviewed(), Forge::new());
    for index in 0..7 {
        forge.say("somebody", &format!("comment {index}"));
    }
    forge.say("other[bot]", "<!-- other -->");
    let mine = forge.say(ME, &marker("default", "1111111", "2026-11-21T11:00:00Z"));
    let run = comment(&folder, &forge, &["review.json"]);
    assert!(run.stdout.starts_with("updated the comment"), "{run:?}");
    let comments = forge.comments();
    assert_eq!(comments.len(), 9);
    assert!(comments.iter().find(|comment| comment.id == mine).unwrap().body.contains("### ❌ "));
}

#[test]
fn a_marker_of_somebody_else_is_not_ours() {
    let (folder, forge) = (reviewed(), Forge::new());
    // Were it believed, nothing would ever be posted again.
    let forged = marker("default", "1111111", "2999-01-01T00:00:00Z");
    forge.say("mallory", &forged);
    forge.say("github-actions", &forged);
    let run = comment(&folder, &forge, &["review.json"]);
    assert!(run.stdout.starts_with("commented: "), "{run:?}");
    let comments = forge.comments();
    assert_eq!((comments.len(), comments[0].body.as_str()), (3, forged.as_str()));
}

#[test]
fn stacks_have_comments_of_their_own() {
    let (folder, forge) = (reviewed(), Forge::new());
    forge.say(ME, &marker("non-prod", "1111111", "2026-11-21T11:00:00Z"));
    let run = comment(&folder, &forge, &["review.json", "--stack", "prod"]);
    assert!(run.stdout.starts_with("commented: "), "{run:?}");
    assert_eq!(forge.comments().len(), 2);
    assert!(forge.comments()[1].body.contains("### ❌ orgward `prod`: "));
}

#[test]
fn a_later_run_is_not_overwritten() {
    let (folder, forge) = (reviewed(), Forge::new());
    forge.say(ME, &marker("default", "1111111", "2026-11-21T12:00:01Z"));
    for mode in ["update", "recreate", "hide", "new"] {
        let run = comment(&folder, &forge, &["review.json", "--mode", mode]);
        assert_eq!((run.code, run.stdout.as_str()), (1, "a later run has commented already\n"));
    }
    assert_eq!(forge.writes(), 0);
}

#[test]
fn modes_differ_in_what_becomes_of_the_old_comment() {
    let folder = reviewed();
    let state = |mode: &str| {
        let forge = Forge::new();
        forge.say(ME, &marker("default", "1111111", "2026-11-21T11:00:00Z"));
        let run = comment(&folder, &forge, &["review.json", "--mode", mode]);
        assert_eq!(run.code, 1, "{run:?}");
        forge.comments().iter().map(|comment| (comment.id, comment.is_hidden)).collect::<Vec<_>>()
    };
    assert_eq!(state("update"), [(101, false)]);
    assert_eq!(state("recreate"), [(102, false)]);
    assert_eq!(state("hide"), [(101, true), (102, false)]);
    assert_eq!(state("new"), [(101, false), (102, false)]);
}

#[test]
fn of_two_jobs_that_create_at_once_one_comment_is_left() {
    let folder = reviewed();
    let race = |theirs: &'static str| {
        let forge = Forge::with(move |asked, comments| {
            if asked.method == "POST" && asked.path.ends_with("/comments") {
                say(comments, ME, &marker("default", "2222222", theirs));
            }
            None
        });
        (comment(&folder, &forge, &["review.json"]), forge.comments())
    };
    let (run, comments) = race("2026-11-21T11:59:59Z");
    assert!(run.stdout.starts_with("commented: "), "{run:?}");
    assert!(comments.len() == 1 && comments[0].body.contains("### ❌ "), "{comments:?}");
    let (run, comments) = race("2026-11-21T12:00:01Z");
    assert_eq!(run.stdout, "a later run has commented already\n");
    assert!(comments.len() == 1 && comments[0].body.contains("2222222"), "{comments:?}");
}

#[test]
fn an_older_run_that_overwrites_is_overwritten() {
    let folder = reviewed();
    let mut is_first = true;
    // Between our writing and our reading back, a slower job writes what it found an hour ago.
    let forge = Forge::with(move |asked, comments| {
        let has_ours = comments.iter().any(|comment| comment.body.contains("### ❌ "));
        if asked.method == "GET" && has_ours && is_first {
            is_first = false;
            comments[0].body = marker("default", "2222222", "2026-11-21T11:00:00Z");
        }
        None
    });
    forge.say(ME, &marker("default", "1111111", "2026-11-21T10:00:00Z"));
    let run = comment(&folder, &forge, &["review.json"]);
    assert!(run.stdout.starts_with("updated the comment"), "{run:?}");
    assert_eq!(forge.writes(), 2);
    assert!(forge.comments()[0].body.contains("### ❌ "));
}

#[test]
fn jobs_that_fight_over_a_comment_are_told() {
    let folder = reviewed();
    let forge = Forge::with(|asked, comments| {
        if asked.method == "GET" && !comments.is_empty() {
            comments[0].body = marker("default", COMMIT, TIME);
        }
        None
    });
    forge.say(ME, &marker("default", "1111111", "2026-11-21T10:00:00Z"));
    let run = comment(&folder, &forge, &["review.json"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("another job keeps writing the same comment") && run.stderr.contains("--stack"),
        "{run:?}"
    );
}

#[test]
fn a_fork_may_not_comment_but_the_verdict_stands() {
    let folder = reviewed();
    let forge = Forge::with(|asked, _| {
        let is_write = asked.method == "POST" && asked.path != "/graphql";
        is_write.then(|| Reply::new(403, "", "Resource not accessible by integration"))
    });
    folder.write("summary.md", "before\n");
    let mut command = command(&folder, &forge, &["review.json"]);
    let run = finish(command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md"));
    assert_eq!(run.code, 1, "the exit code is the one of the review: {run:?}");
    assert!(
        run.stderr
            .contains("cannot comment, the token may not do this: Resource not accessible by integration"),
        "{run:?}"
    );
    assert!(run.stdout.starts_with("::error title=orgward public-trust::aws_iam_role.reports: "), "{run:?}");
    let summary = std::fs::read_to_string(folder.path("summary.md")).unwrap();
    assert!(summary.starts_with("before\n<!-- orgward:default"), "{summary}");
    assert_eq!(forge.writes(), 1, "what is forbidden stays forbidden");
    assert!(!run.all().contains(TOKEN));
}

#[test]
fn a_comment_that_is_too_long_is_shortened() {
    let folder = reviewed();
    let forge = Forge::with(|asked, _| {
        let is_long = asked.method == "POST" && asked.body.len() > 40_000;
        is_long.then(|| Reply::new(422, "", "body is too long (maximum is 65536 characters)"))
    });
    let review: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path("review.json")).unwrap()).unwrap();
    let mut many = review.clone();
    many["findings"] = (0..5_000).map(|_| review["findings"][0].clone()).collect();
    folder.write("many.json", many.to_string());
    let run = comment(&folder, &forge, &["many.json"]);
    assert!(run.stdout.starts_with("commented: "), "{run:?}");
    assert_eq!(forge.writes(), 2);
    assert!(forge.comments()[0].body.contains("There is no room here"));
}

#[test]
fn a_bad_moment_passes() {
    for (status, headers) in [
        (502, ""),
        (503, "retry-after: 0\r\n"),
        (429, "retry-after: 1\r\n"),
        (403, "retry-after: 0\r\n"),
        (403, "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1\r\n"),
    ] {
        let folder = reviewed();
        let mut left = 1;
        let forge = Forge::with(move |asked, _| {
            let is_bad = asked.method == "POST" && asked.path != "/graphql" && left > 0;
            left -= i32::from(is_bad);
            is_bad.then(|| Reply::new(status, headers, "You have exceeded a secondary rate limit"))
        });
        let run = comment(&folder, &forge, &["review.json"]);
        assert!(run.stdout.starts_with("commented: "), "{status} {headers}: {run:?}");
    }
}

#[test]
fn a_request_that_was_answered_with_an_error_and_done_leaves_one_comment() {
    let folder = reviewed();
    let mut is_first = true;
    let forge = Forge::with(move |asked, comments| {
        if asked.method == "POST" && asked.path.ends_with("/comments") && is_first {
            is_first = false;
            let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
            say(comments, ME, body["body"].as_str().unwrap());
            return Some(Reply::new(504, "", "timeout"));
        }
        None
    });
    let run = comment(&folder, &forge, &["review.json"]);
    assert!(run.stdout.starts_with("commented: "), "{run:?}");
    assert_eq!(forge.comments().len(), 1);
}

#[test]
fn patience_has_an_end() {
    let folder = reviewed();
    let forge = Forge::with(|_, _| Some(Reply::new(429, "retry-after: 3600\r\n", "slow down")));
    let run = comment(&folder, &forge, &["review.json"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("asks to wait for 3600 seconds"), "{run:?}");

    let forge = Forge::with(|_, _| Some(Reply::new(500, "retry-after: 0\r\n", "oops")));
    let run = comment(&folder, &forge, &["review.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("answers with 500: oops"), "{run:?}");
    assert_eq!(forge.asked().len(), 4);
}

#[test]
fn what_cannot_be_posted_is_no_pass() {
    let folder = reviewed();
    for (status, headers, told) in [
        (401, "", "does not accept the token"),
        (404, "", "does not know `/graphql`"),
        (301, "location: http://127.0.0.1:1/\r\n", "has moved"),
        (200, "", "answers with something else than it should"),
    ] {
        let forge = Forge::with(move |_, _| Some(Reply::new(status, headers, "no")));
        let run = comment(&folder, &forge, &["clean.json"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(told), "{run:?}");
    }
    let gone = Forge::new();
    let mut command = command(&folder, &gone, &["clean.json"]);
    drop(gone);
    let run = finish(&mut command);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("cannot reach `127.0.0.1:"), "{run:?}");
}

#[test]
fn a_note_of_gitlab_is_kept_current() {
    let (folder, forge) = (reviewed(), Forge::new());
    forge.say("somebody", &marker("default", "1111111", "2999-01-01T00:00:00Z"));
    let run = finish(&mut {
        let mut command =
            folder.command(["plan", "comment", "review.json", "--forge", "gitlab", "--repo", "cloud/org"]);
        command
            .args(["--pull-request", "5", "--api-url", &forge.url(), "--time", TIME])
            .env("GITLAB_TOKEN", TOKEN);
        command
    });
    assert_eq!((run.code, run.stdout.as_str()), (1, "commented\n"), "{run:?}");
    assert!(forge.asked().iter().all(|asked| asked.token == TOKEN));
    let run = finish(
        folder
            .command([
                "plan",
                "comment",
                "clean.json",
                "--forge",
                "gitlab",
                "--repo",
                "cloud/org",
                "--pull-request",
                "5",
            ])
            .args(["--api-url", &forge.url(), "--time", "2026-11-21T12:30:00Z", "--commit", "2222222"])
            .env("GITLAB_TOKEN", TOKEN),
    );
    assert_eq!((run.code, run.stdout.as_str()), (0, "updated the comment\n"), "{run:?}");
    assert_eq!(forge.comments().len(), 2);
}

#[test]
fn a_job_of_github_needs_no_flags() {
    let (folder, forge) = (reviewed(), Forge::new());
    folder.write(
        "event.json",
        format!(r#"{{"pull_request":{{"number":5,"updated_at":"{TIME}","head":{{"sha":"{COMMIT}"}}}}}}"#),
    );
    let mut command = folder.command(["plan", "comment"]);
    command
        .envs([
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_PATH", "event.json"),
            ("GITHUB_REPOSITORY", "cloud/org"),
        ])
        .envs([("GITHUB_TOKEN", TOKEN), ("GITHUB_SERVER_URL", "https://github.com"), ("GITHUB_RUN_ID", "9")])
        .env("GITHUB_API_URL", forge.url());
    let run = finish(&mut command);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(forge.comments()[0].body.contains("[Full report](https://github.com/cloud/org/actions/runs/9)"));
}

#[test]
fn a_dry_run_needs_neither_token_nor_network() {
    let folder = reviewed();
    let run = folder.run(["plan", "comment", "review.json", "--dry-run", "--time", TIME]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run:?}");
    assert!(
        run.stdout.starts_with("<!-- orgward:default time=2026-11-21T12:00:00Z -->\n### ❌ orgward: "),
        "{run:?}"
    );
    let piped =
        folder.run_with_input(["plan", "comment", "-", "--dry-run", "--time", TIME], CLEAN.as_bytes());
    assert_eq!(piped.code, 0, "{piped:?}");
}

#[test]
fn a_mistake_is_explained() {
    let folder = reviewed();
    let told = |arguments: &[&str], what: &str| {
        let run = folder.run([&["plan", "comment", "review.json"], arguments].concat());
        assert!(run.code == 2 && run.stderr.contains(what), "{what}: {run:?}");
    };
    told(&[], "the forge is not known");
    told(&["--forge", "github"], "the repository is not known");
    told(&["--forge", "github", "--repo", "a/b"], "this is no pull request");
    told(&["--forge", "github", "--repo", "a/b", "--pull-request", "1"], "there is no token");
    told(&["--stack", "a-->b"], "cannot be the name of a stack");
    told(&["--commit", "main"], "is not the name of a commit");
    told(&["--report-url", "javascript:x"], "is not the address of a report");
    told(
        &["--forge", "github", "--repo", "a/b", "--api-url", "http://evil.example"],
        "is not the address of an API",
    );
    let run = folder.run(["plan", "comment", "plan.json", "--dry-run"]);
    assert!(run.code == 2 && run.stderr.contains("is not a JSON review"), "{run:?}");
}

#[test]
fn changed_lines_are_commented_on_once() {
    let folder = reviewed();
    let text = std::fs::read_to_string(folder.path("review.json")).unwrap();
    let mut review: serde_json::Value = serde_json::from_str(&text).unwrap();
    review["findings"][0]["site"] = serde_json::json!({ "file": "roles.tf", "line": 2 });
    let mut untouched = review["findings"][0].clone();
    untouched["site"]["line"] = serde_json::json!(9);
    review["findings"].as_array_mut().unwrap().push(untouched);
    folder.write("sites.json", review.to_string());

    let mut remarks = Vec::new();
    let forge = Forge::with(move |asked, _| {
        let ok = |body: serde_json::Value| {
            Some(Reply { status: 200, headers: String::new(), body: body.to_string() })
        };
        match (asked.method.as_str(), asked.path.split('?').next().unwrap()) {
            ("GET", "/repos/cloud/org/pulls/5/files") => ok(serde_json::json!([
                { "filename": "logo.png" },
                { "filename": "stacks/org/roles.tf", "patch": "@@ -1,2 +1,3 @@\n a\n+b\n c" },
            ])),
            ("GET", "/repos/cloud/org/pulls/5/comments") => ok(serde_json::json!(remarks)),
            ("POST", "/repos/cloud/org/pulls/5/reviews") => {
                let review: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
                assert_eq!(review["commit_id"], COMMIT);
                for remark in review["comments"].as_array().unwrap() {
                    assert_eq!(
                        (&remark["path"], &remark["line"]),
                        (&"stacks/org/roles.tf".into(), &2.into())
                    );
                    remarks.push(
                        serde_json::json!({ "id": 1, "body": remark["body"], "user": { "login": ME } }),
                    );
                }
                ok(serde_json::json!({}))
            }
            _ => None,
        }
    });
    let inline = ["sites.json", "--inline", "--inline-folder", "stacks/org"];
    let run = comment(&folder, &forge, &inline);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.ends_with("commented on 1 line\n"), "the other line is not changed: {run:?}");
    let again = comment(&folder, &forge, &inline);
    assert!(
        again.stdout.starts_with("the comment says the same") && !again.stdout.contains("line\n"),
        "{again:?}"
    );
    let reviews = forge.asked().iter().filter(|asked| asked.path.ends_with("/reviews")).count();
    assert_eq!(reviews, 1);
}
