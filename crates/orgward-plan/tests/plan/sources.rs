//! The sources of a plan: what hostile ones do, and what expressions come to.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orgward_plan::{Certainty, Document, Legal, Module, Part, Plan, SourceFile, Sources, Spelled, Step};

fn file(text: &str) -> SourceFile {
    SourceFile { name: "main.tf".to_owned(), text: text.to_owned() }
}

fn root(text: &str) -> Sources {
    Sources::of(vec![Module { calls: String::new(), folder: ".".to_owned(), files: vec![file(text)] }])
}

/// Files that nobody writes. Each is read or left out with a reason, soon, and none ends the program: brackets inside
/// strings look like closed ones to whoever counts brackets.
#[test]
fn hostile_files_are_read_or_left_out() {
    for depth in [60, 70, 20_000] {
        let nested = |open: &str, inner: &str, close: &str| {
            format!("a = {}{inner}{}\n", open.repeat(depth), close.repeat(depth))
        };
        let files = [
            nested("[\"]\", ", "1", "]"),
            nested("[", "", "]"),
            nested("[", "", ""),
            nested("(", "1", ")"),
            nested("{a=", "1", "}"),
            nested("f(", "1", ")"),
            nested("x[", "1", "]"),
            nested("\"${", "1", "}\""),
            nested("<<A\n${", "x", "}\nA\n"),
            nested("[for x in ", "y", " : 1]"),
            nested("{for x in ", "y", " : 1 => 1}"),
            nested("x ? y : ", "1", ""),
            nested("x ? ", "1", " : 1"),
            nested("-!", "1", ""),
            nested("1 + ", "1", ""),
            nested("x.a[*].b", "", ""),
            format!("a = \"{}{}\"\n", "%{ if true }".repeat(depth), "%{ endif }".repeat(depth)),
            format!("{}{}\n", "a {\n".repeat(depth), "}\n".repeat(depth)),
            format!("a = \"{}\n", "\"".repeat(depth)),
            format!(
                "a = {{\n{}}}\n",
                (0..depth * 10).fold(String::new(), |text, n| text + &format!("a{n} = 1\n"))
            ),
            "x".repeat(depth * 100),
            "\u{0}\u{feff}\u{202e}".repeat(depth),
        ];
        for text in files {
            let start = Instant::now();
            let sources = root(&text);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(20), "{took:?}: {}", &text[..40]);
            assert!(sources.is_empty() != sources.unreadable().is_empty(), "{}", &text[..40]);
        }
    }
}

#[test]
fn what_is_said_of_a_broken_file_quotes_nothing_of_it() {
    let sources = root("a = 1\nb = hunter2 hunter2\n");
    assert_eq!(sources.unreadable(), ["`main.tf` cannot be parsed (line 2)"]);
}

#[test]
fn modules_that_call_each_other_in_circles_end() {
    let calls = "module \"a\" {\n  source = \"./\"\n}\nmodule \"b\" {\n  source = \"../x\"\n}\n";
    let sources = Sources::load("", &mut |_| vec![file(calls)]);
    assert!(sources.unreadable().iter().any(|why| why.contains("modules")), "{:?}", sources.unreadable());
}

/// An override file replaces what others say, so that without it nothing they say is sure.
#[test]
fn an_override_that_cannot_be_read_takes_the_module_with_it() {
    let broken = SourceFile { name: "stack/prod_override.tf".to_owned(), text: "locals {".to_owned() };
    let files = vec![file("locals {\n  a = 1\n}\n"), broken];
    let sources = Sources::of(vec![Module { calls: String::new(), folder: String::new(), files }]);
    assert!(sources.is_empty());
}

