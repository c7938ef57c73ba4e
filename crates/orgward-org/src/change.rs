/// Something before and after a plan.
#[derive(Clone, Copy, Debug)]
pub struct Change<T> {
    /// As it stands before the plan.
    pub before: T,
    /// As it will stand once the plan is applied.
    pub after: T,
}

impl<T> Change<T> {
    /// Borrows both sides.
    pub fn as_ref(&self) -> Change<&T> {
        Change { before: &self.before, after: &self.after }
    }

    /// The plan that changes nothing.
    pub fn unchanged(&self) -> Change<&T> {
        Change { before: &self.before, after: &self.before }
    }
}
