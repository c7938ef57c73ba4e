//! What others collect, as a snapshot. `fixtures/import/record` has made the fixtures: a small organization in a local AWS, as
//! the command line of AWS prints it.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, Run, fixture};

const SHOP: &str = "207530268769";
const CONFIG: &str = r#"
[[guardrail]]
id = "keep-the-trail"
actions = ["cloudtrail:StopLogging"]
targets = ["Root"]

[[guardrail]]
id = "stay"
actions = ["organizations:LeaveOrganization"]
targets = ["Root"]
"#;

/// A folder with the outputs, but those whose names begin with one of some.
fn without(left_out: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.write("orgward.toml", CONFIG);
    fs::create_dir(folder.path("cli")).unwrap();
    for entry in fs::read_dir(fixture("import/cli")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name != "ids.txt" && !left_out.iter().any(|start| name.starts_with(start)) {
            fs::copy(entry.path(), folder.path(&format!("cli/{name}"))).unwrap();
        }
    }
    for name in ["prowler.ocsf.json", "config.json"] {
        fs::copy(fixture(&format!("import/{name}")), folder.path(name)).unwrap();
    }
    folder
}

fn imported(folder: &Folder, inputs: &[&str]) -> Run {
    let run = folder.run(["org", "import", "-o", "all.zst"].iter().chain(inputs));
    assert_eq!(run.code, 0, "{run:?}");
    run
}

fn audit(folder: &Folder) -> Value {
    let run = folder.run(["org", "audit", "all.zst", "--format", "json"]);
    assert_eq!(run.code, 1, "an audit of an import is never clean: {run:?}");
    run.json()
}

fn proof(json: &Value, id: &str) -> String {
    let all = json["guardrails"].as_array().unwrap();
    all.iter().find(|it| it["id"] == *id).unwrap()["proof"].as_str().unwrap().to_owned()
}

