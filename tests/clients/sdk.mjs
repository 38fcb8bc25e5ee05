// The vendor's SDK of the Management API.

import { createManagementApiClient } from '@prisma/management-api-sdk'
import pg from 'pg'
import { check, same } from './check.mjs'

const api = createManagementApiClient({ baseUrl: process.env.PRISMA_MANAGEMENT_API_URL, token: process.env.PRISMA_SERVICE_TOKEN })

async function answer(call, status) {
  const { data, error, response } = await call
  if (response.status !== status) throw new Error(`${response.status}: ${JSON.stringify(error)}`)
  return data?.data
}

async function logIn(connectionString) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  same((await client.query('select 1 as one')).rows, [{ one: 1 }])
  await client.end()
}

let project, branch, database, connection
const inProject = () => ({ params: { query: { projectId: project.id } } })
const inDatabase = (more) => ({ params: { path: { databaseId: database.id }, ...more } })

await check('reads workspaces and regions', async () => {
  const [workspace] = await answer(api.GET('/v1/workspaces'), 200)
  await answer(api.GET('/v1/workspaces/{id}', { params: { path: { id: workspace.id } } }), 200)
  await answer(api.GET('/v1/me'), 200)
  for (const path of ['/v1/regions', '/v1/regions/postgres', '/v1/regions/accelerate']) await answer(api.GET(path), 200)
})
await check('creates a project and a branch', async () => {
  project = await answer(api.POST('/v1/projects', { body: { name: 'sdk', createDatabase: false } }), 201)
  const path = { projectId: project.id }
  branch = await answer(api.POST('/v1/projects/{projectId}/branches', { params: { path }, body: { gitName: 'feat/x' } }), 201)
  same(branch.role, 'preview')
  same((await answer(api.GET('/v1/projects/{projectId}/branches', { params: { path } }), 200)).length, 2)
})
await check('creates a database, a second of its logicalId is 409', async () => {
  const body = { projectId: project.id, branchId: branch.id, logicalId: 'sdk-pr-1', name: 'sdk-pr-1' }
  database = await answer(api.POST('/v1/databases', { body }), 201)
  same(database.branchId, branch.id)
  await answer(api.POST('/v1/databases', { body }), 409)
  same((await answer(api.GET('/v1/databases', inProject()), 200)).map(({ id }) => id), [database.id])
})
await check('logs in with the strings as they are, direct and pooled, certificate verified', async () => {
  connection = await answer(api.POST('/v1/connections', { body: { databaseId: database.id, name: 'app' } }), 201)
  await logIn(connection.endpoints.direct.connectionString)
  await logIn(connection.endpoints.pooled.connectionString)
})
await check('rotates and deletes a connection', async () => {
  const path = { id: connection.id }
  const rotated = await answer(api.POST('/v1/connections/{id}/rotate', { params: { path } }), 200)
  await logIn(rotated.endpoints.direct.connectionString)
  await answer(api.DELETE('/v1/connections/{id}', { params: { path } }), 204)
  await answer(api.GET('/v1/connections/{id}', { params: { path } }), 404)
})
await check('reads backups and usage', async () => {
  await answer(api.GET('/v1/databases/{databaseId}/backups', inDatabase()), 200)
  const query = { startDate: '2026-01-01', endDate: '2026-01-31' }
  const { response } = await api.GET('/v1/databases/{databaseId}/usage', inDatabase({ query }))
  same(response.status, 200)
})
await check('deletes database, branch and project', async () => {
  await answer(api.DELETE('/v1/databases/{databaseId}', inDatabase()), 204)
  await answer(api.DELETE('/v1/branches/{branchId}', { params: { path: { branchId: branch.id } } }), 204)
  await answer(api.DELETE('/v1/projects/{id}', { params: { path: { id: project.id } } }), 204)
})
