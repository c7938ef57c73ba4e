//! What unknown attributes will point to, compared with the configuration that the plans were made from.

use std::fmt::Write as _;

use crate::support::{at, data, document, resolve, told, with_sources};
use orgward_plan::{Certainty, Legal, Plan, Resolution, Step};

const TARGETS: &[&str] = &[
    "aws_organizations_account.id",
    "aws_organizations_organization.roots.id",
    "aws_organizations_organizational_unit.id",
];
const POLICIES: &[&str] = &["aws_organizations_policy.id"];
const OU: &str = "aws_organizations_organizational_unit";

#[test]
fn attachments_of_the_organization() {
    let document = data("org_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let target = |name: &str| {
        let address = name.replacen('@', "aws_organizations_policy_attachment.", 1);
        told(&resolve(&plan, &address, "target_id", TARGETS)).replace(OU, "ou")
    };
    assert_eq!(target("@direct"), "Exact ou.workloads#id");
    assert_eq!(target("@interp"), "Exact ou.workloads#id");
    assert_eq!(target("@modlit"), "Exact module.ou[\"prod\"].ou.this#id");
    assert_eq!(target("@func"), "Exact module.ou[\"dev\"].ou.this#id");
    assert_eq!(target("@modeach[\"dev\"]"), "Typed module.ou[\"dev\"].ou.this#id");
    assert_eq!(target("@modeach[\"prod\"]"), "Typed module.ou[\"prod\"].ou.this#id");
    assert_eq!(target("@cnt[0]"), "Typed module.acct[0].aws_organizations_account.this#id");
    assert_eq!(target("@cnt[1]"), "Typed module.acct[1].aws_organizations_account.this#id");
    let accounts =
        ["module.acct[0]", "module.acct[1]"].map(|m| format!("{m}.aws_organizations_account.this#id"));
    assert_eq!(target("@splat"), format!("Candidates {}", accounts.join(" ")));
    assert_eq!(target("@cond"), "Candidates ou.workloads#id module.ou[\"dev\"].ou.this#id");
    let entries = "Candidates aws_organizations_organization.this#roots.id ou.workloads#id";
    assert_eq!(
        (target("@eachvalue[\"r\"]"), target("@eachvalue[\"w\"]")),
        (entries.to_owned(), entries.to_owned())
    );
    assert_eq!(target("module.scp.@one"), "Exact module.ou[\"prod\"].ou.this#id");
    assert_eq!(target("module.scp.@many[0]"), "Typed module.ou[\"prod\"].ou.this#id");
    assert_eq!(target("module.scp.@many[1]"), "Typed module.ou[\"dev\"].ou.this#id");
    assert_eq!(target("@lit"), "Unknown ");
    for unseen in ["@local", "@localmap[\"dev\"]", "@localmap[\"prod\"]"] {
        // All that takes part in the plan and can be a target; which of it, the plan does not show.
        assert_eq!(target(unseen).split_whitespace().count(), 1 + 6, "{}", target(unseen));
        assert!(target(unseen).starts_with("Bound "));
    }
    for instance in plan.instances().iter().filter(|i| i.kind == "aws_organizations_policy_attachment") {
        let policy = told(&plan.resolve(instance, &[Step::Name("policy_id")], &Legal(POLICIES)));
        let inside = instance.module.0.is_empty();
        let name = if inside {
            "aws_organizations_policy.region"
        } else {
            "module.scp.aws_organizations_policy.this"
        };
        assert_eq!(policy, format!("Exact {name}#id"));
    }
}

