"""Whether one can really log in: ready is not connectable."""

from __future__ import annotations

from collections.abc import Callable

from ...deadline import Deadline
from ...errors import PlanLimit, ProvisioningFailed
from ...planning.credential import ConnectionString


def wait_until_connectable(
    string: ConnectionString, *, deadline: Deadline, sleep: Callable[[float], None], refused: Callable[[], object]
) -> int:
    """Logs in and asks for 1 until that works, at least once.

    Args:
        deadline: how long to go on trying.
        sleep: waits, in seconds.
        refused: is called after each login that failed, and may raise if there is no use in another.

    Returns:
        The number of logins it took.

    Raises:
        ProvisioningFailed: it did not work in time. The message holds the server's last words without the string.
        PlanLimit: the server says so; that does not get better.
    """
    import psycopg  # here, since a run that does not wait should not pay 60 ms for it

    started = deadline.monotonic()
    attempt = 0
    while True:
        attempt += 1
        patience = int(min(10.0, max(2.0, deadline.left)))
        try:
            # Not by the string itself: libpq refuses one with a parameter that is another driver's, such as pgbouncer.
            with psycopg.connect(
                host=string.host,
                port=string.port,
                user=string.user,
                password=string.password.get_secret_value(),
                dbname=string.database,
                sslmode=string.sslmode,
                connect_timeout=patience,
                application_name="preview-db",
                autocommit=True,
            ) as connection:
                connection.execute("select 1")
            return attempt
        except psycopg.Error as error:
            words = _last_line(str(error), string)
        if "planLimitReached" in words:
            raise PlanLimit(
                f"The database refuses logins: {words}.",
                cause="The workspace is at a limit of its plan (operations or storage), which stops its databases.",
                remedy="Look at the workspace's usage in the Prisma Console; change the plan or wait for the next period.",
            )
        pause = min(0.25 * 2 ** min(attempt, 3), deadline.left)
        if not pause:
            raise ProvisioningFailed(
                f"The database can't be logged in to after {deadline.monotonic() - started:.0f} s: {words}.",
                cause="It takes longer than usual to start, or the runner can't reach the database's port.",
                remedy="Raise the input timeout, check that a self-hosted runner may reach port 5432, or run the job again.",
            )
        sleep(pause)
        refused()


def _last_line(message: str, string: ConnectionString) -> str:
    """The server's last words, one line, never with the secret in them."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    words = (lines[-1] if lines else "no answer")[-300:].rstrip(".")
    for secret in (string.url.get_secret_value(), string.password.get_secret_value()):
        words = words.replace(secret, "***")
    return words
