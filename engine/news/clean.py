"""Outside text made safe at the door: cleaned, bounded, and given one identity.

Everything that came over the network passes here before it becomes an ``Item``:

* **text** has no markup, no control, bidirectional or invisible characters, is NFC-normalised,
  single-spaced and cut to a bound; ``clean_text(clean_text(x)) == clean_text(x)``;
* **URLs** are http(s) only, without tracking parameters, fragment, credentials or default port;
* **identity** is the SHA-256 of the canonical URL, or of (source, title, day) where there is none.
  A publisher's ``guid`` is never trusted alone: readers report that guids change their form;
* **a changed text under the same identity is a new version**, told by ``text_hash``.

Dates are read in ``stamps``. All functions are pure. Bounds are those of ``engine.values``.
"""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import nh3

from engine.values import MAX_BODY_CHARS, MAX_TITLE_CHARS, Item

MAX_URL_CHARS = 2_000
"""Longer addresses are no address: no publisher needs one and every exit would carry it."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Control characters that nobody means: windows-1252 taken for Latin-1, as browsers know it too.
_C1 = {n: bytes((n,)).decode("cp1252", "ignore") for n in range(0x80, 0xA0)}
_TAG = re.compile(r"<[a-zA-Z/!?]")
_BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|ul|ol|tr|td|th|h[1-6]|table|blockquote|section|article|hr|dd|dt)\b)",
    re.I,
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
"""Marks of XML that somebody escaped: left in, the whole text would go as a comment."""
_STRIP_ROUNDS = 4  # text escaped more often than this is no longer prose


def clean_text(text: str, *, limit: int = MAX_BODY_CHARS) -> str:
    """``text`` as plain single-spaced prose of at most ``limit`` characters.

    Markup goes (with the content of script and style), character references are resolved, also
    where the publisher escaped twice; what is cut ends in an ellipsis.
    """
    if len(text) > 4 * limit:  # markup rarely outweighs the prose by more; bounds the work below
        text = text[: 4 * limit]
    if "<" in text or "&" in text:
        text = _without_markup(text)
    text = " ".join(_visible(text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_title(text: str) -> str:
    """``clean_text`` with the bound of a title."""
    return clean_text(text, limit=MAX_TITLE_CHARS)


def _visible(text: str) -> str:
    """NFC without control, bidirectional or invisible characters; line breaks stay for now."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _UNSAFE.sub("", text.translate(_C1)))


def _without_markup(text: str) -> str:
    """Repeats until nothing changes: escapes may hide markup, invisible characters may split it."""
    for _ in range(_STRIP_ROUNDS):
        before = text = _CDATA.sub(" ", _visible(text))
        if _TAG.search(text):
            text = nh3.clean(_BLOCK.sub(" <", text), tags=set())
        text = html.unescape(text)
        if text == before:
            return text
    return text if "<" not in text and "&" not in text else re.sub("[<>&]", " ", text)


def without_publisher(title: str, publisher: str = "") -> str:
    """``title`` without the " - Publisher" that news aggregators append.

    With ``publisher`` given only that name is cut; otherwise whatever short text follows the last
    " - ", which is how Google News writes every headline.
    """
    head, dash, tail = title.rpartition(" - ")
    if not dash or not head.strip():
        return title
    if publisher:
        return head.rstrip() if tail.casefold() == publisher.casefold() else title
    return head.rstrip() if len(tail) <= 60 else title


# --- addresses ------------------------------------------------------------------------------

_TRACKING = re.compile(
    r"(?:utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|yclid|igshid|mc_[ce]id|"
    r"_hs(?:enc|mi)|mkt_tok|vero_id|oly_(?:enc|anon)_id|cmpid|cmp|ncid|ref_src|ref_url|guccounter|"
    r"guce_.*|soc_(?:src|trk)|\.?tsrc|yptr|partner|smid|sref|ito|at_(?:medium|campaign)|xtor|"
    r"taid|__twitter_impression|spm|share_token|source_id)\Z",
    re.I,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BAD_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# Most addresses: nothing to encode, no port, no credentials. A tenth of the cost of the full way.
_PLAIN_URL = re.compile(
    r"(https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+/[A-Za-z0-9_~./-]*)"
    r"(?:\?([A-Za-z0-9_~.=&-]*))?(?:#[A-Za-z0-9_.=-]*)?\Z"
)


def canonical_url(url: str) -> str:
    """One spelling of an address; "" when it is not a usable http(s) address.

    Lower-case scheme and host (punycode), no credentials, default port, fragment or tracking
    parameter; the other parameters sorted; path and query percent-encoded once.
    """
    url = url.strip()
    if len(url) > MAX_URL_CHARS:
        return ""
    if plain := _PLAIN_URL.match(url):
        return _joined(plain[1], _canonical_query(plain[2] or ""))
    if _BAD_IN_URL.search(url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii").lower().rstrip(".")
    except (ValueError, UnicodeError):
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host or not _UNSAFE_HOST.isdisjoint(host):
        return ""
    where = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        where += f":{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return _joined(f"{scheme}://{where}{path}", _canonical_query(parts.query))


def _joined(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address


_UNSAFE_HOST = frozenset("<>\"'`{}|^ ")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    if _PLAIN_QUERY.match(query):
        split = [part.partition("=") for part in query.split("&") if part]
        pairs = [(name, value) for name, _, value in split]
    else:
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    kept = sorted(pair for pair in pairs if not _TRACKING.match(pair[0]))
    return urlencode(kept) if kept else ""


_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_~.=&-]*\Z")  # splitting by hand gives what parse_qsl would


# --- identity -------------------------------------------------------------------------------


def text_hash(title: str, summary: str) -> str:
    """Digest of what the reader sees; a new one under a known identity is a new version."""
    return sha256(f"{title}\x1f{summary}".encode()).hexdigest()


def make_item(
    *,
    source: str,
    title: str,
    url: str,
    known_at: datetime,
    published_at: datetime | None,
    summary: str = "",
    lang: str = "en",
    publisher: str | None = None,
) -> Item | None:
    """An ``Item`` from raw outside text, None when nothing readable is left of it.

    publisher: None leaves the title alone; a name (or "" when unknown) cuts " - Publisher".
    An entry without a title takes the start of its summary.
    """
    heading, body = clean_title(title), clean_text(summary) if summary else ""
    if publisher is not None:
        heading = without_publisher(heading, clean_title(publisher))
    heading = heading or clean_text(body, limit=120)
    if not heading:
        return None
    return Item(
        source=source,
        title=heading,
        url=canonical_url(url),
        known_at=known_at,
        published_at=published_at,
        summary=body,
        lang=lang,
        body_hash=text_hash(heading, body),
    )
