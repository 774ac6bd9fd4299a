"""One item as a telling: its words, what it names, who owns the voice, and what it was taken for.

Identity is by words, not by address: feeds re-issue one article under new addresses and dates, and
publishers reprint an agency's text. ``words`` names the folded title without wire prefixes
(``UPDATE 2-``, ``EXCLUSIVE:``) and credits (``- Reuters``); ``plain`` the same without figures, so
that an update with a corrected sum is still the same report.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.news import reading as readings
from engine.news import rules
from engine.news.owners import Grade, owner_of, without_credit
from engine.news.taxonomy import IRRELEVANT
from engine.record.content import item_id
from engine.values import WEIGHING, Direction, Item, Mood, Stage

if TYPE_CHECKING:
    from engine.news.classify import Classification

MAX_KEY_CHARS = 16
"""Hex digits kept of a digest of words: 64 bits, no clash among a million tellings."""

REFUTING = frozenset({Mood.DENIAL, Mood.CORRECTION})
"""Moods that end what they speak of, and move nothing of their own."""

_PREFIX = re.compile(
    r"(?:(?:update|wrapup|refile|rpt|repeat|corrected|correction|exclusive|breaking|alert|urgent|"
    r"flash|analysis|factbox|market chatter|watch|just in|retracted|withdrawn)"
    r"(?:[ -]?\d+)?(?:-reuters)?\s*[-:|–—]\s*)+"
)
_CREDIT = re.compile(
    r"(?:[,–—-]\s?(?:(?:sources?|officials?|people) say|[\w .']{2,30}(?: news)? (?:reports?|says))|"
    r"\s[–—-]\s[^–—-]{2,40}|\s\([^)]{2,40}\))\s*\Z"
)
_COUNTRY = re.compile(r"\bu\.\s?s\.(?:a\.)?")
_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+(?:[.,]\d+)*[^\W_{_HAN}]*|%")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:bn|mln|m|b|k)?\Z|%\Z|billions?\Z|bln\Z|millions?\Z")
_WITHDRAWN = re.compile(
    r"\A(?:retract(?:ed|ion)|withdrawn|withdraws?)\b|"
    r"\b(?:retracts?|withdraws?|pulls|deletes|kills|takes down) (?:its |the |a |an |this )?"
    r"(?:\w+ ){0,2}(?:story|report|article|alert|headline|announcement)\b|"
    r"\b(?:report|story|headline|alert|article)s? (?:\w+ ){0,8}"
    r"(?:is|was|are|were) (?:false|wrong|untrue|inaccurate|incorrect|fake|baseless|a hoax)\b|"
    r"\b(?:calls?|says?) (?:\w+ ){0,2}(?:reports?|story|stories) (?:\w+ ){0,6}"
    r"(?:false|wrong|untrue|inaccurate|incorrect|fake|baseless)\b|"
    r"\b(?:dement|démenti)\b"
)
"""Words by which a report is taken back; what a mood of denial or correction says besides."""

_CORRECTED = re.compile(r"correct(?:ed|ion)s?(?:\s\d+)?\s*[-:|–—]|rectificatif\b")

_CHIP = re.compile(
    r"(?:[abhr]\d{2,3}[a-z]?|gb\d{3}|h20|h800|a800|l20|l40s?|b30a|910[a-d]|920|950\w*|mi\d{3}x?|"
    r"rtx|blackwell|rubin|hopper|ascend|diffusion|hbm\d?e?|eda|duv|euv|siyuan|kunlun|hanguang)\Z"
)
_PLACES = {
    "uae": "uae", "emirates": "uae", "emirati": "uae", "abu": "uae", "dhabi": "uae", "g42": "uae",
    "saudi": "saudi", "saudis": "saudi", "humain": "saudi", "riyadh": "saudi",
    "malaysia": "malaysia", "malaysian": "malaysia", "singapore": "singapore",
    "thailand": "thailand", "india": "india", "russia": "russia",
}  # fmt: skip
_GENERIC = frozenset("puce puces gpu nvidia nvidias cuda".split())
_DESIGNATOR = re.compile(r"(?=[^\W\d_]*\d)(?=.*[^\W\d_])[^\W_]+(?:\.\d+)?\Z")
_SIZE = re.compile(r"\d[\d.,]*(?:bn|mln|tn|m|b|k|t|x|nm|st|nd|rd|th|s|q)\Z|q[1-4]\Z|fy\d+\Z|\dq\Z")
_NAMED = frozenset(
    "nv_chip nv_china_chip cn_model cn_model_plain us_model rival_chip model_version "
    "diffusion".split()
)
_STOP = frozenset(
    "a an and as at by de des du en et for from her his in is it its la le les of on or over par "
    "pour sur the their this to un une with says said sources source reuters bloomberg "
    "report".split()
)


@dataclass(frozen=True, kw_only=True)
class ToldItem:
    """An item, what it was taken for, and everything that decides which story it belongs to.

    tells: read, our business, sure enough, and in a mood that moves something. unread: abstained,
    so that nothing follows from what it does not say.
    """

    item: Item
    telling: Telling
    tells: bool = True
    unread: bool = False

    @staticmethod
    def of(item: Item, label: Classification) -> ToldItem:
        """An item as just classified."""
        telling = _telling(item, label)
        tells = label.relevant and not label.abstained and telling.mood in WEIGHING
        if telling.mood in REFUTING and not label.relevant and telling.objects:
            telling = replace(telling, event_type="other")
        return ToldItem(
            item=item, telling=telling, tells=tells, unread=label.abstained or label.unread
        )

    @property
    def refutes(self) -> bool:
        """A denial, a correction or a report taken back, about something that is our business."""
        return self.telling.mood in REFUTING and self.telling.event_type != IRRELEVANT

    @cached_property
    def reading(self) -> readings.Reading:
        """What the lexicon sees."""
        return readings.read(self.item.title)

    @cached_property
    def content(self) -> frozenset[str]:
        """Words that say something."""
        return frozenset(tokens(self.item.title)) - _STOP

    @cached_property
    def names(self) -> frozenset[str]:
        """Models and chips named: words of letters and digits, and named entries of the lexicon."""
        words = self.reading.words
        named = {w for w in words if _DESIGNATOR.match(w) and not _SIZE.match(w)}
        for first, last, code in self.reading.hits:
            if readings.columns()[code] in _NAMED:
                named.update(w for w in words[first:last] if w not in _GENERIC and len(w) > 1)
        return frozenset(w.rstrip("s") for w in named if not _NUMBER.match(w))

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Figures of the title, French and English spellings alike."""
        words = tokens(self.item.title)
        return frozenset(number(t) for t in words if re.match(r"\d+(?:[.,]\d+)*\Z", t))

    @cached_property
    def companies(self) -> frozenset[str]:
        """Companies named."""
        return rules.companies(self.reading)

    @cached_property
    def verbs(self) -> frozenset[str]:
        """Concepts the headline ends up saying."""
        return frozenset(readings.columns()[c] for c in self.reading.columns)


