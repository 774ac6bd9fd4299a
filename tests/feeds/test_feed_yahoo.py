"""Yahoo: a failure is never an empty success, and a raw price is what was paid that day."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FeedError
from feeds.base import FeedConfig, PollState
from feeds.fed_futures import FedFutures, contracts, last_close, parse_curve
from feeds.wire import FetchFailedError
from feeds.yahoo import (
    RawBar,
    RawHistory,
    YahooBars,
    checked,
    make_ticker,
    parse_bars,
    unadjusted,
    yfinance_history,
)

NOW = datetime(2025, 8, 22, 21, 0, tzinfo=UTC)  # 17:00 in New York, a Friday
FEED = FeedConfig(name="yahoo", kind="feeds.yahoo:YahooBars", options={"symbols": ["NVDA"]})
CLOSES = Path(__file__).resolve().parents[2] / "config" / "facts" / "market_closes.csv"


def bar(day: str, close: float | None = 100.0, **changes: object) -> RawBar:
    parts: dict[str, object] = {
        "open": close, "high": close, "low": close, "volume": 1_000.0, **changes
    }  # fmt: skip
    return RawBar(session_on=date.fromisoformat(day), close=close, **parts)  # type: ignore[arg-type]


def answer(*bars: RawBar, symbol: str = "NVDA", currency: str = "USD") -> RawHistory:
    return RawHistory(symbol=symbol, currency=currency, bars=bars)


WEEK = (bar("2025-08-20"), bar("2025-08-21"), bar("2025-08-22"))


def test_bars_become_facts_known_when_fetched():
    """Key, payload and both times as the record wants them."""
    parsed = parse_bars([answer(bar("2025-08-22", 177.99))], FEED, NOW)
    (fact,) = parsed.facts

    assert (fact.kind, fact.key) == ("bar", "NVDA:2025-08-22")
    assert fact.payload == {
        "symbol": "NVDA", "session_on": "2025-08-22", "open": 177.99, "high": 177.99,
        "low": 177.99, "close": 177.99, "volume": 1_000,
    }  # fmt: skip
    assert fact.occurred_at == datetime(2025, 8, 22, 20, 0, tzinfo=UTC)
    assert fact.known_at == NOW
    assert not fact.backfilled


def test_a_split_is_undone_before_its_day_and_kept_as_a_fact():
    """Yahoo shows 120.888 for 2024-06-07; what was paid was 1208.88, and the split came after."""
    later = datetime(2024, 6, 11, 21, tzinfo=UTC)
    bars = (
        bar("2024-06-07", 120.888, volume=4_000.0),
        bar("2024-06-10", 121.79, split=10.0),
        bar("2024-06-11", 120.91, dividend=0.01),
    )
    parsed = parse_bars([answer(*bars)], FEED, later)
    facts = {fact.key: fact.payload for fact in parsed.facts}

    assert facts["NVDA:2024-06-07"]["close"] == 1208.88
    assert facts["NVDA:2024-06-07"]["volume"] == 400
    assert facts["NVDA:2024-06-10"]["close"] == 121.79
    assert facts["NVDA:2024-06-10:split"] == {
        "symbol": "NVDA", "ex_on": "2024-06-10", "action": "split", "value": 10.0
    }  # fmt: skip
    assert facts["NVDA:2024-06-11:dividend"]["value"] == 0.01


@given(
    st.lists(
        st.tuples(st.floats(10, 1_000), st.sampled_from([0.0, 0.0, 0.0, 2.0, 4.0, 10.0, 0.1])),
        min_size=1,
        max_size=12,
    )
)
def test_undoing_splits_matches_the_definition(rows):
    """Each price times the product of the ratios of all later days: the slow, readable way."""
    start = date(2025, 1, 6)
    bars = tuple(
        bar((start + timedelta(days=n)).isoformat(), close, split=split)
        for n, (close, split) in enumerate(rows)
    )
    expected = []
    for n, (close, _) in enumerate(rows):
        factor = 1.0
        for _, split in rows[:n:-1]:
            factor *= split or 1.0
        expected.append(round(close * factor, 4))

    assert [b.close for b in unadjusted(bars)] == expected


def test_history_does_not_change_when_a_split_happens():
    """Before and after a 10:1 split Yahoo answers differently, the facts of the past do not."""
    before = [answer(bar("2024-06-06", 1209.98), bar("2024-06-07", 1208.88))]
    after = [answer(bar("2024-06-06", 120.998), bar("2024-06-07", 120.888),
                    bar("2024-06-10", 121.79, split=10.0))]  # fmt: skip
    first = parse_bars(before, FEED, datetime(2024, 6, 7, 21, tzinfo=UTC))
    second = parse_bars(after, FEED, datetime(2024, 6, 10, 21, tzinfo=UTC))

    past = {f.key: f.payload["close"] for f in first.facts}
    assert past == {f.key: f.payload["close"] for f in second.facts if f.key in past}


@pytest.mark.parametrize(
    ("what", "history", "problem"),
    [
        ("empty", answer(), "not observed"),
        ("only blanks", answer(bar("2025-08-22", None)), "not observed"),
        ("wrong currency", answer(*WEEK, currency="EUR"), "came in EUR"),
        ("no currency", answer(*WEEK, currency=""), "no currency"),
        ("future", answer(*WEEK, bar("2025-08-25")), "from the future"),
        ("twice", answer(*WEEK, bar("2025-08-22")), "session twice"),
        ("zeros alone", answer(bar("2025-08-21", 0.0), bar("2025-08-22", 0.0)), "not observed"),
    ],
)
def test_what_does_not_hold_up_is_a_problem_never_a_fact(what, history, problem):
    """The stored bars stay in use; nothing of the answer enters the record."""
    parsed = parse_bars([history], FEED, NOW)

    assert parsed.facts == ()
    assert problem in parsed.problems[0]


def test_an_unfinished_session_is_no_bar():
    """Until half past four in New York today's row is a price in motion."""
    noon, settled = datetime(2025, 8, 22, 16, tzinfo=UTC), datetime(2025, 8, 22, 20, 30, tzinfo=UTC)

    def final(at: datetime) -> list[int]:
        return [b.session_on.day for b in checked(answer(*WEEK), FEED, at) if b.close]

    assert final(noon) == [20, 21]
    assert final(settled) == [20, 21, 22]


