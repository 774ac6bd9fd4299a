"""Does a headline tell a step, and by somebody who can take it?

A headline may be about export rules, chips or budgets and still tell none: the earnings of others,
shares that rise, what analysts expect, who hopes for what. Its type and sense stand; it moves
nothing. A step is a *frame*: a party with the power to take it, a finite verb of a step (or a
verb with its complement: "requires ... a licence") in the same clause, and an object that concerns
Nvidia. Which parties, verbs and objects make a step of which type is ``data/frames.toml``; a
budget also asks for the buyer as subject, with what it spends beside a sum or a change.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.errors import UnknownNameError
from engine.news import budgets
from engine.news.lexicon import lexicon, phrases, read_data, written_out
from engine.news.reading import Hit, Matcher, Reading, clause_starts, column_of, places
from engine.news.rules import Condition, parse_condition
from engine.news.taxonomy import EVENT_TYPES, TAXONOMY
from engine.phrases import phrase

_REACH = 8
"""Words between a verb and what completes it. Judgement: "tells tech groups including ByteDance and
Alibaba to stop" needs seven."""

_NEGATED_WITHIN = 3
_KIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "domestic_chip_adoption": ("domestic_chip_launch",),
        "domestic_chip_launch": ("domestic_chip_adoption",),
        "export_restriction": ("regulatory_probe", "china_purchase_ban"),
        "export_relief": ("regulatory_probe", "china_purchase_ban"),
        "china_purchase_ban": ("regulatory_probe", "export_restriction"),
        "regulatory_probe": ("china_purchase_ban", "export_restriction"),
    }
)
"""Types of one voice, the one that weighs least first: words about exports, purchases and
smuggling are alike."""
_EXPORTS = frozenset({"export_restriction", "export_relief"})
_COLON = re.compile(r"\s?[:：]\s?")
_DOING = frozenset(
    "by is are was were be been begins begin began starts start started keeps keep seen said"
    " reported".split()
)
_SAYS = frozenset("says said say dit declare tranche annonce".split())
_SPEAKER_WORDS = 4
"""Words before a colon that still name a speaker: "US commerce chief Lutnick: ..."."""

_OUTSIDERS = (
    "stock", "analyst", "bank", "small_holder", "nv_stockholder", "nv_gaming", "cn_phone",
    "opinion",
)  # fmt: skip
"""Who is named in headlines and takes no step: "shares ... extend losses", "analysts cut"."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One way to tell a step: who takes it (columns), which kinds of it, and about what.

    named: everybody who could be named in the place of ``who``, and they.
    not_about: numbers of the matters of which none may be named.
    """

    who: frozenset[int]
    named: frozenset[int]
    did: tuple[str, ...]
    what: Condition
    not_about: frozenset[int]

    @property
    def objects(self) -> frozenset[int]:
        """The columns of what the step is about: the first part of ``what``."""
        return self.what.names[0]


@dataclass(frozen=True, slots=True)
class Step:
    """A step in a headline: words ``first`` to ``last`` (exclusive), its kind and sense.

    phrase: these words are one verb of several words ("leaves off", "will not allow"). pair: the
    first is the verb, the last what completes it ("requires ... a licence").
    """

    first: int
    last: int
    kind: str
    sense: int
    phrase: bool = False
    pair: bool = False


@dataclass(frozen=True)
class _Kind:
    """A kind of step: its sense, the lists of objects that turn it, the numbers of its words.

    pairs: a verb and what completes it; passives: what is acted on and the participle behind it.
    """

    name: str
    sense: int
    turns: tuple[str, ...]
    verbs: int
    pairs: tuple[tuple[int, int], ...]
    passives: tuple[tuple[int, int], ...]

    @functools.cached_property
    def needs(self) -> frozenset[int]:
        """Numbers of words of which one is said wherever a step of this kind is told."""
        return frozenset((self.verbs, *(rest for _, rest in (*self.pairs, *self.passives))))


@dataclass(frozen=True, slots=True)
class _Book:
    """The file, checked: words by name and number, frames by type."""

    matcher: Matcher
    kinds: Mapping[str, _Kind]
    grammar: Mapping[str, int]
    frames: Mapping[str, tuple[Frame, ...]]
    parties: frozenset[int]


