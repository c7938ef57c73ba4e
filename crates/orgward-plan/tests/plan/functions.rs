//! What expressions come to, beside what terraform says: `terraform/answers.jsonl`, made by `terraform/ask`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use orgward_plan::{Document, Files, Module, Plan, SourceFile, Sources, Spelled, Step};
use serde_json::{Number, Value, json};

/// Expressions that are left open, each for a reason. Nothing else may be, and none may come to something else.
const OPEN: [(&str, &str); 18] = [
    ("[1] == [1]", "whether one is a list and the other a tuple is not kept"),
    ("[\"a\"] == tolist([\"a\"])", "whether one is a list and the other a tuple is not kept"),
    ("{ a = 1 } == { a = 1 }", "whether one is a map and the other an object is not kept"),
    ("regex(\"a(?=b)\", \"ab\")", "what one engine refuses the other may accept"),
    ("yamldecode(\"a: [1, 2\")", "what one parser refuses the other may accept"),
    ("try(yamldecode(\"a: [\")[\"a\"], [])", "what one parser refuses the other may accept"),
    ("yamldecode(\"*a\")", "what one parser refuses the other may accept"),
    ("uuidv5(\"dns\", \"www.terraform.io\")", "`uuidv5`"),
    ("pow(2, -1)", "powers that are no whole numbers"),
    ("pow(2, 0.5)", "powers that are no whole numbers"),
    ("log(8, 2)", "logarithms"),
    ("1 / 3", "terraform rounds in the binary system"),
    ("10 / 3 * 3", "terraform rounds in the binary system"),
    ("file(\"files/none.txt\")", "the file may be there where terraform runs"),
    ("fileexists(\"files/none.txt\")", "the file may be there where terraform runs"),
    ("templatefile(\"files/none\", {})", "the file may be there where terraform runs"),
    ("try(file(\"files/none.txt\"), \"n\")", "the file may be there where terraform runs"),
    ("templatefile(\"files/t.tftpl\", { name = \"x\" })", "a name that is none of its variables"),
];

/// The files beside the questions.
struct Beside;

impl Files for Beside {
    fn text(&self, path: &str) -> Option<SourceFile> {
        let text = fs::read_to_string(Path::new("tests/terraform").join(path)).ok()?;
        Some(SourceFile { name: path.to_owned(), text })
    }

    fn list(&self, folder: &str) -> Option<Vec<String>> {
        fn below(folder: &Path, name: &str, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = format!("{name}{}", entry.file_name().to_str().unwrap());
                if entry.path().is_dir() {
                    below(&entry.path(), &format!("{name}/"), found);
                } else {
                    found.push(name);
                }
            }
        }
        let mut found = Vec::new();
        below(&Path::new("tests/terraform").join(folder), "", &mut found);
        found.sort();
        Some(found)
    }
}

/// A plan of a resource for each expression, and what each comes to.
fn evaluated(expressions: &[String]) -> Vec<Spelled> {
    let mut text = String::new();
    let (mut changes, mut shown) = (Vec::new(), Vec::new());
    for (number, expression) in expressions.iter().enumerate() {
        let name = format!("q{number}");
        writeln!(text, "resource \"aws_x\" \"{name}\" {{\n  q = {expression}\n}}").unwrap();
        let address = format!("aws_x.{name}");
        changes.push(json!({
            "address": address, "mode": "managed", "type": "aws_x", "name": name, "provider_name": "p",
            "change": { "actions": ["create"], "before": null, "after": {}, "after_unknown": { "q": true } },
        }));
        shown.push(json!({
            "address": address, "mode": "managed", "type": "aws_x", "name": name, "expressions": { "q": {} },
        }));
    }
    let plan = json!({
        "format_version": "1.2",
        "resource_changes": changes,
        "configuration": { "root_module": { "resources": shown } },
    });
    let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
    let mut plan = Plan::parse(&document).unwrap();
    let file = SourceFile { name: "main.tf".to_owned(), text };
    let module = Module { calls: String::new(), folder: ".".to_owned(), files: vec![file] };
    let sources = Sources::of(vec![module]).with_files(Box::new(Beside));
    assert!(sources.unreadable().is_empty(), "{:?}", sources.unreadable());
    plan.with_sources(Arc::new(sources));
    let value = |number: usize| {
        let name = format!("q{number}");
        let instance = plan.instances().iter().find(|instance| *instance.name == *name).unwrap();
        let found = plan.spell_out(instance, &[Step::Name("q")]);
        found.unwrap_or_else(|| panic!("{name}: {}", expressions[number]))
    };
    (0..expressions.len()).map(value).collect()
}

fn value(of: &Spelled) -> Option<Value> {
    Some(match of {
        Spelled::Null => Value::Null,
        Spelled::Bool(value) => json!(value),
        Spelled::Number(text) => Value::Number(text.parse::<Number>().unwrap()),
        Spelled::Text(_) | Spelled::Json(_) => json!(of.literal()?),
        Spelled::List(items) | Spelled::Set(items) => {
            Value::Array(items.iter().map(value).collect::<Option<_>>()?)
        }
        Spelled::Map(entries) => {
            let entries = entries.iter().map(|(name, inner)| Some((name.clone(), value(inner)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Numbers of JSON are the same however they are written.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

#[test]
fn expressions_come_to_what_terraform_says() {
    let answers = fs::read_to_string("tests/terraform/answers.jsonl").unwrap();
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asked: Vec<String> =
        answers.iter().map(|answer| answer["expression"].as_str().unwrap().to_owned()).collect();
    let mut wrong = String::new();
    for ((expression, answer), found) in asked.iter().zip(&answers).zip(evaluated(&asked)) {
        let is_open = OPEN.iter().any(|(open, _)| open == expression);
        let fits = match (&found, answer.get("value")) {
            (Spelled::Refused(_), None) => true,
            (found, Some(wanted)) => value(found).is_some_and(|found| same(&found, wanted)),
            _ => false,
        };
        let left_open = matches!(found, Spelled::Open(_) | Spelled::List(_)) && value(&found).is_none();
        if if is_open { !left_open } else { !fits } {
            writeln!(wrong, "{expression}\n  is {found:?}\n  and {answer}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
