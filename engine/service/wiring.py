"""The one composition root: where the rooms are joined and the outside world is let in.

``assess`` is the product in one function: record → features → strategies → decision. Live report,
backtest, sweep and audit all go through it or through the very functions it calls.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from engine.clock import NEW_YORK
from engine.errors import InputError
from engine.phrases import phrase
from engine.service.folders import data_folder
from engine.service.receipt import code_version

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Config
    from engine.decision.decide import Evaluation
    from engine.decision.events import EventLog
    from engine.decision.features import RatedRelease
    from engine.decision.grid import Grid
    from engine.decision.kept_values import KeptValues
    from engine.decision.outlook import Outlook, Prospects
    from engine.decision.ratings import Reference
    from engine.macro.sessions import Sessions
    from engine.record.history import History
    from engine.record.store import Store
    from engine.service.bind import Bound
    from engine.service.derived import Memo
    from engine.values import Contribution, Decision, Event, Fact, Features, ThreatRating

REFERENCE = "reference-facts"
"""Name under which the reference tables keep their poll state."""
LAST = "last"
"""What ``--as-of`` calls the last evening with prices in the record."""
CALENDAR_AHEAD = timedelta(days=7)
"""Sessions are laid out so far beyond the instant asked for."""


def default_db_url(config: Config | None = None) -> str:
    """NVSIGNAL_DB, the configured database, or SQLite in the data folder."""
    configured = config.settings.record.database if config else ""
    return (
        os.environ.get("NVSIGNAL_DB") or configured or f"sqlite:///{data_folder()}/record.sqlite3"
    )


def open_record(config: Config, db: str | None = None) -> Store:
    """Open the record, creating and filling it with the reference facts where that is due."""
    from engine.record.store import Store

    url = db or default_db_url(config)
    tidy_up(url)
    store = Store.open(url)
    load_reference(store, config)
    return store


def tidy_up(url: str) -> None:
    """Remove what killed processes left half written beside the record and in the data folder."""
    from engine.files import tidy
    from engine.record.connect import file_of, parse_url

    path, data = file_of(parse_url(url)), data_folder()
    beside = () if path is None else (path.parent,)
    tidy((*beside, data, *(f for f in (*data.glob("*"), *data.glob("*/*")) if f.is_dir())))


def load_reference(store: Store, config: Config) -> bool:
    """Record ``config/facts`` when its content or the assumed lags changed; True if it did."""
    from engine.record.history import History
    from engine.record.store import StoredPollState
    from feeds import facts

    folder = config.facts
    digest = hashlib.sha256(repr(config.settings.lags).encode())
    for name in facts.files():
        path = folder / name
        digest.update(name.encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    state = store.poll_state(REFERENCE)
    if state is not None and state.body_hash == digest.hexdigest():
        return False
    loaded = facts.read_tables(folder, config.settings.lags)
    if state is not None:  # the tables were read before, and have changed
        held = History(store.facts(kinds={fact.kind for fact in loaded}))
        loaded = tuple(facts.as_corrections(loaded, held))
    store.record_poll(StoredPollState(feed=REFERENCE, body_hash=digest.hexdigest()), facts=loaded)
    return True


def last_evening(store: Store) -> datetime:
    """The end of the last New York day with an NVDA close in the record."""
    from engine.clock import end_of_day
    from engine.record.readings import BARS

    newest = store.newest(BARS.name, "NVDA:")  # a bar's key ends with its session, YYYY-MM-DD
    if newest is None:
        raise InputError(
            phrase("the record holds no NVDA price"), remedy=phrase("collect, or import bars")
        )
    return end_of_day(BARS.read(newest).session_on)


def instant_at(store: Store, as_of: str | None, present: datetime) -> datetime:
    """The instant meant by ``--as-of`` of every command and page; None is ``present``.

    ``last``: the last evening with prices in ``store``. Everything else is ``clock.instant_of``.
    """
    from engine.clock import instant_of

    if as_of is None:
        return present
    if as_of.strip().lower() == LAST:
        return min(last_evening(store), present)
    return instant_of(as_of, present)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorld:
    """What was known at ``as_of``, and the sessions it can act on.

    history holds nothing later than ``as_of``. ``grid`` ends with the session that acts on it.
    read_hash: of its rows as they were read. warm: the sessions with prices before the first one
    decided.
    memo: what was computed on earlier days; kept: the folder of what was made of the same facts.
    Everything is the same without them.
    """

    as_of: datetime
    history: History
    data_hash: str
    sessions: Sessions
    grid: Grid
    read_hash: str = ""
    warm: Grid | None = None
    memo: Memo | None = None
    kept: Path | None = None

    def key(self, config_digest: str, code: str) -> str:
        """What ratings and features depend on: facts, instant, sessions, configuration, code."""
        from engine.service.kept import key_of

        first, last = self.grid.sessions_on[0].isoformat(), self.grid.sessions_on[-1].isoformat()
        instant = int(self.grid.decide_at_us[-1])
        told = (self.data_hash, self.read_hash, self.as_of.isoformat(), first, last, instant)
        return key_of(*told, config_digest, code)


def world_at(
    store: Store, config: Config, as_of: datetime, *, present: datetime | None = None
) -> KnownWorld:
    """Load the record once, cut at ``as_of``.

    present: now, from who keeps ``store`` open as long as he asks: a record that did not change
    since it was read at ``as_of`` is read only when somebody asks for its facts.
    """
    from engine.record.store import uncollected
    from engine.service.derived import Memo, sessions_from

    folder = data_folder() / "derived"
    load = sessions_from(folder)
    with uncollected():
        if present is None:
            world = _whole_world(store, config, as_of, load)
        else:
            world = _world_on_demand(store, config, as_of, load, present)
    memo = Memo(folder / "computed.json", code_version())
    return replace(world, memo=memo, kept=folder)


def _whole_world(
    store: Store, config: Config, as_of: datetime, load: Callable[[date, date, time], Sessions]
) -> KnownWorld:
    history = store.history(known_by=as_of)
    if "bar" not in history.kinds:
        raise _before_the_record(store, as_of)
    return world_of(history, config, as_of, load=load)


def _world_on_demand(
    store: Store,
    config: Config,
    as_of: datetime,
    load: Callable[[date, date, time], Sessions],
    present: datetime,
) -> KnownWorld:
    """What a record held is kept under its signature, once that stood still while it was read."""
    from engine.service.derived import Memo

    signature = store.signature(present)
    if signature is None:
        return _whole_world(store, config, as_of, load)
    opened = Memo(data_folder() / "derived" / "opened.json", code_version(), most=MOST_OPENED)
    key = f"{store.address} {signature} {as_of.isoformat()}"
    seen = opened.get(key)
    if seen:
        first_bar_on = date.fromisoformat(seen["first_bar_on"])
        history = store.history_on_demand(as_of, seen["data_hash"], seen["last_id"])
        return world_of(
            history,
            config,
            as_of,
            load=load,
            first_bar_on=first_bar_on,
            read_hash=seen["read_hash"],
        )
    last_id, world = store.last_id(), _whole_world(store, config, as_of, load)
    if store.signature(present) == signature:
        first_bar_on = first_bar_of(world.history, as_of)
        told = {"data_hash": world.data_hash, "read_hash": world.read_hash}
        opened.put(key, {**told, "first_bar_on": str(first_bar_on), "last_id": last_id})
        opened.save()
    return world


MOST_OPENED = 50
"""Records, or instants of one, of which is kept what they held."""


def _before_the_record(store: Store, as_of: datetime) -> InputError:
    from engine.record.readings import BARS

    days = [BARS.read(fact).session_on for fact in store.facts(kinds=(BARS.name,))]
    day = str(as_of.astimezone(NEW_YORK).date())
    none = phrase("no price is known by {as_of}", as_of=day)
    if days:
        none = phrase(
            "no price is known by {as_of}; prices begin on {first}", as_of=day, first=str(min(days))
        )
    return InputError(
        none,
        remedy=phrase("choose a later --as-of, or import bars"),
    )


def first_bar_of(history: History, as_of: datetime) -> date:
    """The first session with a price known by ``as_of``; ``InputError`` without any."""
    from engine.record.readings import BARS

    bars = history.all_versions(BARS.name, as_of)
    if not bars:
        raise InputError(
            phrase("no price is known by {as_of}", as_of=str(as_of.astimezone(NEW_YORK).date())),
            remedy=phrase("choose a later --as-of, or import bars"),
        )
    return date.fromisoformat(min(bar.key[-10:] for bar in bars))  # SYMBOL:YYYY-MM-DD


def world_of(
    history: History,
    config: Config,
    as_of: datetime,
    *,
    load: Callable[[date, date, time], Sessions] | None = None,
    first_bar_on: date | None = None,
    read_hash: str | None = None,
) -> KnownWorld:
    """``history`` cut at ``as_of`` with its sessions; raises before the record begins.

    load: ``load_sessions`` or what gives the same, faster. first_bar_on: ``first_bar_of`` the
    history, read_hash: its own, where they are known already.
    """
    from engine.decision.grid import Grid
    from engine.macro.sessions import load_sessions

    history = history.cut(as_of)
    decision = config.settings.decision
    first_bar_on = first_bar_on or first_bar_of(history, as_of)
    first_on = max(decision.first_on, first_bar_on)
    last_on = as_of.astimezone(NEW_YORK).date() + CALENDAR_AHEAD
    if last_on - CALENDAR_AHEAD < first_on:
        raise InputError(
            phrase(
                "decisions begin on {first_on}; what is known before is warm-up",
                first_on=str(first_on),
            ),
            remedy=phrase("choose a later --as-of, or set [decision] first_on"),
        )
    load = load or load_sessions
    sessions = load(first_on, last_on, decision.clock_time)
    rows = sessions.index_at_or_after(as_of) + 1
    grid = Grid(sessions_on=sessions.on[:rows], decide_at_us=sessions.decide_at_us[:rows])
    return KnownWorld(
        as_of=as_of,
        history=history,
        data_hash=history.data_hash(as_of),
        sessions=sessions,
        grid=grid,
        read_hash=read_hash or history.read_hash(),
        warm=_warm_grid(first_bar_on, first_on, decision.clock_time, load),
    )


def _warm_grid(
    first_bar_on: date,
    first_on: date,
    clock_time: time,
    load: Callable[[date, date, time], Sessions],
) -> Grid | None:
    """The sessions with prices before the first one decided; None without any."""
    from engine.decision.grid import Grid

    if first_bar_on >= first_on - timedelta(days=7):
        return None
    before = load(first_bar_on, first_on - timedelta(days=1), clock_time)
    return Grid(sessions_on=before.on, decide_at_us=before.decide_at_us)


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Everything computed on the way to a decision."""

    config: Bound
    world: KnownWorld
    read_events: Callable[[], EventLog]
    ratings: tuple[RatedRelease, ...]
    features: Features
    evaluation: Evaluation
    version: str
    prospects: Prospects

    @property
    def events(self) -> EventLog:
        """The events known, read when somebody asks: a morning that is kept asks for none."""
        return self.read_events()

    @cached_property
    def decision(self) -> Decision:
        """The decision of the last session, with all that is said of the coming ones."""
        return self.decision_at(-1, whole=True)

    @cached_property
    def outlook(self) -> Outlook:
        """Chances of what will be seen, for every row, and how they were scored."""
        from engine.decision.outlook import outlook_of

        return outlook_of(self.config.blend, self.features, self.evaluation, self.prospects)

    def decision_at(self, t: int, *, whole: bool = False) -> Decision:
        """The decision of row ``t``; whole: with chances, risk and how firm it is."""
        from engine.clock import from_micros
        from engine.decision.explain import Origin, decision_at

        instant = from_micros(int(self.features.decide_at_us[t]))
        decision = decision_at(
            self.config.blend,
            self.features,
            self.evaluation,
            Origin(
                decided_at=min(self.world.as_of, instant),
                strategy_file=self.config.strategy_path.name,
                config_hash=self.config.digest,
                data_hash=self.world.data_hash,
                code_version=self.version,
            ),
            t=t,
            outlook=self.outlook if whole else None,
        )
        return replace(
            decision, contributions=tuple(self._named(c, t) for c in decision.contributions)
        )

    def _named(self, contribution: Contribution, t: int) -> Contribution:
        """The threat's bar with the releases that weigh most in it, so that its level adds up."""
        from engine.decision.rated import largest_parts
        from engine.values import Evidence

        if contribution.name != "fp8_threat" or contribution.value is None:
            return contribution
        voice = next(v for v in self.config.blend.voices if v.strategy.name == contribution.name)
        row = range(len(self.features.sessions_on))[t]
        parts = largest_parts(self.ratings, row, voice.params["half_life_sessions"])
        named = tuple(
            Evidence(
                text=phrase(
                    "{model}: {part:pct1} of that revenue still at risk", model=name, part=part
                ),
                source="engine.threat.rating",
            )
            for name, part in parts
            if part >= 0.05
        )
        return replace(contribution, evidence=(*contribution.evidence, *named))


