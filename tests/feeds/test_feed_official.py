"""Official sources: rates, repositories, filings and rules, each read strictly."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import FeedError
from engine.shown import FeedState
from feeds.base import FeedConfig, PollState
from feeds.collect import MemorySink, collect
from feeds.edgar import EdgarSubmissions
from feeds.federal_register import FederalRegister
from feeds.hugging_face import HuggingFaceOrg, quantisation
from feeds.official_rates import FredSeries, NewYorkFed
from feeds.wire import Fetched, FetchFailedError

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
HTML = b"<!DOCTYPE html><html><title>Service unavailable</title></html>"


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


# --- rates ----------------------------------------------------------------------------------

FRED = FeedConfig(
    name="fred", kind="feeds.official_rates:FredSeries", label="FRED", options={"series": "DFF"},
    url="https://fred.stlouisfed.org/graph/fredgraph.csv?id=DFF&cosd={since_on}",
)  # fmt: skip


def values(parsed) -> dict[str, float]:
    return {fact.key: fact.payload["value"] for fact in parsed.facts}


def test_fred_rows_become_observations():
    """Holidays are blanks or full stops and become nothing, never zero."""
    body = b"observation_date,DFF\n2025-08-20,4.33\n2025-08-21,.\n2025-08-22,\n"
    parsed = FredSeries().parse(body, FRED, NOW)

    assert values(parsed) == {"DFF:2025-08-20": 4.33}
    (fact,) = parsed.facts
    assert (fact.kind, fact.source, fact.known_at) == ("observation", "FRED", NOW)
    assert fact.payload == {"series": "DFF", "observed_on": "2025-08-20", "value": 4.33}
    assert parsed.problems == ()


def test_fred_is_asked_from_the_first_of_a_month():
    """The address changes with the month only, so that conditional requests keep working."""
    from feeds.base import Poll

    poll = Poll(feed=FRED, state=PollState(), fetcher=None, now=NOW)  # type: ignore[arg-type]

    assert FredSeries().url(poll).endswith("id=DFF&cosd=2023-06-01")


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (HTML, "blocked"),
        (b"", "error"),
        (b"observation_date,DGS2\n2025-08-20,3.7\n", "error"),
        (b"\xff\xfe", "error"),
        (b"observation_date,DFF\n2025-08-25,4.33\n", "error"),
        (b'{"error": 1}', "error"),
        (b'observation_date,DFF\n"2025-08-20,4.33', "error"),
    ],
)
def test_what_is_not_the_table_asked_for_is_an_error(body, state):
    """A web page, another series, broken text, a figure from the future."""
    with pytest.raises(FeedError) as error:
        FredSeries().parse(body, FRED, NOW)

    assert error.value.state == state


def test_implausible_rates_are_problems_not_facts():
    """433 is a slip of hundred, 1e400 and NaN are no numbers, the 30th of February no day."""
    rows = "2025-08-18,433\n2025-08-19,1e400\n2025-08-20,nan\n2025-02-30,4.3\n2025-08-21,4.33\n"
    parsed = FredSeries().parse(f"DATE,DFF\n{rows}".encode(), FRED, NOW)

    assert values(parsed) == {"DFF:2025-08-21": 4.33}
    assert len(parsed.problems) == 4


def test_the_new_york_fed_gives_the_rate_and_the_range():
    """EFFR with its target range; other rates in the answer are not ours."""
    records = [
        {"effectiveDate": "2025-08-21", "type": "EFFR", "percentRate": 4.33,
         "targetRateFrom": 4.25, "targetRateTo": 4.5, "volumeInBillions": 100},
        {"effectiveDate": "2025-08-21", "type": "SOFR", "percentRate": 4.4},
    ]  # fmt: skip
    feed = FeedConfig(name="ny", kind="x:Y")

    assert values(NewYorkFed().parse(dumped({"refRates": records}), feed, NOW)) == {
        "EFFR:2025-08-21": 4.33, "DFEDTARL:2025-08-21": 4.25, "DFEDTARU:2025-08-21": 4.5,
    }  # fmt: skip
    assert NewYorkFed().parse(dumped({"refRates": []}), feed, NOW).state is FeedState.EMPTY
    for body in (HTML, b"[]", b'{"refRates": 3}', b"{", b"[" * 100_000, b'{"refRates": NaN}'):
        with pytest.raises(FeedError):
            NewYorkFed().parse(body, feed, NOW)


# --- Hugging Face ---------------------------------------------------------------------------

HF_URL = "https://huggingface.co/api/models?author=deepseek-ai"
HF = FeedConfig(name="hf", kind="x:Y", url=HF_URL, options={"org": "deepseek-ai"})
FP8 = {"quant_method": "fp8", "fmt": "e4m3", "scale_fmt": "ue8m0", "weight_block_size": [128, 128]}


def repository(name: str = "DeepSeek-V3.1", **changes: object) -> dict[str, object]:
    return {
        "id": f"deepseek-ai/{name}",
        "createdAt": "2025-08-21T02:37:52.000Z",
        "sha": "abc",
        "safetensors": {"total": 684_531_386_000},
        "config": {"quantization_config": FP8},
        "downloads": 12_345,
        "likes": 678,
        "tags": ["license:mit", "fp8"],
        **changes,
    }


def hf_payload(entry: dict[str, object]) -> dict[str, object]:
    (fact,) = HuggingFaceOrg().parse(dumped([entry]), HF, NOW).facts
    return dict(fact.payload)


def test_a_repository_becomes_a_candidate_release():
    """Identity, size, quantisation with its scale format, licence."""
    (fact,) = HuggingFaceOrg().parse(dumped([repository()]), HF, NOW).facts

    assert (fact.kind, fact.key) == ("hf_repository", "deepseek-ai/DeepSeek-V3.1")
    assert fact.occurred_at == datetime(2025, 8, 21, 2, 37, 52, tzinfo=UTC)
    assert fact.known_at == NOW
    assert fact.payload == {
        "id": "deepseek-ai/DeepSeek-V3.1", "created_at": "2025-08-21T02:37:52Z",
        "total_params": 684_531_386_000, "quant_method": "fp8", "fmt": "e4m3",
        "scale_fmt": "ue8m0", "block": [128, 128], "sha": "abc", "downloads": 12_000,
        "likes": 680, "license": "mit",
    }  # fmt: skip


def test_what_a_repository_does_not_say_is_none():
    """Not zero, not false, not the word None."""
    bare = hf_payload({"id": "deepseek-ai/x", "createdAt": "2025-08-21T00:00:00Z"})

    assert {k for k, v in bare.items() if v is not None} == {"id", "created_at"}


def test_a_ticking_counter_is_no_new_version():
    """Downloads and likes count to two digits; an order of magnitude still shows."""
    assert hf_payload(repository()) == hf_payload(repository(downloads=12_399, likes=684))
    assert hf_payload(repository()) != hf_payload(repository(downloads=130_000))
    assert hf_payload(repository(downloads=7, likes=0))["downloads"] == 7


@pytest.mark.parametrize(
    "entry",
    [
        repository(createdAt="soon"),
        repository(createdAt="2025-08-23T00:00:00Z"),
        repository(id="someone-else/DeepSeek-V3.1"),
        repository(id="deepseek-ai/../../etc"),
        repository(id=7),
        "text",
        None,
    ],
)
def test_a_strange_entry_is_a_problem_not_a_fact(entry):
    """The others of the list stay."""
    parsed = HuggingFaceOrg().parse(dumped([entry, repository("V4")]), HF, NOW)

    assert [fact.key for fact in parsed.facts] == ["deepseek-ai/V4"]
    assert len(parsed.problems) == 1


def test_an_organisation_that_is_not_there_is_said():
    """An empty list is how the interface answers for a wrong or renamed name."""
    with pytest.raises(FeedError, match="renamed") as error:
        HuggingFaceOrg().parse(b"[]", HF, NOW)

    assert error.value.state == FeedState.UNKNOWN_ORG


@pytest.mark.parametrize("body", [HTML, b'{"error": "too many"}', b"3", b"", b"[" * 99_999])
def test_what_is_no_list_is_an_error(body):
    """Never an empty success."""
    with pytest.raises(FeedError):
        HuggingFaceOrg().parse(body, HF, NOW)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"quantization_config": FP8}, ("fp8", "e4m3", "ue8m0", [128, 128])),
        ({"text_config": {"quantization_config": FP8}}, ("fp8", "e4m3", "ue8m0", [128, 128])),
        ({"quantization_config": {"quant_method": "compressed-tensors", "format": "int-quantized"}},
         ("compressed-tensors", "int-quantized", None, None)),
        ({"quantization_config": {"weight_block_size": ["x"]}}, (None, None, None, None)),
        ({"quantization_config": "fp8"}, (None, None, None, None)),
        ({}, (None, None, None, None)),
    ],
)  # fmt: skip
def test_quantisation_is_read_where_models_keep_it(config, expected):
    """At the top or under the text part; whatever else is there is ignored."""
    assert tuple(quantisation(config).values()) == expected


def config_url(name: str) -> str:
    return f"https://huggingface.co/deepseek-ai/{name}/resolve/main/config.json"


def test_a_config_the_list_left_out_is_read_once(poll_of):
    """Per repository and commit; the answer is remembered, also that there is nothing."""
    listed = dumped([repository("A", config={}), repository("B", config={})])
    answers = {HF_URL: listed, config_url("A"): dumped({"quantization_config": FP8})}
    first = poll_of(HF, answers)

    harvest = HuggingFaceOrg().poll(first)

    by_key = {fact.key: fact.payload for fact in harvest.parsed.facts}
    assert by_key["deepseek-ai/A"]["scale_fmt"] == "ue8m0"
    assert by_key["deepseek-ai/A"]["block"] == [128, 128]
    assert by_key["deepseek-ai/B"]["quant_method"] is None
    assert len(first.fetcher.asked) == 5  # the list, then config and card of each
    again = poll_of(HF, answers, PollState(memo=harvest.memo))
    assert HuggingFaceOrg().poll(again).parsed.facts == harvest.parsed.facts
    assert again.fetcher.asked == [HF_URL]


def test_a_config_that_cannot_be_read_now_is_read_later(poll_of):
    """The list is not remembered as done, so that the next poll tries again."""
    down = FetchFailedError("hf", "answered 503", reason="unavailable")
    answers = {HF_URL: dumped([repository("A", config={})]), config_url("A"): down}

    harvest = HuggingFaceOrg().poll(poll_of(HF, answers))

    assert "not read" in harvest.parsed.problems[0]
    assert (harvest.parsed.put_off, harvest.memo) == (1, {})


def test_a_card_that_cannot_be_read_now_costs_no_config(poll_of):
    """What the config says counts at once; the card alone is read at the next poll."""
    card = config_url("A").replace("config.json", "README.md")
    down = FetchFailedError("hf", "answered 503", reason="unavailable")
    answers = {HF_URL: dumped([repository("A", config={})]), config_url("A"): dumped(MOE)}

    harvest = HuggingFaceOrg().poll(poll_of(HF, {**answers, card: down}))

    (fact,) = harvest.parsed.facts
    assert round(fact.payload["active_params"] / 1e9) == 22
    assert harvest.parsed.problems == ("card of deepseek-ai/A not read: hf: answered 503",)
    again = poll_of(HF, answers, PollState(memo=harvest.memo))
    HuggingFaceOrg().poll(again)
    assert again.fetcher.asked == [HF_URL, card]


def test_only_a_few_configs_are_read_in_one_poll(poll_of):
    """Five, newest first; the others follow at the next polls."""
    names = [f"M{n}" for n in range(8)]
    answers = {HF_URL: dumped([repository(name, config={}) for name in names])}
    poll = poll_of(HF, answers)

    harvest = HuggingFaceOrg().poll(poll)

    configs = [url for url in poll.fetcher.asked[1:] if url.endswith("config.json")]
    assert configs == [config_url(name) for name in names[:5]]
    assert len(poll.fetcher.asked) == 11  # each with its card
    assert len(harvest.parsed.facts) == 8
    assert harvest.parsed.put_off == 3


MOE = {
    "hidden_size": 4096, "num_hidden_layers": 94, "vocab_size": 151936, "num_attention_heads": 64,
    "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 12288,
    "moe_intermediate_size": 1536, "num_experts": 128, "num_experts_per_tok": 8,
    "max_position_embeddings": 40960,
}  # fmt: skip


def test_a_large_repository_tells_its_active_parameters(poll_of):
    """From its config, once, though the list has the quantisation; not of the small."""
    small = repository("S", safetensors={"total": 8 * 10**9}, config={})
    answers = {HF_URL: dumped([repository("A"), small]), config_url("A"): dumped(MOE)}
    first = poll_of(HF, answers)

    found = HuggingFaceOrg().poll(first)

    a, s = (fact.payload for fact in found.parsed.facts)
    assert round(a["config_params"] / 1e9) == 235
    assert round(a["active_params"] / 1e9) == 22
    assert (a["context_tokens"], a["scale_fmt"]) == (40960, "ue8m0")
    assert "active_params" not in s
    assert first.fetcher.asked[:2] == [HF_URL, config_url("A")]
    assert len(first.fetcher.asked) == 3  # and its card
    again = poll_of(HF, answers, PollState(memo=found.memo))
    assert HuggingFaceOrg().poll(again).parsed.facts == found.parsed.facts
    assert again.fetcher.asked == [HF_URL]


def test_a_note_of_an_older_form_is_written_anew(poll_of):
    """What an earlier version remembered lacks the counts."""
    answers = {HF_URL: dumped([repository("A", config={})]), config_url("A"): dumped(MOE)}
    old = PollState(memo={"deepseek-ai/A@abc": "fp8|||"})

    (fact,) = HuggingFaceOrg().poll(poll_of(HF, answers, old)).parsed.facts

    assert round(fact.payload["active_params"] / 1e9) == 22


class Pages:
    """A list in pages of ten, newest first, each naming the next; made of small repositories."""

    def __init__(self, n: int):
        self.n, self.asked = n, []

    def get(self, request, now):
        page = int(request.url.partition("cursor=")[2] or 0)
        self.asked.append(page)
        rows = [
            repository(f"M{k}", createdAt=f"2025-08-{1 + k // 24:02d}T{k % 24:02d}:00:00.000Z",
                       safetensors={"total": 10**9})
            for k in range(self.n - 10 * page - 1, max(self.n - 10 * page - 11, -1), -1)
        ]  # fmt: skip
        more = f"{HF_URL}&cursor={page + 1}" if self.n > 10 * (page + 1) else ""
        return Fetched(url=request.url, body=dumped(rows), next_url=more)


def test_a_large_family_is_followed_to_what_was_there_before():
    """Twenty-five new at once, pages of ten: all of them, no page more, and one page when quiet."""
    sink = MemorySink()
    polls = [(10, NOW), (35, NOW + timedelta(hours=1)), (36, NOW + timedelta(hours=2))]
    asked = []
    for n, at in polls:
        pages = Pages(n)
        collect([HF], pages, sink, at, force=True, collectors=lambda kind: HuggingFaceOrg())
        asked.append(pages.asked)

    assert asked == [[0], [0, 1, 2], [0]]
    assert len({fact.key for _, parsed in sink.documents for fact in parsed.facts}) == 36


def test_a_list_without_end_is_left_after_five_pages(poll_of):
    """And that is said."""
    state = PollState(stamps=(datetime(2020, 1, 1, tzinfo=UTC),))
    pages = Pages(200)
    poll = dataclasses.replace(poll_of(HF, {}, state), fetcher=pages)

    parsed = HuggingFaceOrg().poll(poll).parsed

    assert pages.asked == [0, 1, 2, 3, 4]
    assert "more new repositories" in parsed.problems[-1]


# --- EDGAR ----------------------------------------------------------------------------------

SEC = FeedConfig(name="sec", kind="x:Y", options={"cik": "0001045810"})


def submissions(**changes: object) -> dict[str, object]:
    recent = {
        "accessionNumber": ["0001045810-25-000207", "0001045810-25-000200"],
        "form": ["8-K", "4"],
        "acceptanceDateTime": ["2025-08-21T20:21:14.000Z", "2025-08-20T20:00:00.000Z"],
        "filingDate": ["2025-08-21", "2025-08-20"],
        "reportDate": ["2025-08-21", ""],
        "items": ["2.02,9.01", ""],
        "primaryDocument": ["nvda-20250821.htm", "xsl/form4.xml"],
        "primaryDocDescription": ["8-K", "FORM 4"],
        **changes,
    }
    return {"cik": "1045810", "name": "NVIDIA CORP", "filings": {"recent": recent}}


def test_a_filing_becomes_a_fact_under_its_accession_number():
    """Only the forms that matter; the item codes apart; the address of the document."""
    (fact,) = EdgarSubmissions().parse(dumped(submissions()), SEC, NOW).facts

    assert (fact.kind, fact.key) == ("filing", "0001045810-25-000207")
    assert fact.occurred_at == datetime(2025, 8, 21, 20, 21, 14, tzinfo=UTC)
    assert fact.payload["items"] == ["2.02", "9.01"]
    assert fact.payload["url"] == (
        "https://www.sec.gov/Archives/edgar/data/1045810/000104581025000207/nvda-20250821.htm"
    )


@pytest.mark.parametrize(
    "answer",
    [
        {**submissions(), "cik": "320193"},
        submissions(form=["8-K"]),
        submissions(items=None),
        {"cik": "1045810"},
        [],
    ],
)
def test_another_company_or_a_torn_table_is_an_error(answer):
    """Columns of different length would pair a form with another filing's date."""
    with pytest.raises(FeedError):
        EdgarSubmissions().parse(dumped(answer), SEC, NOW)


