"""Readings made by hand: words with the concepts that they say, whatever the lexicon holds.

``line("meta=hyper raises=raise capex, after=background nvidia=nvidia")`` is a headline of five
words and four matches with a comma before *after*. ``_`` joins words of one match
(``white_house=us_gov``), ``+`` concepts of one word, and what operators did stands behind a slash
(``curbs=restrict/removed``).
"""

from __future__ import annotations

import re

from engine.news.reading import Reading, column_of

_TOKEN = re.compile(
    r"(?P<word>[^=/]+?)(?:=(?P<codes>[^/]+?))?(?:/(?P<how>[a-z]+))?(?P<mark>[,:;?!]*)"
)


def line(text: str, *, also: str = "", glossed: bool = False) -> Reading:
    """The reading of ``text``; ``also``: columns that are said besides (``first_us``)."""
    at = column_of()
    words: list[str] = []
    shown: list[str] = []
    hits: list[tuple[int, int, int]] = []
    turned: list[str] = []
    said: list[int] = []
    for token in text.split():
        parts = _TOKEN.fullmatch(token)
        assert parts is not None, token
        here = parts["word"].split("_")
        for code in (parts["codes"] or "").split("+"):
            if code:
                how = parts["how"] or ""
                hits.append((len(words), len(words) + len(here), at[code]))
                turned.append(how)
                if how not in ("background", "conceded"):
                    said.append(at[{"removed": "-", "negated": "~"}.get(how, "") + code])
        words += here
        shown.append(" ".join(here) + parts["mark"])
    said += [at[name] for name in also.split()]
    whole = " ".join(shown)
    places: list[tuple[int, int]] = []
    for word in words:
        start = whole.index(word, places[-1][1] if places else 0)
        places.append((start, start + len(word)))
    return Reading(
        text=whole,
        words=tuple(words),
        hits=tuple(hits),
        turned=tuple(turned),
        columns=tuple(dict.fromkeys(said)),
        glossed=tuple(places) if glossed else (),
    )
