"""Price pages of makers: tables of our own in the shapes that real pages have, and broken ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine.errors import FeedError
from engine.record.readings import (
    MODEL_PRICES,
    RELEASES,
    REPOSITORIES,
    ModelPrice,
    Repository,
)
from engine.threat.changes import PRICE_CUT, kind_of_change
from engine.threat.hub import release_facts
from engine.values import Fact, ModelRelease
from feeds.base import FeedConfig
from feeds.collect import MemorySink, collect
from feeds.price_pages import PricePage
from feeds.web_pages import MAX_COLUMNS, MAX_PAGE_BYTES, MAX_ROWS, tables
from feeds.wire import Fetched

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
PAGE = FeedConfig(
    name="page", kind="feeds.price_pages:PricePage", label="Maker", url="https://e.example/prices",
    options={"maker": "deepseek", "org": "deepseek-ai"},
)  # fmt: skip


def html(*rows: str) -> bytes:
    return f"<html><body><table>{''.join(f'<tr>{r}</tr>' for r in rows)}</table></html>".encode()


def told(body: bytes) -> dict[str, tuple[float, float]]:
    facts = PricePage().parse(body, PAGE, NOW).facts
    prices = [MODEL_PRICES.read(fact) for fact in facts]
    return {p.id: (p.input_usd_per_mtok, p.output_usd_per_mtok) for p in prices}


ROWS = "<th>Model</th><th>Input</th><th>Cached input</th><th>Output</th>"
ACROSS = (
    "<td colspan=2>MODEL</td><td>deepseek-a</td><td>deepseek-b</td>",
    "<td rowspan=3>DAY</td><td>1M INPUT TOKENS (CACHE HIT)</td><td>$0.01</td><td>$0.02</td>",
    "<td>1M INPUT TOKENS (CACHE MISS)</td><td>$0.5</td><td>$1</td>",
    "<td>1M OUTPUT TOKENS</td><td colspan=2>$2</td>",
    "<td rowspan=3>NIGHT</td><td>1M INPUT TOKENS (CACHE HIT)</td><td>$0.01</td><td>$0.01</td>",
    "<td>1M INPUT TOKENS (CACHE MISS)</td><td>$0.2</td><td>$0.2</td>",
    "<td>1M OUTPUT TOKENS</td><td>$1</td><td>$1</td>",
)


@pytest.mark.parametrize(
    ("body", "prices"),
    [
        (html(ROWS, "<td>GLM 9</td><td>$1</td><td>$0.2</td><td>$3.2</td>"), {"GLM-9": (1.0, 3.2)}),
        (html(*ACROSS), {"deepseek-a": (0.5, 2.0), "deepseek-b": (1.0, 2.0)}),
        (html(ROWS, "<td>a-1</td><td>$0.4 <s>$1</s></td><td>x</td><td>$2 (half) <span "
              "style='text-decoration: line-through'>$4</span></td>"), {"a-1": (0.4, 2.0)}),
        (html(ROWS, "<td>a-1 (≤ 32k)</td><td>$1</td><td></td><td>$2</td>",
              "<td>a-1 (&gt; 32k)</td><td>$3</td><td></td><td>$6</td>"), {"a-1": (1.0, 2.0)}),
        (html("<th>Model</th><th>Input (cache hit)</th><th>Input (cache miss)</th><th>Output</th>",
              "<td>a-1</td><td>$0.1</td><td>$1</td><td>$2</td>"), {"a-1": (1.0, 2.0)}),
        (html("<td>MODEL</td><td colspan=2>a-1</td>",
              "<td>INPUT</td><td>$1 by day</td><td>$0.5 by night</td>",
              "<td>OUTPUT</td><td>$2</td><td>$1.5</td>"), {"a-1": (1.0, 2.0)}),
        (html(ROWS, "<td>a-1</td><td>Free</td><td></td><td>Free</td>",
              "<td>b-1</td><td>US$ 0.25</td><td></td><td>US$ 1.25</td>"), {"b-1": (0.25, 1.25)}),
        (b"| Model | Input $/M | Output $/M |\n|--|--|--|\n| **x-1** | ~~2~~ 1 | 3 |\n",
         {"x-1": (1.0, 3.0)}),
        (b"| Model | Input | Output |\n|:-|-:|-:|\n| [x-1](https://e.org) | \\$1 | `$3` |\n",
         {"x-1": (1.0, 3.0)}),
    ],
    ids=["rows", "columns", "struck", "tiers", "cached first", "hours", "free", "markdown, bare",
         "markdown, marks"],
)  # fmt: skip
def test_a_table_of_prices_is_read_either_way_round(body, prices):
    """Cache misses, the shortest request, what is asked now, the dearest hour."""
    assert told(body) == {f"deepseek/{name}": asked for name, asked in prices.items()}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (html("<td>nothing</td>"), "has no prices: it was redesigned"),
        (b"", "no web page|redesigned"),
        (b"\x00\xff\xfe", "redesigned"),
        (html(ROWS, "<td>a-1</td><td>2.1 &#20803;</td><td></td><td>8.4 &#20803;</td>"), "currency"),
        (
            html(
                "<th>Model</th><th>Input (1,000 tokens)</th><th>Output (1,000 tokens)</th>",
                "<td>a-1</td><td>$0.001</td><td>$0.003</td>",
            ),
            "thousand tokens",
        ),
        (
            b"<html><p>Prices per 1,000 tokens.</p>"
            + html(ROWS, "<td>a-1</td><td>$0.001</td><td></td><td>$0.003</td>"),
            "thousand tokens",
        ),
        (html(ROWS, "<td>a-1</td><td>HK$2</td><td></td><td>HK$3</td>"), "another currency"),
        (html(ROWS, "<td>a-1</td><td>S$2</td><td></td><td>S$3</td>"), "another currency"),
        (html(ROWS, "<td>a-1</td><td>1.0</td><td></td><td>2.0</td>"), "redesigned"),
        (b"<html><script>var acw_sc__v2='x'</script></html>", "bot wall"),
        (b"<table>" + b"x" * MAX_PAGE_BYTES, "MiB"),
        (b"|" * (MAX_PAGE_BYTES + 1), "MiB"),
    ],
)
def test_what_tells_no_price_in_usd_is_an_error(body, said):
    """Another currency, another unit, another page: never a figure, never silence."""
    with pytest.raises(FeedError, match=said):
        PricePage().parse(body, PAGE, NOW)


def test_a_page_that_speaks_of_both_units_counts_by_the_million():
    page = b"<html><p>USD per 1M tokens; an image counts as 1,000 tokens.</p>"
    row = html(ROWS, "<td>a-1</td><td>$1</td><td></td><td>$3</td>")
    assert told(page + row) == {"deepseek/a-1": (1.0, 3.0)}


def test_half_price_by_the_batch_is_no_list_price():
    """Told first, it was taken for a price cut; so was a dollar of another country."""
    heading = "".join(
        f"<th>{c}</th>" for c in "Model/Batch input/Batch output/Input/Output".split("/")
    )
    row = "<td>a-1</td><td>$1</td><td>$2</td><td>USD$2</td><td>US$4</td>"
    assert told(html(heading, row)) == {"deepseek/a-1": (2.0, 4.0)}


def test_a_hostile_table_is_bounded():
    """Spans without end, rows without end, a table in a table, a name that is none."""
    body = html(
        f"{ROWS}<td rowspan=99999999999 colspan=99999999999>x</td><td rowspan=-1 colspan=x>y</td>",
        "<td><script>alert(1)</script>'; DROP</td><td>$1</td><td></td><td>$2</td>",
        "<td>a-1</td><td>$1<table><tr><td>$9</td></tr></table></td><td></td><td>$2</td>",
        *["<td>b-1</td><td>$1</td><td></td><td>$2</td>"] * (2 * MAX_ROWS),
    )
    grid = next(iter(tables(body, PAGE)))

    assert len(grid) == MAX_ROWS
    assert {len(row) for row in grid} <= set(range(MAX_COLUMNS + 1))
    assert set(told(body)) == {"deepseek/a-1", "deepseek/b-1"}


class Page:
    """A web with one page, which may change."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(self, request, now):
        return Fetched(url=request.url, body=self.body)


