//! What is no complete plan is refused, and what CI makes of files is read.

use crate::support::{Folder, text_of};

const BAD: &str = "public-trust/bad-star-string.json";

#[test]
fn a_state_is_no_plan() {
    let folder = Folder::new();
    folder.write("state.json", text_of("demo/state.json"));
    let run = folder.run(["plan", "review", "state.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("`state.json` is a state, not a plan"), "{run:?}");
    assert!(run.stderr.contains("--org"), "the help says what to do with a state: {run:?}");
    // As context it is what it should be.
    folder.write("plan.json", text_of(BAD));
    assert_eq!(folder.run(["plan", "review", "plan.json", "--org", "state.json"]).code, 1);
}

#[test]
fn nothing_is_neither_reviewed_nor_audited() {
    let folder = Folder::new();
    folder.write("state.json", r#"{"format_version":"1.0"}"#);
    assert_eq!(folder.run(["plan", "review", "state.json"]).code, 2);
    let run = folder.run(["guardrail", "check", "--org", "state.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("nothing would be audited"), "{run:?}");
}

#[test]
fn a_folder_of_plans_is_reviewed_as_a_whole() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("plans/iam")).unwrap();
    std::fs::create_dir_all(folder.path("plans/network")).unwrap();
    folder.write("plans/network/tfplan.json", text_of("public-trust/good-deny-guard.json"));
    folder.write("plans/iam/tfplan.json", text_of(BAD));
    folder.write("plans/notes.json", "{}");
    let run = folder.run(["plan", "review", "plans", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let inputs: Vec<String> = run.json()["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| input["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(inputs, ["plans/iam/tfplan.json", "plans/network/tfplan.json"]);
    std::fs::create_dir(folder.path("empty")).unwrap();
    let run = folder.run(["plan", "review", "empty"]);
    assert_eq!(run.code, 2, "a folder without plans is no clean review: {run:?}");
}

#[test]
fn a_link_does_not_choose_what_is_read() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    for (target, why) in
        [("/dev/zero", "leads out of"), ("/proc/self/environ", "leads out of"), ("missing", "cannot read")]
    {
        let link = folder.path("orgward.toml");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link).unwrap();
        let run = folder.run(["plan", "review", "plan.json", "--fail-on", "never"]);
        assert_eq!(run.code, 2, "{target}: {run:?}");
        assert!(run.stderr.contains(why), "{target}: {run:?}");
    }
}