fn found(json: &Value, rule: &str) -> Vec<String> {
    let all = json["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == *rule);
    all.map(|it| format!("{} {}", it["verdict"].as_str().unwrap(), it["message"].as_str().unwrap())).collect()
}

/// The tree, the policies with what they are attached to, and the identities are those that AWS printed.
#[test]
fn outputs_of_the_command_line_are_an_organization() {
    let folder = without(&[]);
    let run = imported(&folder, &["cli"]);
    assert!(run.stderr.contains("`all.zst`: 3 units, 3 accounts (2 with identities), 2 policies"), "{run:?}");
    let shown = folder.run(["org", "show", "all.zst"]).stdout;
    let tree: Vec<&str> = shown.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(
        tree,
        [
            "  root Root  r-fogm",
            "      · trail",
            "    ou Sandbox  ou-fogm-f4sl7wzj",
            "      account play  166823952174",
            "    ou Workloads  ou-fogm-1bguv83z",
            "        · region",
            "      ou Prod  ou-fogm-12vadajn",
            "        account shop  207530268769",
            "    account master  123456789012  (management account)",
        ]
    );
    let json = audit(&folder);
    assert_eq!(
        (proof(&json, "keep-the-trail"), proof(&json, "stay")),
        ("holds".into(), "does not hold".into())
    );
    let administrator = format!("found role `arn:aws:iam::{SHOP}:role/vendor` is an administrator");
    assert_eq!(found(&json, "administrator-grant"), [administrator]);
    assert_eq!(found(&json, "external-trust").len(), 1, "{json}");
    // The same inputs are the same bytes, whatever their order, and compressed too.
    let first = fs::read(folder.path("all.zst")).unwrap();
    let mut files: Vec<String> = fs::read_dir(folder.path("cli"))
        .unwrap()
        .map(|entry| format!("cli/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    files.sort();
    files.reverse();
    imported(&folder, &files.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(fs::read(folder.path("all.zst")).unwrap(), first);
}

/// What no input has is undecided: no guardrail holds, and none is broken, by what was not read.
#[test]
fn what_was_not_imported_is_undecided() {
    let undecided = "undecided".to_owned();
    for (left_out, trail, stay) in [
        // The list of policies, the text of one, what it is attached to, the tree.
        (&["polic", "targets-"][..], "undecided", "undecided"),
        (&["policy-p-i82ztgq5"], "undecided", "undecided"),
        (&["targets-p-i82ztgq5"], "undecided", "does not hold"),
        (&["units-", "accounts-"], "holds", "undecided"),
        // Whether SCPs are enabled is unknown; none of them denies to leave.
        (&["roots", "organization"], "undecided", "does not hold"),
    ] {
        let folder = without(left_out);
        imported(&folder, &["cli"]);
        let json = audit(&folder);
        assert_eq!(
            (proof(&json, "keep-the-trail").as_str(), proof(&json, "stay").as_str()),
            (trail, stay),
            "{left_out:?}"
        );
        assert!(!found(&json, "unverifiable-plan").is_empty());
    }
    // Identities alone: of the account it is unknown where it is.
    let folder = without(&[]);
    imported(&folder, &[&format!("cli/iam-{SHOP}.json")]);
    let json = audit(&folder);
    assert_eq!(
        (proof(&json, "keep-the-trail"), proof(&json, "stay")),
        (undecided.clone(), undecided.clone())
    );
    // An account without identities: that it has none is not said.
    let folder = without(&["iam-"]);
    imported(&folder, &["cli"]);
    let run = folder.run(["access", "who-can", "s3:PutObject", "--org", "all.zst"]);
    assert!(run.stdout.contains("undecided"), "{run:?}");
    // Of Prowler: a policy that denies, accounts whose place is unknown.
    let folder = without(&[]);
    imported(&folder, &["prowler.ocsf.json"]);
    let json = audit(&folder);
    assert_eq!(proof(&json, "stay"), undecided);
    assert_ne!(proof(&json, "keep-the-trail"), "does not hold");
}

/// Prowler and Config say things of the same accounts, and a snapshot has them all.
#[test]
fn inputs_of_several_tools_are_one_snapshot() {
    let folder = without(&[]);
    imported(&folder, &["cli", "prowler.ocsf.json", "config.json"]);
    let json = audit(&folder);
    // Whether the bucket blocks public access, the item does not say.
    let public = found(&json, "public-resource");
    assert!(
        public.iter().any(|it| it.starts_with("unverifiable") && it.contains("shop-exports")),
        "{public:?}"
    );
    let administrators = found(&json, "administrator-grant");
    assert!(administrators.iter().any(|it| it.contains("role/deploy")), "{administrators:?}");
    // A query does not show who may assume a role.
    let trusts = found(&json, "public-trust");
    assert!(trusts.iter().any(|it| it.starts_with("unverifiable")), "{trusts:?}");
    // A snapshot takes part: what is beside it completes it.
    fs::rename(folder.path("all.zst"), folder.path("part.zst")).unwrap();
    imported(&folder, &["part.zst", "cli/roots.json"]);
    assert_eq!(proof(&audit(&folder), "keep-the-trail"), "holds");
}

/// `--since` compares two imports: what has come since is new.
#[test]
fn imports_are_compared() {
    let folder = without(&["iam-207530268769"]);
    imported(&folder, &["cli"]);
    fs::rename(folder.path("all.zst"), folder.path("old.zst")).unwrap();
    let whole = without(&[]);
    imported(&whole, &["cli"]);
    fs::copy(folder.path("old.zst"), whole.path("old.zst")).unwrap();
    let run = whole.run(["org", "audit", "all.zst", "--since", "old.zst", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    let new: Vec<&Value> =
        json["findings"].as_array().unwrap().iter().filter(|it| it["status"] == "new").collect();
    assert!(new.iter().any(|it| it["rule"] == "administrator-grant"), "{new:?}");
    assert!(!new.iter().any(|it| it["rule"] == "guardrail-gap"), "{new:?}");
}

#[test]
fn what_cannot_be_imported_is_an_error() {
    let folder = without(&[]);
    folder.write("text.json", "no JSON");
    folder.write("other.json", r#"{"Buckets": []}"#);
    folder.write("children.json", r#"{"Children": []}"#);
    fs::create_dir(folder.path("empty")).unwrap();
    for (input, why) in [
        ("text.json", "`text.json` is no JSON: line 1, column 2"),
        ("other.json", "`other.json` is no output that is imported"),
        ("children.json", "put the id into the name of the file"),
        ("empty", "there is no file that ends in"),
        ("none.json", "cannot read `none.json`"),
        ("orgward.toml", "`orgward.toml` is no JSON"),
    ] {
        let run = folder.run(["org", "import", "-o", "x.zst", input]);
        assert_eq!(run.code, 2, "{input}: {run:?}");
        assert!(run.stderr.contains(why), "{input}: {run:?}");
        assert!(!folder.path("x.zst").exists());
    }
}
