//! The calls of an apply, the walls that they meet, what differs between two
//! organizations, principals that are alike, and calls that were made. One program for all of it: it is linked once.

mod alike;
mod apply;
mod drift;
mod replay;
mod walls;
