//! Is there a choice of one value per dimension that satisfies a formula?

use super::Budget;
use crate::bits::Bits;

/// A formula, by its place in an [`Arena`]. Its negation is its neighbour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Node(usize);

impl Node {
    const fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

#[derive(Clone, Debug)]
enum Shape {
    /// The value of a dimension is one of these.
    Within(usize, Bits),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// Formulas over finite dimensions, each with its negation.
#[derive(Clone, Debug, Default)]
pub(super) struct Arena {
    shapes: Vec<Shape>,
}

/// Which values are left on each dimension.
pub(super) type Choice = Vec<Bits>;

/// A clause that can be satisfied in several ways.
struct Branch<'a> {
    choice: Choice,
    /// What else has to be satisfied: each way leaves out what the ways before it have shown.
    refused: Vec<Node>,
    /// The ways that are left.
    ways: &'a [Node],
}

impl Arena {
    /// The value of a dimension is one of `bits`, of all those in `all`.
    pub(super) fn within(&mut self, dimension: usize, bits: Bits, all: &Bits) -> Node {
        let rest = all.minus(&bits);
        self.push(Shape::Within(dimension, bits), Shape::Within(dimension, rest))
    }

    pub(super) fn all(&mut self, nodes: Vec<Node>) -> Node {
        let not = nodes.iter().map(|node| node.not()).collect();
        self.push(Shape::All(nodes), Shape::Any(not))
    }

    pub(super) fn any(&mut self, nodes: Vec<Node>) -> Node {
        let not = nodes.into_iter().map(Node::not).collect();
        self.all(not).not()
    }

    pub(super) fn not(node: Node) -> Node {
        node.not()
    }

    fn push(&mut self, shape: Shape, not: Shape) -> Node {
        let at = self.shapes.len();
        self.shapes.push(shape);
        self.shapes.push(not);
        Node(at)
    }

    /// What a formula says about a choice: `None` when that depends on which value it is.
    fn value(&self, node: Node, choice: &Choice, budget: &mut Budget) -> Result<Option<bool>, String> {
        budget.spend(1)?;
        match self.shapes.get(node.0) {
            Some(Shape::Within(dimension, bits)) => {
                budget.spend(bits.words() / 16)?;
                let Some(left) = choice.get(*dimension) else { return Ok(None) };
                Ok(if left.is_within(bits) {
                    Some(true)
                } else if left.meets(bits) {
                    None
                } else {
                    Some(false)
                })
            }
            Some(Shape::All(nodes)) => {
                let mut known = Some(true);
                for node in nodes {
                    match self.value(*node, choice, budget)? {
                        Some(false) => return Ok(Some(false)),
                        Some(true) => {}
                        None => known = None,
                    }
                }
                Ok(known)
            }
            Some(Shape::Any(nodes)) => {
                let mut known = Some(false);
                for node in nodes {
                    match self.value(*node, choice, budget)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => known = None,
                    }
                }
                Ok(known)
            }
            None => Ok(None),
        }
    }

    /// Calls `found` with choices that satisfy all of `pending`, until it is content or there are no more. Every
    /// choice is disjoint with the others or satisfies the formula for another reason, and together they are all.
    pub(super) fn search(
        &self,
        choice: Choice,
        pending: Vec<Node>,
        budget: &mut Budget,
        found: &mut dyn FnMut(&Choice) -> bool,
    ) -> Result<bool, String> {
        let size = choice.iter().map(Bits::words).sum::<usize>() / 2 + choice.len();
        // Formulas of thousands of clauses are deeper than the stack of a thread.
        let mut branches: Vec<Branch<'_>> = Vec::new();
        let mut next = Some((choice, pending));
        loop {
            if let Some((mut choice, mut pending)) = next.take()
                && self.simplify(&mut choice, &mut pending, budget)?
            {
                match self.narrowest(&pending) {
                    Some((at, ways)) => {
                        pending.swap_remove(at);
                        branches.push(Branch { choice, refused: pending, ways });
                    }
                    None if found(&choice) => return Ok(true),
                    None => {}
                }
            }
            let Some(branch) = branches.last_mut() else { return Ok(false) };
            let Some((way, rest)) = branch.ways.split_first() else {
                branches.pop();
                continue;
            };
            branch.ways = rest;
            if self.value(*way, &branch.choice, budget)? == Some(false) {
                continue;
            }
            budget.spend(size + branch.refused.len())?;
            let mut pending = branch.refused.clone();
            pending.push(*way);
            branch.refused.push(way.not());
            next = Some((branch.choice.clone(), pending));
        }
    }

    /// What has the fewest ways is tried first: it fails soonest.
    fn narrowest(&self, pending: &[Node]) -> Option<(usize, &[Node])> {
        let ways = |node: &Node| match self.shapes.get(node.0) {
            Some(Shape::Any(ways)) => ways.as_slice(),
            _ => &[],
        };
        pending.iter().map(ways).enumerate().min_by_key(|(_, ways)| ways.len())
    }

    /// Draws what follows: drops what is satisfied, and narrows the choice by what has only one way left. `false`
    /// when nothing can satisfy them all.
    fn simplify(
        &self,
        choice: &mut Choice,
        pending: &mut Vec<Node>,
        budget: &mut Budget,
    ) -> Result<bool, String> {
        loop {
            let mut narrowed = false;
            let mut kept = Vec::with_capacity(pending.len());
            while let Some(node) = pending.pop() {
                match self.value(node, choice, budget)? {
                    Some(true) => continue,
                    Some(false) => return Ok(false),
                    None => {}
                }
                match self.shapes.get(node.0) {
                    Some(Shape::Within(dimension, bits)) => {
                        if let Some(left) = choice.get_mut(*dimension) {
                            *left = left.and(bits);
                            narrowed = true;
                        }
                    }
                    Some(Shape::All(nodes)) => pending.extend(nodes),
                    Some(Shape::Any(ways)) => {
                        let mut open = Vec::new();
                        for way in ways {
                            if self.value(*way, choice, budget)? != Some(false) {
                                open.push(*way);
                            }
                        }
                        match open.as_slice() {
                            [only] => pending.push(*only),
                            _ => kept.push(node),
                        }
                    }
                    None => {}
                }
            }
            *pending = kept;
            if !narrowed {
                return Ok(true);
            }
        }
    }
}
