"""The ledger of decisions: append, read, verify. The rules of the chain are in ``chain``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from engine.errors import LedgerError
from engine.phrases import phrase
from engine.record.chain import LedgerEntry, LedgerHead, check_chain
from engine.record.content import canonical_json

if TYPE_CHECKING:
    from engine.record.store import Store


def append(
    store: Store,
    payload: Mapping[str, Any],
    *,
    acts_on: date,
    strategy: str,
    made_at: datetime,
) -> LedgerEntry:
    """Record one decision; returns its entry, the earlier one when it was recorded already.

    payload: JSON-ready. acts_on and strategy identify the session's decision. made_at does not
    count when two decisions are compared.
    """
    return store.append_ledger(
        acts_on=acts_on,
        strategy=strategy,
        made_at=made_at,
        payload_text=canonical_json(dict(payload)),
    )


def entries(store: Store, *, strategy: str | None = None) -> list[LedgerEntry]:
    """Every entry in the order written, of one strategy or of all."""
    return [e for e in store.ledger_entries() if strategy is None or e.strategy == strategy]


def verify(store: Store, *, head: str | None = None) -> LedgerHead:
    """Check the whole chain and return its head; ``LedgerError`` names the first bad entry.

    head: an entry hash noted earlier, for example from a printed report; it must still be in the
    chain, which only holds when nothing up to that entry was rewritten.
    """
    found, stored_head = store.ledger_state()
    check_chain(found, stored_head)
    if head is not None and head not in {entry.entry_hash for entry in found}:
        raise LedgerError(
            phrase("no ledger entry has the hash {head}", head=head[:64]),
            remedy=phrase("the ledger was rewritten"),
        )
    return stored_head
