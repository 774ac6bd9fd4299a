"""Heads of the ledger that stand outside it: in the reports that were written.

Whoever can write the record can rewrite its ledger whole, its own head included. He cannot rewrite
the reports that lie in their folder, in mailboxes and in backups without being seen: each names
the entry that was newest when it was made, and that entry must still be in the chain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import LedgerError

if TYPE_CHECKING:
    from engine.record.store import Store

MAX_REPORT_BYTES = 4_000_000
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """An entry of the ledger as a report names it."""

    entry_hash: str
    path: Path


def anchors(folder: Path) -> Iterator[Anchor]:
    """The heads named by the JSON reports in ``folder``, oldest first; others are passed over."""
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            if path.stat().st_size > MAX_REPORT_BYTES:
                continue
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        receipt = told.get("receipt") if isinstance(told, dict) else None
        head = receipt.get("ledger_head") if isinstance(receipt, dict) else None
        if isinstance(head, str) and _HASH.fullmatch(head):
            yield Anchor(entry_hash=head, path=path)


def hold(store: Store, folder: Path) -> int:
    """How many reports in ``folder`` name an entry of the ledger; ``LedgerError`` where one does
    not, for then entries were rewritten or cut off since."""
    known = {entry.entry_hash for entry in store.ledger_entries()}
    _hold_backup(store, known)
    count = 0
    for anchor in anchors(folder):
        if anchor.entry_hash not in known:
            raise LedgerError(
                f"{anchor.path.name} names the entry {anchor.entry_hash[:12]}, which the ledger "
                "does not hold: it was rewritten or cut off since",
                remedy="restore a backup: nvsignal db restore",
            )
        count += 1
    return count


def _hold_backup(store: Store, known: Collection[str]) -> None:
    """The last backup of this record ends with an entry that its ledger still holds."""
    from engine.service.copies import address, last_backup

    last = last_backup()
    if last is None or last.record != address(store.url):
        return
    if last.ledger_head and last.ledger_head not in known:
        raise LedgerError(
            f"the backup {last.path.name} ends with the entry {last.ledger_head[:12]}, which the "
            "ledger does not hold: it was rewritten or cut off since",
            remedy=f"restore it: nvsignal db restore {last.path} --force",
        )
