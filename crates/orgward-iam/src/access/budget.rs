/// How much work is left for a question. A step is what takes some 20 ns, or keeps some 20 bytes until the end.
#[derive(Clone, Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    /// Enough for any policy that people write, and over within a fraction of a second for any other.
    pub(crate) const QUESTION: usize = 3_000_000;

    /// What is said when nothing is left.
    pub(crate) const OVER: &'static str = "the policies are too intricate: the budget of steps is used up";

    pub(crate) fn new(steps: usize) -> Self {
        Self(steps)
    }

    /// How many steps are left.
    pub(crate) fn left(&self) -> usize {
        self.0
    }

    /// Takes some away; an error, which says so, when nothing is left.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), String> {
        match self.0.checked_sub(steps) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Self::OVER.to_owned()),
        }
    }
}
