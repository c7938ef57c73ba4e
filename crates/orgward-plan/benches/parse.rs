//! How long reading a large plan takes, next to how long `serde_json` takes to skip it.
fn main() {}
