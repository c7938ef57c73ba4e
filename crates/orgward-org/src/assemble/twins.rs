//! One AWS object at two addresses of one plan: imported at a new address while the old block is destroyed, written
//! down twice, or left over as a deposed object. AWS has one object, so there is one outcome.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::{Action, Address, Attr, Instance, Mode, Object};

use super::{Piece, Stack, has_own_arn};
use crate::{Hidden, Unjudged};

type Pieces<'b, 'a> = BTreeMap<&'b str, Vec<Piece<'b, 'a>>>;

/// Types whose id is made up by the provider, or names something else than the object.
const WITHOUT_ID: [&str; 3] =
    ["aws_iam_group_membership", "aws_iam_policy_attachment", "aws_iam_user_group_membership"];

/// What a plan does with the object that it manages at one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It is destroyed.
    Destroyed,
    /// A new object replaces it; the new one is of no concern to the old one's twins.
    Replaced,
    /// It is changed in place.
    Changed,
    /// It stays as it is.
    Kept,
}

fn fate(instance: &Instance<'_>) -> Fate {
    match instance.action {
        Action::DeleteCreate | Action::CreateDelete | Action::CreateForget => Fate::Replaced,
        _ if !instance.standing().stays() => Fate::Destroyed,
        Action::Update | Action::Other | Action::Create if instance.standing().after => Fate::Changed,
        _ => Fate::Kept,
    }
}

/// Gives objects that stand at several addresses the outcome that AWS will show, and says where addresses disagree.
///
/// What one row destroys is gone, whatever another one leaves as it is. What one row changes is changed for all.
pub(super) fn settle<'b, 'a>(
    stacks: &[Stack<'b, 'a>],
    before: &Pieces<'b, 'a>,
    after: &mut Pieces<'b, 'a>,
) -> Vec<Unjudged> {
    let mut found = Vec::new();
    for (kind, pieces) in before {
        for group in groups(stacks, pieces) {
            let fates: Vec<(&Instance<'_>, Fate)> =
                group.iter().map(|piece| (piece.instance, fate(piece.instance))).collect();
            let of =
                |wanted| fates.iter().filter(move |(_, fate)| *fate == wanted).map(|(instance, _)| *instance);
            let stack = group.first().map_or(0, |piece| piece.stack);
            let Some(after) = after.get_mut(kind) else { continue };
            let outcome = match (of(Fate::Destroyed).next(), of(Fate::Changed).next(), of(Fate::Kept).next())
            {
                (Some(gone), Some(stays), _) | (Some(gone), None, Some(stays)) => {
                    let twins = addresses(&fates, &[Fate::Changed, Fate::Kept]);
                    after.retain(|piece| piece.stack != stack || !twins.contains(&address(piece.instance)));
                    Some((gone, stays, "destroys it"))
                }
                (None, Some(changed), Some(kept)) => {
                    change(after, stack, changed, &fates);
                    Some((changed, kept, "changes it"))
                }
                _ => None,
            };
            if let Some((acting, other, does)) = outcome {
                found.push(disagreement(stacks, stack, acting, other, does));
            }
        }
    }
    found
}

/// Pieces of one type that are one object, where there is more than one.
fn groups<'p, 'b, 'a>(stacks: &[Stack<'_, 'a>], pieces: &'p [Piece<'b, 'a>]) -> Vec<Vec<&'p Piece<'b, 'a>>> {
    // Most types have one instance, or instances without twins: nothing is made of their ids then.
    if pieces.len() < 2 {
        return Vec::new();
    }
    let mut by_id: BTreeMap<(usize, String), Vec<&Piece<'_, '_>>> = BTreeMap::new();
    for piece in pieces.iter().filter(|piece| !piece.context && piece.instance.mode == Mode::Managed) {
        if let Some(id) = id(piece) {
            by_id.entry((piece.stack, id)).or_default().push(piece);
        }
    }
    let mut groups = Vec::new();
    for ((stack, id), pieces) in by_id {
        let provider = |piece: &Piece<'_, '_>| stacks.get(stack)?.plan.provider_key(piece.instance);
        let is_global = id.starts_with("arn:") || pieces.iter().any(|piece| is_global(&piece.instance.kind));
        // An id without an account in it means another object in each account, where the accounts are known.
        if is_global || pieces.iter().any(|piece| provider(piece).is_none()) {
            groups.push(pieces);
            continue;
        }
        let mut by_account: BTreeMap<Option<String>, Vec<&Piece<'_, '_>>> = BTreeMap::new();
        for piece in pieces {
            by_account.entry(provider(piece)).or_default().push(piece);
        }
        groups.extend(by_account.into_values());
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Whether there is one object of an id in an organization, whatever account manages it.
fn is_global(kind: &str) -> bool {
    kind.starts_with("aws_organizations_") || kind.starts_with("aws_controltower_")
}

fn id(piece: &Piece<'_, '_>) -> Option<String> {
    let known = |attribute: &str| match piece.object.get(attribute).text() {
        Attr::Known(text) => Some(text.expose().to_owned()),
        Attr::Unknown | Attr::Absent => None,
    };
    let id = || known("id").filter(|_| !WITHOUT_ID.contains(&&*piece.instance.kind));
    let kind = &*piece.instance.kind;
    // The id of a permission is the one of its statement, or of the layer, and the same for another function or statement.
    if let "aws_lambda_permission" | "aws_lambda_layer_version_permission" = kind {
        let part = |name: &str| known(name).unwrap_or_default();
        let of = ["function_name", "layer_name", "qualifier", "version_number"].map(part).join(" ");
        return known("statement_id").map(|statement| format!("{of} {statement}"));
    }
    known("arn").filter(|_| !kind.ends_with("_attachment") && has_own_arn(kind)).or_else(id)
}

/// What tells instances of one input apart.
fn address<'i>(instance: &'i Instance<'_>) -> (&'i Address, Option<&'i str>) {
    (&instance.address, instance.deposed.as_deref())
}

