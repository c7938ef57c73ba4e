//! The organization of real plans. One program for all of it: the long tests run beside each other.

mod accounts;
mod applied;
mod foundations;
mod kinds;
mod organization;
mod recorded;
mod stacks;
mod twins;
mod unknowns;
