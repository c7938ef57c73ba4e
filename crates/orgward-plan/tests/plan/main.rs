//! Plans of real Terraform as they are read. One program for all of it: it is linked once.

mod functions;
mod input;
mod instances;
mod placement;
mod references;
mod robustness;
mod sources;
#[cfg(test)]
mod support;
mod views;
