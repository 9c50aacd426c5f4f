//! See `vouchmq_mqtt::fuzzing::decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_mqtt::fuzzing::decode(data));
