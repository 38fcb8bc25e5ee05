"""PyGithub, reading by every route there is for it."""

from __future__ import annotations

from collections.abc import Iterator

import github

from .stage import Attempt, Stage, attempt, expect


def attempts(stage: Stage) -> Iterator[Attempt]:
    ready = stage.emulator.addresses
    client = github.Github(
        base_url=ready["github_api_url"],
        auth=github.Auth.Token(ready["github_token"]),
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    repository = client.get_repo(ready["repository"])

    def repository_and_refs() -> None:
        expect(repository.id, ready["repository_id"])
        expect(client.get_repo(ready["repository_id"]).full_name, ready["repository"])
        expect(client.get_user("octocat").login, "octocat")
        (branch, *_) = repository.get_branches()
        expect(repository.get_branch(branch.name).commit.sha, branch.commit.sha)
        expect(repository.get_git_ref(f"heads/{branch.name}").object.sha, branch.commit.sha)
        expect([ref.ref for ref in repository.get_git_matching_refs(f"heads/{branch.name}")], [f"refs/heads/{branch.name}"])
        repository.get_collaborator_permission("octocat")
        expect(client.get_rate_limit().rate.limit, 1000)

    def pull_requests() -> None:
        pull = repository.get_pull(stage.number)
        assert stage.number in [found.number for found in repository.get_pulls(state="all")]
        expect([label.name for label in repository.get_issue(stage.number).get_labels()], ["preview"])
        comment = pull.create_issue_comment("by PyGithub")
        comment.edit("edited by PyGithub")
        expect(pull.get_issue_comment(comment.id).body, "edited by PyGithub")
        expect(comment.create_reaction("eyes").id, comment.get_reactions()[0].id)
        comment.delete()

    def deployments() -> None:
        deployment = repository.create_deployment("main", environment="pygithub", required_contexts=[], auto_merge=False)
        deployment.create_status("success")
        deployment.create_status("inactive")
        expect([found.state for found in deployment.get_statuses()], ["inactive", "success"])
        expect([found.id for found in repository.get_deployments(environment="pygithub")], [deployment.id])
        assert "pygithub" in [found.name for found in repository.get_environments()]
        repository.requester.requestJsonAndCheck("DELETE", deployment.url)

    yield attempt("reads repository, users, branches, refs and limits", repository_and_refs)
    yield attempt("reads pull requests and labels; writes, edits and deletes comments, with reactions", pull_requests)
    yield attempt("deploys, says how it went, reads environments, and takes the deployment away", deployments)
