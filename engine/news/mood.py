"""In which mood a headline speaks, before anybody asks what about.

Only a *fact* and a *rumour* weigh. A *proposal* of those who cannot decide it, a *comment*
(question, opinion, reaction, list, satire, a known measure named in a price report), a look at the
*past*, a *denial* and a *correction* tell something, but nothing that happened anew: denials and
corrections close the story that they speak of (``engine.news.stories``), the others are left out.
By rule, from the words of ``data/words.toml``, and with the words that decided.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.news.reading import Reading, column_of, places
from engine.values import WEIGHING, Mood


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodReading:
    """A mood and the words of the headline that decided it, "" where none did (a plain fact)."""

    mood: Mood
    cue: str = ""

    @property
    def weighs(self) -> bool:
        """Whether an event told so may move a score."""
        return self.mood in WEIGHING


_QUESTION = re.compile(r"[?？]\s*[\"'”’»)]*\s*$")
_COMMENT_PREFIX = re.compile(
    r"\s*(?:ANALYSIS|EXPLAINER|FACTBOX|BREAKINGVIEWS|COLUMN|COMMENTARY|OPINION|TIMELINE|PREVIEW"
    r"|LIVE MARKETS|MORNING BID|ANALYSE|DÉCRYPTAGE|TRIBUNE|Analysis|Explainer|Factbox|Opinion"
    r"|Column|Commentary|Analyse)\s*[-–—:|]"
)
_LIST = re.compile(
    r"\s*(?:the\s+)?(?:top\s+)?\d{1,2}\s+(?:\S+\s+){0,4}?(?:stocks?|reasons?|things|ways|charts?"
    r"|shares|etfs?|picks|companies|names|raisons|actions|valeurs)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"^\s*(?:in|en)\s+(?:19|20)[012]\d\b|\b(?:back in|depuis|since)\s+(?:19|20)[012]\d\b"
    r"|\b(?:in|en|of)\s+(?:19|20)[012]\d\s*[:,]",
    re.IGNORECASE,
)
"""A year that opens a headline or stands before its colon; "to spend so much in 2025" is a plan."""
_NOMINAL = re.compile(
    r"(?:curbs?|restrictions?|bans?|limits?|controls?|blacklist|crackdown|embargo|sanctions?|caps?"
    r"|interdictions?|limites|contr[oô]les?|rules?|licen[cs]es?|approvals?|clampdown|relief)\Z"
)
_POLICY = (
    "restrict",
    "relax",
    "-restrict",
    "-relax",
    "~restrict",
    "~relax",
    "shun",
    "~shun",
    "-rule",
)
_MEASURE = (*_POLICY, "rule", "licence", "-licence", "entity_list", "diffusion", "-diffusion")
_GOVERNMENTS = ("us_gov", "cn_gov", "other_gov", "regulator", "customs")
_REACTED = ("mood_reaction", "analyst", "opinion")
_ENQUIRY = ("probe", "~probe", "-probe")
_CUES = (
    "mood_correction", "mood_past", "mood_comment", "mood_opener", "mood_denial", "mood_proposal",
    "congress", "mood_enacted", "mood_talk", "mood_act", *_REACTED,
)  # fmt: skip
"""The concepts of which the place is asked."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """Numbers of the columns that moods look at."""

    at: Mapping[str, int]
    cues: frozenset[int]
    governments: frozenset[int]
    measures: frozenset[int]
    policy: frozenset[int]
    enquiry: frozenset[int]


@functools.cache
def _codes() -> _Codes:
    at = column_of()
    policy, measures, enquiry = (
        frozenset(at[name] for name in names) for names in (_POLICY, _MEASURE, _ENQUIRY)
    )
    cues, governments = (frozenset(at[name] for name in names) for names in (_CUES, _GOVERNMENTS))
    return _Codes(dict(at), cues, governments, measures, policy, enquiry)


def told(reading: Reading, *, measures: bool = True) -> MoodReading:
    """The mood of ``reading``, with its cue.

    measures: whether a measure that is named may be only named, asked for or reacted to; not where
    a headline is about a budget ("halts data centre leases, analysts say").
    """
    text, codes = reading.text, _codes()
    said = frozenset(reading.columns)
    found = _found(reading, codes.cues)

    def cue(*names: str) -> str | None:
        if not found:
            return None
        places_of = next((found[codes.at[n]] for n in names if codes.at[n] in found), None)
        return None if places_of is None else _words(reading, *places_of)

    if (words := cue("mood_correction")) is not None:
        return MoodReading(mood=Mood.CORRECTION, cue=words)
    if (words := cue("mood_past") or _year(text)) is not None:
        return MoodReading(mood=Mood.PAST, cue=words)
    if (words := _comments(text) or cue("mood_comment") or _opener(reading, found)) is not None:
        return MoodReading(mood=Mood.COMMENT, cue=words)
    if (words := cue("mood_denial")) is not None:
        return MoodReading(mood=Mood.DENIAL, cue=words)
    if measures and said & codes.measures:
        if (words := cue("mood_proposal", "congress")) and _undecided(said, found, codes):
            return MoodReading(mood=Mood.PROPOSAL, cue=words)
        talks = _company_talks(reading, said, found, codes) and not _orders(reading)
        talk = cue("mood_talk") if talks else None
        reacts = not _acts(reading, found, codes) and cue(*_REACTED)
        if (words := reacts or talk or _echo(reading, codes)) is not None:
            return MoodReading(mood=Mood.COMMENT, cue=words)
    if (words := hedge(reading)) is not None:
        return MoodReading(mood=Mood.RUMOUR, cue=words)
    return MoodReading(mood=Mood.FACT)


def _found(reading: Reading, wanted: frozenset[int]) -> dict[int, tuple[int, int]]:
    """The first place, as (first word, last + 1), of each concept of ``wanted``."""
    found: dict[int, tuple[int, int]] = {}
    for first, last, code in reading.hits:
        if code in wanted:
            found.setdefault(code, (first, last))
    return found


def _words(reading: Reading, first: int, last: int) -> str:
    spots = places(reading)
    return reading.text[spots[first][0] : spots[last - 1][1]]


def _cut(match: re.Match[str] | None) -> str | None:
    return None if match is None else match.group().strip()


def _year(text: str) -> str | None:
    """A year that has passed, with the word before it; most headlines name none."""
    return _cut(_YEAR.search(text)) if "20" in text or "19" in text else None


def _comments(text: str) -> str | None:
    """A question, a wire's mark of comment, or a list of shares and reasons."""
    asks = _QUESTION.search(text) if "?" in text or "？" in text else None
    return _cut(asks or _COMMENT_PREFIX.match(text) or _LIST.match(text))