def test_a_model_keeps_the_day_on_which_the_page_first_listed_it():
    """So that another row of the page makes no new version of it."""
    sink, web = MemorySink(), Page(html(ROWS, "<td>a-1</td><td>$1</td><td></td><td>$2</td>"))
    collect([PAGE], web, sink, NOW, force=True)
    web.body = html(ROWS, *(f"<td>{n}-1</td><td>$1</td><td></td><td>$2</td>" for n in "ab"))
    collect([PAGE], web, sink, NOW + timedelta(days=3), force=True)
    (first,), second = (parsed.facts for _, parsed in sink.documents)

    assert [fact.occurred_at.day for fact in (first, *second)] == [22, 22, 25]
    assert first.payload == second[0].payload


# --- beside other lists -----------------------------------------------------------------------


def price(source: str, at: datetime, asked: float, *, by_maker: bool | None = None) -> Fact:
    told = ModelPrice(
        id="deepseek/deepseek-v9", input_usd_per_mtok=asked, output_usd_per_mtok=asked,
        hub_id="deepseek-ai/DeepSeek-V9", occurred_at=at, known_at=at, source=source,
        by_maker=by_maker,
    )  # fmt: skip
    return MODEL_PRICES.fact(told, occurred_at=at, known_at=at, source=source)


