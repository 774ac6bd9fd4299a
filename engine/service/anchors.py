"""Heads of the ledger that stand outside it: in the reports that were written and sent.

Whoever can write the record can rewrite its ledger whole, its own head included. He cannot rewrite
the reports that lie in their folder, in mailboxes and in backups without being seen: each names
the entry that was newest when it was made, and that entry must still be in the chain.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InputError, LedgerError
from engine.files import read_bytes
from engine.phrases import phrase

if TYPE_CHECKING:
    from engine.record.store import Store

MAX_REPORT_BYTES = 4_000_000
MAX_MAILBOX_BYTES = 200_000_000
"""Of a file named by the user, which may be a mailbox with years of mails."""
FORMS = (".json", ".html", ".md", ".txt", ".eml")
"""Of reports in their folder; a file named by the user is read by what is in it."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """An entry of the ledger as a report names it."""

    entry_hash: str
    path: Path


def anchors(folder: Path) -> Iterator[Anchor]:
    """The heads named by the reports in ``folder``, in every form; others are passed over."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in FORMS and path.is_file():
            yield from (Anchor(entry_hash=head, path=path) for head in _heads_of(path))


def anchors_of(path: Path) -> tuple[Anchor, ...]:
    """The heads named by a report, a mail or a mailbox (mbox), or by the reports in a folder.

    Raises ``InputError`` for what cannot be read or names none.
    """
    if path.is_dir():
        found = tuple(anchors(path))
    else:
        content = read_bytes(path, at_most=MAX_MAILBOX_BYTES)
        found = tuple(Anchor(entry_hash=head, path=path) for head in heads_in(content))
    if not found:
        raise InputError(
            phrase("{path} names no entry of the ledger", path=str(path)),
            remedy=phrase(
                "give a report of a morning: HTML, text, JSON, or its mail (.eml, .mbox)"
            ),
        )
    return found


def _heads_of(path: Path) -> tuple[str, ...]:
    """Those of a file that nobody named; none where it is no report."""
    try:
        return heads_in(read_bytes(path, at_most=MAX_REPORT_BYTES))
    except InputError:
        return ()


def heads_in(content: bytes) -> tuple[str, ...]:
    """Hashes of the entries that a report, a mail or a mailbox names, each once, in order."""
    if content.lstrip()[:1] == b"{":
        found = _in_json(content)
    elif content.startswith(b"From "):
        mails = re.split(rb"(?m)^(?=From )", content)
        found = [head for mail in mails[1:] for head in _in_mail(mail.partition(b"\n")[2])]
    elif re.match(rb"[A-Za-z][A-Za-z0-9-]*:", content):
        found = _in_mail(content)
    else:
        found = _in_text(content)
    return tuple(dict.fromkeys(found))


def _in_json(content: bytes) -> list[str]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return []
    receipt = told.get("receipt") if isinstance(told, dict) else None
    head = receipt.get("ledger_head") if isinstance(receipt, dict) else None
    return [head] if isinstance(head, str) and _HASH.fullmatch(head) else []


def _in_mail(content: bytes) -> list[str]:
    """In the text parts, however they are encoded."""
    found = []
    try:
        for part in email.message_from_bytes(content, policy=email.policy.compat32).walk():
            body = part.get_payload(decode=True)
            if part.get_content_maintype() == "text" and isinstance(body, bytes):
                found += _in_text(body)
    except (ValueError, LookupError, RecursionError):  # no mail after all, or made to break us
        pass
    return found


def _in_text(content: bytes) -> list[str]:
    """Behind the receipt's own word for it, whatever marks stand between; lines may break in it."""
    return [b"".join(found.split()).decode("ascii") for found in _named().findall(content)]


@cache
def _named() -> re.Pattern[bytes]:
    from engine.report.i18n import LANGUAGES, voice

    words = {str(voice(lang).label("ledger_head")) for lang in LANGUAGES}
    told = b"|".join(sorted(re.escape(word.encode()) for word in words))
    # Narrow and wide spaces that do not break, as French has them before a colon, in UTF-8.
    between = rb"(?:<[^<>]{0,500}>|&nbsp;|\xc2\xa0|\xe2\x80\xaf|[\s:|*`_.>-]){1,200}"
    return re.compile(
        rb"(?:" + told + rb")" + between + rb"([0-9a-f](?:\s{0,40}[0-9a-f]){63})(?![0-9a-f])"
    )


def hold(store: Store, folder: Path, files: Sequence[Path] = ()) -> int:
    """How many reports in ``folder`` and ``files`` name an entry of the ledger.

    Raises ``LedgerError`` where one names an entry that is not there, for then entries were
    rewritten or cut off since.
    """
    known = {entry.entry_hash for entry in store.ledger_entries()}
    _hold_backup(store, known)
    told = [*anchors(folder), *(anchor for path in files for anchor in anchors_of(path))]
    for anchor in told:
        if anchor.entry_hash not in known:
            raise LedgerError(
                phrase(
                    "{name} names the entry {entry_hash}, which the ledger does not hold: it "
                    "was rewritten or cut off since",
                    name=anchor.path.name,
                    entry_hash=anchor.entry_hash[:12],
                ),
                remedy=phrase("restore a backup: nvsignal db restore"),
            )
    return len({(anchor.path, anchor.entry_hash) for anchor in told})


def _hold_backup(store: Store, known: Collection[str]) -> None:
    """The last backup of this record ends with an entry that its ledger still holds."""
    from engine.service.copies import address, last_backup

    last = last_backup()
    if last is None or last.record != address(store.url):
        return
    if last.ledger_head and last.ledger_head not in known:
        raise LedgerError(
            phrase(
                "the backup {name} ends with the entry {ledger_head}, which the ledger "
                "does not hold: it was rewritten or cut off since",
                name=last.path.name,
                ledger_head=last.ledger_head[:12],
            ),
            remedy=phrase("restore it: nvsignal db restore {path} --force", path=str(last.path)),
        )
