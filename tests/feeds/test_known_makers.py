"""What makers' pages tell, worked by hand: repositories, configs, cards, scores, prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config.feeds import FeedConfig
from engine.errors import FeedError
from engine.record.readings import MODEL_SCORES, ModelScore
from engine.values import Fact
from feeds import hugging_face, model_card
from feeds.base import Harvest, Poll, PollState
from feeds.hugging_face import (
    HuggingFaceOrg,
    card_from,
    pack_card,
    pack_config,
    quantisation,
    score_facts,
    with_card,
    with_config,
)
from feeds.model_card import ModelCard, read_card
from feeds.wire import Fetched, FetchFailedError, Request

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIST = "https://huggingface.co/api/models?author=org"
HUB = FeedConfig(
    name="hf", kind="x:Y", label="Hub", url=LIST, tier=1,
    options={"org": "org", "config_url": "https://c.org/{id}", "card_url": "https://r.org/{id}"},
)  # fmt: skip


class Web:
    """Answers by address, keeps every request; what is not there is a 404."""

    def __init__(self, answers: Mapping[str, bytes | Fetched | Exception]) -> None:
        self.answers, self.requests = dict(answers), list[Request]()

    def get(self, request: Request, now: datetime) -> Fetched:
        self.requests.append(request)
        answer = self.answers.get(request.url)
        if answer is None:
            raise FetchFailedError(request.feed, "answered 404", reason="not_found")
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Fetched) else Fetched(url=request.url, body=answer)


def entry(name: str = "M", **changes: Any) -> dict[str, Any]:
    return {"id": f"org/{name}", "createdAt": "2025-08-21T02:37:52.000Z", "sha": "abc", **changes}


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def asked(
    answers: Mapping[str, bytes | Fetched | Exception], state: PollState | None = None
) -> tuple[Harvest, list[Request]]:
    web = Web(answers)
    poll = Poll(feed=HUB, state=state or PollState(), fetcher=web, now=NOW)
    return HuggingFaceOrg().poll(poll), web.requests


def payload(**changes: Any) -> dict[str, Any]:
    parsed = HuggingFaceOrg().parse(dumped([entry(**changes)]), HUB, NOW)
    return dict(parsed.facts[-1].payload)


# --- repositories ---------------------------------------------------------------------------------


def test_an_unchanged_list_is_not_read_whether_by_304_or_by_its_bytes() -> None:
    body = dumped([entry()])
    first, _ = asked({LIST: Fetched(url=LIST, body=body, etag="e", last_modified="l",
                                    moved_to="m", fresh_seconds=9.0)})  # fmt: skip
    assert first.parsed is not None
    assert (first.etag, first.last_modified, first.moved_to) == ("e", "l", "m")
    assert first.fresh_seconds == 9.0
    state = PollState(body_hash=first.body_hash, memo={"k": "v"}, etag="e", last_modified="l")
    for answer in (body, Fetched(url=LIST, body=b"", not_modified=True)):
        again, requests = asked({LIST: answer}, state)
        assert (again.parsed, again.body_hash, again.memo) == (None, first.body_hash, {"k": "v"})
        assert [(r.etag, r.last_modified, r.accept) for r in requests] == [
            ("e", "l", "application/json")
        ]
    other, requests = asked({LIST: dumped([entry("N")]), "https://c.org/org/N": b"{}"}, state)
    assert other.parsed is not None
    assert other.body_hash != first.body_hash
    # Config and card are asked for without the validators of the list.
    assert [(r.url, r.etag, r.last_modified, r.accept) for r in requests[1:]] == [
        ("https://c.org/org/N", "", "", "*/*"), ("https://r.org/org/N", "", "", "*/*"),
    ]  # fmt: skip


def test_the_newest_notes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hugging_face, "_MAX_MEMO", 2)
    listed = dumped([entry(f"M{n}") for n in range(3)])
    found, _ = asked({LIST: listed}, PollState(memo={"old": "x"}))
    assert list(found.memo) == ["org/M1@abc", "org/M2@abc"]


@pytest.mark.parametrize(
    ("total", "read"), [(None, True), (50 * 10**9, False), (50 * 10**9 + 1, True), (7, False)]
)
def test_a_config_is_read_of_the_unknown_and_the_large(total: int | None, read: bool) -> None:
    _, requests = asked({LIST: dumped([entry(safetensors={"total": total})])})
    assert len(requests) == (3 if read else 1)


@pytest.mark.parametrize(
    ("failure", "n_put_off", "told"),
    [
        (FetchFailedError("hf", "no", reason="not_found"), 0, ()),
        (FetchFailedError("hf", "no", reason="forbidden"), 0, ()),
        (FetchFailedError("hf", "no", reason="timeout"), 1, ("config of org/M not read: hf: no",)),
        (b"<html>", 1, ("config of org/M not read: hf: a web page came instead of data",)),
        (b"[]", 0, ()),
    ],
)
def test_a_config_that_is_not_there_is_no_problem(
    failure: Exception | bytes, n_put_off: int, told: tuple[str, ...]
) -> None:
    found, _ = asked({LIST: dumped([entry()]), "https://c.org/org/M": failure})
    assert found.parsed is not None
    assert (found.parsed.put_off, found.parsed.problems) == (n_put_off, told)
    assert bool(found.memo) is (n_put_off == 0)


def test_no_card_is_asked_for_where_none_lies() -> None:
    feed = HUB.model_copy(update={"options": {**HUB.options, "card_url": ""}})
    web = Web({LIST: dumped([entry("a.b")])})
    HuggingFaceOrg().poll(Poll(feed=feed, state=PollState(), fetcher=web, now=NOW))
    assert [r.url for r in web.requests] == [LIST, "https://c.org/org/a.b"]


def test_what_a_card_claims_comes_with_the_repository_once() -> None:
    """A typed index of the list comes before the card; both are of the maker's own tier."""
    index = [{"results": [{"dataset": {"name": "GPQA Diamond"}, "metrics": [{"value": 71.5}]}]}]
    card = b"""
| Benchmark | M |
|--|--|
| GPQA Diamond | 70.0 |
| MMLU-Pro | 80.5 |

It was trained on Ascend 910C chips.
Inference on Ascend NPUs is supported."""
    listed = dumped([entry(**{"model-index": index})])
    found, _ = asked({LIST: listed, "https://c.org/org/M": b"{}", "https://r.org/org/M": card})
    assert found.parsed is not None
    kinds = [(f.kind, f.key, f.payload.get("value")) for f in found.parsed.facts]
    assert kinds == [
        ("model_score", "Hub:org/M:gpqa_diamond", 71.5),
        ("hf_repository", "org/M", None),
        ("model_score", "Hub:org/M:mmlu_pro", 80.5),
    ]
    told = found.parsed.facts[1].payload
    assert told["training_hardware"] == "It was trained on Ascend 910C chips."
    assert told["served_at_home"] is True
    again, requests = asked({LIST: listed}, PollState(memo=found.memo))
    assert again.parsed is not None
    assert again.parsed.facts == found.parsed.facts
    assert len(requests) == 1


