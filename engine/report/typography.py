"""The one door for outside text, and the spaces and apostrophes of good print.

``clean`` takes everything out of a text that could act instead of being read: escape sequences,
bidirectional overrides, invisible characters, line breaks. ``safe_url`` lets a link through only
when it is plain http or https. ``print_french`` and ``print_english`` dress *our own* sentences.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

NARROW = "\u202f"
"""Narrow no-break space: before ; : ! ? % and inside « » in French."""

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI … final byte, such as colours
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\Z)"  # OSC, DCS … up to the string terminator
    r"|\x1b.?|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")  # French outside text keeps its no-break spaces
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK = re.compile(  # letters and marks that show nothing: fillers, joiners, variation selectors
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_MARKS = re.compile("([\u0300-\u036f]{2})[\u0300-\u036f]+")
_OPENING = re.compile(r"(?<![^\s(→])'(?=[\w{-])")
"""An apostrophe that begins a word that is quoted."""
_MAX_URL = 2_000
_BAD_IN_URL = re.compile(r"[\s\x00-\x20\x7f-\xa0\"'<>\\^`{|}\[\]]")


def clean(text: str, *, limit: int = 600) -> str:
    """``text`` on one line, NFC, without control, format or private characters, cut at ``limit``.

    Terminal escape sequences go as a whole, so that no "[31m" litter stays behind.
    """
    flat = _SPACES.sub(" ", _BLANK.sub("", _ESCAPES.sub("", text[: 20 * limit])))
    kept = "".join(c for c in flat if unicodedata.category(c) not in _INVISIBLE)
    tidy = _MARKS.sub(r"\1", unicodedata.normalize("NFC", kept)).strip()
    return tidy if len(tidy) <= limit else tidy[: limit - 1].rstrip() + "…"


def safe_url(url: str) -> str:
    """``url`` when it is an absolute http(s) link without tricks, else the empty string."""
    if len(url) > _MAX_URL or _BAD_IN_URL.search(url) or clean(url, limit=_MAX_URL) != url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    plain = parts.scheme in ("http", "https") and host and "@" not in parts.netloc
    return url if plain else ""


def host_of(url: str) -> str:
    """The host a reader would recognise, without ``www.``; empty for an unsafe link."""
    host = urlsplit(safe_url(url)).hostname or ""
    return host.removeprefix("www.")


def print_french(template: str) -> str:
    """French spacing: narrow no-break spaces around ; : ! ? % € and « »; curly apostrophes."""
    spaced = re.sub(r" (?=[;:!?%»€])", NARROW, template)
    spaced = re.sub(r"(?<=«) ", NARROW, spaced)
    return spaced.replace("'", "’")


def print_english(template: str) -> str:
    """Curly apostrophes and single quotation marks; no space before a per cent sign."""
    return re.sub(r"(?<=\d) %", "%", _OPENING.sub("‘", template).replace("'", "’"))
