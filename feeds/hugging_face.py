"""New model repositories of one organisation on Hugging Face.

The best early sign of a release, and it needs no language processing: a new repository, its
parameter count, and how its weights are quantised. Each repository is one ``hf_repository`` fact, a
candidate for a ``model_release``; what it means is decided elsewhere. A UE8M0 scale format alone
says little: Nvidia's Blackwell uses it too.

``createdAt`` is when the repository was made, which may precede the day it was opened to the
public; ``known_at`` is when we saw it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, cast
from urllib.parse import quote

from pydantic import Field

from config.schema import Strict
from engine.errors import DataError, FeedError
from engine.news.clean import clean_text
from engine.news.stamps import is_future, parse_stamp
from engine.phrases import phrase
from engine.record.readings import MODEL_SCORES, Benchmark, ModelScore
from engine.values import Fact
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Harvest,
    Parsed,
    Poll,
    falls_due,
    fetch_document,
    harvest,
    joined,
    newest_stamps,
    options_of,
    read_json,
)
from feeds.model_card import ModelCard, indexed_scores, read_card
from feeds.model_config import size_of
from feeds.wire import Fetched, FetchFailedError

MAX_CONFIGS_PER_POLL = 5
"""config.json files read in one poll; the newest repositories first, the rest at the next poll."""

MAX_PAGES = 5
"""Pages of a hundred repositories followed in one poll; the largest family seen had about forty."""

LARGE_PARAMS = 50e9
"""Weights from which a config is read for its active parameters; below, nothing is rated."""

CONFIG_URL = "https://huggingface.co/{id}/resolve/main/config.json"
CARD_URL = "https://huggingface.co/{id}/resolve/main/README.md"
_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}\Z", re.A)
_MAX_MEMO = 400  # read configs remembered; an organisation's newest hundreds are enough


class HubOptions(Strict):
    """org: whose repositories. config_url, card_url: where a config and a card lie, "" for nowhere.
    lab, country: for those who make releases of what is found here.
    """

    org: Annotated[str, Field(min_length=1, max_length=96)]
    config_url: str = CONFIG_URL
    card_url: str = CARD_URL
    lab: str = ""
    country: Annotated[str, Field(max_length=2)] = ""


class HuggingFaceOrg(DocumentCollector):
    """Repositories of an organisation, newest first.

    The list says neither how many parameters are active nor, at times, the quantisation, nor what
    the laboratory claims: then ``config.json`` and the card are read, once per repository and
    commit. A list that goes on is followed until a
    repository that was there at the last poll, so that a family of many builds hides nothing.
    """

    Options = HubOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``hf_repository``; an empty list means the organisation is not known (any more).

        Raises ``FeedError`` with state ``unknown_org`` for that.
        """
        listed = read_json(body, feed)
        org = options_of(feed, HubOptions).org
        if isinstance(listed, dict) and "error" in listed:
            raise FeedError(
                feed.name, phrase("'{org}': {listed}", org=org, listed=str(listed["error"])[:120])
            )
        if not isinstance(listed, list):
            raise FeedError(feed.name, phrase("the answer is not a list of models"))
        if not listed:
            raise FeedError(
                feed.name,
                phrase("no models under '{org}'", org=org),
                state="unknown_org",
                remedy=phrase("the organisation may have been renamed; check options.org"),
            )
        return _parsed(listed[:MAX_ENTRIES], org, feed, fetched_at)

    def poll(self, poll: Poll) -> Harvest:
        """The list, then the configs of large repositories that are not known yet."""
        fetched = fetch_document(poll, self.url(poll), self.accept)
        digest = sha256(fetched.body).hexdigest()
        if fetched.not_modified or digest == poll.state.body_hash:
            return harvest(fetched, None, poll.state.body_hash, poll.state.memo)
        first = self._following(poll, fetched, self.parse(fetched.body, poll.feed, poll.now))
        found = harvest(fetched, first, digest, poll.state.memo)
        assert found.parsed is not None
        facts, memo, problems = self._with_configs(poll, found.parsed.facts)
        parsed = replace(
            found.parsed,
            facts=facts,
            problems=(*found.parsed.problems, *problems),
            put_off=found.parsed.put_off + len(problems),
        )
        return replace(found, parsed=parsed, memo=memo)

    def _following(self, poll: Poll, page: Fetched, parsed: Parsed) -> Parsed:
        """``parsed`` with the pages that follow, down to what the last poll saw.

        A page that fails fails the poll: the next one begins again from the top.
        """
        since, whole, pages = poll.state.newest_at, parsed, 1
        while page.next_url and since is not None and parsed.facts:
            if min(fact.occurred_at for fact in parsed.facts) <= since:
                break
            if pages == MAX_PAGES:
                said = (*whole.problems, f"more new repositories than {MAX_PAGES} pages hold")
                return replace(whole, problems=said)
            page = fetch_document(poll, page.next_url, self.accept, plain=True)
            parsed, pages = self.parse(page.body, poll.feed, poll.now), pages + 1
            whole = joined(whole, parsed)
        return whole

    def _with_configs(
        self, poll: Poll, facts: Iterable[Fact]
    ) -> tuple[tuple[Fact, ...], dict[str, str], tuple[str, ...]]:
        memo, out, problems, left = dict(poll.state.memo), [], [], MAX_CONFIGS_PER_POLL
        for fact in facts:
            if fact.kind == MODEL_SCORES.name:
                out.append(fact)
                continue
            name = f"{fact.key}@{fact.payload['sha']}"
            wanted = _needs_config(fact) and not _is_read(memo.get(name, ""))
            if wanted and left > 0:
                left -= 1
                try:
                    self._read(poll, fact.key, memo, name)
                except FeedError as error:
                    what = "card" if memo.get(name) else "config"
                    problems.append(
                        phrase(
                            "{what} of {key} not read: {message}",
                            what=what,
                            key=fact.key,
                            message=error.message,
                        )
                    )
            elif wanted:
                problems.append(phrase("config of {key} not read yet", key=fact.key))
            config, _, card = memo.get(name, "").partition(_CARD_MARK)
            told = card_from(card)
            out.append(with_card(with_config(fact, config), told))
            typed = {fact.key for fact in out}
            claimed = score_facts(fact, told, poll.feed.tier)
            out.extend(score for score in claimed if score.key not in typed)
        kept = dict(list(memo.items())[-_MAX_MEMO:])
        return tuple(out), kept, tuple(problems)

    def _read(self, poll: Poll, repository: str, memo: dict[str, str], name: str) -> None:
        """Config and card into the memo; a card that cannot be read costs no config."""
        options = options_of(poll.feed, HubOptions)
        if memo.get(name, "").count("|") != _SEPARATORS:
            memo.pop(name, None)
            config = self._document(poll, options.config_url, repository)
            told = read_json(config, poll.feed) if config else {}
            memo[name] = pack_config(told if isinstance(told, dict) else {})
        card = self._document(poll, options.card_url, repository) if options.card_url else b""
        read = read_card(card.decode("utf-8", "replace"), repository)
        memo[name] += _CARD_MARK + pack_card(read)

    def _document(self, poll: Poll, template: str, repository: str) -> bytes:
        url = template.replace("{id}", quote(repository, safe="/"))
        try:
            return fetch_document(poll, url, "*/*", plain=True).body
        except FetchFailedError as failure:
            if failure.reason in ("not_found", "forbidden"):  # there is none, or it is gated
                return b""
            raise


