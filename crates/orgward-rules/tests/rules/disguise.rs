//! Hiding something never makes a plan clean.
//!
//! Real plans that block are disguised: rows are hidden, doubled, renamed, retyped, moved into modules and into other
//! stacks, values are marked sensitive or unknown, actions and masks are garbled. What comes out is refused, blocks, or is
//! incomplete. Every run disguises a few; `ORGWARD_MUTATIONS=1000000 cargo test --release -p orgward-rules --test rules disguise` runs it for hours.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test that cannot run should say so, and each way to hide something is one arm"
)]

use std::ffi::OsStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use jiff::civil::date;
use orgward_config::Config;
use orgward_finding::{Gate, Outcome, Severity};
use orgward_org::Organization;
use orgward_plan::{Document, Kind, Plan};
use orgward_rules::Question;
use orgward_rules::catalog::RULES;
use serde_json::{Value, json};

/// A small generator: the same seed gives the same disguises.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

/// What a review of some plans comes to: refused counts as not clean.
fn is_clean(plans: &[Value]) -> bool {
    let texts = plans.iter().map(|plan| serde_json::to_vec(plan).unwrap());
    let documents: Result<Vec<Document>, _> = texts
        .enumerate()
        .map(|(number, text)| Document::decode(format!("stacks/{number}/plan.json"), text))
        .collect();
    let Ok(documents) = documents else { return false };
    let parsed: Result<Vec<Plan<'_>>, _> = documents.iter().map(Plan::parse).collect();
    let Ok(parsed) = parsed else { return false };
    // The program refuses states where plans are reviewed.
    if parsed.iter().any(|plan| plan.kind == Kind::State) {
        return false;
    }
    let config = Config::default();
    let organization = Organization::of(&parsed, &[], &config.declared());
    let question = Question {
        gate: Gate { fail_on: Some(Severity::Medium), existing: false },
        today: date(2026, 11, 27),
        baseline: &[],
        allow_incomplete: false,
        events: None,
    };
    orgward_rules::review(&organization, &parsed, &config, question).outcome() == Outcome::Clean
}

fn rows(plan: &mut Value) -> Option<&mut Vec<Value>> {
    plan.get_mut("resource_changes")?.as_array_mut()
}

/// A row that the plan does something to.
fn acting<'p>(plan: &'p mut Value, dice: &mut Dice) -> Option<&'p mut Value> {
    let rows = rows(plan)?;
    let acting: Vec<usize> =
        (0..rows.len()).filter(|at| rows[*at]["change"]["actions"] != json!(["no-op"])).collect();
    let at = *acting.get(dice.roll(acting.len()))?;
    rows.get_mut(at)
}