@functools.cache
def _book() -> _Book:
    data = read_data("frames.toml")
    entries: dict[str, tuple[str, ...]] = {}
    number: dict[str, int] = {}

    def note(name: str, text: str) -> int:
        entries[name] = phrases(text)
        return number.setdefault(name, len(number))

    def two_part(name: str, table: Mapping[str, Any], key: str) -> tuple[tuple[int, int], ...]:
        return tuple(
            (note(f"{name} {key} {i} first", first), note(f"{name} {key} {i} rest", rest))
            for i, (first, rest) in enumerate(table.get(key, ()))
        )

    grammar = {name: note(f"grammar {name}", text) for name, text in data["grammar"].items()}
    kinds = {
        name: _Kind(
            name,
            int(table["sense"]),
            tuple(table.get("turns", ())),
            note(name, table["verbs"]),
            two_part(name, table, "pairs"),
            two_part(name, table, "passives"),
        )
        for name, table in data["did"].items()
    }
    matters = {name: note(f"matter {name}", text) for name, text in data["matters"].items()}
    parties = frozenset(column_of()[name] for name in (*lexicon().entities, *_OUTSIDERS))
    return _Book(
        matcher=Matcher(entries, number),
        kinds=MappingProxyType(kinds),
        grammar=MappingProxyType(grammar),
        frames=MappingProxyType(_frames(data["frames"], set(kinds), matters, parties)),
        parties=parties,
    )


def _frames(
    table: Mapping[str, Sequence[Mapping[str, Any]]],
    kinds: set[str],
    matters: Mapping[str, int],
    parties: frozenset[int],
) -> dict[str, tuple[Frame, ...]]:
    for name in " ".join(table).split():
        if name not in EVENT_TYPES:
            raise UnknownNameError(phrase("event type in frames.toml"), name, EVENT_TYPES)
    return {
        name: tuple(_frame(row, kinds, matters, parties) for row in rows)
        for names, rows in table.items()
        for name in names.split()
    }


def _frame(
    row: Mapping[str, Any], kinds: set[str], matters: Mapping[str, int], parties: frozenset[int]
) -> Frame:
    did = tuple(str(row["did"]).split())
    for kind in did:
        if kind not in kinds:
            raise UnknownNameError(
                phrase("kind of step in frames.toml"), kind, tuple(sorted(kinds))
            )
    who = (name.strip() for name in written_out(row["who"]).split("|"))
    takers = frozenset(column_of()[name] for name in who if name)
    return Frame(
        who=takers,
        named=takers | parties,
        did=did,
        what=parse_condition(written_out(row["what"])),
        not_about=frozenset(matters[name] for name in str(row.get("not_about", "")).split()),
    )


# ── what is asked ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ToldStep:
    """The type and sense of a step that is told.

    sure: what is done to what decides it. torn: steps of both senses are told ("to allow giants to
    control access"), so that nobody here can say which holds.
    """

    event_type: str
    direction: int
    sure: bool
    torn: bool = False


def judge(reading: Reading, event_type: str, direction: int) -> ToldStep | None:
    """What ``reading``, taken for ``event_type`` and ``direction``, tells; None where no step.

    Where all steps told have one sense, and type and words give any, it is theirs, and a
    restriction that frees is a relief.
    Where none of the type is told but one of its kin is ("accuses two of smuggling" is taken for a
    restriction), what is done decides. Types of which nothing is asked pass.
    """
    if event_type in budgets.TYPES:
        return _budget(reading, event_type, direction)
    line = _Line(reading)
    senses = _senses(line, event_type)
    if senses is None:
        return ToldStep(event_type, direction, sure=False)
    if not senses:
        return _as_kin(line, event_type, direction)
    sense = next(iter(senses))
    if len(senses) > 1 or sense == 0 or direction == 0:
        return ToldStep(event_type, direction, sure=False, torn={1, -1} <= senses)
    if event_type in _EXPORTS:
        event_type = "export_relief" if sense > 0 else "export_restriction"
    return ToldStep(event_type, sense, sure=True)


