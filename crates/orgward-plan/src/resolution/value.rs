//! What is known of the value of an expression.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{Certainty, Target};

/// One thing that a value can be.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Alternative {
    /// A value that Terraform knows while it plans, and the attribute that shows it. No `value` where the plan does
    /// not show it, or marks it sensitive.
    Known { value: Option<Json>, shown_by: Option<Target> },
    /// An attribute that is unknown until apply.
    Attribute(Target),
}

/// What following an expression led to: all that its value can be, unless it is open.
///
/// A plan shows the references of an expression and not what it makes of them. The alternatives are what the references
/// lead to; whether the value is one of them as it is, depends on what the attribute can hold.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) alternatives: Vec<Alternative>,
    /// Whether it can be something that is not among the alternatives. The trail ends with the reason.
    pub(crate) open: bool,
    /// How sure the alternative is, when there is only one.
    pub(crate) most: Certainty,
    pub(crate) trail: Vec<String>,
}

impl Value {
    fn new(alternatives: Vec<Alternative>, open: bool, trail: Vec<String>) -> Self {
        Self { alternatives, open, most: Certainty::Exact, trail }
    }

    pub(crate) fn attribute(target: Target) -> Self {
        Self::new(vec![Alternative::Attribute(target)], false, Vec::new())
    }

    /// The trail ends.
    pub(crate) fn open(end: impl Into<String>) -> Self {
        Self::new(Vec::new(), true, vec![end.into()])
    }

    /// Known while planning.
    pub(crate) fn known(value: Option<Json>, why: impl Into<String>) -> Self {
        Self::new(vec![Alternative::Known { value, shown_by: None }], false, vec![why.into()])
    }

    /// Known, because an instance of the plan shows it.
    pub(crate) fn shown(value: Option<Json>, by: Target) -> Self {
        let why = format!("`{}` is known while planning", by.address);
        Self::new(vec![Alternative::Known { value, shown_by: Some(by) }], false, vec![why])
    }

    /// One of several values; the plan does not show which.
    pub(crate) fn one_of(mut several: Vec<Self>) -> Self {
        if several.len() == 1
            && let Some(only) = several.pop()
        {
            return only;
        }
        if let Some(end) = several.iter().find(|value| value.open) {
            return Self::new(Vec::new(), true, end.trail.clone());
        }
        let mut all = Self { most: Certainty::Typed, ..Self::new(Vec::new(), false, Vec::new()) };
        for value in several {
            for alternative in value.alternatives {
                if !all.alternatives.contains(&alternative) {
                    all.alternatives.push(alternative);
                }
            }
            all.trail.extend(value.trail);
        }
        all
    }

    /// No surer than `most`.
    pub(crate) fn at_most(mut self, most: Certainty) -> Self {
        self.most = self.most.min(most);
        self
    }

    /// Puts a step before the trail.
    pub(crate) fn after(mut self, step: impl Into<String>) -> Self {
        let step = step.into();
        if self.trail.first() != Some(&step) {
            self.trail.insert(0, step);
        }
        self
    }

    /// The attributes that it can be.
    pub(crate) fn targets(&self) -> BTreeSet<&Target> {
        let attributes = self.alternatives.iter().filter_map(|alternative| match alternative {
            Alternative::Attribute(target) => Some(target),
            Alternative::Known { .. } => None,
        });
        attributes.collect()
    }

    /// Whether it follows from nothing that waits for the apply.
    pub(crate) fn is_constant(&self) -> bool {
        !self.open && self.targets().is_empty()
    }

    /// The one value that it is while planning, and what shows it.
    pub(crate) fn constant(&self) -> Option<(&Json, Option<&Target>)> {
        match self.alternatives.as_slice() {
            [Alternative::Known { value: Some(value), shown_by }] if !self.open => {
                Some((value, shown_by.as_ref()))
            }
            _ => None,
        }
    }
}
