"""Model releases read off Hugging Face: ``hf_repository`` facts become ``model_release`` facts.

A laboratory publishes one model as many repositories (base, instruct, FP8, GGUF …): all of them are
one *family*, and a family is one release. Only families that look like a flagship become one: large
enough, a general language model, new when we first saw it, and not in the catalogue already. What
neither the repository nor a list of prices or scores says stays unknown and widens the rating.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from engine.clock import from_micros, to_micros
from engine.record.readings import (
    MODEL_PRICES,
    MODEL_SCORES,
    RELEASES,
    REPOSITORIES,
    ModelPrice,
    ModelScore,
    Repository,
)
from engine.threat.catalogue import scale_format_of
from engine.values import Fact, ModelRelease

FLAGSHIP_PARAMS = 100e9
"""Weights from which a repository counts as a flagship. Of the Chinese open-weight releases of 2025
and 2026 in ``config/facts/model_releases.csv`` with a known size, five in six have more; the
smaller ones compete on a single card, not for data-centre revenue. Judgement, 2026-11."""

FRESH = timedelta(days=30)
"""A repository made longer than this before we first saw it is an old model met late: it would
count as today's news. Longer than the weeks a repository may be prepared in private."""

CONFIDENCE = 0.6
"""Of a release told by its repository alone: the weights exist, what they are for is inferred."""

LISTED = " (list price)"
"""Ends the source of a version of a catalogued release that a list of prices made."""
LEAST_FALL = 0.95
"""A list price lower by less than a twentieth is no news, as in ``threat.changes``."""
PROVENANCE = "Hugging Face repository "
"""Start of the source of every release made here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A laboratory as the catalogue names it, and its country."""

    name: str
    country: str = "CN"


LABS: Mapping[str, Lab] = MappingProxyType(
    {
        "deepseek-ai": Lab(name="DeepSeek"),
        "qwen": Lab(name="Alibaba"),
        "moonshotai": Lab(name="Moonshot AI"),
        "zai-org": Lab(name="Zhipu"),
        "minimaxai": Lab(name="MiniMax"),
        "stepfun-ai": Lab(name="StepFun"),
        "tencent": Lab(name="Tencent"),
        "baidu": Lab(name="Baidu"),
        "xiaomimimo": Lab(name="Xiaomi"),
        "bytedance-seed": Lab(name="ByteDance"),
        "inclusionai": Lab(name="Ant Group"),
    }
)
"""Organisation (lower case) -> laboratory, as the catalogue spells it. A stanza of ``feeds.toml``
adds one with ``options = { org = …, lab = …, country = … }``."""

_COPY_WORDS = frozenset(
    "gguf awq gptq exl2 mlx hf onnx openvino bnb fp8 fp4 nvfp4 mxfp4 mxfp8 bf16 fp16 int4 int8 "
    "w4a16 w8a8 w4a8 2bit 2bits 4bit 8bit 40k 80k reap quantized dynamic unquantized "
    "base instruct chat it pt paddle".split()
)
"""Words of a name that tell builds of one model apart, not models."""

_OTHER_TRADES = frozenset(
    "embedding embed reranker rerank guard reward rm prm distill distilled draft eagle eagle3 mtp "
    "dspark ocr vl vision image video audio omni tts asr speech music 3d t2v i2v math prover "
    "translate mt robot vla tokenizer".split()
)
"""Words of a name that say: not a general language model."""

_WORD = re.compile(r"[-_\s]+")
_ACTIVE = re.compile(r"(?<![A-Za-z0-9.])A(\d{1,4}(?:\.\d{1,2})?)B(?![A-Za-z0-9])")


def labs_of(options: Iterable[Mapping[str, Any]]) -> dict[str, Lab]:
    """``LABS`` with what the options of the feeds add."""
    labs = dict(LABS)
    for given in options:
        org, lab = given.get("org"), given.get("lab")
        if isinstance(org, str) and isinstance(lab, str) and lab:
            labs[org.lower()] = Lab(name=lab[:80], country=str(given.get("country", "CN"))[:2])
    return labs


def family(name: str, lab: str = "") -> str:
    """The name by which builds of one model are recognised.

    >>> family("Qwen3-235B-A22B-Instruct-2507-FP8") == family("Qwen3-235B-A22B-2507")
    True
    """
    own = {word.lower() for word in _WORD.split(lab)}
    kept = [w for w in _words(name) if w.lower() not in _COPY_WORDS]
    if len(kept) > 1 and kept[0].lower() in own and kept[0].lower() not in ("deepseek", "minimax"):
        kept = kept[1:]
    return "".join(kept).lower() or name.lower()


