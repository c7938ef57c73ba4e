//! Looking into values: known, unknown, absent, and sensitive.

use crate::support::{self, at, changes, data, document, row};
use orgward_plan::{Attr, Object, Plan, Text};

fn after(change: &str) -> Object {
    crate::support::after(&changes(&row(r#"["update"]"#, change)), "aws_x.y")
}

fn text(text: &str) -> Attr<Text> {
    Attr::Known(Text::plain(text))
}

#[test]
fn unknown_absent_and_known() {
    let object = after(
        r#""before":{},"after":{"a":"1","n":null,"b":true,"i":7},"after_unknown":{"u":true,"o":{"p":true}}"#,
    );
    assert_eq!(object.get("a").text(), text("1"));
    assert_eq!(object.get("n").text(), Attr::Absent);
    assert_eq!(object.get("missing").get("deeper").item(3).text(), Attr::Absent);
    assert_eq!(object.get("u").text(), Attr::Unknown);
    assert_eq!(object.get("u").get("deeper").item(3).bool(), Attr::Unknown);
    assert_eq!(object.get("o").get("p").text(), Attr::Unknown);
    assert_eq!(object.get("o").get("q").text(), Attr::Absent);
    assert_eq!((object.get("b").bool(), object.get("i").integer()), (Attr::Known(true), Attr::Known(7)));
}

#[test]
fn another_type_than_asked_for() {
    let object = after(r#""before":{},"after":{"a":"1","i":7,"l":["x"],"m":{"k":"v"}}"#);
    assert_eq!(object.get("i").text(), Attr::Unknown);
    assert_eq!(object.get("a").bool(), Attr::Unknown);
    assert_eq!(object.get("a").get("k").text(), Attr::Unknown);
    assert_eq!(object.get("m").item(0).text(), Attr::Unknown);
    assert!(object.get("a").items().is_unknown());
    assert!(object.get("l").entries().is_unknown());
    assert_eq!(object.get("a").state(), Attr::Known(()));
}

#[test]
fn unknown_element_of_a_list() {
    let object =
        after(r#""before":{},"after":{"l":["a",null,null]},"after_unknown":{"l":[false,true,false]}"#);
    let items = object.get("l").items().known().unwrap();
    let texts: Vec<Attr<Text>> = items.iter().map(|item| item.text()).collect();
    assert_eq!(texts, [text("a"), Attr::Unknown, Attr::Absent]);
    assert!(object.get("l").has_unknown());
    assert!(!object.get("l").item(0).has_unknown());
}

#[test]
fn list_of_unknown_length() {
    let object = after(r#""before":{},"after":{},"after_unknown":{"l":true}"#);
    assert!(object.get("l").items().is_unknown());
    assert!(object.get("l").item(0).text().is_unknown());
}

#[test]
fn unknown_entry_of_a_map() {
    let object = after(r#""before":{},"after":{"m":{"b":"1"}},"after_unknown":{"m":{"a":true,"c":false}}"#);
    let entries = object.get("m").entries().known().unwrap();
    let entries: Vec<(&str, Attr<Text>)> =
        entries.into_iter().map(|(key, view)| (key, view.text())).collect();
    assert_eq!(entries, [("a", Attr::Unknown), ("b", text("1"))]);
}

#[test]
fn mask_of_another_shape() {
    let object = after(
        r#""before":{},"after":{"l":["hunter2"],"m":["x"]},"after_unknown":{"m":{"a":true}},"after_sensitive":{"l":{"a":true}}"#,
    );
    assert!(object.get("l").item(0).text().known().unwrap().is_sensitive());
    assert_eq!(object.get("m").item(0).text(), Attr::Unknown);
}

#[test]
fn sensitive_values() {
    let object = after(
        r#""before":{},"after":{"p":"hunter2","b":{"q":"hunter3","r":"open"},"l":["hunter4"]},"after_sensitive":{"p":true,"b":{"q":true},"l":true}"#,
    );
    for view in [object.get("p"), object.get("b").get("q"), object.get("l").item(0)] {
        let text = view.text().known().unwrap();
        assert!(text.is_sensitive() && view.is_sensitive());
        assert_eq!(text.to_string(), "(sensitive value)");
    }
    assert!(object.get("b").is_sensitive());
    assert_eq!(object.get("b").get("r").text(), text("open"));
}

#[test]
fn wholly_sensitive_object() {
    let object = after(r#""before":{},"after":{"p":"hunter2"},"after_sensitive":true"#);
    assert!(object.get("p").text().known().unwrap().is_sensitive());
    let object = after(r#""before":{},"after":{"p":"hunter2"},"after_sensitive":false"#);
    assert!(!object.get("p").is_sensitive());
}

#[test]
fn sensitive_variables() {
    let document = document(
        r#"{"format_version":"1.2","planned_values":{},
        "variables":{"one":{"value":"hunter2"},"map":{"value":{"k":["hunter3"],"short":"abc"}},"open":{"value":"open"}},
        "resource_changes":[{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","change":{"actions":["create"],
            "after":{"a":"hunter2","b":{"c":["hunter3"]},"d":"abc","e":"open","f":"hunter5"}}}],
        "configuration":{"root_module":{"variables":{"one":{"sensitive":true},"map":{"sensitive":true},"open":{},"unset":{"sensitive":true,"default":"hunter5"}}}}}"#,
    );
    let plan = Plan::parse(&document).unwrap();
    let object = at(&plan, "aws_x.y").after().unwrap();
    let sensitive = |name: &str| object.get(name).is_sensitive();
    assert_eq!(["a", "b", "d", "e", "f"].map(sensitive), [true, true, false, false, true]);
    assert!(object.get("b").get("c").item(0).text().known().unwrap().is_sensitive());
}

#[test]
fn sensitive_attributes_of_a_raw_state() {
    let document = document(
        r#"{"version":4,"terraform_version":"1.11.4","resources":[{"mode":"managed","type":"aws_x","name":"y","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[
            {"index_key":"a","attributes":{"p":"hunter2","q":{"r":"hunter3","s":"open"},"l":["hunter4"]},
             "sensitive_attributes":[[{"type":"get_attr","value":"p"}],[{"type":"get_attr","value":"q"},{"type":"index","value":{"value":"r","type":"string"}}],[{"type":"get_attr","value":"l"},{"type":"index","value":{"value":0,"type":"number"}}]]}]}]}"#,
    );
    let plan = Plan::parse(&document).unwrap();
    let object = at(&plan, "aws_x.y[\"a\"]").after().unwrap();
    assert!(object.get("p").is_sensitive() && object.get("q").get("r").is_sensitive());
    assert!(object.get("l").item(0).is_sensitive());
    assert!(!object.get("q").get("s").is_sensitive());
}

#[test]
fn nothing_shows_secrets() {
    let document = document(
        r#"{"format_version":"1.2","planned_values":{},"variables":{"one":{"value":"hunter2"}},
        "resource_changes":[{"address":"aws_x.y","mode":"managed","type":"aws_x","name":"y","provider_name":"p/aws","change":{"actions":["update"],
            "before":{"arn":"hunter2"},"after":{"arn":"hunter2","p":{"q":"hunter3"}},"after_sensitive":{"p":true}}}],
        "configuration":{"provider_config":{"aws":{"expressions":{"secret_key":{"constant_value":"hunter4"}}}},
            "root_module":{"resources":[{"mode":"managed","type":"aws_x","name":"y","provider_config_key":"aws","expressions":{"p":{"constant_value":"hunter5"}}}],
            "variables":{"one":{"sensitive":true}}}}}"#,
    );
    let plan = Plan::parse(&document).unwrap();
    let instance = at(&plan, "aws_x.y");
    let (before, after) = (instance.before().unwrap(), instance.after().unwrap());
    let shown = format!(
        "{document:?} {plan:?} {before:?} {after:?} {:?} {:?} {:?} {:?}",
        after.view(),
        after.view().entries(),
        plan.placement(instance),
        support::resolve(&plan, "aws_x.y", "p", &[]),
    );
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn document_read_while_applying() {
    let document = data("refs_plan.json");
    let plan = Plan::parse(&document).unwrap();
    let object = at(&plan, "data.aws_iam_policy_document.t").after().unwrap();
    let principals = object.get("statement").item(0).get("principals").item(0);
    let identifiers = principals.get("identifiers").items().known().unwrap();
    let mut known: Vec<bool> = identifiers.iter().map(|item| !item.text().is_unknown()).collect();
    known.sort_unstable();
    assert_eq!(known, [false, true]);
    assert!(object.get("json").text().is_unknown());
}
