"""Whether one can really log in: ready is not connectable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...deadline import Deadline
from ...errors import Mismatch, PlanLimit, ProvisioningFailed
from ...planning.credential import ConnectionString
from .connection import connect, import_driver

if TYPE_CHECKING:
    from psycopg import Connection


def log_in(
    string: ConnectionString,
    *,
    verify_certificate: bool,
    deadline: Deadline,
    sleep: Callable[[float], None],
    refused: Callable[[], object],
) -> tuple[Connection[Any], int]:
    """Logs in and asks for 1 until that works, at least once.

    Args:
        verify_certificate: whether a server that is not this machine has to show a certificate that is trusted.
        deadline: how long to go on trying.
        sleep: waits, in seconds.
        refused: is called after each login that failed, and may raise if there is no use in another.

    Returns:
        The open connection, and the number of logins it took.

    Raises:
        ProvisioningFailed: it did not work in time. The message holds the server's last words without the string.
        Mismatch: the server can't show who it is, or asks for the bare password; that does not get better.
        PlanLimit: the server says so; that does not get better, either.
    """
    import_driver()
    import psycopg  # here, since a run that does not wait should not pay 60 ms for it

    started = deadline.monotonic()
    attempt = 0
    while True:
        attempt += 1
        seconds = int(min(10.0, max(2.0, deadline.left)))
        try:
            return _asked_for_1(connect(string, seconds=seconds, verify_certificate=verify_certificate)), attempt
        except psycopg.Error as error:
            words = _last_line(str(error), string)
        _check_worth_another(words, string)
        elapsed = deadline.monotonic() - started
        pause = min(1.0, max(0.1, elapsed / 20), deadline.left)  # short at first: a cold start takes some seconds
        if not pause:
            raise ProvisioningFailed(
                f"The database can't be logged in to after {elapsed:.0f} s: {words}.",
                cause="It takes longer than usual to start, or the runner can't reach the database's port.",
                remedy=f"Raise the input timeout, check that a self-hosted runner may reach port {string.port}, or run the job again.",
            )
        sleep(pause)
        refused()


def _asked_for_1(connection: Connection[Any]) -> Connection[Any]:
    try:
        connection.execute("select 1")
    except BaseException:
        connection.close()
        raise
    return connection


def _check_worth_another(words: str, string: ConnectionString) -> None:
    """Raises if a login that failed with ``words`` would fail again."""
    if "planLimitReached" in words:
        raise PlanLimit(
            f"The database refuses logins: {words}.",
            cause="The workspace is at a limit of its plan (operations or storage), which stops its databases.",
            remedy="Look at the workspace's usage in the Prisma Console; change the plan or wait for the next period.",
        )
    if "certificate" in words or "signature" in words:
        raise Mismatch(
            f"The server at {string.host} can't show that it is the database's: {words}.",
            cause="Something between the runner and the database answers in its place, or its certificate is a private authority's.",
            remedy="Name a file with that authority's certificate in the runner's variable SSL_CERT_FILE; 'verify_certificate: false' "
            "does without the check.",
        )
    if '"scram-sha-256" failed' in words:
        raise Mismatch(
            f"The server at {string.host} doesn't ask for the password by SCRAM: {words}.",
            cause="Something between the runner and the database answers in its place. It was not given the password.",
            remedy="Check which way the runner takes to the database; Prisma Postgres asks for SCRAM.",
        )


def _last_line(message: str, string: ConnectionString) -> str:
    """The server's last words, one line, never with the secret in them."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    words = (lines[-1] if lines else "no answer")[-300:].rstrip(".")
    for secret in (string.url.get_secret_value(), string.password.get_secret_value()):
        words = words.replace(secret, "***")
    return words
