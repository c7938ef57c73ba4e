//! Whatever is read as a policy or as scenarios.
#![no_main]

#[expect(dead_code, reason = "each target calls one of its functions")]
#[path = "../harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::read(data));
