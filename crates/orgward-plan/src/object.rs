use crate::{Attr, Text};

/// The attributes of one resource instance on one side of the plan, with what is unknown and what is sensitive.
#[derive(Clone, Debug, Default)]
pub struct Object {}

impl Object {
    /// The whole object.
    pub fn view(&self) -> View<'_> {
        todo!()
    }

    /// One attribute: shorthand for `view().get(name)`.
    pub fn get(&self, name: &str) -> View<'_> {
        self.view().get(name)
    }
}

/// A place inside an [`Object`]. Looking further never fails: what is not there is [`Attr::Absent`], and what
/// lies inside something unknown is [`Attr::Unknown`].
#[derive(Clone, Copy)]
pub struct View<'v> {
    _object: std::marker::PhantomData<&'v ()>,
}

impl<'v> View<'v> {
    /// An attribute of an object or an entry of a map.
    #[must_use]
    pub fn get(self, name: &str) -> View<'v> {
        todo!("{name}")
    }

    /// An element of a list or set.
    #[must_use]
    pub fn item(self, index: usize) -> View<'v> {
        todo!("{index}")
    }

    /// A string. Numbers and booleans are not strings: a value of another type than asked for is
    /// [`Attr::Unknown`], since something is there that this program does not understand.
    pub fn text(self) -> Attr<Text> {
        todo!()
    }

    /// A boolean.
    pub fn bool(self) -> Attr<bool> {
        todo!()
    }

    /// A whole number.
    pub fn integer(self) -> Attr<i64> {
        todo!()
    }

    /// The elements of a list or set. An element may itself be unknown; a list whose length is unknown is
    /// [`Attr::Unknown`].
    pub fn items(self) -> Attr<Vec<View<'v>>> {
        todo!()
    }

    /// The keys and values of a map or object, sorted by key.
    pub fn entries(self) -> Attr<Vec<(&'v str, View<'v>)>> {
        todo!()
    }

    /// Whether there is something, and whether it is known. A container with unknown parts is known.
    pub fn state(self) -> Attr<()> {
        todo!()
    }

    /// Whether any part of it is unknown.
    pub fn has_unknown(self) -> bool {
        todo!()
    }

    /// Whether the plan marks it, something around it, or any part of it sensitive.
    pub fn is_sensitive(self) -> bool {
        todo!()
    }
}
