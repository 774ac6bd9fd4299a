"""nvsignal's engine: from dated facts to HOLD or SELL.

The program is one pipeline::

    feeds ─▶ record ─▶ features ─▶ strategies ─▶ decision ─▶ ledger ─▶ report
    fetch    append-   one row a    pure, causal  linear      hash-     text, html,
    parse    only, two session, as  array maths   score +     chained   md, json;
    clean    times     known then   (…, P, T)     latch                 en, fr

Live, backtest and sweep are the same code: a live decision is the last row of what a backtest
computes over the same record, and a sweep is the same call with parameters of shape (P, 1).

Every fact has two times, ``occurred_at`` (what it is about) and ``known_at`` (when we could act on
it); corrections are new rows. Evidence is three-valued: present, absent, not observed.

Rooms import one way, held by ``tests/architecture``::

    cli, web → service → report, backtests → decision → strategies, threat, macro, news
             → record → config → the vocabulary

``values`` (what is known), ``shown`` (what is made of it for a reader), ``errors``, ``clock``,
``phrases``, ``files``, ``tables`` and ``plain`` are the vocabulary everybody speaks.

Words of the house, one meaning each:

=============== ============================================================================
fact            one row of the record, with when it happened and when it was known
reading         a fact as a typed value (``record.readings``); ``asof`` says which version counts
item, story     a news entry as received; the same event told by one or more items
event           a story with type, actor, direction and stage
voice           in a decision: a strategy with its weight; in a report: a reader's language
doubt           standard deviation of a voice's score
rating          what a release puts at risk of Nvidia; channels are its parts, which add up
rung            step of the ladder of rate sources that answered
grid            the sessions with their decision instants; row t knows what was known then
world           what was known at an instant, for a decision or (``threat.world``) for a rating
section, block  one subject of the report; a piece that every form knows how to lay out
sheet           the tear sheet of one replayed rule
trial           one backtest that was run, counted so that the best of many is known as such
memo, kept      values computed before under what they depend on; the same without
=============== ============================================================================

To extend: a feed is a stanza in ``config/feeds.toml``, a new kind of source a file in ``feeds``, a
strategy a file in ``strategies`` and a stanza, a section of the report a file in
``engine/report/sections`` (``engine.report.section`` has a runnable example).
"""
