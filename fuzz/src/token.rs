//! See `vouchmq_identity::fuzzing::token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_identity::fuzzing::token(data));
