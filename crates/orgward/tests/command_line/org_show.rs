//! `orgward org show`, from the outside.

use crate::support::{Folder, fixture};

fn show(plan: &str, format: &str) -> String {
    let plan = fixture(plan).display().to_string();
    let run = Folder::new().run(["org", "show", &plan, "--format", format]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    run.stdout
}

#[test]
fn the_tree_marks_what_the_plan_changes() {
    let tree = show("demo/second.json", "text");
    let marked: Vec<&str> = tree.lines().filter(|line| line.starts_with(['+', '-', '~'])).collect();
    assert_eq!(
        marked,
        ["-       · region-lock", "~       account ecommerce-prod  666666666666  (was in `prod`)"]
    );
    // The moved account is shown where it will be.
    let dev = tree.find("ou dev").unwrap();
    let prod = tree.find("ou prod").unwrap();
    let moved = tree.find("account ecommerce-prod").unwrap();
    assert!(dev < moved && moved < prod, "{tree}");
}

#[test]
fn programs_get_how_certain_each_attachment_is() {
    let json: serde_json::Value = serde_json::from_str(&show("demo/create.json", "json")).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["before"]["nodes"], serde_json::json!([]));
    let lock = "module.region_lock.aws_organizations_policy.this";
    let attached = json["after"]["attachments"].as_array().unwrap().iter();
    let attached: Vec<_> = attached.filter(|each| each["policy"] == lock).collect();
    assert_eq!(attached.len(), 2);
    for each in attached {
        assert_eq!(each["resolution"], "typed");
        assert_eq!(each["address"], "module.region_lock.aws_organizations_policy_attachment.this");
        assert!(each["target"].as_str().unwrap().ends_with("aws_organizations_organizational_unit.this"));
        assert!(each.get("candidates").is_none());
    }
}

#[test]
fn diagrams_draw_every_unit_once() {
    let mermaid = show("demo/second.json", "mermaid");
    let dot = show("demo/second.json", "dot");
    for unit in ["Enterprise", "Runtime", "dev", "prod", "sandbox", "stage"] {
        assert_eq!(mermaid.matches(&format!("ou {unit}")).count(), 1, "{mermaid}");
        assert_eq!(dot.matches(&format!("ou {unit}")).count(), 1, "{dot}");
    }
    assert!(mermaid.starts_with("graph LR\n"), "{mermaid}");
    assert!(dot.starts_with("digraph organization {\n"), "{dot}");
}

/// The program runs without a PATH here.
#[test]
fn a_picture_needs_no_other_program() {
    let picture = show("demo/second.json", "svg");
    assert!(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "), "{picture}");
    assert!(picture.ends_with("</svg>\n"), "{picture}");
    assert_eq!(picture.matches(">account ecommerce-prod<").count(), 1, "{picture}");
    assert!(picture.contains("<text x=\"112\" y="), "it is indented: {picture}");
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    for format in ["text", "json", "mermaid", "dot", "svg"] {
        assert_eq!(show("demo/create.json", format), show("demo/create.json", format));
    }
}

/// Accounts of Account Factory, of a request of AFT in a module, and controls of each unit, as Terraform plans them.
#[test]
fn what_control_tower_makes_is_part_of_the_organization() {
    let plan = fixture("control-tower/plan.json").display().to_string();
    let run = Folder::new().run(["org", "show", &plan, "--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    let nodes = json["after"]["nodes"].as_array().unwrap();
    let parent = |name: &str| {
        let node = nodes.iter().find(|node| node["kind"] == "account" && node["name"] == name);
        node.unwrap_or_else(|| panic!("no account `{name}`: {json}"))["parent"].as_str().unwrap_or_default()
    };
    assert_eq!(parent("shop"), "aws_organizations_organizational_unit.this[\"Prod\"]");
    assert_eq!(parent("orders"), "aws_organizations_organizational_unit.this[\"Sandbox\"]");
    let attachments = json["after"]["attachments"].as_array().unwrap();
    let controls: Vec<&str> = attachments
        .iter()
        .filter(|it| it["target"] == "aws_organizations_organizational_unit.this[\"Prod\"]")
        .filter_map(|it| it["policy"].as_str())
        .filter(|it| it.starts_with("aws_controltower_control"))
        .collect();
    let expected = [
        "aws_controltower_control.regions[\"Prod\"]",
        "aws_controltower_control.this[\"AWS-GR_RESTRICT_ROOT_USER\"]",
        "aws_controltower_control.this[\"CT.EC2.PV.5\"]",
    ];
    assert_eq!(controls, expected, "the one about SSH finds, and denies nothing");
}

/// The region control of Control Tower is a lock with exemptions of its own: where it is enabled, they are accepted,
/// unless the configuration says which are.
#[test]
fn the_region_control_is_no_lock_with_gaps() {
    let plan = fixture("control-tower/plan.json").display().to_string();
    let run = Folder::new().run(["plan", "review", &plan]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("clean: no findings"), "{run:?}");
    let run = Folder::new().run(["plan", "review", &plan, "--config", "regions.profile = \"aws-sample\""]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("region-lock-gap"), "{run:?}");
}
