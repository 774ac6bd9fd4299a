"""``nvsignal backtest``, ``sweep``, and ``walk-forward``: rules on history."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import fail, to_json, write_out
from engine.cli.progress import counted
from engine.cli.searches import fold_parts, search_parts
from engine.cli.speech import language
from engine.errors import InputError, OutOfRangeError
from engine.phrases import phrase
from engine.plain import to_plain

if TYPE_CHECKING:
    from backtests.overfitting import RuleEvidence
    from backtests.replay import Costs, Replay
    from backtests.sweep import GridAxis, SweepJob, SweepResult
    from backtests.tearsheet import Heat
    from engine.decision.evidence import Blend
    from engine.record.store import Store
    from engine.report.blocks import Part
    from engine.report.i18n import Speaker
    from engine.service.history import Window
    from engine.values import FloatArray

From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First session.")]
To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last session.")]
Commission = Annotated[float, typer.Option(help="Commission, bp of the traded value.")]
Spread = Annotated[float, typer.Option(help="Quoted spread, bp; half is paid per fill.")]
Borrow = Annotated[float, typer.Option(help="Fee on a short position, % a year.")]
Grid = Annotated[
    list[str] | None,
    typer.Option(
        "--grid", metavar="NAME=VALUES", help="Vary NAME over low:high:count or a,b,c; repeat."
    ),
]
Random = Annotated[
    int | None, typer.Option(help="Draw this many random sets instead of the whole grid.")
]
Seed = Annotated[int, typer.Option(help="Seed of --random.")]
Workers = Annotated[int, typer.Option(help="Processes on this machine.")]
Html = Annotated[Path | None, typer.Option(help="Write the tear sheet here, as a page.")]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler, such as tcp://host:8786.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    _register_backtest(app)
    _register_sweep(app)
    _register_walk_forward(app)


def _register_backtest(app: typer.Typer) -> None:
    @app.command()
    def backtest(
        strategy: StrategyFile = None,
        first: From = None,
        last: To = None,
        positions: Annotated[
            Path | None, typer.Option(help="CSV of date,weight to evaluate instead of a strategy.")
        ] = None,
        capital: Annotated[float, typer.Option(help="Money put in before the first open.")] = 1.0,
        commission_bps: Commission = 0.0,
        spread_bps: Spread = 10.0,
        borrow_pct: Borrow = 0.5,
        tax_rate: Annotated[
            float, typer.Option(help="Tax on realised gains, 0 to 0.99 of the gain.")
        ] = 0.0,
        html: Html = None,
        ledger: Annotated[
            Path | None, typer.Option(help="Write one row a session here, as CSV.")
        ] = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Replay one rule over history and say plainly whether it beats holding."""
        from backtests.replay import Costs

        if not capital > 0:
            raise OutOfRangeError("capital", capital, phrase("more than 0"))
        if positions is not None and strategy is not None:
            raise InputError(phrase("--positions and --strategy exclude each other"))
        spoken = language(lang, config)
        costs = Costs(
            commission_bps=commission_bps,
            spread_bps=spread_bps,
            borrow_pct=borrow_pct,
            tax_rate=tax_rate,
        )
        with _window(strategy, first, last, costs, db, config, rate=positions is None) as opened:
            done = _backtest(*opened, positions, capital)
            blend = opened[1].config.blend if positions is None else None
            _answer(
                *opened,
                done,
                blend,
                html=html,
                ledger=ledger,
                lang=spoken,
                json=json,
            )


