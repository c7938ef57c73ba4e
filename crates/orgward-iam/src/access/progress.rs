//! How far patterns may have matched a text, all of them at once.

use std::collections::BTreeMap;

use super::Budget;
use super::language::{Language, Token};
use crate::bits::ones;

/// How many positions a block has.
const WIDTH: u32 = u64::BITS;

/// A set of positions: the blocks that have some, ascending, each with a bit for each of its positions.
pub(super) type Progress = Vec<(u32, u64)>;

/// Patterns of several languages, laid end to end. A position is before a token, or at the end of a pattern.
///
/// A character moves all positions at once: those whose token takes it go on to the next one, those of a wildcard also
/// stay ("Shift-And", Baeza-Yates and Gonnet 1992). Blocks without a position cost nothing.
#[derive(Debug, Default)]
pub(super) struct Reader {
    tokens: Vec<Option<Token>>,
    starts: Vec<u32>,
    /// The positions of each language.
    spans: Vec<std::ops::Range<u32>>,
    blocks: Vec<Block>,
    taken: BTreeMap<char, Vec<Taken>>,
}

/// What is special about the positions of a block.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// Any number of characters may follow.
    many: u64,
    /// The text that was read is in the language.
    accepts: u64,
    /// Whatever follows is in the language, too.
    all: u64,
}

/// Which positions of a block take a character.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    once: u64,
    again: u64,
}

