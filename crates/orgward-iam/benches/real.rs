//! How long it takes to compare real policies: all that the plans in `fixtures/` have, each with the next twelve of its
//! kind.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start has nothing to measure")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use orgward_iam::{Kind, Policy, Relation, compare};
use serde_json::Value;

/// How many others each policy is compared with.
const OTHERS: usize = 12;

fn main() {
    let mut texts = BTreeSet::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures"), &mut texts);
    let (mut times, mut undecided, mut count) = (Vec::new(), 0, 0);
    for kind in [Kind::Identity, Kind::ServiceControl, Kind::Trust, Kind::Resource] {
        let of_kind = texts.iter().filter_map(|text| Policy::parse(text.clone(), kind).ok());
        let policies: Vec<Policy> = of_kind.collect();
        count += policies.len();
        for (at, old) in policies.iter().enumerate() {
            for new in policies.iter().skip(at + 1).take(OTHERS) {
                // The fastest of three: what else the machine does is not meant.
                let runs = (0..3).map(|_| {
                    let start = Instant::now();
                    let relation = compare(black_box(old), black_box(new)).relation;
                    (start.elapsed(), relation)
                });
                let (time, relation) = runs.min_by_key(|(time, _)| *time).expect("there are three");
                times.push(time);
                undecided += usize::from(relation == Relation::Undecided);
            }
        }
    }
    times.sort();
    let share = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied();
    let [median, ninety, most] = [50, 90, 100].map(|percent| share(percent).unwrap_or(Duration::ZERO));
    println!("{count} policies, {} pairs, {undecided} undecided", times.len());
    println!("median {median:.2?}, 90th percentile {ninety:.2?}, maximum {most:.2?}");
}

/// The policies in the files of a folder.
fn gather(folder: &Path, texts: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("there are fixtures").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "json")
            && let Ok(value) = serde_json::from_slice(&fs::read(&path).expect("it can be read"))
        {
            find(&value, texts);
        }
    }
}

/// Policies stand in plans as text, and in scenarios as they are.
fn find(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.contains("\"Statement\"") => {
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                texts.insert(value.to_string());
            }
        }
        Value::Object(members) if members.contains_key("Statement") => {
            texts.insert(value.to_string());
        }
        Value::Object(members) => members.values().for_each(|value| find(value, texts)),
        Value::Array(items) => items.iter().for_each(|value| find(value, texts)),
        _ => {}
    }
}
