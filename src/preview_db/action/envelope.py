"""What one job hands to another: a run's connection strings into an envelope, and out of it as if the other job had made them. Pure."""

from __future__ import annotations

from ..planning.credential import ConnectionString, Credential
from ..planning.model import DatabaseReference, Endpoint
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from .seal import Sealed, SealedConnection


def to_envelope(result: RunResult, endpoint: Endpoint) -> Sealed:
    """What another job needs of ``result``, which has at least one credential."""
    database = result.database
    if database is None:
        raise AssertionError("credentials are sealed with the database they are of")
    variables = {name: variable for variable, name in result.variables.items()}
    return Sealed(
        database_id=database.id,
        database_name=database.name,
        project_id=database.project_id,
        endpoint=endpoint,
        connections=tuple(
            SealedConnection(
                name=one.name,
                variable=variables.get(one.name),
                connection_id=one.connection_id,
                created_at=one.created_at,
                direct=one.direct.url if one.direct else None,
                pooled=one.pooled.url if one.pooled else None,
            )
            for one in result.credentials
        ),
    )


def from_envelope(content: Sealed) -> RunResult:
    """The same on the other side. Nothing is asked of the Management API: what is in the envelope was checked when it was sealed."""
    credentials = tuple(
        Credential(
            name=one.name,
            connection_id=one.connection_id,
            database_id=content.database_id,
            created_at=one.created_at,
            direct=ConnectionString(url=one.direct) if one.direct else None,
            pooled=ConnectionString(url=one.pooled) if one.pooled else None,
        )
        for one in content.connections
    )
    opened = DatabaseReference(content.database_id, content.database_name, content.project_id)
    outcome = Outcome(OutcomeKind.CONNECTED, "the sealed strings were opened")
    variables = {one.variable: one.name for one in content.connections if one.variable}
    return RunResult(outcome, credentials, variables=variables, opened=opened)
