// Tries to write into a topic with what a bank logs in with, as its guide's client does; prints what the broker says.
const fs = require('node:fs')
const { parseArgs } = require('node:util')
const { Kafka, logLevel } = require('kafkajs')

const names = ['bootstrap', 'registry', 'topic', 'user', 'ca']
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) })
const kafka = new Kafka({
  brokers: [values.bootstrap],
  logLevel: logLevel.NOTHING,
  retry: { retries: 0 },
  sasl: { mechanism: 'scram-sha-512', username: values.user, password: process.env.BANK_PASSWORD },
  ...(values.ca && { ssl: { ca: [fs.readFileSync(values.ca, 'utf8')] } })
})

async function main () {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic: values.topic, messages: [{ value: 'forged' }] })
    console.log('taken')
  } finally {
    await producer.disconnect()
  }
}

main().catch((error) => {
  console.error(`refused: ${error.message}`)
  process.exitCode = 1
})