fn addresses<'i>(
    fates: &'i [(&Instance<'_>, Fate)],
    wanted: &[Fate],
) -> BTreeSet<(&'i Address, Option<&'i str>)> {
    fates.iter().filter(|(_, fate)| wanted.contains(fate)).map(|(instance, _)| address(instance)).collect()
}

fn is_at(piece: &Piece<'_, '_>, stack: usize, instance: &Instance<'_>) -> bool {
    piece.stack == stack && address(piece.instance) == address(instance)
}

/// Gives all twins what one of them becomes.
fn change(
    after: &mut [Piece<'_, '_>],
    stack: usize,
    changed: &Instance<'_>,
    fates: &[(&Instance<'_>, Fate)],
) {
    let object: Option<Object> =
        after.iter().find(|piece| is_at(piece, stack, changed)).map(|piece| piece.object.clone());
    let Some(object) = object else { return };
    let kept = addresses(fates, &[Fate::Kept]);
    for piece in after.iter_mut() {
        if piece.stack == stack && kept.contains(&address(piece.instance)) {
            piece.object = object.clone();
        }
    }
}

fn disagreement(
    stacks: &[Stack<'_, '_>],
    stack: usize,
    acting: &Instance<'_>,
    other: &Instance<'_>,
    does: &str,
) -> Unjudged {
    let name = |instance: &Instance<'_>| match &instance.deposed {
        Some(key) => format!("`{}` (deposed object `{key}`)", instance.address),
        None => format!("`{}`", instance.address),
    };
    Unjudged {
        address: Address::new(other.address.as_str()),
        stack: stacks.get(stack).and_then(|stack| stack.name.clone()),
        message: format!("it is the same object in AWS as {}, and the plan {does} there", name(acting)),
        help: "manage the object at one address: a `moved` block renames it, a `removed` block with `destroy = false` \
               lets go of the other one",
        weight: Hidden::Contradiction,
    }
}
