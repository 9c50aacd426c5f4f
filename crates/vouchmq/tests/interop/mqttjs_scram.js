// MQTT.js logs in by SCRAM-SHA-256, whose arithmetic is that of Python's scramp:
// `node mqttjs_scram.js PORT USER PASSWORD [SECOND]` prints what became of it, a line for each step:
// `challenge SALT ITERATIONS`, `connack CODE`, and when that is 0, what came of authenticating again with the password
// SECOND: `challenge …`, then `again` when the server let it go on, or `disconnect CODE`.
'use strict'
const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { createInterface } = require('node:readline')
const mqtt = require('mqtt')

const [port, user, password, second] = process.argv.slice(2)
const METHOD = 'SCRAM-SHA-256'
const deadline = setTimeout(() => { throw new Error('the deadline is over') }, 15_000)

// One exchange of scramp's.
class Scram {
  constructor (password) {
    this.process = spawn(process.env.VOUCHMQ_INTEROP_PYTHON, [`${__dirname}/scram_client.py`, user, password],
      { stdio: ['pipe', 'pipe', 'inherit'] })
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]()
  }

  async first () { return (await this.lines.next()).value }

  async answer (challenge) {
    const [, salt, iterations] = challenge.toString().split(',')
    console.log('challenge', salt, iterations)
    this.process.stdin.write(`${challenge}\n`)
    return this.first()
  }

  // Whether the server has proved that it knows the password.
  async believe (last) {
    this.process.stdin.end(`${last}\n`)
    assert.equal((await this.lines.next()).value, 'the server knows the password, too')
  }

  leave () { this.process.kill() }
}

const authenticate = (reasonCode, text) => ({
  cmd: 'auth',
  reasonCode,
  properties: { authenticationMethod: METHOD, authenticationData: Buffer.from(text) },
})

async function echo (client) {
  const topic = `dev/${user}/echo`
  const arrived = new Promise((resolve) => client.once('message', (_, payload) => resolve(String(payload))))
  await client.subscribeAsync(topic, { qos: 1 })
  await client.publishAsync(topic, 'hello', { qos: 1 })
  assert.equal(await arrived, 'hello')
}

async function main () {
  let scram = new Scram(password)
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId: user,
    reconnectPeriod: 0,
    properties: { authenticationMethod: METHOD, authenticationData: Buffer.from(await scram.first()) },
  })
  let finished
  client.handleAuth = (packet, callback) => {
    const data = packet.properties.authenticationData
    if (packet.reasonCode === 0) {
      scram.believe(data).then(finished, callback)
      return callback()
    }
    scram.answer(data).then((text) => callback(null, authenticate(24, text)), callback)
  }
  const code = await new Promise((resolve, reject) => {
    client.once('connect', (packet) => resolve(scram.believe(packet.properties.authenticationData).then(() => 0, reject)))
    client.once('error', (error) => error.code ? resolve(error.code) : reject(error))
  })
  console.log('connack', code)
  if (code === 0) {
    await echo(client)
    scram = new Scram(second ?? password)
    const first = await scram.first()
    const outcome = await new Promise((resolve) => {
      finished = () => resolve('again')
      client.once('disconnect', (packet) => resolve(`disconnect ${packet.reasonCode}`))
      client._sendPacket(authenticate(25, first))
    })
    if (outcome === 'again') await echo(client)
    console.log(outcome)
  }
  scram.leave()
}

main().then(
  () => { clearTimeout(deadline); process.exit(0) },
  (error) => { console.error(error); process.exit(1) },
)