#[test]
fn other_references_of_the_organization() {
    let document = data("org_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let of = |address: &str, attribute: &str| told(&resolve(&plan, address, attribute, &[]));
    let unit = "aws_organizations_organizational_unit.workloads";
    assert_eq!(of(unit, "parent_id"), "Exact aws_organizations_organization.this#roots.id");
    assert_eq!(of(&format!("module.ou[\"dev\"].{OU}.this"), "parent_id"), format!("Exact {unit}#id"));
    let account = of("module.acct[1].aws_organizations_account.this", "parent_id");
    assert_eq!(account, format!("Exact module.ou[\"prod\"].{OU}.this#id"));
    let content = of("aws_organizations_policy.rcp", "content");
    assert_eq!(content, "Exact data.aws_iam_policy_document.unknownref#json");
    // What the plan shows makes nothing unknown.
    let content = of("module.scp.aws_organizations_policy.this", "content");
    assert_eq!(content, "Unknown ");
    let boundary = of("module.roles.aws_iam_role.this", "permissions_boundary");
    assert_eq!(boundary, "Exact aws_iam_policy.boundary#arn");
    let trust = of("module.roles.aws_iam_role.second", "assume_role_policy");
    assert_eq!(trust, "Unknown ", "the plan shows it");
    let inline = [Step::Name("inline_policy"), Step::Index(0), Step::Name("policy")];
    let inline = plan.resolve(at(&plan, "aws_iam_role.trust"), &inline, &Legal(&[]));
    assert_eq!(told(&inline), "Exact data.aws_iam_policy_document.unknownref#json");
    let values = ["statement", "condition"].into_iter().flat_map(|name| [Step::Name(name), Step::Index(0)]);
    let values: Vec<Step<'_>> = values.chain([Step::Name("values"), Step::Index(0)]).collect();
    let hole = plan.resolve(at(&plan, "data.aws_iam_policy_document.unknownref"), &values, &Legal(&[]));
    assert_eq!(told(&hole), "Exact aws_organizations_organization.this#id");
}

#[test]
fn trail_ends_at_a_local() {
    let document = data("org_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let local = resolve(&plan, "aws_organizations_policy_attachment.local", "target_id", TARGETS);
    assert_eq!(
        local.trail,
        ["`local.target_prod` is not in the plan", "it is one of what takes part in the plan at all"]
    );
    let one = resolve(&plan, "module.scp.aws_organizations_policy_attachment.one", "target_id", TARGETS);
    let expected =
        ["module.scp.var.one_target", "module.ou[\"prod\"].id", &format!("module.ou[\"prod\"].{OU}.this.id")]
            .map(|reference| format!("it refers to `{reference}`"));
    assert_eq!(one.trail, expected);
}

#[test]
fn attachments_by_reference() {
    let document = data("refs_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let both = |name: &str| {
        let address = name.replacen('@', "aws_organizations_policy_attachment.", 1);
        let target = told(&resolve(&plan, &address, "target_id", TARGETS)).replace(OU, "ou");
        let policy = told(&resolve(&plan, &address, "policy_id", POLICIES));
        format!("{target} / {policy}").replace("aws_organizations_policy.", "").replace("#id", "")
    };
    assert_eq!(both("@a1[\"a\"]"), r#"Exact ou.tree["a"] / Exact p["one"]"#);
    assert_eq!(both("@a1[\"b\"]"), r#"Exact ou.tree["b"] / Exact p["one"]"#);
    assert_eq!(both("@a2[\"one\"]"), r#"Exact ou.cnt[1] / Exact p["one"]"#);
    assert_eq!(both("@a2[\"two\"]"), r#"Exact ou.cnt[1] / Exact p["two"]"#);
    let all = r#"Candidates ou.tree["a"] ou.tree["b"] / Candidates p["one"] p["two"]"#;
    for key in ["one-a", "one-b", "two-a", "two-b"] {
        assert_eq!(both(&format!("@a3[\"{key}\"]")), all);
    }
    assert_eq!(both("@a4[0]"), r#"Typed ou.cnt[0] / Candidates p["one"] p["two"]"#);
    assert_eq!(both("@a4[1]"), r#"Typed ou.cnt[1] / Candidates p["one"] p["two"]"#);
    assert_eq!(both("@a5"), r#"Candidates ou.cnt[0] ou.cnt[1] / Exact p["one"]"#);
    assert_eq!(both("@a6"), r#"Exact ou.cnt[0] / Exact p["one"]"#);
    for (module, key) in [("x", "a"), ("y", "b")] {
        let leaf = |name: &str| both(&format!("module.mid[\"{module}\"].module.leaf.@{name}"));
        assert_eq!(
            both(&format!("module.mid[\"{module}\"].@byobj")),
            r#"Typed ou.tree["b"] / Typed p["two"]"#
        );
        assert_eq!(leaf("direct"), format!(r#"Typed ou.tree["{key}"] / Exact p["one"]"#));
        assert_eq!(leaf("each[\"a\"]"), r#"Typed ou.tree["a"] / Exact p["one"]"#);
        assert_eq!(leaf("each[\"b\"]"), r#"Typed ou.tree["b"] / Exact p["one"]"#);
        assert_eq!(leaf("obj"), r#"Typed ou.tree["b"] / Exact p["one"]"#);
        let all = r#"Bound ou.cnt[0] ou.cnt[1] ou.tree["a"] ou.tree["b"]"#;
        assert_eq!(leaf("vialocal"), format!(r#"{all} / Exact p["one"]"#));
    }
}

/// Every attachment that is written in the two configurations, as far as the plan tells and as the sources do.
#[test]
fn every_attachment_resolves_with_the_sources_or_says_why_not() {
    let mut table = String::new();
    for name in ["org", "refs"] {
        let document = data(&format!("{name}_plan.json"));
        let plain = Plan::parse(&document).unwrap();
        let mut told_all = Plan::parse(&document).unwrap();
        with_sources(&mut told_all, name);
        let kind = "aws_organizations_policy_attachment";
        for instance in plain.instances().iter().filter(|instance| instance.kind == kind) {
            let target = |plan: &Plan<'_>| resolve(plan, instance.address.as_str(), "target_id", TARGETS);
            let policy = |plan: &Plan<'_>| resolve(plan, instance.address.as_str(), "policy_id", POLICIES);
            let short = |found: &Resolution| match found.certainty {
                Certainty::Exact | Certainty::Typed => told(found),
                _ => format!("{:?} of {}", found.certainty, found.targets.len()),
            };
            let (target, policy) = ((target(&plain), target(&told_all)), (policy(&plain), policy(&told_all)));
            for (what, (plain, told_all)) in [("target", target), ("policy", policy)] {
                if plain.certainty < Certainty::Typed {
                    let told = short(&told_all);
                    writeln!(table, "{} {what}: {} | {told}", instance.address, short(&plain)).unwrap();
                }
                assert!(told_all.certainty >= Certainty::Typed || !told_all.trail.is_empty());
            }
        }
    }
    insta::assert_snapshot!(table.replace("aws_organizations_policy_attachment.", "@"), @r#"
    @cond target: Candidates of 2 | Exact module.ou["dev"].aws_organizations_organizational_unit.this#id
    @eachvalue["r"] target: Candidates of 2 | Exact aws_organizations_organization.this#roots.id
    @eachvalue["w"] target: Candidates of 2 | Exact aws_organizations_organizational_unit.workloads#id
    @lit target: Unknown of 0 | Unknown of 0
    @local target: Bound of 6 | Exact module.ou["prod"].aws_organizations_organizational_unit.this#id
    @localmap["dev"] target: Bound of 6 | Exact module.ou["dev"].aws_organizations_organizational_unit.this#id
    @localmap["prod"] target: Bound of 6 | Exact module.ou["prod"].aws_organizations_organizational_unit.this#id
    @splat target: Candidates of 2 | Exact module.acct[1].aws_organizations_account.this#id
    @a3["one-a"] target: Candidates of 2 | Exact aws_organizations_organizational_unit.tree["a"]#id
    @a3["one-a"] policy: Candidates of 2 | Exact aws_organizations_policy.p["one"]#id
    @a3["one-b"] target: Candidates of 2 | Exact aws_organizations_organizational_unit.tree["b"]#id
    @a3["one-b"] policy: Candidates of 2 | Exact aws_organizations_policy.p["one"]#id
    @a3["two-a"] target: Candidates of 2 | Exact aws_organizations_organizational_unit.tree["a"]#id
    @a3["two-a"] policy: Candidates of 2 | Exact aws_organizations_policy.p["two"]#id
    @a3["two-b"] target: Candidates of 2 | Exact aws_organizations_organizational_unit.tree["b"]#id
    @a3["two-b"] policy: Candidates of 2 | Exact aws_organizations_policy.p["two"]#id
    @a4[0] policy: Candidates of 2 | Exact aws_organizations_policy.p["one"]#id
    @a4[1] policy: Candidates of 2 | Exact aws_organizations_policy.p["two"]#id
    @a5 target: Candidates of 2 | Exact aws_organizations_organizational_unit.cnt[0]#id
    module.mid["x"].module.leaf.@vialocal target: Bound of 4 | Exact aws_organizations_organizational_unit.tree["a"]#id
    module.mid["y"].module.leaf.@vialocal target: Bound of 4 | Exact aws_organizations_organizational_unit.tree["b"]#id
    "#);
}

#[test]
fn roles_and_documents_by_reference() {
    let document = data("refs_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let of = |address: &str, attribute: &str| told(&resolve(&plan, address, attribute, &[]));
    assert_eq!(of("aws_iam_role_policy.rp", "role"), "Exact aws_iam_role.base#id");
    assert_eq!(of("aws_iam_role_policy.rp2", "role"), "Unknown ", "the plan shows the name");
    assert_eq!(of("aws_iam_role_policy.rp", "policy"), "Exact data.aws_iam_policy_document.t2#json");
    // `templatefile` makes something of the reference.
    assert_eq!(of("aws_iam_role_policy.rp2", "policy"), "Typed aws_iam_role.base#arn");
    let template = plan.references(at(&plan, "aws_iam_role_policy.rp2"), &[Step::Name("policy")]);
    assert_eq!(template, ["path.module", "aws_iam_role.base.arn"]);
    // All its statements are in a `dynamic` block.
    let path = [Step::Name("statement"), Step::Index(0), Step::Name("actions")];
    let dynamic = plan.resolve(at(&plan, "data.aws_iam_policy_document.t"), &path, &Legal(&[]));
    assert_eq!(dynamic.certainty, Certainty::Unknown);
}

/// A plan with roles `a`, `b`, and `set["k"]`, `set["l"]`, and `aws_x.y` with these expressions.
fn roles(expressions: &str, more: &str) -> orgward_plan::Document {
    let role = |name: &str, index: &str| {
        let key = if index.is_empty() { String::new() } else { format!("[\\\"{index}\\\"]") };
        let index = if index.is_empty() { String::new() } else { format!(r#""index":"{index}","#) };
        format!(
            r#"{{"address":"aws_iam_role.{name}{key}","mode":"managed","type":"aws_iam_role","name":"{name}",{index}"change":{{"actions":["create"],"after":{{}}}}}}"#
        )
    };
    let rows = [role("a", ""), role("b", ""), role("set", "k"), role("set", "l")].join(",");
    document(&format!(
        r#"{{"format_version":"1.2","planned_values":{{}},"variables":{{"key":{{"value":"l"}}}},"resource_changes":[{rows},
        {{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","change":{{"actions":["create"],"after":{{"block":[{{"name":"2"}},{{"name":"1"}}]}}}}}}],
        "configuration":{{"root_module":{{"resources":[{{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","expressions":{{{expressions}}}}}]{more}}}}}}}"#
    ))
}

fn references(list: &[&str]) -> String {
    serde_json::json!({ "references": list }).to_string()
}

#[test]
fn several_elements() {
    let list =
        references(&["aws_iam_role.a.name", "aws_iam_role.a", "aws_iam_role.b.name", "aws_iam_role.b"]);
    let document = roles(&format!(r#""roles":{list}"#), "");
    let plan = Plan::parse(&document).unwrap();
    let all = plan.resolve_all(at(&plan, "aws_x.y"), &[Step::Name("roles")], &Legal(&[]));
    let all: Vec<String> = all.iter().map(told).collect();
    assert_eq!(all, ["Exact aws_iam_role.a#name", "Exact aws_iam_role.b#name"]);
}

#[test]
fn several_elements_of_a_condition() {
    let list = references(&[
        "var.key",
        "aws_iam_role.a.name",
        "aws_iam_role.a",
        "aws_iam_role.b.name",
        "aws_iam_role.b",
    ]);
    let document = roles(&format!(r#""roles":{list}"#), "");
    let plan = Plan::parse(&document).unwrap();
    let all = plan.resolve_all(at(&plan, "aws_x.y"), &[Step::Name("roles")], &Legal(&[]));
    let all: Vec<String> = all.iter().map(told).collect();
    assert_eq!(all, ["Candidates aws_iam_role.a#name aws_iam_role.b#name"]);
}

#[test]
fn indexed_by_an_input() {
    let document = roles(&format!(r#""role":{}"#, references(&["aws_iam_role.set", "var.key"])), "");
    let plan = Plan::parse(&document).unwrap();
    let found = resolve(&plan, "aws_x.y", "role", &["aws_iam_role.name"]);
    assert_eq!(told(&found), "Typed aws_iam_role.set[\"l\"]#name");
}

#[test]
fn indexed_by_a_local() {
    let document = roles(&format!(r#""role":{}"#, references(&["aws_iam_role.set", "local.key"])), "");
    let plan = Plan::parse(&document).unwrap();
    let found = resolve(&plan, "aws_x.y", "role", &["aws_iam_role.name"]);
    assert_eq!((told(&found).as_str(), found.trail.len()), ("Unknown ", 1));
}

#[test]
fn instance_that_is_not_planned() {
    let gone = references(&["aws_iam_role.set[\"m\"].name", "aws_iam_role.set[\"m\"]", "aws_iam_role.set"]);
    let document = roles(&format!(r#""role":{gone}"#), "");
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(
        resolve(&plan, "aws_x.y", "role", &[]).trail.last().unwrap(),
        "the plan has no instance [\"m\"] of it"
    );
}

#[test]
fn only_one_reference_fits() {
    let list = references(&["aws_iam_role.a.id", "aws_iam_role.a", "aws_iam_role.b.arn", "aws_iam_role.b"]);
    let document = roles(&format!(r#""role":{list}"#), "");
    let plan = Plan::parse(&document).unwrap();
    // The other one may choose between it and something that the plan does not show.
    assert_eq!(told(&resolve(&plan, "aws_x.y", "role", &["aws_iam_role.arn"])), "Unknown ");
    assert_eq!(told(&resolve(&plan, "aws_x.y", "role", &["aws_iam_role.name"])), "Unknown ");
    let both = &["aws_iam_role.arn", "aws_iam_role.id"];
    assert_eq!(
        told(&resolve(&plan, "aws_x.y", "role", both)),
        "Candidates aws_iam_role.a#id aws_iam_role.b#arn"
    );
}

#[test]
fn blocks_of_a_set_are_planned_in_another_order() {
    let block = |name: &str, role: &str| {
        let role = references(&[&format!("aws_iam_role.{role}.arn"), &format!("aws_iam_role.{role}")]);
        format!(r#"{{"name":{{"constant_value":"{name}"}},"role":{role}}}"#)
    };
    let document = roles(&format!(r#""block":[{},{}]"#, block("1", "a"), block("2", "b")), "");
    let plan = Plan::parse(&document).unwrap();
    let of = |index: usize| {
        let path = [Step::Name("block"), Step::Index(index), Step::Name("role")];
        told(&plan.resolve(at(&plan, "aws_x.y"), &path, &Legal(&[])))
    };
    assert_eq!([of(0), of(1)], ["Exact aws_iam_role.b#arn", "Exact aws_iam_role.a#arn"]);
}

#[test]
fn outputs_that_go_round_in_circles() {
    let more = r#","module_calls":{"m":{"expressions":{"in":{"references":["module.m.out","module.m"]}},"module":{
        "outputs":{"out":{"expression":{"references":["var.in"]}}},"variables":{"in":{}}}}}"#;
    let document = roles(&format!(r#""role":{}"#, references(&["module.m.out", "module.m"])), more);
    let plan = Plan::parse(&document).unwrap();
    let found = resolve(&plan, "aws_x.y", "role", &[]);
    assert_eq!(found.certainty, Certainty::Unknown);
    assert_eq!(found.trail.last().unwrap(), "the references go too deep or round in circles");
}

#[test]
fn output_that_cannot_be_followed_may_be_the_one() {
    let outputs = |hidden: &str| {
        format!(
            r#","module_calls":{{"m":{{"module":{{"outputs":{{"a":{{"expression":{}}},"b":{{"expression":{hidden}}}}},
            "resources":[]}}}}}}"#,
            references(&["aws_iam_role.z.arn", "aws_iam_role.z"])
        )
    };
    for hidden in [references(&["local.x"]), references(&["aws_iam_role.z.arn", "aws_iam_role.z"])] {
        let document = roles(&format!(r#""role":{}"#, references(&["module.m"])), &outputs(&hidden));
        let plan = Plan::parse(&document).unwrap();
        assert_eq!(told(&resolve(&plan, "aws_x.y", "role", &["aws_iam_role.arn"])), "Unknown ");
    }
}

#[test]
fn nothing_to_follow() {
    let document = roles(r#""a":{"constant_value":"x"},"b":{}"#, "");
    let plan = Plan::parse(&document).unwrap();
    for (attribute, end) in [
        ("a", "it is a constant"),
        ("b", "it is made of constants and functions only"),
        ("c", "`c` of `aws_x.y` is not set in the configuration that the plan shows"),
    ] {
        assert_eq!(resolve(&plan, "aws_x.y", attribute, &[]).trail, [end]);
    }
    assert_eq!(
        resolve(&plan, "aws_iam_role.a", "x", &[]).trail,
        ["`aws_iam_role.a` is not in the configuration"]
    );
}

#[test]
fn count_index_in_a_list_and_in_a_condition() {
    let both = ["aws_iam_role.a.arn", "aws_iam_role.a", "aws_iam_role.b.arn", "aws_iam_role.b"];
    let of = |list: &[&str]| {
        let row = |index: usize| {
            format!(
                r#"{{"address":"aws_x.n[{index}]","mode":"managed","type":"aws_x","name":"n","index":{index},"change":{{"actions":["create"],"after":{{}}}}}}"#
            )
        };
        let role = |name: &str| {
            format!(
                r#"{{"address":"aws_iam_role.{name}","mode":"managed","type":"aws_iam_role","name":"{name}","change":{{"actions":["create"],"after":{{}}}}}}"#
            )
        };
        document(&format!(
            r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[{},{},{},{}],
            "configuration":{{"root_module":{{"resources":[{{"mode":"managed","type":"aws_x","name":"n","expressions":{{"role":{}}}}}]}}}}}}"#,
            row(0),
            row(1),
            role("a"),
            role("b"),
            references(list)
        ))
    };
    let list = of(&[&both[..], &["count.index"]].concat());
    let plan = Plan::parse(&list).unwrap();
    assert_eq!(told(&resolve(&plan, "aws_x.n[1]", "role", &[])), "Typed aws_iam_role.b#arn");
    let condition = of(&[&["count.index"], &both[..]].concat());
    let plan = Plan::parse(&condition).unwrap();
    let found = told(&resolve(&plan, "aws_x.n[1]", "role", &[]));
    assert_eq!(found, "Candidates aws_iam_role.a#arn aws_iam_role.b#arn");
}

/// A plan with the instances `(address, key, after)`, in which `aws_x.y` has these instances and expression for `unit`.
fn units(rows: &[(&str, &str, &str)], expression: &str, more: &str) -> orgward_plan::Document {
    let row = |(address, key, after): &(&str, &str, &str)| {
        let (kind, name) = address.split_once('.').unwrap_or_default();
        let name = name.split('[').next().unwrap_or_default();
        let index = if key.is_empty() { String::new() } else { format!(r#""index":{key},"#) };
        let address = address.replace('"', "\\\"");
        format!(
            r#"{{"address":"{address}","mode":"managed","type":"{kind}","name":"{name}",{index}"change":{{"actions":["create"],"after":{after},"after_unknown":{{"id":true}}}}}}"#
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    document(&format!(
        r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[{}],
        "configuration":{{"root_module":{{"resources":[{{"mode":"managed","type":"aws_x","name":"y","expressions":{{"unit":{expression}}}}}{more}]}}}}}}"#,
        rows.join(",")
    ))
}

const UNIT: &[&str] = &["aws_ou.id"];

/// `aws_ou.inner.parent_id` is where `inner` is, and not `inner`.
#[test]
fn an_argument_is_what_sets_it() {
    let parent = references(&["aws_ou.inner.parent_id", "aws_ou.inner"]);
    let inner = r#",{"mode":"managed","type":"aws_ou","name":"inner","expressions":{"parent_id":{"references":["aws_ou.outer.id","aws_ou.outer"]}}}"#;
    let rows = [("aws_ou.inner", "", "{}"), ("aws_ou.outer", "", "{}"), ("aws_x.y", "", "{}")];
    let document = units(&rows, &parent, inner);
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(told(&resolve(&plan, "aws_x.y", "unit", UNIT)), "Exact aws_ou.outer#id");
}

/// `coalesce(aws_ou.new.id, aws_ou.old.id)`, where the plan shows the id of `old`: what is unknown is the other one.
#[test]
fn what_is_known_is_not_what_is_unknown() {
    let either = references(&["aws_ou.new.id", "aws_ou.new", "aws_ou.old.name", "aws_ou.old"]);
    let rows = [("aws_ou.new", "", "{}"), ("aws_ou.old", "", r#"{"name":"ou-1"}"#), ("aws_x.y", "", "{}")];
    let document = units(&rows, &either, "");
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(told(&resolve(&plan, "aws_x.y", "unit", UNIT)), "Typed aws_ou.new#id");
    // Something unknown that is no unit may choose the known one.
    let chosen = references(&["aws_draw.d.id", "aws_draw.d", "aws_ou.new.id", "aws_ou.new"]);
    let rows = [("aws_draw.d", "", "{}"), ("aws_ou.new", "", "{}"), ("aws_x.y", "", "{}")];
    let document = units(&rows, &chosen, "");
    let plan = Plan::parse(&document).unwrap();
    assert_eq!(told(&resolve(&plan, "aws_x.y", "unit", UNIT)), "Unknown ");
}

/// `aws_ou.all[count.index + 1]` is shown like `aws_ou.all[count.index]`.
#[test]
fn an_index_is_certain_where_no_other_is_possible() {
    let all = references(&["aws_ou.all", "count.index"]);
    let ous = [0, 1, 2].map(|index| (format!("aws_ou.all[{index}]"), index.to_string()));
    let of = |instances: usize| {
        let own = (0..instances).map(|index| (format!("aws_x.y[{index}]"), index.to_string()));
        let rows: Vec<_> = ous.iter().cloned().chain(own).collect();
        let rows: Vec<_> = rows.iter().map(|(address, key)| (address.as_str(), key.as_str(), "{}")).collect();
        let document = units(&rows, &all, "");
        told(&resolve(&Plan::parse(&document).unwrap(), "aws_x.y[0]", "unit", UNIT))
    };
    assert_eq!(of(3), "Typed aws_ou.all[0]#id");
    assert_eq!(of(2), "Candidates aws_ou.all[0]#id aws_ou.all[1]#id aws_ou.all[2]#id");
}

/// `null` is shown as a constant, and what is null is computed.
#[test]
fn null_is_not_set() {
    for (expression, unset) in [(r#"{"constant_value":null}"#, true), (r#"{"constant_value":"x"}"#, false)] {
        let document = units(&[("aws_x.y", "", "{}")], expression, "");
        let plan = Plan::parse(&document).unwrap();
        assert_eq!(plan.is_unset(at(&plan, "aws_x.y"), "unit"), unset);
    }
}
