"""One JSON line per event on standard error, and nothing secret in any of them.

Secrets are taken out twice: those this process knows (the channel addresses it has read) wherever
they stand, and anything that looks like one, such as ``user:password@`` or ``?token=…``. What other
libraries log goes through the same door.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import parse_qsl, unquote, urlsplit

from engine.plain import safe_text, to_plain

LOGGER = "nvsignal"
HIDDEN = "***"
MAX_TEXT = 2_000
_LEAST_SECRET = 4
"""Shorter known secrets are not searched for: they would blank out half of every line."""

_KEYS = (
    r"api[_-]?key|access[_-]?token|auth[_-]?token|token|key|pass(?:word|wd|phrase)?|pwd|secret|sig"
    r"|signature|auth|credential"
)
_PATTERNS = (
    # scheme://user:password@host, and a bot's token standing where the user stands
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/?#'\"]*@", re.I), rf"\1{HIDDEN}@"),
    # key=value in addresses and in messages
    (re.compile(rf"\b((?:[\w-]*[_-])?(?:{_KEYS})\s*=\s*)[^&\s'\",;)]+", re.I), rf"\1{HIDDEN}"),
    # "token": "value" in JSON
    (
        re.compile(rf"([\"'](?:[\w-]*[_-])?(?:{_KEYS})[\"']\s*:\s*[\"'])[^\"']+", re.I),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            r"\b((?:authorization|x-api-key|cookie)\s*:\s*)(?:(bearer|basic|token)\s+)?\S+", re.I
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.I), rf"\1{HIDDEN}"),
)


class Redactor:
    """Takes secrets out of text. ``secrets``: those known to this process, whole or in parts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for secret in secrets for part in _parts(secret)}
        self._known = sorted((p for p in parts if len(p) >= _LEAST_SECRET), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """``text`` with every secret replaced by ``***``."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return text

    def deep(self, value: Any) -> Any:
        """``value`` as plain data with every text in it redacted and made safe."""
        plain = to_plain(value)
        if isinstance(plain, Mapping):
            return {str(self.deep(k)): self.deep(v) for k, v in plain.items()}
        if isinstance(plain, list):
            return [self.deep(v) for v in plain]
        if plain is None or isinstance(plain, bool | int | float):
            return plain
        return safe_text(self(str(plain)), limit=MAX_TEXT)


_SECRET_NAME = re.compile(r"key|token|secret|pass|pwd|credential|nvsignal_.*(db|url)|ping", re.I)
_LEAST_VALUE = 8
"""Shorter values of variables are words such as ``true``."""


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Values of variables whose names say that they are secret, and any with ``user:…@``."""
    return tuple(
        value
        for name, value in environment.items()
        if len(value) >= _LEAST_VALUE
        and not value.startswith(("/", "sqlite:"))
        and (_SECRET_NAME.search(name) or re.search(r"://[^\s/@]+@", value))
    )


def _parts(secret: str) -> set[str]:
    """An address and what in it could be a secret, as written and decoded.

    Of a mail address the password; elsewhere also long words of host and path, because that is
    where messengers keep their tokens. Names of hosts stay readable.
    """
    secret = secret.strip()
    found = {secret}
    try:
        split = urlsplit(secret)
    except ValueError:
        return found
    if not split.scheme or not split.netloc:
        return found
    user, _, host = split.netloc.rpartition("@")
    name, _, password = user.partition(":")
    found.add(password)
    found |= {v for k, v in parse_qsl(split.query) if re.search(_KEYS, k, re.I)}
    if not split.scheme.lower().startswith("mailto"):
        words = re.split(r"[/:@]", f"{name}/{host}/{split.path}")
        found |= {w for w in words if len(w) >= 8 and "." not in w}
    return {form for part in found for form in (part, unquote(part))} - {""}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: ``at``, ``level``, ``event`` and its fields."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields = getattr(record, "fields", None)
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
        }
        if fields is None:  # another library's words
            line |= {"event": "library", "logger": record.name, "message": record.getMessage()}
        else:
            line |= {"event": record.msg, **fields}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        return json.dumps(self._redact.deep(line), ensure_ascii=False)


class Log:
    """Says events. ``redact`` is also what others use before they store a message."""

    def __init__(self, logger: logging.Logger, redact: Redactor) -> None:
        self._logger, self.redact = logger, redact

    def info(self, event: str, **fields: Any) -> None:
        """Something happened as it should."""
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: Any) -> None:
        """Something went wrong that will be tried again."""
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, **fields: Any) -> None:
        """Something went wrong that somebody must look at."""
        self._logger.error(event, extra={"fields": fields})


def open_log(redact: Redactor, stream: TextIO | None = None) -> Log:
    """Write our events, and warnings of every library, to ``stream`` (standard error).

    Replaces what an earlier call has set up.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(redact))
    ours, everyone = logging.getLogger(LOGGER), logging.getLogger()
    for logger, level in ((everyone, logging.WARNING), (ours, logging.INFO)):
        for old in [h for h in logger.handlers if isinstance(h.formatter, JsonLines)]:
            logger.removeHandler(old)
        logger.setLevel(level)
        logger.addHandler(handler)
    ours.propagate = False
    return Log(ours, redact)
