"""Connecting to PostgreSQL: as the connection string says, and as nothing else says.

libpq fills in what it isn't told from ``PG*`` variables and from files of the home folder. In a job those are for other programs: one
such variable sends the password to another server, others break the login in ways that look like a slow start.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from typing import TYPE_CHECKING

from ...background import start
from ...hosts import is_loopback
from ...planning.credential import ConnectionString

if TYPE_CHECKING:
    from psycopg import Connection

_NO_FILE = "/dev/null/none"
"""A path that can't exist: to libpq, an empty one stands for a file of the home folder."""


def prepare() -> None:
    """Has the driver imported in the background, which takes 60 ms: to be called before something else is waited for."""

    def run() -> None:
        with contextlib.suppress(Exception):  # whoever needs it tells it
            import_driver()

    start(threading.Thread(target=run, name="the driver", daemon=True))


def import_driver() -> None:
    """To be called where several threads may import it, before an import statement.

    If the import fails in one thread, a statement that waits for it in another goes on with half a module. This function raises there, too.
    """
    importlib.import_module("psycopg")


def connect(string: ConnectionString, *, seconds: int, verify_certificate: bool) -> Connection:
    """A connection in autocommit mode.

    The server has to ask for the password by SCRAM, which does not tell it the password. Unless it is this machine, it also has to show a
    certificate for its host from an authority that the HTTP requests trust, too: certifi's, or those of ``SSL_CERT_FILE`` or
    ``SSL_CERT_DIR``.

    Removes the ``PG*`` variables from this process's environment for good: libpq reads that by itself, and threads share it.

    Args:
        seconds: how long each address of the host may take, at least 2.
        verify_certificate: whether the certificate is looked at.

    Raises:
        psycopg.Error: it did not work.
    """
    import psycopg  # here, since a run that does not log in should not pay 60 ms for it

    for name in [name for name in os.environ if name.startswith("PG")]:
        os.environ.pop(name, None)
    verified = verify_certificate and not is_loopback(string.host)
    # Not by the string itself: libpq refuses one with a parameter that is another driver's, such as pgbouncer.
    return psycopg.connect(
        host=string.host,
        port=string.port,
        user=string.user,
        password=string.password.get_secret_value(),
        dbname=string.database,
        sslmode="verify-full" if verified else string.sslmode,
        sslrootcert=_authorities() if verified else _NO_FILE,
        sslcrl=_NO_FILE,
        sslcertmode="disable",
        gssencmode="disable",
        require_auth="scram-sha-256",
        passfile=_NO_FILE,
        connect_timeout=seconds,
        application_name="preview-db",
        autocommit=True,
        client_encoding="UTF8",
        prepare_threshold=None,  # a session that is made fresh between two scripts forgets what was prepared
    )


def _authorities() -> str:
    import certifi  # here, as above

    # To libpq, "system" is OpenSSL's choice: these variables, or a folder that exists only where OpenSSL was built.
    return "system" if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") else certifi.where()
