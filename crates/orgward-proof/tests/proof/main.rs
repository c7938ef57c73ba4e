//! The calls of an apply, and the walls that they meet. One program for all of it: it is linked once.

mod apply;
mod walls;
