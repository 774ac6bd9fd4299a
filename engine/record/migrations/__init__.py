"""Schema migrations; Alembic is imported only when one runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.phrases import phrase

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).resolve().parent


def alembic_config() -> Config:
    """Alembic pointed at this folder, without any ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(url: str, *, to: str = "head") -> str:
    """Bring the database at ``url`` to revision ``to``, all or nothing; returns the revision then.

    Creates the tables of an empty database. Raises ``StoreError`` for a database that belongs to
    another program or comes from a newer version.
    """
    from alembic import command

    from engine.errors import StoreError
    from engine.record import schema
    from engine.record.connect import make_engine, parse_url, prepare_file, writing
    from engine.record.store import schema_revision

    address = parse_url(url)
    prepare_file(address, create=True)
    engine = make_engine(address)
    try:
        with writing(engine) as connection:
            found = schema_revision(connection)
            if found is not None and found not in schema.REVISIONS:
                raise StoreError(
                    phrase(
                        "schema {found} is newer than {revision}",
                        found=found[:40],
                        revision=schema.REVISION,
                    ),
                    remedy=phrase("install a newer nvsignal"),
                )
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            return schema_revision(connection) or ""
    finally:
        engine.dispose()
