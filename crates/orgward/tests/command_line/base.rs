//! A pull request does not choose what judges it without the report saying so.

use std::process::Command;

use crate::support::{Folder, Run, text_of};

const BAD: &str = "public-trust/bad-star-string.json";
const OFF: &str = "[rules]\ndisabled = [\"public-trust\"]\n";

fn weakened(run: &Run) -> Vec<String> {
    let findings = run.json()["findings"].as_array().unwrap().clone();
    let of_gate = findings.into_iter().filter(|finding| finding["rule"] == "weakened-gate");
    of_gate.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_report_names_the_configuration_and_what_it_lets_pass() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    folder.write("orgward.toml", OFF);
    for format in ["terminal", "json", "sarif", "junit", "markdown", "html", "github"] {
        let run = folder.run(["plan", "review", "plan.json", "--format", format]);
        assert!(run.stdout.contains("orgward.toml"), "{format}: {run:?}");
        assert!(run.stdout.contains("turns off"), "{format}: {run:?}");
    }
    let json = folder.run(["plan", "review", "plan.json", "--format", "json"]).json();
    assert_eq!(json["configuration"]["files"][0]["digest"].as_str().unwrap().len(), 16);
    assert_eq!(json["configuration"]["letsPass"][0], "turns off `public-trust`");
    // Without a configuration there is nothing to name.
    let bare = Folder::new();
    bare.write("plan.json", text_of(BAD));
    assert!(bare.run(["plan", "review", "plan.json", "--format", "json"]).json()["configuration"].is_null());
}

#[test]
fn what_the_pull_request_turns_off_is_reported_and_blocks() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    folder.write("orgward.toml", OFF);
    folder.write("base.toml", "");
    assert_eq!(folder.run(["plan", "review", "plan.json"]).code, 0, "it judges itself");
    let run = folder.run(["plan", "review", "plan.json", "--base-config", "base.toml", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(weakened(&run), ["the configuration turns off `public-trust`"]);
    // It cannot turn that off, too.
    folder.write("orgward.toml", "[rules]\ndisabled = [\"public-trust\", \"weakened-gate\"]\n");
    let run = folder.run(["plan", "review", "plan.json", "--base-config", "base.toml", "--format", "json"]);
    assert_eq!(weakened(&run).len(), 2, "{run:?}");
}

#[test]
fn a_base_that_is_not_there_is_no_base_without_rules() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    for base in ["no-such-revision", "--output=x", "main:orgward.toml"] {
        let argument = format!("--base-config={base}");
        let run = folder.run(["plan", "review", "plan.json", &argument]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("base revision"), "{run:?}");
    }
}

#[test]
fn a_revision_of_git_has_its_own_configuration_and_waivers() {
    let folder = Folder::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=n", "-c", "user.email=e@example.com"]).args(arguments);
        command.current_dir(folder.path("")).output().is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        return;
    }
    std::fs::create_dir_all(folder.path(".orgward/waivers")).unwrap();
    std::fs::create_dir_all(folder.path("stacks/prod")).unwrap();
    folder.write("stacks/prod/plan.json", text_of(BAD));
    folder.write("orgward.toml", "[organization]\ntrusted_accounts = [\"999999999999\"]\n");
    let waiver = |address: &str| {
        format!(
            "[[waiver]]\nrule = \"public-trust\"\naddress = \"{address}\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-01\n"
        )
    };
    folder.write(".orgward/waivers/one.toml", waiver("a.one"));
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "base"]));
    let review = || {
        let path = std::env::var_os("PATH").unwrap();
        let mut command =
            folder.command(["plan", "review", "plan.json", "--base-config", "HEAD", "--format", "json"]);
        crate::support::finish(command.env("PATH", path).current_dir(folder.path("stacks/prod")))
    };
    assert_eq!(weakened(&review()), [""; 0]);
    folder.write(".orgward/waivers/two.toml", waiver("a.two"));
    folder.write("orgward.toml", "[organization]\ntrusted_accounts = [\"999999999999\", \"888888888888\"]\n");
    assert_eq!(
        weakened(&review()),
        [
            "the configuration trusts account 888888888888",
            "the configuration waives `public-trust` for `a.two` until 2027-01-01"
        ]
    );
}
