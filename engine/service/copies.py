"""The last backup: where it lies, which entry of the ledger it ends with, and whether it serves."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError, NvsignalError
from engine.files import read_bytes, real, write_file
from engine.phrases import phrase
from engine.record.connect import file_of, parse_url, shown

if TYPE_CHECKING:
    from sqlalchemy import URL

    from config.settings import Config
    from engine.record.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBackup:
    """ledger_head: hash of the newest entry in it; empty when its ledger was. record: address of
    what was copied, as it may be shown."""

    path: Path
    record: str
    ledger_head: str


def address(url: URL) -> str:
    """One name for one record: the real file, or the address without its password."""
    path = file_of(url)
    return str(real(path)) if path is not None else shown(url)


def _note() -> Path:
    from engine.service.folders import data_folder

    return data_folder() / "last_backup.json"


def note_backup(path: Path, url: str) -> LastBackup:
    """Remember ``path`` as the newest backup of the record at ``url``, with its ledger's head."""
    record = address(parse_url(url))
    made = LastBackup(path=real(path), record=record, ledger_head=head_in(path))
    told = {"file": str(made.path), "record": record, "ledger_head": made.ledger_head}
    write_file(_note(), json.dumps(told, indent=1) + "\n", private=True, make_folder=True)
    return made


def last_backup() -> LastBackup | None:
    """What ``note_backup`` remembered; None before the first one."""
    if not _note().exists():
        return None
    try:
        told: Any = json.loads(read_bytes(_note()))
        return LastBackup(
            path=Path(told["file"]),
            record=str(told["record"]),
            ledger_head=str(told["ledger_head"]),
        )
    except (ValueError, TypeError, KeyError):
        raise InputError(
            phrase("'{note}' cannot be read", note=_note()), remedy=phrase("make a new backup")
        ) from None


def head_in(path: Path) -> str:
    """The newest entry of the ledger in the SQLite file ``path``; empty when there is none."""
    from engine.record import ledger
    from engine.record.store import Store

    with Store.open(f"sqlite:///{real(path)}", create=False) as store:
        entries = ledger.entries(store)
    return entries[-1].entry_hash if entries else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """acts_on: the session whose report was made twice. same: byte for byte."""

    path: Path
    acts_on: str
    n_bytes: int
    same: bool


def drill(config: Config, url: str, copy: Path | None = None) -> Drilled:
    """Put a backup back in a fresh place and make its newest report there and from the record.

    copy: None for the last backup that was made. The record is only read. Both reports are as of
    the newest decision in the backup, without the health of feeds, which goes on changing.
    Raises ``NvsignalError`` when there is no backup, no decision in it, or it cannot be restored.
    """
    from engine.record import ledger
    from engine.record.backup import restore
    from engine.record.store import Store

    path = copy or _need_last()
    with tempfile.TemporaryDirectory(prefix="nvsignal-drill-") as place:
        fresh = f"sqlite:///{place}/record.sqlite3"
        restore(path, fresh)
        with Store.open(fresh) as restored, Store.open(url, create=False) as record:
            entries = [e for e in ledger.entries(restored) if e.stands]
            if not entries:
                raise InputError(
                    phrase("{path} holds no decision yet", path=str(path)),
                    remedy=phrase("make one after a report"),
                )
            newest = entries[-1]
            texts = [_report(store, config, newest.made_at) for store in (restored, record)]
    return Drilled(
        path=path,
        acts_on=str(newest.acts_on),
        n_bytes=len(texts[0].encode()),
        same=texts[0] == texts[1],
    )


def _need_last() -> Path:
    last = last_backup()
    if last is None:
        raise InputError(phrase("no backup was made yet"), remedy=phrase("nvsignal db backup FILE"))
    return last.path


def _report(store: Store, config: Config, as_of: Any) -> str:
    from engine.report.render import render
    from engine.service.morning import prepare

    text = render(prepare(store, config, as_of, record=False).report, "json", "en")
    if not isinstance(text, str):
        raise NvsignalError(phrase("the report is no text"))
    return text
