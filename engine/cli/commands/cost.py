"""``nvsignal cost`` and ``nvsignal validate``: the cost model, and how far to trust it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.output import fail, to_json, write_out
from engine.errors import InputError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase
from engine.plain import safe_text, to_plain

if TYPE_CHECKING:
    from datetime import date

    from engine.threat.estimate import Detail, Subject
    from engine.threat.points import ScoredPoint
    from engine.threat.validation import Validation
    from engine.values import Accelerator, Interval

WIDTH = 80


def register(app: typer.Typer) -> None:
    """Add both commands to ``app``."""
    app.command("cost")(cost)
    app.command("validate")(validate)


def cost(
    model: Annotated[str | None, typer.Argument(help="Model or release name.")] = None,
    chip: Annotated[str | None, typer.Option(help="Chip name, as in accelerators.csv.")] = None,
    model_file: Annotated[Path | None, typer.Option(help="TOML file with a model.")] = None,
    chip_file: Annotated[Path | None, typer.Option(help="TOML file with a chip.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="bf16, fp8, mxfp8, hif8, int8, nvfp4, mxfp4 or int4.")
    ] = None,
    prompt_tokens: Annotated[float, typer.Option(help="Tokens of a prompt.")] = 4096,
    output_tokens: Annotated[float, typer.Option(help="Tokens of an answer.")] = 1024,
    context: Annotated[
        float | None, typer.Option(help="Mean context in decode; default prompt + output / 2.")
    ] = None,
    batch: Annotated[
        float | None, typer.Option(help="Sequences per device; default: most within --tpot-ms.")
    ] = None,
    cache_hit_share: Annotated[float, typer.Option(help="Share of the prompt in cache.")] = 0.0,
    accepted_tokens: Annotated[
        float | None,
        typer.Option(help="Extra tokens a step from speculation; default: 0.7 where it pays."),
    ] = None,
    duty: Annotated[float, typer.Option(help="Share of time the devices work.")] = 1.0,
    devices: Annotated[int | None, typer.Option(help="Devices per serving group.")] = None,
    tpot_ms: Annotated[float, typer.Option(help="Latency target when --batch is absent.")] = 50.0,
    tokens_trained: Annotated[
        str | None, typer.Option(help="Training tokens: 14.8T, 900B or 14.8e12.")
    ] = None,
    usd_per_hour: Annotated[
        float | None, typer.Option(help="Price of a chip-hour, instead of the table's.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Refuse a chip not on sale by then.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Stable keys.")] = False,
) -> None:
    """What a model costs to train and to serve on a chip, with its interval and assumptions."""
    from math import ceil

    from engine.threat.cost import Load
    from engine.threat.estimate import estimate

    load = Load(
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        context_tokens=context,
        batch=1.0 if batch is None else batch,
        devices=devices,
        cache_hit_share=cache_hit_share,
        # In this order, so that what is no number is left for ``Load`` to refuse.
        verified=1.0 + ceil(min(1e9, max(0.0, accepted_tokens or 0.0))),
        accepted=accepted_tokens or 0.0,
        duty=duty,
    )
    detail = estimate(
        _subject(model, model_file),
        _chip(chip, chip_file, as_of),
        precision=precision,
        load=load,
        choose_batch=batch is None,
        choose_speculation=accepted_tokens is None,
        target_tpot_ms=tpot_ms,
        training_tokens=None if tokens_trained is None else parse_tokens(tokens_trained),
        usd_per_hour=usd_per_hour,
    )
    write_out(to_json(as_json(detail)) if json else as_text(detail))


def validate(
    json: Annotated[bool, typer.Option("--json", help="Stable keys.")] = False,
    figures: Annotated[
        bool, typer.Option("--figures", help="List every figure of the larger table.")
    ] = False,
) -> None:
    """The cost model against published figures, fitted and never fitted apart."""
    from engine.threat.architectures import load_architectures
    from engine.threat.chips import load_accelerators
    from engine.threat.points import load_points, score_points
    from engine.threat.validation import TargetTables
    from engine.threat.validation import validate as run

    facts = TargetTables(chips=load_accelerators(), models=load_architectures())
    result = run(facts)
    scored = score_points(load_points(), facts.chips, facts.models)
    if json:
        plain = {**to_plain(result), "published_costs": points_plain(scored)}
        write_out(to_json(plain))
    else:
        write_out(validation_text(result) + "\n\n" + points_text(scored, figures=figures))
    if failed := [target for target in result.misses if target.startswith("T")]:
        fail(f"outside their tolerance: {', '.join(failed)}")
        raise typer.Exit(1)


# --- input ---------------------------------------------------------------------------------------
def parse_tokens(text: str) -> float:
    """Tokens from ``14.8T``, ``900B`` or a plain count; raises ``OutOfRangeError``."""
    match = re.fullmatch(r"\s*([0-9.]+(?:[eE][+]?[0-9]+)?)\s*([TB]?)\s*", text, re.IGNORECASE)
    try:
        if match is None:
            raise ValueError(text)
        tokens = float(match[1]) * {"": 1.0, "B": 1e9, "T": 1e12}[match[2].upper()]
    except ValueError:
        tokens = -1.0
    if not 1e6 <= tokens <= 1e15:
        raise OutOfRangeError(
            "tokens_trained", text[:40], phrase("1e6 to 1e15, as 14.8T, 900B or 14.8e12")
        )
    return tokens


def _subject(name: str | None, file: Path | None) -> Subject:
    from engine.cli.commands.rate import find_name
    from engine.threat.architectures import load_architectures
    from engine.threat.estimate import find_subject, subject_from

    if file is not None:
        return subject_from(_toml(file, "model"))
    if name is None:
        raise InputError(phrase("no model given"), remedy=phrase("name one, or use --model-file"))
    models, releases = load_architectures(), _releases()
    try:
        return find_subject(name, models, releases)
    except UnknownNameError:
        known = [n for d in models for n in (d.model, *d.aliases)]
        known += [row.get("model") or "" for row in releases]
        return find_subject(find_name(name, dict.fromkeys(known), "model"), models, releases)


def _chip(name: str | None, file: Path | None, as_of: str | None) -> Accelerator:
    from engine.threat.chips import find_chip, load_accelerators
    from engine.threat.estimate import chip_from

    if file is not None:
        chips = (chip_from(_toml(file, "chip")),)
        return find_chip(chips, chips[0].chip, as_of=_day(as_of))
    if name is None:
        raise InputError(
            phrase("no chip given"), remedy=phrase("name one with --chip, or use --chip-file")
        )
    return find_chip(load_accelerators(), name, as_of=_day(as_of))


def _day(text: str | None) -> date | None:
    """The New York day that ``--as-of`` means."""
    if text is None:
        return None
    from config.settings import config_folder
    from engine.clock import NEW_YORK, now
    from engine.service import wiring
    from engine.service.bind import load

    with wiring.open_record(load(config_folder(None))) as store:
        return wiring.instant_at(store, text, now()).astimezone(NEW_YORK).date()


def _releases() -> list[Mapping[str, str]]:
    from engine.tables import read_rows
    from engine.threat.chips import FACTS

    path = FACTS / "model_releases.csv"
    return list(read_rows(path)) if path.is_file() else []


def _toml(path: Path, table: str) -> Mapping[str, object]:
    """The fields of a TOML file, at its top or under ``[model]`` / ``[chip]``."""
    from config.schema import parse_toml, read_text

    fields = parse_toml(read_text(path), path.name)
    inner = fields.get(table)
    return inner if isinstance(inner, dict) else fields


# --- output --------------------------------------------------------------------------------------
def as_json(detail: Detail) -> dict[str, Any]:
    """The estimate's keys first, then the choices behind it."""
    plain: dict[str, Any] = to_plain(detail.cost)
    rest = to_plain(detail)
    rest.pop("cost")
    assumptions = plain.pop("assumptions")
    return {**plain, **rest, "assumptions": assumptions}


