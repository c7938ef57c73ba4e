//! `orgward init` and the manual, from the outside.

use std::fs;

use crate::support::{Folder, text_of};

#[test]
fn the_plan_is_asked() {
    let folder = Folder::new();
    folder.write("plan.json", text_of("demo/first.json"));
    let run = folder.run(["init"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_eq!(run.stdout, "wrote orgward.toml\nwrote .github/workflows/orgward.yml\n");
    let config = fs::read_to_string(folder.path("orgward.toml")).unwrap();
    assert!(config.contains("\nmanagement_account = \"111111111111\"\n"), "{config}");
    assert!(config.contains("\nallowed = [\"eu-central-1\", \"eu-west-1\"]\n"), "{config}");
    assert!(config.contains("# required = [\"arn:aws:iam::*:policy/boundary/application\"]"), "{config}");
    // What was written is read by the next run.
    let run = folder.run(["plan", "review"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
}

#[test]
fn what_is_there_is_kept() {
    let folder = Folder::new();
    folder.write("orgward.toml", "mine");
    let run = folder.run(["init"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("`orgward.toml` is there already") && run.stderr.contains("--force"),
        "{run:?}"
    );
    assert_eq!(fs::read_to_string(folder.path("orgward.toml")).unwrap(), "mine");
    assert!(!folder.path(".github").exists(), "nothing is written by halves");
    assert_eq!(folder.run(["init", "--force"]).code, 0);
    assert_ne!(fs::read_to_string(folder.path("orgward.toml")).unwrap(), "mine");
}

#[test]
fn flags_say_what_no_plan_tells() {
    let folder = Folder::new();
    let run = folder.run([
        "init",
        "--management-account",
        "222222222222",
        "--region",
        "eu-north-1",
        "--forge",
        "gitlab",
    ]);
    assert_eq!(run.stdout, "wrote orgward.toml\nwrote .gitlab/orgward.yml\n", "{run:?}");
    let config = fs::read_to_string(folder.path("orgward.toml")).unwrap();
    assert!(
        config.contains("management_account = \"222222222222\"\n") && config.contains("[\"eu-north-1\"]"),
        "{config}"
    );
    for wrong in [["--management-account", "main"], ["--region", "a\"b"]] {
        let run = folder.run([&["init", "--force"][..], &wrong].concat());
        assert_eq!(run.code, 2, "{run:?}");
    }
}

#[test]
fn the_manual_is_a_man_page() {
    let run = Folder::new().run(["man"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains(".TH orgward 1") && run.stdout.contains("ORGWARD PLAN COMMENT"), "{run:?}");
}
