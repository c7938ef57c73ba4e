//! What the engine says about all requests, and what the evaluator says about single ones.
#![no_main]

#[expect(dead_code, reason = "each target calls one of its functions")]
#[path = "../harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::agree(data));
