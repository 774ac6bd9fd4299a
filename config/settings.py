"""What applies to every command, and the one loader of the configuration folder.

The models of the other files stand beside this one; ``load`` reads all that a decision needs into
one ``Config``. Names of classes, event types and features are bound and checked by
``engine.service.bind``. Nothing here touches the network or the database.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, field_validator, model_validator

from config.events import EventWeights
from config.feeds import FeedsConfig
from config.scenario import Scenario
from config.schema import FaultsError, Many, Strict, one_of, read_file, unknown
from config.strategy import StrategyFile
from config.threat import ThreatParameters
from engine.errors import ConfigError, InputError, UnknownNameError
from engine.files import at_home
from engine.phrases import phrase

if TYPE_CHECKING:
    from config.holding import Holding

_M = TypeVar("_M", bound=BaseModel)
PACKAGED = Path(__file__).resolve().parent
"""The configuration that comes with the program."""


class RecordSettings(Strict):
    """Where the record is kept. Empty: SQLite in the user's data folder."""

    database: str = ""


class DecisionSettings(Strict):
    """Which strategy file decides, and when (New York time).

    first_on: the first session decided; earlier prices and rates are warm-up, so that trend and
    volatility speak on the first day.
    """

    strategy: str = "balanced"
    first_on: date = date(2022, 1, 3)
    decide_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "08:30"

    @property
    def clock_time(self) -> time:
        """``decide_at`` as a clock time."""
        return time.fromisoformat(self.decide_at)


class Lags(Strict):
    """``[lags]``: assumed delay between publication and knowing, for back-filled history only.

    approximate: for rows whose hour is an estimate. scheduled: for rows stamped to the minute.
    close: from a session's close to having its prices.
    """

    scheduled_minutes: Annotated[float, Field(ge=0, le=10_080)] = 15.0
    approximate_hours: Annotated[float, Field(ge=0, le=168)] = 6.0
    close_minutes: Annotated[float, Field(ge=0, le=1_440)] = 30.0

    @property
    def scheduled(self) -> timedelta:
        """``scheduled_minutes`` as a duration."""
        return timedelta(minutes=self.scheduled_minutes)

    @property
    def approximate(self) -> timedelta:
        """``approximate_hours`` as a duration."""
        return timedelta(hours=self.approximate_hours)

    @property
    def close(self) -> timedelta:
        """``close_minutes`` as a duration."""
        return timedelta(minutes=self.close_minutes)


class ReportSettings(Strict):
    """Language of the report and the folder for written reports."""

    language: Literal["en", "fr"] = "en"
    folder: str = ""


class ContactSettings(Strict):
    """Told to the sources we poll; the SEC is not asked without a mail address."""

    name: str = ""
    mail: str = ""


ALERT_KINDS = ("decision_changed", "digest", "tripwire", "data_down")
"""What a channel may be told: a change of HOLD or SELL, the daily report, one story that matters,
a source that is down."""

_ClockText = Annotated[
    str,
    Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"),
    Field(description=phrase("a time of day such as 08:30")),
]


class QuietHours(Strict):
    """Nothing goes out in these hours of the reader's zone; it is held until they end.

    wake_for: kinds that a push channel lets through all the same; mail is always held.
    """

    start: _ClockText = "22:00"
    end: _ClockText = "06:30"
    zone: str = "Europe/Paris"
    wake_for: Many[str] = ()

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        return one_of(phrase("time zone"), zone, available_timezones())

    @field_validator("wake_for")
    @classmethod
    def _kinds_exist(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one_of(phrase("alert kind"), kind, ALERT_KINDS) for kind in kinds)

    def covers(self, now: datetime) -> bool:
        """Whether it is quiet at ``now``: from ``start`` to before ``end``, over midnight too.

        Equal ends are no quiet hours at all.
        """
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        clock = now.astimezone(ZoneInfo(self.zone)).time()
        return start <= clock < end if start <= end else clock >= start or clock < end


