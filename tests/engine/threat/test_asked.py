"""What routers and Epoch tell reaches the rating: a sentence, and a count of its supply."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from engine.decision.events import known_events
from engine.decision.ratings import world_from
from engine.record.history import History
from engine.record.readings import CHIP_SHARES, TOKEN_SHARES, ChipShare, TokenShare
from engine.threat.asked import TokensRouted, asked_at
from engine.threat.rating import at_instant, rate
from engine.values import Fact
from tests.engine.threat.threat_world import DAY, drawn, params, record, release, world

LAST = DAY.date() - timedelta(days=2)


def day(on: date, share: float) -> TokensRouted:
    known_at = datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(days=1)
    return TokensRouted(known_at=known_at, on=on, chinese_share=share, others_share=0.1)


def weeks(*shares: float) -> tuple[TokensRouted, ...]:
    """A week of days each, the newest first, four weeks apart."""
    return tuple(
        day(LAST - timedelta(days=28 * w + n), share)
        for w, share in enumerate(shares) for n in range(7)
    )  # fmt: skip


def test_the_newest_week_counts_and_the_one_four_weeks_before() -> None:
    """A week with fewer than four days, or three weeks old, tells nothing."""
    asked = asked_at(weeks(0.4, 0.3), DAY)

    assert asked is not None
    assert (asked.on, round(asked.share, 6), asked.share_before) == (LAST, 0.4, 0.3)
    assert asked_at((), DAY) is None
    assert asked_at(weeks(0.4)[:3], DAY) is None
    assert asked_at(weeks(0.4), DAY + timedelta(days=30)) is None
    alone = asked_at(weeks(0.4), DAY)
    assert alone is not None
    assert alone.share_before is None


def test_token_shares_stand_beside_a_rating_and_move_no_figure() -> None:
    """One sentence more; the same score. Without them the rating is the same to the last bit."""
    plain = world()
    told = rate(release(), replace(plain, tokens=weeks(0.4, 0.3)), params(), drawn=drawn())
    bare = rate(release(), plain, params(), drawn=drawn())

    more = [str(e.text) for e in told.evidence if e not in bare.evidence]
    assert len(more) == 1
    assert "OpenRouter" in more[0]
    assert "40" in more[0]
    assert replace(told, evidence=bare.evidence) == bare


def test_what_a_collector_writes_is_what_the_rating_reads() -> None:
    """Facts of both kinds, as their readings write them, from the hour at which they were known."""
    seen_at = datetime(2025, 8, 20, 12, tzinfo=UTC)
    share = ChipShare(known_at=seen_at, known_on=date(2024, 12, 31), period="2024",
                      house="Epoch AI", domestic_share_pct=30.0, confidence="low")  # fmt: skip
    tokens = TokenShare(on=LAST, chinese_share=0.4, others_share=0.1, total_tokens=1e12,
                        checksum="0" * 64, known_at=seen_at, source="OpenRouter")  # fmt: skip
    added: list[Fact] = [
        CHIP_SHARES.fact(share, occurred_at=seen_at, known_at=seen_at, source="Epoch AI"),
        TOKEN_SHARES.fact(tokens, occurred_at=seen_at, known_at=seen_at, source="OpenRouter"),
    ]
    history = History([*record(), *added])

    def found(at: datetime) -> tuple[list[str], int]:
        read = at_instant(world_from(history, at, known_events(history, at)), at)
        return [s.house for s in read.shares if s.known_at == seen_at], len(read.tokens)

    assert found(DAY) == (["Epoch AI"], 1)
    assert found(seen_at - timedelta(hours=1)) == ([], 0)