def releases(*prices: Fact) -> list[ModelRelease]:
    seen = NOW - timedelta(hours=1)
    repository = REPOSITORIES.fact(
        Repository(id="deepseek-ai/DeepSeek-V9", total_params=6.8e11, occurred_at=seen,
                   known_at=seen, source="Hugging Face", pipeline_tag="text-generation"),
        occurred_at=seen, known_at=seen, source="Hugging Face",
    )  # fmt: skip
    return [RELEASES.read(f) for f in release_facts([repository], [], prices=prices)]


def test_the_makers_page_prices_a_release_and_the_other_list_is_said():
    """Of one round the maker's; where a router asks something else, that is told beside it."""
    later = NOW + timedelta(hours=6)
    told = releases(
        price("Router", NOW, 0.5), price("The maker", NOW, 1.0, by_maker=True),
        price("Router", later, 0.99),
    )  # fmt: skip

    assert [r.price_input_usd_per_mtok for r in told] == [None, 1.0, 1.0]
    assert [r.price_elsewhere for r in told] == [None, "Router 0.5 / 0.5", None]
    assert not [1 for a, b in pairwise(told[1:]) if kind_of_change(a, b)]


def test_a_list_seen_later_is_no_cut_and_the_first_ones_own_fall_is():
    """Lists do not take turns; a fall within the one that told first is an event by itself."""
    day = timedelta(days=1)
    told = releases(
        price("Maker", NOW, 1.0, by_maker=True), price("Router", NOW + day, 0.3),
        price("Maker", NOW + 2 * day, 0.6, by_maker=True),
    )  # fmt: skip
    kinds = [kind_of_change(a, b) for a, b in pairwise(told)]

    assert [r.price_input_usd_per_mtok for r in told] == [None, 1.0, 1.0, 0.6]
    assert kinds[1:] == [None, PRICE_CUT]


# --- at the edges ---------------------------------------------------------------------------------


def grid(*rows: str) -> list[list[str]]:
    (table,) = tables(html(*rows), PAGE)
    return [list(row) for row in table]


