//! What the sources say of the arguments of provider blocks.

use super::evaluate::{Evaluator, Place};
use super::{Spelled, Written, agreement, traverse};
use crate::expression::Expression;
use crate::resolution::module_scope;
use crate::{ModulePath, Plan};

impl Plan<'_> {
    /// An argument of a provider block; `path` leads to it through nested blocks, of which the last one counts.
    pub(crate) fn spell_out_provider(
        &self,
        key: &str,
        module: &ModulePath,
        path: &[&str],
        shown: &Expression,
    ) -> Option<Spelled> {
        let sources = self.sources.as_deref()?;
        let local = key.rsplit(':').next().unwrap_or(key);
        let (name, alias) = local.split_once('.').map_or((local, None), |(name, alias)| (name, Some(alias)));
        let is_it = |block: &Written<'_>| {
            let written = block.body.get_attribute("alias").and_then(|alias| alias.value.as_str());
            super::is_block(block, "provider", &[name]) && written == alias
        };
        let block = super::only(sources.blocks(&traverse::calls(module)).filter(is_it))?;
        let (argument, blocks) = path.split_last()?;
        let body = blocks
            .iter()
            .try_fold(&block.body, |body, name| body.get_blocks(name).last().map(|block| &block.body))?;
        let written = &body.get_attribute(argument)?.value;
        if !agreement::agrees(shown, written) {
            return None;
        }
        let place = Place::inside(module_scope(self, module)?, block);
        Some(Evaluator::new(self, sources).expression(written, &place, &Vec::new(), 0))
    }
}
