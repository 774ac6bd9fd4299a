"""A section of the report, said once: its data, its words, its blocks.

A section is one file in ``engine/report/sections`` with a class like this; it is found by being
there, and appears in every form and language::

    >>> from engine.report.blocks import Block, Line, Lines
    >>> from engine.report.labels import N_
    >>> from engine.report.section import Section
    >>> class Gates(Section):
    ...     name, order, title = "gates", 55, N_("Access to China")
    ...     def blocks(self, report, voice):
    ...         gates = report.parts.get(self.name)
    ...         if gates is None:
    ...             return ()
    ...         share = voice.number(gates, "share0")
    ...         return (Lines(lines=(Line(label=voice.say("Open"), value=share),)),)

What it needs beyond the report's own fields it takes from the record in ``gather``; what it calls
identifiers stands in ``labels``; what programs read in ``data``. To see it: ``nvsignal report``.
French: ``python -m engine.report.catalogue`` adds its sentences to the catalogue and names what is
not translated yet.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from engine.report.labels import LABELS

if TYPE_CHECKING:
    from engine.report.blocks import Block
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report


class Section:
    """One section. Subclasses set the names and write ``blocks``; the rest may stay as it is.

    name: stable, of lower-case letters; order: place in the report, ascending; title: English, in
    ``N_`` for translation, empty for none. private: for the owner's terminal and page alone; in no
    mail, push, JSON or Markdown.
    """

    name: ClassVar[str] = ""
    order: ClassVar[int] = 500
    title: ClassVar[str] = ""
    private: ClassVar[bool] = False
    labels: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def gather(self, inputs: Inputs) -> Any:
        """What this section needs of the record, as a frozen value; kept in ``Report.parts``."""
        return None

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """What a reader sees; nothing at all leaves the section out."""
        raise NotImplementedError

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """What programs read: keys of the report's JSON. ``voice`` is English.

        Unless a section says otherwise: its gathered value under its own name, or its blocks.
        """
        found = report.parts.get(self.name)
        return {self.name: list(self.blocks(report, voice)) if found is None else found}

    def voice(self, voice: Speaker) -> Speaker:
        """``voice`` that knows this section's own labels too."""
        return replace(voice, labels={**LABELS, **self.labels}) if self.labels else voice


@lru_cache(maxsize=1)
def sections() -> tuple[Section, ...]:
    """Every section of ``engine/report/sections``, in reading order."""
    folder = importlib.import_module("engine.report.sections")
    found = []
    for module in pkgutil.iter_modules(folder.__path__):
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        found += [
            kind()
            for _name, kind in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(kind, Section) and kind.__module__ == loaded.__name__
        ]
    return tuple(sorted(found, key=lambda section: (section.order, section.name)))


def public_sections() -> tuple[Section, ...]:
    """``sections`` without what is for the owner's eyes alone."""
    return tuple(section for section in sections() if not section.private)