def shown_name(name: str) -> str:
    """``name`` without the words that only tell builds apart."""
    kept = [w for w in _words(name) if w.lower() not in _COPY_WORDS]
    return "-".join(kept) or name


def _words(name: str) -> list[str]:
    return [word for word in _WORD.split(name) if word]


def active_params_b(name: str) -> float | None:
    """Active parameters as the name tells them ("480B-A35B"), billions; None when it does not."""
    found = _ACTIVE.search(name)
    value = float(found[1]) if found else 0.0
    return value or None


def weight_precision(told: Repository) -> str | None:
    """Stored precision in the catalogue's words; None when the config does not say."""
    method, scale = (told.quant_method or "").lower(), (told.scale_fmt or "").lower()
    fmt = (told.fmt or "").lower()
    if (told.expert_fmt or "").lower() in ("fp4", "mxfp4"):
        return "fp4+fp8"
    if "fp8" in method or "fp8" in fmt:
        if scale in ("ue8m0", "e8m0"):
            return "fp8-ue8m0"
        return "fp8-e4m3-128x128" if told.block == (128, 128) else "fp8"
    if "mxfp4" in (method, fmt):
        return "mxfp4"
    return "int4" if (method, fmt) == ("compressed-tensors", "int4") else None


def release_facts(
    repositories: Iterable[Fact],
    known_releases: Iterable[Fact],
    labs: Mapping[str, Lab] = LABS,
    prices: Iterable[Fact] = (),
    scores: Iterable[Fact] = (),
) -> tuple[Fact, ...]:
    """Every version of every new release that ``repositories`` tell, ordered by ``known_at``.

    repositories: all versions of all ``hf_repository`` facts. known_releases: the ``model_release``
    facts on record; a family found there from another source makes no second release. prices: all
    versions of all ``model_price`` facts; those that name a repository of a family price its
    release from their ``known_at`` on, so that a cut is a later version of it. A release of the
    catalogue keeps its own price until a list that was seen before asks less than it did.
    """
    priced = _prices_by_family(prices, labs)
    catalogued: dict[tuple[str, str], list[ModelRelease]] = {}
    for fact in known_releases:
        release = RELEASES.read(fact)
        if not release.source.startswith(PROVENANCE) and not fact.source.endswith(LISTED):
            key = (release.lab, family(release.model, release.lab))
            catalogued.setdefault(key, []).append(release)
    families: dict[tuple[str, str], list[Repository]] = {}
    seen = map(REPOSITORIES.read, repositories)
    for told in sorted(seen, key=lambda r: (r.known_at, r.id)):
        org, _, name = told.id.partition("/")
        lab = labs.get(org.lower())
        if lab is not None and _is_language_model(told, name):
            families.setdefault((lab.name, family(name, lab.name)), []).append(told)
    by_name = {lab.name: lab for lab in labs.values()}
    tested = _scores_by_family(scores, families)
    found = [
        fact
        for key, versions in families.items()
        if key not in catalogued
        for fact in _family_facts(
            by_name[key[0]], versions, priced.get(key, ()), tested.get(key, ())
        )
    ]
    found += [
        fact for key, told in catalogued.items() for fact in _cuts_of(told, priced.get(key, ()))
    ]
    return tuple(sorted(found, key=lambda f: (f.known_at, f.key)))


def _cuts_of(told: Sequence[ModelRelease], prices: Sequence[ModelPrice]) -> Iterator[Fact]:
    """Later versions of a catalogued release, as one list's price of it falls and rises again.

    What counts is a fall within one list: lists differ by who serves and for whom, and a first
    look at one is no event. No price is told above the catalogue's own.
    """
    first: ModelPrice | None = None
    lowered, told_last = False, None
    for instant in sorted({price.known_at for price in prices}):
        listed = _price_at(prices, instant)
        base = max((r for r in told if r.known_at <= instant), key=_when, default=None)
        if listed is None or base is None or not _asked(base):
            continue
        first = first if first is not None and _list_of(first) == _list_of(listed) else listed
        cut = _asked(listed) < LEAST_FALL * _asked(first) and _asked(listed) < _asked(base)
        if cut or lowered:
            lowered = cut
            fact = _repriced(base, listed if cut else None, listed)
            if fact.payload != told_last:
                told_last = fact.payload
                yield fact


def _when(release: ModelRelease) -> datetime:
    return release.known_at


def _asked(priced: ModelPrice | ModelRelease) -> float:
    if isinstance(priced, ModelPrice):
        return priced.input_usd_per_mtok + priced.output_usd_per_mtok
    told = (priced.price_input_usd_per_mtok, priced.price_output_usd_per_mtok)
    return sum(price for price in told if price is not None)


