// octokit, reading and writing by every route there is for it.

import { Octokit } from 'octokit'
import { check, same } from './check.mjs'

const [owner, repo] = process.env.GITHUB_REPOSITORY.split('/')
const number = Number(process.env.PULL_REQUEST)
const where = { owner, repo }
const { rest, paginate, graphql } = new Octokit({ baseUrl: process.env.GITHUB_API_URL, auth: process.env.GITHUB_TOKEN })

await check('reads repository, users, branches, refs and environments', async () => {
  same((await rest.repos.get(where)).data.full_name, `${owner}/${repo}`)
  same((await rest.users.getByUsername({ username: 'octocat' })).data.login, 'octocat')
  const [branch] = await paginate(rest.repos.listBranches, where)
  same((await rest.repos.getBranch({ ...where, branch: branch.name })).data.name, branch.name)
  same((await rest.git.getRef({ ...where, ref: `heads/${branch.name}` })).data.ref, `refs/heads/${branch.name}`)
  await rest.git.listMatchingRefs({ ...where, ref: 'heads/' })
  await rest.repos.getAllEnvironments(where)
  await rest.repos.getCollaboratorPermissionLevel({ ...where, username: 'octocat' })
  await rest.rateLimit.get()
})
await check('reads pull requests and labels', async () => {
  same((await rest.pulls.get({ ...where, pull_number: number })).data.number, number)
  same((await paginate(rest.pulls.list, { ...where, state: 'all', per_page: 1 })).some((pull) => pull.number === number), true)
  same((await rest.issues.get({ ...where, issue_number: number })).data.number, number)
  same((await rest.issues.listLabelsOnIssue({ ...where, issue_number: number })).data.map(({ name }) => name), ['preview'])
})
await check('writes, edits, pages and deletes comments, with reactions', async () => {
  const { data: comment } = await rest.issues.createComment({ ...where, issue_number: number, body: 'first' })
  await rest.issues.createComment({ ...where, issue_number: number, body: 'second' })
  await rest.issues.updateComment({ ...where, comment_id: comment.id, body: 'edited' })
  same((await rest.issues.getComment({ ...where, comment_id: comment.id })).data.body, 'edited')
  same((await paginate(rest.issues.listComments, { ...where, issue_number: number, per_page: 1 })).length, 2)
  const { data: reaction } = await rest.reactions.createForIssueComment({ ...where, comment_id: comment.id, content: 'eyes' })
  same((await rest.reactions.listForIssueComment({ ...where, comment_id: comment.id })).data.length, 1)
  await rest.reactions.deleteForIssueComment({ ...where, comment_id: comment.id, reaction_id: reaction.id })
  await rest.issues.deleteComment({ ...where, comment_id: comment.id })
})
await check('deploys, says how it went, and takes the deployment away', async () => {
  const deployed = { ...where, ref: 'main', environment: 'client', required_contexts: [], auto_merge: false }
  const { data: deployment } = await rest.repos.createDeployment(deployed)
  const which = { ...where, deployment_id: deployment.id }
  await rest.repos.createDeploymentStatus({ ...which, state: 'success' })
  await rest.repos.createDeploymentStatus({ ...which, state: 'inactive' })
  same((await rest.repos.listDeploymentStatuses(which)).data.length, 2)
  same((await rest.repos.getDeployment(which)).data.id, deployment.id)
  same((await rest.repos.listDeployments({ ...where, environment: 'client' })).data.length, 1)
  await rest.repos.deleteDeployment(which)
})
await check('asks by GraphQL', async () => {
  const asked = `query ($owner: String!, $repo: String!, $number: Int!) {
    viewer { login }
    repository(owner: $owner, name: $repo) { pullRequest(number: $number) { comments(first: 10) { nodes { body } } } }
  }`
  const { repository } = await graphql(asked, { ...where, number })
  same(repository.pullRequest.comments.nodes.map(({ body }) => body), ['second'])
})
