//! See `vouchmq_mqtt::fuzzing::topic_filter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vouchmq_mqtt::fuzzing::topic_filter(data));
