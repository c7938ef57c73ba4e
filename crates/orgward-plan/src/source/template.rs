//! Templates: strings with `${…}` and `%{…}`.

use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Strip, Template};

use super::Spelled;
use super::evaluate::{Bound, Evaluator, Place, TOO_DEEP};
use super::load::on_a_large_stack;
use super::spelled::Part;

/// Parses the text of a file that `templatefile` reads.
pub(super) fn parse(text: &str) -> Option<Template> {
    on_a_large_stack(text, |text| text.parse::<Template>().ok()).flatten()
}

impl<'p, 'a> Evaluator<'p, 'a> {
    /// The value of a template. A string that is nothing but `${…}` is what stands in it.
    pub(super) fn string(
        &self,
        elements: &[&Element],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        if let [Element::Interpolation(only)] = elements {
            return self.expression(&only.expr, place, bound, depth + 1);
        }
        self.template(elements, place, bound, depth).map_or_else(Spelled::Open, Spelled::Text)
    }

    pub(super) fn template(
        &self,
        elements: &[&Element],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Result<Vec<Part>, String> {
        let mut parts: Vec<Part> = Vec::new();
        let mut trim_next = false;
        for element in elements {
            let (opening, closing) = strips(element);
            if opening && let Some(Part::Literal(text)) = parts.last_mut() {
                text.truncate(text.trim_end().len());
            }
            match element {
                Element::Literal(text) => {
                    if !self.charge(text.len()) {
                        return Err(TOO_DEEP.to_owned());
                    }
                    let text = if trim_next { text.trim_start() } else { text.as_str() };
                    parts.push(Part::Literal(text.to_owned()));
                }
                Element::Interpolation(inner) => {
                    parts.extend(self.expression(&inner.expr, place, bound, depth + 1).into_parts()?);
                }
                Element::Directive(directive) => {
                    parts.extend(self.directive(directive, place, bound, depth + 1)?);
                }
            }
            trim_next = closing;
        }
        Ok(parts)
    }

    fn directive(
        &self,
        directive: &Directive,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Result<Vec<Part>, String> {
        match directive {
            Directive::If(directive) => self.conditional(directive, place, bound, depth),
            Directive::For(directive) => self.repeated(directive, place, bound, depth),
        }
    }

    fn conditional(
        &self,
        directive: &IfDirective,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Result<Vec<Part>, String> {
        let branch = &directive.if_expr;
        let otherwise = directive.else_expr.as_ref();
        let after = otherwise.map_or(directive.endif_expr.strip, |branch| branch.strip);
        match self.expression(&branch.cond_expr, place, bound, depth + 1) {
            Spelled::Bool(true) => self.inside(&branch.template, branch.strip, after, place, bound, depth),
            Spelled::Bool(false) => match otherwise {
                Some(branch) => {
                    let after = directive.endif_expr.strip;
                    self.inside(&branch.template, branch.strip, after, place, bound, depth)
                }
                None => Ok(Vec::new()),
            },
            other => Err(other.why_open().unwrap_or("a condition is unknown until apply").to_owned()),
        }
    }

    fn repeated(
        &self,
        directive: &ForDirective,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Result<Vec<Part>, String> {
        let intro = &directive.for_expr;
        let collection = self.expression(&intro.collection_expr, place, bound, depth + 1);
        let mut parts = Vec::new();
        for (key, value) in self.pairs(collection)? {
            let mut bound = bound.clone();
            bound.extend(intro.key_var.as_ref().map(|name| (name.as_str().to_owned(), key)));
            bound.push((intro.value_var.as_str().to_owned(), value));
            let after = directive.endfor_expr.strip;
            parts.extend(self.inside(&intro.template, intro.strip, after, place, &bound, depth)?);
        }
        Ok(parts)
    }

    /// What stands between two directives, whose `~` take away white space on this side.
    fn inside(
        &self,
        template: &Template,
        before: Strip,
        after: Strip,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Result<Vec<Part>, String> {
        let elements: Vec<&Element> = template.iter().collect();
        let mut parts = self.template(&elements, place, bound, depth + 1)?;
        if matches!(before, Strip::End | Strip::Both)
            && let Some(Part::Literal(text)) = parts.first_mut()
        {
            *text = text.trim_start().to_owned();
        }
        if matches!(after, Strip::Start | Strip::Both)
            && let Some(Part::Literal(text)) = parts.last_mut()
        {
            text.truncate(text.trim_end().len());
        }
        Ok(parts)
    }
}

/// Whether white space before and after an element goes.
fn strips(element: &Element) -> (bool, bool) {
    let both = |before: Strip, after: Strip| {
        (matches!(before, Strip::Start | Strip::Both), matches!(after, Strip::End | Strip::Both))
    };
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(inner) => both(inner.strip, inner.strip),
        Element::Directive(directive) => match &**directive {
            Directive::If(directive) => both(directive.if_expr.strip, directive.endif_expr.strip),
            Directive::For(directive) => both(directive.for_expr.strip, directive.endfor_expr.strip),
        },
    }
}
