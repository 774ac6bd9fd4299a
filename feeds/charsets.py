"""Any charset that feeds are written in, to UTF-8.

Publishers declare what their tools once wrote, not what they send now: GB 2312 for GBK, ISO-8859-1
for UTF-8, UTF-8 for whatever the database held. What the bytes themselves say comes first::

    byte-order mark > valid UTF-8 > the declaration > the HTTP header > a guess

A label stands for the larger set that browsers read under it (https://encoding.spec.whatwg.org/).
A few damaged bytes cost these characters, not the document.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_BOM = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"),
                (b"<\x00r\x00", "utf-16-le"), (b"\x00<\x00r", "utf-16-be"))  # fmt: skip
# Supersets, by the WHATWG's table of labels; "big5hkscs" is its Big5.
_READ_AS = {
    "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252",
    "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-9": "cp1254", "tis-620": "cp874",
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "windows-31j": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ksc5601": "cp949",
}  # fmt: skip
_KNOWN = re.compile(
    r"(?:utf-?8|windows-(?:874|125[0-8])|cp(?:437|850|866|874|932|949|950|125[0-8])|"
    r"iso-?8859-(?:[1-9]|1[013-6])|koi8-[ru]|mac(?:-?cyrillic|intosh|roman)|gb18030|big5hkscs|"
    r"euc-?jp|iso-2022-jp)\Z"
)
"""Labels of text: none of the codecs that run, unpack or hide something (UTF-7 is one)."""

_GUESSED = ["gb18030", "big5", "cp932", "cp949", "euc_jp", "cp1251", "koi8_r", "cp1253", "cp1255",
            "cp1256", "cp874"]  # fmt: skip
_GUESS_BYTES = 64 * 1024
_RUN = re.compile(rb"[\x80-\xff]{4,}")
"""Western text has its accents one by one; four such bytes together are another script."""

_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,200}?(\s+encoding\s*=\s*[\"']([^\"'>]{1,40})[\"'])")
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.I)
_MAX_DAMAGED = 0.02
"""Share of characters that may be damaged before a declared charset is not believed."""

_SURE_CHARACTERS = 8
"""So many beyond ASCII are no valid UTF-8 by chance (a pair of bytes of GB 2312: 0.13)."""


def to_utf8(body: bytes, content_type: str = "") -> bytes:
    """``body`` as UTF-8 without byte-order mark, and without a declaration that says otherwise.

    content_type: the HTTP header of that name, "" when unknown; it is asked after the document.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _declared_nothing(body[len(mark) :].decode(name, "replace"))
    for start, name in _WITHOUT_BOM:
        if body.startswith(start):
            return _declared_nothing(body.decode(name, "replace"))
    declared = _declared(body)
    if declared in ("", "utf-8", "utf8") and _is_utf8(body):
        return body
    return _declared_nothing(_text(body, declared, _http_charset(content_type)))


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _declared(body: bytes) -> str:
    head = body[:400].decode("latin-1")
    found = _DECLARATION.match(head)
    return found[2].strip().lower() if found else ""


def _http_charset(content_type: str) -> str:
    found = _HTTP_CHARSET.search(content_type[:200])
    return found[1].lower() if found else ""


def _declared_nothing(text: str) -> bytes:
    found = _DECLARATION.match(text[:400])
    if found:
        text = text[: found.start(1)] + text[found.end(1) :]
    return text.encode("utf-8", "replace")


def _text(body: bytes, declared: str, http: str) -> str:
    names = [name for name in (_codec(declared), _codec(http)) if name]
    if _is_utf8(body) and (not names or _is_surely_utf8(body, names[0])):
        return body.decode()
    other_script = _is_of_another_script(body)
    for name in names:
        if name == "cp1252" and other_script:
            continue
        text = body.decode(name, "replace")
        if text.count("\ufffd") <= _MAX_DAMAGED * _n_beyond_ascii(text):
            return text
    if _is_mostly_utf8(body):
        return _mixed(body)
    return _guessed(body) if other_script else body.decode("cp1252", "replace")


def _codec(label: str) -> str:
    """The Python codec that reads ``label``; "" when it is none we read."""
    name = _READ_AS.get(label, label)
    return name if _KNOWN.match(name) else ""


def _n_beyond_ascii(text: str) -> int:
    return sum(not c.isascii() for c in text)


def _is_surely_utf8(body: bytes, declared: str) -> bool:
    """Whether valid UTF-8 beats the declaration: always where a byte is a character."""
    if declared.startswith(("utf", "cp125", "iso", "koi8", "mac")):
        return True
    return _n_beyond_ascii(body.decode()) >= _SURE_CHARACTERS


def _is_of_another_script(body: bytes) -> bool:
    beyond = sum(map(len, re.findall(rb"[\x80-\xff]+", body[:_GUESS_BYTES])))
    return 2 * sum(map(len, _RUN.findall(body[:_GUESS_BYTES]))) > beyond


def _is_mostly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    return 4 * damaged <= _n_beyond_ascii(text)


def _mixed(body: bytes) -> str:
    """UTF-8 in which single bytes are of windows-1252: a database that changed its charset."""
    text = body.decode("utf-8", "surrogateescape")
    return re.sub(
        "[\udc80-\udcff]", lambda m: bytes((ord(m[0]) - 0xDC00,)).decode("cp1252", "replace"), text
    )


def _guessed(body: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(body[:_GUESS_BYTES], cp_isolation=_GUESSED).best()
    return body.decode(found.encoding if found else "cp1252", "replace")
