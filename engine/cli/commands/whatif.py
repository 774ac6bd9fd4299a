"""``nvsignal whatif``: a release that does not exist yet, and what it would do to the decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError
from engine.phrases import phrase

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
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Rate a hypothetical release and show the decision with and without it."""
        from config.settings import config_folder
        from engine.cli.said.whatif import text_of
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
        made = of_releases(r.rating for r in after.ratings)
        rating = next((r for r in made if r.model == name), None)
        if rating is None:
            raise InputError(
                phrase("'{name}' cannot be rated: no report of Nvidia is known by then", name=name),
                remedy=phrase("choose a later --as-of"),
            )
        if json:
            write_out(to_json(_plain(before, after, rating)))
            return
        write_out(text_of(before, after, rating, speaker(lang, config)))


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