class ChannelSettings(Strict):
    """One way out. ``url_env`` names the environment variable that holds its Apprise address,
    ``url_file`` a file readable by its owner only (0600); exactly one of the two.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]{0,39}$")]
    url_env: Annotated[str, Field(pattern=r"^([A-Za-z_]\w*)?$")] = ""
    url_file: str = ""
    language: Literal["en", "fr"] = "en"
    kinds: Many[str] = ALERT_KINDS
    form: Literal["mail", "push"] = "mail"
    quiet: QuietHours | None = None

    @field_validator("kinds")
    @classmethod
    def _kinds_exist(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one_of(phrase("alert kind"), kind, ALERT_KINDS) for kind in kinds)

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.url_env) == bool(self.url_file):
            raise ValueError(
                phrase("channel '{name}' needs url_env or url_file, one of the two", name=self.name)
            )
        return self


class DeliverySettings(Strict):
    """Where reports and alerts go; empty means files only.

    coalesce_minutes: least time between two tripwire messages on one channel; what happens in
    between goes out together. tripwire_score: a release rated this high (0 to 100) trips the wire.
    """

    channel: Many[ChannelSettings] = ()
    coalesce_minutes: Annotated[float, Field(ge=0, le=1_440)] = 30
    tripwire_score: Annotated[float, Field(ge=0, le=100)] = 30

    @field_validator("channel")
    @classmethod
    def _names_differ(cls, channels: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        names = [channel.name for channel in channels]
        twice = [i for i, name in enumerate(names) if name in names[:i]]
        if twice:
            raise FaultsError(
                ((i,), phrase("two channels are called '{names}'", names=names[i])) for i in twice
            )
        return channels


class ScheduleSettings(Strict):
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


class TimestampSettings(Strict):
    """A time-stamping authority (RFC 3161) for the newest entry of the ledger; empty: none.

    roots_file: PEM certificates that its answers are verified against, offline. allow_private: the
    authority stands in one's own network.
    """

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$", max_length=500)] = ""
    roots_file: str = ""
    allow_private: bool = False

    @model_validator(mode="after")
    def _roots_are_named(self) -> Self:
        if self.url and not self.roots_file:
            raise ValueError(
                phrase("[timestamp] url needs roots_file, or nothing could be verified")
            )
        return self


class WatchSettings(Strict):
    """A dead man's switch: asked once a session, after the report was delivered.

    ping_url_env: the environment variable that holds its address, which is a secret.
    """

    ping_url_env: Annotated[str, Field(pattern=r"^([A-Za-z_]\w*)?$")] = ""
    allow_private: bool = False


class Settings(Strict):
    """``nvsignal.toml``."""

    record: RecordSettings = RecordSettings()
    decision: DecisionSettings = DecisionSettings()
    lags: Lags = Lags()
    report: ReportSettings = ReportSettings()
    contact: ContactSettings = ContactSettings()
    delivery: DeliverySettings = DeliverySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    timestamp: TimestampSettings = TimestampSettings()
    watch: WatchSettings = WatchSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that was read, as the objects the engine uses.

    strategy_path: the file of the chosen preset. holding: None without a ``holding.toml``.
    """

    folder: Path
    settings: Settings
    strategy: StrategyFile
    strategy_path: Path
    events: EventWeights
    feeds: FeedsConfig
    scenarios: Mapping[str, Scenario]
    holding: Holding | None

    @property
    def facts(self) -> Path:
        """The reference tables: the folder's own, else those that come with the program."""
        return facts_folder(self.folder)


def config_folder(given: str | None = None) -> Path:
    """The configuration in force: the first of these that there is.

    ``--config``, NVSIGNAL_CONFIG, ./config, the user's own (``user_folder``), the packaged one.
    """
    chosen = given or os.environ.get("NVSIGNAL_CONFIG")
    if chosen:
        return _need_folder(chosen)
    for folder in (Path("config"), user_folder()):
        if (folder / "nvsignal.toml").is_file():
            return folder
    return PACKAGED


def _need_folder(chosen: str) -> Path:
    try:
        folder = at_home(chosen)
        found = (folder / "nvsignal.toml").is_file()
    except (OSError, InputError, ValueError):  # no such user, too long, a null character
        folder, found = Path(chosen[:200]), False
    if not found:
        raise InputError(
            phrase("no nvsignal.toml in '{folder}'", folder=str(folder)),
            remedy=phrase("give the folder that holds it"),
        )
    return folder


