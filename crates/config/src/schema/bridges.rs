//! Bridges to other brokers.

use super::Kind::{Count, File, List, Secret, Switch, Text, Time};
use super::row::{Row, row};

const BRIDGES: &str = "bridges";

macro_rules! bridge {
    ($name:ident: $($path:literal $kind:expr, $default:literal, $what:literal;)+) => {
        pub(super) const $name: &[Row] = &[$(row($path, $kind).default($default).not_yet(BRIDGES, $what)),+];
    };
}

bridge! { MQTT:
    "bridges.mqtt.*.enable" Switch, "true", "whether there is a connection";
    "bridges.mqtt.*.server" Text, "", "where the other broker is";
    "bridges.mqtt.*.proto_ver" Count, "4", "version of MQTT";
    "bridges.mqtt.*.clientid" Text, "", "client identifier";
    "bridges.mqtt.*.keepalive" Time, "60s", "keep-alive";
    "bridges.mqtt.*.backoff_max" Time, "5s", "longest time between two attempts to connect";
    "bridges.mqtt.*.clean_start" Switch, "true", "Clean Start";
    "bridges.mqtt.*.retry_qos_0" Switch, "false", "keep QoS 0 for another attempt";
    "bridges.mqtt.*.no_local_v4" Switch, "true", "get back nothing that was sent, with MQTT 3 too";
    "bridges.mqtt.*.transparent" Switch, "false", "pass subscriptions of clients on";
    "bridges.mqtt.*.username" Text, "", "user name";
    "bridges.mqtt.*.password" Secret, "", "password";
    "bridges.mqtt.*.ssl.enable" Switch, "", "TLS";
    "bridges.mqtt.*.ssl.keyfile" File, "", "private key";
    "bridges.mqtt.*.ssl.certfile" File, "", "certificate";
    "bridges.mqtt.*.ssl.cacertfile" File, "", "authorities";
    "bridges.mqtt.*.ssl.key_password" Secret, "", "password of the key";
    "bridges.mqtt.*.tcp.nodelay" Switch, "", "TCP_NODELAY";
    "bridges.mqtt.*.tcp.keepalive" Switch, "", "SO_KEEPALIVE";
    "bridges.mqtt.*.tcp.quickack" Switch, "", "TCP_QUICKACK";
    "bridges.mqtt.*.tcp.keepidle" Time, "", "TCP_KEEPIDLE";
    "bridges.mqtt.*.tcp.keepintvl" Time, "", "TCP_KEEPINTVL";
    "bridges.mqtt.*.tcp.keepcnt" Text, "", "TCP_KEEPCNT";
    "bridges.mqtt.*.tcp.sendtimeo" Time, "", "SO_SNDTIMEO";
    "bridges.mqtt.*.tcp.recvtimeo" Time, "", "SO_RCVTIMEO";
    "bridges.mqtt.*.tcp.bind_interface" Text, "", "network interface";
    "bridges.mqtt.*.conn_properties.session_expiry_interval" Count, "0", "Session Expiry Interval";
    "bridges.mqtt.*.conn_properties.request_problem_infomation" Count, "1", "Request Problem Information, as NanoMQ writes it";
    "bridges.mqtt.*.conn_properties.request_response_infomation" Count, "0", "Request Response Information, as NanoMQ writes it";
    "bridges.mqtt.*.conn_properties.receive_maximum" Count, "65535", "Receive Maximum";
    "bridges.mqtt.*.conn_properties.topic_alias_maximum" Count, "0", "Topic Alias Maximum";
    "bridges.mqtt.*.conn_properties.maximum_packet_size" Count, "0", "Maximum Packet Size";
    "bridges.mqtt.*.conn_properties.user_property.*" Text, "", "User Property";
    "bridges.mqtt.*.will.topic" Text, "", "Will Topic";
    "bridges.mqtt.*.will.payload" Text, "", "Will Payload";
    "bridges.mqtt.*.will.qos" Count, "0", "Will QoS";
    "bridges.mqtt.*.will.retain" Switch, "false", "Will Retain";
    "bridges.mqtt.*.will.properties.payload_format_indicator" Count, "", "Payload Format Indicator";
    "bridges.mqtt.*.will.properties.message_expiry_interval" Count, "", "Message Expiry Interval";
    "bridges.mqtt.*.will.properties.will_delay_interval" Count, "", "Will Delay Interval";
    "bridges.mqtt.*.will.properties.content_type" Text, "", "Content Type";
    "bridges.mqtt.*.will.properties.response_topic" Text, "", "Response Topic";
    "bridges.mqtt.*.will.properties.correlation_data" Text, "", "Correlation Data";
    "bridges.mqtt.*.will.properties.user_property.*" Text, "", "User Property";
    "bridges.mqtt.*.forwards[].remote_topic" Text, "", "topic there";
    "bridges.mqtt.*.forwards[].local_topic" Text, "", "topic filter here";
    "bridges.mqtt.*.forwards[].qos" Count, "", "QoS there; without it as it came";
    "bridges.mqtt.*.forwards[].retain" Count, "", "retain flag there; without it as it came";
    "bridges.mqtt.*.forwards[].prefix" Text, "", "put before the topic";
    "bridges.mqtt.*.forwards[].suffix" Text, "", "put behind the topic";
    "bridges.mqtt.*.subscription[].remote_topic" Text, "", "topic filter there";
    "bridges.mqtt.*.subscription[].local_topic" Text, "", "topic here";
    "bridges.mqtt.*.subscription[].qos" Count, "", "QoS";
    "bridges.mqtt.*.subscription[].retain" Count, "", "retain flag here; without it as it came";
    "bridges.mqtt.*.subscription[].retain_as_published" Count, "", "Retain As Published";
    "bridges.mqtt.*.subscription[].retain_handling" Count, "", "Retain Handling";
    "bridges.mqtt.*.subscription[].nolocal" Switch, "true", "No Local";
    "bridges.mqtt.*.subscription[].prefix" Text, "", "put before the topic";
    "bridges.mqtt.*.subscription[].suffix" Text, "", "put behind the topic";
    "bridges.mqtt.*.subscription[].stream_id" Count, "", "stream of QUIC";
    "bridges.mqtt.*.sub_properties.identifier" Count, "", "Subscription Identifier";
    "bridges.mqtt.*.sub_properties.user_property.*" Text, "", "User Property";
    "bridges.mqtt.*.max_parallel_processes" Count, "2", "tasks at a time";
    "bridges.mqtt.*.max_recv_queue_len" Count, "128", "messages from there that wait";
    "bridges.mqtt.*.max_send_queue_len" Count, "32", "messages to there that wait";
    "bridges.mqtt.*.resend_interval" Count, "5000", "time between two attempts to send, in milliseconds";
    "bridges.mqtt.*.resend_wait" Count, "3000", "how long an acknowledgement may take, in milliseconds";
    "bridges.mqtt.*.cancel_timeout" Count, "10000", "when sending is given up, in milliseconds";
    "bridges.mqtt.*.hybrid_bridging" Switch, "false", "TCP where QUIC does not get through";
    "bridges.mqtt.*.hybrid_servers" List(&Text), "", "servers for it";
    "bridges.mqtt.*.quic_keepalive" Time, "120s", "keep-alive of QUIC";
    "bridges.mqtt.*.quic_idle_timeout" Time, "120s", "idle timeout of QUIC";
    "bridges.mqtt.*.quic_discon_timeout" Time, "20s", "how long an acknowledgement may take in QUIC";
    "bridges.mqtt.*.quic_handshake_timeout" Time, "20s", "how long a handshake may take in QUIC";
    "bridges.mqtt.*.quic_send_idle_timeout" Time, "2s", "idle time after which congestion control begins anew";
    "bridges.mqtt.*.quic_initial_rtt_ms" Time, "800ms", "round trip that is assumed first";
    "bridges.mqtt.*.quic_max_ack_delay_ms" Time, "100ms", "longest delay of an acknowledgement";
    "bridges.mqtt.*.quic_0rtt" Switch, "true", "send with the handshake";
    "bridges.mqtt.*.quic_multi_stream" Switch, "false", "a stream for each topic";
    "bridges.mqtt.*.quic_qos_priority" Switch, "", "QoS 1 and 2 first";
    "bridges.mqtt.*.quic_congestion_control" Text, "", "cubic, whatever stands here";
    "bridges.mqtt.cache.enable" Switch, "true", "keep what cannot be sent";
    "bridges.mqtt.cache.disk_cache_size" Count, "102400", "messages that are kept";
    "bridges.mqtt.cache.flush_mem_threshold" Count, "100", "messages that are written at once";
    "bridges.mqtt.cache.resend_interval" Count, "", "time between two attempts, in milliseconds";
    "bridges.mqtt.cache.mounted_file_path" File, "", "folder of the database";
}

