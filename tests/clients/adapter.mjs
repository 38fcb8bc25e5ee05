// @prisma/adapter-pg with the string that the emulator hands out.

import { PrismaPg } from '@prisma/adapter-pg'
import { check, same } from './check.mjs'

for (const endpoint of ['DIRECT_URL', 'POOLED_URL']) {
  await check(`queries ${endpoint === 'DIRECT_URL' ? 'the direct' : 'the pooled'} end-point, certificate verified`, async () => {
    const adapter = await new PrismaPg({ connectionString: process.env[endpoint] }).connect()
    const { rows } = await adapter.queryRaw({ sql: 'select $1::int as one', args: [1], argTypes: [] })
    same(rows, [[1]])
    await adapter.dispose()
  })
}
await check('runs a transaction', async () => {
  const adapter = await new PrismaPg({ connectionString: process.env.DIRECT_URL }).connect()
  const transaction = await adapter.startTransaction()
  await transaction.executeRaw({ sql: 'create table made_by_adapter (id int)', args: [], argTypes: [] })
  await transaction.executeRaw({ sql: 'rollback', args: [], argTypes: [] }) // Prisma's client says so itself
  await transaction.rollback()
  const { rows } = await adapter.queryRaw({ sql: "select to_regclass('made_by_adapter')::text", args: [], argTypes: [] })
  same(rows, [[null]])
  await adapter.dispose()
})
