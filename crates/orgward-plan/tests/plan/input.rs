//! What is read, and how what is not is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot run should say so")]

use crate::support::{self, at, data, document, refused};
use insta::assert_snapshot;
use orgward_plan::{Doubt, Kind, Plan};

const PLAN: &str = r#"{"format_version":"1.2","planned_values":{"root_module":{}},"resource_changes":[],"configuration":{"root_module":{}}}"#;

#[test]
fn nothing() {
    assert_snapshot!(refused(b" \r\n"), @r"
    the input is empty
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(b""), @r"
    the input is empty
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(&[0xEF, 0xBB, 0xBF]), @r"
    the input is empty
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn archive() {
    assert_snapshot!(refused(b"PK\x03\x04\x14\x00\x08\x00"), @r"
    the input is a binary plan, not its JSON
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert!(orgward_plan::Document::is_archive(b"PK\x03\x04"));
    assert!(!orgward_plan::Document::is_archive(PLAN.as_bytes()));
}

#[test]
fn bytes_that_are_no_text() {
    assert_snapshot!(refused(b"{\"a\": \"\xff\"}"), @r"
    the input is not text: byte 7 is neither UTF-8 nor UTF-16
    help: write the plan with `terraform show -json tfplan > plan.json`; an OpenTofu plan that is encrypted has to be shown by OpenTofu
    ");
    assert_snapshot!(refused(b"\xff\xfe{\x00\x00\xd8"), @r"
    the input is not text: byte 4 is neither UTF-8 nor UTF-16
    help: write the plan with `terraform show -json tfplan > plan.json`; an OpenTofu plan that is encrypted has to be shown by OpenTofu
    ");
    assert_snapshot!(refused(b"\xff\xfe{\x00}"), @r"
    the input is not text: byte 4 is neither UTF-8 nor UTF-16
    help: write the plan with `terraform show -json tfplan > plan.json`; an OpenTofu plan that is encrypted has to be shown by OpenTofu
    ");
}

#[test]
fn log_lines() {
    let line = r#"{"@level":"info","@message":"Terraform 1.11.4","@module":"terraform.ui","type":"version"}"#;
    assert_snapshot!(refused(format!("{line}\n{line}\n").as_bytes()), @r"
    the input is the log of `terraform plan -json`, not a plan
    help: save the plan with `terraform plan -out=tfplan`, then write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn plan_for_people() {
    let text =
        "Terraform used the selected providers to generate the following execution plan.\n\nPlan: 1 to add";
    assert_snapshot!(refused(text.as_bytes()), @r"
    the input is a plan as printed for people, not its JSON
    help: save the plan with `terraform plan -out=tfplan`, then write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn configuration_source() {
    assert_snapshot!(refused(b"# main\nresource \"aws_iam_role\" \"ci\" {\n  name = \"ci\"\n}\n"), @r"
    the input is Terraform configuration, not a plan
    help: run `terraform plan -out=tfplan`, then write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn redacted_plan() {
    let text = r#"{"plan_format_version":"1.2","resource_changes":[],"provider_format_version":"1.0","provider_schemas":{}}"#;
    assert_snapshot!(refused(text.as_bytes()), @r"
    the input is a redacted plan of HCP Terraform: it lacks the configuration, and its values are replaced
    help: download `json-output` of the plan instead of `json-output-redacted`; it takes a token that may read state versions
    ");
}

#[test]
fn api_envelope() {
    assert_snapshot!(refused(br#"{"data":{"id":"plan-1","type":"plans","attributes":{"status":"finished"}}}"#), @r"
    the input is an answer of the HCP Terraform API, not the plan itself
    help: download the plan from `/api/v2/plans/PLAN/json-output`, following redirects: `curl --location`
    ");
    assert_eq!(refused(br#"{"data":{}}"#), refused(br#"{"errors":[{"status":"404"}]}"#));
}

#[test]
fn encrypted_state() {
    let text = r#"{"serial":1,"lineage":"x","meta":{"key_provider.pbkdf2.k":"eyJ"},"encrypted_data":"AAAA","encryption_version":"v0"}"#;
    assert_snapshot!(refused(text.as_bytes()), @r"
    the input is encrypted by OpenTofu
    help: let OpenTofu decrypt it: `tofu show -json > state.json`, or `tofu show -json tfplan > plan.json`
    ");
}

#[test]
fn future_versions() {
    assert_snapshot!(refused(br#"{"format_version":"2.0","resource_changes":[]}"#), @r"
    the format version `2.0` is newer than this program knows
    help: update orgward; it reads plan formats from 0.1 up to, but not including, 2.0, and state version 4
    ");
    assert_snapshot!(refused(br#"{"version":5,"lineage":"x","resources":[]}"#), @r"
    the format version `5` is newer than this program knows
    help: update orgward; it reads plan formats from 0.1 up to, but not including, 2.0, and state version 4
    ");
}

#[test]
fn past_versions() {
    assert_snapshot!(refused(br#"{"version":3,"lineage":"x","modules":[]}"#), @r"
    the format version `3` is not one that Terraform 0.12 or newer writes
    help: write the input anew with Terraform 0.12 or newer, or with OpenTofu
    ");
    assert_snapshot!(refused(br#"{"format_version":"0.0","resource_changes":[]}"#), @r"
    the format version `0.0` is not one that Terraform 0.12 or newer writes
    help: write the input anew with Terraform 0.12 or newer, or with OpenTofu
    ");
}

#[test]
fn strange_versions() {
    assert_snapshot!(refused(br#"{"format_version":"hunter2","resource_changes":[]}"#), @r"
    `format_version` is not a version such as `1.2`
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"format_version":12,"resource_changes":[]}"#), @r"
    `format_version` is not a version such as `1.2`
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn cut_short() {
    assert_snapshot!(refused(b"::debug::x\n{\"format_version\":\"1.2\",\n\"planned_values\":{\"pass\":\"hunter2"), @r"
    the JSON breaks off at byte 68 (line 3, column 33)
    help: the file was cut short: write it again, and check the disk and the upload
    ");
}

#[test]
fn broken_json() {
    assert_snapshot!(refused(b"{\"format_version\":\"1.2\",\n \"planned_values\": hunter2}"), @r"
    expected value at byte 44 (line 2, column 20)
    help: the file was changed after Terraform wrote it: write it again
    ");
}

#[test]
fn two_plans_in_one() {
    assert_snapshot!(refused(format!("{PLAN}\n{PLAN}").as_bytes()), @r"
    there is more after the end of the JSON, at byte 118 (line 2, column 1)
    help: pass one plan a file; to review several plans, pass several files
    ");
}

#[test]
fn other_json() {
    assert_snapshot!(refused(b"[1, 2]"), @r"
    the input is a JSON array, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"format_version":"1.0","provider_schemas":{}}"#), @r"
    the input is the output of `terraform providers schema`, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"format_version":"1.0","valid":true,"diagnostics":[]}"#), @r"
    the input is the output of `terraform validate`, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"name":"x","version":"1.0.0","resources":{}}"#), @r"
    the input is a JSON object without `format_version`, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"provider_config":{},"root_module":{}}"#), @r"
    the input is the configuration part of a plan, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"format_version":"1.0","resources":[]}"#), @r"
    the input is JSON of another kind, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(b"hello"), @r"
    the input is text, not a plan
    help: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn wrong_types_in_rows() {
    let row = |row: &str| {
        refused(format!(r#"{{"format_version":"1.2","resource_changes":[{{"address":"a.b","mode":"managed","type":"a","name":"b","change":{{"actions":["no-op"]}}}},{row}]}}"#).as_bytes())
    };
    assert_snapshot!(row(r#"{"address":["hunter2"]}"#), @r"
    `resource_changes[1].address` is not a string
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(row(r#"{"address":"a.b","type":"a","name":"b"}"#), @r"
    `resource_changes[1].change` is not an object
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(row(r#"{"address":"a.b","type":"a","name":"b","change":"hunter2"}"#), @r"
    `resource_changes[1]` is not what a plan holds there
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(row(r#"{"address":"a.b","type":"a","name":"b","change":{"actions":"create"}}"#), @r"
    `resource_changes[1].change.actions` is not a list of strings
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(row(r#"{"address":"a.b","type":"a","name":"b","index":-1,"change":{"actions":["create"]}}"#), @r"
    `resource_changes[1].index` is not a string or a whole number
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(row(r#"{"address":"a.b","type":"a","name":"b","mode":"hunter2","change":{"actions":[]}}"#), @r"
    `resource_changes[1].mode` is not `managed` or `data`
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(row("\"hunter2\""), @r"
    `resource_changes[1]` is not what a plan holds there
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn wrong_types_in_sections() {
    assert_snapshot!(refused(br#"{"format_version":"1.2","resource_changes":{"hunter2":1}}"#), @r"
    `resource_changes` is not what a plan holds there
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"format_version":"1.2","resource_changes":[],"configuration":"hunter2"}"#), @r"
    `configuration` is not what a plan holds there
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
    assert_snapshot!(refused(br#"{"format_version":"1.0","values":{"root_module":{"resources":[{"address":"a.b"}]}}}"#), @r"
    `values.resources[0].type` is not a string
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn section_twice() {
    assert_snapshot!(refused(br#"{"format_version":"1.2","resource_changes":[],"resource_changes":[]}"#), @r"
    `resource_changes` is not there only once
    help: the file is not as Terraform writes it: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn all_encodings() {
    let wide = |order: fn(u16) -> [u8; 2]| PLAN.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark.to_vec(), bytes].concat();
    for bytes in [
        PLAN.as_bytes().to_vec(),
        marked(&[0xEF, 0xBB, 0xBF], PLAN.as_bytes().to_vec()),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        marked(&[0xFF, 0xFE], wide(u16::to_le_bytes)),
        marked(&[0xFE, 0xFF], wide(u16::to_be_bytes)),
    ] {
        let document = orgward_plan::Document::decode("x", bytes).unwrap();
        assert_eq!(Plan::parse(&document).unwrap().kind, Kind::Plan);
    }
}

#[test]
fn real_utf16_plan() {
    let document = data("utf16.json");
    assert_eq!(Plan::parse(&document).unwrap().instances().len(), 1);
}

#[test]
fn setup_terraform_wrapper() {
    let wrapped = format!(
        "[command]/opt/hostedtoolcache/terraform-bin show -json tfplan\n{PLAN}\n\n::debug::Terraform exited with code 0.\n::debug::stdout: {{%0A\n::set-output name=exitcode::0\n"
    );
    let document = document(&wrapped);
    assert_eq!(Plan::parse(&document).unwrap().doubts, []);
}

#[test]
fn other_lines_before_the_plan() {
    let document = document(&format!("Acquiring state lock. This may take a few moments...\n{PLAN}\n"));
    assert!(Plan::parse(&document).is_ok());
}

#[test]
fn document_does_not_show_its_text() {
    let document = document(&PLAN.replace("[]", "[\"hunter2\"]"));
    assert!(!format!("{document:?}").contains("hunter2"));
}

#[test]
fn doubts_of_an_errored_plan() {
    let document = data("org_plan_errored.json");
    assert_eq!(Plan::parse(&document).unwrap().doubts, [Doubt::Errored, Doubt::Incomplete]);
}

#[test]
fn deferred_changes() {
    let text = PLAN.replace(
        "\"resource_changes\"",
        r#""deferred_changes":[{"reason":"instance_count_unknown","resource_change":{"address":"aws_x.y[*]","change":{"actions":["create"]}}}],"resource_changes""#,
    );
    let document = document(&text);
    let plan = Plan::parse(&document).unwrap();
    let address = orgward_plan::Address::new("aws_x.y[*]");
    assert_eq!(plan.doubts, [Doubt::Deferred { address, reason: "instance_count_unknown".to_owned() }]);
}

/// Terraform writes the configuration into every plan. Without it no reader sees which provider and which reference is
/// meant.
#[test]
fn a_plan_without_its_configuration() {
    for missing in ["", r#""configuration":null,"#, r#""configuration":{},"#] {
        let text = sections("a", "a=create", "").replace(r#""configuration":{"root_module":{}},"#, missing);
        assert_eq!(doubts(&text), [Doubt::NoConfiguration], "{text}");
    }
}

/// A plan with one resource, and what `jq` and editors make of it.
fn sections(planned: &str, changes: &str, state: &str) -> String {
    let resources = |names: &str| {
        let resource = |name: &str| {
            format!(
                r#"{{"address":"aws_x.{name}","mode":"managed","type":"aws_x","name":"{name}","values":{{"id":"1"}}}}"#
            )
        };
        names.split_whitespace().map(resource).collect::<Vec<_>>().join(",")
    };
    let row = |entry: &str| {
        let (name, action) = entry.split_once('=').unwrap();
        format!(
            r#"{{"address":"aws_x.{name}","mode":"managed","type":"aws_x","name":"{name}","change":{{"actions":["{action}"],"after":{{"id":"1"}}}}}}"#
        )
    };
    format!(
        r#"{{"format_version":"1.2","configuration":{{"root_module":{{}}}},"planned_values":{{"root_module":{{"resources":[{}]}}}},"resource_changes":[{}],"prior_state":{{"values":{{"root_module":{{"resources":[{}]}}}}}}}}"#,
        resources(planned),
        changes.split_whitespace().map(row).collect::<Vec<_>>().join(","),
        resources(state)
    )
}

fn doubts(text: &str) -> Vec<Doubt> {
    Plan::parse(&document(text)).unwrap().doubts
}

#[test]
fn nothing_is_planned() {
    let nothing = "the input shows neither changes nor planned values: there is nothing in it to review";
    for text in [
        r#"{"format_version":"1.2","configuration":{"root_module":{}}}"#,
        r#"{"format_version":"1.2","planned_values":null,"resource_changes":null}"#,
        r#"{"format_version":"1.2","resource_changes":null,"configuration":{}}"#,
        r#"{"format_version":"1.2","prior_state":{}}"#,
    ] {
        assert!(refused(text.as_bytes()).starts_with(nothing), "{text}");
    }
    // A stack without resources is one.
    assert_eq!(
        doubts(
            r#"{"format_version":"1.2","planned_values":{"root_module":{}},"configuration":{"root_module":{}}}"#
        ),
        []
    );
}

#[test]
fn a_planned_value_without_a_change() {
    assert_snapshot!(refused(sections("a b", "a=create", "").as_bytes()), @r"
    `planned_values` has `aws_x.b`, and `resource_changes` has no change that leads to it
    help: the plan was filtered or cut: write the plan with `terraform show -json tfplan > plan.json`
    ");
    let deleted = refused(sections("a", "a=delete", "").as_bytes());
    assert!(deleted.contains("no change that leads to it"), "{deleted}");
    // Terraform 0.12 lists no rows for what does not change.
    assert_eq!(doubts(&sections("a", "", "a")), []);
    let changed = sections("a", "", "a").replacen(r#"{"id":"1"}"#, r#"{"id":"2"}"#, 1);
    assert!(refused(changed.as_bytes()).contains("no change that leads to it"));
}

#[test]
fn a_change_without_a_planned_value() {
    let address = orgward_plan::Address::new("aws_x.b");
    assert_eq!(
        doubts(&sections("a", "a=no-op b=create c=update", "")),
        [Doubt::NoPlannedValue { address, more: 1 }]
    );
    // A filter that drops all planned values hides no change.
    assert_eq!(doubts(&sections("", "a=create", "")), []);
}

#[test]
fn something_of_the_state_in_no_change() {
    let address = orgward_plan::Address::new("aws_x.b");
    assert_eq!(doubts(&sections("a", "a=update", "a b")), [Doubt::NoChangeListed { address, more: 0 }]);
}

/// What is read as nothing for want of an action or a value would hide whatever it is.
#[test]
fn a_change_as_no_terraform_writes_it() {
    let strange = |plan: String| {
        let address = orgward_plan::Address::new("aws_x.a");
        assert_eq!(doubts(&plan), [Doubt::NotUnderstood { address, more: 0 }], "{plan}");
    };
    strange(sections("a", "a=rename", ""));
    let known = sections("a", "a=create", "");
    assert_eq!(doubts(&known), []);
    for mark in ["\"after_unknown\":true", "\"after_sensitive\":true", "\"before_sensitive\":true"] {
        strange(known.replacen("\"actions\"", &format!("{mark},\"actions\""), 1));
    }
    for mark in ["\"after_unknown\":{}", "\"after_sensitive\":false", "\"before_sensitive\":null"] {
        assert_eq!(doubts(&known.replacen("\"actions\"", &format!("{mark},\"actions\""), 1)), []);
    }
    let moved = "\"previous_address\":\"aws_x.old\",\"change\"";
    strange(known.replacen("\"change\"", moved, 1));
    assert_eq!(doubts(&sections("a", "a=update", "").replacen("\"change\"", moved, 1)), []);
}

#[test]
fn an_address_twice() {
    assert_snapshot!(refused(sections("a", "a=create a=no-op", "").as_bytes()), @r"
    `aws_x.a` is in it twice
    help: Terraform writes each resource once: write the plan with `terraform show -json tfplan > plan.json`
    ");
}

#[test]
fn declared_and_shown_nowhere() {
    let configuration = |resource: &str| {
        let text = r#"{"format_version":"1.2","planned_values":{"root_module":{}},"configuration":{"root_module":{"module_calls":{"m":{"module":{"resources":[{"mode":"managed","type":"aws_x","name":"y"}EXTRA]}}}}}}"#;
        let document = document(&text.replace("EXTRA", resource));
        let unshown = Plan::parse(&document).unwrap().unshown();
        unshown.into_iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(configuration(""), ["module.m.aws_x.y"]);
    let repeated = r#",{"mode":"managed","type":"aws_x","name":"z","count_expression":{}},{"mode":"data","type":"aws_x","name":"y"}"#;
    assert_eq!(configuration(repeated), ["module.m.aws_x.y"], "`count` may be zero");
}

/// Terraform writes no `for_each_expression` for `for_each = toset(["a"])`: the instances show that there is one.
#[test]
fn declared_once_and_shown_with_keys() {
    let text = r#"{"format_version":"1.2","planned_values":{"root_module":{"child_modules":[{"address":"module.m[\"a\"]",
        "resources":[{"address":"module.m[\"a\"].aws_x.y","mode":"managed","type":"aws_x","name":"y","provider_name":"p","values":{}}]}]}},
        "resource_changes":[{"address":"module.m[\"a\"].aws_x.y","module_address":"module.m[\"a\"]","mode":"managed","type":"aws_x",
        "name":"y","provider_name":"p","change":{"actions":["create"],"before":null,"after":{},"after_unknown":{}}}],
        "configuration":{"root_module":{"module_calls":{"m":{"module":{"resources":[{"mode":"managed","type":"aws_x","name":"y"}]}}}}}}"#;
    let document = document(text);
    assert_eq!(Plan::parse(&document).unwrap().unshown(), []);
}

#[test]
fn colors_and_text_of_a_log() {
    let plan = sections("a", "a=create", "");
    for text in [
        format!("\u{1b}[0m\u{1b}[1m{plan}\u{1b}[0m\n"),
        format!("\u{1b}[31m2026-01-01T00:00:00Z\u{1b}[0m {plan}\nReleasing state lock.\n"),
        format!("Acquiring state lock {{1}}\n{plan}"),
        plan.replacen('{', "{\n  ", 1),
    ] {
        assert_eq!(Plan::parse(&document(&text)).unwrap().instances().len(), 1, "{text}");
    }
    // Of two plans, it is not for the first line of a log to say which one is reviewed.
    assert!(refused(format!("log {plan}\nlog {plan}").as_bytes()).contains("more after the end"));
}

#[test]
fn empty_state() {
    let document = document(r#"{"format_version":"1.0"}"#);
    let plan = Plan::parse(&document).unwrap();
    assert_eq!((plan.kind, plan.instances().len()), (Kind::State, 0));
}

#[test]
fn keys_of_the_future() {
    let text = PLAN.replacen('{', r#"{"novelty":{"deep":[1,2]},"#, 1);
    assert!(Plan::parse(&document(&text)).is_ok());
}

#[test]
fn plan_of_terraform_0_12() {
    let document = data("terraform_0_12.json");
    let plan = Plan::parse(&document).unwrap();
    // Addresses in the state of a module were relative then.
    let read = at(&plan, "module.test.data.aws_iam_policy_document.ecs_assume_role");
    assert_eq!(read.module.to_string(), "module.test");
    assert_eq!(plan.terraform_version.as_deref(), Some("0.12.24"));
}

#[test]
fn sorted_keys() {
    let state = r#"{"lineage":"x","resources":[{"instances":[{"attributes":{"id":"1"}}],"mode":"managed","name":"y","provider":"provider[\"registry.terraform.io/hashicorp/aws\"].eu","type":"aws_x"}],"version":4}"#;
    let document = document(state);
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(plan.instances().len(), 1);
    assert_eq!(at(&plan, "aws_x.y").provider, "registry.terraform.io/hashicorp/aws");
    let shown = crate::support::document(
        r#"{"values":{"root_module":{"resources":[{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y"}]}},"format_version":"1.0"}"#,
    );
    assert_eq!(Plan::parse(&shown).unwrap().instances().len(), 1);
}

#[test]
fn deep_nesting_ends() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let text = PLAN.replacen(
        "[]",
        &format!("[{}]", support::row("[\"create\"]", &format!("\"after\":{{\"a\":{deep}}}"))),
        1,
    );
    let document = document(&text);
    let plan = Plan::parse(&document).unwrap();
    assert!(at(&plan, "aws_x.y").after().unwrap().get("a").state().is_unknown());
}