def test_a_score_is_of_its_repository_field_by_field() -> None:
    created = datetime(2025, 8, 21, 2, 37, tzinfo=UTC)
    fact = Fact(
        kind="hf_repository", key="org/M", occurred_at=created, known_at=NOW, source="Hub",
        payload={"id": "org/M"},
    )  # fmt: skip
    card = ModelCard(scores={"mmlu_pro": 80.5, "aime_2025": 70.0, "gpqa_diamond": 101.0})
    found = score_facts(fact, card, tier=1)
    assert [MODEL_SCORES.read(f) for f in found] == [
        ModelScore(
            model="org/M", benchmark=name, value=value, lab="org", tier=1, source="Hub",
            released_on=date(2025, 8, 21), occurred_at=created, known_at=NOW,
        )
        for name, value in (("aime_2025", 70.0), ("mmlu_pro", 80.5))
    ]  # fmt: skip
    assert {(f.source, f.occurred_at, f.known_at) for f in found} == {("Hub", created, NOW)}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (0, 0), (7, 7), (99, 99), (100, 100), (104, 100), (105, 100), (106, 110), (678, 680),
        (12_345, 12_000), (12_500, 12_000), (12_501, 13_000), (999, 1_000), (10**15 - 1, 10**15),
        (10**15, None), (-1, None), (True, None), (1.5, None), ("7", None), (None, None),
    ],
)  # fmt: skip
def test_counters_are_kept_to_two_digits(told: Any, kept: int | None) -> None:
    found = payload(downloads=told, likes=3)
    assert (found["downloads"], found["likes"]) == (kept, 3)


@pytest.mark.parametrize(
    ("told", "kept"),
    [(10**15 - 1, 10**15 - 1), (10**15, None), (0, 0), (-1, None), (True, None), ("1", None)],
)
def test_parameters_are_a_whole_number_below_a_thousand_million_millions(
    told: Any, kept: int | None
) -> None:
    assert payload(safetensors={"total": told})["total_params"] == kept
    assert payload(safetensors=[told])["total_params"] is None


