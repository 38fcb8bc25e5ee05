"""``migrate`` and ``diff``: what is done inside a preview there is, with a credential that ends with the command."""

from __future__ import annotations

import dataclasses

from ...errors import NoPreview
from ...planning import decide
from ...planning.contents import Scripts
from ...planning.fields import RequestedConnection
from ...planning.lookups import EventState
from .preview import no_preview
from .session import EVENT, Session


def run(session: Session) -> int:
    """Runs the command that was asked. 0, or an exception says what failed."""
    inputs = session.target.about()
    session = session.with_inputs(inputs.model_copy(update={"connections": (RequestedConnection(name="inside"),)}))
    if session.asked.command == "migrate":
        session = session.with_scripts()
    else:
        session = dataclasses.replace(session, scripts=Scripts(compares=True, since_created=True))
    decision = decide.decide(session.inputs, EVENT, session.target.repository, EventState())
    try:
        result = session.run(decision)
    except NoPreview as error:
        raise no_preview(error.what) from None
    session.output.result(session.without_credentials(result))
    return 0