@pytest.mark.parametrize(
    ("rows", "cells"),
    [
        (("<td>a<td>b", "<th>c"), [["a", "b"], ["c", ""]]),
        (("<td colspan=2>a<td>b",), [["a", "a", "b"]]),
        (("<td rowspan=2>a<td>b", "<td>c", "<td>d<td>e"), [["a", "b"], ["a", "c"], ["d", "e"]]),
        (("<td rowspan=3>a<td>b", "<td>c", "<td>d", "<td>e"),
         [["a", "b"], ["a", "c"], ["a", "d"], ["e", ""]]),
        (("<td>x<td rowspan=2>a", "<td>y"), [["x", "a"], ["y", "a"]]),
        (("<td>x<td>y<td rowspan=2>a", "<td>z"), [["x", "y", "a"], ["z", "", "a"]]),
        (("<td rowspan=2 colspan=2>a<td>b", "<td>c"), [["a", "a", "b"], ["a", "a", "c"]]),
        (("<td>a <del>b</del> c<td><span style='x:line-through'>d</span>e",), [["a c", "e"]]),
        (("<td>a<table><tr><td>inner</td></tr></table>",), [["a inner"]]),
    ],
)  # fmt: skip
def test_cells_stand_in_every_place_they_span(rows, cells):
    found = next(iter(tables(html(*rows), PAGE)))
    assert [list(row) for row in found] == cells


def test_a_cell_is_cut_and_a_table_ends_at_its_bounds():
    long = grid("<td>" + "x" * 301, "".join(f"<td>{n}" for n in range(MAX_COLUMNS + 1)))
    assert (len(long[0][0]), len(long[1]), long[1][-1]) == (300, MAX_COLUMNS, str(MAX_COLUMNS - 1))
    rows = grid(*(f"<td>{n}" for n in range(MAX_ROWS + 1)))
    assert (len(rows), rows[-1]) == (MAX_ROWS, [str(MAX_ROWS - 1)])
    page = b"<table><tr><td>a</table>" * 101
    assert len(list(tables(page, PAGE))) == 100
    assert (MAX_COLUMNS, MAX_ROWS) == (40, 400)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("| a | b |\n|--|:-:|\n| c |\n", [[["a", "b"], ["c", ""]]]),
        ("| a |\n\n| b |\nword\n", [[["a"]], [["b"]]]),
        ("a | b\n", []),
        ("  | ~~x~~ y | <s>p</s>q | [n](u) | ![i](u) | `c` **d** | e<br/>f |",
         [[["y", "q", "n", "i", "c d", "e f"]]]),
        ("|" + "|".join("x" * 400 for _ in range(2)), [[["x" * 300] * 2]]),
    ],
)  # fmt: skip
def test_tables_of_markdown_by_hand(text, found):
    told_ = [[list(row) for row in table] for table in tables(text.encode(), PAGE)]
    assert told_ == found


def test_tables_of_markdown_have_the_same_bounds():
    wide = "|" + "|".join(str(n) for n in range(MAX_COLUMNS + 1)) + "|"
    (table,) = tables(wide.encode(), PAGE)
    assert (len(table[0]), table[0][-1]) == (MAX_COLUMNS, str(MAX_COLUMNS - 1))
    (table,) = tables(("| --- |\n" + "| x |\n" * (MAX_ROWS + 5)).encode(), PAGE)
    assert len(table) == MAX_ROWS
    assert len(list(tables(b"| x |\n\n" * 101, PAGE))) == 100


@pytest.mark.parametrize(
    ("cells", "price"),
    [
        (("$1", "$2"), (1.0, 2.0)),
        (("", "$2"), None),
        (("$1", ""), None),
        (("$1 to $3", "$2 / $4"), (3.0, 4.0)),
        (("USD 1", "US$2"), None),
        (("US$1", "USD$ 2"), (1.0, 2.0)),
        (("$12345", "$2"), None),
        (("$0.1234567", "$2"), None),
        (("$0.123456", "$2"), (0.123456, 2.0)),
        (("1", "2"), None),
    ],
)
def test_a_price_stands_behind_the_dollar(cells, price):
    body = html(
        "<th>Model<th>Input<th>Output",
        f"<td>a-1<td>{cells[0]}<td>{cells[1]}",
        "<td>z-1<td>$7<td>$8",
    )
    expected = {"deepseek/z-1": (7.0, 8.0)} | ({"deepseek/a-1": price} if price else {})
    assert told(body) == expected


