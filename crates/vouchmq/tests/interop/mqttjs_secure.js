// MQTT.js over TLS or WebSocket: `node mqttjs_secure.js URL VERSION CAFILE USER PASSWORD` prints `ok` once messages to
// itself have come back, one of each QoS and a large one.
'use strict'
const assert = require('node:assert')
const { once } = require('node:events')
const fs = require('node:fs')
const mqtt = require('mqtt')

const [url, version, file, username, password] = process.argv.slice(2)
const protocol = { 31: { protocolId: 'MQIsdp', protocolVersion: 3 }, 311: { protocolVersion: 4 }, 5: { protocolVersion: 5 } }
const large = Buffer.from(Array.from({ length: 30_000 }, (_, number) => String(number).padStart(8, '0')).join(''))
const deadline = setTimeout(() => { throw new Error('the deadline is over') }, 15_000)

async function main () {
  const client = mqtt.connect(url, {
    ...protocol[version], clientId: 'mqttjs', username, password, reconnectPeriod: 0,
    ca: fs.readFileSync(file), rejectUnauthorized: true,
  })
  await once(client, 'connect')
  for (const qos of [0, 1, 2]) {
    const topic = `q/${qos}`
    const [granted] = await client.subscribeAsync(topic, { qos })
    assert.strictEqual(granted.qos, qos)
    for (const payload of [Buffer.from('hello'), large]) {
      const [[heard, received, packet]] = await Promise.all([once(client, 'message'), client.publishAsync(topic, payload, { qos })])
      assert.deepStrictEqual([heard, packet.qos], [topic, qos])
      assert(received.equals(payload), `a payload of ${received.length} bytes`)
    }
  }
  await client.endAsync()
  clearTimeout(deadline)
  console.log('ok')
}

main().catch((error) => { console.error(error); process.exit(1) })
