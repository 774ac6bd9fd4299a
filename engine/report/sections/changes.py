"""Changes of ratings: price cuts, ports, proofs, failed runs and claims taken back, by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from engine.report.blocks import Block, Details, ItemList, ListItem, Note
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report
    from engine.values import ThreatRating

DAYS = 30
"""How long a change is told. Judgement: as long as a reader may not have heard of it."""
TELLING_SHARE = 5e-4
"""Share of a year's revenue, either way, below which a change is not worth a reader's time."""


class Changes(Section):
    """One entry for each change of the last days, the newest first; nothing when there is none."""

    name, order, title = "changes", 32, N_("Changes of ratings")
    labels: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "price cut": N_("price cut"),
            "weights published": N_("weights published"),
            "served on home-grown chips": N_("served on home-grown chips"),
            "proof": N_("claim on home-grown chips"),
            "failed run": N_("failed run"),
            "claim withdrawn": N_("claim taken back"),
        }
    )

    def gather(self, inputs: Inputs) -> Any:
        """The changes that were chosen for this report."""
        return inputs.changes or None

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """What each moved, of a year's revenue and of value, and why."""
        found: tuple[ThreatRating, ...] | None = report.parts.get(self.name)
        if not found:
            return
        _ = voice.say
        how = Note(
            text=_(
                "Each is rated against the day before it and adds to what the release had moved; "
                "a minus is a gain for Nvidia."
            ),
            style="quiet",
        )
        items = ItemList(items=tuple(_item(rating, voice) for rating in found))
        title = voice.count(
            "{n} change of a rating in the last weeks",
            "{n} changes of ratings in the last weeks",
            n=len(found),
        )
        yield Details(title=title, blocks=(how, items))


def _item(rating: ThreatRating, voice: Speaker) -> ListItem:
    _ = voice.say
    kind = voice.label(rating.kind)
    moved = _(
        "{year:+share2} of a year's data-centre revenue, {value:+usdbn1} of value",
        year=rating.loss_share,
        value=rating.value_loss_usd_bn,
    )
    return ListItem(
        title=clean(rating.model, limit=80),
        about=f"{kind}, {voice.on(rating.rated_at)}",
        text=moved,
        detail=voice.tell(rating.reasons, limit=600),
        tone=(rating.loss_share < 0) - (rating.loss_share > 0),
    )


def recent(ratings: Iterable[ThreatRating], as_of: datetime) -> tuple[ThreatRating, ...]:
    """Those of ``ratings`` (changes, no releases) that are young and large enough, newest first."""
    chosen = [
        r
        for r in ratings
        if timedelta(0) <= as_of - r.rated_at < timedelta(days=DAYS)
        and abs(r.loss_share) >= TELLING_SHARE
    ]
    return tuple(sorted(chosen, key=lambda r: (r.rated_at, r.model, r.kind), reverse=True))
