"""Model releases, what the hub shows of a laboratory's repositories, and what the press claims."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from engine.record.readings.base import Kind, need_range
from engine.values import ModelRelease

RELEASES = Kind(
    name="model_release",
    of=ModelRelease,
    key=lambda r: f"{r.lab}/{r.model}",
    carried=("known_at",),
    strict=True,
)
"""Strict: a release is never half read. It names its own source, which may be finer than the
fact's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressClaim:
    """A figure that the press reports of a model, confirmed by no source; shown, never used."""

    model: str
    claim: str
    value: float
    unit: str | None = None
    comparison: str | None = None


PRESS_CLAIMS = Kind(name="press_claim", of=PressClaim, key=lambda c: f"{c.model}/{c.claim}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository of a laboratory on the hub, as seen; ``occurred_at`` is when it was made.

    block: weight block sizes of its quantisation; empty where there is none. total_params: as
    stored; config_params and active_params: counted from its config, without prediction layers.
    expert_fmt: stored type of the experts where it is another. training_hardware: the card's words
    on the chips it was trained on; served_at_home: the card says that home-grown chips run it.
    """

    id: str
    occurred_at: datetime
    known_at: datetime
    source: str = ""
    total_params: float | None = None
    quant_method: str | None = None
    fmt: str | None = None
    scale_fmt: str | None = None
    block: tuple[int, ...] = ()
    sha: str | None = None
    downloads: float | None = None
    likes: float | None = None
    license: str | None = None
    pipeline_tag: str | None = None
    library_name: str | None = None
    config_params: float | None = None
    active_params: float | None = None
    context_tokens: float | None = None
    expert_fmt: str | None = None
    training_hardware: str | None = None
    served_at_home: bool | None = None


REPOSITORIES = Kind(name="hf_repository", of=Repository, key=lambda r: r.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """What one list asks for a model, USD per million tokens; ``occurred_at`` is the model's day.

    hub_id: the repository of its weights, where the list names it. by_maker: True where the list
    is the maker's own price page.
    """

    id: str
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    occurred_at: datetime
    known_at: datetime
    source: str = ""
    name: str = ""
    hub_id: str | None = None
    context_tokens: int | None = None
    by_maker: bool | None = None


MODEL_PRICES = Kind(name="model_price", of=ModelPrice, key=lambda p: f"{p.source}:{p.id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShare:
    """Of the tokens that one router passed on in a day, the part of Chinese makers' models.

    Shares are fractions of all tokens of the day. others_share: of models too small to be listed by
    name, whoever made them: the true Chinese share may lie higher by up to this. top_model: the
    Chinese model asked most. checksum: SHA-256 of the day's rows.
    """

    on: date
    chinese_share: float
    others_share: float
    total_tokens: float
    checksum: str
    known_at: datetime
    top_model: str | None = None
    top_share: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("chinese_share", "others_share", "top_share"):
            need_range(self, name, 0, 1)


TOKEN_SHARES = Kind(
    name="token_share", of=TokenShare, key=lambda t: f"{t.source}/{t.on.isoformat()}"
)
