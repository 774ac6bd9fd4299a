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

    app → report, backtests → decision → strategies, threat, macro, news, record → values

``values``, ``errors``, ``clock`` and ``phrases`` are the vocabulary everybody speaks.
"""
