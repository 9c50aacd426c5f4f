//! See `vouchmq_config::fuzzing::configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_config::fuzzing::configuration(data));
