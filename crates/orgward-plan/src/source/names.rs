//! The names that an expression refers to, to tell whether the sources are those of the plan.

use std::collections::BTreeSet;

use hcl_edit::expr::{Expression, ForExpr, Traversal, TraversalOperator};
use hcl_edit::template::ForDirective;
use hcl_edit::visit::{Visit, visit_for_directive, visit_for_expr, visit_traversal};

use crate::traversal::{self, Segment};

/// The heads of all references: `var.x`, `aws_iam_role.ci`, `data.aws_x.y`.
pub(super) fn heads(expression: &Expression) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit_expr(expression);
    names.found
}

/// The head of a reference as Terraform prints it.
pub(super) fn head(reference: &str) -> Option<String> {
    let segments = traversal::parse(reference)?;
    let names = segments.iter().map_while(|segment| match segment {
        Segment::Name(name) => Some(name.as_str()),
        Segment::Key(_) => None,
    });
    shortened(&names.collect::<Vec<_>>())
}

fn shortened(names: &[&str]) -> Option<String> {
    let length = if names.first() == Some(&"data") { 3 } else { 2 };
    names.get(..length).map(|names| names.join("."))
}

#[derive(Default)]
struct Names {
    found: BTreeSet<String>,
    /// The variables of `for` expressions around.
    bound: Vec<String>,
}

impl Visit for Names {
    fn visit_for_expr(&mut self, node: &ForExpr) {
        let before = self.bound.len();
        self.bound.extend(node.intro.key_var.as_ref().map(|key| key.as_str().to_owned()));
        self.bound.push(node.intro.value_var.as_str().to_owned());
        visit_for_expr(self, node);
        self.bound.truncate(before);
    }

    fn visit_for_directive(&mut self, node: &ForDirective) {
        // The visitor of the crate passes over it.
        self.visit_expr(&node.for_expr.collection_expr);
        let before = self.bound.len();
        self.bound.extend(node.for_expr.key_var.as_ref().map(|key| key.as_str().to_owned()));
        self.bound.push(node.for_expr.value_var.as_str().to_owned());
        visit_for_directive(self, node);
        self.bound.truncate(before);
    }

    fn visit_traversal(&mut self, node: &Traversal) {
        if let Expression::Variable(first) = &node.expr
            && !self.bound.iter().any(|bound| bound == first.as_str())
        {
            let rest = node.operators.iter().map_while(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            });
            let names: Vec<&str> = std::iter::once(first.as_str()).chain(rest).collect();
            self.found.extend(shortened(&names));
        }
        visit_traversal(self, node);
    }
}
