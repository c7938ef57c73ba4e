//! The collector against a fake AWS.

#[cfg(test)]
mod fake;
#[cfg(test)]
mod runs;
