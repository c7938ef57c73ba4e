use std::ops::Range;

/// A set of small numbers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

const WIDTH: usize = u64::BITS as usize;

impl Bits {
    /// No number below `len`.
    pub(super) fn none(len: usize) -> Self {
        Self(vec![0; len.div_ceil(WIDTH)])
    }

    /// Every number below `len`.
    pub(super) fn all(len: usize) -> Self {
        let mut bits = Self::none(len);
        for at in 0..len {
            bits.insert(at);
        }
        bits
    }

    /// The numbers below `len` that a test admits.
    pub(super) fn of(len: usize, test: impl Fn(usize) -> bool) -> Self {
        let mut bits = Self::none(len);
        for at in (0..len).filter(|at| test(*at)) {
            bits.insert(at);
        }
        bits
    }

    /// How many words it has.
    pub(super) fn words(&self) -> usize {
        self.0.len()
    }

    pub(super) fn insert(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / WIDTH) {
            *word |= 1 << (at % WIDTH);
        }
    }

    /// One number of the set, alone.
    pub(super) fn only(&self, at: usize) -> Self {
        let mut bits = Self(vec![0; self.0.len()]);
        if self.contains(at) {
            bits.insert(at);
        }
        bits
    }

    pub(super) fn contains(&self, at: usize) -> bool {
        self.0.get(at / WIDTH).is_some_and(|word| word & (1 << (at % WIDTH)) != 0)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(left, right)| left & right).collect())
    }

    /// Those of `self` that are not in `other`.
    pub(super) fn minus(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(left, right)| left & !right).collect())
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(left, right)| left & right != 0)
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(left, right)| left & !right == 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Makes room for every number below `len`.
    pub(super) fn grow(&mut self, len: usize) {
        self.0.resize(self.0.len().max(len.div_ceil(WIDTH)), 0);
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many numbers of a range there are.
    pub(super) fn count_in(&self, range: Range<usize>) -> usize {
        let last = range.end.div_ceil(WIDTH);
        let words = (range.start / WIDTH..last).map(|index| {
            let word = self.0.get(index).copied().unwrap_or_default();
            let below = |end: usize| match end.saturating_sub(index * WIDTH) {
                left if left >= WIDTH => u64::MAX,
                left => (1 << left) - 1,
            };
            (word & below(range.end) & !below(range.start)).count_ones() as usize
        });
        words.sum()
    }

    /// Adds what another set has.
    pub(super) fn extend(&mut self, other: &Self) {
        self.grow(other.0.len() * WIDTH);
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// The numbers, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate();
        words.flat_map(|(index, word)| ones(*word).map(move |at| index * WIDTH + at as usize))
    }
}

/// Which bits of a word are set, ascending.
pub(super) fn ones(word: u64) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)))
        .take_while(|word| *word != 0)
        .map(u64::trailing_zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_range_are_counted_like_one_by_one() {
        let bits = Bits::of(300, |at| at % 3 == 0 || at == 64);
        for from in [0, 1, 63, 64, 65, 128, 299] {
            for to in [from, from + 1, 64, 127, 128, 192, 300, 500] {
                let one_by_one = bits.iter().filter(|at| (from..to).contains(at)).count();
                assert_eq!(bits.count_in(from..to), one_by_one, "{from}..{to}");
            }
        }
    }
}