/// The account of a role whose ARN is put together from a text and a value that is written elsewhere.
#[test]
fn the_account_of_a_role_that_is_written_in_parts() {
    let landing = |arn: &str, references: &str, more: &str| {
        let json = format!(
            r#"{{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[
            {{"address":"aws_sqs_queue.q","mode":"managed","type":"aws_sqs_queue","name":"q",
             "provider_name":"registry.terraform.io/hashicorp/aws",
             "change":{{"actions":["create"],"before":null,"after":{{"name":"q"}},"after_unknown":{{"arn":true}}}}}}],
            "configuration":{{"provider_config":{{"aws":{{"name":"aws","expressions":{{"assume_role":[
             {{"role_arn":{{"references":[{references}]}}}}]}}}}}},
            "root_module":{{"resources":[{{"address":"aws_sqs_queue.q","mode":"managed","type":"aws_sqs_queue","name":"q",
             "provider_config_key":"aws","expressions":{{"name":{{"constant_value":"q"}}}}}}]}}}}}}"#
        );
        let document = Document::decode("plan.json", json.into_bytes()).unwrap();
        let mut plan = Plan::parse(&document).unwrap();
        let text = format!(
            "provider \"aws\" {{\n  assume_role {{\n    role_arn = \"{arn}\"\n  }}\n}}\nresource \"aws_sqs_queue\" \
             \"q\" {{\n  name = \"q\"\n}}\nlocals {{\n{more}\n}}\n"
        );
        plan.with_sources(Arc::new(root(&text)));
        let placement = plan.placement(&plan.instances()[0]);
        placement.landing().map(ToString::to_string)
    };
    let account = "  account = \"222222222222\"";
    assert_eq!(
        landing("arn:aws:iam::${local.account}:role/terraform", r#""local.account""#, account).as_deref(),
        Some("222222222222")
    );
    let both = format!("{account}\n  name = \"terraform\"");
    assert_eq!(
        landing("arn:aws:iam::${local.account}:role/${local.name}", r#""local.account","local.name""#, &both)
            .as_deref(),
        Some("222222222222")
    );
    assert_eq!(landing("arn:aws:iam::${local.other}:role/x", r#""local.other""#, "  other = uuid()"), None);
}

/// A plan of one resource whose `text` refers to `local.text`, and sources with these locals.
fn spelled(locals: &str) -> Spelled {
    let json = r#"{"format_version":"1.2","terraform_version":"1.11.4",
        "variables":{"listed":{"value":["a","b"]},"secret":{"value":"hunter2"}},
        "resource_changes":[
            {"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","provider_name":"p",
             "change":{"actions":["create"],"before":null,"after":{},"after_unknown":{"text":true}}},
            {"address":"aws_iam_role.one","mode":"managed","type":"aws_iam_role","name":"one","provider_name":"p",
             "change":{"actions":["create"],"before":null,"after":{"name":"one"},"after_unknown":{"arn":true}}},
            {"address":"aws_iam_role.many[0]","mode":"managed","type":"aws_iam_role","name":"many","index":0,
             "provider_name":"p","change":{"actions":["create"],"before":null,"after":{},"after_unknown":{"arn":true}}},
            {"address":"aws_iam_role.many[1]","mode":"managed","type":"aws_iam_role","name":"many","index":1,
             "provider_name":"p","change":{"actions":["create"],"before":null,"after":{},"after_unknown":{"arn":true}}}],
        "configuration":{"root_module":{"variables":{"secret":{"sensitive":true},"listed":{}},"resources":[
            {"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y",
             "expressions":{"text":{"references":["local.text"]}}},
            {"address":"aws_iam_role.one","mode":"managed","type":"aws_iam_role","name":"one","expressions":{}},
            {"address":"aws_iam_role.many","mode":"managed","type":"aws_iam_role","name":"many","expressions":{},
             "count_expression":{"constant_value":2}}]}}}"#;
    let document = Document::decode("plan.json", json.as_bytes().to_vec()).unwrap();
    let mut plan = Plan::parse(&document).unwrap();
    let text = format!(
        "resource \"aws_x\" \"y\" {{\n  text = local.text\n}}\nresource \"aws_iam_role\" \"one\" {{\n}}\nresource \
         \"aws_iam_role\" \"many\" {{\n  count = 2\n}}\nlocals {{\n{locals}\n}}\nvariable \"listed\" {{\n}}\n"
    );
    let sources = root(&text);
    assert!(sources.unreadable().is_empty(), "{:?}\n{text}", sources.unreadable());
    plan.with_sources(Arc::new(sources));
    let instance = plan.instances().iter().find(|instance| instance.address.as_str() == "aws_x.y").unwrap();
    plan.spell_out(instance, &[Step::Name("text")]).unwrap()
}

/// A value in short: references as `${…}`, and what cannot be told as `?`.
fn short(value: &Spelled) -> String {
    match value {
        Spelled::Text(parts) => {
            let part = |part: &Part| match part {
                Part::Literal(text) => text.to_string(),
                Part::Reference(found) => {
                    let names =
                        found.targets.iter().map(|target| format!("{}.{}", target.address, target.attribute));
                    format!("${{{}}}", names.collect::<Vec<_>>().join("|"))
                }
                Part::Open(_) => "?".to_owned(),
            };
            parts.iter().map(part).collect()
        }
        Spelled::List(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(" ")),
        Spelled::Set(items) => format!("<{}>", items.iter().map(short).collect::<Vec<_>>().join(" ")),
        Spelled::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| format!("{name}={}", short(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
        Spelled::Json(value) => format!("json({})", short(value)),
        Spelled::Null => "null".to_owned(),
        Spelled::Bool(value) => value.to_string(),
        Spelled::Number(number) => number.clone(),
        Spelled::Instance(address) => format!("whole {address}"),
        Spelled::Module(_) | Spelled::Refused(_) | Spelled::Open(_) => "?".to_owned(),
    }
}

#[test]
fn expressions_come_to_what_terraform_makes_of_them() {
    for (expression, expected) in [
        // Functions of strings.
        ("lower(\"ABC\")", "abc"),
        ("title(\"hello world\")", "Hello World"),
        ("trimspace(\"  x \")", "x"),
        ("replace(\"a-b-c\", \"-\", \"\")", "abc"),
        ("replace(\"a-b\", \"/-/\", \"\")", "ab"),
        ("substr(\"hello\", 1, 3)", "ell"),
        ("substr(\"hello\", -2, -1)", "lo"),
        ("split(\",\", \"a,b\")", "[a b]"),
        ("join(\"-\", [\"a\", aws_iam_role.one.arn])", "a-${aws_iam_role.one.arn}"),
        ("format(\"%s/%d%%\", aws_iam_role.one.arn, 3)", "${aws_iam_role.one.arn}/3%"),
        ("format(\"%05d\", 3)", "00003"),
        ("formatlist(\"x-%s\", [\"a\", \"b\"])", "[x-a x-b]"),
        ("upper(aws_iam_role.one.arn)", "?"),
        ("trimsuffix(\"a.json\", \".json\")", "a"),
        ("basename(\"x/y.json\")", "y.json"),
        // What the machine calls the folder that runs Terraform is known to it alone.
        ("path.root", "."),
        ("path.module", "."),
        ("path.root == \".\" ? \"*\" : \"x\"", "*"),
        ("basename(path.cwd)", "?"),
        ("basename(abspath(path.root))", "?"),
        ("path.cwd == \"\" ? \"a\" : \"b\"", "?"),
        ("basename(abspath(\"${path.module}/x/../y.json\"))", "y.json"),
        ("abspath(\"/a/../b\")", "/b"),
        ("jsondecode(\"{\\\"a\\\": [1]}\")", "{a=[1]}"),
        ("jsondecode(jsonencode({ a = aws_iam_role.one.arn })).a", "${aws_iam_role.one.arn}"),
        // Functions of collections.
        ("keys({ b = 1, a = 2 })", "[a b]"),
        ("values({ b = 1, a = aws_iam_role.one.arn })", "[${aws_iam_role.one.arn} 1]"),
        ("merge({ a = 1 }, { a = 2, b = 3 })", "{a=2 b=3}"),
        ("concat([1], [aws_iam_role.one.arn])", "[1 ${aws_iam_role.one.arn}]"),
        ("flatten([[1], [[2]], 3])", "[1 2 3]"),
        ("distinct([\"a\", \"b\", \"a\"])", "[a b]"),
        ("sort([\"b\", \"a\"])", "[a b]"),
        ("toset([\"b\", \"a\", \"b\"])", "<a b>"),
        ("length([1, aws_iam_role.one.arn])", "2"),
        ("length(toset([aws_iam_role.one.arn, aws_iam_role.many[0].arn]))", "?"),
        ("lookup({ a = 1 }, \"b\", \"none\")", "none"),
        ("element([\"a\", \"b\"], 3)", "b"),
        ("coalesce(null, \"\", \"x\")", "x"),
        ("coalesce(aws_iam_role.one.arn, \"x\")", "${aws_iam_role.one.arn}"),
        ("one([])", "null"),
        ("contains([\"a\"], \"b\")", "false"),
        ("contains([aws_iam_role.one.arn], \"b\")", "?"),
        ("compact([\"\", \"a\", null])", "[a]"),
        ("zipmap([\"a\"], [aws_iam_role.one.arn])", "{a=${aws_iam_role.one.arn}}"),
        // What is refused, and what is not known.
        ("try({ a = 1 }.b, \"none\")", "none"),
        ("try(var.missing, \"none\")", "?"),
        ("can({ a = 1 }.b)", "false"),
        // Operators and conditions.
        ("1 + 2 * 3 > 6 && !false", "true"),
        ("-(1)", "-1"),
        ("false && aws_iam_role.one.arn == \"x\"", "false"),
        ("aws_iam_role.one.arn == \"x\" ? \"a\" : \"b\"", "?"),
        (
            "aws_iam_role.one.arn == \"x\" ? aws_iam_role.one.arn : aws_iam_role.many[0].arn",
            "${aws_iam_role.many[0].arn|aws_iam_role.one.arn}",
        ),
        // An ARN that AWS gives is neither null nor empty.
        ("aws_iam_role.one.arn == \"\" || aws_iam_role.one.arn == null", "false"),
        ("[for arn in [aws_iam_role.one.arn, \"\"] : arn if arn != \"\"]", "[${aws_iam_role.one.arn}]"),
        // What is replaced in a document, and what may be in what is unknown.
        ("replace(jsonencode([aws_iam_role.one.arn, \"P\"]), \"P\", \"*\")", "[\"?\",\"*\"]"),
        ("replace(\"${aws_iam_role.one.arn}ab\", \"ca\", \"x\")", "?"),
        ("replace(aws_iam_role.one.arn, \"a\", \"b\")", "?"),
        ("yamldecode(yamlencode({ a = [aws_iam_role.one.arn, \"x\"] })).a", "[${aws_iam_role.one.arn} x]"),
        ("sort([aws_iam_role.one.arn])", "[${aws_iam_role.one.arn}]"),
        ("{ null = 1 }.null", "1"),
        // Splats, `for` and templates.
        ("aws_iam_role.many[*].arn", "[${aws_iam_role.many[0].arn} ${aws_iam_role.many[1].arn}]"),
        ("aws_iam_role.many.*.arn[1]", "${aws_iam_role.many[1].arn}"),
        ("aws_iam_role.one[*].name", "[one]"),
        ("[for index, role in aws_iam_role.many : role.arn if index > 0]", "[${aws_iam_role.many[1].arn}]"),
        (
            "{ for name in [\"a\", \"b\", \"c\"] : (name == \"a\" ? \"x\" : \"y\") => name... }",
            "{x=[a] y=[b c]}",
        ),
        ("{ for name in toset([\"b\", \"a\"]) : name => upper(name) }", "{a=A b=B}"),
        ("\"%{ if true }a%{ else }b%{ endif }%{ for x in [1, 2] }${x}%{ endfor }\"", "a12"),
        ("\"${var.listed}\"", "[a b]"),
        ("\"x ${jsonencode([aws_iam_role.one.arn])}\"", "x [\"${aws_iam_role.one.arn}\"]"),
        ("jsonencode({ a = { b = \"\\\"\" } })", "json({a={b=\"}})"),
        // Secrets, and what is not there.
        ("var.secret", "?"),
        ("file(\"missing.json\")", "?"),
        ("terraform.workspace", "?"),
        ("nowhere(1)", "?"),
        ("local.text", "?"),
    ] {
        assert_eq!(short(&spelled(&format!("text = {expression}"))), expected, "{expression}");
    }
}

#[test]
fn expressions_that_multiply_end() {
    let mut locals = "a0 = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..30 {
        let below = level - 1;
        writeln!(locals, "a{level} = [for x in local.a{below} : local.a{below}]").unwrap();
    }
    let start = Instant::now();
    assert!(short(&spelled(&format!("{locals}text = local.a29"))).contains('?'));
    let mut copies = "1".to_owned();
    for level in 0..12 {
        let variable = format!("v{level}");
        let many = vec![variable.as_str(); 50].join(", ");
        copies = format!("[for {variable} in [{copies}] : [{many}]]");
    }
    assert!(short(&spelled(&format!("text = {copies}"))).contains('?'));
    let long = "x".repeat(500_000);
    let mut json = "\"\\\"\"".to_owned();
    for _ in 0..40 {
        json = format!("jsonencode({json})");
    }
    for bomb in [
        format!("replace(\"{long}\", \"x\", \"{long}\")"),
        format!("join(\"{long}\", split(\"x\", \"{long}\"))"),
        format!("formatlist(\"{long}\", split(\"x\", \"{long}\"))"),
        format!("[for x in split(\"x\", \"{}\") : \"{long}\"]", "x".repeat(5_000)),
        format!("setproduct([{0}], [{0}], [{0}])", vec![format!("\"{}\"", "x".repeat(5_000)); 50].join(", ")),
        format!("\"a${{{json}}}\""),
    ] {
        assert!(short(&spelled(&format!("text = {bomb}"))).contains('?'), "{}", &bomb[..20]);
    }
    assert!(start.elapsed() < Duration::from_mins(3), "{:?}", start.elapsed());
}

const PLAN: &str = r#"{"format_version":"1.2","terraform_version":"1.11.4","relevant_attributes":RELEVANT,
    "resource_changes":[
        {"address":"aws_ou.a","mode":"managed","type":"aws_ou","name":"a","provider_name":"p",
         "change":{"actions":["create"],"before":null,"after":{},"after_unknown":{"id":true}}},
        {"address":"aws_ou.b","mode":"managed","type":"aws_ou","name":"b","provider_name":"p",
         "change":{"actions":["create"],"before":null,"after":{},"after_unknown":{"id":true}}},
        {"address":"aws_attach.x","mode":"managed","type":"aws_attach","name":"x","provider_name":"p",
         "change":{"actions":["create"],"before":null,"after":{},"after_unknown":{"target":true}}}],
    "configuration":{"root_module":{"resources":[
        {"address":"aws_ou.a","mode":"managed","type":"aws_ou","name":"a"},
        {"address":"aws_ou.b","mode":"managed","type":"aws_ou","name":"b"},
        {"address":"aws_attach.x","mode":"managed","type":"aws_attach","name":"x",
         "expressions":{"target":{"references":["local.target"]}}}]}}}"#;

fn bound(relevant: &str, source: Option<&str>) -> (Certainty, Vec<String>) {
    let document = Document::decode("plan.json", PLAN.replace("RELEVANT", relevant).into_bytes()).unwrap();
    let mut plan = Plan::parse(&document).unwrap();
    if let Some(source) = source {
        plan.with_sources(Arc::new(root(source)));
    }
    let instance = &plan.instances()[0];
    assert_eq!(instance.address.as_str(), "aws_attach.x");
    let found = plan.resolve(instance, &[Step::Name("target")], &Legal(&["aws_ou.id"]));
    (found.certainty, found.targets.iter().map(|target| target.address.to_string()).collect())
}

/// What takes part in the plan bounds what a local can be, and is never more than a bound.
#[test]
fn relevant_attributes_bound_and_prove_nothing() {
    let a = r#"{"resource":"aws_ou.a","attribute":["id"]}"#;
    assert_eq!(bound(&format!("[{a}]"), None), (Certainty::Bound, vec!["aws_ou.a".to_owned()]));
    let whole = r#"{"resource":"aws_ou.b","attribute":[]}"#;
    let both = vec!["aws_ou.a".to_owned(), "aws_ou.b".to_owned()];
    assert_eq!(bound(&format!("[{a},{whole}]"), None), (Certainty::Bound, both));
    let other = r#"{"resource":"aws_ou.a","attribute":["name"]}"#;
    assert_eq!(bound(&format!("[{other}]"), None), (Certainty::Unknown, Vec::new()));
    assert_eq!(bound("[]", None), (Certainty::Unknown, Vec::new()));
    assert_eq!(bound("{\"odd\":1}", None), (Certainty::Unknown, Vec::new()));
}

#[test]
fn the_sources_tell_what_a_local_is() {
    let source = "resource \"aws_ou\" \"a\" {}\nresource \"aws_ou\" \"b\" {}\nresource \"aws_attach\" \"x\" {\n  target = \
                  local.target\n}\nlocals {\n  target = aws_ou.b.id\n}\n";
    let relevant = r#"[{"resource":"aws_ou.a","attribute":["id"]}]"#;
    assert_eq!(bound(relevant, Some(source)), (Certainty::Exact, vec!["aws_ou.b".to_owned()]));
    // The sources of another commit.
    let other = source.replace("local.target\n", "aws_ou.a.id\n");
    assert_eq!(bound(relevant, Some(&other)), (Certainty::Bound, vec!["aws_ou.a".to_owned()]));
}