def test_words_are_kept_short_and_without_the_mark_of_the_notes() -> None:
    found = payload(
        sha="x" * 100, pipeline_tag="a|b", library_name=7,
        tags=[7, "fp8", "license:mit", "license:x"],
    )  # fmt: skip
    assert len(found["sha"]) == 80
    assert (found["pipeline_tag"], found["license"]) == ("a/b", "mit")
    assert "library_name" not in found
    assert payload(cardData={"license": "apache"})["license"] == "apache"
    assert payload(tags="license:mit", cardData={"license": " "})["license"] is None
    assert payload(cardData="x")["license"] is None


@pytest.mark.parametrize(
    ("stamp", "n_facts", "n_put_off", "said"),
    [
        ("2025-08-22T12:30:00Z", 1, 0, ""),
        ("2025-10-21T12:30:00Z", 0, 1, "org/M is stamped ahead: put off"),
        ("2025-10-21T12:30:01Z", 0, 0, "org/M has no usable date of creation"),
        ("", 0, 0, "org/M has no usable date of creation"),
    ],
)
def test_a_repository_of_tomorrow_waits_for_sixty_days(
    stamp: str, n_facts: int, n_put_off: int, said: str
) -> None:
    parsed = HuggingFaceOrg().parse(dumped([entry(createdAt=stamp)]), HUB, NOW)
    assert (len(parsed.facts), parsed.put_off) == (n_facts, n_put_off)
    assert parsed.problems == ((said,) if said else ())
    assert parsed.stamps == ((datetime(2025, 8, 22, 12, 30, tzinfo=UTC),) if n_facts else ())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "y" * 200}, f"hf: 'org': {'y' * 120}"),
        ({"models": []}, "hf: the answer is not a list of models"),
        ([], "hf: no models under 'org' (the organisation may have been renamed; check "
         "options.org)"),
    ],
)  # fmt: skip
def test_what_is_no_list_says_why(body: object, said: str) -> None:
    with pytest.raises(FeedError) as caught:
        HuggingFaceOrg().parse(dumped(body), HUB, NOW)
    assert str(caught.value) == said
    assert caught.value.state == ("unknown_org" if body == [] else "error")


def test_an_organisation_is_its_own_in_any_letters() -> None:
    parsed = HuggingFaceOrg().parse(
        dumped([entry(id="ORG/M"), entry(id="org2/M"), entry(id="x" * 70)]), HUB, NOW
    )
    assert [f.key for f in parsed.facts] == ["ORG/M"]
    assert parsed.problems[0] == "'org2/M' is not a repository of org"
    assert len(parsed.problems[1].split("'")[1]) == 60


# --- configs --------------------------------------------------------------------------------------

PACKED = {"config_groups": {"g": {"weights": {"num_bits": 4, "type": "int"}}}}


@pytest.mark.parametrize(
    ("told", "fmt"),
    [
        (PACKED, "int4"),
        ({"config_groups": {"g": {"weights": {"num_bits": 8, "type": "float"}}}}, "fp8"),
        ({"config_groups": {"g": {"weights": {"num_bits": 8}}}, "fmt": "x"}, "int8"),
        ({"config_groups": {"g": {"weights": {"type": "int"}}}, "fmt": "x"}, "x"),
        ({"config_groups": {"g": {"weights": {"num_bits": 4, "type": "odd"}}}, "fmt": "x"}, "x"),
        ({**PACKED, "format": "nvfp4-pack-quantized"}, "nvfp4"),
        ({**PACKED, "format": "mxfp4-pack-quantized"}, "mxfp4"),
        ({**PACKED, "format": "pack-quantized"}, "int4"),
        ({"config_groups": {"g": {"weights": None}}, "format": "f"}, "f"),
        ({"config_groups": {}, "fmt": "e4m3", "format": "f"}, "e4m3"),
        ({"config_groups": {"g": 3}}, None),
        ({"config_groups": [PACKED]}, None),
    ],
)
def test_how_weights_are_packed(told: dict[str, Any], fmt: str | None) -> None:
    assert quantisation({"quantization_config": told})["fmt"] == fmt


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ([128, 128], [128, 128]), ([1, 2, 3, 4], [1, 2, 3, 4]), ([1, 2, 3, 4, 5], [1, 2, 3, 4]),
        ([1, 2, 3, 4, "x"], [1, 2, 3, 4]), ([1, 2, 3, "x"], None), ([], None), (128, None),
    ],
)  # fmt: skip
def test_a_block_has_four_sizes_at_most(block: Any, kept: list[int] | None) -> None:
    assert quantisation({"quantization_config": {"weight_block_size": block}})["block"] == kept