def test_filings_without_a_sound_number_or_time_are_problems():
    """Nothing is guessed."""
    bad = submissions(
        form=["8-K", "8-K"],
        accessionNumber=["<script>", "0001045810-25-000200"],
        acceptanceDateTime=["2025-08-21T20:21:14.000Z", "2025-08-29T20:00:00.000Z"],
    )
    parsed = EdgarSubmissions().parse(dumped(bad), SEC, NOW)

    assert parsed.facts == ()
    assert len(parsed.problems) == 2


# --- Federal Register -----------------------------------------------------------------------

BIS = FeedConfig(
    name="bis", kind="x:Y", options={"agencies": ["industry-and-security-bureau"]}
)  # fmt: skip


def rule(**changes: object) -> dict[str, object]:
    return {
        "document_number": "2025-00636",
        "type": "Rule",
        "title": "Framework for <b>AI</b> Diffusion",
        "abstract": None,
        "action": "Interim final rule.",
        "publication_date": "2025-01-15",
        "effective_on": "2025-01-13",
        "agencies": [{"slug": "industry-and-security-bureau"}, {"raw_name": "X"}],
        "cfr_references": [{"title": 15, "part": 732}, {"title": 15, "part": "x"}],
        "docket_ids": ["250107-0007"],
        "html_url": "https://www.federalregister.gov/d/2025-00636?utm_source=x",
        **changes,
    }