def _register_sweep(app: typer.Typer) -> None:
    @app.command()
    def sweep(
        grid: Grid = None,
        strategy: StrategyFile = None,
        first: From = None,
        last: To = None,
        random: Random = None,
        seed: Seed = 1,
        workers: Workers = 1,
        cluster: Cluster = None,
        resume: Annotated[
            bool, typer.Option(help="Go on where the same sweep was interrupted, or begin anew.")
        ] = True,
        commission_bps: Commission = 0.0,
        spread_bps: Spread = 10.0,
        borrow_pct: Borrow = 0.5,
        html: Html = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Try many parameter sets and say how much of the best one is luck."""
        from backtests.replay import Costs
        from backtests.sweep import blend_of
        from backtests.tearsheet import heat_of

        spoken = language(lang, config)

        axes = _axes(grid)
        costs = Costs(commission_bps=commission_bps, spread_bps=spread_bps, borrow_pct=borrow_pct)
        with _window(strategy, first, last, costs, db, config) as (store, window):
            job, left_out = _job(window, axes, random, seed)
            found = _run(job, workers, cluster, spoken, resume=resume)
            done = _sweep_result(store, window, found, left_out)
            blend, heat = blend_of(found.job, found.best), heat_of(found)
            _answer(
                store,
                window,
                done,
                blend,
                html=html,
                lang=spoken,
                json=json,
                heat=heat,
            )


def _register_walk_forward(app: typer.Typer) -> None:
    @app.command("walk-forward")
    def walk_forward(
        grid: Grid = None,
        strategy: StrategyFile = None,
        first: From = None,
        last: To = None,
        train: Annotated[int, typer.Option(help="Sessions to train on.")] = 378,
        test: Annotated[int, typer.Option(help="Sessions to follow the choice.")] = 63,
        purge: Annotated[
            int, typer.Option(help="Sessions left out before a test, for holding periods.")
        ] = 5,
        embargo: Annotated[
            int, typer.Option(help="Further sessions left out, for slow features.")
        ] = 5,
        rolling: Annotated[
            bool, typer.Option("--rolling", help="Train on the last sessions only, not on all.")
        ] = False,
        random: Random = None,
        seed: Seed = 1,
        commission_bps: Commission = 0.0,
        spread_bps: Spread = 10.0,
        borrow_pct: Borrow = 0.5,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Choose parameters on the past only, follow them, and judge what came out."""
        from backtests.replay import Costs
        from backtests.walk_forward import folds

        axes = _axes(grid)
        costs = Costs(commission_bps=commission_bps, spread_bps=spread_bps, borrow_pct=borrow_pct)
        with _window(strategy, first, last, costs, db, config) as (store, window):
            plan = folds(
                len(window.market),
                train=train,
                test=test,
                purge=purge,
                embargo=embargo,
                expanding=not rolling,
            )
            job, left_out = _job(window, axes, random, seed)
            done = _walk_result(store, window, job, plan, left_out)
            _answer(store, window, done, None, lang=language(lang, config), json=json)


# --- shared ---------------------------------------------------------------------------------------


@contextmanager
def _window(
    strategy: str | None,
    first: str | None,
    last: str | None,
    costs: Costs,
    db: str | None,
    config: str | None,
    *,
    rate: bool = True,
) -> Iterator[tuple[Store, Window]]:
    from config.settings import config_folder
    from engine.clock import now
    from engine.service import history, wiring
    from engine.service.bind import load

    days = history.parse_day(first, "--from"), history.parse_day(last, "--to")
    loaded = load(config_folder(config), strategy)
    with wiring.open_record(loaded, db) as store:
        with _waiting("reading the record and rating releases"):
            window = history.open_window(store, loaded, costs, *days, now=now(), rate=rate)
        yield store, window


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    """A sign of life on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def _axes(grid: list[str] | None) -> list[GridAxis]:
    from backtests.sweep import parse_axis

    if not grid:
        raise InputError(
            phrase("the grid is empty"),
            remedy=phrase("give {example}", example='--grid "decision.exit_below=-0.4:-0.1:7"'),
        )
    return [parse_axis(text) for text in grid]


def _job(
    window: Window, axes: list[GridAxis], random: int | None, seed: int
) -> tuple[SweepJob, int]:
    """The sweep asked for, and how many sets were left out because they are no rule."""
    from backtests import sweep

    sets = sweep.grid(axes) if random is None else sweep.random_sets(axes, random, seed)
    blend, names = window.config.blend, [a.name for a in axes]
    fits = sweep.rules_among(blend, names, sets)
    if fits.any():  # a rectangle of thresholds may cross; what is no rule is left out
        sets = sets[fits]
    job = sweep.make_job(blend, names, sets, window.features, window.market, start=window.start)
    return job, int((~fits).sum())


def _run(
    job: SweepJob, workers: int, cluster: str | None, lang: str, *, resume: bool
) -> SweepResult:
    from engine.report.i18n import voice
    from engine.service import sweeping
    from engine.service.folders import data_folder

    checkpoint = sweeping.Checkpoint(data_folder() / "sweeps", job, sweeping.code_digest())
    if not resume:
        checkpoint.clear()
    try:
        sets = voice(lang).say("{n:int} parameter sets", n=len(job.sets))
        with counted(sets, job.n_chunks) as advance:
            return sweeping.run_sweep(
                job,
                workers=workers,
                cluster=cluster,
                checkpoint=checkpoint,
                on_chunk=lambda number, chunk: advance(1),
            )
    except KeyboardInterrupt:
        kept = len(checkpoint.load())
        fail(
            voice(lang).say(
                "interrupted; {kept} of {all} chunks are kept, the same command goes on from there",
                kept=kept,
                all=job.n_chunks,
            )
        )
        raise


def _head(window: Window, strategy: str) -> dict[str, Any]:
    from config.frozen import unseen
    from engine.service import basis

    return {
        "strategy": strategy,
        "from": window.first,
        "to": window.last,
        "sessions": len(window.market),
        "data_hash": window.data_hash,
        "fills": basis.fills(window),
        "sessions_filled_at_close": int(window.market.at_close.sum()),
        "costs": window.market.costs,
        "costs_text": basis.costs(window),
        "dividends": window.dividends,
        "foresight": list(basis.foresight(window.first, window.last)),
        "held_back": unseen(window.last),
    }


def _judged(
    store: Store,
    window: Window,
    run: Replay,
    target: FloatArray,
    *,
    rows: slice | None = None,
    pbo: float | None = None,
    spa_p_value: float | None = None,
) -> tuple[dict[str, Any], RuleEvidence]:
    """The figures of a path, those of holding, and how much could be luck."""
    from backtests.benchmarks import after_tax, yardsticks
    from backtests.metrics import expected_best_sharpe
    from backtests.overfitting import verdict
    from engine.service import basis, history

    own = window if rows is None else window.part(rows)
    market = own.market
    tried = history.attempts(store, window)
    evidence, ours, theirs = history.evidence_of(
        market, run, target, tried, pbo=pbo, spa_p_value=spa_p_value
    )
    data = {
        **to_plain(ours),
        "after_tax": basis.plain_after_tax(after_tax(market, target, capital=run.capital)),
        "benchmark": to_plain(theirs),
        "benchmarks": basis.plain_yardsticks(yardsticks(market, run, own.earlier)),
        "excess_cagr_pct": evidence.excess_cagr_pct,
        "excess_cagr_interval_pct": [evidence.interval.low_pct, evidence.interval.high_pct],
        "bootstrap_block_sessions": evidence.interval.block_length,
        "p_value_random_timing": evidence.p_value_random_timing,
        "dsr": evidence.dsr,
        "expected_best_sharpe": expected_best_sharpe(tried.count, tried.variance) * 252**0.5,
        "n_trials": evidence.n_trials,
        "pbo": pbo,
        "spa_p_value": spa_p_value,
        "verdict": verdict(evidence),
    }
    return data, evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Done:
    """One replay with what there is to say: data for programs, parts for readers.

    rows: those of the window that were replayed.
    """

    result: dict[str, Any]
    run: Replay
    target: FloatArray
    evidence: RuleEvidence
    parts: Callable[[Speaker], tuple[Part, ...]] | None = None
    rows: slice | None = None


def _answer(
    store: Store,
    window: Window,
    done: _Done,
    blend: Blend | None,
    *,
    html: Path | None = None,
    ledger: Path | None = None,
    lang: str,
    json: bool,
    heat: Heat | None = None,
) -> None:
    """Write the files that were asked for, then print the short tear sheet or the data."""
    from backtests.sheet_page import text_of
    from engine.report.i18n import voice
    from engine.service.sheets import sheet_for, write_sheet

    if html or ledger or not json:
        sheet = sheet_for(
            store,
            window if done.rows is None else window.part(done.rows),
            done.run,
            done.target,
            done.result,
            evidence=done.evidence,
            blend=blend,
            heat=heat,
            told=bool(html or ledger),
        )
        for path in write_sheet(sheet, html=html, ledger=ledger, lang=lang):
            said = voice(lang).say("wrote {path}", path=str(path))
            sys.stderr.write(f"{said}\n")
    if json:
        write_out(to_json(done.result))
        return
    before = done.parts(voice(lang)) if done.parts else ()
    write_out(text_of(sheet, lang=lang, before=before).rstrip("\n"))


def _backtest(store: Store, window: Window, positions: Path | None, capital: float) -> _Done:
    from backtests.replay import replay
    from engine.clock import now
    from engine.decision.decide import evaluate
    from engine.service import history

    if positions is not None:
        target = history.read_positions(positions, window.market.sessions_on)
        name, ledger = f"positions of {positions.name}", "positions"
        params: dict[str, Any] = history.named(target.tobytes(), window)
    else:
        blend = window.config.blend
        target = evaluate(blend, window.features).target_weight[window.rows]
        name = ledger = window.config.strategy.name
        params = history.identity(history.rule_numbers(blend), window)
    run = replay(window.market, target, capital=capital)
    history.note_run(store, window, ledger, params, run, now())
    judged, evidence = _judged(store, window, run, target)
    return _Done(
        result={**_head(window, name), **judged}, run=run, target=target, evidence=evidence
    )


def _sweep_result(store: Store, window: Window, found: SweepResult, left_out: int) -> _Done:
    from backtests.replay import replay
    from backtests.sweep import blend_of
    from engine.clock import now
    from engine.decision.decide import evaluate
    from engine.service import history

    history.note_sweep(store, window, found, now())
    best = found.best
    with _waiting("judging the search"):
        target = evaluate(blend_of(found.job, best), window.features).target_weight[window.rows]
        run = replay(window.market, target)
        spa, note = history.superior_ability(window, found)
        judged, evidence = _judged(
            store, window, run, target, pbo=history.search_overfitting(found), spa_p_value=spa
        )
    keys = "psr dsr n_trials pbo spa_p_value expected_best_sharpe excess_cagr_pct "
    keys += "excess_cagr_interval_pct bootstrap_block_sessions p_value_random_timing verdict"
    shared = {k: judged.pop(k) for k in keys.split()}
    benchmark, benchmarks = judged.pop("benchmark"), judged.pop("benchmarks")
    result = {
        **_head(window, window.config.strategy.name),
        "axes": list(found.job.axes),
        "n_sets": len(found.job.sets),
        "best": {"params": found.params_of(best), **judged, "psr": shared["psr"]},
        "top": history.top_sets(found),
        "benchmark": benchmark,
        "benchmarks": benchmarks,
        **shared,
        "spa_note": note,
        "n_left_out": left_out,
    }
    parts = partial(search_parts, result)
    return _Done(result=result, run=run, target=target, evidence=evidence, parts=parts)


def _walk_result(store: Store, window: Window, job: SweepJob, plan: Any, left_out: int) -> _Done:
    from backtests.walk_forward import walk_forward
    from engine.clock import now
    from engine.service import history

    with counted(f"{len(plan)} folds", len(plan)) as advance:
        walked = walk_forward(job, plan, on_fold=lambda number: advance(1))
    from backtests.sweep import run

    history.note_sweep(store, window, run(job), now())
    rows = slice(walked.first, walked.first + walked.target_weight.size)
    judged, evidence = _judged(store, window, walked.path, walked.target_weight, rows=rows)
    days = window.market.sessions_on
    result = {
        **_head(window, window.config.strategy.name),
        "n_sets": len(job.sets),
        "out_of_sample_from": days[rows.start],
        "folds": [
            {
                "train_from": days[f.fold.train.start],
                "train_to": days[f.fold.train.stop - 1],
                "test_from": days[f.fold.test.start],
                "test_to": days[f.fold.test.stop - 1],
                "params": dict(zip(job.axes, job.sets[f.row].tolist(), strict=True)),
                "sharpe_in_sample": None
                if f.sharpe_in_sample is None
                else f.sharpe_in_sample * 252**0.5,
                "final": f.final_out_of_sample,
            }
            for f in walked.folds
        ],
        **judged,
        "n_left_out": left_out,
    }
    return _Done(
        result=result,
        run=walked.path,
        target=walked.target_weight,
        evidence=evidence,
        parts=partial(fold_parts, result),
        rows=rows,
    )
