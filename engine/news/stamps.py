"""Dates as publishers write them, read at the door.

* ``parse_stamp`` reads the two legal forms, with an explicit offset, and nothing that leaves doubt:
  for interfaces, whose figures are dated by it;
* ``read_stamp`` reads what people write in feeds too (no offset, no hour, the month in another
  language, a 12-hour clock) and says whether it is exact: for headlines, which are known when we
  saw them whatever they claim, and which would be lost without any date.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

FUTURE_TOLERANCE = timedelta(hours=1)
"""A publisher's clock may run ahead of ours by this much; beyond it the stamp is refused."""

_OLDEST_STAMP = datetime(1995, 1, 1, tzinfo=UTC)  # before this no feed existed: a parsing accident

_RFC822 = re.compile(
    r"(?:[^\W\d_]{2,10}\.?,?\s+)?(\d{1,2})[ -]([^\W\d_]{3,10})\.?[ -](\d{4}|\d{2})\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s+([+-]\d{2}:?\d{2}|(?:GMT|UTC)[+-]\d{1,2}|[A-Z]{1,4})"
    r"(?:\s+\([^()]{0,40}\))?\Z"
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s?"
    r"([Zz]|[+-]\d{2}:?\d{2})\Z"
)
# By their first letters, without accents: English, and French where it differs.
_MONTHS = {
    "jan": 1, "feb": 2, "fev": 2, "mar": 3, "apr": 4, "avr": 4, "may": 5, "mai": 5, "jun": 6,
    "juin": 6, "jul": 7, "juil": 7, "aug": 8, "aou": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
# Further languages of Europe, for dates that are not exact anyway.
_MORE_MONTHS = {
    "okt": 10, "dez": 12, "ene": 1, "abr": 4, "ago": 8, "set": 9, "dic": 12, "gen": 1, "mag": 5,
    "giu": 6, "lug": 7, "ott": 10, "out": 10, "mrt": 3, "mei": 5,
}  # fmt: skip
# The zone names RFC 822 section 5.1 defines, in hours, and those of the tz database that name one
# offset only. CST is the American one unless the feed is Chinese; IST and others are refused.
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "HKT": 8, "SGT": 8, "JST": 9, "KST": 9,
}  # fmt: skip
_ZONES_BY_LANGUAGE = {("CST", "zh"): 8}
_LONDON = ZoneInfo("Europe/London")


