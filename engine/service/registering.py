"""A sealed statement of a rule, written before the months it will be judged on.

The statement goes into the hash-chained ledger, and into a file for the repository when asked. It
holds what makes the decisions (configuration, code, facts known) and what they were, as digests,
so that any later commit can be asked to reproduce them byte for byte; what will be measured, until
when; and what result ends the preset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.frozen import FROZEN_ON
from engine.clock import NEW_YORK, end_of_day
from engine.errors import DataError, InputError
from engine.phrases import phrase
from engine.record.content import canonical_json
from engine.service import wiring
from engine.service.receipt import code_digest, code_version

if TYPE_CHECKING:
    from engine.record.chain import LedgerEntry
    from engine.record.store import Store
    from engine.service.bind import Bound

KIND = "registered"
HELD_BACK = "held back, not forward"
FORWARD = "forward"
MEASURES = (
    "growth a year, deepest fall, Sharpe ratio, switches, exposure",
    "growth a year above each benchmark, 95 % interval by stationary bootstrap",
    "Brier skill of the chances of a fall and of the stance standing, against the base rate",
)
BENCHMARKS = (
    "holding", "cash", "constant_mix", "constant_60", "half", "trend_200", "volatility_target",
)  # fmt: skip
LEAST_SESSIONS = 126
"""Sessions from look to look, and before the first one: half a year (judgement)."""
CHANCE_SESSIONS = 504
"""Sessions before which chances of a fall within 21 end nothing: two years, of which 24 windows do
not overlap (judgement)."""
FALL_MARGIN_POINTS = 2.0
"""Points by which a fall must be deeper than that of holding (judgement): a rule that nearly always
holds misses its fall by tenths of a point through one switch alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What ends a preset, written before. Any one of these at any look:

    the 95 % interval of its growth above the constant mix of its own average exposure lies wholly
    below zero; its deepest fall is deeper than that of holding by more than a margin; the 90 %
    interval of the Brier skill of its chance of a 10 % fall lies wholly below zero.

    Looks are few and fixed, since who looks each day finds luck in the end: after every
    ``sessions`` sessions of the period, and after its last one. What is met once stays met. The
    chances end nothing before ``chance_sessions``: half a year holds five months that do not
    overlap, and no interval drawn from five can be believed.
    """

    sessions: int = LEAST_SESSIONS
    chance_sessions: int = CHANCE_SESSIONS
    excess_over: str = "constant_mix"
    excess_interval_high_below_pct: float = 0.0
    fall_deeper_than: str = "holding"
    fall_deeper_by_points: float = FALL_MARGIN_POINTS
    brier_skill_interval_high_below: float = 0.0


def withdrawn(
    rule: Mapping[str, Any],
    *,
    sessions: int,
    excess_high_pct: float | None,
    fall_pct: float,
    holding_fall_pct: float,
    skill_high: float | None,
) -> tuple[str, ...]:
    """Which conditions of the rule are met; empty while there are too few sessions."""
    if sessions < rule["sessions"]:
        return ()
    met = []
    if excess_high_pct is not None and excess_high_pct < rule["excess_interval_high_below_pct"]:
        met.append("growth below its constant mix")
    if fall_pct < holding_fall_pct - rule["fall_deeper_by_points"]:
        met.append("fell deeper than holding")
    enough = sessions >= rule["chance_sessions"]
    if enough and skill_high is not None and skill_high < rule["brier_skill_interval_high_below"]:
        met.append("chances worse than the base rate")
    return tuple(met)


def check_period(first: date, until: date, now: datetime, *, held_back: bool) -> None:
    """Refuse a period that has begun, unless told as held back; or whose prices were seen."""
    today = now.astimezone(NEW_YORK).date()
    if until < first:
        raise InputError(
            phrase(
                "the period ends ({until}) before it begins ({first})",
                until=str(until),
                first=str(first),
            )
        )
    if first <= FROZEN_ON:
        raise InputError(
            phrase(
                "the rules were set with prices up to {frozen_on} in view", frozen_on=str(FROZEN_ON)
            ),
            remedy=phrase(
                "register a period that begins after {frozen_on}", frozen_on=str(FROZEN_ON)
            ),
        )
    if first <= today and not held_back:
        raise InputError(
            phrase(
                "the period has already begun ({first}); a statement about it is no forward record",
                first=str(first),
            ),
            remedy=phrase("begin after {today}, or say --held-back", today=str(today)),
        )
    if first > today and held_back:
        raise InputError(
            phrase("the period begins on {first}, so it is forward", first=str(first)),
            remedy=phrase("leave out --held-back"),
        )


def statement(
    store: Store, config: Bound, *, first: date, until: date, now: datetime, held_back: bool
) -> dict[str, Any]:
    """The statement of one preset, JSON-ready; the record is read up to the frozen day.

    Raises ``InputError`` for a period that has begun.
    """
    check_period(first, until, now, held_back=held_back)
    return {
        "kind": KIND,
        "label": HELD_BACK if held_back else FORWARD,
        "preset": config.strategy.name,
        "from": first.isoformat(),
        "until": until.isoformat(),
        "registered_at": now.isoformat(),
        "prices_seen_until": wiring.last_evening(store).astimezone(NEW_YORK).date().isoformat(),
        "rule": rule_of(config),
        "withdrawal": {name: getattr(Withdrawal(), name) for name in Withdrawal.__slots__},
        "measures": list(MEASURES),
        "benchmarks": list(BENCHMARKS),
        "code_version": code_version(),
        "code_hash": code_digest(),
        **seal(store, config),
    }


def rule_of(config: Bound) -> dict[str, float | None]:
    """Every number of the rule, flat."""
    from engine.service.history import rule_numbers

    return rule_numbers(config.blend)


def seal(store: Store, config: Bound) -> dict[str, Any]:
    """What a later commit must reproduce: configuration, facts known, and every decision."""
    instant = end_of_day(FROZEN_ON)
    found = wiring.assessment_at(store, config, instant)
    lines = decision_lines(found.features.sessions_on, found.evaluation)
    return {
        "config_hash": config.digest,
        "record_hash": found.world.data_hash,
        "decided_as_of": instant.isoformat(),
        "decisions": len(lines),
        "decisions_from": lines[0].split(",")[0],
        "decisions_hash": digest_of(lines),
    }


def digest_of(lines: Sequence[str]) -> str:
    """SHA-256 of decisions, one a line."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