def assess(
    world: KnownWorld,
    config: Config,
    *,
    ratings: Sequence[RatedRelease] | None = None,
    version: str | None = None,
) -> Assessment:
    """Features, scores and positions over every session of ``world``.

    ratings: taken as given when the caller has them for the same history (a sweep rates once).
    """
    from engine.decision.decide import evaluate
    from engine.decision.features import build
    from engine.decision.outlook import prospects_of
    from engine.record.store import uncollected
    from engine.service import kept
    from engine.service.bind import bound

    config = bound(config)
    version = version or code_version()
    key = world.key(config.digest, version)
    folder = world.kept if ratings is None else None

    @cache
    def events() -> EventLog:
        from engine.decision.events import known_events

        return known_events(world.history, world.as_of, world.memo)

    def make() -> tuple[tuple[RatedRelease, ...], Features, Prospects]:
        told = events()
        rated = tuple(ratings) if ratings is not None else _rated_once(world, config, told)
        built = build(
            world.history,
            world.grid,
            ratings=rated,
            events=told,
            weights=config.events,
            warm=world.warm,
            memo=world.memo,
        )
        return rated, built, prospects_of(built)

    with uncollected():
        rated, features, prospects = kept.remembered(folder, key, "rows", make)
    if world.memo is not None:
        world.memo.save()
    return Assessment(
        config=config,
        world=world,
        read_events=events,
        ratings=rated,
        features=features,
        evaluation=evaluate(config.blend, features, prospects.forecasts),
        version=version,
        prospects=prospects,
    )


