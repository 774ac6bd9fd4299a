"""The same event told by many becomes one event, and opposite events never become one.

Two items belong to one story when they are *near-verbatim* (Jaccard of words ≥ 0.85), or when they
share type, direction and something specific (a model, a chip, a number, most of their words) within
96 hours of the story's first item. A **veto** stands above both: different models, chips, figures
or companies, or opposing verbs (allow and ban, hold and cut), keep items apart whatever else they
share. Lexical likeness alone cannot do this: "Nvidia reports record revenue" and "AMD reports
record revenue" are alike by every string measure.

``n_sources`` counts *independent* voices: members with the same source, or the same words (an
agency's text reprinted), are one voice. The first member dates the event.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from engine.news import reading as readings
from engine.news import rules
from engine.news.classify import Classification
from engine.news.clean import item_id
from engine.values import Event, Item

STORY_WINDOW = timedelta(hours=96)
NEAR_VERBATIM = 0.85
SHARED_WORDS = 0.34
"""Share of words two headlines must have in common when they name nothing specific together."""

_DESIGNATOR = re.compile(r"(?=[^\W\d_]*\d)(?=.*[^\W\d_])[^\W_]+(?:\.\d+)?\Z")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*\Z")
_NAMED = frozenset(
    {
        "nv_chip", "nv_china_chip", "cn_model", "cn_model_plain", "us_model", "rival_chip",
        "model_version", "diffusion",
    }
)  # fmt: skip
_GENERIC = frozenset("puce puces gpu nvidia nvidias cuda".split())
_OPPOSED: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(a.split()), frozenset(b.split()))
    for a, b in (
        ("restrict", "relax -restrict ~restrict -rule -licence"),
        ("raise", "cut"),
        ("cut", "hold"),
        ("raise", "hold"),
        ("beat", "miss"),
        ("launch", "delay"),
        ("adopt", "~adopt"),
        ("dovish", "hawkish"),
        ("probe", "~probe -probe"),
    )
)
_STOP = frozenset(
    "a an and as at by de des du en et for from her his in is it its la le les of on or over par "
    "pour sur the their this to un une with says said sources source reuters bloomberg "
    "report".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One item with what decides which story it belongs to."""

    item: Item
    label: Classification
    words: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[float]
    companies: frozenset[str]
    verbs: frozenset[str]


@dataclass(slots=True)
class _Story:
    members: list[_Told] = field(default_factory=list)

    @property
    def first(self) -> _Told:
        return self.members[0]


def cluster(
    items: Iterable[tuple[Item, Classification]], *, classifier: str = "headlines"
) -> tuple[Event, ...]:
    """Events told by ``items``, ordered by the instant they became known.

    ``classifier`` is kept with every event: the version that labelled the items.

    Items that are abstained, irrelevant or neither fact nor rumour tell nothing. The outcome does
    not depend on the order of items known at the same instant; exact repeats count once.
    """
    told = {
        (item_id(item), item.known_at, item.title): _told(item, label)
        for item, label in items
        if label.weighs
    }
    ordered = sorted(told.values(), key=_order)
    stories: list[_Story] = []
    open_by_type: dict[str, list[_Story]] = {}
    for one in ordered:
        candidates = open_by_type.setdefault(one.label.event_type, [])
        horizon = one.item.known_at - STORY_WINDOW
        candidates[:] = [s for s in candidates if s.first.item.known_at >= horizon]
        home = _home(one, candidates)
        if home is None:
            home = _Story()
            stories.append(home)
            candidates.append(home)
        home.members.append(one)
    return tuple(_event(story, classifier) for story in stories)


def _order(one: _Told) -> tuple[object, ...]:
    item = one.item
    return (item.known_at, item.published_at or item.known_at, item.title, item.source, item.url)


def _told(item: Item, label: Classification) -> _Told:
    reading = readings.read(item.title)
    columns = frozenset(readings.columns()[c] for c in reading.columns)
    return _Told(
        item=item,
        label=label,
        words=frozenset(reading.words) - _STOP,
        names=_names(reading),
        numbers=frozenset(_number(w) for w in reading.words if _NUMBER.match(w)),
        companies=rules.companies(reading),
        verbs=columns,
    )