SEALED = ("rule", "decisions", "decisions_from", "decisions_hash")
"""What every later version must reproduce."""
TOLD = ("config_hash", "record_hash")
"""What may move without moving a decision (a new feed, a later fact), and is said."""


def decision_lines(sessions_on: Sequence[date], evaluation: Any) -> list[str]:
    """One line a session: day, verdict, share and score to six decimals, as they would be told."""
    return [
        f"{day},{'HOLD' if evaluation.invested[t] else 'SELL'},"
        f"{evaluation.target_weight[t]:.6f},{evaluation.score[t]:.6f}"
        for t, day in enumerate(sessions_on)
    ]


def register(store: Store, told: Mapping[str, Any], now: datetime) -> LedgerEntry:
    """Append a statement to the ledger; the same one again does nothing."""
    from engine.record import ledger

    payload = {k: v for k, v in told.items() if k != "registered_at"}
    return ledger.append(
        store,
        payload,
        acts_on=date.fromisoformat(told["from"]),
        strategy=entry_name(told["preset"]),
        made_at=now,
    )


def entry_name(preset: str) -> str:
    """Under which name statements of ``preset`` stand in the ledger, apart from its decisions."""
    return f"{KIND}: {preset}"


def statements(store: Store, preset: str) -> list[dict[str, Any]]:
    """The statements about ``preset``, oldest first, each with its hash and when it was made."""
    from engine.record import ledger

    return [
        {
            **e.payload,
            "entry_hash": e.entry_hash,
            "registered_at": e.made_at.isoformat(),
            "revision": e.revision,
        }
        for e in ledger.entries(store, strategy=entry_name(preset))
    ]


FOLDER = "registered"
"""In the configuration: statements that came with it, as ``register --out`` wrote them."""


def known_statements(store: Store, config: Bound) -> list[dict[str, Any]]:
    """Those of the ledger, then those of the configuration that the ledger does not hold.

    Of the latter ``entry_hash`` is the hash of the statement itself; ``file`` names where it lies,
    and when it was registered only the history of that file can prove.
    """
    found = statements(store, config.strategy.name)
    held = {_bare(told) for told in found}
    for path in sorted((config.folder / FOLDER).glob("*.json")):
        for told in read_statements(path):
            text = _bare(told)
            if told["preset"] == config.strategy.name and text not in held:
                digest = hashlib.sha256(text.encode()).hexdigest()
                found.append({**told, "entry_hash": digest, "file": path.name})
    return found


def _bare(told: Mapping[str, Any]) -> str:
    """A statement without when and where it was written."""
    kept = told.keys() - {"registered_at", "entry_hash", "revision", "file"}
    return canonical_json({name: told[name] for name in kept})


def differences(told: Mapping[str, Any], store: Store, config: Bound) -> dict[str, tuple[Any, Any]]:
    """What of a statement the present code, configuration and record make otherwise."""
    names = (*SEALED, *TOLD)
    if told.get("kind") != KIND or not all(name in told for name in names):
        raise DataError(phrase("this is no registered statement"))
    now = {**seal(store, config), "rule": rule_of(config)}
    return {name: (told[name], now[name]) for name in names if told[name] != now[name]}


def breaks(found: Mapping[str, tuple[Any, Any]]) -> bool:
    """Whether ``differences`` touch what was sealed."""
    return any(name in found for name in SEALED)


def read_statements(path: Path) -> list[dict[str, Any]]:
    """The statements of a file written by ``register --out``."""
    import json

    from engine.files import read_bytes

    try:
        found = json.loads(read_bytes(path))
    except ValueError:
        raise DataError(phrase("{name} is not JSON", name=path.name)) from None
    if not isinstance(found, list) or not all(map(_is_statement, found)):
        raise DataError(phrase("{name} holds no registered statements", name=path.name))
    return found


_NEEDED = (
    "preset", "label", "from", "until", "registered_at", "prices_seen_until", "withdrawal",
    *SEALED, *TOLD,
)  # fmt: skip


def _is_statement(told: Any) -> bool:
    """Whether everything that is asked of a statement later is there, in its form."""
    if not isinstance(told, dict) or told.get("kind") != KIND:
        return False
    if not all(name in told for name in _NEEDED):
        return False
    try:
        for name in ("from", "until", "prices_seen_until"):
            date.fromisoformat(told[name])
        datetime.fromisoformat(told["registered_at"])
    except (TypeError, ValueError):
        return False
    rule = told["withdrawal"]
    return (
        isinstance(rule, dict)
        and set(Withdrawal.__slots__) <= rule.keys()
        and {rule["excess_over"], rule["fall_deeper_than"]} <= set(BENCHMARKS)
    )


def statement_text(found: Sequence[Mapping[str, Any]]) -> str:
    """Statements as a file for the repository."""
    import json

    assert all(canonical_json(dict(told)) for told in found)
    return json.dumps(list(found), indent=1, sort_keys=True, ensure_ascii=True) + "\n"
