"""The same event told by many becomes one event, and it lives and dies with what its tellers say.

::

    items ─▶ already told? ─▶ an edit? ─▶ a refutation? ─▶ which story? ─▶ label by vote ─▶ event

* **Already told.** The same words again, under any address, owner or date, add nothing: a feed that
  re-issues an article, and papers that reprint an agency, are one telling.
* **An edit** of an item that tells a story replaces its telling; when nothing is left of the story
  the event ends, by a correction known when the edit was.
* **A refutation** (denial, correction, a report taken back) ends the stories it speaks of, unless
  the issuer, regulator or laboratory itself told them. It weighs nothing of its own.
* **Which story.** An item joins an open story (96 hours from its first item) that is near-verbatim,
  or that shares something specific with it (a model, a chip, a figure and a company, a third of its
  words). A veto stands above it: different models, chips or companies, or opposing verbs. Type and
  direction are voted on afterwards, so that an unsure label does not split a story.
* **The event**: type, direction and actor by vote of confidence; the highest stage; the *owners*
  who told it, each once.

Pure: what happened before comes in as stories (``Story``), what changes goes out as stories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from engine.news.taxonomy import TAXONOMY, Group
from engine.news.tellings import REFUTING, Telling, ToldItem, jaccard, tokens
from engine.values import REPEAT, WEIGHING, Direction, Event, Mood, Stage

STORY_WINDOW = timedelta(hours=96)
"""A story takes tellings in other words for so long after its first."""

HELD = timedelta(days=90)
"""The same words without their figures, from one owner, are an update for so long."""

RECURRENT_HELD = timedelta(days=20)
"""The same for what recurs by calendar (meetings, results): shorter than six weeks."""

REFUTED_WITHIN = timedelta(days=10)
"""A refutation reaches stories at most so old. Judgement: retractions come within days."""


NEWS_AGE = timedelta(days=7)
"""An item published longer than this before we first saw it is archive, not news: a feed asked for
the first time gives weeks of it at once. Judgement: a week of holidays is still caught up with."""

LATE = timedelta(days=3)
"""An item published longer than this before we saw it tells only what nothing on record has told
since: it may be a second source met late."""

_BEFORE_PRINT = timedelta(days=1)
"""Others may have had the story this long before the late item was published."""

NEAR_VERBATIM = 0.85
SHARED_WORDS = 0.34
"""Share of words two headlines must have in common when they name nothing specific together."""

SURE = 0.7
"""Below this a label does not keep two alike headlines apart."""

_RECURRENT = frozenset({"rates", "nvidia_earnings", "valuation_milestone", "other"})
_SILENT_VOICES = frozenset({Group.MARKET.value, Group.NONE.value, Group.COMPANY.value})
"""Groups under which a refutation that names no step is filed."""
_DATED_PATH = re.compile(r"/((?:19|20)\d\d)[/-](?:(0?[1-9]|1[0-2])[/-](?:([0-3]?\d)\b)?)?")
_POLICY = frozenset({Group.EXPORT_POLICY, Group.CHINA_PROCUREMENT, Group.LEGAL})
_STAGE_ORDER = (Stage.RUMOUR, Stage.ANNOUNCED, Stage.REVERSED, Stage.EFFECTIVE)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as it stands: its first telling's dates and words, and every telling in order.

    ended: "" while it stands, else why it weighs nothing: ``withdrawn``, ``corrected``,
    ``refuted``, or ``repeat`` for what was old when it came. gone: digests of words that were told
    in it and are told no more.
    """

    event_id: str
    headline: str
    url: str
    known_at: datetime
    occurred_at: datetime
    tellings: tuple[Telling, ...]
    gone: tuple[str, ...] = ()
    ended: str = ""


