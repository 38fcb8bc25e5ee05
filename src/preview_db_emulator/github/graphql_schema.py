"""What the GraphQL stand-in knows of GitHub's published schema: its names, its types and what may be null."""

from __future__ import annotations

SCHEMA = """
scalar DateTime
scalar URI
interface Node { id: ID! }
interface Actor { login: String! avatarUrl: URI! url: URI! }
type User implements Node & Actor { id: ID! databaseId: Int login: String! avatarUrl: URI! url: URI! }
type Bot implements Node & Actor { id: ID! databaseId: Int login: String! avatarUrl: URI! url: URI! }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type IssueComment implements Node {
  id: ID! databaseId: Int author: Actor body: String! isMinimized: Boolean! minimizedReason: String url: URI!
  createdAt: DateTime! updatedAt: DateTime! viewerDidAuthor: Boolean!
}
type IssueCommentEdge { cursor: String! node: IssueComment }
type IssueCommentConnection { nodes: [IssueComment] edges: [IssueCommentEdge] pageInfo: PageInfo! totalCount: Int! }
type PullRequest implements Node {
  id: ID! databaseId: Int number: Int! title: String! state: PullRequestState! isDraft: Boolean! merged: Boolean! url: URI!
  createdAt: DateTime! updatedAt: DateTime! closedAt: DateTime mergedAt: DateTime
  headRefName: String! headRefOid: String! headRepository: Repository baseRefName: String! baseRefOid: String! baseRepository: Repository
  labels(first: Int, after: String, last: Int, before: String): LabelConnection
  comments(first: Int, after: String, last: Int, before: String): IssueCommentConnection!
}
enum PullRequestState { OPEN CLOSED MERGED }
type Label implements Node { id: ID! name: String! color: String! }
type LabelConnection { nodes: [Label] pageInfo: PageInfo! totalCount: Int! }
type Repository implements Node {
  id: ID! databaseId: Int name: String! nameWithOwner: String! url: URI! pullRequest(number: Int!): PullRequest
}
type Query { viewer: User! repository(owner: String!, name: String!, followRenames: Boolean): Repository node(id: ID!): Node }
enum ReportedContentClassifiers { SPAM ABUSE OFF_TOPIC OUTDATED DUPLICATE RESOLVED }
input AddCommentInput { subjectId: ID! body: String! clientMutationId: String }
input UpdateIssueCommentInput { id: ID! body: String! clientMutationId: String }
input DeleteIssueCommentInput { id: ID! clientMutationId: String }
input MinimizeCommentInput { subjectId: ID! classifier: ReportedContentClassifiers! clientMutationId: String }
input UnminimizeCommentInput { subjectId: ID! clientMutationId: String }
type AddCommentPayload { clientMutationId: String commentEdge: IssueCommentEdge subject: Node }
type UpdateIssueCommentPayload { clientMutationId: String issueComment: IssueComment }
type DeleteIssueCommentPayload { clientMutationId: String }
type MinimizeCommentPayload { clientMutationId: String minimizedComment: IssueComment }
type UnminimizeCommentPayload { clientMutationId: String unminimizedComment: IssueComment }
type Mutation {
  addComment(input: AddCommentInput!): AddCommentPayload
  updateIssueComment(input: UpdateIssueCommentInput!): UpdateIssueCommentPayload
  deleteIssueComment(input: DeleteIssueCommentInput!): DeleteIssueCommentPayload
  minimizeComment(input: MinimizeCommentInput!): MinimizeCommentPayload
  unminimizeComment(input: UnminimizeCommentInput!): UnminimizeCommentPayload
}
"""
