"""paho-mqtt logs in: `paho_login.py PORT VERSION USER PASSWORD` prints the code of CONNACK, and when it is 0, `echo` once
a message to itself has come back. paho gives codes of MQTT 3 as those of MQTT 5."""

import queue
import sys

import paho.mqtt.client as mqtt

PORT, VERSION, USER, PASSWORD = int(sys.argv[1]), *sys.argv[2:]
PROTOCOL = {"31": mqtt.MQTTv31, "311": mqtt.MQTTv311, "5": mqtt.MQTTv5}[VERSION]
DEADLINE = 15

answers, messages = queue.Queue(), queue.Queue()
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, USER, protocol=PROTOCOL, reconnect_on_failure=False)
client.username_pw_set(USER, PASSWORD)
client.on_connect = lambda c, u, flags, reason, p: answers.put(reason.value)
client.on_subscribe = lambda *_: client.publish(f"dev/{USER}/echo", "hello", 1)
client.on_message = lambda c, u, message: messages.put(message)
client.connect("127.0.0.1", PORT)
client.loop_start()
code = answers.get(timeout=DEADLINE)
if code == 0:
    client.subscribe(f"dev/{USER}/echo", 1)
    assert messages.get(timeout=DEADLINE).payload == b"hello"
    client.disconnect()
print(code, *["echo"] * (code == 0))