@dataclass(slots=True)
class Stories:
    """The stories so far, to which later items are added, instant by instant.

    held: by event id. texts: the tellings of open stories, by item id, as far as they are known.
    curated: events of the tables made by hand. repeated: items that told nothing new.
    """

    classifier: str
    held: dict[str, Story] = field(default_factory=dict)
    texts: dict[str, ToldItem] = field(default_factory=dict)
    curated: tuple[Event, ...] = ()
    repeated: int = 0
    _events: dict[str, Event] = field(default_factory=dict)
    _words: dict[str, str] = field(default_factory=dict)
    _plain: dict[tuple[str, str], str] = field(default_factory=dict)
    _items: dict[str, str] = field(default_factory=dict)
    _changed: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for story in sorted(self.held.values(), key=lambda s: (s.known_at, s.event_id)):
            self._index(story)

    def knows(self, address: str) -> bool:
        """Whether the item of this id tells a story: then its edits matter, whatever they say."""
        return address in self._items

    def events(self) -> tuple[Event, ...]:
        """Every story as an event, at its latest."""
        return tuple(self._events.values())

    def take(self, arrived: Iterable[ToldItem]) -> list[tuple[datetime, Story, Event]]:
        """Add items in the order in which they became known; the versions that this makes.

        A version is known at the instant of the items that made it. Items of one instant may come
        in any order.
        """
        by_instant: dict[datetime, list[ToldItem]] = {}
        for told in arrived:
            by_instant.setdefault(told.item.known_at, []).append(told)
        versions = []
        for instant in sorted(by_instant):
            self._changed.clear()
            for told in sorted(by_instant[instant], key=_order):
                self._take_one(told)
            versions += [(instant, self.held[k], self._events[k]) for k in self._changed]
        return versions

    def _take_one(self, told: ToldItem) -> None:
        home = self._items.get(told.telling.item_id)
        if home is not None and self._edited(told, self.held[home]):
            return
        if self._told_before(told):
            self.repeated += 1
        elif told.refutes:
            self._refute(told)
        elif told.tells and self._late_repeat(told):
            self.repeated += 1
            self._keep(replace(_begin(told), ended=REPEAT), told)
        elif told.tells:
            self._join(told)

    # --- told already -----------------------------------------------------------------------

    def _told_before(self, told: ToldItem) -> bool:
        """The same words are on record: under any address, owner or date, that is the same.

        What recurs by calendar (a meeting, results) is told in the same words every time.
        """
        key = self._words.get(told.telling.words)
        if key is None:
            return False
        event = self._events[key]
        age = told.item.known_at - event.known_at
        return event.event_type not in _RECURRENT or age <= RECURRENT_HELD

    def _late_repeat(self, told: ToldItem) -> bool:
        """Archive, or a late item of a voice and sense that was told since it was new."""
        item = told.item
        published = item.published_at or item.known_at
        if item.known_at - published > NEWS_AGE or old_address(item.url, item.known_at):
            return True
        if item.known_at - published <= LATE:
            return False
        sense = (voice_of(told.telling.event_type), told.telling.direction)
        since = published - _BEFORE_PRINT
        return any(
            (voice_of(event.event_type), event.direction) == sense
            and not event.ended
            and since <= event.known_at < item.known_at
            for event in (*self._events.values(), *self.curated)
        )

    # --- edits and refutations --------------------------------------------------------------

    def _edited(self, told: ToldItem, story: Story) -> bool:
        """Whether ``told`` edits an item of ``story``; then it was dealt with here.

        An address may also carry a different report later (a live page): then it is no edit. An
        edit that cannot be read changes nothing.
        """
        new = told.telling
        old = next(t for t in story.tellings if t.item_id == new.item_id)
        if new.words == old.words or (told.unread and new.mood not in REFUTING):
            return True
        if not (new.mood in REFUTING or self._same_thing(told, story, old)):
            return False
        if told.tells and (voice_of(new.event_type), new.direction) == self._sense(story):
            new = replace(new, owner=old.owner, grade=old.grade)
            kept = tuple(new if t is old else t for t in story.tellings)
            edited = replace(story, tellings=kept, gone=(*story.gone, old.words))
            self._keep(edited, replace(told, telling=new))
            return True
        rest = tuple(t for t in story.tellings if t is not old)
        stands = any(t.mood in WEIGHING for t in rest)
        why = "corrected" if new.mood is Mood.CORRECTION or told.tells else "withdrawn"
        gone = (*story.gone, old.words) if told.tells else (*story.gone, old.words, new.words)
        self._items.pop(new.item_id, None)
        left = replace(story, tellings=rest if stands else story.tellings, gone=gone)
        self._keep(left if stands or story.ended else replace(left, ended=why))
        if told.tells:
            self._join(told)
        return True

    def _same_thing(self, told: ToldItem, story: Story, old: Telling) -> bool:
        shared = frozenset(told.telling.objects) & frozenset(old.objects)
        before = frozenset(tokens(story.headline))
        return bool(shared) or jaccard(frozenset(tokens(told.item.title)), before) >= SHARED_WORDS

    def _refute(self, told: ToldItem) -> None:
        """End every story that ``told`` takes back or denies; keep it as an event of no weight."""
        ended = "refuted" if told.telling.mood is Mood.DENIAL else "corrected"
        oldest = told.item.known_at - REFUTED_WITHIN
        for key, event in list(self._events.items()):
            recent = oldest <= event.known_at <= told.item.known_at
            if recent and not event.ended and not event.confirmed and self._about(told, event):
                self._keep(replace(self.held[key], ended=ended))
        self._keep(_begin(told), told)

    def _about(self, told: ToldItem, event: Event) -> bool:
        """Whether a refutation speaks of ``event``: of its voice, not in its sense, same object.

        A denial may name what it denies with the sign of it; a correction says what now holds.
        """
        new = told.telling
        if not event.direction or event.mood not in WEIGHING:
            return False
        if voice_of(new.event_type) not in (voice_of(event.event_type), *_SILENT_VOICES):
            return False
        if new.direction == event.direction and (
            new.mood is Mood.CORRECTION or new.event_type != event.event_type
        ):
            return False
        if event.objects and new.objects:
            return not frozenset(event.objects).isdisjoint(new.objects)
        words = frozenset(tokens(event.headline))
        return jaccard(told.content, words) >= SHARED_WORDS / 2

    # --- which story ------------------------------------------------------------------------

    def _join(self, told: ToldItem) -> None:
        home = self._home(told)
        if home is None:
            self._keep(_begin(told), told)
            return
        telling = told.telling
        if telling.grade != "A":
            for member in self._members(home):
                if jaccard(told.content, member.content) >= NEAR_VERBATIM:
                    owner, grade = member.telling.owner, member.telling.grade
                    telling = replace(telling, owner=owner, grade=grade)
                    break
        grown = replace(home, tellings=(*home.tellings, telling))
        self._keep(grown, replace(told, telling=telling))

    def _home(self, told: ToldItem) -> Story | None:
        """The story ``told`` belongs to: an update of its own owner's, or the most alike."""
        update = self._update_of(told)
        if update is not None:
            return update
        best: Story | None = None
        best_likeness = 0.0
        for story in self._open(told.item.known_at):
            members = self._members(story)
            likeness = max((_likeness(told, m) for m in members), default=0.0)
            if likeness > best_likeness and not any(vetoed(told, m) for m in members):
                best, best_likeness = story, likeness
        return best

    def _update_of(self, told: ToldItem) -> Story | None:
        key = self._plain.get((told.telling.owner, told.telling.plain))
        if key is None:
            return None
        event, story = self._events[key], self.held[key]
        recurs = event.event_type in _RECURRENT
        age = told.item.known_at - event.known_at
        sense = (voice_of(told.telling.event_type), told.telling.direction)
        fits = not event.ended and sense == self._sense(story)
        if recurs and age > STORY_WINDOW:  # another meeting or quarter has other figures
            return None
        return story if fits and age <= HELD else None

    def _open(self, instant: datetime) -> list[Story]:
        found = [
            story
            for key, story in self.held.items()
            if not story.ended
            and instant - STORY_WINDOW <= story.known_at <= instant
            and self._events[key].mood in WEIGHING
        ]
        return sorted(found, key=lambda s: (s.known_at, s.event_id))

    def _members(self, story: Story) -> list[ToldItem]:
        return [self.texts[t.item_id] for t in story.tellings if t.item_id in self.texts]

    def _sense(self, story: Story) -> tuple[str, Direction]:
        event = self._events[story.event_id]
        return voice_of(event.event_type), event.direction

    def _keep(self, story: Story, told: ToldItem | None = None) -> None:
        self.held[story.event_id] = story
        self._changed[story.event_id] = None
        self._index(story)
        if told is not None:
            self.texts[told.telling.item_id] = told

    def _index(self, story: Story) -> None:
        self._events[story.event_id] = event_of(story, self.classifier)
        for words in story.gone:
            self._words.setdefault(words, story.event_id)
        for told in story.tellings:
            self._words[told.words] = story.event_id
            self._plain[told.owner, told.plain] = story.event_id
            self._items[told.item_id] = story.event_id