def _names(reading: readings.Reading) -> frozenset[str]:
    """Models and chips named: words with letters and digits, and named entries of the lexicon."""
    named = {w for w in reading.words if _DESIGNATOR.match(w)}
    for first, last, code in reading.hits:
        if readings.columns()[code] in _NAMED:
            named.update(w for w in reading.words[first:last] if w not in _GENERIC and len(w) > 1)
    return frozenset(word.rstrip("s") for word in named if not _NUMBER.match(word))


def _number(word: str) -> float:
    """``5,5`` and ``5.50`` are one number; ``1,600`` is sixteen hundred."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", word):
        return float(re.sub(r"[.,]", "", word))
    head, *rest = re.split(r"[.,]", word)
    return float(f"{head[:15]}.{''.join(rest)[:15] or 0}")


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """|a ∩ b| / |a ∪ b|; 0 when both are empty."""
    union = len(a | b)
    return len(a & b) / union if union else 0.0


def _compatible(a: AbstractSet[Hashable], b: AbstractSet[Hashable]) -> bool:
    """Can both speak of the same thing? Yes when one says nothing, or no more than the other."""
    return not a or not b or a <= b or b <= a


def vetoed(a: _Told, b: _Told) -> bool:
    """Do ``a`` and ``b`` name different things or opposite acts?"""
    if a.label.direction != b.label.direction or a.label.event_type != b.label.event_type:
        return True
    if not _compatible(a.names, b.names):
        return True
    if not _compatible(a.numbers, b.numbers):
        return True
    if a.companies and b.companies and not a.companies & b.companies:
        return True
    return _one_sided(a.verbs, b.verbs)


def _one_sided(a: frozenset[str], b: frozenset[str]) -> bool:
    """Does one say only the one verb of an opposed pair, the other only its opposite?"""
    return any(
        (a & left and not a & right and b & right and not b & left)
        or (b & left and not b & right and a & right and not a & left)
        for left, right in _OPPOSED
    )


def _likeness(a: _Told, b: _Told) -> float:
    """0 when nothing links the two, else a figure that orders the candidates."""
    likeness = jaccard(a.words, b.words)
    if likeness >= NEAR_VERBATIM:
        return 2.0 + likeness
    if a.names & b.names or (a.numbers & b.numbers and a.companies & b.companies):
        return 1.0 + likeness
    same_actor = a.label.actor == b.label.actor
    return likeness if same_actor and likeness >= SHARED_WORDS else 0.0


def _home(one: _Told, candidates: Sequence[_Story]) -> _Story | None:
    """The story most like ``one`` of which no member vetoes it; the earliest of equals."""
    best: _Story | None = None
    best_likeness = 0.0
    for story in candidates:
        likeness = max(_likeness(one, member) for member in story.members)
        if likeness > best_likeness and not any(vetoed(one, member) for member in story.members):
            best, best_likeness = story, likeness
    return best


def _voices(members: Sequence[_Told]) -> int:
    """Independent voices: members of one source, or near-verbatim to one another, count once."""
    groups: list[list[_Told]] = []
    for one in members:
        linked = [
            g
            for g in groups
            if any(
                m.item.source == one.item.source or jaccard(m.words, one.words) >= NEAR_VERBATIM
                for m in g
            )
        ]
        merged = [one, *(m for g in linked for m in g)]
        groups = [g for g in groups if not any(g is done for done in linked)] + [merged]
    return len(groups)


def _event(story: _Story, classifier: str) -> Event:
    first = story.first
    item, label = first.item, first.label
    ids = tuple(dict.fromkeys(item_id(m.item) for m in story.members))
    published = item.published_at
    text = "\x1f".join((ids[0], label.event_type, str(label.direction)))
    return Event(
        event_id=sha256(text.encode()).hexdigest()[:16],
        event_type=label.event_type,
        actor=label.actor,
        direction=label.direction,
        stage=label.stage,
        confidence=max(m.label.confidence for m in story.members),
        occurred_at=published if published and published <= item.known_at else item.known_at,
        known_at=item.known_at,
        headline=item.title,
        source=item.source,
        n_sources=_voices(story.members),
        item_ids=ids,
        classifier=classifier,
        url=item.url,
    )