def assessment_at(
    store: Store, config: Config, as_of: datetime, *, present: datetime | None = None
) -> Assessment:
    """``assess`` of what the record knows at ``as_of``; present as in ``world_at``."""
    return assess(world_at(store, config, as_of, present=present), config)


MOST_RATINGS = 500
"""Kept from other mornings: seven times those of the reference record, 4 MB."""


def _rated_once(
    world: KnownWorld, config: Config, events: Sequence[Event]
) -> tuple[RatedRelease, ...]:
    """``rate_releases`` of the events of ``world`` itself; ratings of other mornings are kept.

    In a file of their own: a morning whose features are kept reads none of them.
    """
    from engine.service.derived import Memo
    from engine.service.kept import KeptObjects, key_of

    if world.kept is None:
        return rate_releases(world, config, events)
    made_with = key_of(code_version(), reference_of(config).params.model_dump_json())
    memo = Memo(world.kept / "ratings.json", made_with, most=MOST_RATINGS)
    rated = rate_releases(world, config, events, KeptObjects(memo))
    memo.save()
    return rated


def rate_releases(
    world: KnownWorld, config: Config, events: Sequence[Event], memo: KeptValues | None = None
) -> tuple[RatedRelease, ...]:
    """Every Chinese release rated once, at the first decision that could use it.

    memo: as in ``ratings.rate_history``.
    """
    from engine.decision.ratings import rate_all

    return rate_all(world.history, world.grid, events, reference_of(config), memo)