def cluster(told: Iterable[ToldItem], *, classifier: str = "headlines") -> tuple[Event, ...]:
    """Events told by items from nothing, ordered by the instant they became known."""
    stories = Stories(classifier=classifier)
    stories.take(told)
    return tuple(sorted(stories.events(), key=lambda e: (e.known_at, e.event_id)))


def event_of(story: Story, classifier: str) -> Event:
    """The event that ``story`` tells: labels by vote, the highest stage, each owner once."""
    heard = [t for t in story.tellings if t.mood in WEIGHING] or list(story.tellings)
    kind, direction = _vote(heard)
    agreeing = [t for t in heard if (t.event_type, t.direction) == (kind, direction)]
    stages = [Stage.RUMOUR if t.mood is Mood.RUMOUR else t.stage for t in agreeing]
    voices = [t for t in heard if t.grade != "D"] or heard
    owners = tuple(dict.fromkeys(t.owner for t in voices))
    return Event(
        event_id=story.event_id,
        event_type=kind,
        actor=next((t.actor for t in agreeing if t.actor), ""),
        direction=direction,
        stage=max(stages, key=_STAGE_ORDER.index),
        confidence=max(t.confidence for t in agreeing),
        occurred_at=story.occurred_at,
        known_at=story.known_at,
        headline=story.headline,
        source=story.tellings[0].owner,
        n_sources=len(owners),
        item_ids=tuple(dict.fromkeys(t.item_id for t in story.tellings)),
        classifier=classifier,
        url=story.url,
        owners=owners,
        grade=min(t.grade for t in heard),
        mood="fact" if any(t.mood is Mood.FACT for t in agreeing) else agreeing[0].mood,
        objects=tuple(sorted({o for t in agreeing for o in t.objects})),
        ended=story.ended,
    )


