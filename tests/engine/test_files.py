"""The one writer: through links, old or new, modes kept, nothing but regular files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.files import appearing, at_home, need_room, read_bytes, real, tidy, write_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_a_link_stays_a_link_and_its_end_is_written(tmp_path: Path) -> None:
    (tmp_path / "synced").mkdir()
    end = tmp_path / "synced" / "report.html"
    end.write_text("old")
    link, second = tmp_path / "link.html", tmp_path / "second.html"
    link.symlink_to(end)
    second.symlink_to(link)

    write_file(second, "new")

    assert second.is_symlink()
    assert link.is_symlink()
    assert end.read_text() == "new"
    assert [p.name for p in end.parent.iterdir()] == ["report.html"]


def test_a_link_to_nothing_yet_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "later.txt")

    write_file(tmp_path / "link", "new")

    assert (tmp_path / "later.txt").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def test_a_circle_of_links_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(InputError, match="cannot write"):
        write_file(tmp_path / "a", "x")


def test_a_home_that_nobody_has_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert at_home("~/x") == tmp_path / "x"
    with pytest.raises(InputError, match="names a home that is not there"):
        at_home("~nosuchuser/x")


def test_links_are_followed_to_their_end_and_a_circle_stays(tmp_path: Path) -> None:
    (tmp_path / "end").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "end")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")

    assert real(tmp_path / "link") == tmp_path / "end"
    assert real(tmp_path / "circle") == tmp_path / "circle"


def test_a_file_keeps_its_mode_and_a_new_one_obeys_the_umask(tmp_path: Path, umask: None) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    kept.chmod(0o664)

    write_file(kept, "new")
    write_file(tmp_path / "new", "x")
    write_file(tmp_path / "own", "x", private=True)

    assert (mode(kept), kept.read_text()) == (0o664, "new")
    assert mode(tmp_path / "new") == 0o640
    assert mode(tmp_path / "own") == 0o600


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    for name, kind in (("pipe", "a pipe"), ("folder", "a folder")):
        with pytest.raises(InputError, match=f"it is {kind}, not a regular file"):
            write_file(tmp_path / name, "x")
    with pytest.raises(InputError, match="it is a device"):
        write_file(Path("/dev/null"), "x")

    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_mistyped_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder") as refusal:
        write_file(tmp_path / "reprots" / "x.html", "x")

    assert "check the spelling" in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_our_own_is_made(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b" / "x", b"\0\1", make_folder=True)

    assert (tmp_path / "a" / "b" / "x").read_bytes() == b"\0\1"


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def fail_halfway() -> None:
        with appearing(path) as unfinished:
            unfinished.write_text("half")
            assert path.read_text() == "old"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()

    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    path, sizes, done = tmp_path / "x", set(), threading.Event()
    write_file(path, "a" * 200_000)

    def look() -> None:
        while not done.is_set():
            sizes.add(len(path.read_text()))

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(20):
        write_file(path, "b" * 100_000)
        write_file(path, "a" * 200_000)
    done.set()
    reader.join()

    assert sizes <= {100_000, 200_000}


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    old, fresh, other = (
        tmp_path / ".backup.db-0123456789ab.unfinished",
        tmp_path / ".backup.db-abcdefabcdef.unfinished-wal",
        tmp_path / ".notes-0123456789ab.unfinished.txt",
    )
    for path in (old, fresh, other):
        path.write_text("left")
    for path in (old, other):
        os.utime(path, (1_000_000, 1_000_000))

    write_file(tmp_path / "x", "new")

    assert not old.exists()
    assert fresh.exists()
    assert other.exists()


def _gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen(["true"]) as short:
        return short.pid


def test_what_a_dead_process_left_goes_after_a_minute(tmp_path: Path) -> None:
    """A live owner keeps its file for an hour; a dead one's goes as soon as nobody can hold it."""
    now_s = time.time()
    ages = {"dead": (_gone(), 90.0), "young": (_gone(), 10.0), "alive": (os.getpid(), 90.0)}
    ages["old"] = (os.getpid(), 4_000.0)
    paths = {}
    for name, (pid, age_seconds) in ages.items():
        paths[name] = tmp_path / f".{name}-{pid}-0123456789ab.unfinished"
        paths[name].write_text("left")
        os.utime(paths[name], (now_s - age_seconds,) * 2)

    assert tidy([tmp_path, tmp_path / "missing"]) == 2
    assert {name for name, path in paths.items() if path.exists()} == {"young", "alive"}


def test_too_small_a_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    need_room(tmp_path / "not" / "made", 1_000, "the copy")
    with pytest.raises(InputError, match="the copy needs 1,000,000,000 MB in"):
        need_room(tmp_path, 10**15, "the copy")


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    name = "é" * 127
    write_file(tmp_path / name, "x")

    assert (tmp_path / name).read_text() == "x"
    with pytest.raises(InputError, match="cannot write"):
        write_file(tmp_path / ("a" * 300), "x")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_leave_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        write_file(tmp_path / "x", "x")


def test_reading_ends_at_its_bound() -> None:
    with pytest.raises(InputError, match="larger than 1,000 bytes"):
        read_bytes(Path("/dev/zero"), at_most=1_000)
    with pytest.raises(InputError, match="there is no file"):
        read_bytes(Path("/nowhere/x.csv"))
    with pytest.raises(InputError, match="Is a directory"):
        read_bytes(Path("/"))