def user_folder() -> Path:
    """Where ``config init`` writes unless told otherwise, after the XDG convention."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "nvsignal"


def facts_folder(folder: Path) -> Path:
    """The tables that go with a configuration folder: its own ``facts``, else the packaged."""
    own = folder / "facts"
    return own if own.is_dir() else PACKAGED / "facts"


def load(folder: Path, strategy: str | None = None) -> Config:
    """Read everything a decision needs; raises ``ConfigError`` with the problems of all files."""
    read = Read(folder)
    settings = read.one("nvsignal.toml", Settings) or Settings()
    path = strategy_path(folder, strategy or settings.decision.strategy)
    chosen = read.one(path, StrategyFile)
    events = read.one("events.toml", EventWeights)
    feeds = read.one("feeds.toml", FeedsConfig)
    scenarios = read.scenarios()
    holding = read.holding()
    if read.problems or chosen is None or events is None or feeds is None:
        raise ConfigError(read.problems, remedy=phrase("nvsignal config check lists every problem"))
    return Config(
        folder=folder,
        settings=settings,
        strategy=chosen,
        strategy_path=path,
        events=events,
        feeds=feeds,
        scenarios=scenarios,
        holding=holding,
    )


class Read:
    """Reads the files of one folder and keeps every problem instead of stopping at the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []

    def one(self, name: str | Path, model: type[_M]) -> _M | None:
        """The file as its model; None when it has problems, which are kept."""
        try:
            return read_file(self.folder / name if isinstance(name, str) else name, model)
        except ConfigError as error:
            self.problems.extend(error.problems)
            return None

    def scenarios(self) -> dict[str, Scenario]:
        """Every scenario by the name of its file; what one includes must be there."""
        found = {p.stem: self.one(p, Scenario) for p in scenario_paths(self.folder)}
        good = {name: scenario for name, scenario in found.items() if scenario}
        for name, scenario in good.items():
            for part in scenario.includes:
                if part not in found or part == name:
                    wrong = unknown(phrase("scenario"), part, found)
                    self.problems.append(
                        phrase("{place}: {fault}", place=f"{name}.toml", fault=wrong)
                    )
        return good

    def holding(self) -> Holding | None:
        """What the investor holds; None without the file, too."""
        path = self.folder / "holding.toml"
        if not (path.exists() or path.is_symlink()):
            return None
        from config.holding import Holding

        return self.one(path, Holding)


def strategy_path(folder: Path, name: str) -> Path:
    """The file meant by a preset's name or a path."""
    known = [path.stem for path in strategy_paths(folder)]
    try:
        direct = at_home(name)
        if direct.suffix == ".toml":
            for candidate in (direct, folder / direct, folder / "strategies" / direct.name):
                if candidate.is_file():
                    return candidate
            raise InputError(
                phrase("no strategy file '{name}'", name=name[:200]),
                remedy=phrase("see config/strategies"),
            )
    except (OSError, ValueError):
        raise UnknownNameError(phrase("strategy preset"), name, known) from None
    if name not in known:
        raise UnknownNameError(phrase("strategy preset"), name, known)
    return folder / "strategies" / f"{name}.toml"


def strategy_paths(folder: Path) -> list[Path]:
    """Every preset of a folder, by name."""
    return sorted((folder / "strategies").glob("*.toml"))


def scenario_paths(folder: Path) -> list[Path]:
    """Every scenario of a folder, by name."""
    return sorted((folder / "scenarios").glob("*.toml"))


def models() -> dict[str, type[BaseModel]]:
    """Kind of file -> its model."""
    from config.holding import Holding
    from config.whatif import WhatIf

    return {
        "nvsignal": Settings,
        "strategy": StrategyFile,
        "events": EventWeights,
        "feeds": FeedsConfig,
        "threat": ThreatParameters,
        "scenario": Scenario,
        "holding": Holding,
        "whatif": WhatIf,
    }


def schemas() -> dict[str, Any]:
    """JSON Schema of every file, so that editors complete the TOML."""
    return {name: model.model_json_schema() for name, model in models().items()}
