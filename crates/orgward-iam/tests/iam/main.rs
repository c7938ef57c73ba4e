//! What policies allow and deny, by the rules of AWS. One program for all of it: it is linked once.

mod edits;
mod fuzz;
mod scenarios;
