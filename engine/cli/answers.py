"""What programs may ask, over MCP and under ``/api`` of the page: the commands' own ``--json``.

An answer is what the command prints, byte for byte, because the command makes it. Only questions
are listed here, each with the few options that it may carry: nothing is written, nothing is
fetched, and no file is named by the one who asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.cli.output import kept_output, redacted, unexpected
from engine.errors import InputError, NvsignalError, UnknownNameError
from engine.phrases import phrase

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "report": ("as_of", "strategy"),
    "explain": ("as_of", "strategy"),
    "rate": ("as_of", "models"),
    "stress": ("as_of",),
    "track": ("as_of", "strategy"),
    "events": ("as_of", "strategy", "days"),
    "holding": ("as_of",),
    "feeds": (),
}
"""Command -> what it may be asked with."""
NOW = "now"
"""Taken where no ``as_of`` is given: a report without one would poll the feeds and be recorded."""
MOST_MODELS = 2
_PRESET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\Z")


class Root(Protocol):
    """The whole command line, as typer makes it."""

    def main(self, *, args: Sequence[str], standalone_mode: bool) -> Any:
        """Run it with ``args``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The commands of ``root`` over one record and one configuration."""

    root: Root
    db: str | None = None
    config: str | None = None
    strategy: str | None = None

    def __call__(self, question: str, asked: Mapping[str, str | Sequence[str]]) -> str:
        """The JSON that the command of this name prints. Raises ``NvsignalError`` in one line."""
        if question not in QUESTIONS:
            raise UnknownNameError(phrase("question"), question, list(QUESTIONS))
        given = {name: value for name, value in asked.items() if value}
        for name in given:
            if name not in QUESTIONS[question]:
                raise UnknownNameError(phrase("option"), name, list(QUESTIONS[question]))
        if question == "holding":
            self._need_leave()
        return self._told([question, *self._options(question, given)])

    def _options(self, question: str, given: Mapping[str, str | Sequence[str]]) -> list[str]:
        told = ["--json"]
        if "as_of" in QUESTIONS[question]:
            told.append(f"--as-of={given.get('as_of', NOW)}")
        if "strategy" in QUESTIONS[question] and (named := given.get("strategy", self.strategy)):
            if "strategy" in given and not _PRESET.match(str(named)):
                raise InputError(
                    phrase("'{named}' is no name of a preset", named=str(named)[:40]),
                    remedy=phrase("name one, not a file"),
                )
            told.append(f"--strategy={named}")
        if "days" in given:
            told.append(f"--days={given['days']}")
        told += [f"--db={self.db}"] if self.db else []
        told += [f"--config={self.config}"] if self.config else []
        models = given.get("models", ())
        named_models = models.split(",") if isinstance(models, str) else list(models)
        if len(named_models) > MOST_MODELS:
            raise InputError(
                phrase("{named_models} models named", named_models=str(len(named_models))),
                remedy=phrase("name one or two"),
            )
        return [*told, "--", *(name.strip()[:120] for name in named_models)]

    def _told(self, words: list[str]) -> str:
        try:
            with kept_output() as told:
                self.root.main(args=words, standalone_mode=False)
        except NvsignalError as error:
            line = redacted(str(error))
            raise error if line == str(error) else NvsignalError(line) from None
        except Exception as error:
            said = getattr(error, "format_message", None)  # of words that the command refuses
            if said is not None:
                raise InputError(redacted(said())) from None
            raise NvsignalError(unexpected(error)) from None
        return "".join(told)

    def _need_leave(self) -> None:
        from config.settings import config_folder
        from engine.service.bind import load

        mine = load(config_folder(self.config)).holding
        if mine is None or not mine.programs_may_read:
            raise InputError(
                phrase("the holding is private"),
                remedy=phrase(
                    "set programs_may_read = true in holding.toml to let programs read it"
                ),
            )
