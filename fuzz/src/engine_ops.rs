//! See `vouchmq_mqtt::fuzzing::engine_ops`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_mqtt::fuzzing::engine_ops(data));