/// One way to hide something. Returns what was done, or `None` where the plan has nothing for it.
fn disguise(plans: &mut Vec<Value>, dice: &mut Dice) -> Option<String> {
    let at = dice.roll(plans.len());
    let plan = plans.get_mut(at)?;
    let way = dice.roll(18);
    Some(match way {
        0 => {
            let list = rows(plan)?;
            let by = dice.roll(list.len());
            list.rotate_left(by);
            format!("turned by {by}")
        }
        1 => {
            // Hidden from the changes; state and configuration still show it.
            let text = plan["prior_state"].to_string();
            let list = rows(plan)?;
            let at = dice.roll(list.len());
            let address = list.get(at)?["address"].clone();
            // What nothing else shows is not hidden but gone.
            if !text.contains(&address.to_string()) {
                return None;
            }
            list.remove(at);
            format!("without the row {address}")
        }
        2 => {
            // Where neither shows anything, nothing can tell it from a plan of nothing.
            let shown = plan.pointer("/planned_values/root_module").is_some_and(|it| *it != json!({}));
            shown.then(|| plan["resource_changes"] = Value::Null)?;
            "without changes".to_owned()
        }
        3 => {
            rows(plan).filter(|rows| !rows.is_empty())?;
            plan["planned_values"] = json!({"root_module": {}});
            "without planned values".to_owned()
        }
        4 => {
            let row = acting(plan, dice)?;
            let names: Vec<String> = row["change"]["after"].as_object()?.keys().cloned().collect();
            let name = names.get(dice.roll(names.len()))?.clone();
            let mask = row["change"].get_mut("after_sensitive")?;
            if !mask.is_object() {
                *mask = json!({});
            }
            mask[&name] = true.into();
            format!("{} {name} sensitive", row["address"])
        }
        5 => {
            let row = acting(plan, dice)?;
            row["change"]["after_sensitive"] = true.into();
            row["change"]["before_sensitive"] = true.into();
            format!("{} sensitive as a whole", row["address"])
        }
        6 => {
            let row = acting(plan, dice)?;
            let (address, kind) = (row["address"].clone(), row["type"].clone());
            // Whom a role trusts says whether it is what it is. What a new guardrail denies is missed by the rules that
            // expect something of it, and by no other one.
            if kind != "aws_iam_role" {
                return None;
            }
            let name = "assume_role_policy";
            row["change"]["after"].as_object_mut()?.remove(name)?;
            row["change"]["after_unknown"][name] = true.into();
            format!("{address} {name} unknown")
        }
        7 => {
            let row = acting(plan, dice)?.clone();
            let mut twin = row;
            let name = format!("twin{}", dice.roll(100));
            let old = twin["address"].as_str()?.to_owned();
            twin["address"] = old.replacen(twin["name"].as_str()?, &name, 1).into();
            twin["name"] = name.clone().into();
            if twin["change"]["before"].is_null() {
                return None;
            }
            twin["change"]["actions"] = json!(["no-op"]);
            twin["change"]["after"] = twin["change"]["before"].clone();
            twin["change"]["after_unknown"] = json!({});
            rows(plan)?.push(twin);
            format!("{old} stays as {name}")
        }
        8 => {
            let row = acting(plan, dice)?.clone();
            rows(plan)?.push(row.clone());
            format!("{} twice", row["address"])
        }
        9 => {
            let row = acting(plan, dice)?;
            let kind = row["type"].as_str()?;
            let other = kind.replacen("aws_", "awscc_", 1);
            // Only what makes something is retyped: what another type destroys was never read.
            if row["change"]["after"].is_null()
                || !kind.starts_with("aws_iam_") && !kind.starts_with("aws_organizations_")
            {
                return None;
            }
            let address = row["address"].as_str()?.replacen(kind, &other, 1);
            row["type"] = other.clone().into();
            row["address"] = address.clone().into();
            plan["planned_values"] = json!({"root_module": {}});
            format!("{address} of another provider")
        }
        10 => {
            wrapped(plan)?;
            "in a module".to_owned()
        }
        11 => {
            // One row in a stack of its own.
            let list = rows(plan)?;
            if list.len() < 2 {
                return None;
            }
            let moved = list.remove(dice.roll(list.len()));
            let address = moved["address"].clone();
            // What is moved must be in no other section of the old stack.
            for part in ["planned_values", "prior_state"] {
                plan[part] = json!({"root_module": {}});
            }
            plan["configuration"]["root_module"]["resources"] = json!([]);
            let other = json!({
                "format_version": plan["format_version"], "planned_values": {"root_module": {}},
                "resource_changes": [moved],
            });
            plans.push(other);
            format!("{address} in another stack")
        }
        12 => {
            let row = acting(plan, dice)?;
            row["change"]["actions"] = json!(["transmogrify"]);
            format!("{} with an action of the future", row["address"])
        }
        13 => {
            let row = acting(plan, dice)?;
            row["change"]["after_unknown"] = true.into();
            row["change"]["after"] = json!({});
            format!("{} unknown as a whole", row["address"])
        }
        14 => {
            plan.as_object_mut()?.remove("configuration");
            "without a configuration".to_owned()
        }
        15 => {
            plan["complete"] = false.into();
            "incomplete".to_owned()
        }
        16 => {
            let row = acting(plan, dice)?;
            row["provider_name"] = "registry.example.com/acme/aws".into();
            format!("{} by a provider of another name", row["address"])
        }
        _ => {
            let row = acting(plan, dice).filter(|row| row["mode"] == "managed")?;
            let (old, name) = (row["address"].as_str()?.to_owned(), format!("n{}", dice.roll(1_000)));
            row["address"] = old.replacen(row["name"].as_str()?, &name, 1).into();
            row["previous_address"] = old.clone().into();
            row["name"] = name.into();
            plan["planned_values"] = json!({"root_module": {}});
            format!("{old} moved")
        }
    })
}

