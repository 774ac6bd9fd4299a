"""``nvsignal whatif``: a release that does not exist yet, and what it would do to the decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, StrategyFile
from engine.cli.output import to_json, write_out
from engine.errors import InputError
from engine.phrases import phrase
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.service.wiring import Assessment
    from engine.values import ThreatRating

MAX_BYTES = 100_000


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def whatif(
        release: Annotated[
            Path | None,
            typer.Option(help="TOML file: a [release] table and, if you like, a [scenario]."),
        ] = None,
        template: Annotated[
            bool, typer.Option("--template", help="Print a file to start from, and end.")
        ] = False,
        as_of: AsOf = None,
        strategy: StrategyFile = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Rate a hypothetical release and show the decision with and without it."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.decision.rated import of_releases
        from engine.service import wiring
        from engine.service.bind import load

        if template:
            from config.whatif import TEMPLATE

            write_out(TEMPLATE)
            return
        if release is None:
            raise InputError(
                phrase("no release is given"),
                remedy=phrase("--release FILE; --template prints one to start from"),
            )
        text = _read(release)
        loaded = load(config_folder(config), strategy)
        with wiring.open_record(loaded, db) as store:
            instant = wiring.instant_at(store, as_of, now())
            world = wiring.world_at(store, loaded, instant)
        facts, name = wiring.hypothesis(text, release.name, world)
        before = wiring.assess(world, loaded)
        after = wiring.assess(wiring.with_facts(world, loaded, facts), loaded)
        rating = next(r for r in of_releases(r.rating for r in after.ratings) if r.model == name)
        if json:
            write_out(to_json(_plain(before, after, rating)))
            return
        write_out(_text(before, after, rating))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                phrase(
                    "'{path}' is larger than {max_bytes:int} bytes",
                    path=str(path),
                    max_bytes=MAX_BYTES,
                )
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            phrase("cannot read '{path}' ({why})", path=str(path), why=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise InputError(phrase("'{path}' is not UTF-8 text", path=str(path))) from None


def _plain(before: Assessment, after: Assessment, rating: ThreatRating) -> dict[str, Any]:
    return {
        "hypothetical": True,
        "as_of": before.world.as_of,
        "acts_on": before.decision.acts_on,
        "rating": rating,
        "before": _verdict(before),
        "after": _verdict(after),
    }


def _verdict(assessment: Assessment) -> dict[str, Any]:
    d = assessment.decision
    return {
        "decision": d.verdict,
        "score": d.score,
        "margin": d.margin,
        "stance": d.stance,
        "target_weight": d.target_weight,
        "contributions": {c.name: c.contribution for c in d.contributions},
    }


def _text(before: Assessment, after: Assessment, rating: ThreatRating) -> str:
    from engine.clock import NEW_YORK

    a, b = before.decision, after.decision
    told_on = before.world.as_of.astimezone(NEW_YORK)
    lines = [
        f"HYPOTHETICAL: {safe_text(rating.model)} as if told on {told_on:%Y-%m-%d}",
        f"threat {rating.score:.0f} of 100, 5-95 %: {rating.score_low:.0f} to "
        f"{rating.score_high:.0f}; {100 * rating.loss_share:.1f} % of a year's data-centre revenue "
        f"at risk and {rating.value_loss_usd_bn:.1f} bn USD of three years' gross profit",
        "",
        safe_text(rating.reasons),
        "",
        f"decision without it: {a.verdict}, score {a.score:+.3f}",
        f"decision with it:    {b.verdict}, score {b.score:+.3f} (SELL below {b.exit_below:+.2f})",
        "Only the release is assumed: no fall of the price and no other news. nvsignal stress lays "
        "these over a morning too.",
    ]
    import textwrap

    return "\n".join("\n".join(textwrap.wrap(line, 80)) if line else "" for line in lines)