def _repriced(base: ModelRelease, price: ModelPrice | None, seen: ModelPrice) -> Fact:
    """``base`` with a list's price, or with its own again, from the poll that saw it on."""
    release = replace(base, known_at=seen.known_at)
    if price is not None:
        release = replace(
            release,
            price_input_usd_per_mtok=price.input_usd_per_mtok,
            price_output_usd_per_mtok=price.output_usd_per_mtok,
        )
    return RELEASES.fact(
        release,
        occurred_at=seen.known_at,
        known_at=seen.known_at,
        source=f"{seen.source}{LISTED}",
        confidence=base.confidence,
    )


_LANGUAGE_TASKS = frozenset(("text-generation", "image-text-to-text"))
_OTHER_LIBRARIES = frozenset(("diffusers", "sentence-transformers", "timm", "nemo", "espnet"))


def _is_language_model(told: Repository, name: str) -> bool:
    """By the hub's own tags, where it gives them, and by the words of the name."""
    task, library = told.pipeline_tag, told.library_name
    if (task is not None and task not in _LANGUAGE_TASKS) or library in _OTHER_LIBRARIES:
        return False
    return not _OTHER_TRADES & {w.lower() for w in _words(name)}


def _prices_by_family(
    prices: Iterable[Fact], labs: Mapping[str, Lab]
) -> dict[tuple[str, str], list[ModelPrice]]:
    found: dict[tuple[str, str], list[ModelPrice]] = {}
    for price in map(MODEL_PRICES.read, prices):
        org, _, name = (price.hub_id or "").partition("/")
        lab = labs.get(org.lower())
        if lab is not None and name:
            found.setdefault((lab.name, family(name, lab.name)), []).append(price)
    return found


def _price_at(prices: Iterable[ModelPrice], instant: datetime) -> ModelPrice | None:
    """The last known price in one list of the plainest name there: never another model's.

    The list that told first stays, the maker's own page before others of the same hour: lists that
    take turns would look like cuts.
    """
    known = [p for p in prices if p.known_at <= instant]
    first = min(known, key=lambda p: (p.known_at, not p.by_maker, p.source), default=None)
    if first is None:
        return None
    told = [p for p in known if p.source == first.source]
    plain = min((len(p.id), p.id) for p in told)
    return max((p for p in told if (len(p.id), p.id) == plain), key=lambda p: p.known_at)


def _list_of(price: ModelPrice) -> tuple[str, str]:
    return price.source, price.id


LEAST_CONFLICT = 0.05
"""Two lists whose prices differ by a smaller share of the higher one agree."""


def _elsewhere(prices: Sequence[ModelPrice], chosen: ModelPrice, instant: datetime) -> str | None:
    """What other lists ask at ``instant``, where that differs from ``chosen``; else None."""
    told = []
    for source in sorted({p.source for p in prices if p.source != chosen.source}):
        other = _price_at((p for p in prices if p.source == source), instant)
        if other is not None and _differ(_asked(other), _asked(chosen)):
            asked = f"{other.input_usd_per_mtok:g} / {other.output_usd_per_mtok:g}"
            told.append(f"{source} {asked}")
    return "; ".join(told[:3]) or None


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > LEAST_CONFLICT * max(one, other)


SAME_RELEASE = timedelta(days=60)
"""A score of a model of that name which came out further from it belongs to another: lists give the
plain name to a laboratory's newest model and rename the older one."""


def _scores_by_family(
    scores: Iterable[Fact], families: Mapping[tuple[str, str], Sequence[Repository]]
) -> dict[tuple[str, str], list[ModelScore]]:
    by_lab: dict[str, dict[str, datetime]] = {}
    for (lab, name), versions in families.items():
        by_lab.setdefault(lab, {})[name] = min(told.occurred_at for told in versions)
    found: dict[tuple[str, str], list[ModelScore]] = {}
    for score in map(MODEL_SCORES.read, scores):
        for lab, names in by_lab.items():
            name = family(score.model.rpartition("/")[2], lab)
            if name in names and _near(score.released_on, names[name]):
                found.setdefault((lab, name), []).append(score)
    return found


def _near(told_on: date | None, made_at: datetime) -> bool:
    return told_on is None or abs(told_on - made_at.date()) <= SAME_RELEASE


