//! See `vouchmq_client::fuzzing::remote`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_client::fuzzing::remote(data));
