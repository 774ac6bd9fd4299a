"""The typed loader of everything the investor edits.

Every problem of every file is found in one pass and told with file, line, key and remedy; an
unknown key names the nearest one that exists. Nothing here touches the network or the database.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from engine.errors import ConfigError, InputError, NvsignalError, UnknownNameError, nearest

if TYPE_CHECKING:
    from engine.decision.decide import Blend
    from engine.decision.features import EventWeights

MAX_CONFIG_BYTES = 1_000_000
_M = TypeVar("_M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordSettings(_Strict):
    """Where the record is kept. Empty: SQLite in the user's data folder."""

    database: str = ""


class DecisionSettings(_Strict):
    """Which strategy file decides, and when (New York time)."""

    strategy: str = "balanced"
    decide_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "08:30"

    @property
    def clock_time(self) -> time:
        """``decide_at`` as a clock time."""
        return time.fromisoformat(self.decide_at)


class LagSettings(_Strict):
    """Assumed delay between publication and knowing, for back-filled history only."""

    scheduled_minutes: Annotated[float, Field(ge=0, le=10_080)] = 15
    approximate_hours: Annotated[float, Field(ge=0, le=168)] = 6
    close_minutes: Annotated[float, Field(ge=0, le=1_440)] = 30


class ReportSettings(_Strict):
    """Language of the report and the folder for written reports."""

    language: Annotated[str, Field(pattern="^(en|fr)$")] = "en"
    folder: str = ""


class ContactSettings(_Strict):
    """Told to the sources we poll; SEC and Fed collectors do not start without a mail address."""

    name: str = ""
    mail: str = ""


ALERT_KINDS = ("decision_changed", "digest", "tripwire", "data_down")
"""What a channel may be told: a change of HOLD or SELL, the daily report, one story that matters,
a source that is down."""

_ClockText = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class QuietHours(_Strict):
    """Nothing goes out in these hours of the reader's zone; it is held until they end.

    wake_for: kinds that a push channel lets through all the same; mail is always held.
    """

    start: _ClockText = "22:00"
    end: _ClockText = "06:30"
    zone: str = "Europe/Paris"
    wake_for: tuple[str, ...] = ()

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        from zoneinfo import available_timezones

        return _one_of("time zone", zone, available_timezones())

    @field_validator("wake_for")
    @classmethod
    def _kinds_exist(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of("alert kind", kind, ALERT_KINDS) for kind in kinds)


