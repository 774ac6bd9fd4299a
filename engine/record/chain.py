"""The ledger of decisions: append-only and hash-chained, so that no track record is rewritten.

Each entry holds the hash of the one before it. The first decision recorded for a session and a
strategy stands for ever as revision 0. Recording the same decision again does nothing; a different
one for the same session is kept too, as revision 1, 2 … : it shows that something was changed
afterwards and never replaces what stood.

A chain shows every edit, deletion, insertion and reordering inside it; the stored head shows
entries cut off its end. Someone who rewrites the whole database can forge both: compare the head
with the one printed in an older report (``verify(..., head=...)``) to rule that out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NoReturn

from engine.clock import to_micros, utc
from engine.errors import LedgerError
from engine.phrases import phrase
from engine.record.content import canonical_json

GENESIS = "0" * 64
"""What stands in place of the previous hash in the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One recorded decision.

    seq: 1, 2, 3 … without gaps. revision: 0 for the decision that stands, more for later ones of
    the same session and strategy. payload_text: the decision as canonical JSON.
    """

    seq: int
    acts_on: date
    strategy: str
    revision: int
    made_at: datetime
    payload_text: str
    previous_hash: str
    entry_hash: str = ""

    @property
    def payload(self) -> Mapping[str, Any]:
        """The decision as plain data."""
        try:
            loaded = json.loads(self.payload_text)
        except (TypeError, ValueError):
            loaded = None
        if not isinstance(loaded, dict):
            _broken(self, "its content cannot be read")
        return dict(loaded)

    @property
    def stands(self) -> bool:
        """True for the first decision of its session and strategy."""
        return self.revision == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHead:
    """Length of the chain and hash of its last entry, stored beside it."""

    n_entries: int
    entry_hash: str


EMPTY_HEAD = LedgerHead(n_entries=0, entry_hash=GENESIS)


def entry_hash(entry: LedgerEntry) -> str:
    """SHA-256 over every field of the entry and the hash before it."""
    fields = [
        entry.seq,
        entry.acts_on.isoformat(),
        entry.strategy,
        entry.revision,
        to_micros(entry.made_at),
        entry.payload_text,
        entry.previous_hash,
    ]
    return sha256(canonical_json(fields).encode("ascii")).hexdigest()


def next_entry(
    head: LedgerHead,
    same_session: Sequence[LedgerEntry],
    *,
    acts_on: date,
    strategy: str,
    made_at: datetime,
    payload_text: str,
) -> LedgerEntry | None:
    """The entry to append after ``head``; None when this decision is recorded already.

    same_session: the entries of this session and strategy so far.
    """
    if any(entry.payload_text == payload_text for entry in same_session):
        return None
    entry = LedgerEntry(
        seq=head.n_entries + 1,
        acts_on=acts_on,
        strategy=strategy,
        revision=len(same_session),
        made_at=utc(made_at),
        payload_text=payload_text,
        previous_hash=head.entry_hash,
    )
    return replace(entry, entry_hash=entry_hash(entry))


def check_chain(entries: Sequence[LedgerEntry], head: LedgerHead) -> None:
    """Raise ``LedgerError`` naming the first entry that does not hold; silence means all hold."""
    previous, revisions = GENESIS, dict[tuple[date, str], int]()
    for expected_seq, entry in enumerate(entries, start=1):
        session = (entry.acts_on, entry.strategy)
        if entry.seq != expected_seq:
            _broken(
                entry, phrase("entry {expected_seq} is missing", expected_seq=str(expected_seq))
            )
        if entry.previous_hash != previous:
            _broken(entry, phrase("it does not follow from the entry before it"))
        if entry.entry_hash != entry_hash(entry):
            _broken(entry, phrase("its content was changed after it was written"))
        if entry.revision != revisions.get(session, 0):
            _broken(entry, phrase("revision {revision} is out of turn", revision=entry.revision))
        revisions[session] = entry.revision + 1
        previous = entry.entry_hash
    _check_head(entries, head)


def _check_head(entries: Sequence[LedgerEntry], head: LedgerHead) -> None:
    if head.n_entries > len(entries):
        raise LedgerError(
            phrase(
                "ledger entry {n_entries} is missing: the end was cut off",
                n_entries=len(entries) + 1,
            )
        )
    if head.n_entries < len(entries):
        _broken(entries[head.n_entries], phrase("it was added outside the ledger"))
    if entries and head.entry_hash != entries[-1].entry_hash:
        _broken(entries[-1], phrase("it is not the entry that was written last"))


def _broken(entry: LedgerEntry, why: str) -> NoReturn:
    raise LedgerError(
        phrase(
            "ledger entry {seq} ({acts_on}, {strategy}): {why}",
            seq=str(entry.seq),
            acts_on=str(entry.acts_on),
            strategy=entry.strategy,
            why=why,
        )
    )