def test_experts_may_be_stored_otherwise() -> None:
    assert quantisation({"expert_dtype": "fp4"})["expert_fmt"] == "fp4"
    inner = {"quantization_config": {"expert_dtype": "int4", "quant_method": "q"}}
    assert quantisation(inner)["expert_fmt"] == "int4"
    assert quantisation({**inner, "expert_dtype": "fp4"})["expert_fmt"] == "fp4"
    assert "expert_fmt" not in quantisation({"expert_dtype": 4})
    deeper = {"text_config": {"quantization_config": {"quant_method": "deep"}}}
    assert quantisation({**inner, **deeper})["quant_method"] == "q"
    assert quantisation({**deeper, "quantization_config": None})["quant_method"] == "deep"


def test_a_config_survives_its_note() -> None:
    """Ten wide, one layer: 1000 for each vocabulary table, 400 for attention, 900 for the rest."""
    config = {
        "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "scale_fmt": "ue8m0",
                                "weight_block_size": [128, 64]},
        "expert_dtype": "fp4", "num_hidden_layers": 1, "hidden_size": 10, "vocab_size": 100,
        "num_attention_heads": 2, "intermediate_size": 30, "max_position_embeddings": 4096,
    }  # fmt: skip
    note = pack_config(config)
    assert note == "fp8|e4m3|ue8m0|fp4|128x64|3300|2300|4096"
    fact = HuggingFaceOrg().parse(dumped([entry()]), HUB, NOW).facts[0]
    told = with_config(fact, note).payload
    assert {k: v for k, v in told.items() if fact.payload.get(k) != v} == {
        "quant_method": "fp8", "fmt": "e4m3", "scale_fmt": "ue8m0", "expert_fmt": "fp4",
        "block": [128, 64], "config_params": 3300, "active_params": 2300, "context_tokens": 4096,
    }  # fmt: skip
    assert pack_config({}) == "|||||||"
    for nothing in ("|||||||", "", "fp8|||", note + "|"):
        assert with_config(fact, nothing) == fact


# --- cards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "card",
    [
        ModelCard(),
        ModelCard(scores={"mmlu_pro": 80.5}),
        ModelCard(training_hardware="On Ascend.", served_at_home=True),
    ],
)
def test_a_card_survives_its_note(card: ModelCard) -> None:
    assert card_from(pack_card(card)) == card
    fact = HuggingFaceOrg().parse(dumped([entry()]), HUB, NOW).facts[0]
    named = {"training_hardware": card.training_hardware, "served_at_home": card.served_at_home}
    added = {k: v for k, v in named.items() if v is not None}
    assert with_card(fact, card) == replace(fact, payload={**fact.payload, **added})


@pytest.mark.parametrize("note", ["{", "[]", '{"scores": 3}', '{"scores": {"a": "x"}}', "7", ""])
def test_a_damaged_card_says_nothing(note: str) -> None:
    assert card_from(note) == ModelCard()


def test_lists_of_a_typed_index_are_read_to_their_bounds() -> None:
    def result(name: str) -> dict[str, Any]:
        return {"dataset": {"name": name}, "metrics": [{"value": 50.0}]}

    noise = {"dataset": {"name": "other"}, "metrics": [{"value": 1.0}]}
    for before, found in ((49, True), (50, False)):
        entries = [{"results": [noise]}] * before + [{"results": [result("GPQA Diamond")]}]
        assert bool(model_card.indexed_scores(entries)) is found
    for before, found in ((199, True), (200, False)):
        entries = [{"results": [noise] * before + [result("GPQA Diamond")]}]
        assert bool(model_card.indexed_scores(entries)) is found
    named = [{"results": [{"metrics": [{"type": "x", "name": "MMLU-Pro", "value": "0.5%"}]}]}]
    assert model_card.indexed_scores(named) == {"mmlu_pro": 50.0}
    for value in (0, -1, 101, "x", None):
        wrong = [{"results": [{"metrics": [{"type": "mmlu_pro", "value": value}]}]}]
        assert model_card.indexed_scores(wrong) == {}


def test_marked_up_tables_are_read_cell_by_cell() -> None:
    """A break is a blank; what stands outside of cells is none; an open row ends with the next."""
    html = (
        "text 1 <br> before <table><tr>loose<td>GPQA<br>Diamond</td> gap <td>71.5</td></tr>"
        "<tr><th>MMLU-Pro</th><td>80</td></table>after<table><tr><td>x</table>"
    )
    assert list(model_card._marked_up(html)) == [
        [["GPQA Diamond", "71.5"], ["MMLU-Pro", "80"]], [["x"]],
    ]  # fmt: skip
    assert list(model_card._marked_up("<td>lost</td>")) == []