class ChannelSettings(_Strict):
    """One way out. ``url_env`` names the environment variable that holds its Apprise address,
    ``url_file`` a file readable by its owner only (0600); exactly one of the two.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]{0,39}$")]
    url_env: Annotated[str, Field(pattern=r"^([A-Za-z_]\w*)?$")] = ""
    url_file: str = ""
    language: Annotated[str, Field(pattern="^(en|fr)$")] = "en"
    kinds: tuple[str, ...] = ALERT_KINDS
    form: Annotated[str, Field(pattern="^(mail|push)$")] = "mail"
    quiet: QuietHours | None = None

    @field_validator("kinds")
    @classmethod
    def _kinds_exist(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of("alert kind", kind, ALERT_KINDS) for kind in kinds)

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.url_env) == bool(self.url_file):
            raise ValueError(f"channel '{self.name}' needs url_env or url_file, one of the two")
        return self


class DeliverySettings(_Strict):
    """Where reports and alerts go; empty means files only.

    coalesce_minutes: least time between two tripwire messages on one channel; what happens in
    between goes out together. tripwire_score: a release rated this high (0 to 100) trips the wire.
    """

    channel: tuple[ChannelSettings, ...] = ()
    coalesce_minutes: Annotated[float, Field(ge=0, le=1_440)] = 30
    tripwire_score: Annotated[float, Field(ge=0, le=100)] = 30

    @field_validator("channel")
    @classmethod
    def _names_differ(cls, channels: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        names = [channel.name for channel in channels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two channels are called '{twice[0]}'")
        return channels


class ScheduleSettings(_Strict):
    """What ``nvsignal run`` does when; times are New York's.

    collect_before_report_minutes: a last round of the feeds so long before the report, because
    what is first seen after the decision instant counts for the next session only.
    """

    collect_every_minutes: Annotated[int, Field(ge=5, le=1_440)] = 30
    collect_before_report_minutes: Annotated[int, Field(ge=1, le=120)] = 10
    report_at: _ClockText = "08:30"
    catch_up_sessions: Annotated[int, Field(ge=0, le=30)] = 5

    @property
    def clock_time(self) -> time:
        """``report_at`` as a clock time."""
        return time.fromisoformat(self.report_at)


def _one_of(what: str, name: str, known: Iterable[str]) -> str:
    """``name`` when it is known; pydantic turns the ``ValueError`` into a line with its place."""
    names = tuple(known)
    if name in names:
        return name
    near = nearest(name, names)
    raise ValueError(
        f"unknown {what} '{name[:60]}'" + (f" (did you mean '{near}'?)" if near else "")
    )


class Settings(_Strict):
    """``nvsignal.toml``."""

    record: RecordSettings = RecordSettings()
    decision: DecisionSettings = DecisionSettings()
    lags: LagSettings = LagSettings()
    report: ReportSettings = ReportSettings()
    contact: ContactSettings = ContactSettings()
    delivery: DeliverySettings = DeliverySettings()
    schedule: ScheduleSettings = ScheduleSettings()


class LatchSettings(_Strict):
    """``[decision]`` of a strategy file: thresholds of the score, in [-1, +1], and weights."""

    exit_below: Annotated[float, Field(ge=-1, le=1)]
    enter_above: Annotated[float, Field(ge=-1, le=1)]
    min_sessions_between_changes: Annotated[int, Field(ge=0, le=252)] = 5
    hold_weight: Annotated[float, Field(ge=0, le=2)] = 1.0
    sell_weight: Annotated[float, Field(ge=-1, le=1)] = 0.0
    reduce_below: Annotated[float, Field(ge=-1, le=1)] | None = None
    reduce_weight: Annotated[float, Field(ge=0, le=1)] = 0.5


class VoiceSettings(_Strict):
    """``[[strategy]]``: where the class is, its relative weight, its parameters."""

    use: Annotated[str, Field(pattern=r"^[a-zA-Z_][\w.]*:[A-Za-z_]\w*$")]
    weight: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]
    params: dict[str, float | int | str] = Field(default_factory=dict)


class StrategyFile(_Strict):
    """A file of ``config/strategies``."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=2_000)] = ""
    decision: LatchSettings
    strategy: Annotated[tuple[VoiceSettings, ...], Field(min_length=1)]


class RepeatSettings(_Strict):
    """The window in which the same type and direction is one event."""

    within_sessions: Annotated[int, Field(ge=0, le=60)] = 3


class StageSettings(_Strict):
    """Factor by stage."""

    rumour: Annotated[float, Field(ge=0, le=1)] = 0.5
    announced: Annotated[float, Field(ge=0, le=1)] = 1.0
    effective: Annotated[float, Field(ge=0, le=1)] = 1.0
    reversed: Annotated[float, Field(ge=0, le=1)] = 1.0


class ImpulseSettings(_Strict):
    """Size of one type of event, in per cent, and where the figure comes from."""

    impulse_pct: Annotated[float, Field(ge=0, le=50)]
    with_acceptance_pct: Annotated[float, Field(ge=0, le=50)] | None = None
    source: Annotated[str, Field(min_length=3)]


