//! Hiding something never makes a plan clean.
//!
//! Real plans that block are disguised: rows are hidden, doubled, renamed, retyped, moved into modules and into other
//! stacks, values are marked sensitive or unknown, actions and masks are garbled. What comes out is refused, blocks, or is
//! incomplete. `ORGWARD_MUTATIONS=1000000 cargo test --release -p orgward-rules --test disguise` runs it for hours.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test that cannot run should say so, and each way to hide something is one arm"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use jiff::civil::date;
use orgward_config::Config;
use orgward_finding::{Gate, Outcome, Severity};
use orgward_org::Organization;
use orgward_plan::{Document, Kind, Plan};
use orgward_rules::Question;
use serde_json::{Map, Value, json};

/// Plans that block by what they bring about, each by another rule.
const SEEDS: [&str; 9] = [
    "public-trust/bad-star-string",
    "public-trust/bad-external-id-only",
    "external-trust/bad-foreign-account",
    "guardrail-removed/bad-detached",
    "guardrail-removed/bad-imported-twin",
    "loose-federation/bad-star-among-subjects",
    "account-wide-trust/bad-member-root",
    "unverifiable-plan/bad-unread",
    "locked-out-target/bad-full-access-detached",
];

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
            // Hidden from the changes; planned values, state and configuration still show it.
            let list = rows(plan)?;
            if list.is_empty() {
                return None;
            }
            let gone = list.remove(dice.roll(list.len()));
            // What nothing else shows is not hidden but gone.
            let text = ["planned_values", "prior_state"].map(|part| plan[part].to_string()).concat();
            if !text.contains(gone["address"].as_str()?) {
                return None;
            }
            format!("without the row {}", gone["address"])
        }
        2 => {
            plan["resource_changes"] = Value::Null;
            "without changes".to_owned()
        }
        3 => {
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
            // An attribute that says whether the object is what it is.
            let name = match kind.as_str()? {
                "aws_iam_role" => "assume_role_policy",
                "aws_organizations_policy" => "content",
                _ => return None,
            };
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
            let row = acting(plan, dice)?;
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
    for row in rows(plan)? {
        row["address"] = format!("module.m.{}", row["address"].as_str()?).into();
        row["module_address"] = match row.get("module_address").and_then(Value::as_str) {
            Some(module) => format!("module.m.{module}").into(),
            None => "module.m".into(),
        };
    }
    let root = plan["configuration"]["root_module"].take();
    plan["configuration"]["root_module"] = json!({"module_calls": {"m": {"module": root}}});
    for part in ["planned_values", "prior_state"] {
        plan[part] = Value::Object(Map::new());
    }
    plan["planned_values"]["root_module"] = json!({});
    Some(())
}

fn seeds() -> Vec<(&'static str, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let read = |name: &'static str| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).ok()?;
        Some((name, serde_json::from_str(&text).unwrap()))
    };
    SEEDS.into_iter().filter_map(read).collect()
}

/// Runs where `ORGWARD_MUTATIONS` says how many plans to disguise. The property does not hold yet for plans without a
/// configuration and for some combinations with moves and modules (`docs/threat-model.md`), so it is not part of every
/// run.
#[test]
fn hiding_something_never_makes_a_plan_clean() {
    let Some(mutations) = std::env::var("ORGWARD_MUTATIONS").ok().and_then(|text| text.parse::<usize>().ok())
    else {
        return;
    };
    let seeds: Vec<(&str, Value)> =
        seeds().into_iter().filter(|(_, plan)| !is_clean(std::slice::from_ref(plan))).collect();
    assert!(seeds.len() > 5, "{}", seeds.len());
    let mut failures: Vec<String> = Vec::new();
    for number in 0..mutations {
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
