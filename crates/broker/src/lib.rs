//! MQTT I/O: listeners, shards, timers.
