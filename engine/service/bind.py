"""Names of the configuration bound to classes, and checked against what there is.

``config`` reads files and knows no class, no event type and no feature. Here each name finds what
it means, or is told with its line and the nearest right word.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from config import settings
from config.events import EventWeights
from config.feeds import FeedsConfig
from config.schema import FileFaults, Place, unknown
from config.settings import Config, Read, strategy_paths
from config.strategy import StrategyFile, Use, VoiceSettings
from config.threat import ESTIMATES, estimate_problems, unweighed
from engine.errors import ConfigError, InputError, NvsignalError, UnknownNameError, nearest
from engine.phrases import error_phrase, phrase
from engine.service import tables

if TYPE_CHECKING:
    from engine.decision.evidence import Blend, Voice
    from engine.threat.parameters import ThreatParameters
    from strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class Bound(Config):
    """A configuration whose names are bound: what the engine runs on."""

    blend: Blend
    threat: ThreatParameters

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything configured that a decision reads, defaults filled in.

        Comments, the order of keys and what only people read (a feed's terms) are free.
        """
        parts = {
            "decision": self.settings.decision.model_dump(mode="json", exclude={"strategy"}),
            "lags": self.settings.lags.model_dump(mode="json"),
            "strategy": self.strategy.model_dump(mode="json", exclude={"description", "strategy"}),
            "voices": [
                [type(v.strategy).__module__, type(v.strategy).__qualname__, v.weight, v.params]
                for v in (*self.blend.voices, self.blend.valuation)
                if v is not None
            ],
            "events": self.events.model_dump(mode="json"),
            "feeds": self.feeds.model_dump(mode="json", exclude={"feed": {"__all__": _NOTES}}),
            "threat": self.threat.model_dump(mode="json"),
            "scenarios": {k: s.model_dump(mode="json") for k, s in self.scenarios.items()},
        }
        text = json.dumps(parts, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


_NOTES = {"terms", "terms_reviewed_on", "fallback", "when_silent"}
"""Of a feed's stanza, what only people read."""


def load(folder: Path, strategy: str | None = None) -> Bound:
    """The configuration of ``folder``, read, bound and checked; ``ConfigError`` otherwise."""
    return bound(settings.load(folder, strategy))


def bound(config: Config) -> Bound:
    """``config`` with its names bound; as it is when they are already."""
    if isinstance(config, Bound):
        return config
    problems: list[str] = []
    blend = blend_of(config.strategy, config.strategy_path, problems)
    threat = _threat(config.folder / "threat.toml", problems)
    problems += event_problems(config.events, config.folder / "events.toml")
    problems += _feeds_checked(config)
    if problems or blend is None or threat is None:
        raise ConfigError(problems, remedy=phrase("nvsignal config check lists every problem"))
    read = {f.name: getattr(config, f.name) for f in fields(Config)}
    return Bound(**read, blend=blend, threat=threat)


def check(folder: Path) -> list[str]:
    """Every problem of every file and table, in one pass; what ``warnings`` says is none."""
    read = settings.Read(folder)
    chosen = read.one("nvsignal.toml", settings.Settings)
    if chosen:
        read.problems += _preset_problems(chosen, folder)
    if events := read.one("events.toml", EventWeights):
        read.problems += event_problems(events, folder / "events.toml")
    if feeds := read.one("feeds.toml", FeedsConfig):
        read.problems += feed_problems(feeds, folder / "feeds.toml")
    read.holding()
    read.scenarios()
    _threat(folder / "threat.toml", read.problems)
    presets = settings.strategy_paths(folder)
    if not presets:
        read.problems.append(
            phrase("{folder}: no strategy file", folder=str(folder / "strategies"))
        )
    for path in presets:
        preset = read.one(path, StrategyFile)
        if preset:
            blend_of(preset, path, read.problems)
    lags = chosen.lags if chosen else settings.Lags()
    return read.problems + tables.problems(settings.facts_folder(folder), lags)


def warnings(folder: Path, now: datetime) -> list[str]:
    """What is in order today and will not be for long: weights that are no shares, tables that end.

    For a folder without problems.
    """
    presets = ((path, Read(folder).one(path, StrategyFile)) for path in strategy_paths(folder))
    found = [w for path, preset in presets if preset for w in _weight_warnings(preset, path)]
    found += _clock_warnings(folder)
    feeds = Read(folder).one("feeds.toml", FeedsConfig)
    if feeds and not feeds.feed:
        found.append("feeds.toml names no source: nothing new is ever collected")
    threat = _threat(folder / "threat.toml", [])
    left = unweighed(threat, _estimates(folder)) if threat else []
    found += [
        phrase(
            "{estimates}: no figure of threat.toml weighs '{study}'",
            estimates=ESTIMATES,
            study=study,
        )
        for study in left
    ]
    return found + tables.warnings(settings.facts_folder(folder), now)


OPEN = time(9, 30)
"""New York time at which a decision of the morning acts."""


def contradicting_hours(chosen: settings.Settings) -> Iterator[tuple[str, str]]:
    """What is wrong with the hour of the report, and what to do about it."""
    at, decide = chosen.schedule.clock_time, chosen.decision.clock_time
    if at < decide:
        yield (
            phrase(
                "reports at {at} do not know what comes in until {decide}",
                at=f"{at:%H:%M}",
                decide=f"{decide:%H:%M}",
            ),
            phrase("set [schedule] report_at to [decision] decide_at or later"),
        )
    if at >= OPEN:
        yield (
            phrase(
                "reports at {at} New York come after the open at which they act", at=f"{at:%H:%M}"
            ),
            phrase("set [schedule] report_at before 09:30"),
        )


def _clock_warnings(folder: Path) -> list[str]:
    chosen, told = Read(folder).one("nvsignal.toml", settings.Settings), folder / "nvsignal.toml"
    place = ("schedule", "report_at")
    hours = contradicting_hours(chosen) if chosen else ()
    return [
        FileFaults.of(told).line(place, phrase("{what}; {remedy}", what=what, remedy=remedy))
        for what, remedy in hours
    ]


def _weight_warnings(preset: StrategyFile, path: Path) -> list[str]:
    total = sum(voice.weight for voice in preset.strategy)
    if abs(total - 1.0) < 0.005:
        return []
    said = phrase(
        "the weights add up to {total:sig6}, not 1; each counts as its part of that", total=total
    )
    return [FileFaults.of(path).line(("strategy", 0, "weight"), said)]


def _preset_problems(chosen: settings.Settings, folder: Path) -> list[str]:
    """The preset named in ``nvsignal.toml`` has to exist."""
    try:
        settings.strategy_path(folder, chosen.decision.strategy)
    except InputError as error:
        told = FileFaults.of(folder / "nvsignal.toml")
        return [told.line(("decision", "strategy"), error_phrase(error))]
    return []


def event_problems(events: EventWeights, path: Path) -> list[str]:
    """Types that the taxonomy does not know, and types that are weighed twice."""
    from engine.news.taxonomy import EVENT_TYPES

    told = FileFaults.of(path)
    found = []
    seen: dict[str, str] = {}
    for table in ("policy", "domestic", "demand"):
        for name in getattr(events, table):
            if name not in EVENT_TYPES:
                found.append(
                    told.line((table, name), unknown(phrase("event type"), name, EVENT_TYPES))
                )
            elif name in seen:
                found.append(
                    told.line(
                        (table, name),
                        phrase("'{name}' stands under {seen} as well", name=name, seen=seen[name]),
                    )
                )
            seen.setdefault(name, table)
    return found


def _feeds_checked(config: Config) -> list[str]:
    """``feed_problems``; not asked again of stanzas found sound by this very code.

    Asking imports every collector. A class of the user's own is no part of the code's digest, so
    with one the question is asked each time; ``config check`` always asks.
    """
    from engine.service.derived import keep_file, read_file
    from engine.service.folders import data_folder
    from engine.service.receipt import code_version

    feeds, path = config.feeds, data_folder() / "derived" / "feeds.json"
    shipped = all(feed.kind.startswith("feeds.") for feed in feeds.feed)
    # As a digest: a stanza may hold a key, and the file lies beside the record.
    made_with = hashlib.sha256(f"{code_version()} {feeds.model_dump_json()}".encode()).hexdigest()
    if shipped and read_file(path, made_with) == "sound":
        return []
    problems = feed_problems(feeds, config.folder / "feeds.toml")
    if shipped and not problems and path.parent.is_dir():
        keep_file(path, made_with, "sound")
    return problems


def feed_problems(feeds: FeedsConfig, path: Path) -> list[str]:
    """Collectors that do not exist, and options that theirs do not know."""
    from feeds.base import collector_class, option_problems

    told = FileFaults.of(path)
    found = []
    for order, feed in enumerate(feeds.feed):
        try:
            options = collector_class(feed.kind).Options
        except InputError as error:
            found.append(told.line(("feed", order, "kind"), error_phrase(error)))
            continue
        problems = option_problems(feed, options)
        found += [told.line(("feed", order, *place), text) for place, text in problems]
    return found


def _threat(path: Path, problems: list[str]) -> ThreatParameters | None:
    from config.schema import read_text
    from engine.threat.parameters import parse_parameters

    try:
        parameters = parse_parameters(read_text(path), where=path.name)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
    if rows := _estimates(path.parent):
        problems += estimate_problems(parameters, rows, path.name)
    return parameters


def _estimates(folder: Path) -> Sequence[Mapping[str, str]]:
    """Published estimates that figures may weigh; none where the table is absent or cannot be
    read, which ``tables.problems`` says."""
    from engine.tables import read_rows

    try:
        return read_rows(
            settings.facts_folder(folder) / ESTIMATES, needs=("known_on", "study", "value", "scope")
        )
    except (OSError, NvsignalError):
        return ()


# --- strategies -----------------------------------------------------------------------------


def find_strategy(reference: str) -> Strategy:
    """A new strategy of ``"module:Class"``; ``InputError`` when there is none, or it is unsound."""
    import strategies
    from engine.decision.features import FEATURES

    module_name, _, class_name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever a user's own file may do while it is imported
        names = [f"strategies.{info.name}" for info in pkgutil.iter_modules(strategies.__path__)]
        near = nearest(module_name, names)
        raise InputError(
            phrase(
                "cannot import '{module_name}' ({error})",
                module_name=module_name[:80],
                error=str(error)[:160],
            ),
            remedy=phrase("did you mean '{near}'?", near=near) if near else None,
        ) from None
    known = [n for n, v in vars(module).items() if is_strategy(v)]
    found = getattr(module, class_name, None)
    if not is_strategy(found):
        raise UnknownNameError(
            phrase("strategy in {module_name}", module_name=module_name), class_name, known
        )
    unknown_needs = sorted(found.needs - FEATURES.keys())
    if unknown_needs:
        raise UnknownNameError(
            phrase("feature needed by {class_name}", class_name=class_name),
            unknown_needs[0],
            FEATURES,
        )
    return found()


def is_strategy(found: Any) -> TypeGuard[type[Strategy]]:
    """A finished subclass of ``Strategy``: it has a name and says what it needs."""
    from strategies.base import Strategy

    is_one = isinstance(found, type) and issubclass(found, Strategy)
    return is_one and all(hasattr(found, part) for part in ("name", "needs"))


def blend_of(chosen: StrategyFile, path: Path, problems: list[str]) -> Blend | None:
    """The voices of a preset bound to their classes; None when there are problems, all told."""
    from engine.decision.evidence import Blend

    before = len(problems)
    told = FileFaults.of(path)
    places: list[Place] = [("strategy", order) for order in range(len(chosen.strategy))]
    voices = [_voice(v, told, p, problems) for p, v in zip(places, chosen.strategy, strict=True)]
    valuation = None
    if chosen.valuation is not None:
        valuation = _voice(chosen.valuation, told, ("valuation",), problems)
    if len(problems) > before:
        return None
    try:
        return Blend(
            voices=tuple(v for v in voices if v),
            rule=chosen.decision,
            risk=chosen.risk,
            valuation=valuation,
        )
    except ConfigError as error:
        problems.extend(
            phrase("{place}: {fault}", place=path.name, fault=fault) for fault in error.problems
        )
        return None


def _voice(given: Use, told: FileFaults, place: Place, problems: list[str]) -> Voice | None:
    from engine.decision.evidence import Voice
    from strategies.base import param_problem

    try:
        strategy = find_strategy(given.use)
    except InputError as error:
        problems.append(told.line((*place, "use"), error_phrase(error)))
        return None
    params: dict[str, float] = {k: p.default for k, p in strategy.params.items()}
    for name, value in given.params.items():
        try:
            params[name] = _in_money(strategy, name, value)
            wrong = param_problem(strategy, name, params[name])
        except InputError as error:
            wrong = error_phrase(error)
        if wrong:
            problems.append(told.line((*place, "params", name), wrong))
    weight = given.weight if isinstance(given, VoiceSettings) else 0.0
    return Voice(strategy=strategy, weight=weight, params={k: float(v) for k, v in params.items()})


def _in_money(strategy: Any, name: str, value: float | int | str) -> float:
    """Numbers as they are; text for an amount in trillions such as "4 trillion"."""
    if not isinstance(value, str):
        return value
    specs: Mapping[str, Any] = strategy.params
    spec = specs.get(name)
    if spec is not None and spec.unit == "USD tn":
        from engine.macro.valuation import parse_money

        return parse_money(value) / 1e12
    raise InputError(
        phrase(
            "{name}.{name2} = '{value}' is text",
            name=strategy.name,
            name2=name,
            value=value[:60],
        ),
        remedy=phrase("write a number without quotes"),
    )