def _budget(reading: Reading, event_type: str, direction: int) -> ToldStep | None:
    """A budget that is told: its sense where the type says the same, else what words say; torn,
    so that they have to be surer."""
    if not budgets.tells(reading):
        return None
    sense = budgets.sense(reading)
    if sense == TAXONOMY[event_type].usual_direction:
        return ToldStep(event_type, sense, sure=True)
    return ToldStep(event_type, direction, sure=False, torn=True)


def _as_kin(line: _Line, event_type: str, direction: int) -> ToldStep | None:
    """The step of a type that shares the voice of ``event_type``, None where none is told or its
    sense is clearly another than ``direction``."""
    for kin in _KIN.get(event_type, ()):
        senses = _senses(line, kin)
        if not senses:
            continue
        clear = senses <= {0, direction}
        return ToldStep(kin, direction, sure=senses == {direction} != {0}) if clear else None
    return None


def tells(reading: Reading, event_type: str) -> bool:
    """Whether ``reading``, taken for ``event_type``, tells a step that somebody takes."""
    senses = _senses(_Line(reading), event_type)
    return senses is None or bool(senses)


def _senses(line: _Line, event_type: str) -> frozenset[int] | None:
    """The senses of the steps told, None for a type of which nothing is asked."""
    if event_type in budgets.TYPES:
        return frozenset({0} if budgets.tells(line.reading) else ())
    if event_type not in _book().frames:
        return None
    return frozenset(sense for _, sense in line.told(event_type))


def told(reading: Reading, event_type: str) -> Iterator[tuple[Step, int]]:
    """The steps of ``event_type`` that ``reading`` tells, each with its sense; see ``judge``."""
    return _Line(reading).told(event_type)


# ── one headline ─────────────────────────────────────────────────────────────────────────────────


