"""The ledger held against what stands outside it: reports, and the record a copy replaces."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import InputError, LedgerError, StoreError
from engine.record import ledger
from engine.record.backup import backup, restore
from engine.record.store import Store
from engine.report.courier import open_address
from engine.report.deliver import _whole_report
from engine.report.i18n import LANGUAGES
from engine.report.render import render
from engine.report.smtp import mail
from engine.report.ways import Channel
from engine.service import anchors
from tests.builders import unguarded
from tests.engine.report.sample_report import sample_report

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 24)


def append(store: Store, number: int, verdict: str = "HOLD") -> str:
    entry = ledger.append(
        store,
        {"decision": verdict, "n": number},
        acts_on=DAY + timedelta(days=number),
        strategy="balanced",
        made_at=NOON + timedelta(days=number),
    )
    return entry.entry_hash


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'record.db'}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "reports"
    made.mkdir()
    return made


@pytest.fixture
def store(url: str, folder: Path) -> Iterator[Store]:
    """Five entries, and a report for each that names it."""
    with Store.open(url) as opened:
        for number in range(5):
            head = append(opened, number)
            told = {"receipt": {"ledger_head": head}}
            (folder / f"{DAY + timedelta(days=number)}.json").write_text(json.dumps(told))
        yield opened


def forge(url: str, *statements: str) -> None:
    """Change the ledger and its stored head, as somebody who can write the file would."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        unguarded(connection)
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_every_report_finds_its_entry(store: Store, folder: Path) -> None:
    assert anchors.hold(store, folder) == 5


REWRITES = {
    "the end cut off": (
        "DELETE FROM ledger WHERE seq > 3",
        "UPDATE ledger_head SET n_entries = 3, "
        "entry_hash = (SELECT entry_hash FROM ledger WHERE seq = 3)",
    ),
    "emptied": ("DELETE FROM ledger", "DELETE FROM ledger_head"),
}


@pytest.mark.parametrize("how", REWRITES)
def test_a_ledger_cut_together_with_its_head_is_found(
    how: str, store: Store, url: str, folder: Path
) -> None:
    forge(url, *REWRITES[how])

    ledger.verify(store)  # by itself it looks whole
    with pytest.raises(LedgerError, match="rewritten or cut off"):
        anchors.hold(store, folder)


def test_a_ledger_written_anew_is_found(store: Store, folder: Path, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        for number in range(5):
            append(other, number, "SELL")
        ledger.verify(other)

        with pytest.raises(LedgerError, match=r"2026-11-24\.json names the entry"):
            anchors.hold(other, folder)


FORMS = ("html", "md", "text", "json", "mail", "mail as base64", "mailbox")


def written(form: str, head: str, lang: str) -> bytes:
    """A report of the product in ``form`` that names ``head``, as it lies on a disk."""
    report = sample_report()
    report = replace(report, receipt={**report.receipt, "ledger_head": head})
    if not form.startswith("mail"):
        return render(report, form, lang).encode()
    message = _whole_report(report, "digest", lang)
    address = "mailto://a:b@example.org"
    channel = Channel(name="m", address=address, language=lang, kinds=frozenset())
    made = mail(open_address(channel), channel, message, "key", NOON)
    if form == "mail as base64":  # as some servers pass it on
        made.get_body(("html",)).set_content(message.html, subtype="html", cte="base64")
        made.get_body(("plain",)).set_content("see the page", cte="base64")
    raw = made.as_bytes()
    return raw if form != "mailbox" else b"".join(b"From x Mon\n" + r + b"\n" for r in (raw, raw))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_report_names_its_entry(form: str, lang: str) -> None:
    head = "6f6b56bacb44fc10c85a12321ce4f88abbaf122dd18bc58d1961856955b82c24"

    assert anchors.heads_in(written(form, head, lang)) == (head,)


@pytest.mark.parametrize("how", REWRITES)
@pytest.mark.parametrize("form", ["html", "mail"])
def test_a_rewrite_is_found_by_a_page_or_a_mail_alone(
    form: str, how: str, store: Store, url: str, folder: Path, tmp_path: Path
) -> None:
    """The stored reports are gone with the ledger; one kept elsewhere is enough."""
    last = store.ledger_entries()[-1].entry_hash
    kept = tmp_path / "kept"
    kept.write_bytes(written(form, last, "fr"))
    for path in folder.iterdir():
        path.unlink()
    assert anchors.hold(store, folder, [kept]) == 1
    forge(url, *REWRITES[how])

    assert anchors.hold(store, folder) == 0, "nothing else tells"
    with pytest.raises(LedgerError, match="kept names the entry"):
        anchors.hold(store, folder, [kept])
    (folder / "2026-11-28.en.html").write_bytes(written("html", last, "en"))
    with pytest.raises(LedgerError, match=r"2026-11-28\.en\.html names the entry"):
        anchors.hold(store, folder)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"Ledger", b"<p>Ledger " + b"g" * 64, b"Ledger " + b"a" * 65, b"From x\n",
        b"a" * 64, b"Ledger" + b"<b>" * 5_000 + b"a" * 64,
        b"Content-Type: text/html; charset=none\nContent-Transfer-Encoding: base64\n\n!!!",
        b"Content-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 3_000,
    ],
)  # fmt: skip
def test_what_names_no_entry_is_said_to(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(InputError, match="names no entry"):
        anchors.anchors_of(tmp_path / "file")


def test_what_cannot_be_read_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing"):
        anchors.anchors_of(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="names no entry"):
        anchors.anchors_of(tmp_path / "folder")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"receipt": 3}', '{"receipt": {"ledger_head": "x"}}', "[" * 5000]
)
def test_a_file_that_is_no_report_is_passed_over(text: str, store: Store, folder: Path) -> None:
    (folder / "2030-01-01.json").write_text(text)

    assert anchors.hold(store, folder) == 5


def test_an_older_copy_keeps_the_entries_written_since(
    store: Store, url: str, folder: Path, tmp_path: Path
) -> None:
    copy = backup(url, tmp_path / "copy.db")
    later = [append(store, number) for number in (5, 6)]
    store.close()

    done = restore(copy, url, overwrite=True)

    assert done.kept == ("2026-11-29", "2026-11-30")
    with Store.open(url) as again:
        assert ledger.verify(again, head=later[-1]).n_entries == 7
        assert anchors.hold(again, folder) == 5
        append(again, 7)
        assert ledger.verify(again).n_entries == 8


def test_a_newer_copy_brings_its_own_entries(store: Store, url: str, tmp_path: Path) -> None:
    old = backup(url, tmp_path / "old.db")
    append(store, 5)
    new = backup(url, tmp_path / "new.db")
    store.close()
    restore(old, f"sqlite:///{tmp_path / 'elsewhere.db'}")

    done = restore(new, f"sqlite:///{tmp_path / 'elsewhere.db'}", overwrite=True)

    assert done.kept == ()
    with Store.open(f"sqlite:///{tmp_path / 'elsewhere.db'}") as again:
        assert ledger.verify(again).n_entries == 6


def test_a_copy_of_another_ledger_is_refused(store: Store, url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with Store.open(other) as made:
        append(made, 0, "SELL")
    copy = backup(other, tmp_path / "copy.db")
    store.close()

    with pytest.raises(StoreError, match="does not continue that of"):
        restore(copy, url, overwrite=True)
    with Store.open(url) as again:
        assert ledger.verify(again).n_entries == 5
