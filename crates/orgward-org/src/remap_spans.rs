//! Moves the spans of a policy to a text that differs from the parsed one in places.

use std::ops::Range;

use orgward_iam::Policy;

/// Pairs of places that correspond, in order; from each on, both texts go on alike.
pub(crate) type Offsets = [(usize, usize)];

pub(crate) fn moved(span: &Range<usize>, shifts: &Offsets) -> Range<usize> {
    let place = |at: usize| {
        let before = shifts.iter().rev().find(|(from, _)| *from <= at);
        before.map_or(at, |(from, to)| at - from + to)
    };
    place(span.start)..place(span.end)
}

pub(crate) fn remap_spans(policy: &mut Policy, shifts: &Offsets) {
    let shift = |span: &mut Range<usize>| *span = moved(span, shifts);
    for statement in &mut policy.statements {
        shift(&mut statement.span);
        shift(&mut statement.effect.span);
        if let Some(sid) = &mut statement.sid {
            shift(&mut sid.span);
        }
        if let Some(principals) = &mut statement.principals {
            shift(&mut principals.span);
            principals.patterns.iter_mut().for_each(|pattern| shift(&mut pattern.span));
        }
        shift(&mut statement.actions.span);
        statement.actions.patterns.iter_mut().for_each(|pattern| shift(&mut pattern.span));
        if let Some(resources) = &mut statement.resources {
            shift(&mut resources.span);
            resources.patterns.iter_mut().for_each(|pattern| shift(&mut pattern.span));
        }
        for condition in &mut statement.conditions {
            shift(&mut condition.span);
            shift(&mut condition.operator.span);
            shift(&mut condition.key.span);
            condition.values.iter_mut().for_each(|value| shift(&mut value.span));
        }
    }
}
