"""paho-mqtt over TLS or WebSocket: `paho_secure.py URL VERSION CAFILE USER PASSWORD` prints `ok` once messages to itself
have come back, one of each QoS and a large one."""

import queue
import sys
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt

URL, VERSION, CAFILE, USER, PASSWORD = urlsplit(sys.argv[1]), *sys.argv[2:]
PROTOCOL = {"31": mqtt.MQTTv31, "311": mqtt.MQTTv311, "5": mqtt.MQTTv5}[VERSION]
DEADLINE = 15
TRANSPORT = "websockets" if URL.scheme in ("ws", "wss") else "tcp"
LARGE = b"".join(b"%08d" % number for number in range(30_000))

answers, messages = queue.Queue(), queue.Queue()
client = mqtt.Client(
    mqtt.CallbackAPIVersion.VERSION2, "paho", protocol=PROTOCOL, transport=TRANSPORT, reconnect_on_failure=False
)
client.username_pw_set(USER, PASSWORD)
if TRANSPORT == "websockets":
    client.ws_set_options(path=URL.path)
if URL.scheme in ("mqtts", "wss"):
    client.tls_set(CAFILE)
client.on_connect = lambda c, u, flags, reason, p: answers.put(reason.value)
client.on_subscribe = lambda c, u, mid, reasons, p: answers.put([reason.value for reason in reasons])
client.on_message = lambda c, u, message: messages.put(message)
client.connect(URL.hostname, URL.port)
client.loop_start()
assert answers.get(timeout=DEADLINE) == 0
client.subscribe([(f"q/{level}", level) for level in range(3)])
assert answers.get(timeout=DEADLINE) == [0, 1, 2]
for level in range(3):
    for payload in (b"hello", LARGE):
        client.publish(f"q/{level}", payload, level)
        message = messages.get(timeout=DEADLINE)
        assert (message.topic, message.qos, message.payload) == (f"q/{level}", level, payload), message.topic
client.disconnect()
client.loop_stop()
print("ok")
