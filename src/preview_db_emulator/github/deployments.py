"""GitHub's deployments and their statuses, as far as a job's token may touch them."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..prisma.bodies import read_object
from .pages import Rejected, not_found, page, unprocessable
from .repository import DEFAULT_BRANCH, Deployment, DeploymentStatus, Environment, Repository
from .serializers import Serializer

Json = dict[str, Any]
STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
LENGTH_OF_SHA = 40
DEFAULTS: Json = {
    "task": "deploy",
    "environment": "production",
    "description": None,
    "payload": {},
    "transient_environment": False,
}


class Deployments:
    """One method an operation, on the one repository there is."""

    def __init__(self, repository: Repository, serializer: Serializer) -> None:
        self._repository = repository
        self._serializer = serializer

    async def list(self, request: Request) -> Response:
        filters = {name: request.query_params[name] for name in ("ref", "task", "environment") if name in request.query_params}
        sha = request.query_params.get("sha")
        found = [
            deployment
            for _, deployment in self._repository.deployments.newest_first()
            if sha in (None, deployment.sha) and filters.items() <= deployment.fields.items()
        ]
        return page(request, self._url(), found, self._deployment)

    async def create(self, request: Request) -> Response:
        body = await read_object(request)
        ref = body.get("ref")
        if not isinstance(ref, str):
            unprocessable("ref is missing", resource="Deployment", field="ref")
        sha = self._repository.resolve(ref)
        if sha is None:
            raise HTTPException(422, f"No ref found for: {ref}")
        fields: Json = {name: body.get(name, default) for name, default in DEFAULTS.items()}
        environment = fields["environment"]
        if not isinstance(environment, str):
            unprocessable("environment is not a string", resource="Deployment", field="environment")
        fields["production_environment"] = body.get("production_environment", environment == "production")
        self._check_contexts(ref, body.get("required_contexts"))
        if body.get("auto_merge", True) and self._is_behind(ref):
            return JSONResponse({"message": f"Auto-merged {DEFAULT_BRANCH} into {ref} on deployment."}, 202)
        now = self._repository.now()
        if self._repository.environments.get(environment) is None:
            self._repository.environments.put(Environment(self._repository.next_id(), environment, now))
        deployment = Deployment(self._repository.next_id(), sha, now, now, {"ref": ref, **fields})
        return JSONResponse(self._deployment(self._repository.deployments.put(deployment)), 201)

    async def get(self, request: Request) -> Response:
        return JSONResponse(self._deployment(self._known(request)))

    async def delete(self, request: Request) -> Response:
        deployment = self._known(request)
        statuses = self._repository.statuses_of(deployment.id)
        active = not statuses or statuses[0].fields["state"] == "success"
        environment = deployment.fields["environment"]
        alone = sum(other.fields["environment"] == environment for other in self._repository.deployments) == 1
        if active and not alone:
            raise HTTPException(422, "We cannot delete an active deployment unless it is the only deployment in a given environment.")
        for status in statuses:
            self._repository.statuses.remove(status.key)
        self._repository.deployments.remove(deployment.key)
        return Response(status_code=204)

    async def list_statuses(self, request: Request) -> Response:
        deployment = self._known(request)
        address = f"{self._url()}/{deployment.id}/statuses"
        return page(request, address, self._repository.statuses_of(deployment.id), self._status)

    async def create_status(self, request: Request) -> Response:
        deployment = self._known(request)
        body = await read_object(request)
        if body.get("state") not in STATES:
            unprocessable(f"state is not one of {', '.join(STATES)}", resource="DeploymentStatus", field="state")
        texts = ("description", "environment_url", "log_url", "target_url")
        fields = {
            "state": body["state"],
            "environment": body.get("environment", deployment.fields["environment"]),
            **{name: body.get(name, "") for name in texts},
        }
        if fields["state"] == "success" and body.get("auto_inactive", True):
            self._end_others(deployment, fields["environment"])
        return JSONResponse(self._status(self._add_status(deployment, fields)), 201)

    def _add_status(self, deployment: Deployment, fields: Json) -> DeploymentStatus:
        status = DeploymentStatus(self._repository.next_id(), deployment.id, self._repository.now(), fields)
        return self._repository.statuses.put(status)

    def _end_others(self, deployment: Deployment, environment: str) -> None:
        """Make inactive what was successfully deployed to the environment before, unless it is transient or production."""
        for other in self._repository.deployments:
            if other.id == deployment.id or other.fields["transient_environment"] or other.fields["production_environment"]:
                continue
            statuses = self._repository.statuses_of(other.id)
            if other.fields["environment"] == environment and statuses and statuses[0].fields["state"] == "success":
                self._add_status(other, {**statuses[0].fields, "state": "inactive"})

    def _check_contexts(self, ref: str, required: Any) -> None:
        """Without a list of their own all checks count, and the one of the job that asks is not over yet. Raises HTTPException 409."""
        names = ["preview"] if required is None else required
        if names:
            contexts = [{"context": name, "state": "pending"} for name in names]
            error = {"resource": "Deployment", "field": "required_contexts", "code": "invalid", "contexts": contexts}
            raise Rejected(409, f"Conflict: Commit status checks failed for {ref}.", error)

    def _is_behind(self, ref: str) -> bool:
        """Whether GitHub would merge the default branch into it first: there is no history here, so any other branch counts as behind."""
        name = ref.removeprefix("refs/heads/")
        return name != DEFAULT_BRANCH and len(name) != LENGTH_OF_SHA and not name.startswith("refs/")

    async def list_environments(self, _: Request) -> Response:
        """The job's token may not delete one."""
        shown = [self._serializer.environment(environment) for environment in self._repository.environments]
        return JSONResponse({"total_count": len(shown), "environments": shown})

    def _known(self, request: Request) -> Deployment:
        return self._repository.deployments.get(str(request.path_params["deployment"])) or not_found()

    def _url(self) -> str:
        return f"{self._serializer.url}/deployments"

    def _deployment(self, deployment: Deployment) -> Json:
        url = f"{self._url()}/{deployment.id}"
        return {
            "url": url,
            "id": deployment.id,
            "node_id": f"DE_{deployment.id}",
            "sha": deployment.sha,
            **deployment.fields,
            "original_environment": deployment.fields["environment"],
            "creator": self._serializer.token_account(),
            "created_at": deployment.created_at,
            "updated_at": deployment.updated_at,
            "statuses_url": f"{url}/statuses",
            "repository_url": self._serializer.url,
            "performed_via_github_app": None,
        }

    def _status(self, status: DeploymentStatus) -> Json:
        deployment_url = f"{self._url()}/{status.deployment}"
        return {
            "url": f"{deployment_url}/statuses/{status.id}",
            "id": status.id,
            "node_id": f"DES_{status.id}",
            **status.fields,
            "creator": self._serializer.token_account(),
            "created_at": status.created_at,
            "updated_at": status.created_at,
            "deployment_url": deployment_url,
            "repository_url": self._serializer.url,
            "performed_via_github_app": None,
        }