def reference_of(config: Config) -> Reference:
    """The uncertain parameters that are configured."""
    from engine.decision.ratings import Reference
    from engine.service.bind import bound

    return Reference(params=bound(config).threat)


def with_facts(world: KnownWorld, config: Config, facts: Sequence[Any]) -> KnownWorld:
    """``world`` with more facts, as if they had been known: for ``whatif`` and for tests."""
    from engine.record.history import History

    history = History([*world.history, *facts])
    known = world.sessions

    def load(first: date, last: date, clock_time: time) -> Sessions:
        from engine.macro.sessions import load_sessions

        same = (first, last) == (known.first, known.last)
        return known if same else load_sessions(first, last, clock_time)

    return replace(
        world_of(history, config, world.as_of, load=load), memo=world.memo, kept=world.kept
    )


def history_at(
    as_of: str | None, present: datetime, db: str | None, config_dir: str | None
) -> tuple[datetime, History]:
    """The instant meant by ``as_of``, and what the record of the command line knows then."""
    from config.settings import config_folder
    from engine.service.bind import load

    config = load(config_folder(config_dir))
    with open_record(config, db) as store:
        instant = instant_at(store, as_of, present)
        return instant, store.history(known_by=instant)


def ratings_at(
    as_of: str | None, present: datetime, db: str | None, config_dir: str | None
) -> tuple[datetime, History, tuple[ThreatRating, ...]]:
    """The instant, the record as known then, and every rating made of it: the decision's own."""
    from config.settings import config_folder
    from engine.decision.events import known_events
    from engine.decision.ratings import rate_history
    from engine.service.bind import load

    config = load(config_folder(config_dir))
    with open_record(config, db) as store:
        instant = instant_at(store, as_of, present)
        history = store.history(known_by=instant)
    events = known_events(history, instant)
    return instant, history, rate_history(history, events, reference_of(config).params)


