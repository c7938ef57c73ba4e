//! What Terraform makes of a value that is given to an input with a type.

use hcl_edit::expr::{Expression, ObjectKey};

use super::Spelled;

/// Converts a value to a type constraint. What is not understood is left open: a default may stand behind it.
pub(super) fn conform(
    value: Spelled,
    constraint: &Expression,
    default: &dyn Fn(&Expression) -> Spelled,
) -> Spelled {
    if value.why_open().is_some() || value == Spelled::Null {
        return value;
    }
    match constraint {
        Expression::Variable(name) => match (name.as_str(), &value) {
            ("string", Spelled::Bool(_) | Spelled::Number(_)) => value.literal().map_or(value, Spelled::text),
            ("number", Spelled::Text(_)) => number(&value).map_or(value, Spelled::Number),
            ("bool", Spelled::Text(_)) => match value.literal().as_deref() {
                Some("true") => Spelled::Bool(true),
                Some("false") => Spelled::Bool(false),
                _ => value,
            },
            // The old spelling of lists and maps of anything.
            _ => value,
        },
        Expression::FuncCall(call) => {
            let inner = call.args.iter().next();
            let Some(inner) = inner else { return Spelled::open("a type is not followed here") };
            let each = |items: Vec<Spelled>| {
                items.into_iter().map(|item| conform(item, inner, default)).collect::<Vec<_>>()
            };
            match (call.name.name.as_str(), value) {
                ("list", Spelled::List(items) | Spelled::Set(items)) => Spelled::List(each(items)),
                ("set", Spelled::List(items) | Spelled::Set(items)) => Spelled::set(each(items)),
                ("map", Spelled::Map(entries)) => Spelled::map(
                    entries.into_iter().map(|(name, value)| (name, conform(value, inner, default))),
                ),
                ("tuple", Spelled::List(items)) => match inner {
                    Expression::Array(types) if types.len() == items.len() => Spelled::List(
                        items
                            .into_iter()
                            .zip(types.iter())
                            .map(|(item, kind)| conform(item, kind, default))
                            .collect(),
                    ),
                    _ => Spelled::open("a type is not followed here"),
                },
                ("object", Spelled::Map(entries)) => object(&entries, inner, default),
                // An object is made of a whole resource: what is not declared is dropped, which nothing here needs.
                ("object" | "map", whole @ (Spelled::Instance(_) | Spelled::Module(_))) => whole,
                _ => Spelled::open("a type is not followed here"),
            }
        }
        _ => Spelled::open("a type is not followed here"),
    }
}

fn object(
    entries: &[(String, Spelled)],
    declared: &Expression,
    default: &dyn Fn(&Expression) -> Spelled,
) -> Spelled {
    let Expression::Object(declared) = declared else { return Spelled::open("a type is not followed here") };
    let mut out = Vec::new();
    for (key, kind) in declared {
        let name = match key {
            ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => name.as_str(),
            ObjectKey::Expression(other) => match other.as_str() {
                Some(name) => name,
                None => return Spelled::open("a type is not followed here"),
            },
        };
        let given = entries.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let value = match (kind.expr(), given) {
            (Expression::FuncCall(call), given) if call.name.name.as_str() == "optional" => {
                let mut arguments = call.args.iter();
                let inner = arguments.next();
                let fallback = arguments.next().map_or(Spelled::Null, default);
                let value = match given {
                    None | Some(Spelled::Null) => fallback,
                    Some(value) => value,
                };
                inner.map_or(Spelled::Null, |inner| conform(value, inner, default))
            }
            (kind, Some(value)) => conform(value, kind, default),
            (_, None) => Spelled::Refused(format!("it has no `{name}`")),
        };
        out.push((name.to_owned(), value));
    }
    Spelled::map(out)
}

fn number(value: &Spelled) -> Option<String> {
    let text = value.literal()?;
    text.parse::<f64>().ok().map(|_| text)
}
