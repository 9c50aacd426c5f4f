//! See `vouchmq_broker::fuzzing::transport`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_broker::fuzzing::transport(data));
