//! The calls of an apply, the walls that they meet, and what differs between two organizations. One program for all of it: it is linked once.

mod apply;
mod drift;
mod walls;
