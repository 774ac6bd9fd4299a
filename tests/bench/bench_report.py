"""The report: time to render each form, and the price chart against matplotlib's SVG."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from engine.report.charts import price_chart
from engine.report.render import render
from tests.engine.report.sample_report import prices, sample_report


def cpu_ms(work: Callable[[], object], *, repeat: int = 5) -> float:
    """Best process time of ``repeat`` runs, after one to warm up."""
    work()
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return 1000 * best


def matplotlib_chart() -> str:
    """The same closes as an SVG by matplotlib, dates and hashes pinned."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    points = prices()
    with mpl.rc_context({"svg.hashsalt": "x", "svg.fonttype": "none"}):
        figure, axes = plt.subplots(figsize=(7, 3))
        axes.plot([p.session_on for p in points], [p.close for p in points])
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
    return out.getvalue()


def rows() -> list[dict[str, object]]:
    """One row per form, and one for the chart."""
    report = sample_report()
    found: list[dict[str, object]] = []
    for form, target_ms in (("text", 200), ("html", 200), ("md", 200), ("json", 200)):
        ours = cpu_ms(lambda form=form: render(report, form, "fr"))  # type: ignore[misc]
        found.append(
            {
                "what": f"render {form}, ms",
                "ours": round(ours, 1),
                "theirs": "",
                "ratio": "",
                "target": f"<= {target_ms}",
                "note": "French, warm",
            }
        )
    size = len(render(report, "mail_html", "fr").encode()) / 1000
    found.append(
        {
            "what": "mail, kB",
            "ours": round(size, 1),
            "theirs": "",
            "ratio": "",
            "target": "< 100",
            "note": "styles inlined",
        }
    )
    ours, theirs = cpu_ms(lambda: price_chart(prices(), [])), cpu_ms(matplotlib_chart)
    found.append(
        {
            "what": "price chart, ms",
            "ours": round(ours, 2),
            "theirs": round(theirs, 1),
            "ratio": round(theirs / ours, 1),
            "target": "",
            "note": "matplotlib's import not counted",
        }
    )
    return found
