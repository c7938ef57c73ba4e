//! The rules over whole organizations. One program for all of it: it is linked once.

mod alike;
mod disguise;
mod scale;
#[path = "../../benches/support/mod.rs"]
mod support;
mod ways;