def hypothesis(text: str, where: str, world: KnownWorld) -> tuple[list[Fact], str]:
    """A what-if file as facts known at the world's instant, and the name of its release.

    Every problem of the file comes in one ``ConfigError``; a name the record holds is refused.
    """
    from engine.record.asof import known
    from engine.record.readings import AVAILABILITY, RELEASES
    from engine.threat.whatif import parse_whatif, planned, scenario_rows
    from engine.values import Fact, release_payload

    plan = parse_whatif(text, where=where)
    release = planned(plan)
    name = release.model
    spells = known(world.history, AVAILABILITY, world.as_of).values()
    told = known(world.history, RELEASES, world.as_of).values()
    if name.lower() in {r.model.lower() for r in told}:
        raise InputError(
            phrase("'{name}' is in the record already", name=name[:80]),
            remedy=phrase("give the hypothesis its own name"),
        )

    def fact(kind: str, key: str, payload: dict[str, Any]) -> Fact:
        return Fact(
            kind=kind,
            key=f"hypothetical {key}",
            occurred_at=world.as_of,
            known_at=world.as_of,
            source="hypothetical",
            payload=payload,
        )

    rows = scenario_rows(
        plan, {spell.chip for spell in spells}, world.as_of.astimezone(NEW_YORK).date()
    )
    facts = [fact("availability", row["chip"], dict(row)) for row in rows["availability"]]
    facts += [fact("supply_estimate", row["vendor"], dict(row)) for row in rows["supply"]]
    payload = release_payload(replace(release, known_at=world.as_of))
    return [*facts, fact("model_release", name, payload)], name
