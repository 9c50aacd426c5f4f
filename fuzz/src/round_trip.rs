//! See `vouchmq_mqtt::fuzzing::round_trip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_mqtt::fuzzing::round_trip(data));