bridge! { AWS:
    "bridges.aws.*.enable" Switch, "true", "whether there is a connection";
    "bridges.aws.*.server" Text, "", "where the other broker is";
    "bridges.aws.*.proto_ver" Count, "4", "version of MQTT";
    "bridges.aws.*.clientid" Text, "", "client identifier";
    "bridges.aws.*.keepalive" Time, "60s", "keep-alive";
    "bridges.aws.*.backoff_max" Time, "5s", "longest time between two attempts to connect";
    "bridges.aws.*.clean_start" Switch, "true", "Clean Start";
    "bridges.aws.*.retry_qos_0" Switch, "false", "keep QoS 0 for another attempt";
    "bridges.aws.*.no_local_v4" Switch, "true", "get back nothing that was sent, with MQTT 3 too";
    "bridges.aws.*.transparent" Switch, "false", "pass subscriptions of clients on";
    "bridges.aws.*.username" Text, "", "user name";
    "bridges.aws.*.password" Secret, "", "password";
    "bridges.aws.*.ssl.enable" Switch, "", "TLS";
    "bridges.aws.*.ssl.keyfile" File, "", "private key";
    "bridges.aws.*.ssl.certfile" File, "", "certificate";
    "bridges.aws.*.ssl.cacertfile" File, "", "authorities";
    "bridges.aws.*.ssl.key_password" Secret, "", "password of the key";
    "bridges.aws.*.forwards[].remote_topic" Text, "", "topic there";
    "bridges.aws.*.forwards[].local_topic" Text, "", "topic filter here";
    "bridges.aws.*.subscription[].remote_topic" Text, "", "topic filter there";
    "bridges.aws.*.subscription[].local_topic" Text, "", "topic here";
    "bridges.aws.*.subscription[].qos" Count, "", "QoS";
    "bridges.aws.*.subscription[].stream_id" Count, "", "stream of QUIC";
    "bridges.aws.*.max_parallel_processes" Count, "", "tasks at a time";
}

bridge! { NNG:
    "bridges.nng.pub.*.clientid" Text, "", "client identifier";
    "bridges.nng.pub.*.pub_url" Text, "", "where the other side is";
    "bridges.nng.pub.*.forwards[].remote_topic" Text, "", "topic there";
    "bridges.nng.pub.*.forwards[].local_topic" Text, "", "topic here";
    "bridges.nng.pub.*.forwards[].nng_delimiter" Text, "/", "what stands between topic and payload";
    "bridges.nng.pub.*.forwards[].qos" Count, "", "QoS";
    "bridges.nng.sub.*.clientid" Text, "", "client identifier";
    "bridges.nng.sub.*.sub_url" Text, "", "where the other side is";
    "bridges.nng.sub.*.subscription[].remote_topic" Text, "", "topic there";
    "bridges.nng.sub.*.subscription[].local_topic" Text, "", "topic here";
    "bridges.nng.sub.*.subscription[].nng_delimiter" Text, "/", "what stands between topic and payload";
    "bridges.nng.sub.*.subscription[].qos" Count, "", "QoS";
}
