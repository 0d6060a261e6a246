'use strict'
// Read a bank's topic of the hub and print one JSON line per event (documentation: ../../README.md).
//
//   npm ci
//   BANK_PASSWORD=… node bank-client.js --user bank.yinhe --bootstrap HOST:9092 \
//     --registry http://HOST:8082 --topic bank.yinhe.v1
//
// The password is read from the environment, for a command line can be seen by others.
//
// It stops, with nothing committed beyond what it printed, when a message cannot be decoded or the registry is
// away; started again it goes on there.

const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const { parseArgs } = require('node:util')
const avro = require('avsc')
const { Kafka, logLevel } = require('kafkajs')

const HEAD_SIZE = 5 // magic byte 0, then the schema's id in four bytes

// --- Avro ---------------------------------------------------------------------------------------------------

// Integers of 64 bits exactly: a JavaScript number holds only 53.
const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes) => bytes.readBigInt64LE(),
  toBuffer: (value) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value) => typeof value === 'bigint',
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0)
})

// Money and numbers: two's complement bytes and a scale, never a float. Here as text, '12345.6700'.
class Decimal extends avro.types.LogicalType {
  constructor (schema, options) {
    super(schema, options)
    this.scale = schema.scale || 0
  }

  _fromValue (bytes) {
    const unscaled = bytes.length ? BigInt.asIntN(bytes.length * 8, BigInt('0x' + bytes.toString('hex'))) : 0n
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(this.scale + 1, '0')
    const cut = digits.length - this.scale
    return (unscaled < 0n ? '-' : '') + digits.slice(0, cut) + (this.scale ? '.' + digits.slice(cut) : '')
  }

  _toValue () {
    return undefined // this client only reads
  }
}

// Days since 1970-01-01; as text, '2025-03-14'.
class AvroDate extends avro.types.LogicalType {
  _fromValue (days) {
    return new Date(days * 86_400_000).toISOString().slice(0, 10)
  }

  _toValue () {
    return undefined
  }
}

// Microseconds since 1970, UTC; as text, '2025-06-01T08:00:00.000000Z'.
class TimestampMicros extends avro.types.LogicalType {
  _fromValue (value) {
    const micros = BigInt(value)
    const rest = ((micros % 1000n) + 1000n) % 1000n
    const milliseconds = new Date(Number((micros - rest) / 1000n)).toISOString()
    return milliseconds.slice(0, -1) + rest.toString().padStart(3, '0') + 'Z'
  }

  _toValue () {
    return undefined
  }
}

class Decoder {
  constructor (registryUrl, ca) {
    this.url = registryUrl.replace(/\/+$/, '')
    this.tls = ca ? { ca: [fs.readFileSync(ca, 'utf8')] } : {}
    this.types = new Map()
  }

  /** Return the record type's full name and the decoded value. */
  async decode (message) {
    if (message.length < HEAD_SIZE || message[0] !== 0) throw new Error('no magic byte and schema id')
    const type = await this.type(message.readUInt32BE(1))
    return { name: type.name, value: type.fromBuffer(message.subarray(HEAD_SIZE)) }
  }

  async type (id) {
    if (!this.types.has(id)) {
      const { schema } = await this.ask(`/schemas/ids/${id}`)
      this.types.set(id, avro.Type.forSchema(JSON.parse(schema), {
        registry: { long: LONG },
        logicalTypes: { decimal: Decimal, date: AvroDate, 'timestamp-micros': TimestampMicros },
        wrapUnions: false
      }))
    }
    return this.types.get(id)
  }

  /** Return what the registry answers; fetch would take no authority of one's own. */
  ask (path) {
    const url = new URL(this.url + path)
    const { get } = url.protocol === 'https:' ? https : http
    return new Promise((resolve, reject) => {
      get(url, { ...this.tls, signal: AbortSignal.timeout(30_000) }, async (answer) => {
        try {
          if (answer.statusCode !== 200) throw new Error(`${path}: the registry answered ${answer.statusCode}`)
          resolve(JSON.parse(Buffer.concat(await answer.toArray()).toString('utf8')))
        } catch (error) {
          answer.resume()
          reject(error)
        }
      }).on('error', reject)
    })
  }
}

// --- sequences ----------------------------------------------------------------------------------------------

/**
 * The last sequence taken of each subject, kept in a file if one is named. A bank keeps this in its own database,
 * written in the same transaction as its rows: then nothing is lost or doubled on its side either.
 */
class Sequences {
  constructor (file) {
    this.file = file
    this.last = new Map(file && fs.existsSync(file) ? Object.entries(JSON.parse(fs.readFileSync(file, 'utf8'))) : [])
  }

  expected (subject) {
    return (this.last.get(subject) ?? 0) + 1
  }

  take (subject, sequence) {
    this.last.set(subject, sequence)
  }

  save () {
    if (!this.file) return
    fs.writeFileSync(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.last)))
    fs.renameSync(`${this.file}.new`, this.file)
  }
}