def _vote(heard: Sequence[Telling]) -> tuple[str, Direction]:
    """Type, then direction, by sum of confidence; the earlier told of equals."""
    types: dict[str, float] = {}
    for t in heard:
        types[t.event_type] = types.get(t.event_type, 0.0) + t.confidence
    kind = max(types, key=lambda name: types[name])
    senses: dict[Direction, float] = {}
    for t in heard:
        if t.event_type == kind:
            senses[t.direction] = senses.get(t.direction, 0.0) + t.confidence
    return kind, max(senses, key=lambda sign: senses[sign])


def _begin(told: ToldItem) -> Story:
    item, published = told.item, told.item.published_at
    text = f"{told.telling.words}\x1f{item.known_at.isoformat()}"
    return Story(
        event_id=sha256(text.encode()).hexdigest()[:16],
        headline=item.title,
        url=item.url,
        known_at=item.known_at,
        occurred_at=published if published and published <= item.known_at else item.known_at,
        tellings=(told.telling,),
    )


def _order(told: ToldItem) -> tuple[object, ...]:
    item = told.item
    return (item.published_at or item.known_at, item.title, item.source, item.url)


def voice_of(kind: str) -> str:
    """What an event bears on: policy types are one voice, others speak for their group."""
    group = TAXONOMY[kind].group if kind in TAXONOMY else Group.NONE
    return "policy" if group in _POLICY else group.value


def old_address(url: str, known_at: datetime) -> bool:
    """Whether the path of an address names a day more than a week before we first saw it."""
    found = _DATED_PATH.search(url)
    if found is None:
        return False
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        named = date(year or 1, month or 12, day or 28)
    except ValueError:
        return False
    return known_at.date() - named > NEWS_AGE


# --- likeness -------------------------------------------------------------------------------


def _likeness(a: ToldItem, b: ToldItem) -> float:
    """0 when nothing links the two, else a figure that orders the candidates."""
    likeness = jaccard(a.content, b.content)
    if likeness >= NEAR_VERBATIM:
        return 2.0 + likeness
    if a.names & b.names or (a.numbers & b.numbers and a.companies & b.companies):
        return 1.0 + likeness
    alike = voice_of(a.telling.event_type) == voice_of(b.telling.event_type)
    same_actor = a.telling.actor == b.telling.actor
    return likeness if alike and same_actor and likeness >= SHARED_WORDS else 0.0


def vetoed(a: ToldItem, b: ToldItem) -> bool:
    """Do ``a`` and ``b`` name different things, or say opposite or unlike ones for sure?"""
    if not _labels_agree(a, b):
        return True
    if not _compatible(a.names, b.names):
        return True
    steps = {voice_of(a.telling.event_type), voice_of(b.telling.event_type)} <= {"policy"}
    if not steps and not _compatible(a.numbers, b.numbers):
        return True
    if not steps and a.companies and b.companies and not a.companies & b.companies:
        return True
    return _one_sided(a.verbs, b.verbs)


def _labels_agree(a: ToldItem, b: ToldItem) -> bool:
    """Same sense and voice, or nearly the same words of which one is unsure."""
    same_voice = voice_of(a.telling.event_type) == voice_of(b.telling.event_type)
    opposed = a.telling.direction * b.telling.direction < 0
    if same_voice and a.telling.direction == b.telling.direction:
        return True
    unsure = min(a.telling.confidence, b.telling.confidence) < SURE
    return unsure and not (opposed and same_voice and jaccard(a.content, b.content) < NEAR_VERBATIM)


def _compatible(a: AbstractSet[object], b: AbstractSet[object]) -> bool:
    """Can both speak of the same thing? Yes when one says nothing, or no more than the other."""
    return not a or not b or a <= b or b <= a


def _one_sided(a: frozenset[str], b: frozenset[str]) -> bool:
    """Does one say only the one verb of an opposed pair, the other only its opposite?"""
    return any(
        (a & left and not a & right and b & right and not b & left)
        or (b & left and not b & right and a & right and not a & left)
        for left, right in _OPPOSED
    )
