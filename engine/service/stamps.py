"""Time stamps of the ledger by an authority outside (RFC 3161).

The entry that is newest when a report is made is stamped; since entries are chained, that dates
every earlier one too. A stamp is a file beside the data, ``stamps/<entry hash>.tsr``, checked
without a network against the root certificates that the user has named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InputError, LedgerError, NvsignalError
from engine.files import at_home, read_bytes, write_file
from engine.phrases import phrase

if TYPE_CHECKING:
    from config.settings import TimestampSettings
    from engine.record.store import Store

ASKED, ANSWERED = "application/timestamp-query", "application/timestamp-reply"
MAX_STAMP_BYTES = 200_000
EARLY = timedelta(minutes=5)
"""The clocks of an authority and of this machine may differ by so much."""

Ask = Callable[[bytes], bytes]
"""A request of RFC 3161 → the answer; raises ``NvsignalError``."""


def folder() -> Path:
    """Where the stamps lie."""
    from engine.service.folders import data_folder

    return data_folder() / "stamps"


def stamp(store: Store, settings: TimestampSettings, place: Path, ask: Ask | None = None) -> Path:
    """Have the newest entry stamped and keep the answer; harmless when it is there already.

    Raises ``NvsignalError`` when there is no entry, no answer, or one that does not verify: then
    nothing is kept.
    """
    from engine.record import ledger

    entries = ledger.entries(store)
    if not entries:
        raise InputError(phrase("the ledger is empty: there is nothing to stamp"))
    digest = entries[-1].entry_hash
    path = place / f"{digest}.tsr"
    if path.exists():
        return path
    rfc3161 = _library()
    builder = rfc3161.TimestampRequestBuilder(hash_algorithm=rfc3161.HashAlgorithm.SHA256)
    request = builder.data(digest.encode()).build()
    told = (ask or _asker(settings))(request.as_bytes())
    _verified(told, digest, _roots(settings), rfc3161.VerifierBuilder.from_request(request))
    write_file(path, told, private=True, make_folder=True)
    return path


def verify(store: Store, settings: TimestampSettings, place: Path) -> int:
    """How many stamps in ``place`` hold; ``LedgerError`` for the first that does not.

    Each must verify, name an entry of the ledger, and be no earlier than the entry it names.
    Without ``roots_file`` nothing is looked at.
    """
    from engine.record import ledger

    paths = sorted(place.glob("*.tsr")) if settings.roots_file and place.is_dir() else []
    if not paths:
        return 0
    made_at = {entry.entry_hash: entry.made_at for entry in ledger.entries(store)}
    roots = _roots(settings)
    for path in paths:
        _need_known(path, made_at)
        told = read_bytes(path, at_most=MAX_STAMP_BYTES)
        stamped_at = _verified(told, path.stem, roots, _library().VerifierBuilder())
        if stamped_at + EARLY < made_at[path.stem]:
            raise LedgerError(
                phrase("the entry {stem} says it was made after its stamp", stem=path.stem[:12]),
                remedy=phrase("its time was changed, or a clock was wrong"),
            )
    return len(paths)


def _need_known(path: Path, known: Collection[str]) -> None:
    if path.stem not in known:
        raise LedgerError(
            phrase(
                "the time stamp {name}… is of an entry that the ledger does not hold: it "
                "was rewritten or cut off since",
                name=path.name[:12],
            ),
            remedy=phrase("restore a backup: nvsignal db restore"),
        )


def _verified(told: bytes, digest: str, roots: tuple[Any, ...], builder: Any) -> datetime:
    """When ``told`` says that ``digest`` existed; ``LedgerError`` unless all of it verifies."""
    rfc3161 = _library()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        answer = rfc3161.decode_timestamp_response(told)
        builder.build().verify_message(answer, digest.encode())
        stamped_at: datetime = answer.tst_info.gen_time
    except (rfc3161.VerificationError, ValueError, TypeError) as error:
        raise LedgerError(
            phrase(
                "the time stamp of {digest} does not verify ({error})",
                digest=digest[:12],
                error=str(error)[:120],
            ),
            remedy=phrase("check [timestamp] roots_file; a stamp that was changed never verifies"),
        ) from None
    return stamped_at


def _roots(settings: TimestampSettings) -> tuple[Any, ...]:
    from cryptography import x509

    path = at_home(settings.roots_file)
    try:
        return tuple(x509.load_pem_x509_certificates(read_bytes(path)))
    except ValueError:
        raise InputError(
            phrase("'{path}' holds no PEM certificate", path=str(path)),
            remedy=phrase("ask the authority for its roots"),
        ) from None


def _asker(settings: TimestampSettings) -> Ask:
    from engine.service.outside import exchange

    def ask(request: bytes) -> bytes:
        return exchange(
            settings.url, allow_private=settings.allow_private, body=request, media_type=ASKED
        )

    return ask


def _library() -> Any:
    try:
        import rfc3161_client
    except ImportError:
        raise NvsignalError(
            phrase("[timestamp] needs the package 'rfc3161-client'"),
            remedy=phrase("pip install '.[timestamp]' in nvsignal's folder"),
        ) from None
    return rfc3161_client