// --- the client ---------------------------------------------------------------------------------------------

function say (line) {
  const plain = (_key, v) => typeof v !== 'bigint' ? v : Number.isSafeInteger(Number(v)) ? Number(v) : v.toString()
  process.stdout.write(JSON.stringify(line, plain) + '\n')
}

/** Print what a message brings; return whether it was an event not seen before. */
function handle (partition, offset, { name, value }, sequences) {
  const { subject } = value
  const sequence = Number(value.sequence)
  const expected = sequences.expected(subject)
  const where = { partition, offset: Number(offset) }
  if (sequence < expected) {
    say({ kind: 'repeat', subject, sequence, ...where })
    return false
  }
  if (sequence > expected) say({ kind: 'gap', subject, expected, received: sequence, ...where })
  say({ kind: 'event', type: name, ...where, value })
  sequences.take(subject, sequence)
  return true
}

/** Return the settings by which the broker knows this bank; with a CA the connection is encrypted. */
function login ({ user, ca }) {
  return {
    ...(user && { sasl: { mechanism: 'scram-sha-512', username: user, password: process.env.BANK_PASSWORD || '' } }),
    ...(ca && { ssl: { ca: [fs.readFileSync(ca, 'utf8')] } })
  }
}

/** Whether the broker refused this user, which no repetition mends. */
function isRefusal (error) {
  const cause = error.cause ?? error
  // Of a group that is not the user's KafkaJS says no more than that nobody coordinates it.
  const refusals = ['KafkaJSSASLAuthenticationError', 'KafkaJSGroupCoordinatorNotFound']
  return refusals.includes(cause.name) || /_AUTHORIZATION_FAILED$/.test(cause.type)
}

async function run (args) {
  const decoder = new Decoder(args.registry, args.ca)
  const sequences = new Sequences(args.state)
  const kafka = new Kafka({
    clientId: args.group,
    brokers: args.bootstrap.split(','),
    logLevel: logLevel.ERROR,
    ...login(args)
  })
  const consumer = kafka.consumer({
    groupId: args.group,
    // The hub writes in transactions; with true, aborted attempts would be read as well.
    readUncommitted: false,
    maxWaitTimeInMs: 500
  })
  let taken = 0
  let ended = false
  let heard = Infinity // until partitions are assigned
  let end, fail
  const finished = new Promise((resolve, reject) => {
    end = () => { ended = true; resolve() }
    fail = (error) => { ended = true; reject(error) }
  })

  async function take ({ batch, resolveOffset, heartbeat }) {
    let next = null
    for (const message of batch.messages) {
      if (ended) break
      const event = await decoder.decode(message.value)
      taken += handle(batch.partition, message.offset, event, sequences) ? 1 : 0
      next = (BigInt(message.offset) + 1n).toString()
      resolveOffset(message.offset)
      if (taken === args.max) ended = true
    }
    if (next !== null) {
      // First what was processed, then the position: a crash in between repeats, it never skips.
      sequences.save()
      await consumer.commitOffsets([{ topic: batch.topic, partition: batch.partition, offset: next }])
    }
    await heartbeat()
    heard = Date.now()
  }

  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart || isRefusal(payload.error)) fail(payload.error)
  })
  consumer.on(consumer.events.GROUP_JOIN, () => { heard = Date.now() })
  process.once('SIGINT', () => end())
  const watch = setInterval(() => {
    if (args.idle && Date.now() - heard > args.idle * 1000) end()
  }, 100)
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [args.topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        if (ended) return
        try {
          await take(payload)
        } catch (error) {
          fail(error)
          return
        }
        if (taken === args.max) end()
      }
    })
    await finished
  } finally {
    clearInterval(watch)
    await consumer.disconnect()
  }
}

function readArguments () {
  const env = process.env
  const { values } = parseArgs({
    options: {
      bootstrap: { type: 'string', default: env.KAFKA_BOOTSTRAP },
      registry: { type: 'string', default: env.REGISTRY_URL },
      topic: { type: 'string', default: env.BANK_TOPIC },
      group: { type: 'string', default: env.BANK_GROUP }, // unset: USER.example
      user: { type: 'string', default: env.BANK_USER }, // bank.<id>
      ca: { type: 'string', default: env.BANK_CA }, // the hub's authority (PEM): connections are encrypted
      state: { type: 'string' }, // file that keeps the last sequence of each subject
      max: { type: 'string' }, // end after so many events
      idle: { type: 'string' } // end after so many seconds without a message
    }
  })
  if (!values.bootstrap || !values.registry || !values.topic) {
    throw new Error('--bootstrap, --registry and --topic are required')
  }
  const group = values.group || `${values.user || 'bank'}.example`
  return { ...values, group, max: Number(values.max) || undefined, idle: Number(values.idle) || undefined }
}

async function main () {
  await run(readArguments())
}

main().catch((error) => {
  console.error(`${isRefusal(error) ? 'refused' : 'error'}: ${error.message}`)
  process.exitCode = 1
})
