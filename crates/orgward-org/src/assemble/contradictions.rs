//! What several inputs say about one thing, and do not agree about.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::{Attr, Mode};

use super::{Piece, Stack, identity};

type Pieces<'b, 'a> = BTreeMap<&'b str, Vec<Piece<'b, 'a>>>;

/// One sentence for each pair of inputs that do not agree, and one for each thing that they place or call
/// differently.
pub(super) fn between(
    stacks: &[Stack<'_, '_>],
    before: &Pieces<'_, '_>,
    after: &Pieces<'_, '_>,
) -> Vec<String> {
    let mut found = BTreeSet::new();
    claimed_twice(stacks, after, &mut found);
    deleted_elsewhere(stacks, before, after, &mut found);
    told_differently(stacks, before, after, &mut found);
    found.into_iter().collect()
}

/// By what they are, the pieces that stand and are managed. A deposed object is no claim of its own.
fn by_identity<'p, 'b, 'a>(pieces: &'p Pieces<'b, 'a>) -> BTreeMap<(String, String), Vec<&'p Piece<'b, 'a>>> {
    let mut all: BTreeMap<(String, String), Vec<&Piece<'_, '_>>> = BTreeMap::new();
    let of_organization = |piece: &&Piece<'_, '_>| {
        piece.instance.mode == Mode::Managed && piece.instance.kind == "aws_organizations_organization"
    };
    let organizations = pieces.values().flatten().filter(of_organization);
    // Where no two organizations are told apart there is one, whether its id is known or not.
    let one_organization = organizations.filter_map(identity).collect::<BTreeSet<_>>().len() < 2;
    for piece in pieces.values().flatten() {
        if piece.instance.deposed.is_some() || piece.left_behind {
            continue;
        }
        let kind = &*piece.instance.kind;
        let organization = one_organization && of_organization(&piece);
        let id = if organization { Some((kind.to_owned(), String::new())) } else { identity(piece) };
        if let Some(id) = id {
            all.entry(id).or_default().push(piece);
        }
    }
    all
}

fn name<'s>(stacks: &'s [Stack<'_, '_>], stack: usize) -> &'s str {
    stacks.get(stack).map_or("", |stack| stack.plan.name.as_str())
}

/// Two plans that manage the same things undo each other, or are two plans of one stack.
fn claimed_twice(stacks: &[Stack<'_, '_>], after: &Pieces<'_, '_>, found: &mut BTreeSet<String>) {
    let mut pairs: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for pieces in by_identity(after).values() {
        let acting: BTreeSet<usize> =
            pieces.iter().filter(|piece| !piece.context).map(|piece| piece.stack).collect();
        let acting: Vec<usize> = acting.into_iter().collect();
        if let [one, other, ..] = *acting.as_slice()
            && let Some(piece) = pieces.iter().find(|piece| piece.stack == one)
        {
            pairs.entry((one, other)).or_default().push(piece.instance.address.to_string());
        }
    }
    for ((one, other), mut addresses) in pairs {
        addresses.sort();
        let mut names = [name(stacks, one), name(stacks, other)];
        names.sort_unstable();
        let Some(first) = addresses.first() else { continue };
        let more = match addresses.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let [one, other] = names;
        found.insert(format!("`{one}` and `{other}` both manage what is `{first}`{more}"));
    }
}

/// One plan deletes what another one manages.
fn deleted_elsewhere(
    stacks: &[Stack<'_, '_>],
    before: &Pieces<'_, '_>,
    after: &Pieces<'_, '_>,
    found: &mut BTreeSet<String>,
) {
    let after = by_identity(after);
    // What stays where it is is in the same input on both sides.
    let stays: BTreeSet<(usize, &str)> =
        after.values().flatten().map(|piece| (piece.stack, piece.instance.address.as_str())).collect();
    for (identity, pieces) in by_identity(before) {
        for gone in pieces {
            let address = gone.instance.address.as_str();
            if gone.context || gone.instance.standing().stays() || stays.contains(&(gone.stack, address)) {
                continue;
            }
            let others = after.get(&identity).into_iter().flatten();
            for other in others.filter(|other| other.stack != gone.stack && !other.context) {
                found.insert(format!(
                    "`{}` deletes `{address}`, which `{}` goes on to manage as `{}`",
                    name(stacks, gone.stack),
                    name(stacks, other.stack),
                    other.instance.address
                ));
            }
        }
    }
}

/// Accounts and units that inputs put into different places or call by different names.
///
/// What context shows may be older than the plan of the same stack, which is known by the address; then the plan is
/// right. Anything else cannot be told.
fn told_differently(
    stacks: &[Stack<'_, '_>],
    before: &Pieces<'_, '_>,
    after: &Pieces<'_, '_>,
    found: &mut BTreeSet<String>,
) {
    const PLACED: [(&str, &str); 2] =
        [("aws_organizations_account", "account"), ("aws_organizations_organizational_unit", "unit")];
    let (before, after) = (by_identity(before), by_identity(after));
    for ((kind, _), pieces) in &after {
        let Some((_, word)) = PLACED.iter().find(|(placed, _)| placed == kind) else { continue };
        for (at, one) in pieces.iter().enumerate() {
            for other in pieces.iter().skip(at + 1).filter(|other| other.stack != one.stack) {
                let older = match (one.context, other.context) {
                    (false, true) => is_older(one, other, &before),
                    (true, false) => is_older(other, one, &before),
                    _ => false,
                };
                if older {
                    continue;
                }
                for (attribute, says) in [("parent_id", "lies in"), ("name", "is called")] {
                    let values = [one, other].map(|piece| piece.object.get(attribute).text());
                    let [Attr::Known(a), Attr::Known(b)] = values else { continue };
                    let id = one.object.get("id").text();
                    if a.expose() == b.expose() {
                        continue;
                    }
                    let id = id.known().map_or_else(|| one.instance.address.to_string(), |id| id.to_string());
                    let mut says = [(name(stacks, one.stack), a), (name(stacks, other.stack), b)]
                        .map(|(input, value)| (input, format!("{says} `{value}` by `{input}`")));
                    says.sort();
                    let says = says.map(|(_, says)| says);
                    found.insert(format!("{word} `{id}` {}", says.join(", and ")));
                }
            }
        }
    }
}

/// Whether context shows an earlier time of the very resource that the plan manages, or what the plan starts from.
fn is_older(
    plan: &Piece<'_, '_>,
    context: &Piece<'_, '_>,
    before: &BTreeMap<(String, String), Vec<&Piece<'_, '_>>>,
) -> bool {
    let instance = plan.instance;
    let address = &context.instance.address;
    if instance.address == *address || instance.previous_address.as_ref() == Some(address) {
        return true;
    }
    let starts = identity(context).and_then(|identity| before.get(&identity));
    let start = starts.into_iter().flatten().find(|piece| piece.stack == plan.stack);
    start.is_some_and(|start| {
        ["parent_id", "name"]
            .iter()
            .all(|attribute| start.object.get(attribute).text() == context.object.get(attribute).text())
    })
}