class EventsFile(_Strict):
    """``events.toml``."""

    repeat: RepeatSettings = RepeatSettings()
    stage: StageSettings = StageSettings()
    policy: dict[str, ImpulseSettings]
    domestic: dict[str, ImpulseSettings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything loaded, with the digest that goes into the receipt."""

    folder: Path
    settings: Settings
    strategy: StrategyFile
    strategy_path: Path
    blend: Blend
    events: EventWeights
    digest: str


def config_folder(given: str | None = None) -> Path:
    """The configuration: ``--config``, NVSIGNAL_CONFIG, ./config, else the packaged one."""
    chosen = given or os.environ.get("NVSIGNAL_CONFIG")
    if chosen:
        folder = Path(chosen).expanduser()
        if not (folder / "nvsignal.toml").is_file():
            raise InputError(
                f"no nvsignal.toml in '{folder}'", remedy="give the folder that holds it"
            )
        return folder
    local = Path("config")
    return local if (local / "nvsignal.toml").is_file() else Path(__file__).resolve().parent


def load(folder: Path, strategy: str | None = None) -> Config:
    """Read and check everything a decision needs; raises ``ConfigError`` with all problems."""
    problems: list[str] = []
    settings = _load(folder / "nvsignal.toml", Settings, problems) or Settings()
    path = strategy_path(folder, strategy or settings.decision.strategy)
    chosen = _load(path, StrategyFile, problems)
    events = _load(folder / "events.toml", EventsFile, problems)
    blend = _blend(chosen, path, problems) if chosen else None
    _check_threat(folder, problems)
    if problems or chosen is None or events is None or blend is None:
        raise ConfigError(problems, remedy="nvsignal config check lists every problem")
    return Config(
        folder=folder,
        settings=settings,
        strategy=chosen,
        strategy_path=path,
        blend=blend,
        events=event_weights(events),
        digest=_digest(folder, path),
    )


def strategy_path(folder: Path, name: str) -> Path:
    """The file meant by a preset's name or a path."""
    direct = Path(name).expanduser()
    if direct.suffix == ".toml":
        for candidate in (direct, folder / direct, folder / "strategies" / direct.name):
            if candidate.is_file():
                return candidate
        raise InputError(f"no strategy file '{name}'", remedy="see config/strategies")
    candidate = folder / "strategies" / f"{name}.toml"
    if candidate.is_file() and candidate.parent == folder / "strategies":
        return candidate
    known = sorted(p.stem for p in (folder / "strategies").glob("*.toml"))
    raise UnknownNameError("strategy preset", name, known)


def check(folder: Path) -> list[str]:
    """Every problem of every configuration file, without stopping at the first."""
    problems: list[str] = []
    _load(folder / "nvsignal.toml", Settings, problems)
    _load(folder / "events.toml", EventsFile, problems)
    _check_threat(folder, problems)
    _check_feeds(folder, problems)
    files = sorted((folder / "strategies").glob("*.toml"))
    if not files:
        problems.append(f"{folder / 'strategies'}: no strategy file")
    for path in files:
        chosen = _load(path, StrategyFile, problems)
        if chosen:
            _blend(chosen, path, problems)
    return problems


def _check_threat(folder: Path, problems: list[str]) -> None:
    from engine.threat.parameters import parse_parameters

    path = folder / "threat.toml"
    try:
        parse_parameters(path.read_text(encoding="utf-8"), where=path.name)
    except ConfigError as error:
        problems.extend(error.problems)
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        problems.append(f"{path.name}: is not UTF-8 text")


def _check_feeds(folder: Path, problems: list[str]) -> None:
    from feeds.base import load_feeds

    try:
        load_feeds(folder / "feeds.toml")
    except ConfigError as error:
        problems.extend(error.problems)
    except NvsignalError as error:
        problems.append(f"feeds.toml: {error}")


def schemas() -> dict[str, Any]:
    """JSON Schema of every file, so that editors complete the TOML."""
    files: dict[str, type[BaseModel]] = {
        "nvsignal": Settings,
        "strategy": StrategyFile,
        "events": EventsFile,
    }
    return {name: model.model_json_schema() for name, model in files.items()}


def event_weights(events: EventsFile) -> EventWeights:
    """``events.toml`` in the form features want."""
    from engine.decision.features import EventWeights

    relief = events.policy.get("export_relief")
    with_acceptance = relief.with_acceptance_pct if relief else None
    return EventWeights(
        policy={k: v.impulse_pct for k, v in events.policy.items()},
        relief_with_acceptance_pct=with_acceptance or (relief.impulse_pct if relief else 0.0),
        domestic={k: v.impulse_pct for k, v in events.domestic.items()},
        stage=events.stage.model_dump(),
        repeat_within=events.repeat.within_sessions,
    )


def find_class(reference: str) -> Any:
    """The class behind ``"module:Class"``; ``InputError`` when it cannot be found."""
    module_name, _, class_name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(f"cannot import '{module_name}' ({error})") from None
    found = getattr(module, class_name, None)
    if found is None:
        names = [n for n in vars(module) if not n.startswith("_")]
        raise UnknownNameError(f"class in {module_name}", class_name, names)
    return found


def _blend(chosen: StrategyFile, path: Path, problems: list[str]) -> Blend | None:
    from engine.decision.decide import Blend, Rule, Voice
    from strategies.base import with_defaults

    voices = []
    before = len(problems)
    for voice in chosen.strategy:
        try:
            strategy = find_class(voice.use)()
            params = {k: _in_money(strategy, k, v) for k, v in voice.params.items()}
            filled = with_defaults(strategy, params, where=path.name)
            voices.append(Voice(strategy=strategy, weight=voice.weight, params=filled))
        except ConfigError as error:
            problems.extend(error.problems)
        except InputError as error:
            problems.append(f"{path.name}: {error}")
    try:
        rule = Rule(**chosen.decision.model_dump())
        if len(problems) == before:
            return Blend(voices=tuple(voices), rule=rule)
    except ConfigError as error:
        problems.extend(f"{path.name}: {p}" for p in error.problems)
    return None


def _in_money(strategy: Any, name: str, value: float | int | str) -> float:
    """Numbers as they are; text for an amount in trillions such as "4 trillion"."""
    if not isinstance(value, str):
        return value
    spec = strategy.params.get(name)
    if spec is not None and spec.unit == "USD tn":
        from engine.macro.valuation import parse_money

        return parse_money(value) / 1e12
    raise InputError(
        f"{strategy.name}.{name} = '{value}' is text", remedy="write a number without quotes"
    )


def _load(path: Path, model: type[_M], problems: list[str]) -> _M | None:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            problems.append(f"{path.name}: larger than {MAX_CONFIG_BYTES:,} bytes")
            return None
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror})")
        return None
    except UnicodeDecodeError:
        problems.append(f"{path.name}: is not UTF-8 text")
        return None
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path.name}: {_toml_message(error)}")
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems.extend(_explained(error, model, path.name, text))
        return None


