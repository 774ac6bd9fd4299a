"""From what a headline says to what it means: type, sense for NVDA, stage and actor.

A table of rules in conjunctive form (``data/rules.toml``) votes on the event type, a second table
gives the sense for NVDA once the type is known. Deterministic and free of training data: it is what
still holds on wording that nobody has labelled.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.news import mood
from engine.news.lexicon import lexicon, rule_table
from engine.news.reading import Reading, column_of, evidence, fold, read
from engine.news.taxonomy import EVENT_TYPES, TAXONOMY, event_type
from engine.values import BoolArray, Direction, FloatArray, Stage

IntArray = npt.NDArray[np.int64]

# ── rules ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Condition:
    """A conjunction of clauses: each clause is (columns of which one must hold, wanted truth).

    names: the columns of each clause as a set, for one headline.
    """

    clauses: tuple[tuple[IntArray, bool], ...]
    names: tuple[frozenset[int], ...]

    def holds(self, matrix: BoolArray) -> BoolArray:
        """For each headline of ``matrix`` (columns, n): does the condition hold? Shape (n,)."""
        outcome = np.ones(matrix.shape[1], dtype=np.bool_)
        for columns, wanted in self.clauses:
            some = matrix[columns[0]] if len(columns) == 1 else matrix[columns].any(axis=0)
            outcome &= some if wanted else ~some
        return outcome

    def met(self, said: AbstractSet[int]) -> bool:
        """Does the condition hold for one headline that says the columns ``said``?"""
        for names, (_, wanted) in zip(self.names, self.clauses, strict=True):
            if names.isdisjoint(said) is wanted:
                return False
        return True


def parse_condition(text: str) -> Condition:
    """Read ``a|b, c, !d|e``: (a or b) and c and neither d nor e. Unknown names raise KeyError."""
    clauses = []
    for clause in filter(None, (part.strip() for part in text.split(","))):
        wanted = not clause.startswith("!")
        names = clause.removeprefix("!").split("|")
        columns = np.asarray([column_of()[name.strip()] for name in names], dtype=np.int64)
        clauses.append((columns, wanted))
    return Condition(tuple(clauses), tuple(frozenset(c.tolist()) for c, _ in clauses))


@functools.cache
def _type_rules() -> tuple[tuple[int, float, Condition], ...]:
    index = {name: i for i, name in enumerate(EVENT_TYPES)}
    return tuple(
        (index[name], weight, parse_condition(text)) for name, weight, text in rule_table().votes
    )


@functools.cache
def _direction_rules() -> Mapping[str, tuple[tuple[Direction, Condition], ...]]:
    return MappingProxyType(
        {
            name: tuple((sense, parse_condition(text)) for sense, text in rows)
            for name, rows in rule_table().senses.items()
        }
    )


def rule_votes(matrix: BoolArray) -> FloatArray:
    """Which type rules fire: shape (n, number of rules), 1.0 or 0.0."""
    fired = [condition.holds(matrix) for _, _, condition in _type_rules()]
    return np.asarray(np.array(fired, dtype=np.float64).T)


def type_scores(votes: FloatArray) -> FloatArray:
    """Votes summed into a score per type: shape (n, types). A headline without any vote leans on
    ``irrelevant`` with half a point, so that silence means "not our business"."""
    scores = np.zeros((votes.shape[0], len(EVENT_TYPES)))
    for column, (target, weight, _) in enumerate(_type_rules()):
        scores[:, target] += weight * votes[:, column]
    scores[:, EVENT_TYPES.index("irrelevant")] += 0.5
    return scores


_SUBJECTS = (
    "nvidia", "huang", "nv_chip", "nv_china_chip", "chip", "cn_chip", "own_chip", "huawei",
    "cn_fab", "fab", "memory", "eda", "rival", "rival_chip", "cn_lab", "cn_tech", "cn_model",
    "cn_model_plain", "us_lab", "us_model", "model_version", "diffusion", "-diffusion",
    "entity_list", "-entity_list",
)  # fmt: skip


def has_subject(matrix: BoolArray) -> BoolArray:
    """Does each headline of ``matrix`` (columns, n) name a chip, its maker or buyer, or a
    laboratory (or a rule that is about nothing else)? Shape (n,)."""
    at = column_of()
    return np.asarray(matrix[[at[code] for code in _SUBJECTS]].any(axis=0))


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


# ── stage and actor ────────────────────────────────────────────────────────────────────

_POLICY = frozenset(
    {"export_restriction", "export_relief", "china_purchase_ban", "regulatory_probe"}
)


def _has(reading: Reading, *codes: str) -> bool:
    return any(column_of()[code] in reading.columns for code in codes)


_MOVED = ("dove_strong", "hawk_strong")
"""A rate that was cut or raised stays decided, whatever else the Fed signals."""


@functools.cache
def _undone() -> frozenset[int]:
    names = ("-restrict", "-relax", "-rule", "-diffusion", "-licence", "-entity_list", "-probe")
    return frozenset(column_of()[name] for name in names)


def stage(reading: Reading, event_type_name: str) -> Stage:
    """How far the event has come, by its wording: reversed, rumour, effective or announced."""
    unsure = mood.hedge(reading) is not None and not (
        event_type_name == "rates" and _has(reading, *_MOVED)
    )
    if event_type_name in _POLICY and not unsure and not _undone().isdisjoint(reading.columns):
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


def _is_named(reading: Reading, code: str) -> bool:
    """Whether ``code`` is told, and not by words of another government's name alone: *commerce* in
    the name of China's ministry names no American one."""
    if code != "us_gov" or not _has(reading, "cn_gov"):
        return _has(reading, code)
    ours, theirs = column_of()["us_gov"], column_of()["cn_gov"]
    taken = [hit[:2] for hit in reading.hits if hit[2] == theirs]
    return any(
        hit[2] == ours and not any(a <= hit[0] and hit[1] <= b for a, b in taken)
        for hit in reading.hits
    )


_EXPORT_ACTORS = (_POLICY_ACTORS[0], _POLICY_ACTORS[2], _POLICY_ACTORS[1])


@functools.cache
def _alias_matcher() -> Mapping[str, str]:
    return MappingProxyType({fold(alias): name for alias, name in lexicon().actors.items()})


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
    if event_type_name == "regulatory_probe" and _has(reading, "first_china"):
        return "China"
    if event_type_name in _POLICY:
        exports = event_type_name != "regulatory_probe"
        order = _EXPORT_ACTORS if exports else _POLICY_ACTORS
        named = next((name for code, name in order if _is_named(reading, code)), None)
        if named is not None:
            return named
    return next(_company_names(reading), None) or next(
        (name for code, name in (*_POLICY_ACTORS[:4], *_GROUP_ACTORS) if _has(reading, code)), ""
    )