# --- parsing (pure) -------------------------------------------------------------------------


def _parsed(listed: Iterable[Any], org: str, feed: FeedConfig, fetched_at: datetime) -> Parsed:
    facts: list[Fact] = []
    problems: list[str] = []
    n_put_off = 0
    for entry in listed:
        repository = str(entry.get("id", "")) if isinstance(entry, dict) else ""
        created_at = parse_stamp(str(entry.get("createdAt", ""))) if repository else None
        if not _REPOSITORY.match(repository) or repository.split("/")[0].lower() != org.lower():
            problems.append(
                phrase(
                    "'{clean_text}' is not a repository of {org}",
                    clean_text=clean_text(repository, limit=60),
                    org=org,
                )
            )
        elif created_at is not None and falls_due(created_at, fetched_at):
            n_put_off += 1
            problems.append(phrase("{repository} is stamped ahead: put off", repository=repository))
        elif created_at is None or is_future(created_at, fetched_at):
            problems.append(
                phrase("{repository} has no usable date of creation", repository=repository)
            )
        else:
            fact = _fact(repository, created_at, entry, feed.source, fetched_at)
            typed = ModelCard(scores=indexed_scores(entry.get("model-index")))
            facts.extend((*score_facts(fact, typed, feed.tier), fact))
    return Parsed(
        facts=tuple(facts),
        problems=tuple(problems[:20]),
        stamps=newest_stamps(fact.occurred_at for fact in facts),
        put_off=n_put_off,
    )


