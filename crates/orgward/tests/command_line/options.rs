//! One value for each option, wherever it is set.

use crate::support::{Folder, Run, fixture};

/// A review of a plan with one finding of medium severity that blocks.
fn review(folder: &Folder, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let plan = fixture("sources/create.json").display().to_string();
    let all = ["plan", "review", "--no-source"].into_iter().chain(arguments.iter().copied());
    let all: Vec<String> = all.map(str::to_owned).chain([plan]).collect();
    let mut command = folder.command(all);
    command.envs(variables.iter().copied());
    crate::support::finish(&mut command)
}

#[test]
fn a_flag_is_stronger_than_a_variable_and_that_than_the_file() {
    let folder = Folder::new();
    folder.write("never.toml", "fail_on = \"never\"\n");
    let never = [("ORGWARD_FAIL_ON", "never")];
    for (arguments, variables, code) in [
        (&[][..], &[][..], 1),
        (&["--fail-on", "never"], &[], 0),
        (&["--config", "fail_on = \"never\""], &[], 0),
        (&["--config", "never.toml"], &[], 0),
        (&[], &never, 0),
        (&["--fail-on", "medium"], &never, 1),
        (&["--config", "fail_on = \"medium\""], &never, 0),
        (&["--config", "never.toml", "--config", "fail_on = \"medium\""], &[], 1),
        (&["--config", "never.toml"], &[("ORGWARD_FAIL_ON", "medium")], 1),
        (&[], &[("ORGWARD_CONFIG", "never.toml")], 0),
    ] {
        let run = review(&folder, arguments, variables);
        assert_eq!(run.code, code, "{arguments:?} {variables:?} {run:?}");
    }
}

#[test]
fn what_is_no_option_or_rule_is_an_error_with_the_nearest() {
    let folder = Folder::new();
    for (arguments, variables, found, near) in [
        (&["--config", "fail_onn = \"high\""][..], &[][..], "fail_onn", "`fail_on`"),
        (&["--select", "publc-trust"], &[], "publc-trust", "`public-trust`"),
        (&["--ignore", "publc-trust"], &[], "publc-trust", "`public-trust`"),
        (&[], &[("ORGWARD_FAIL_ON", "hihg")], "ORGWARD_FAIL_ON", "`high`"),
        (&[], &[("ORGWARD_IGNORE", "publc-trust")], "ORGWARD_IGNORE", "`public-trust`"),
        (&[], &[("ORGWARD_FAILON", "high")], "ORGWARD_FAILON", "`ORGWARD_FAIL_ON`"),
    ] {
        let run = review(&folder, arguments, variables);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(found) && run.stderr.contains(near), "{run:?}");
    }
}

#[test]
fn rules_are_chosen_and_ignoring_wins() {
    let folder = Folder::new();
    let rules = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["--format", "json"].iter().chain(arguments).copied().collect();
        let run = review(&folder, &arguments, &[]);
        let review = run.json();
        let mut rules: Vec<String> = review["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned())
            .collect();
        rules.sort();
        rules.dedup();
        rules
    };
    let all = rules(&[]);
    assert!(all.len() > 1, "{all:?}");
    let first = all.first().map_or("", String::as_str);
    assert_eq!(rules(&["--select", first]), [first]);
    assert!(!rules(&["--ignore", first]).iter().any(|rule| rule == first));
    assert_eq!(rules(&["--select", first, "--ignore", first]), [""; 0]);
}

#[test]
fn a_rule_is_explained_and_the_schema_is_printed() {
    let folder = Folder::new();
    let run = folder.run(["plan", "review", "--explain", "public-trust"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("# public-trust") && run.stdout.contains("Why is this bad"), "{run:?}");
    let run = folder.run(["config", "schema"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.json()["$schema"].is_string(), "{run:?}");
}

/// An option that takes a list is given several times, and never takes what comes after it.
#[test]
fn no_option_swallows_what_follows() {
    let folder = Folder::new();
    let state = fixture("sources/create.json").display().to_string();
    folder.write("plan.json", std::fs::read(&state).unwrap_or_default());
    let run = folder.run(["plan", "review", "--org", &state, "plan.json", "--format", "json"]);
    assert_eq!(run.json()["inputs"].as_array().map(Vec::len), Some(2), "{run:?}");
}

/// Each setting with where its value is from, as TOML that says the same.
#[test]
fn the_configuration_in_effect_is_shown_with_its_origins() {
    let folder = Folder::new();
    folder.write(
        "orgward.toml",
        "fail_on = \"high\"\nexisting = true\nignore = [\"human-iam-user\"]\n[regions]\nallowed = [\"eu-west-1\"]\n\
         [[guardrail]]\nid = \"keep\"\nactions = [\"s3:DeleteBucket\"]\n",
    );
    let mut command = folder.command([
        "config",
        "show",
        "--config",
        "existing = false",
        "--select",
        "public-trust,open-block",
    ]);
    command.env("ORGWARD_FAIL_ON", "low").env("ORGWARD_QUIET", "1");
    let run = crate::support::finish(&mut command);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    let expected = r#"
    allow_incomplete = false  # default
    existing = false  # --config
    fail_on = "low"  # ORGWARD_FAIL_ON
    # guardrail: 1 entry, orgward.toml
    ignore = ["human-iam-user"]  # orgward.toml
    quiet = true  # ORGWARD_QUIET
    regions.allowed = ["eu-west-1"]  # orgward.toml
    select = ["open-block", "public-trust"]  # --select
    verbose = false  # default
"#;
    let expected: Vec<&str> = expected.lines().map(str::trim_start).filter(|line| !line.is_empty()).collect();
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), expected);
    run.stdout.parse::<toml::Table>().expect("it is TOML");
    // A flag is nearest.
    let run = folder.run(["config", "show", "--fail-on", "never", "--verbose"]);
    assert!(run.stdout.contains("fail_on = \"never\"  # --fail-on\n"), "{run:?}");
    assert!(run.stdout.contains("verbose = true  # --verbose\n"), "{run:?}");
    // What no review takes is not shown as if it counted.
    let run = folder.run(["config", "show", "--config", "fail_onn = \"high\""]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
}
