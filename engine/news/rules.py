"""Rules over headlines: which concepts are said, in which polarity, and what follows from them.

A headline is folded, cut into words and matched against the lexicon; every match keeps its place
in the original text. Operators before or after a verb turn it: *denies*, *no longer*, *yet to*
negate the verb that follows, *lifts*, *scraps*, *drops plan to* remove a restriction (or an
approval). The outcome is a boolean row over ``COLUMNS``; a table of rules in conjunctive form votes
on the event type, a second table gives the sense for NVDA once the type is known.

Everything here is deterministic and free of training data: it is what still holds on wording that
nobody has labelled.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.news import lexicon
from engine.news.rule_table import DIRECTION_RULES, TYPE_RULES
from engine.news.taxonomy import EVENT_TYPES, TAXONOMY, event_type
from engine.values import BoolArray, Direction, FloatArray, Stage

MAX_HEADLINE_CHARS = 500
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*[a-z]*|%")
_COUNTRY = re.compile(r"\bU\.\s?S\.(?:A\.)?|\bUSA?\b")
_NEGATION_REACH, _REFUTATION_REACH = 4, 5
_REMOVAL_REACH_BEFORE, _REMOVAL_REACH_AFTER = 6, 5
_CACHE_LIMIT = 50_000

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A match in the original headline: ``headline[start:end]`` says ``code``.

    ``turned`` is "" for a plain match, else what an operator did: negated, removed or conceded.
    """

    start: int
    end: int
    text: str
    code: str
    turned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the lexicon sees: folded words, and hits as (first word, last word + 1, column).

    turned: for each hit what an operator did to it. columns: what the headline says in the end.
    """

    text: str
    words: tuple[str, ...]
    hits: tuple[tuple[int, int, int], ...]
    turned: tuple[str, ...]
    columns: tuple[int, ...]


_TURNABLE = (
    "restrict", "relax", "launch", "delay", "fail", "raise", "cut", "beat", "miss", "adopt",
    "shun", "probe", "sale", "train", "deal", "struggle", "smuggle", "cheap", "dovish", "hawkish",
    "rival_chip", "licence", "own_chip", "capex",
)  # fmt: skip
_REMOVABLE = ("restrict", "relax", "rule", "diffusion", "licence", "probe", "tariff", "entity_list")

COLUMNS: tuple[str, ...] = (
    *lexicon.CODES,
    *(f"~{code}" for code in _TURNABLE),
    *(f"-{code}" for code in _REMOVABLE),
    "us_pronoun",
    "pct_up",
    "pct_down",
    "above_estimate",
    "below_estimate",
    "spurns_cn",
    "spurns_nv",
    "favours_cn",
    "favours_nv",
    "first_us",
    "first_china",
    "first_nvidia",
    "first_cn_lab",
    "first_cn_chip",
    "first_hyper",
    "first_us_lab",
    "first_rival",
)
"""Columns of the evidence matrix: plain concepts, ``~`` negated verbs, ``-`` removed measures."""

_COLUMN: Mapping[str, int] = MappingProxyType({code: i for i, code in enumerate(COLUMNS)})


# ── words ────────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def _fold_table() -> Mapping[int, str]:
    """Length-preserving folding of Latin letters: lower case, no accents; quotes made plain."""
    table: dict[int, str] = {0x2019: "'", 0x2018: "'", 0x02BC: "'", 0xA0: " ", 0x202F: " "}
    for point in (*range(0x41, 0x250), *range(0x1E00, 0x1F00), *range(0xFF10, 0xFF5B)):
        lower = unicodedata.normalize("NFKD", chr(point)).lower()
        if lower and (lower[0].isalnum()) and (point > 0x7F or chr(point).isupper()):
            table[point] = lower[0]
    return MappingProxyType(table)


def fold(text: str) -> str:
    """``text`` in lower case without accents, character for character (same length)."""
    return text.translate(_fold_table())


def _mark_country(text: str) -> str:
    """The country written ``US`` or ``U.S.`` as a word of the same length; ``us`` stays a pronoun.

    In text without a single capital the pronoun cannot be told apart and counts as the country.
    """
    if "US" in text or "U." in text:
        text = _COUNTRY.sub(lambda m: "us" + " " * (len(m.group()) - 2), text)
    return text


def _places(text: str) -> list[tuple[int, int]]:
    """Start and end of each word; folding keeps lengths, so places are those of the original."""
    return [match.span() for match in _WORD.finditer(fold(_mark_country(text)))]


def _has_pronoun(text: str, words: Sequence[str]) -> bool:
    """Is some ``us`` written small in a headline that has capitals? Then it is no country."""
    if "us" not in words or "us" not in text or text.islower():
        return False
    spots = zip(words, _places(text), strict=True)
    return any(word == "us" and text[start:end] == "us" for word, (start, end) in spots)


# ── matching ─────────────────────────────────────────────────────────────────────────────────────


class _Node:
    """A place in the tree of entries: what ends here, and where each pattern leads."""

    __slots__ = ("codes", "next")

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.next: dict[str, _Node] = {}


class Matcher:
    """Finds every lexicon entry in a headline, one dictionary step per word.

    A word is looked up once among literals and prefixes (``ban``, ``restrict*``); the outcome is
    kept for the words to come, up to a bound, so that hostile text cannot grow it.
    """

    def __init__(self, entries: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._root = _Node()
        self._prefix_lengths: set[int] = set()
        patterns: set[str] = set()
        for code, phrases in entries:
            for phrase in phrases:
                node = self._root
                for pattern in fold(phrase).split():
                    patterns.add(pattern)
                    node = node.next.setdefault(pattern, _Node())
                if _COLUMN[code] not in node.codes:
                    node.codes.append(_COLUMN[code])
        self._patterns = frozenset(patterns)
        self._prefix_lengths = {len(p) - 1 for p in patterns if p.endswith("*")}
        self._seen: dict[str, tuple[str, ...]] = {}

    def patterns_of(self, word: str) -> tuple[str, ...]:
        """Literals and prefixes of the lexicon that ``word`` matches."""
        known = self._seen.get(word)
        if known is None:
            found = [word] if word in self._patterns else []
            for length in self._prefix_lengths:
                if length <= len(word) and (prefix := word[:length] + "*") in self._patterns:
                    found.append(prefix)
            known = tuple(sorted(found))
            if len(self._seen) >= _CACHE_LIMIT:
                self._seen.clear()
            self._seen[word] = known
        return known

    def hits(self, words: Sequence[str]) -> list[tuple[int, int, int]]:
        """All matches as (first word, last word + 1, column), in reading order."""
        patterns = [self.patterns_of(word) for word in words]
        found: list[tuple[int, int, int]] = []
        size = len(words)
        for first in range(size):
            if not patterns[first]:
                continue
            nodes = [self._root]
            last = first
            while nodes and last < size:
                here = patterns[last]
                last += 1
                nodes = [n for node in nodes for p in here if (n := node.next.get(p)) is not None]
                for node in nodes:
                    for code in node.codes:
                        found.append((first, last, code))
        return found


@functools.cache
def matcher() -> Matcher:
    """The matcher over the whole lexicon; built once, on first use."""
    return Matcher(lexicon.concepts())


_NOISE, _IDIOM = _COLUMN["noise"], _COLUMN["idiom"]
_NEGATE, _REMOVE = _COLUMN["negate"], _COLUMN["remove"]
_REFUTED, _DESPITE = _COLUMN["refuted"], _COLUMN["despite"]
_CONCEDED = frozenset(_COLUMN[code] for code in lexicon.VERB_CODES)
_CHINESE_SIDE = frozenset(_COLUMN[c] for c in ("cn_chip", "huawei", "own_chip"))
_NVIDIA_SIDE = frozenset(_COLUMN[c] for c in ("nvidia", "nv_chip", "nv_china_chip"))
_LEADERS: Mapping[int, str] = MappingProxyType(
    {
        _COLUMN[code]: f"first_{group}"
        for group, codes in {
            "us": "us_gov congress",
            "china": "china cn_gov customs",
            "nvidia": "nvidia nv_chip nv_china_chip huang",
            "cn_lab": "cn_lab cn_tech cn_model cn_model_plain",
            "cn_chip": "cn_chip huawei cn_fab",
            "hyper": "hyper neocloud",
            "us_lab": "us_lab us_model",
            "rival": "rival rival_chip",
        }.items()
        for code in codes.split()
    }
)
_CHOICES = (("decline_use", "spurns"), ("favour", "favours"))
_NEGATED: Mapping[int, int] = MappingProxyType({_COLUMN[c]: _COLUMN[f"~{c}"] for c in _TURNABLE})
_REMOVED: Mapping[int, int] = MappingProxyType({_COLUMN[c]: _COLUMN[f"-{c}"] for c in _REMOVABLE})
_IMPLIED: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {_COLUMN[c]: tuple(_COLUMN[i] for i in more) for c, more in lexicon.IMPLIES.items()}
)


def _shielded(hits: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """``hits`` without those that touch a shield such as ``rubin observatory`` or ``blue chip``."""
    shields = [(a, b) for a, b, code in hits if code in (_NOISE, _IDIOM)]
    if not shields:
        return hits
    return [
        hit
        for hit in hits
        if hit[2] in (_NOISE, _IDIOM) or not any(hit[0] < b and a < hit[1] for a, b in shields)
    ]


def _before(operators: list[tuple[int, int]], first: int, last: int, reach: int) -> bool:
    """Is there an operator ending at most ``reach`` words before ``first``?"""
    return any(b <= first and first - b <= reach for a, b in operators)


def _operators(
    hits: list[tuple[int, int, int]], words: Sequence[str]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[tuple[int, int]], int]:
    """Negators, refutations and removers as (first, last + 1), and where a concession begins."""
    negators, refuters, removers = [], [], []
    concession = len(words)
    for first, last, code in hits:
        if code == _NEGATE:
            negators.append((first, last))
        elif code == _REFUTED:
            refuters.append((first, last))
        elif code == _DESPITE:
            concession = min(concession, last)
        elif code == _REMOVE:
            after = words[last] if last < len(words) else ""
            if not after[:1].isdigit() and after not in ("after", "apres", "on"):
                removers.append((first, last))  # "drops 6%" and "drops on" are price moves
    return negators, refuters, removers, concession


def _turn(
    hit: tuple[int, int, int],
    negators: list[tuple[int, int]],
    refuters: list[tuple[int, int]],
    removers: list[tuple[int, int]],
) -> tuple[int, str]:
    """The column a hit counts for once operators around it are taken into account."""
    first, last, code = hit
    if code in _REMOVED and removers:
        inside = any(a < last and first < b for a, b in removers)
        passive = any(last <= a <= last + _REMOVAL_REACH_AFTER for a, _ in removers)
        if not inside and (_before(removers, first, last, _REMOVAL_REACH_BEFORE) or passive):
            return _REMOVED[code], "removed"
    if code in _NEGATED:
        refuted = any(last <= a <= last + _REFUTATION_REACH for a, _ in refuters)
        if refuted or _before(negators, first, last, _NEGATION_REACH):
            return _NEGATED[code], "negated"
    return code, ""


def read(headline: str) -> Reading:
    """Match ``headline`` (cut at 500 characters) against the lexicon.

    What follows *despite* is conceded: its verbs do not say what happened, and do not count.
    """
    text = headline[:MAX_HEADLINE_CHARS]
    words = tuple(_WORD.findall(fold(_mark_country(text))))
    hits = _shielded(matcher().hits(words))
    negators, refuters, removers, concession = _operators(hits, words)
    columns: list[int] = []
    turned: list[str] = []
    for hit in hits:
        column, how = hit[2], ""
        if hit[0] >= concession and column in _CONCEDED:
            turned.append("conceded")
            continue
        if negators or removers or refuters:
            column, how = _turn(hit, negators, refuters, removers)
        columns.append(column)
        turned.append(how)
        columns.extend(_IMPLIED.get(column, ()))
    columns.extend(_COLUMN[name] for name in _extra(text, hits))
    if _has_pronoun(text, words):
        columns.append(_COLUMN["us_pronoun"])
    return Reading(
        text=text,
        words=words,
        hits=tuple(hits),
        turned=tuple(turned),
        columns=tuple(dict.fromkeys(columns)),
    )


_PERCENT_MOVE = re.compile(r"(?<![\w.])([+\-−–])\s?\d+(?:[.,]\d+)?\s?%")
_VERSUS = re.compile(
    r"(\d+(?:\.\d+)?)\s*([bmt]?)\w*\s*(?:,|\()?\s*vs\.?\s*(?:est\w*\.?|consensus|forecast|exp\w*)?"
    r"\s*(?:of\s*)?[$€]?\s*(\d+(?:\.\d+)?)\s*([bmt]?)",
    re.IGNORECASE,
)
_UNITS: Mapping[str, float] = MappingProxyType({"": 1.0, "m": 1e6, "b": 1e9, "t": 1e12})


def _extra(text: str, hits: list[tuple[int, int, int]]) -> Iterator[str]:
    """What no single entry can say: signed moves, beats and misses, who leads, who is shunned."""
    if "%" in text and (move := _PERCENT_MOVE.search(text)):
        yield "pct_up" if move.group(1) == "+" else "pct_down"
    if ("vs" in text or "VS" in text) and (versus := _VERSUS.search(text)):
        had, unit, expected, expected_unit = versus.groups()
        figure = float(had) * _UNITS[(unit or expected_unit).lower()]
        estimate = float(expected) * _UNITS[(expected_unit or unit).lower()]
        yield "above_estimate" if figure >= estimate else "below_estimate"
    leader = next((_LEADERS[code] for _, _, code in hits if code in _LEADERS), None)
    if leader is not None:
        yield leader
    for code, verb in _CHOICES:
        column = _COLUMN[code]
        for _, last, hit_code in hits:
            if hit_code == column and (side := _next_side(hits, last)):
                yield f"{verb}_{side}"


def _next_side(hits: list[tuple[int, int, int]], after: int) -> str | None:
    """Whose chips are named first within six words of ``after``: ``cn``, ``nv`` or None."""
    for first, _, code in hits:
        if after <= first <= after + 6:
            if code in _CHINESE_SIDE:
                return "cn"
            if code in _NVIDIA_SIDE:
                return "nv"
    return None


def spans(reading: Reading) -> tuple[Span, ...]:
    """The matches with their places in the original text, in reading order, without repeats."""
    places = _places(reading.text)
    found: dict[tuple[int, int, str], Span] = {}
    for (first, last, code), how in zip(reading.hits, reading.turned, strict=True):
        start, end = places[first][0], places[last - 1][1]
        name = lexicon.CODES[code]
        text = reading.text[start:end]
        found[start, end, name] = Span(start=start, end=end, text=text, code=name, turned=how)
    return tuple(found.values())


def evidence(readings: Sequence[Reading]) -> BoolArray:
    """Boolean matrix of shape (len(COLUMNS), len(readings)): which concept each headline holds."""
    matrix = np.zeros((len(COLUMNS), len(readings)), dtype=np.bool_)
    if readings:
        rows = np.concatenate([np.asarray(r.columns, dtype=np.int64) for r in readings])
        cols = np.repeat(np.arange(len(readings)), [len(r.columns) for r in readings])
        matrix[rows, cols] = True
    return matrix


# ── rules ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Condition:
    """A conjunction of clauses: each clause is (columns of which one must hold, wanted truth)."""

    clauses: tuple[tuple[IntArray, bool], ...]

    def holds(self, matrix: BoolArray) -> BoolArray:
        """For each headline of ``matrix`` (columns, n): does the condition hold? Shape (n,)."""
        outcome = np.ones(matrix.shape[1], dtype=np.bool_)
        for columns, wanted in self.clauses:
            some = matrix[columns[0]] if len(columns) == 1 else matrix[columns].any(axis=0)
            outcome &= some if wanted else ~some
        return outcome


def parse_condition(text: str) -> Condition:
    """Read ``a|b, c, !d|e``: (a or b) and c and neither d nor e. Unknown names raise KeyError."""
    clauses = []
    for clause in filter(None, (part.strip() for part in text.split(","))):
        wanted = not clause.startswith("!")
        names = clause.removeprefix("!").split("|")
        columns = np.asarray([_COLUMN[name.strip()] for name in names], dtype=np.int64)
        clauses.append((columns, wanted))
    return Condition(tuple(clauses))


@functools.cache
def _type_rules() -> tuple[tuple[int, float, Condition], ...]:
    index = {name: i for i, name in enumerate(EVENT_TYPES)}
    return tuple((index[name], weight, parse_condition(text)) for name, weight, text in TYPE_RULES)


@functools.cache
def _direction_rules() -> Mapping[str, tuple[tuple[Direction, Condition], ...]]:
    return MappingProxyType(
        {
            name: tuple((sense, parse_condition(text)) for sense, text in rows)
            for name, rows in DIRECTION_RULES.items()
        }
    )


def rule_votes(matrix: BoolArray) -> FloatArray:
    """Which type rules fire: shape (n, number of rules), 1.0 or 0.0."""
    fired = [condition.holds(matrix) for _, _, condition in _type_rules()]
    return np.asarray(np.array(fired, dtype=np.float64).T)


def type_scores(votes: FloatArray) -> FloatArray:
    """Votes summed into a score per type: shape (n, 19). A headline without any vote leans on
    ``irrelevant`` with half a point, so that silence means "not our business"."""
    scores = np.zeros((votes.shape[0], len(EVENT_TYPES)))
    for column, (target, weight, _) in enumerate(_type_rules()):
        scores[:, target] += weight * votes[:, column]
    scores[:, EVENT_TYPES.index("irrelevant")] += 0.5
    return scores


def rule_types(headlines: Sequence[str]) -> tuple[str, ...]:
    """The event types by rules alone (the best score; the order of ``EVENT_TYPES`` on ties)."""
    scores = type_scores(rule_votes(evidence([read(h) for h in headlines])))
    return tuple(EVENT_TYPES[i] for i in scores.argmax(axis=1))


def directions(matrix: BoolArray, types: Sequence[str]) -> npt.NDArray[np.int8]:
    """Sense for NVDA of each headline given its type, by the wording alone: shape (n,)."""
    names = np.asarray(types, dtype=object)
    outcome = np.zeros(len(names), dtype=np.int8)
    for name in sorted(set(types)):
        chosen = np.flatnonzero(names == name)
        senses = np.full(chosen.size, TAXONOMY[name].usual_direction, dtype=np.int8)
        part = matrix[:, chosen]
        open_ = np.ones(chosen.size, dtype=np.bool_)
        for sense, condition in _direction_rules().get(name, ()):
            hit = open_ & condition.holds(part)
            senses[hit] = sense
            open_ &= ~hit
        outcome[chosen] = senses
    return outcome


def direction_by_rule(headline: str, event_type_name: str) -> Direction:
    """Sense for NVDA of one event from its type and wording: -1, 0 or +1; no model, no hindsight.

    Raises ``UnknownNameError`` for a type that does not exist.
    """
    event_type(event_type_name)
    sense = int(directions(evidence([read(headline)]), [event_type_name])[0])
    return 1 if sense > 0 else -1 if sense < 0 else 0


# ── stage, actor, feasibility ────────────────────────────────────────────────────────────────────

_POLICY = frozenset(
    {"export_restriction", "export_relief", "china_purchase_ban", "regulatory_probe"}
)


def _has(reading: Reading, *codes: str) -> bool:
    return any(_COLUMN[code] in reading.columns for code in codes)


_MOVED = ("dove_strong", "hawk_strong")
"""A rate that was cut or raised stays decided, whatever else the Fed signals."""


def _hedged(reading: Reading) -> bool:
    """Whether a word of doubt stands by itself: the sources of "open-sources" are none."""
    doubt = _COLUMN["consider"]
    spans = [(first, last) for first, last, code in reading.hits if code != doubt]
    return any(
        not any(a <= first and last <= b and b - a > last - first for a, b in spans)
        for first, last, code in reading.hits
        if code == doubt
    )


def stage(reading: Reading, event_type_name: str) -> Stage:
    """How far the event has come, by its wording: reversed, rumour, effective or announced."""
    undone = ("-restrict", "-relax", "-rule", "-diffusion", "-licence", "-entity_list", "-probe")
    unsure = _hedged(reading) and not (event_type_name == "rates" and _has(reading, *_MOVED))
    if event_type_name in _POLICY and _has(reading, *undone) and not unsure:
        return Stage.REVERSED
    if unsure:
        return Stage.RUMOUR
    return Stage.EFFECTIVE if _has(reading, "effective") else Stage.ANNOUNCED


_GROUP_ACTORS = (
    ("other_cb", "Central banks"),
    ("fed", "Fed"),
)
_POLICY_ACTORS = (
    ("congress", "US Congress"),
    ("cn_gov", "China"),
    ("us_gov", "US government"),
    ("regulator", "Regulator"),
    ("customs", "China"),
    ("china", "China"),
)


_EXPORT_ACTORS = (_POLICY_ACTORS[0], _POLICY_ACTORS[2], _POLICY_ACTORS[1])


@functools.cache
def _alias_matcher() -> Mapping[str, str]:
    return MappingProxyType({fold(alias): name for alias, name in lexicon.ACTORS.items()})


def _company_names(reading: Reading) -> Iterator[str]:
    """Companies in the order they are named, by alias; a model name stands for its lab."""
    aliases = _alias_matcher()
    words = reading.words
    for i, word in enumerate(words):
        pair = f"{word} {words[i + 1]}" if i + 1 < len(words) else word
        name = aliases.get(pair) or aliases.get(word) or aliases.get(word.rstrip("0123456789.s"))
        if name is not None:
            yield name


def companies(reading: Reading) -> frozenset[str]:
    """Every company named, by its usual name."""
    return frozenset(_company_names(reading))


def actor(reading: Reading, event_type_name: str) -> str:
    """Who acts: a government or central bank where the type is theirs, else the first company.

    "" when nobody is named.
    """
    if event_type_name == "rates":
        return next((name for code, name in _GROUP_ACTORS if _has(reading, code)), "Fed")
    if event_type_name == "china_purchase_ban":
        return "China"
    if event_type_name in _POLICY:
        exports = event_type_name != "regulatory_probe"
        order = _EXPORT_ACTORS if exports else _POLICY_ACTORS
        named = next((name for code, name in order if _has(reading, code)), None)
        if named is not None:
            return named
    return next(_company_names(reading), None) or next(
        (name for code, name in (*_POLICY_ACTORS[:4], *_GROUP_ACTORS) if _has(reading, code)), ""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """What a headline says about training or serving on Chinese chips; a hint for the rating.

    kind: training_failed, training_succeeded, inference_adopted, supply_up, supply_down or delay.
    lab, chip: as named in the headline, None when not named.
    """

    kind: str
    lab: str | None
    chip: str | None


_FEASIBILITY: tuple[tuple[str, str], ...] = (
    ("training_failed", "cn_chip|huawei, train, fail|~train|struggle, cn_lab|cn_tech|china|model"),
    ("training_failed", "cn_lab|cn_tech, fail, cn_chip|huawei, !launch"),
    ("training_succeeded", "cn_chip|huawei|own_chip, train, cn_lab|cn_tech|huawei|china, !us_lab"),
    ("delay", "cn_lab|cn_model, delay, !nv_chip"),
    ("delay", "cn_lab, model_version, delay"),
    ("delay", "cn_chip|huawei, delay, !adopt"),
    ("supply_down", "cn_chip|huawei|cn_fab, struggle|~raise, mass|yield_chip|memory"),
    (
        "supply_up",
        "cn_chip|huawei|cn_fab|china, mass|yield_chip, raise|effective|adopt, chip|cn_chip",
    ),
    ("inference_adopted", "cn_chip|huawei, inference|adopt, cn_lab|cn_tech|cn_model|china|model"),
)


@functools.cache
def _feasibility_rules() -> tuple[tuple[str, Condition], ...]:
    return tuple((kind, parse_condition(text)) for kind, text in _FEASIBILITY)


def _first_text(reading: Reading, *codes: str) -> str | None:
    """The words of the first match of the first of ``codes`` that is said; the longest there."""
    for column in (_COLUMN[code] for code in codes):
        places = [(first, last) for first, last, code in reading.hits if code == column]
        if places:
            first, last = min(places, key=lambda p: (p[0], -p[1]))
            words = _places(reading.text)
            return reading.text[words[first][0] : words[last - 1][1]]
    return None


def feasibility_evidence(headline: str) -> Feasibility | None:
    """What ``headline`` says about Chinese chips in training or serving; None when nothing."""
    reading = read(headline)
    matrix = evidence([reading])
    for kind, condition in _feasibility_rules():
        if bool(condition.holds(matrix)[0]):
            return Feasibility(
                kind=kind,
                lab=_first_text(reading, "cn_lab", "cn_tech"),
                chip=_first_text(reading, "cn_chip", "own_chip", "huawei"),
            )
    return None
