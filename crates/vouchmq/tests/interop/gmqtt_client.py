"""gmqtt against a broker: `gmqtt_client.py PORT VERSION SCENARIO` prints `ok`, or fails."""

import asyncio
import sys

from gmqtt import Client, Message, Subscription
from gmqtt.mqtt.constants import MQTTv50, MQTTv311

PORT, VERSION, SCENARIO = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PROTOCOL = {"311": MQTTv311, "5": MQTTv50}[VERSION]
DEADLINE = 15


async def within(awaitable):
    return await asyncio.wait_for(awaitable, DEADLINE)


class Peer:
    """A client whose answers and messages can be waited for."""

    def __init__(self, name, clean=True, will=None):
        session = {"session_expiry_interval": 300} if VERSION == "5" and not clean else {}
        self.client = Client(name, clean_session=clean, will_message=will, **session)
        self.client.set_config({"reconnect_retries": 0})
        self.messages, self.answers = asyncio.Queue(), asyncio.Queue()
        self.client.on_message = self.on_message
        self.client.on_connect = lambda client, flags, code, properties: self.answers.put_nowait((flags, code))
        self.client.on_subscribe = lambda client, mid, qos, properties: self.answers.put_nowait(qos)

    async def on_message(self, client, topic, payload, qos, properties):
        self.messages.put_nowait((topic, payload, qos, properties))
        return 0

    async def connect(self):
        await within(self.client.connect("127.0.0.1", PORT, version=PROTOCOL, keepalive=30))
        flags, code = await within(self.answers.get())
        assert code == 0, code
        self.present = bool(flags & 1)
        return self

    async def subscribe(self, *subscriptions, **options):
        self.client.subscribe([Subscription(topic, qos=qos) for topic, qos in subscriptions], **options)
        granted = await within(self.answers.get())
        assert all(code < 0x80 for code in granted), granted
        return self

    async def take(self, count=1):
        return [await within(self.messages.get()) for _ in range(count)]

    async def disconnect(self):
        await within(self.client.disconnect())

    def die(self):
        self.client._connection._transport.abort()


async def qos():
    for level in (0, 1, 2):
        receiver = await (await Peer(f"receiver{level}").connect()).subscribe((f"q/{level}/#", level))
        sender = await Peer(f"sender{level}").connect()
        for number in range(50):
            sender.client.publish(f"q/{level}/x", str(number), qos=level)
        taken = await receiver.take(50)
        assert [(topic, payload, qos) for topic, payload, qos, _ in taken] == [
            (f"q/{level}/x", str(number).encode(), level) for number in range(50)
        ]


async def retained():
    sender = await Peer("sender").connect()
    live = await (await Peer("live").connect()).subscribe(("r/#", 1))
    sender.client.publish("r/a", "kept", qos=1, retain=True)
    assert [(payload, p["retain"]) for _, payload, _, p in await live.take()] == [(b"kept", 0)]
    late = await (await Peer("late").connect()).subscribe(("r/+", 1))
    assert [(payload, p["retain"], qos) for _, payload, qos, p in await late.take()] == [(b"kept", 1, 1)]
    sender.client.publish("r/a", b"", qos=1, retain=True)
    assert (await late.take())[0][1] == b""
    last = await (await Peer("last").connect()).subscribe(("r/+", 1))
    sender.client.publish("r/b", "live", qos=1)
    assert [(topic, p["retain"]) for topic, _, _, p in await last.take()] == [("r/b", 0)]


async def will():
    watcher = await (await Peer("watcher").connect()).subscribe(("w/#", 2))
    for level in (0, 1, 2):
        dying = await Peer("dying", will=Message(f"w/{level}", "bye", qos=level)).connect()
        dying.die()
        assert [message[:3] for message in await watcher.take()] == [(f"w/{level}", b"bye", level)]


async def resume():
    sender = await Peer("sender").connect()
    keeper = await Peer("keeper", clean=False).connect()
    assert not keeper.present
    await keeper.subscribe(("s/1", 1), ("s/2", 2))
    await keeper.disconnect()
    echo = await (await Peer("echo").connect()).subscribe(("s/#", 0))
    for number in range(100):
        sender.client.publish(f"s/{1 + number % 2}", str(number), qos=1 + number % 2)
    await echo.take(100)
    again = await Peer("keeper", clean=False).connect()
    assert again.present
    taken = await again.take(100)
    for topic in ("s/1", "s/2"):
        numbers = [int(payload) for name, payload, _, _ in taken if name == topic]
        assert numbers == sorted(numbers) and len(numbers) == 50, numbers


async def shared():
    members = [await (await Peer(f"member{n}").connect()).subscribe(("$share/group/jobs/#", 1)) for n in range(3)]
    sender = await Peer("sender").connect()
    for number in range(60):
        sender.client.publish(f"jobs/{number}", str(number), qos=1)
    taken = [payload for member in members for _, payload, _, _ in await member.take(20)]
    assert sorted(map(int, taken)) == list(range(60))


async def large():
    receiver = await (await Peer("receiver").connect()).subscribe(("large", 2))
    sender = await Peer("sender").connect()
    payload = bytes(range(256)) * 4000
    for level in (0, 1, 2):
        sender.client.publish("large", payload, qos=level)
        assert (await receiver.take())[0][1] == payload


async def topics():
    every = await (await Peer("every").connect()).subscribe(("many/#", 1))
    some = await Peer("some").connect()
    for start in range(0, 1000, 100):
        await some.subscribe(*[(f"many/{number}/x", 1) for number in range(start, start + 100)])
    sender = await Peer("sender").connect()
    for number in range(3000):
        sender.client.publish(f"many/{number}/x", str(number), qos=0)
    assert {message[0] for message in await every.take(3000)} == {f"many/{n}/x" for n in range(3000)}
    assert {message[0] for message in await some.take(1000)} == {f"many/{n}/x" for n in range(1000)}


async def properties():
    receiver = await Peer("receiver").connect()
    await receiver.subscribe(("p/#", 1), subscription_identifier=42)
    sender = await Peer("sender").connect()
    sender.client.publish(
        "p/x", "text", qos=1, content_type="text/plain", response_topic="answers", correlation_data=b"c",
        message_expiry_interval=100, user_property=[("a", "1"), ("a", "2")],
    )
    got = (await receiver.take())[0][3]
    assert got["content_type"] == ["text/plain"] and got["response_topic"] == ["answers"], got
    assert got["correlation_data"] == [b"c"] and got["user_property"] == [("a", "1"), ("a", "2")], got
    assert 0 < got["message_expiry_interval"][0] <= 100 and got["subscription_identifier"] == [42], got


asyncio.run(globals()[SCENARIO]())
print("ok", flush=True)
