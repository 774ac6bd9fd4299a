"""``[schedule]`` and ``[delivery]``: what is refused, in one line that names the place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.service.bind import check
from tests.service.mornings import CONFIG

CHANNEL = '[[delivery.channel]]\nname = "mail"\nurl_env = "MAIL_URL"\n'


def problems(tmp_path: Path, added: str, old: str = "", new: str = "") -> list[str]:
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("facts", "__pycache__"))
    path = folder / "nvsignal.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1) + added, encoding="utf-8")
    return check(folder)


def test_a_channel_needs_no_more_than_a_name_and_an_address(tmp_path: Path) -> None:
    assert problems(tmp_path, CHANNEL) == []


@pytest.mark.parametrize(
    ("added", "told"),
    [
        (CHANNEL + 'kinds = ["digets"]\n', "did you mean 'digest'?"),
        (CHANNEL + 'language = "de"\n', "language = 'de'"),
        (CHANNEL + 'form = "fax"\n', "form = 'fax'"),
        (CHANNEL + 'quiet = { zone = "Europe/Pari" }\n', "did you mean 'Europe/Paris'?"),
        (CHANNEL + 'quiet = { start = "24:00" }\n', "start = '24:00'"),
        (CHANNEL + 'quiet = { wake_for = ["all"] }\n', "unknown alert kind 'all'"),
        (CHANNEL + 'url_file = "~/x"\n', "needs url_env or url_file, one of the two"),
        ('[[delivery.channel]]\nname = "mail"\n', "needs url_env or url_file, one of the two"),
        (CHANNEL + CHANNEL, "two channels are called 'mail'"),
        ('[[delivery.channel]]\nname = "a b"\nurl_env = "X"\n', "name = 'a b'"),
    ],
)
def test_a_wrong_channel_is_refused_with_its_remedy(tmp_path: Path, added: str, told: str) -> None:
    (problem,) = problems(tmp_path, added)

    assert told in problem
    assert problem.startswith("nvsignal.toml")


def test_an_address_written_where_its_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, CHANNEL.replace("MAIL_URL", "mailto://me:hunter2222@host"))

    assert "url_env" in problem
    assert "hunter2222" not in problem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('report_at = "08:30"', 'report_at = "8:30"'),
        ('report_at = "08:30"', 'report_at = "08:60"'),
        ('decide_at = "08:30"', 'decide_at = "29:00"'),
        ("collect_every_minutes = 30", "collect_every_minutes = 1"),
        ("collect_before_report_minutes = 10", "collect_before_report_minutes = 0"),
        ("catch_up_sessions = 5", "catch_up_sessions = 31"),
        ("coalesce_minutes = 30", "coalesce_minutes = -1"),
        ("tripwire_score = 30", "tripwire_score = 101"),
    ],
)
def test_hours_and_numbers_out_of_range_are_refused(tmp_path: Path, old: str, new: str) -> None:
    (problem,) = problems(tmp_path, "", old, new)

    assert new.partition(" ")[0] in problem