def _fact(
    repository: str, created_at: datetime, entry: Mapping[str, Any], source: str, seen_at: datetime
) -> Fact:
    config = entry.get("config")
    return Fact(
        kind="hf_repository",
        key=repository,
        occurred_at=created_at,
        known_at=seen_at,
        source=source,
        payload={
            "id": repository,
            "created_at": created_at.isoformat().replace("+00:00", "Z"),
            "total_params": _count(_inside(entry, "safetensors", "total")),
            **quantisation(config if isinstance(config, dict) else {}),
            "sha": _short(entry.get("sha")),
            "downloads": _rounded(entry.get("downloads")),
            "likes": _rounded(entry.get("likes")),
            "license": _license(entry),
            **{
                key: told
                for key in ("pipeline_tag", "library_name")
                if (told := _short(entry.get(key))) is not None
            },
        },
    )


def quantisation(config: Mapping[str, Any]) -> dict[str, Any]:
    """``quant_method``, ``fmt``, ``scale_fmt`` and ``block`` of a model's config.

    None where the config does not say; block is the list of weight block sizes. Multimodal
    configs keep theirs under ``text_config``.
    """
    found = config.get("quantization_config")
    if not isinstance(found, dict):
        inner = config.get("text_config")
        found = inner.get("quantization_config") if isinstance(inner, dict) else None
    found = found if isinstance(found, dict) else {}
    block = found.get("weight_block_size")
    sound = isinstance(block, list) and all(_count(size) is not None for size in block[:4])
    experts = config.get("expert_dtype") or found.get("expert_dtype")
    return {
        "quant_method": _short(found.get("quant_method")),
        "fmt": _short(_packed(found) or found.get("fmt") or found.get("format")),
        "scale_fmt": _short(found.get("scale_fmt")),
        "block": [int(size) for size in block[:4]] if sound and block else None,
        **({"expert_fmt": _short(experts)} if _short(experts) else {}),
    }


def _packed(found: Mapping[str, Any]) -> str | None:
    """``int4``, ``fp8`` …: the weights of compressed-tensors, whose type lies one group deeper."""
    groups = found.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, dict) else None
    weights = first.get("weights") if isinstance(first, dict) else None
    if not isinstance(weights, dict):
        return None
    kind, bits = weights.get("type") or "int", _count(weights.get("num_bits"))
    told = str(found.get("format") or "")
    if told.startswith(("nvfp4", "mxfp4")):
        return told[:5]
    return (
        f"{'fp' if kind == 'float' else 'int'}{bits}" if bits and kind in ("int", "float") else None
    )


def _needs_config(fact: Fact) -> bool:
    """Of unknown size, or so large that what of it is active, and how it is stored, matters.

    The small ones of a family of thirty would keep the flagship's config waiting for hours.
    """
    total = fact.payload["total_params"]
    return total is None or total > LARGE_PARAMS


def pack_config(config: Mapping[str, Any]) -> str:
    """What is kept of a config, as one line for the memo."""
    told, size = quantisation(config), size_of(config)
    texts = [str(told.get(key) or "") for key in _TEXTS]
    counts = [str(getattr(size, name) or "") if size else "" for name in _COUNTS.values()]
    return "|".join((*texts, "x".join(str(size) for size in told["block"] or ()), *counts))