def _scores_at(scores: Iterable[ModelScore], instant: datetime) -> dict[str, Any]:
    """The score fields of ``ModelRelease`` as known at ``instant``.

    Of several sources the lowest tier tells, the maker's own card first: the catalogue's scores,
    from which the scale is fitted, are those of makers. Among equals the first by name, so that two
    tables do not take turns. Of two years of AIME the newer one counts.
    """
    newest: dict[tuple[str, int, str], dict[str, ModelScore]] = {}
    for score in sorted((s for s in scores if s.known_at <= instant), key=lambda s: s.known_at):
        source = (score.benchmark, score.tier, score.source)
        newest.setdefault(source, {})[score.model] = score
    told: dict[str, float] = {}
    for first in sorted(newest):
        told.setdefault(first[0], max(score.value for score in newest[first].values()))
    year = max((y for y in (2024, 2025) if f"aime_{y}" in told), default=None)
    return {
        "gpqa_diamond_pct": told.get("gpqa_diamond"),
        "mmlu_pro_pct": told.get("mmlu_pro"),
        "swe_bench_verified_pct": told.get("swe_bench_verified"),
        "lmarena_elo": told.get("lmarena"),
        "aime_pct": told.get(f"aime_{year}"),
        "aime_year": year,
    }


def _family_facts(
    lab: Lab,
    versions: Sequence[Repository],
    prices: Sequence[ModelPrice],
    scores: Sequence[ModelScore],
) -> list[Fact]:
    """The versions of one family's release; none before it looks like a flagship."""
    found: list[Fact] = []
    latest: dict[str, Repository] = {}
    first_seen = versions[0].known_at
    if first_seen - min(f.occurred_at for f in versions if f.known_at == first_seen) > FRESH:
        return []
    main = ""
    instants = [told.known_at for told in versions]
    instants += [price.known_at for price in prices] + [score.known_at for score in scores]
    for known_us in sorted({to_micros(instant) for instant in instants}):
        latest |= {f.id: f for f in versions if to_micros(f.known_at) == known_us}
        main = main or _main(latest)
        if main:
            at = from_micros(known_us)
            told = _scores_at(scores, at)
            price = _price_at(prices, at)
            told["price_elsewhere"] = None if price is None else _elsewhere(prices, price, at)
            fact = _fact(lab, latest[main], latest.values(), price, told)
            fact = replace(fact, known_at=at)
            if not found or found[-1].payload != fact.payload:
                found.append(fact)
    return found


def _main(latest: Mapping[str, Repository]) -> str:
    """The repository that stands for the family: large, the plainest name; "" when none is large.

    Once chosen it stays, so that a later copy does not rename the release.
    """
    large = [k for k, r in latest.items() if _params(r) > FLAGSHIP_PARAMS]
    return min(large, key=lambda k: (len(k), k), default="")


def _params(told: Repository) -> float:
    """The larger of both counts: packed four-bit weights are stored as fewer, wider numbers."""
    return max(told.config_params or 0.0, told.total_params or 0.0)


def _fact(
    lab: Lab,
    main: Repository,
    builds: Iterable[Repository],
    price: ModelPrice | None,
    told: Mapping[str, Any],
) -> Fact:
    name = main.id.partition("/")[2]
    total_b = (main.config_params or main.total_params or 0.0) / 1e9
    counted_b = None if main.active_params is None else round(main.active_params / 1e9, 3)
    active_b = active_params_b(name) or counted_b
    precision = weight_precision(main) or _precision_of(builds)
    release = ModelRelease(
        model=shown_name(name),
        lab=lab.name,
        country=lab.country,
        released_on=main.occurred_at.date(),
        known_at=main.known_at,
        total_params_b=round(total_b, 3),
        active_params_b=None if active_b is None or active_b > total_b else active_b,
        context_k=None if main.context_tokens is None else main.context_tokens / 1024,
        weight_precision=precision,
        scale_format=scale_format_of(precision),
        open_weights=True,
        license=main.license,
        hardware_named=main.training_hardware,
        inference_domestic=main.served_at_home,
        price_input_usd_per_mtok=None if price is None else price.input_usd_per_mtok,
        price_output_usd_per_mtok=None if price is None else price.output_usd_per_mtok,
        source=f"{PROVENANCE}{main.id}, created {main.occurred_at:%Y-%m-%d}",
        confidence=CONFIDENCE,
        **told,
    )
    return RELEASES.fact(
        release,
        occurred_at=main.occurred_at,
        known_at=main.known_at,
        source=main.source,
        confidence=CONFIDENCE,
    )


def _precision_of(builds: Iterable[Repository]) -> str | None:
    """What the laboratory's own quantised builds say, the plainest name first."""
    ordered = sorted(builds, key=lambda r: (len(r.id), r.id))
    told = (p for p in map(weight_precision, ordered) if p not in (None, "int4"))
    return next(told, None)  # a four-bit build beside whole weights is a copy