def test_a_split_of_the_unfinished_session_is_undone_too():
    """On the morning of a split Yahoo divides the past at once; what was paid stays what it was."""
    morning = datetime(2024, 6, 10, 15, tzinfo=UTC)
    rows = answer(bar("2024-06-07", 120.888), bar("2024-06-10", 121.79, split=10.0))
    parsed = parse_bars([rows], FEED, morning)

    assert {f.key: f.payload.get("close", f.payload.get("value")) for f in parsed.facts} == {
        "NVDA:2024-06-07": 1208.88,
        "NVDA:2024-06-10:split": 10.0,
    }


def test_a_row_of_zeros_is_left_out_alone():
    """Yahoo writes zero for missing; the other days are there."""
    parsed = parse_bars([answer(WEEK[0], bar("2025-08-21", 0.0), WEEK[2])], FEED, NOW)

    assert [fact.key for fact in parsed.facts] == ["NVDA:2025-08-20", "NVDA:2025-08-22"]


def test_a_row_that_contradicts_itself_is_left_out_alone():
    """High under low: that day is missing, the others are not."""
    parsed = parse_bars([answer(WEEK[0], bar("2025-08-21", high=90.0, low=95.0))], FEED, NOW)

    assert [fact.key for fact in parsed.facts] == ["NVDA:2025-08-20"]
    assert "high 90 < low 95" in parsed.problems[0]