def test_a_rule_becomes_a_fact_under_its_document_number():
    """Dated to the morning its issue went online in New York; text cleaned."""
    (fact,) = FederalRegister().parse(dumped({"results": [rule()]}), BIS, NOW).facts

    assert (fact.kind, fact.key) == ("rule", "2025-00636")
    assert fact.occurred_at == datetime(2025, 1, 15, 11, 0, tzinfo=UTC)
    assert fact.payload["title"] == "Framework for AI Diffusion"
    assert fact.payload["effective_on"] == "2025-01-13"
    assert fact.payload["cfr"] == ["15 CFR 732"]
    assert fact.payload["url"] == "https://www.federalregister.gov/d/2025-00636"


def test_public_inspection_is_a_kind_of_its_own():
    """The filed and the published document do not overwrite each other by turns."""
    filed = rule(filed_at="2025-08-22T08:45:00.000-04:00", publication_date="2025-08-25")
    (fact,) = FederalRegister().parse(dumped({"results": [filed]}), BIS, NOW).facts

    assert (fact.kind, fact.key) == ("rule_inspection", "2025-00636")
    assert fact.occurred_at == datetime(2025, 8, 22, 12, 45, tzinfo=UTC)


def test_public_inspection_names_its_dockets_by_another_field():
    """``docket_numbers`` there, ``docket_ids`` among the published documents."""
    filed = rule(filed_at="2025-08-22T08:45:00.000-04:00", docket_numbers=["250820-0140"])
    del filed["docket_ids"]
    (fact,) = FederalRegister().parse(dumped({"results": [filed]}), BIS, NOW).facts

    assert fact.payload["docket_ids"] == ["250820-0140"]


def test_other_agencies_are_left_out():
    """The inspection list holds everything the government files."""
    other = rule(agencies=[{"slug": "fish-and-wildlife-service"}])
    parsed = FederalRegister().parse(dumped({"results": [other]}), BIS, NOW)

    assert (parsed.facts, parsed.state) == ((), FeedState.EMPTY)


@pytest.mark.parametrize(
    "entry",
    [
        rule(document_number="'; DROP"),
        rule(publication_date="2025-02-30"),
        rule(publication_date=None),
        rule(publication_date="2026-08-22"),
    ],
)
def test_documents_without_number_or_day_are_problems(entry):
    """Nothing undated enters history."""
    parsed = FederalRegister().parse(dumped({"results": [entry]}), BIS, NOW)

    assert parsed.facts == ()
    assert len(parsed.problems) == 1


def test_no_match_is_empty_and_no_answer_is_an_error():
    """The interface leaves the list out when nothing matches."""
    assert FederalRegister().parse(b'{"count": 0}', BIS, NOW).state is FeedState.EMPTY
    for body in (HTML, b"{}", b"[]", b'{"results": 3}'):
        with pytest.raises(FeedError):
            FederalRegister().parse(body, BIS, NOW)