def _toml_message(error: tomllib.TOMLDecodeError) -> str:
    """``line L, column C: what``, from the parser's message."""
    match = re.match(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", str(error))
    if match is None:
        return f"{error}; TOML wants key = value, text in quotes"
    return f"line {match['line']}, column {match['column']}: {match['what']}"


def _explained(error: ValidationError, model: type[BaseModel], name: str, text: str) -> list[str]:
    return [_explain_one(e, model, name, text) for e in error.errors()]


def _explain_one(problem: Mapping[str, Any], model: type[BaseModel], name: str, text: str) -> str:
    where = ".".join(str(p) for p in problem["loc"])
    key = next((str(p) for p in reversed(problem["loc"]) if isinstance(p, str)), "")
    line = _line_of(key, text)
    place = f"{name}:{line}" if line else name
    if problem["type"] == "extra_forbidden":
        hint = nearest(key, _keys(model))
        return f"{place}: unknown key '{where}'" + (f"; did you mean '{hint}'?" if hint else "")
    given = problem.get("input")
    # A model's own check shows the whole table, and an address where a name belongs has a password.
    hidden = problem["type"] == "missing" or key in _PRIVATE or isinstance(given, dict | list)
    shown = "" if hidden else f" = {given!r}"[:80]
    return f"{place}: {where}{shown}: {problem['msg'].removeprefix('Value error, ')}"


_PRIVATE = frozenset({"url_env", "url_file"})


def _line_of(key: str, text: str) -> int | None:
    pattern = re.compile(rf"^\s*(\[*\s*[\w.]*\.?{re.escape(key)}\s*\]|{re.escape(key)}\s*=)")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return number
    return None


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key that may occur anywhere below ``model``."""
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.update(node.get("properties", {}))
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(model.model_json_schema())
    return found


def _digest(folder: Path, strategy: Path) -> str:
    """SHA-256 over the parsed content of the files a decision depends on; comments are free."""
    parts = []
    for path in (
        folder / "nvsignal.toml",
        strategy,
        folder / "events.toml",
        folder / "threat.toml",
    ):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        if path.name == "nvsignal.toml":
            data = {k: v for k, v in data.items() if k in ("decision", "lags")}
        parts.append(json.dumps(data, sort_keys=True, default=str))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def lags(settings: Settings) -> Any:
    """``[lags]`` in the form the reference loader wants."""
    from feeds.facts import Lags

    return Lags(
        scheduled=timedelta(minutes=settings.lags.scheduled_minutes),
        approximate=timedelta(hours=settings.lags.approximate_hours),
        close=timedelta(minutes=settings.lags.close_minutes),
    )
