// Alchemy's resources of Prisma Postgres. Run with examples/alchemy/redirect.mjs: the address is in its code.

import alchemy from 'alchemy'
import { Connection, Database, Project } from 'alchemy/prisma-postgres'
import pg from 'pg'
import { check, same } from './check.mjs'

const options = { phase: 'up', password: 'for secrets in the state', noTrack: true, quiet: true, adopt: true }
let connection

await check('creates project, database and connection', async () => {
  await alchemy('client', options)
  const project = await Project('project', { delete: true })
  const database = await Database('database', { project, region: 'eu-central-1' })
  connection = await Connection('connection', { database })
})
await check('logs in with the string that it builds itself', async () => {
  const client = new pg.Client({ connectionString: `${connection.connectionString.unencrypted}?sslmode=require` })
  await client.connect()
  same((await client.query('select 1 as one')).rows, [{ one: 1 }])
  await client.end()
})
await check('is given a string of the retired form, too', async () => {
  same(connection.prismaConnectionString.unencrypted.startsWith('prisma+postgres://'), true)
})
await check('destroys them again', async () => {
  const app = await alchemy('client', { ...options, phase: 'destroy' })
  await alchemy.destroy(app)
})
process.exit()