_TEXTS = ("quant_method", "fmt", "scale_fmt", "expert_fmt")
_COUNTS = {
    "config_params": "total", "active_params": "active", "context_tokens": "context_tokens",
}  # fmt: skip
_SEPARATORS = len(_TEXTS) + len(_COUNTS)


def with_config(fact: Fact, packed: str) -> Fact:
    """``fact`` with what its config said; nothing known there changes nothing."""
    if packed.count("|") != _SEPARATORS:
        return fact
    parts = packed.split("|")
    texts, block, counts = parts[: len(_TEXTS)], parts[len(_TEXTS)], parts[len(_TEXTS) + 1 :]
    known: dict[str, Any] = {key: text for key, text in zip(_TEXTS, texts, strict=True) if text}
    known |= {key: int(count) for key, count in zip(_COUNTS, counts, strict=True) if count}
    if block:
        known["block"] = [int(size) for size in block.split("x")]
    return replace(fact, payload={**fact.payload, **known}) if known else fact


# --- what the card says, by way of the memo ---------------------------------------------------

_CARD_MARK = "\n"
"""Between config and card in a memo; neither holds it."""


def _is_read(packed: str) -> bool:
    config, mark, _ = packed.partition(_CARD_MARK)
    return bool(mark) and config.count("|") == _SEPARATORS


def pack_card(card: ModelCard) -> str:
    """What is kept of a card."""
    told = {"scores": dict(card.scores), "on": card.training_hardware, "home": card.served_at_home}
    return json.dumps({k: v for k, v in told.items() if v}, separators=(",", ":"))


def card_from(packed: str) -> ModelCard:
    """The card kept; a damaged one counts as saying nothing."""
    try:
        told = json.loads(packed) if packed else {}
        return ModelCard(
            scores={str(k): float(v) for k, v in told.get("scores", {}).items()},
            training_hardware=told.get("on"),
            served_at_home=told.get("home"),
        )
    except (ValueError, TypeError, AttributeError):
        return ModelCard()


def with_card(fact: Fact, card: ModelCard) -> Fact:
    """``fact`` with the hardware that the card names."""
    named = {"training_hardware": card.training_hardware, "served_at_home": card.served_at_home}
    told = {key: value for key, value in named.items() if value is not None}
    return replace(fact, payload={**fact.payload, **told}) if told else fact


def score_facts(repository: Fact, card: ModelCard, tier: int) -> list[Fact]:
    """``model_score`` facts of what the card claims; what is no score is left out."""
    name, found = str(repository.payload["id"]), []
    for benchmark, value in sorted(card.scores.items()):
        try:
            score = ModelScore(
                model=name,
                benchmark=cast("Benchmark", benchmark),
                value=value,
                lab=name.partition("/")[0],
                tier=tier,
                released_on=repository.occurred_at.date(),
                occurred_at=repository.occurred_at,
                known_at=repository.known_at,
                source=repository.source,
            )
        except DataError:
            continue
        found.append(
            MODEL_SCORES.fact(
                score,
                occurred_at=repository.occurred_at,
                known_at=repository.known_at,
                source=repository.source,
            )
        )
    return found


def _inside(entry: Mapping[str, Any], *path: str) -> Any:
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _count(value: Any) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15
    return int(value) if good else None


def _rounded(value: Any) -> int | None:
    """Two significant digits: a counter that ticks is not a new version of the fact."""
    count = _count(value)
    if not count:
        return count
    step = int(10 ** max(int(math.log10(count)) - 1, 0))
    return round(count / step) * step


def _short(value: Any) -> str | None:
    text = clean_text(value, limit=80).replace("|", "/") if isinstance(value, str) else ""
    return text or None


def _license(entry: Mapping[str, Any]) -> str | None:
    tags = entry.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith("license:"):
            return _short(tag.removeprefix("license:"))
    return _short(_inside(entry, "cardData", "license"))
