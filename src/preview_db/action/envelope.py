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
                name=credential.name,
                variable=variables.get(credential.name),
                connection_id=credential.connection_id,
                created_at=credential.created_at,
                direct=credential.direct.url if credential.direct else None,
                pooled=credential.pooled.url if credential.pooled else None,
            )
            for credential in result.credentials
        ),
    )


def from_envelope(content: Sealed) -> RunResult:
    """The same on the other side. Nothing is asked of the Management API: what is in the envelope was checked when it was sealed."""
    credentials = tuple(
        Credential(
            name=connection.name,
            connection_id=connection.connection_id,
            database_id=content.database_id,
            created_at=connection.created_at,
            direct=ConnectionString(url=connection.direct) if connection.direct else None,
            pooled=ConnectionString(url=connection.pooled) if connection.pooled else None,
        )
        for connection in content.connections
    )
    opened = DatabaseReference(content.database_id, content.database_name, content.project_id)
    outcome = Outcome(OutcomeKind.CONNECTED, "the sealed strings were opened")
    variables = {connection.variable: connection.name for connection in content.connections if connection.variable}
    return RunResult(outcome, credentials, variables=variables, opened=opened)
