"""The decision as a waterfall on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.service.wiring import Assessment
    from engine.values import Contribution, Flip


def waterfall_text(assessment: Assessment, *, width: int = 80) -> str:
    """Contributions with bars and evidence, the thresholds, and the flip level of each input."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    d = assessment.decision
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(
            f"{d.verdict} for {d.acts_on}, score {d.score:+.3f} "
            f"(SELL below {d.exit_below:+.2f}, HOLD again above {d.enter_above:+.2f})"
        )
        console.print(
            f"confidence {d.confidence:.0%}, {d.coverage:.0%} of the weight observed, "
            f"standing since {d.since_on}\n"
        )
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        for name, how in (("voice", "left"), ("weight", "right"), ("score", "right")):
            table.add_column(name, justify=how)  # type: ignore[arg-type]
        table.add_column("part", justify="right")
        table.add_column("since yesterday", justify="right")
        table.add_column("")
        for bar in d.contributions:
            table.add_row(*_cells(bar))
        moved = "" if d.previous_score is None else f"{d.score - d.previous_score:+.3f}"
        table.add_row("sum", "", "", f"{d.score:+.3f}", moved, "")
        console.print(table)
        console.print()
        for bar in d.contributions:
            for sentence in bar.evidence:
                console.print(Text(f"{bar.name}: {safe_text(sentence.text)}"))
        console.print("\nWhat would flip it, all else equal:")
        for flip in d.flips:
            console.print(Text(_flip_line(flip)))
    return capture.get()


def _cells(bar: Contribution) -> tuple[str, str, str, str, str, str]:
    moved = "" if bar.previous is None else f"{bar.contribution - bar.previous:+.3f}"
    if bar.value is None:
        return bar.name, "-", "-", "-", moved, "not observed"
    length = round(abs(bar.contribution) * 60)
    drawn = ("-" if bar.contribution < 0 else "+") * min(length, 24)
    part = f"{bar.contribution:+.3f}"
    return bar.name, f"{bar.weight:.2f}", f"{bar.value:+.2f}", part, moved, drawn


def _flip_line(flip: Flip) -> str:
    unit = f" {flip.unit}" if flip.unit else ""
    now = "not observed" if flip.current is None else f"{flip.current:.2f}{unit}"
    if flip.flips_at is None:
        return f"  {flip.input}: now {now}; no plausible value flips it alone"
    return f"  {flip.input}: now {now}; flips at {flip.flips_at:.2f}{unit}"