def test_an_index_has_no_volume_and_no_caret():
    """Yahoo's ^VIX is the record's VIX; its zero volume is not an observation."""
    vix = answer(bar("2018-02-02", 17.31, volume=0.0), bar("2018-02-05", 37.32), symbol="^VIX")
    parsed = parse_bars([vix], FEED, NOW)

    assert [fact.key for fact in parsed.facts] == ["VIX:2018-02-02", "VIX:2018-02-05"]
    assert parsed.facts[0].payload["volume"] is None


# --- polling --------------------------------------------------------------------------------


def test_the_first_poll_asks_for_years_and_the_next_for_days(poll_of):
    """730 days when nothing is known, 14 afterwards; the end is always tomorrow."""
    asked = []

    def history(symbol, start, end):
        asked.append((symbol, (end - start).days))
        return answer(*WEEK)

    bars = YahooBars(history)
    bars.poll(poll_of(FEED, now=NOW))
    bars.poll(poll_of(FEED, now=NOW, state=PollState(last_ok_at=NOW)))

    assert asked == [("NVDA", 731), ("NVDA", 15)]


def test_a_month_away_leaves_no_hole(poll_of):
    """The question reaches back to the last session on record, and some days before it."""
    asked = []

    def history(symbol, start, end):
        asked.append((symbol, start))
        return answer(*WEEK, symbol=symbol)

    feed = FeedConfig(name="y", kind="feeds.yahoo:YahooBars", options={"symbols": ["NVDA", "^VIX"]})
    poll = replace(
        poll_of(feed, now=NOW, state=PollState(last_ok_at=NOW)),
        last_session={"NVDA": date(2025, 7, 1), "VIX": date(2025, 8, 21)}.get,
    )
    YahooBars(history).poll(poll)

    assert asked == [("NVDA", date(2025, 6, 21)), ("^VIX", date(2025, 8, 8))]


def test_an_answer_is_read_again_although_its_bytes_are_the_same(poll_of):
    """What may be read depends on the hour: at 16:10 today's row is in motion, at 18:10 final."""
    bars = YahooBars(lambda *asked: answer(*WEEK))
    early = bars.poll(poll_of(FEED, now=datetime(2025, 8, 22, 20, 10, tzinfo=UTC)))
    state = PollState(body_hash=early.body_hash)
    late = bars.poll(poll_of(FEED, now=datetime(2025, 8, 22, 22, 10, tzinfo=UTC), state=state))

    assert [f.key for f in early.parsed.facts] == ["NVDA:2025-08-20", "NVDA:2025-08-21"]
    assert [f.key for f in late.parsed.facts][-1] == "NVDA:2025-08-22"


def test_one_symbol_that_fails_is_said_and_asked_again(poll_of):
    """The others are kept; the answer is not remembered as complete."""

    def history(symbol, start, end):
        if symbol == "SMH":
            raise FeedError("yahoo", "SMH: no bars came: not observed")
        return answer(*WEEK, symbol=symbol)

    feed = FeedConfig(name="y", kind="x:Y", options={"symbols": ["SPY", "SMH", "QQQ"]})
    harvest = YahooBars(history).poll(poll_of(feed, now=NOW))

    assert {fact.payload["symbol"] for fact in harvest.parsed.facts} == {"SPY", "QQQ"}
    assert "SMH" in harvest.parsed.problems[0]
    assert harvest.body_hash == ""


def test_nothing_observed_is_a_failure(poll_of):
    """An empty table, a wrong currency: the poll raises, whatever the reason."""
    for history in (answer(), answer(*WEEK, currency="EUR")):
        with pytest.raises(FeedError):
            YahooBars(lambda *asked, h=history: h).poll(poll_of(FEED, now=NOW))


def test_a_rate_limit_ends_the_round(poll_of):
    """After a 429 no further symbol is asked for, and the wait is passed on."""
    asked = []

    def history(symbol, start, end):
        asked.append(symbol)
        raise FetchFailedError("y", "429", reason="rate_limited", wait_seconds=3_600)

    feed = FeedConfig(name="y", kind="x:Y", options={"symbols": ["SPY", "QQQ"]})
    with pytest.raises(FetchFailedError):
        YahooBars(history).poll(poll_of(feed, now=NOW))

    assert asked == ["SPY"]


