// MQTT.js against a broker: `node mqttjs_client.js PORT VERSION SCENARIO` prints `ok`, or fails.
'use strict'
const assert = require('node:assert/strict')
const mqtt = require('mqtt')

const [port, version, scenario] = process.argv.slice(2)
const protocol = {
  31: { protocolId: 'MQIsdp', protocolVersion: 3 },
  311: { protocolVersion: 4 },
  5: { protocolVersion: 5 },
}[version]
const range = (count) => Array.from({ length: count }, (_, index) => index)
const deadline = setTimeout(() => { throw new Error('the deadline is over') }, 15_000)

// A client whose messages can be waited for.
class Peer {
  static async connect (clientId, options = {}) {
    const peer = new Peer()
    const properties = version === '5' && options.clean === false ? { sessionExpiryInterval: 300 } : undefined
    peer.client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { ...protocol, clientId, properties, reconnectPeriod: 0, ...options })
    peer.messages = []
    peer.waiting = null
    peer.client.on('message', (topic, payload, packet) => {
      peer.messages.push(packet)
      peer.waiting?.()
    })
    peer.present = await new Promise((resolve, reject) => {
      peer.client.once('connect', (packet) => resolve(packet.sessionPresent))
      peer.client.once('error', reject)
    })
    return peer
  }

  async subscribe (topics, options) {
    const granted = await this.client.subscribeAsync(topics, options)
    assert(granted.every(({ qos }) => qos < 128), JSON.stringify(granted))
    return this
  }

  publish (topic, payload, options) { return this.client.publishAsync(topic, payload, options) }

  async take (count = 1) {
    while (this.messages.length < count) {
      await new Promise((resolve) => { this.waiting = resolve })
    }
    return this.messages.splice(0, count)
  }

  end () { return this.client.endAsync() }

  die () { this.client.stream.destroy() }
}

const scenarios = {
  async qos () {
    for (const qos of [0, 1, 2]) {
      const receiver = await (await Peer.connect(`receiver${qos}`)).subscribe(`q/${qos}/#`, { qos })
      const sender = await Peer.connect(`sender${qos}`)
      await Promise.all(range(50).map((number) => sender.publish(`q/${qos}/x`, String(number), { qos })))
      const taken = await receiver.take(50)
      assert.deepEqual(taken.map((m) => m.payload.toString()), range(50).map(String))
      assert(taken.every((m) => m.topic === `q/${qos}/x` && m.qos === qos && !m.retain))
    }
  },

  async retained () {
    const sender = await Peer.connect('sender')
    await sender.publish('r/a', 'kept', { qos: 1, retain: true })
    const late = await (await Peer.connect('late')).subscribe('r/+', { qos: 1 })
    const [kept] = await late.take()
    assert.deepEqual([kept.payload.toString(), kept.retain, kept.qos], ['kept', true, 1])
    await sender.publish('r/a', '', { qos: 1, retain: true })
    assert.equal((await late.take())[0].payload.length, 0)
    const last = await (await Peer.connect('last')).subscribe('r/+', { qos: 1 })
    await sender.publish('r/b', 'live', { qos: 1 })
    assert.equal((await last.take())[0].topic, 'r/b')
  },

  async will () {
    const watcher = await (await Peer.connect('watcher')).subscribe('w/#', { qos: 2 })
    for (const qos of [0, 1, 2]) {
      const dying = await Peer.connect('dying', { will: { topic: `w/${qos}`, payload: Buffer.from('bye'), qos, retain: false } })
      dying.die()
      const [message] = await watcher.take()
      assert.deepEqual([message.topic, message.payload.toString(), message.qos], [`w/${qos}`, 'bye', qos])
    }
  },

  async resume () {
    const sender = await Peer.connect('sender')
    const keeper = await Peer.connect('keeper', { clean: false })
    await keeper.subscribe({ 's/1': { qos: 1 }, 's/2': { qos: 2 } })
    await keeper.end()
    for (const number of range(100)) {
      const qos = 1 + number % 2
      await sender.publish(`s/${qos}`, String(number), { qos })
    }
    const again = await Peer.connect('keeper', { clean: false })
    if (version !== '31') assert.equal(again.present, true)
    const taken = await again.take(100)
    for (const topic of ['s/1', 's/2']) {
      const numbers = taken.filter((m) => m.topic === topic).map((m) => Number(m.payload))
      assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b))
      assert.equal(numbers.length, 50)
    }
  },

  async shared () {
    const members = await Promise.all(range(3).map(async (number) =>
      (await Peer.connect(`member${number}`)).subscribe('$share/group/jobs/#', { qos: 1 })))
    const sender = await Peer.connect('sender')
    for (const number of range(60)) await sender.publish(`jobs/${number}`, String(number), { qos: 1 })
    const taken = (await Promise.all(members.map((member) => member.take(20)))).flat()
    assert.deepEqual(taken.map((m) => Number(m.payload)).toSorted((a, b) => a - b), range(60))
  },

  async large () {
    const receiver = await (await Peer.connect('receiver')).subscribe('large', { qos: 2 })
    const sender = await Peer.connect('sender')
    const payload = Buffer.alloc(1_000_000, 'abcdefg')
    for (const qos of [0, 1, 2]) {
      await sender.publish('large', payload, { qos })
      assert(payload.equals((await receiver.take())[0].payload))
    }
  },

  async topics () {
    const every = await (await Peer.connect('every')).subscribe('many/#', { qos: 1 })
    const some = await Peer.connect('some')
    for (const start of range(10)) await some.subscribe(range(100).map((n) => `many/${start * 100 + n}/x`), { qos: 1 })
    const sender = await Peer.connect('sender')
    // MQTT.js does not keep to the server's Receive Maximum by itself.
    for (const start of range(10)) {
      await Promise.all(range(300).map((n) => sender.publish(`many/${start * 300 + n}/x`, 'x', { qos: 1 })))
    }
    const names = (messages) => new Set(messages.map((m) => m.topic))
    assert.deepEqual(names(await every.take(3000)), new Set(range(3000).map((n) => `many/${n}/x`)))
    assert.deepEqual(names(await some.take(1000)), new Set(range(1000).map((n) => `many/${n}/x`)))
  },

  async properties () {
    const receiver = await Peer.connect('receiver', { properties: { topicAliasMaximum: 5 } })
    await receiver.subscribe('p/#', { qos: 1, properties: { subscriptionIdentifier: 42 } })
    const sender = await Peer.connect('sender')
    const properties = {
      contentType: 'text/plain', responseTopic: 'answers', correlationData: Buffer.from('c'),
      payloadFormatIndicator: true, messageExpiryInterval: 100, userProperties: { a: ['1', '2'], b: '3' },
    }
    for (const round of range(3)) {
      await sender.publish('p/x', 'text', { qos: 1, properties: { ...properties } })
      const [message] = await receiver.take()
      const got = message.properties
      assert.equal(message.topic || 'p/x', 'p/x', `round ${round}`)
      assert.deepEqual([got.contentType, got.responseTopic, String(got.correlationData)], ['text/plain', 'answers', 'c'])
      assert.deepEqual({ ...got.userProperties }, { a: ['1', '2'], b: '3' })
      assert(got.payloadFormatIndicator && got.messageExpiryInterval > 0 && got.messageExpiryInterval <= 100)
      assert.equal([got.subscriptionIdentifier].flat()[0], 42)
    }
  },
}

scenarios[scenario]().then(
  () => { clearTimeout(deadline); console.log('ok'); process.exit(0) },
  (error) => { console.error(error); process.exit(1) },
)
