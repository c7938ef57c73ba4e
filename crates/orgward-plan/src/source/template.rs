//! Templates: strings with `${…}` and `%{…}`.
//!
//! Terraform reads the text of a template line by line, and white space goes piece by piece: `~` takes it from the piece
//! that is next to it, and `<<-` from the pieces that begin a line. What is left does not depend on any value, so it is
//! found first.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, ForTemplateExpr, Strip};

use super::evaluate::{Bound, Evaluator, Place, TOO_DEEP, open};
use super::value::{FileLine, Literal, Part, Provenance};
use super::{Spelled, functions};

/// What a template is made of, or what the whole is because of a part: unknown, or refused.
type Made = Result<Vec<Part>, Spelled>;

/// How the text of a template is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotes, where each piece of text is one.
    Quoted,
    /// In a heredoc or a file of its own, where each line is a piece.
    Lines,
    /// The same, without the indentation.
    Flush,
}

/// A part of a template, with the places of its text among all pieces.
enum Node<'t> {
    Text(std::ops::Range<usize>),
    Value(&'t Expression),
    If(&'t Expression, Vec<Node<'t>>, Vec<Node<'t>>),
    For(&'t ForTemplateExpr, Vec<Node<'t>>),
}

/// A piece of text, or what is between two of them.
enum Piece {
    Text { text: String, provenance: Provenance },
    Mark { before: bool, after: bool },
}

struct Pieces<'l> {
    form: Form,
    origin: &'l dyn Fn(Option<std::ops::Range<usize>>) -> Option<FileLine>,
    all: Vec<Piece>,
}

impl Pieces<'_> {
    fn mark(&mut self, strip: Strip) {
        self.all.push(Piece::Mark {
            before: matches!(strip, Strip::Start | Strip::Both),
            after: matches!(strip, Strip::End | Strip::Both),
        });
    }

    fn nodes<'t>(&mut self, elements: impl IntoIterator<Item = &'t Element>) -> Vec<Node<'t>> {
        elements.into_iter().map(|element| self.node(element)).collect()
    }

    fn node<'t>(&mut self, element: &'t Element) -> Node<'t> {
        match element {
            Element::Literal(literal) => {
                let start = self.all.len();
                let origin = (self.origin)(literal.span());
                let at = |line: usize| match &origin {
                    Some(origin) => Provenance::Line(FileLine { line: origin.line + line, ..origin.clone() }),
                    None => Provenance::Elsewhere,
                };
                if self.form == Form::Quoted {
                    self.all.push(Piece::Text { text: literal.as_str().to_owned(), provenance: at(0) });
                } else {
                    for (line, text) in literal.split_inclusive('\n').enumerate() {
                        self.all.push(Piece::Text { text: text.to_owned(), provenance: at(line) });
                    }
                }
                Node::Text(start..self.all.len())
            }
            Element::Interpolation(inner) => {
                self.mark(inner.strip);
                Node::Value(&inner.expr)
            }
            Element::Directive(directive) => match &**directive {
                Directive::If(inner) => {
                    self.mark(inner.if_expr.strip);
                    let then = self.nodes(inner.if_expr.template.iter());
                    let mut otherwise = Vec::new();
                    if let Some(branch) = &inner.else_expr {
                        self.mark(branch.strip);
                        otherwise = self.nodes(branch.template.iter());
                    }
                    self.mark(inner.endif_expr.strip);
                    Node::If(&inner.if_expr.cond_expr, then, otherwise)
                }
                Directive::For(inner) => {
                    self.mark(inner.for_expr.strip);
                    let each = self.nodes(inner.for_expr.template.iter());
                    self.mark(inner.endfor_expr.strip);
                    Node::For(&inner.for_expr, each)
                }
            },
        }
    }

    /// Takes away the white space beside `~`.
    fn strip(&mut self) {
        for at in 0..self.all.len() {
            let Some(Piece::Mark { before, after }) = self.all.get(at) else { continue };
            let (before, after) = (*before, *after);
            let previous = at.checked_sub(1).and_then(|at| self.all.get_mut(at));
            if before && let Some(Piece::Text { text, .. }) = previous {
                text.truncate(text.trim_end().len());
            }
            if after && let Some(Piece::Text { text, .. }) = self.all.get_mut(at + 1) {
                *text = text.trim_start().to_owned();
            }
        }
    }

    /// Takes away the indentation that all lines have.
    fn flush(&mut self) {
        let mut least = usize::MAX;
        let mut begins_line = true;
        let mut indented = Vec::new();
        for (at, piece) in self.all.iter().enumerate() {
            let Piece::Text { text, .. } = piece else {
                if begins_line {
                    least = 0;
                    begins_line = false;
                }
                continue;
            };
            if begins_line {
                begins_line = false;
                let inner = text.trim_start();
                // A blank line has no indentation.
                if !(inner.is_empty() && text.ends_with('\n')) {
                    let spaces = text.chars().count() - inner.chars().count();
                    least = least.min(spaces);
                    indented.push(at);
                }
            }
            begins_line |= text.ends_with('\n');
        }
        for at in indented {
            if let Some(Piece::Text { text, .. }) = self.all.get_mut(at) {
                *text = text.chars().skip(least).collect();
            }
        }
    }
}