/// Puts all of a plan into a module.
fn wrapped(plan: &mut Value) -> Option<()> {
    let root = plan["configuration"].get_mut("root_module")?.take();
    plan["configuration"]["root_module"] = json!({"module_calls": {"m": {"source": "./m", "module": root}}});
    for row in rows(plan).into_iter().flatten() {
        prefix(row, "previous_address");
        row["module_address"] = match row.get("module_address").and_then(Value::as_str) {
            Some(module) => format!("module.m.{module}").into(),
            None => "module.m".into(),
        };
        prefix(row, "address");
    }
    for part in ["/planned_values", "/prior_state/values"] {
        let Some(values) = plan.pointer_mut(part).and_then(Value::as_object_mut) else { continue };
        let mut module = values.remove("root_module").unwrap_or_else(|| json!({}));
        prefix_module(&mut module);
        module["address"] = "module.m".into();
        values.insert("root_module".to_owned(), json!({"child_modules": [module]}));
    }
    Some(())
}

fn prefix(value: &mut Value, name: &str) {
    let address = value.get(name).and_then(Value::as_str).map(|address| format!("module.m.{address}"));
    if let Some(address) = address {
        value[name] = address.into();
    }
}

fn prefix_module(module: &mut Value) {
    prefix(module, "address");
    let resources = module.get_mut("resources").and_then(Value::as_array_mut);
    resources.into_iter().flatten().for_each(|resource| prefix(resource, "address"));
    let modules = module.get_mut("child_modules").and_then(Value::as_array_mut);
    modules.into_iter().flatten().for_each(prefix_module);
}

/// The plans of all rules that block by what they bring about.
fn seeds() -> Vec<(String, Value)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut seeds = Vec::new();
    // What the review of policies without Terraform reads is no plan.
    let of_files = ["widened-policy", "narrowed-policy"];
    // What these rules say of calls is a service to the author of a change, and no guardrail.
    let of_calls = ["denied-apply", "data-loss"];
    let left_out = |rule: &&str| of_files.contains(rule) || of_calls.contains(rule);
    for rule in RULES.iter().map(|rule| rule.info.id).filter(|rule| !left_out(rule)) {
        let Ok(folder) = std::fs::read_dir(fixtures.join(rule)) else { continue };
        for file in folder.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = file.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            if name.starts_with("bad-") && file.extension() == Some(OsStr::new("json")) {
                let plan = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
                seeds.push((format!("{rule}/{name}"), plan));
            }
        }
    }
    seeds.sort_by(|(a, _), (b, _)| a.cmp(b));
    seeds.retain(|(_, plan)| !is_clean(std::slice::from_ref(plan)));
    seeds
}

/// How many plans are disguised where the environment does not say so.
const FEW: usize = 200;

#[test]
fn hiding_something_never_makes_a_plan_clean() {
    let asked = std::env::var("ORGWARD_MUTATIONS").ok().and_then(|text| text.parse::<usize>().ok());
    let seeds = seeds();
    assert!(seeds.len() > 100, "{}", seeds.len());
    let mut failures: Vec<String> = Vec::new();
    for number in 0..asked.unwrap_or(FEW) {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1).wrapping_mul(0xD134_2543_DE82_EF95));
        let (name, plan) = &seeds[dice.roll(seeds.len())];
        let mut plans = vec![plan.clone()];
        let done: Vec<String> = (0..=dice.roll(3)).filter_map(|_| disguise(&mut plans, &mut dice)).collect();
        let told = || format!("{name}: {}", done.join(", "));
        match catch_unwind(AssertUnwindSafe(|| is_clean(&plans))) {
            Ok(false) => {}
            Ok(true) => failures.push(told()),
            Err(_) => failures.push(format!("a panic: {}", told())),
        }
        if failures.len() > 20 {
            break;
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