def _telling(item: Item, label: Classification) -> Telling:
    words, owner, mood = tokens(item.title), owner_of(item), mood_of(label, item.title)
    said = (
        (mood, *words) if mood in REFUTING else words
    )  # "RETRACTED: …" repeats what it takes back
    return Telling(
        item_id=item_id(item),
        words=key_of(said),
        plain=key_of(t for t in words if not _NUMBER.match(t)),
        owner=owner.name,
        grade=owner.grade,
        event_type=label.event_type,
        direction=label.direction,
        actor=label.actor,
        stage=label.stage,
        mood=mood,
        confidence=round(label.confidence, 4),
        objects=tuple(sorted(objects(words))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is kept of an item in its story. ``words`` and ``plain`` are digests."""

    item_id: str
    words: str
    plain: str
    owner: str
    grade: Grade
    event_type: str
    direction: Direction
    actor: str
    stage: Stage
    mood: Mood
    confidence: float
    objects: tuple[str, ...] = ()

    def encode(self) -> str:
        """As one JSON list."""
        fields = [getattr(self, name) for name in _TELLING_FIELDS]
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def decode(text: str) -> Telling:
        """The telling of ``encode``; ``ValueError`` when it is none."""
        values: dict[str, Any] = dict(zip(_TELLING_FIELDS, json.loads(text), strict=True))
        values["stage"], values["mood"] = Stage(values["stage"]), Mood(values["mood"])
        values["objects"] = tuple(values["objects"])
        return Telling(**values)


_TELLING_FIELDS = tuple(Telling.__dataclass_fields__)


def tokens(title: str) -> tuple[str, ...]:
    """Words of a title, folded, without wire prefixes and credits."""
    text = unicodedata.normalize("NFKC", title).casefold().replace("’", "'").strip()
    text = text[m.end() :] if (m := _PREFIX.match(text)) and m.end() < len(text) else text
    text = _COUNTRY.sub("us", without_credit(text))
    bare = _CREDIT.sub("", text)
    return tuple(_WORD.findall(bare if len(bare) >= len(text) // 2 else text))


def key_of(words: Iterable[str]) -> str:
    """Digest of words in their order."""
    return sha256("\x1f".join(words).encode()).hexdigest()[:MAX_KEY_CHARS]


def objects(words: tuple[str, ...]) -> frozenset[str]:
    """What a step is about: chips, countries and documents named; empty when none is."""
    found = {w for w in words if _CHIP.match(w)}
    found |= {_PLACES[w] for w in words if w in _PLACES}
    return frozenset(found)


def number(word: str) -> float:
    """``5,5`` and ``5.50`` are one number; ``1,600`` is sixteen hundred."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", word):
        return float(re.sub(r"[.,]", "", word))
    head, *rest = re.split(r"[.,]", word)
    return float(f"{head[:15]}.{''.join(rest)[:15] or 0}")


def mood_of(label: Classification, title: str) -> Mood:
    """The mood the classifier gave; what takes a report back in so many words is a denial."""
    text = unicodedata.normalize("NFKC", title).casefold()
    if _WITHDRAWN.search(text):
        return Mood.DENIAL
    if _CORRECTED.match(text):
        return Mood.CORRECTION
    domestic = label.event_type in ("domestic_chip_launch", "domestic_chip_adoption")
    return Mood.COMMENT if domestic and only_names_scales(title) else label.mood


_SCALES = re.compile(r"\bu?e8m0\b", re.IGNORECASE)
_USE = re.compile(
    r"\b(?:train|run|runs|running|serv|deploy|inferenc|adopt|migrat|switch|port|entra[iî]n)",
    re.IGNORECASE,
)


def only_names_scales(title: str) -> bool:
    """Whether a headline rests on the UE8M0 scale format alone, without a use of anybody's chips.

    It is the scale format of Nvidia's own Blackwell too, so that it says nothing about hardware.
    """
    return bool(_SCALES.search(title)) and not _USE.search(title)


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """|a ∩ b| / |a ∪ b|; 0 when both are empty."""
    union = len(a | b)
    return len(a & b) / union if union else 0.0
