"""The comments of many pull requests, in many repositories, brought up to date as far as the token may write there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...background import AT_ONCE, SideBySide
from ...log import Sink
from ...planning.organisation import Correction
from ...planning.repositories import Listed
from .errors import GitHubFailed, MayNot
from .repository import GitHubRepository


def correct(
    repository: Callable[[Listed], GitHubRepository], corrections: Sequence[Correction], sink: Sink, scrub: Callable[[str], str]
) -> None:
    """Edits those that are there, and makes none. That it fails is worth a warning; a token that may only read is not tried again.

    Args:
        repository: one of the server's.
        scrub: takes secrets out of a text.
    """
    refused: list[MayNot] = []

    def tell(correction: Correction) -> None:
        if refused:
            return
        try:
            of = repository(correction.repository)
            told = of.tell(correction.pull_request, marker=correction.marker, body=scrub(correction.body), only_edit=True)
        except MayNot as error:
            refused.append(error)
        except GitHubFailed as error:
            sink.warning(error.title, str(error))
        else:
            if told != "absent":
                sink.info(f"Comment on {correction.repository.full_name}#{correction.pull_request}: {told}")

    with SideBySide(tell, corrections, at_once=AT_ONCE) as under_way:
        for _ in under_way:
            pass
    if refused:
        sink.info(f"Comments on pull requests are left as they are: {refused[0].what} It takes 'pull-requests: write'.")