def test_a_dead_network_is_noticed_early(poll_of):
    """Two symbols, three contracts: after that more timeouts would tell nothing new."""
    asked = []

    def history(symbol, start, end):
        asked.append(symbol)
        raise FeedError("yahoo", f"{symbol}: timed out")

    feed = FeedConfig(name="y", kind="x:Y", options={"symbols": ["SPY", "QQQ", "SMH", "^VIX"]})
    with pytest.raises(FeedError, match="SPY: timed out"):
        YahooBars(history).poll(poll_of(feed, now=NOW))
    with pytest.raises(FeedError, match="0 contracts answered"):
        FedFutures(history).poll(poll_of(CURVE, now=NOW))

    assert asked == ["SPY", "QQQ", "ZQQ25.CBT", "ZQU25.CBT", "ZQV25.CBT"]


# --- the adapter ----------------------------------------------------------------------------


def fake_ticker(frame=None, *, error=None, currency="USD"):
    class Ticker:
        def __init__(self, symbol):
            self.history_metadata = {"currency": currency}

        def history(self, **asked):
            assert asked["auto_adjust"] is False
            assert asked["actions"] is True
            assert asked["raise_errors"] is True
            if error is not None:
                raise error
            return frame

    return Ticker


def table(**changes):
    import pandas as pd

    index = pd.DatetimeIndex(["2025-08-21", "2025-08-22"], tz="America/New_York")
    columns = {
        "Open": [1.0, 2.0], "High": [1.0, 2.0], "Low": [1.0, 2.0], "Close": [1.0, float("nan")],
        "Volume": [10, 20], "Dividends": [0.0, 0.25], "Stock Splits": [0.0, 4.0], **changes,
    }  # fmt: skip
    return pd.DataFrame({k: v for k, v in columns.items() if v is not None}, index=index)


def test_the_table_becomes_plain_rows():
    """Days in New York, NaN as None, dividends and splits on their day."""
    got = yfinance_history("NVDA", date(2025, 8, 1), date(2025, 8, 23), ticker=fake_ticker(table()))

    assert got.currency == "USD"
    assert got.bars == (
        RawBar(session_on=date(2025, 8, 21), open=1, high=1, low=1, close=1, volume=10),
        RawBar(session_on=date(2025, 8, 22), open=2, high=2, low=2, close=None, volume=20,
               dividend=0.25, split=4.0),
    )  # fmt: skip


@pytest.mark.parametrize("frame", ["empty", "none", "no close"])
def test_an_empty_or_strange_table_is_an_error(frame):
    """yfinance turns a web page or a 503 into an empty table: that is no observation."""
    frames = {"empty": table().iloc[:0], "none": None, "no close": table(Close=None)}

    with pytest.raises(FeedError):
        yfinance_history("X", date(2025, 8, 1), date(2025, 8, 2), ticker=fake_ticker(frames[frame]))


def test_every_exception_of_the_library_is_a_feed_error():
    """Its own, the network's and a bare decoding error; a rate limit names its wait."""
    from yfinance.exceptions import YFPricesMissingError, YFRateLimitError

    days = (date(2025, 8, 1), date(2025, 8, 2))
    for error in (YFPricesMissingError("X", ""), ValueError("Expecting value"), OSError("reset")):
        with pytest.raises(FeedError, match="X: "):
            yfinance_history("X", *days, ticker=fake_ticker(error=error))
    with pytest.raises(FetchFailedError) as failure:
        yfinance_history("X", *days, ticker=fake_ticker(error=YFRateLimitError()))
    assert (failure.value.reason, failure.value.wait_seconds) == ("rate_limited", 3_600)