class _Line:
    """A reading with what frames need of it, each looked for once and only when it is asked for:
    most headlines name no object of a frame, and need neither words of grammar nor clauses."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.found: dict[str, tuple[Step, ...]] = {}

    @functools.cached_property
    def marks(self) -> Mapping[int, Sequence[tuple[int, int]]]:
        """Places of the words of steps, matters and grammar, by number."""
        marks: dict[int, list[tuple[int, int]]] = {}
        for first, last, number in _book().matcher.hits(self.reading.words):
            marks.setdefault(number, []).append((first, last))
        return marks

    @functools.cached_property
    def spots(self) -> Sequence[tuple[int, int]]:
        """Start and end of each word in the text."""
        return places(self.reading)

    @functools.cached_property
    def starts(self) -> tuple[int, ...]:
        """Numbers of the words with which clauses begin."""
        return clause_starts(self.reading, self.spots)

    def told(self, event_type: str) -> Iterator[tuple[Step, int]]:
        """The steps of ``event_type``, each with its sense after negation, 0 where type and words
        decide it: so does what Washington does to a Chinese maker's chips."""
        said = frozenset(self.reading.columns)
        exports = event_type in _EXPORTS
        alone = exports and not said.isdisjoint(_rivals()) and said.isdisjoint(_ours())
        for frame in _book().frames[event_type]:
            if not frame.what.met(said):
                continue
            steps = [step for kind in frame.did for step in self.steps(kind)]
            for step in steps:
                if self._elsewhere(step, frame.not_about) or _void(step, steps):
                    continue
                if self.taken(step, frame) and self.concerns(step, frame.objects):
                    aimed = alone or (exports and self.names(step, _rivals()))
                    yield step, 0 if aimed else self.sense(step)

    def steps(self, name: str) -> tuple[Step, ...]:
        """The steps of one kind, looked for once."""
        found = self.found.get(name)
        if found is None:
            kind = _book().kinds[name]
            silent = kind.needs.isdisjoint(self.marks)
            found = self.found[name] = () if silent else tuple(self._steps(kind))
        return found

    def _steps(self, kind: _Kind) -> Iterator[Step]:
        """Every finite verb of ``kind``, alone or with its complement, not in what is aside."""
        for first, last in self.marks.get(kind.verbs, ()):
            if self._is_verb(first, last) and not self._aside(first):
                sense = self._turned(first, last, kind) if kind.turns else kind.sense
                yield Step(first, last, kind.name, sense, last - first > 1)
        for noun, rest in kind.passives:
            ends = self.marks.get(rest, ())
            for first, last in self.marks.get(noun, ()) if ends else ():
                end = 0 if self._aside(first) else self._completed(first, last, ends)
                if end:
                    yield Step(first, end, kind.name, kind.sense, pair=True)
        for verb, rest in kind.pairs:
            ends = self.marks.get(rest, ())
            for first, last in self.marks.get(verb, ()) if ends else ():
                if self._is_verb(first, last) and not self._aside(first):
                    end = self._completed(first, last, ends)
                    if end:
                        yield Step(first, end, kind.name, kind.sense, pair=True)

    def _turned(self, first: int, last: int, kind: _Kind) -> int:
        """1 where the first thing acted on is of the first list, -1 of the second, else as usual.

        Of things that stand together the last says what they are ("licence requirement"); where
        none follows the verb, the nearest before it counts (the passive).
        """
        start, end = self._span(first)
        things = sorted(
            (a, b, sense)
            for name, sense in zip(kind.turns, (1, -1), strict=True)
            for a, b in self._mark(name)
            if start <= a < end
        )
        sense, edge = 0, None
        for a, b, one in things:
            if a >= last and a <= last + _REACH and (edge is None or a <= edge):
                sense, edge = one, b
        return sense or self._head([thing for thing in things if thing[0] < first]) or kind.sense

    def _head(self, things: Sequence[tuple[int, int, int]]) -> int:
        """The sense of what a passive acts on: the last of ``things`` that no preposition makes the
        complement of another ("ban on H20 exports lifted" lifts the ban); 0 where there is none."""
        sense, edge = 0, 0
        for a, b, one in things:
            linked = any(edge <= c < a for c, _ in self._mark("links"))
            if not (sense and linked):
                sense, edge = one, b
        return sense

    def _completed(self, first: int, last: int, rest: Iterable[tuple[int, int]]) -> int:
        """Where the complement ends that follows in the clause, 0 where none does."""
        near = (
            b
            for a, b in rest
            if last <= a <= last + _REACH
            and self._together(first, a)
            and not self._is(b, "reversals")
        )
        return min(near, default=0)

    def _together(self, first: int, second: int) -> bool:
        """Do both words stand in one clause, or in two that an infinitive joins ("to avoid")?"""
        between = self.starts[self._clause(first) + 1 : self._clause(second) + 1]
        return all(self.reading.words[start] == "to" for start in between)

    def _clause(self, word: int) -> int:
        return bisect_right(self.starts, word) - 1

    def _span(self, word: int) -> tuple[int, int]:
        """First word and last + 1 of the clause of ``word``."""
        at = bisect_right(self.starts, word)
        end = self.starts[at] if at < len(self.starts) else len(self.reading.words)
        return self.starts[at - 1], end

    def _mark(self, name: str) -> Sequence[tuple[int, int]]:
        return self.marks.get(_book().grammar[name], ())

    def _is(self, word: int, name: str) -> bool:
        return any(first == word for first, _ in self._mark(name))

    def _aside(self, word: int) -> bool:
        start, _ = self._span(word)
        return any(start <= first < word for first, _ in self._mark("aside"))

    def _is_verb(self, first: int, last: int) -> bool:
        """Is this word a verb here, where it could be a noun? Phrases are what they say."""
        if self.reading.glossed or last - first > 1:
            return True
        if self._compound(first) or (
            self.reading.words[first].endswith("ing") and not self._progressive(first)
        ):
            return False
        by = self.reading.words[last : last + 1] == ("by",)
        if not self._is(first, "nouns") or (by and self.reading.words[first].endswith("ed")):
            return True
        before = first - 1
        if first == 0:
            return not self._is(last, "after_nouns")
        if self._is(before, "before_verbs"):
            return True
        if self._is(last, "after_nouns") or self._is(before, "before_nouns"):
            return False
        if self.reading.words[before][0].isdigit():
            return False
        start, end = self._span(first)
        if start < first and any(b == first for n in _verbs() for _, b in self.marks.get(n, ())):
            return False  # what the verb before acts on: "lift curbs"
        follows = any(last <= a < end for a, _ in self._mark("others"))
        named = self._thing(before) and not (last < end and self._thing(last))
        return not follows and not (named and not self._long_name(first))

    def _long_name(self, word: int) -> bool:
        """Does a party of several words end here ("Administration for Market Regulation")?"""
        return any(
            b == word and b - a > 2 and c in _book().parties for a, b, c in self.reading.hits
        )

    def _progressive(self, word: int) -> bool:
        """Is this word in -ing what somebody is doing ("is weighing", "US weighing")?"""
        if word == 0:
            return False
        party = any(b == word and c in _book().parties for _, b, c in self.reading.hits)
        return party or self.reading.words[word - 1] in _DOING

    def _compound(self, word: int) -> bool:
        """Does a hyphen join this word to the one before ("large-cap")?"""
        start = self.spots[word][0]
        return word > 0 and self.reading.text[start - 1] == "-"

    def _thing(self, word: int) -> bool:
        """Is this word a chip, an export or the like, so that a noun follows?"""
        return any(a <= word < b and c in _things() for a, b, c in self.reading.hits)

    def taken(self, step: Step, frame: Frame) -> bool:
        """Is the party of ``step`` one who takes it in ``frame``, and is it no mere wish?"""
        if self._wished(step):
            return False
        party = self._party(step, frame)
        if party is not None and party[2] in frame.who:
            return True
        return self.speaker in frame.who and self.speaker in _deciders()

    def _elsewhere(self, step: Step, matters: frozenset[int]) -> bool:
        """Is one of ``matters`` named, and not only in a clause of background beside ``step``
        ("licenses Nvidia to sell after its CEO met Trump")?"""
        here = self._clause(step.first)
        return any(
            clause == here or clause not in self.background
            for number in matters.intersection(self.marks)
            for clause in (self._clause(first) for first, _ in self.marks[number])
        )

    @functools.cached_property
    def background(self) -> frozenset[int]:
        """Numbers of the clauses that *after*, *as*, *while* and the like open."""
        opens = {a for a, _, code in self.reading.hits if code in _openers()}
        return frozenset(i for i, start in enumerate(self.starts) if start in opens)

    def names(self, step: Step, codes: frozenset[int]) -> bool:
        """Is one of ``codes`` named in the clause of ``step``?"""
        here = self._clause(step.first)
        return any(c in codes and self._clause(a) == here for a, _, c in self.reading.hits)

    def concerns(self, step: Step, objects: frozenset[int]) -> bool:
        """Is one of ``objects`` named where the step is told, or at least not as a share's move?

        "US lifts ban on a drone maker, chip shares gain" frees no chip.
        """
        stock = column_of()["stock"]
        moves = {self._clause(a) for a, _, code in self.reading.hits if code == stock}
        here = self._clause(step.first)
        return any(
            code in objects and (self._clause(a) == here or self._clause(a) not in moves)
            for a, _, code in self.reading.hits
        )

    @functools.cached_property
    def speaker(self) -> int | None:
        """Who says the whole headline: a party before a colon or *says*, or behind *says*."""
        for a, b, code in self.reading.hits:
            around = {*self.reading.words[max(a - 1, 0) : a], *self.reading.words[b : b + 1]}
            if code in _deciders() and not around.isdisjoint(_SAYS):
                return code
        colon = _COLON.search(self.reading.text)
        if colon is None:
            return None
        spots = self.spots
        named = [
            h
            for h in self.reading.hits
            if h[2] in _book().parties and spots[h[1] - 1][1] <= colon.start()
        ]
        words = sum(end <= colon.start() for _, end in spots)
        return named[-1][2] if named and words <= _SPEAKER_WORDS else None

    def _party(self, step: Step, frame: Frame) -> Hit | None:
        """The nearest party before ``step`` in its clause, else before it, else behind it."""
        some, who = frame.named, frame.who
        start, _ = self._span(step.first)
        named = [h for h in self.reading.hits if h[2] in some and not self._branch(h)]
        before = [hit for hit in named if hit[1] <= step.first]
        here = [hit for hit in before if hit[0] >= start]
        before = [hit for hit in before if hit[2] not in _outsiders()]
        for group in (here, before):
            if group:
                last = max(hit[1] for hit in group)
                if self.reading.glossed:  # the object may stand before its verb
                    last = max((h[1] for h in group if h[2] in who), default=last)
                nearest = [hit for hit in group if hit[1] == last]
                return next((hit for hit in nearest if hit[2] in who), nearest[0])
        return next((hit for hit in named if hit[0] >= step.first and hit[2] in who), None)

    def _branch(self, hit: Hit) -> bool:
        """Is this country the place of a company's branch ("Arm China")?"""
        return (
            hit[2] == column_of()["china"]
            and not self.reading.glossed
            and any(last == hit[0] for _, last in self._mark("branches"))
        )

    def _wished(self, step: Step) -> bool:
        """Does somebody only wish, fear or foretell it?"""
        start, _ = self._span(step.first)
        for first, _ in self._mark("wishes"):
            if start <= first < step.first and not self._governed(first, start):
                return True
        return any(
            start <= a < step.first and self._governed(a, start) for a, _ in self._mark("asked")
        )

    def _governed(self, word: int, start: int) -> bool:
        """Is the nearest party before ``word`` a government that can decide?"""
        near = [h for h in self.reading.hits if start <= h[0] and h[1] <= word]
        party = next((h for h in reversed(near) if h[2] in _book().parties), None)
        if party is None:
            return False
        named = {code for a, b, code in near if (a, b) == party[:2]}
        china, congress = column_of()["china"], column_of()["congress"]
        if congress in named or (china in named and party[1] != word):
            return False  # a lawmaker asks; "China's AI firms" are no government
        return not named.isdisjoint(_deciders())

    def sense(self, step: Step) -> int:
        """The sense of ``step`` after a plain negation before it."""
        start, _ = self._span(step.first)
        negate = column_of()["negate"]
        negated = any(
            c == negate and start <= a and b <= step.first <= b + _NEGATED_WITHIN
            for a, b, c in self.reading.hits
        )
        return -step.sense if negated else step.sense