def test_piped_tables_end_at_a_line_without_a_stroke() -> None:
    text = "| a | b |\n  | 1 | 2 |\n\nword\n| c |"
    assert list(model_card._piped(text)) == [[["a", "b"], ["1", "2"]], [["c"]]]


@pytest.mark.parametrize(
    ("table", "scores"),
    [
        # Its column: by the row's benchmark, to the left of it.
        ([["Benchmark", "Other", "Net-K9"], ["MMLU-Pro", "70", "80"]], {"mmlu_pro": 80.0}),
        ([["Set", "Shots", "Net-K9"], ["", "GPQA Diamond", "80"]], {"gpqa_diamond": 80.0}),
        ([["Net-K9", "Benchmark"], ["80", "MMLU-Pro"]], {}),
        ([["Benchmark", "Other", "Net-K9"], ["MMLU-Pro", "70"]], {}),
        ([["Benchmark", "Net-K9"], ["MMLU-Pro", "-"], ["AIME 2025", "9"]], {"aime_2025": 9.0}),
        # Its row: by the heading of the column; its name in the first two cells.
        ([["Model", "MMLU-Pro"], ["Net-K9", "80"], ["Other", "70"]], {"mmlu_pro": 80.0}),
        ([["#", "Model", "MMLU-Pro"], ["1", "Net-K9", "80"]], {"mmlu_pro": 80.0}),
        ([["#", "x", "Model", "MMLU-Pro"], ["1", "y", "Net-K9", "80"]], {}),
        ([["Model", "MMLU-Pro"], ["Net-K9", "80", "70"]], {"mmlu_pro": 80.0}),
        # Two rows of one benchmark: the first.
        ([["Benchmark", "Net-K9"], ["MMLU-Pro", "80"], ["MMLU-Pro", "90"]], {"mmlu_pro": 80.0}),
    ],
)
def test_its_own_scores_are_found_in_either_order(
    table: list[list[str]], scores: dict[str, float]
) -> None:
    text = "\n".join("| " + " | ".join(row) + " |" for row in table)
    assert read_card(text, "org/Net-K9").scores == scores


@pytest.mark.parametrize(
    ("cell", "own"),
    [
        ("Net-K9", True), ("**Net K9**", True), ("[Net-K9](https://e.org)", True),
        ("`Net-K9`†", True), ("Net-K8", False), ("", False), ("<b></b>", False),
        ("Net-K9<sup>2</sup>", True), ("Net-K9" + " x" * 38, False),
    ],
)  # fmt: skip
def test_a_cell_names_the_model(cell: str, own: bool) -> None:
    assert model_card._names(cell, model_card.family("Net-K9")) is own


def test_a_name_has_at_most_eighty_letters() -> None:
    for n, own in ((80, True), (81, False)):
        assert model_card._names("x" * n, model_card.family("x" * n)) is own


@pytest.mark.parametrize(("length", "counts"), [(600, True), (601, False)])
def test_a_sentence_has_six_hundred_letters_at_most(length: int, counts: bool) -> None:
    text = "trained on H20 ".ljust(length, "x")
    assert (model_card._hardware(text)[0] is not None) is counts


def test_the_first_sentence_on_training_counts_and_is_cut() -> None:
    text = (
        "It was trained on many GPUs. It was trained on H800 chips " + "a" * 300 + ".\n"
        "Later trained on Ascend | 910C.\nIt will be trained on Ascend soon."
    )
    training, served = model_card._hardware(text)
    assert training is not None
    assert training.startswith("It was trained on H800 chips aaa")
    assert (len(training), served) == (200, None)
    assert model_card._hardware("It was trained on Ascend | 910C.")[0] == (
        "It was trained on Ascend / 910C."
    )
    assert model_card._hardware("It was <b>trained</b> on\nAscend 910C chips") == (None, None)
    assert model_card._hardware("Is it trained on Ascend 910C?") == (None, None)
    assert model_card._hardware("Inference runs on H800 chips.") == (None, None)
    assert model_card._hardware("Adapted to Ascend 910C chips.") == (None, True)


def test_a_card_is_read_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "It was trained on Ascend 910C chips"
    for bound, found in ((len(text), True), (10, False)):
        monkeypatch.setattr(model_card, "MAX_CARD_CHARS", bound)
        assert (read_card(text, "org/M").training_hardware is not None) is found