def _opener(reading: Reading, found: Mapping[int, tuple[int, int]]) -> str | None:
    """A word such as *why* or *could* at the very start."""
    place = found.get(_codes().at["mood_opener"])
    return _words(reading, *place) if place is not None and place[0] == 0 else None


def _undecided(said: frozenset[int], found: Mapping[int, tuple[int, int]], codes: _Codes) -> bool:
    """Is what is asked for still open, by others than the government that decides, and no enquiry
    (to ask is to act, there)?"""
    at = codes.at
    decides = said & {at["first_us"], at["first_china"]} and at["congress"] not in said
    return at["mood_enacted"] not in found and not said & codes.enquiry and not decides


def _company_talks(
    reading: Reading,
    said: frozenset[int],
    found: Mapping[int, tuple[int, int]],
    codes: _Codes,
) -> bool:
    """Does a company speak of measures without saying that anything was done to it?

    Not where it is said to do something, nor where a government says it ("..., Commerce says").
    """
    at = codes.at
    leads = said & {at["first_nvidia"], at["first_us_lab"], at["first_rival"], at["first_hyper"]}
    talk = found.get(at["mood_talk"])
    if not leads or talk is None or at["mood_act"] in found:
        return False
    first, last = talk
    return reading.words[last : last + 1] != ("to",) and not any(
        b == first and code in codes.governments for _, b, code in reading.hits
    )


_BY_WHOM = frozenset("of by d par".split())


_IDIOMS = frozenset("door brakes".split())


