"""paho-mqtt against a broker: `paho_client.py PORT VERSION SCENARIO` prints `ok`, or fails."""

import queue
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PORT, VERSION, SCENARIO = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PROTOCOL = {"31": mqtt.MQTTv31, "311": mqtt.MQTTv311, "5": mqtt.MQTTv5}[VERSION]
DEADLINE = 15


class Peer:
    """A client whose answers and messages can be waited for."""

    def __init__(self, name, clean=True, will=None):
        self.clean = clean
        session = {} if VERSION == "5" else {"clean_session": clean}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=PROTOCOL, **session)
        self.client.max_inflight_messages_set(100)
        self.client.max_queued_messages_set(0)
        if will:
            self.client.will_set(*will)
        self.messages = queue.Queue()
        self.answers = queue.Queue()
        self.gone = threading.Event()
        self.client.on_connect = lambda c, u, flags, reason, p: self.answers.put((flags.session_present, reason))
        self.client.on_subscribe = lambda c, u, mid, reasons, p: self.answers.put(reasons)
        self.client.on_message = lambda c, u, message: self.messages.put(message)
        self.client.on_disconnect = lambda *_: self.gone.set()

    def connect(self):
        options = {}
        if VERSION == "5":
            options["clean_start"] = self.clean
            if not self.clean:
                options["properties"] = Properties(PacketTypes.CONNECT)
                options["properties"].SessionExpiryInterval = 300
        self.client.connect("127.0.0.1", PORT, keepalive=30, **options)
        self.client.loop_start()
        present, reason = self.answers.get(timeout=DEADLINE)
        assert not reason.is_failure, reason
        self.present = present
        return self

    def subscribe(self, *topics, **options):
        if VERSION == "5":
            topics = [(topic, mqtt.SubscribeOptions(qos=qos)) for topic, qos in topics]
        self.client.subscribe(list(topics), **options)
        reasons = self.answers.get(timeout=DEADLINE)
        assert all(not reason.is_failure for reason in reasons), reasons
        return self

    def publish(self, topic, payload, qos=0, retain=False, properties=None):
        self.client.publish(topic, payload, qos, retain, properties).wait_for_publish(DEADLINE)

    def take(self, count=1):
        return [self.messages.get(timeout=DEADLINE) for _ in range(count)]

    def disconnect(self):
        self.client.disconnect()
        assert self.gone.wait(DEADLINE)
        self.client.loop_stop()

    def die(self):
        self.client.loop_stop()
        self.client.socket().close()


def qos():
    for level in (0, 1, 2):
        receiver = Peer(f"receiver{level}").connect().subscribe((f"q/{level}/#", level))
        sender = Peer(f"sender{level}").connect()
        expected = [f"{number}".encode() for number in range(50)]
        for payload in expected:
            sender.client.publish(f"q/{level}/x", payload, level)
        taken = receiver.take(50)
        assert [message.payload for message in taken] == expected
        assert {(message.topic, message.qos, message.retain) for message in taken} == {(f"q/{level}/x", level, False)}


def retained():
    sender = Peer("sender").connect()
    live = Peer("live").connect().subscribe(("r/#", 1))
    sender.publish("r/a", "kept", 1, True)
    assert [(m.payload, m.retain) for m in live.take()] == [(b"kept", False)]
    late = Peer("late").connect().subscribe(("r/+", 1))
    assert [(m.payload, m.retain, m.qos) for m in late.take()] == [(b"kept", True, 1)]
    sender.publish("r/a", b"", 1, True)
    assert late.take()[0].payload == b""
    last = Peer("last").connect().subscribe(("r/+", 1))
    sender.publish("r/b", "live", 1)
    assert [(m.topic, m.retain) for m in last.take()] == [("r/b", False)]


def will():
    watcher = Peer("watcher").connect().subscribe(("w/#", 2))
    for level in (0, 1, 2):
        Peer("dying", will=(f"w/{level}", "bye", level, False)).connect().die()
        assert [(m.topic, m.payload, m.qos) for m in watcher.take()] == [(f"w/{level}", b"bye", level)]
    Peer("leaving", will=("w/no", "not sent", 1, False)).connect().disconnect()
    watcher.client.publish("w/end", "end", 1)
    assert watcher.take()[0].topic == "w/end"


def resume():
    sender = Peer("sender").connect()
    keeper = Peer("keeper", clean=False).connect()
    assert not keeper.present
    keeper.subscribe(("s/1", 1), ("s/2", 2))
    keeper.disconnect()
    for number in range(100):
        sender.publish(f"s/{1 + number % 2}", str(number), 1 + number % 2)
    again = Peer("keeper", clean=False).connect()
    assert again.present or VERSION == "31", "MQTT 3.1 does not tell"
    taken = again.take(100)
    for topic in ("s/1", "s/2"):
        numbers = [int(m.payload) for m in taken if m.topic == topic]
        assert numbers == sorted(numbers) and len(numbers) == 50, numbers
    fresh = Peer("keeper").connect()
    assert not fresh.present


def shared():
    members = [Peer(f"member{number}").connect().subscribe(("$share/group/jobs/#", 1)) for number in range(3)]
    plain = Peer("plain").connect().subscribe(("jobs/#", 1))
    sender = Peer("sender").connect()
    for number in range(60):
        sender.publish(f"jobs/{number}", str(number), 1)
    assert len(plain.take(60)) == 60
    # The sender has every acknowledgement: what was shared is on its way to one member each.
    taken = [[message.payload for message in member.take(20)] for member in members]
    assert sorted(int(payload) for one in taken for payload in one) == list(range(60))


def large():
    receiver = Peer("receiver").connect().subscribe(("large", 2))
    sender = Peer("sender").connect()
    payload = bytes(range(256)) * 4000
    for level in (0, 1, 2):
        sender.publish("large", payload, level)
        assert receiver.take()[0].payload == payload


def topics():
    every = Peer("every").connect().subscribe(("many/#", 1))
    some = Peer("some").connect()
    for start in range(0, 1000, 100):
        some.subscribe(*[(f"many/{number}/x", 1) for number in range(start, start + 100)])
    sender = Peer("sender").connect()
    for number in range(3000):
        sender.client.publish(f"many/{number}/x", str(number), 1)
    assert {m.topic for m in every.take(3000)} == {f"many/{number}/x" for number in range(3000)}
    assert {m.topic for m in some.take(1000)} == {f"many/{number}/x" for number in range(1000)}


def properties():
    receiver = Peer("receiver").connect()
    subscription = Properties(PacketTypes.SUBSCRIBE)
    subscription.SubscriptionIdentifier = 42
    receiver.subscribe(("p/#", 1), properties=subscription)
    sent = Properties(PacketTypes.PUBLISH)
    sent.ContentType, sent.ResponseTopic, sent.CorrelationData = "text/plain", "answers", b"\x00\x01"
    sent.PayloadFormatIndicator, sent.MessageExpiryInterval = 1, 100
    sent.UserProperty = [("a", "1"), ("b", "2"), ("a", "3")]
    Peer("sender").connect().publish("p/x", "text", 1, properties=sent)
    got = receiver.take()[0].properties
    assert (got.ContentType, got.ResponseTopic, got.CorrelationData) == ("text/plain", "answers", b"\x00\x01")
    assert got.UserProperty == [("a", "1"), ("b", "2"), ("a", "3")]
    assert got.PayloadFormatIndicator == 1 and 0 < got.MessageExpiryInterval <= 100
    assert got.SubscriptionIdentifier == [42]


globals()[SCENARIO]()
print("ok", flush=True)