@pytest.mark.parametrize(
    "reply",
    [
        lambda x: x.reply(429),
        lambda x: x.reply(503),
        lambda x: x.reply(200, b"<html>Will be right back</html>"),
        lambda x: x.reply(200, b'{"chart":{"result":null,"error":{"code":"Not Found"}}}'),
        lambda x: x.conn.shutdown(2),
    ],
    ids=["429", "503", "html", "error body", "reset"],
)
def test_the_library_itself_against_a_broken_yahoo(reply, server, tmp_path):
    """Through yfinance and a session that leads to the loopback: an error each time, never rows."""
    server.route("/v8/finance/chart/NVDA", reply)

    with pytest.raises(FeedError):
        through_the_library(server, tmp_path)

    assert any(path.startswith("/v8/finance/chart/NVDA") for path in server.paths())


def test_the_library_itself_against_a_sound_yahoo(server, tmp_path):
    """The same way gives rows when Yahoo answers, also after a failure: none is cached."""
    import json

    open_at = [int(datetime(2025, 8, d, 13, 30, tzinfo=UTC).timestamp()) for d in (18, 19)]
    quote = {"open": [1, 2], "high": [2, 3], "low": [1, 2], "close": [1.5, 2.5], "volume": [7, 8]}
    meta = {"currency": "USD", "symbol": "NVDA", "exchangeTimezoneName": "America/New_York",
            "timezone": "EDT", "gmtoffset": -14_400, "dataGranularity": "1d", "range": "",
            "instrumentType": "EQUITY", "validRanges": ["1d"], "priceHint": 2,
            "regularMarketTime": open_at[1], "firstTradeDate": 0}  # fmt: skip
    result = {"meta": meta, "timestamp": open_at,
              "indicators": {"quote": [quote], "adjclose": [{"adjclose": [1.5, 2.5]}]}}  # fmt: skip
    sound = json.dumps({"chart": {"result": [result], "error": None}}).encode()
    server.route("/v8/finance/chart/NVDA", lambda x: x.reply(503))
    with pytest.raises(FeedError):
        through_the_library(server, tmp_path)
    server.route("/v8/finance/chart/NVDA", sound)

    got = through_the_library(server, tmp_path)

    assert got.currency == "USD"
    assert [(b.session_on.day, b.close) for b in got.bars] == [(18, 1.5), (19, 2.5)]


def through_the_library(server, folder) -> RawHistory:
    import requests
    import yfinance
    from requests.adapters import HTTPAdapter

    class ToLoopback(HTTPAdapter):
        def send(self, request, **how):
            request.url = f"{server.url}/{request.url.split('/', 3)[3]}"
            return super().send(request, **how)

    server.route("/v1/test/getcrumb", b"crumb")
    yfinance.set_tz_cache_location(str(folder))
    with requests.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library uses what pandas deprecates
        session.mount("https://", ToLoopback())
        return yfinance_history(
            "NVDA", date(2025, 8, 1), date(2025, 8, 20), ticker=lambda s: make_ticker(s, session)
        )


# --- fed funds futures ----------------------------------------------------------------------

CURVE = FeedConfig(name="zq", kind="feeds.fed_futures:FedFutures", label="CBOT")


def test_the_contracts_of_the_next_fourteen_months():
    """From the present month on, over the turn of the year."""
    names = contracts(date(2025, 8, 22))

    assert names[:6] == ("ZQQ25", "ZQU25", "ZQV25", "ZQX25", "ZQZ25", "ZQF26")
    assert (len(names), names[-1]) == (14, "ZQU26")
    assert contracts(date(2099, 12, 31), 2) == ("ZQZ99", "ZQF00")