impl Reader {
    pub(super) fn of<'l>(languages: impl Iterator<Item = &'l Language>) -> Self {
        let mut reader = Self::default();
        for language in languages {
            let from = reader.place();
            for pattern in &language.0 {
                reader.starts.push(reader.place());
                reader.tokens.extend(pattern.iter().copied().map(Some));
                reader.tokens.push(None);
            }
            reader.spans.push(from..reader.place());
        }
        let wide = usize::try_from(WIDTH).unwrap_or(usize::MAX);
        reader.blocks = reader
            .tokens
            .chunks(wide)
            .enumerate()
            .map(|(block, tokens)| {
                let mut out = Block::default();
                for (at, token) in tokens.iter().enumerate() {
                    let bit = 1_u64 << at;
                    let next = reader.tokens.get(block * wide + at + 1);
                    let is_last = matches!(next, Some(None));
                    match token {
                        None => out.accepts |= bit,
                        Some(Token::Many(class)) => {
                            out.many |= bit;
                            if *class == super::language::Class::Any && is_last {
                                out.all |= bit;
                                out.accepts |= bit;
                            }
                        }
                        Some(Token::Char(..) | Token::One(_)) => {}
                    }
                }
                out
            })
            .collect();
        reader
    }

    fn place(&self) -> u32 {
        u32::try_from(self.tokens.len()).unwrap_or(u32::MAX)
    }

    /// How many languages are read.
    pub(super) fn languages(&self) -> usize {
        self.spans.len()
    }

    /// Before the first character.
    pub(super) fn start(&self) -> Progress {
        let mut state = Progress::new();
        for at in &self.starts {
            put(&mut state, at / WIDTH, 1 << (at % WIDTH));
        }
        self.close(&mut state);
        state
    }

    /// After one more character.
    pub(super) fn step(
        &mut self,
        state: &Progress,
        char: char,
        after: &mut Progress,
        budget: &mut Budget,
    ) -> Result<(), String> {
        budget.spend(2 + state.len())?;
        if !self.taken.contains_key(&char) {
            budget.spend(self.tokens.len() / 8)?;
            self.taken.insert(char, self.takes(char));
        }
        let taken = self.taken.get(&char).map_or(&[][..], Vec::as_slice);
        after.clear();
        let mut carried = None;
        for (block, bits) in state {
            let Some(taken) = usize::try_from(*block).ok().and_then(|at| taken.get(at)) else { continue };
            let once = bits & taken.once;
            let mut next = once << 1 | bits & taken.again;
            match carried.take() {
                Some(place) if place == *block => next |= 1,
                Some(place) => after.push((place, 1)),
                None => {}
            }
            if next != 0 {
                after.push((*block, next));
            }
            if once >> (WIDTH - 1) != 0 {
                carried = Some(block + 1);
            }
        }
        after.extend(carried.map(|block| (block, 1)));
        self.close(after);
        Ok(())
    }

    fn takes(&self, char: char) -> Vec<Taken> {
        let wide = usize::try_from(WIDTH).unwrap_or(usize::MAX);
        let of = |tokens: &[Option<Token>]| {
            let mut out = Taken::default();
            for (at, token) in tokens.iter().enumerate() {
                match token {
                    Some(token) if !token.admits(char) => {}
                    Some(Token::Many(_)) => out.again |= 1 << at,
                    Some(Token::One(_) | Token::Char(..)) => out.once |= 1 << at,
                    None => {}
                }
            }
            out
        };
        self.tokens.chunks(wide).map(of).collect()
    }

    /// Adds what is reached without reading, and forgets what makes no difference.
    fn close(&self, state: &mut Progress) {
        let mut at = 0;
        while let Some((block, bits)) = state.get(at).copied() {
            let Some(Block { many, .. }) = self.block(block) else { break };
            let mut closed = bits;
            loop {
                let more = closed | (closed & many) << 1;
                if more == closed {
                    break;
                }
                closed = more;
            }
            if let Some((_, bits)) = state.get_mut(at) {
                *bits = closed;
            }
            if closed & many & 1 << (WIDTH - 1) != 0 {
                put(state, block + 1, 1);
            }
            at += 1;
        }
        // Once a language has everything that may follow, how it came to that does not matter.
        let mut at = 0;
        while let Some((block, bits)) = state.get(at).copied() {
            let mut all = self.block(block).map_or(0, |it| it.all) & bits;
            while all != 0 {
                let place = block * WIDTH + all.trailing_zeros();
                all &= all - 1;
                let after = self.spans.partition_point(|span| span.end <= place);
                let Some(span) = self.spans.get(after) else { continue };
                for (other, bits) in state.iter_mut() {
                    let inside = within(span, *other);
                    if inside != 0 {
                        *bits &= !inside;
                        if *other == block {
                            *bits |= 1 << (place % WIDTH);
                        }
                    }
                }
                // Of several such positions the first is kept.
                all &= !within(span, block);
            }
            at += 1;
        }
        state.retain(|(_, bits)| *bits != 0);
    }

    fn block(&self, block: u32) -> Option<Block> {
        self.blocks.get(usize::try_from(block).ok()?).copied()
    }

    /// Whether the first language may still take the text.
    pub(super) fn is_alive(&self, state: &Progress) -> bool {
        let Some(domain) = self.spans.first() else { return false };
        state
            .iter()
            .take_while(|(block, _)| block * WIDTH < domain.end)
            .any(|(block, bits)| bits & within(domain, *block) != 0)
    }

    /// The languages that have the text.
    pub(super) fn accepted<'a>(&'a self, state: &'a Progress) -> impl Iterator<Item = usize> + 'a {
        let accepting =
            move |(block, bits): &(u32, u64)| (*block, self.block(*block).map_or(0, |it| it.accepts) & bits);
        places(state.iter().map(accepting)).map(|place| self.spans.partition_point(|span| span.end <= place))
    }

    /// The tokens that come next.
    pub(super) fn tokens<'a>(&'a self, state: &'a Progress) -> impl Iterator<Item = Token> + 'a {
        places(state.iter().copied()).filter_map(|place| *self.tokens.get(usize::try_from(place).ok()?)?)
    }
}

/// The positions of a block that lie in a span.
fn within(span: &std::ops::Range<u32>, block: u32) -> u64 {
    let below = |end: u32| match end.saturating_sub(block * WIDTH) {
        left if left >= WIDTH => u64::MAX,
        left => (1 << left) - 1,
    };
    below(span.end) & !below(span.start)
}

fn places(blocks: impl Iterator<Item = (u32, u64)>) -> impl Iterator<Item = u32> {
    blocks.flat_map(|(block, bits)| ones(bits).map(move |at| block * WIDTH + at))
}

/// Adds positions of a block.
fn put(state: &mut Progress, block: u32, bits: u64) {
    match state.binary_search_by_key(&block, |(block, _)| *block) {
        Ok(at) => {
            if let Some((_, known)) = state.get_mut(at) {
                *known |= bits;
            }
        }
        Err(at) => state.insert(at, (block, bits)),
    }
}
