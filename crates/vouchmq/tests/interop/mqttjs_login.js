// MQTT.js logs in: `node mqttjs_login.js PORT VERSION USER PASSWORD` prints the code of CONNACK, and when it is 0,
// `echo` once a message to itself has come back.
'use strict'
const mqtt = require('mqtt')

const [port, version, username, password] = process.argv.slice(2)
const protocol = { 31: { protocolId: 'MQIsdp', protocolVersion: 3 }, 311: { protocolVersion: 4 }, 5: { protocolVersion: 5 } }
const deadline = setTimeout(() => { throw new Error('the deadline is over') }, 15_000)
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
  ...protocol[version], clientId: username, username, password, reconnectPeriod: 0,
})

function end (...said) {
  clearTimeout(deadline)
  console.log(...said)
  process.exit(0)
}

client.once('error', (error) => error.code ? end(error.code) : (() => { throw error })())
client.once('connect', async () => {
  const topic = `dev/${username}/echo`
  client.once('message', () => end(0, 'echo'))
  await client.subscribeAsync(topic, { qos: 1 })
  await client.publishAsync(topic, 'hello', { qos: 1 })
})