def _acts(reading: Reading, found: Mapping[int, tuple[int, int]], codes: _Codes) -> bool:
    """Is the word of reaction a reason ("over fears of") or a step ("slams the door", Nvidia
    "accused of ...", "accuses Nvidia")?"""
    place = found.get(codes.at["mood_reaction"])
    if place is None:
        return False
    if _behind(reading, place[1]) or not _IDIOMS.isdisjoint(reading.words[place[1] : place[1] + 2]):
        return True
    if not reading.words[place[0]].startswith("accus"):
        return False
    nvidia, last = codes.at["nvidia"], place[1]
    passive = not _BY_WHOM.isdisjoint(reading.words[last : last + 1])
    return (passive and codes.at["first_nvidia"] in reading.columns) or any(
        a == last and code == nvidia for a, _, code in reading.hits
    )


_ORDER = re.compile(r"(?:tells?|told|asks?|asked|orders?|ordered|instructs?|instructed|demande)\Z")


def _orders(reading: Reading) -> bool:
    """Does a company tell others to do something ("tells suppliers to stop")? That is no talk."""
    words = reading.words
    return any(
        _ORDER.match(word) and ("to" in words[i + 1 : i + 8] or "de" in words[i + 1 : i + 8])
        for i, word in enumerate(words)
    )


def _echo(reading: Reading, codes: _Codes) -> str | None:
    """The measure if it is only named, behind *after* or *amid* or as a noun, and nothing is done.

    "Nvidia ends lower after US export curbs" tells of a step that is known; "after US bars H20
    sales" tells the step itself.
    """
    named = None
    for (first, last, code), how in zip(reading.hits, reading.turned, strict=True):
        if code not in codes.policy or how in ("background", "conceded"):
            continue  # the main clause tells something else
        if how == "" and not _NOMINAL.match(reading.words[first]):
            return None
        if how in ("removed", "negated", "kept"):
            return None
        if _behind(reading, first):
            named = named or _words(reading, first, last)
        else:
            return None
    return named


def only_named(reading: Reading) -> str | None:
    """The measure or enquiry, if every one that is named is known already: anything behind *amid*
    or *despite*, a noun behind *after*, or what a headline opens with ("With …, China hardens …").

    For a headline taken for a step of policy: then it tells none, whatever else it tells.
    """
    codes, named = _codes(), None
    opening = _opening(reading)
    for first, last, code in reading.hits:
        if code in codes.measures or code in codes.enquiry:
            known = last <= opening or _behind(reading, first, _AMID)
            noun = _NOMINAL.match(reading.words[last - 1]) and _behind(reading, first)
            if not (known or noun):
                return None
            named = named or _words(reading, first, last)
    return named


_AMID = frozenset("amid amidst despite malgre".split())


def _opening(reading: Reading) -> int:
    """How many words stand before the comma of a headline that opens with *with*, else 0."""
    comma = reading.text.find(",")
    if comma < 0 or reading.words[:1] not in (("with",), ("avec",)):
        return 0
    return sum(start < comma for start, _ in places(reading))


def _behind(reading: Reading, word: int, among: frozenset[str] = frozenset()) -> bool:
    """Does a word that opens background (one of ``among``, if given) stand before ``word``?"""
    background = _codes().at["background"]
    return any(
        code == background and last <= word and (not among or reading.words[first] in among)
        for first, last, code in reading.hits
    )


_BEFORE_MONTH = frozenset("in since until till by from of mid early late last this next on".split())


def _is_month(reading: Reading, word: int) -> bool:
    """Is this *may* the month ("in May", "May 15")?"""
    words = reading.words
    before = words[word - 1] if word else ""
    after = words[word + 1] if word + 1 < len(words) else ""
    return words[word] == "may" and (before in _BEFORE_MONTH or after[:1].isdigit())


def hedge(reading: Reading) -> str | None:
    """A word of doubt that stands by itself, else None: the sources of "open-sources" are none."""
    doubt = _codes().at["consider"]
    if not any(hit[2] == doubt for hit in reading.hits):
        return None
    spans = [(first, last) for first, last, code in reading.hits if code != doubt]
    for first, last, code in reading.hits:
        if (
            code == doubt
            and not _is_month(reading, first)
            and not any(a <= first and last <= b and b - a > last - first for a, b in spans)
        ):
            return _words(reading, first, last)
    return None