_ROWS = (
    ("Training compute", "FLOP", "training_flops"),
    ("Training time", "chip-hours", "training_chip_hours"),
    ("Training cost", "USD", "training_usd"),
    ("Training energy", "MWh", "energy_mwh"),
    ("Prefill", "tok/s/chip", "prefill_tok_s_per_chip"),
    ("Decode", "tok/s/chip", "decode_tok_s_per_chip"),
    ("Prefill cost", "USD/Mtok", "usd_per_mtok_prefill"),
    ("Decode cost", "USD/Mtok", "usd_per_mtok_decode"),
    ("Blended cost", "USD/Mtok", "usd_per_mtok_blended"),
)


def as_text(detail: Detail) -> str:
    """A table of at most 80 columns, then what was assumed."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=None, pad_edge=False)
    table.add_column("Figure")
    table.add_column("Unit", style="dim")
    for heading in ("Low 5 %", "Mid", "High 95 %"):
        table.add_column(heading, justify="right")
    for label, unit, key in _ROWS:
        table.add_row(label, unit, *_cells(getattr(detail.cost, key)))
    table.add_row("Token pace", "ms/token", *_cells(detail.tpot_ms))
    head = f"{detail.cost.model} on {detail.cost.chip}, {detail.cost.precision}"
    if detail.devices is not None:
        head += f", {detail.devices} devices, batch {detail.batch} a device"
    notes = [f"- {n.name}: {n.value} [{_brief(n.source)}]" for n in detail.cost.assumptions]
    return _wrapped(safe_text(head)) + "\n" + _render(table) + "\nAssumed\n" + _bullets(notes)


def _brief(source: str) -> str:
    """The first source of several, short enough for one line; ``--json`` has them all."""
    first = source.split(";")[0].split(", ")[0].strip()
    return first if len(first) <= 60 else first[:59] + "…"


def _cells(figure: Interval | None) -> tuple[str, str, str]:
    if figure is None:
        return "n/a", "n/a", "n/a"
    return _figure(figure.low), _figure(figure.mid), _figure(figure.high)


def _figure(value: float) -> str:
    """Three significant digits, thousands separated; powers of ten from 1e12 on."""
    if value >= 1e12:
        return f"{value:.2e}"
    if value >= 100:
        digits = max(0, len(str(int(value))) - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def _render(table: Any) -> str:
    import io

    from rich.console import Console

    console = Console(width=WIDTH, file=io.StringIO(), color_system=None, highlight=False)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _wrapped(text: str, indent: str = "") -> str:
    import textwrap

    return textwrap.fill(text, WIDTH, subsequent_indent=indent)


def _bullets(lines: list[str]) -> str:
    return "\n".join(_wrapped(safe_text(line, limit=300), "  ") for line in lines)


def validation_text(result: Validation) -> str:
    """The targets in one table of 80 columns, the evidence in three lines."""
    head = f"{'Id':5} {'Target':31} {'Published':>9} {'Model':>8} {'Err %':>6} {'Tol %':>5}"
    table = [f"{head} {'Left out':>8}", "─" * WIDTH]
    for row in result.outcomes:
        what = row.what if len(row.what) <= 31 else row.what[:30] + "…"
        left_out = "" if row.left_out_pct is None else f"{row.left_out_pct:+.0f}"
        table.append(
            f"{row.target + ('*' if row.in_fit else ''):5} {what:31} {_figure(row.published):>9} "
            f"{_figure(row.modelled):>8} {row.error_pct:+6.1f} {row.tolerance_pct:>5g} "
            f"{left_out:>5} {'' if row.within else '!!':>2}".rstrip()
        )
    inside = sum(row.within for row in result.outcomes)
    lines = [
        f"{inside} of {len(result.outcomes)} inside their tolerance (!! outside; * helped to set "
        "constants, so its error is no evidence; X: beside the fit).",
        f"The 90 % band holds {result.covered} of {result.banded} published values.",
        f"Serving error, rms: {result.rms_in_fit_pct:.1f} % in the fit, "
        f"{result.rms_left_out_pct:.1f} % with the platform left out; "
        f"{result.left_out_within_40} of {result.left_out_count} strangers within 40 %.",
    ]
    return "\n".join([*table, "─" * WIDTH, *(_wrapped(line) for line in lines)])


_USES = {
    "fitted": "helped to set constants",
    "seen": "never fitted, looked at since",
    "held_out": "written down before, run once",
}


def points_plain(scored: Sequence[ScoredPoint]) -> dict[str, Any]:
    """The larger table for JSON: a score for each use, and every figure."""
    from engine.threat.points import summary

    return {
        **{use: summary([s for s in scored if s.point.use == use]) for use in _USES},
        "figures": [
            {
                "point": s.point.name,
                "use": s.point.use,
                "published": s.point.published,
                "unit": s.point.unit,
                "modelled": s.modelled,
                "log_error": s.log_error,
                "low": s.low,
                "high": s.high,
                "source": s.point.source,
            }
            for s in scored
        ],
    }


def points_text(scored: Sequence[ScoredPoint], *, figures: bool) -> str:
    """Published costs, fitted and never fitted apart, in 80 columns."""
    lines = [f"{'Published figures':38} {'n':>4} {'rms':>6} {'mean':>6} {'in 90 %':>8} {'band':>6}"]
    lines += ["─" * WIDTH]
    for use, words in _USES.items():
        lines.append(_score_line(words, [s for s in scored if s.point.use == use]))
        for family in sorted({s.platform for s in scored if s.point.use == use}):
            for training in (False, True):
                part = [
                    s
                    for s in scored
                    if (s.point.use, s.platform, s.point.training) == (use, family, training)
                ]
                if part:
                    lines.append(
                        _score_line(f"  {family}, {'training' if training else 'serving'}", part)
                    )
    lines.append("─" * WIDTH)
    lines.append(_wrapped("rms and mean of ln(model / published); band: upper over lower end."))
    lines.append(_wrapped(_aim([s for s in scored if s.point.use == "held_out"])))
    if figures:
        lines += ["", *(_figure_line(s) for s in scored)]
    return "\n".join(lines)


def _aim(unseen: Sequence[ScoredPoint]) -> str:
    from engine.threat.points import AIM_RMS_LOG_ERROR, LEAST_FIGURES, summary

    aim = f"Aim for figures run once: rms at most {AIM_RMS_LOG_ERROR:.2f}"
    if len(unseen) < LEAST_FIGURES:
        return f"{aim}: {len(unseen)} of them say too little (at least {LEAST_FIGURES})."
    met = "met" if summary(unseen).rms_log_error <= AIM_RMS_LOG_ERROR else "missed"
    return f"{aim}: {met}."


def _score_line(words: str, scored: Sequence[ScoredPoint]) -> str:
    from engine.threat.points import summary

    got = summary(scored)
    return (
        f"{words:38} {got.n:>4} {got.rms_log_error:>6.2f} {got.mean_log_error:>+6.2f} "
        f"{f'{got.covered}/{got.n}':>8} {got.band_factor:>6.1f}"
    )


def _figure_line(s: ScoredPoint) -> str:
    what = f"{_short(s.point.chip)} {s.point.precision} {s.point.model} {s.point.kind}"
    return (
        f"{s.point.name:5} {what[:42]:42} {_figure(s.point.published):>8} "
        f"{_figure(s.modelled):>8} {s.log_error:>+6.2f} {'' if s.covered else 'out':>4}"
    )


def _short(chip: str) -> str:
    return chip.replace("NVIDIA ", "").replace(" SXM", "").replace(" (per GPU)", "")