def parse_stamp(text: str, *, lang: str = "") -> datetime | None:
    """The UTC instant of an RFC 822 or ISO 8601 stamp, None when there is any doubt.

    A year of two digits is read as RFC 2822 section 4.3 says; months may be French; a comment may
    follow. lang: the language of the source, which tells zones of one name apart. A stamp without
    an offset, with an impossible day, a bare number or an unknown zone name is None: guessing would
    move news in time, which is worse than not having the date.
    """
    text = text.strip()
    if len(text) > 64:
        return None
    if match := _ISO.match(text):
        year, month, day, hour, minute, second, zone = match.groups()
        number: int | None = int(month)
    elif match := _RFC822.match(text):
        day, name, year, hour, minute, second, zone = match.groups()
        number = _month(name)
    else:
        return None
    if number is None:
        return None
    try:
        local = datetime(
            _full_year(year), number, int(day), int(hour), int(minute),
            min(int(second or 0), 59), tzinfo=UTC,
        )  # fmt: skip
        offset = _offset(zone, local, lang)
        if offset is None:
            return None
        stamp = local.replace(tzinfo=offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return stamp if stamp >= _OLDEST_STAMP else None


@lru_cache(maxsize=256)
def _month(name: str) -> int | None:
    plain = _plain(name)
    return _MONTHS.get(plain[:4]) or _MONTHS.get(plain[:3])


def _plain(name: str) -> str:
    """``name`` in lower case, without accents."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _full_year(year: str) -> int:
    number = int(year)
    return number if len(year) == 4 else number + (2000 if number < 50 else 1900)


def _offset(zone: str, local: datetime, lang: str) -> timezone | None:
    if zone[:3] in ("GMT", "UTC") and len(zone) > 3:  # GMT+8
        zone = f"{zone[3]}{zone[4:]:0>2}00"
    if zone[0] in "+-":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        if minutes > 14 * 60:
            return None
        return (
            UTC if not minutes else timezone(timedelta(minutes=minutes * (1, -1)[zone[0] == "-"]))
        )
    if zone == "BST":  # Bangladesh has the name too: British only while London keeps summer time
        summer = local.replace(tzinfo=_LONDON).utcoffset() == timedelta(hours=1)
        return timezone(timedelta(hours=1)) if summer else None
    name = zone.upper()
    hours = _ZONES_BY_LANGUAGE.get((name, lang[:2].lower()), _ZONES.get(name))
    if hours is None:
        return None
    return UTC if hours == 0 else timezone(timedelta(hours=hours))


def is_future(stamp: datetime, seen_at: datetime) -> bool:
    """Whether a claimed stamp lies further ahead of ``seen_at`` than a wrong clock explains."""
    return stamp - seen_at > FUTURE_TOLERANCE


# --- what people write ----------------------------------------------------------------------


class Stamp(NamedTuple):
    """A claimed instant in UTC; ``exact`` is False where the offset or the hour was not told."""

    at: datetime
    exact: bool


MAX_ZONE = timedelta(hours=14)
"""The furthest zone from UTC: an instant read without its offset is off by no more."""

_ZONES_OF_LANGUAGES = {
    "zh": "Asia/Shanghai", "ja": "Asia/Tokyo", "ko": "Asia/Seoul", "fr": "Europe/Paris",
    "de": "Europe/Berlin", "it": "Europe/Rome", "es": "Europe/Madrid", "nl": "Europe/Amsterdam",
}  # fmt: skip
_CHINESE = str.maketrans(
    {"年": "-", "月": "-", "日": " ", "时": ":", "時": ":", "分": ":", "秒": " "}
)
_HALF_DAYS = {"上午": "am", "下午": "pm", "晚上": "pm", "오전": "am", "오후": "pm"}
_WORD = r"([^\W\d_]{3,10})"
_SUFFIX = r"(?:st|nd|rd|th|er|\.|º)?"
_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})[-/.] ?(?P<m>\d{1,2})[-/.] ?(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?=T\d{4}|\D|\Z)"),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}}){_SUFFIX}[ -](?:de )?(?P<n>{_WORD})[.,]?"
               r"[ -](?:de )?(?P<y>\d{4}|\d{2})(?![\d:])"),
    re.compile(rf"(?P<n>{_WORD})[.]? (?P<d>\d{{1,2}}){_SUFFIX},? (?P<y>\d{{4}})(?!\d)"),
    re.compile(rf"(?P<n>{_WORD}) +(?P<d>\d{{1,2}}) (?=\d{{1,2}}:\d\d).*(?P<y>(?<=\s)\d{{4}})\Z"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})[/.](?P<m>\d{1,2})[/.](?P<y>\d{4})(?!\d)"),
)  # fmt: skip
_TIME = re.compile(
    r"(?:(?<=T)|(?<![\d:+-]))(?P<h>\d{1,2})[:h] ?(?P<i>\d{2})(?:[:m](?P<s>\d{2})(?:[.,]\d+)?)?"
    r"(?:[:\s]*(?P<half>[ap])\.?m\.?(?!\w))?(?!\d)", re.I
)  # fmt: skip
_COMPACT_TIME = re.compile(r"T(?P<h>\d{2})(?P<i>\d{2})(?P<s>\d{2})?(?P<half>)(?!\d)")
_SHIFT = re.compile(
    r"(?:GMT|UTC|Z)?\s*([+-])(\d{1,2})(?::?(\d{2}))?(?![\d:])|([+-])(\d)(\d{2})(?!\d)"
)
_COMMENT = re.compile(r"\([^()]{0,60}\)?|\[[^][]{0,60}\]?")
_MAX_WORDS = 6


def read_stamp(text: str, *, lang: str = "") -> Stamp | None:
    """The instant of a date as people write it; None when there is no day in it.

    Without an offset the hour is that of the language's home (UTC for English and the rest, as
    feedparser reads it); without an hour it is the day's first. 28/11/2026 is a day, 03/04/2026 is
    one except in English, where it may be either.
    """
    text = text.strip()
    sure = parse_stamp(text, lang=lang)
    if sure is not None:
        return Stamp(sure, exact=True)
    if len(text) > 100:
        return None
    text = " ".join(_in_latin(text).split())
    try:
        found = _loose(text, lang)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and found.at >= _OLDEST_STAMP else None


def _in_latin(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    for word, half in _HALF_DAYS.items():
        if word in text:
            text = re.sub(rf"{word}\s*(\d{{1,2}}[:时時]\d{{2}}(?::\d{{2}})?)", rf"\1 {half}", text)
    return text.translate(_CHINESE)


def _loose(text: str, lang: str) -> Stamp | None:
    day = _day(text, lang)
    if day is None:
        return None
    on, rest = day
    hours = _TIME.search(rest) or _COMPACT_TIME.search(rest)
    if hours is None:
        return None if _has_digits(rest) else Stamp(_home(on, lang), exact=False)
    local = on + _into_the_day(hours)
    rest = f"{rest[: hours.start()]} {rest[hours.end() :]}"
    offset, rest = _shift(rest, local, lang)
    if _has_digits(rest) or len(rest.split()) > _MAX_WORDS:
        return None
    if offset is None:
        return Stamp(_home(local, lang), exact=False)
    return Stamp(local.replace(tzinfo=offset).astimezone(UTC), exact=True)


def _day(text: str, lang: str) -> tuple[datetime, str] | None:
    """(the day at 0:00 in no zone yet, the text around it)."""
    for pattern in _DATES:
        found = pattern.search(text)
        if found is None:
            continue
        parts = found.groupdict()
        month = _any_month(parts["n"]) if "n" in parts else int(parts["m"])
        if month is None:
            continue
        day = int(parts["d"])
        if pattern is _DATES[-1] and (lang[:2] in ("en", "") or month > 12):
            if month <= 12 and day <= 12 and month != day:
                return None
            day, month = (month, day) if month > 12 else (day, month)
        on = datetime(_full_year(parts["y"]), month, day, tzinfo=UTC)
        if pattern is _DATES[4]:  # the hour stands between day and year
            return on, text[found.end("d") : found.start("y")]
        return on, f"{text[: found.start()]} {text[found.end() :]}"
    return None


def _any_month(name: str) -> int | None:
    return _month(name) or _MORE_MONTHS.get(_plain(name)[:3])


def _into_the_day(found: re.Match[str]) -> timedelta:
    hour, minute, second = int(found["h"]), int(found["i"]), int(found["s"] or 0)
    half = (found["half"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no hour of a day")
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59))


def _shift(rest: str, local: datetime, lang: str) -> tuple[tzinfo | None, str]:
    """(the offset that is told, None where there is none; what remains of the text)."""
    rest = _COMMENT.sub(" ", rest)
    found = _SHIFT.search(rest)
    if found is not None:
        sign, hours, minutes = (g for g in found.groups() if g) if found[4] else found.groups()[:3]
        shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
        rest = f"{rest[: found.start()]} {rest[found.end() :]}"
        if shift > MAX_ZONE:
            return None, rest
        return timezone(shift if sign == "+" else -shift), rest
    for word in re.findall(r"\b[A-Z]{1,5}\b", rest):
        named = _offset(word, local, lang)
        if named is not None:
            return named, rest
    return None, rest


def _has_digits(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _home(local: datetime, lang: str) -> datetime:
    name = _ZONES_OF_LANGUAGES.get(lang[:2].lower())
    return local.replace(tzinfo=ZoneInfo(name)).astimezone(UTC) if name else local