def _void(step: Step, steps: Sequence[Step]) -> bool:
    """Is ``step`` a part of a longer verb ("approved" in "off approved"), or a pair that a verb of
    the other sense comes between ("weighs easing curbs" imposes none)?"""
    length = step.last - step.first
    for other in steps:
        inside = other.first <= step.first and step.last <= other.last
        if other.phrase and inside and length < other.last - other.first:
            return True
        between = step.first <= other.first and other.last < step.last
        if step.pair and between and other.sense * step.sense < 0:
            return True
    return False


@functools.cache
def _verbs() -> frozenset[int]:
    return frozenset(kind.verbs for kind in _book().kinds.values())


@functools.cache
def _openers() -> frozenset[int]:
    return frozenset(column_of()[name] for name in ("background", "subordinate"))


@functools.cache
def _rivals() -> frozenset[int]:
    return frozenset(column_of()[name] for name in ("cn_chip", "huawei", "cn_fab"))


@functools.cache
def _ours() -> frozenset[int]:
    names = "nvidia huang nv_chip nv_china_chip rival rival_chip diffusion -diffusion"
    return frozenset(column_of()[name] for name in names.split())


@functools.cache
def _things() -> frozenset[int]:
    names = "chip ai_chips nv_chip nv_china_chip export licence rule ai memory sale"
    return frozenset(column_of()[name] for name in names.split())


@functools.cache
def _outsiders() -> frozenset[int]:
    return frozenset(column_of()[name] for name in _OUTSIDERS)


@functools.cache
def _deciders() -> frozenset[int]:
    return frozenset(column_of()[name] for name in ("us_gov", "cn_gov", "other_gov", "china"))
