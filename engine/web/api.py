"""``/api``: what the commands print with ``--json``, for programs, behind the page's own guard."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import InputError, NvsignalError
from engine.plain import safe_text

Answering = Callable[[str, Mapping[str, str]], str]
"""(question, options) -> JSON text; raises ``NvsignalError``."""
MOST_OPTIONS = 5
MAX_ERROR_CHARS = 1_000


class Api:
    """Answers one question at a time: each may take seconds of this machine."""

    def __init__(self, answers: Answering) -> None:
        self._answers = answers
        # Whoever waits for the one before waits without a thread, which the pages need.
        self._one_at_a_time = anyio.CapacityLimiter(1)

    async def answer(self, request: Request) -> Response:
        """The JSON of the command of this name, or ``{"error": ...}`` with 400 or 503."""
        question = request.path_params["question"][:40]
        asked = {k[:40]: v[:250] for k, v in request.query_params.multi_items()[:MOST_OPTIONS]}
        try:
            text = await anyio.to_thread.run_sync(
                self._answers, question, asked, limiter=self._one_at_a_time
            )
        except NvsignalError as error:
            status = 400 if isinstance(error, InputError) else 503
            line = safe_text(" ".join(str(error).split()), limit=MAX_ERROR_CHARS)
            return _json(json.dumps({"error": line}, ensure_ascii=False) + "\n", status)
        return _json(text, 200)


def _json(text: str, status: int) -> Response:
    return Response(text, status, media_type="application/json")
