"""In which language a command answers: the one asked for, else the configured one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.report.i18n import Speaker


def language(lang: str | None, config: str | None) -> str:
    """A language that there is; ``UnknownNameError`` for one that is asked for and is not."""
    from engine.report.i18n import voice

    return voice(lang or configured(config)).lang


def configured(config: str | None) -> str:
    """What ``nvsignal.toml`` names; English where it cannot be read, which the loader tells."""
    from config.schema import parse_toml, read_text
    from config.settings import Settings, config_folder
    from engine.errors import ConfigError

    try:
        text = read_text(config_folder(config) / "nvsignal.toml")
        return Settings.model_validate(parse_toml(text, "nvsignal.toml")).report.language
    except (ConfigError, ValueError):
        return "en"


def speaker(lang: str | None, config: str | None) -> Speaker:
    """The voice of ``language``."""
    from engine.report.i18n import voice

    return voice(language(lang, config))