def test_the_curve_becomes_observations():
    """Series ZQQ25 at 95.67 on the day, known when fetched; an unfinished day is left out."""
    late = datetime(2025, 8, 22, 21, 30, tzinfo=UTC)
    day = answer(bar("2025-08-22", 95.67), symbol="ZQQ25.CBT")

    (fact,) = parse_curve([day], CURVE, late).facts
    assert (fact.kind, fact.key, fact.source) == ("observation", "ZQQ25:2025-08-22", "CBOT")
    assert fact.payload == {"series": "ZQQ25", "observed_on": "2025-08-22", "value": 95.67}
    assert parse_curve([day], CURVE, datetime(2025, 8, 22, 20, 30, tzinfo=UTC)).facts == ()


@pytest.mark.parametrize(
    "bars", [(bar("2025-08-22", 9567.0),), (bar("2025-08-22", 4.33),), (bar("2025-08-25", 95.67),),
             (bar("2025-08-21", 95.67), bar("2025-08-22", 97.67))]
)  # fmt: skip
def test_implausible_prices_are_refused(bars):
    """A rate for a price, a slip of hundred, a bar from Monday, two points in a day."""
    parsed = parse_curve([answer(*bars, symbol="ZQQ25.CBT")], CURVE, NOW + timedelta(hours=1))

    assert parsed.facts == ()
    assert len(parsed.problems) == 1


def curve_of(asked: list[str], *days: str, short: str = "") -> FedFutures:
    def history(symbol, start, end):
        asked.append(symbol)
        kept = days[:-1] if symbol.startswith(short or "-") else days
        return RawHistory(symbol=symbol, currency="USD", bars=tuple(bar(d, 95.9) for d in kept))

    return FedFutures(history)


@pytest.mark.parametrize(
    ("then", "later", "short", "asks"),
    [
        ("2025-08-22T01:00", "2025-08-22T15:00", "", False),  # the session after, still trading
        ("2025-08-22T01:00", "2025-08-22T20:59", "", False),
        ("2025-08-22T01:00", "2025-08-22T21:00", "", True),  # its close is due
        ("2025-08-21T22:00", "2025-08-22T15:00", "", True),  # read while it may still settle
        ("2025-08-22T01:00", "2025-08-22T15:00", "ZQU25", True),  # one contract lacks the close
    ],
)
def test_a_curve_that_cannot_have_moved_is_not_asked_for(poll_of, then, later, short, asks):
    """Fourteen questions are spared between the close that is held and the next."""
    asked: list[str] = []
    source = curve_of(asked, "2025-08-20", "2025-08-21", short=short)
    poll = poll_of(CURVE, now=datetime.fromisoformat(then).replace(tzinfo=UTC))
    first = source.poll(poll)
    state = replace(poll.state, memo=first.memo, body_hash="x")
    second = replace(poll, state=state, now=datetime.fromisoformat(later).replace(tzinfo=UTC))
    n = len(asked)
    again = source.poll(second)

    assert n == 14
    assert (len(asked) > n) is asks
    assert asks or (again.parsed is None and dict(again.memo) == dict(first.memo))


def test_a_holiday_has_no_close_and_is_asked_for():
    """Nothing here knows the exchange's calendar: a Monday without a bar costs questions only."""
    labour_day = datetime(2025, 9, 1, 23, tzinfo=UTC)

    assert last_close(labour_day) == datetime(2025, 9, 1, 21, tzinfo=UTC)
    assert last_close(datetime(2025, 8, 31, 12, tzinfo=UTC)).day == 29


def test_a_curve_of_two_contracts_was_not_observed(poll_of):
    """A meeting's probability needs three: fewer is a failure, three is a curve with problems."""

    def only(n: int):
        def history(symbol, start, end):
            if symbol[:5] not in contracts(NOW.date())[:n]:
                raise FeedError("yahoo", f"no bars of {symbol}")
            return answer(bar("2025-08-21", 95.67), symbol=symbol)

        return FedFutures(history)

    with pytest.raises(FeedError, match="2 contracts answered"):
        only(2).poll(poll_of(CURVE, now=NOW))
    harvest = only(3).poll(poll_of(CURVE, now=NOW))
    assert len(harvest.parsed.facts) == 3
    assert len(harvest.parsed.problems) == 11