impl<'p, 'a> Evaluator<'p, 'a> {
    /// The value of a template. One in quotes that is nothing but `${…}` is what is in it.
    pub(super) fn template<'t>(
        &self,
        elements: impl IntoIterator<Item = &'t Element>,
        form: Form,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        let origin = |span: Option<std::ops::Range<usize>>| place.origin(span);
        let mut pieces = Pieces { form, origin: &origin, all: Vec::new() };
        let nodes = pieces.nodes(elements);
        if let [Node::Value(only)] = nodes.as_slice() {
            return self.expression(only, place, bound, depth + 1);
        }
        pieces.strip();
        if form == Form::Flush {
            pieces.flush();
        }
        let mut parts = Vec::new();
        match self.written_out(&nodes, &pieces.all, place, bound, depth, &mut parts) {
            Ok(()) => Spelled::Text(parts),
            Err(whole) => whole,
        }
    }

    fn written_out(
        &self,
        nodes: &[Node<'_>],
        pieces: &[Piece],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
        out: &mut Vec<Part>,
    ) -> Result<(), Spelled> {
        for node in nodes {
            match node {
                Node::Text(range) => {
                    for piece in pieces.get(range.clone()).unwrap_or_default() {
                        let Piece::Text { text, provenance } = piece else { continue };
                        if !self.charge(text.len()) {
                            return Err(open(TOO_DEEP));
                        }
                        if !text.is_empty() {
                            out.push(Part::Literal(Literal::new(text.as_str(), provenance.clone())));
                        }
                    }
                }
                Node::Value(expression) => {
                    let value = self.expression(expression, place, bound, depth + 1);
                    out.extend(self.inserted(value)?);
                }
                Node::If(condition, then, otherwise) => {
                    let condition = self.expression(condition, place, bound, depth + 1);
                    let branch = match functions::truth(&condition) {
                        Some(true) => then,
                        Some(false) => otherwise,
                        None => {
                            return Err(functions::unknown(&condition, "a condition is unknown until apply"));
                        }
                    };
                    self.written_out(branch, pieces, place, bound, depth + 1, out)?;
                }
                Node::For(intro, each) => {
                    let collection = self.expression(&intro.collection_expr, place, bound, depth + 1);
                    for (key, value) in self.pairs(collection)? {
                        let mut bound = bound.clone();
                        bound.extend(intro.key_var.as_ref().map(|name| (name.as_str().to_owned(), key)));
                        bound.push((intro.value_var.as_str().to_owned(), value));
                        self.written_out(each, pieces, place, &bound, depth + 1, out)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A value inside a text.
    fn inserted(&self, value: Spelled) -> Made {
        match value {
            Spelled::Refused(_) => Err(value),
            Spelled::Null | Spelled::List(_) | Spelled::Set(_) | Spelled::Map(_) => {
                Err(functions::unknown(&value, "a value inside a string is no string"))
            }
            value if self.charge(value.size()) => value.into_parts().map_err(Spelled::Open),
            _ => Err(open(TOO_DEEP)),
        }
    }
}