@pytest.mark.parametrize("heading", ["Input $", "Input USD"])
def test_a_bare_figure_is_a_price_under_a_heading_that_says_so(heading):
    out = heading.replace("Input", "Output")
    assert told(html(f"<th>Model<th>{heading}<th>{out}", "<td>a-1<td>1.5<td>2")) == {
        "deepseek/a-1": (1.5, 2.0)
    }


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("GLM 9", "GLM-9"), ("a b c 4", "a-b-c-4"), ("a1 b c d e", "a1"), ("a-1 (mode x)", "a-1"),
        ("a-1[2]", "a-1"), ("a-1*", "a-1"), ("a-1; other", "a-1"), ("a-1 (≤ 32k)", "a-1"),
        ("x" * 79, "x" * 79), ("x" * 80, ""), ("12", ""), ("a", ""), ("a€", ""),
    ],
)  # fmt: skip
def test_the_name_of_a_model_is_its_words(cell, name):
    body = html("<th>Model<th>Input<th>Output", f"<td>{cell}<td>$1<td>$2", "<td>z-1<td>$7<td>$8")
    found = {f"deepseek/{name}": (1.0, 2.0)} if name else {}
    assert told(body) == found | {"deepseek/z-1": (7.0, 8.0)}


def test_headings_stand_in_the_first_three_rows():
    for above, found in ((2, True), (3, False)):
        rows = ["<td>word"] * above + ["<th>Model<th>Input<th>Output", "<td>a-1<td>$1<td>$2"]
        if found:
            assert told(html(*rows)) == {"deepseek/a-1": (1.0, 2.0)}
        else:
            with pytest.raises(FeedError, match="redesigned"):
                told(html(*rows))
    low = ["<td>word"] * 3 + ["<td>Model<td>a-1", "<td>Input<td>$1", "<td>Output<td>$2"]
    with pytest.raises(FeedError, match="redesigned"):
        told(html(*low))
    assert told(html(*low[2:])) == {"deepseek/a-1": (1.0, 2.0)}


def test_a_model_a_column_needs_both_of_its_prices():
    rows = (
        "<td>Model<td>a-1<td>b-1<td>c-1<td>Model",
        "<td>Version<td>a-1-0813<td>b-9<td>c-9<td>x",
        "<td>Input<td>$1<td>$2<td><td>$9",
        "<td>Cached input<td>$9<td>$9<td>$9<td>$9",
        "<td>Batch input<td>$9<td>$9<td>$9<td>$9",
        "<td>Output<td>$3<td><td>$4<td>$9",
        "<td>Batch output<td>$9<td>$9<td>$9<td>$9",
    )
    (fact,) = PricePage().parse(html(*rows), PAGE, NOW).facts
    price = MODEL_PRICES.read(fact)
    assert (price.id, price.name, price.hub_id) == (
        "deepseek/a-1", "a-1-0813", "deepseek-ai/a-1-0813",
    )  # fmt: skip
    assert (price.input_usd_per_mtok, price.output_usd_per_mtok) == (1.0, 3.0)
    assert (price.by_maker, price.occurred_at, price.context_tokens) == (True, NOW, None)


def test_of_columns_of_one_model_the_dearest_counts_for_each_price():
    rows = ("<td>Model<td>a-1<td>a-1", "<td>Input<td>$1<td>$2", "<td>Output<td>$4<td>$3")
    assert told(html(*rows)) == {"deepseek/a-1": (2.0, 4.0)}


def test_another_currency_is_told_where_the_heading_names_prices():
    """Below the third row the labels are no heading, and the page is one that was redesigned."""
    rows = ["<th>Model<th>Input<th>Output", "<td>a-1<td>2 €<td>3 €"]
    for above, said in ((2, "another currency"), (3, "redesigned")):
        with pytest.raises(FeedError, match=said):
            told(html(*["<td>word"] * above, *rows))
