"""The rules of the house, as tests: who imports whom, who reads the clock, what stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "strategies", "feeds", "backtests", "config")

# What each room may import of the house. engine.values, errors, clock and phrases are everybody's,
# and so are the models of the configuration, which stand below every room.
WORDS = {
    "engine.values",
    "engine.shown",
    "engine.errors",
    "engine.clock",
    "engine.phrases",
    "engine",
}
WORDS |= {"engine.bare", "engine.files", "engine.plain", "engine.tables"}
VOCABULARY = WORDS | {"config"}
ALLOWED: dict[str, set[str]] = {
    "engine.values": set(),
    "engine.shown": {"engine.values"},
    "engine.errors": set(),
    "engine.clock": set(),
    "engine.phrases": set(),
    "engine.files": set(),
    "engine.bare": set(),
    "engine.plain": set(),
    "engine.tables": set(),
    "engine.threat": {"engine.threat", "engine.record.readings"},
    "engine.macro": {"engine.macro"},
    "engine.news": {"engine.news", "engine.record"},
    "engine.record": {"engine.record"},
    "strategies": {"strategies"},
    "engine.decision": {
        "engine.decision",
        "strategies.base",
        "engine.threat",
        "engine.macro",
        "engine.news",
        "engine.record",
    },
    "engine.report": {
        "engine.report",
        "engine.decision",
        "engine.record",
        "engine.news",
        "engine.threat",
        "engine.macro",
    },
    "backtests": {
        "backtests",
        "engine.decision",
        "engine.macro",
        "engine.record",
        "engine.threat",
        "engine.news",
        "engine.report",
        "strategies.base",
        "strategies.baselines",
    },
    "feeds": {"feeds", "engine.news", "engine.threat", "engine.macro", "engine.record"},
    "config": {"config"},
    "engine.service": {
        "engine.service",
        "engine.report",
        "engine.decision",
        "engine.record",
        "engine.news",
        "engine.threat",
        "engine.macro",
        "strategies",
        "feeds",
        "backtests",
        "config",
    },
    "engine.cli": {"engine", "strategies", "feeds", "backtests", "config"},
    "engine.web": {"engine", "strategies", "feeds", "backtests", "config"},
}

CLOCK_READS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}

HEAVY = (
    "numpy pandas sklearn scipy yfinance matplotlib sqlalchemy exchange_calendars httpx feedparser "
    "lxml alembic apscheduler apprise jinja2 babel pydantic starlette"
).split()

HINDSIGHT = (
    "expected_direction nvda_reaction_pct_computed nvda_reaction_pct_published reaction_session "
    "direction_for_nvda first_session_return_pct return_minus_2x_spy_pct open_gap_pct "
    "next_session_return_pct delay_or_setback_note"
).split()


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    return next((r for r in sorted(ALLOWED, key=len, reverse=True) if _inside(module, r)), None)


def _inside(module: str, place: str) -> bool:
    return module == place or module.startswith(place + ".")


def forbidden_imports(module: str, imported: Iterator[str]) -> list[str]:
    room = room_of(module)
    if room is None:
        return []
    found = []
    for name in imported:
        top = name.split(".")[0]
        free = WORDS if room in WORDS else VOCABULARY
        if top not in PACKAGES or any(_inside(name, v) and v != "engine" for v in free):
            continue
        if name == "engine" or any(_inside(name, a) or _inside(a, name) for a in ALLOWED[room]):
            continue
        found.append(f"{module} imports {name}")
    return found


def test_imports_point_one_way() -> None:
    """App may import everything; each other room only what lies below it."""
    broken = [b for name, tree in modules() for b in forbidden_imports(name, imports_of(tree))]

    assert broken == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("engine.threat.rating", "engine.decision.decide"),
        ("engine.decision.features", "strategies.trend"),
        ("engine.report.forms.html", "engine.cli.output"),
        ("strategies.trend", "engine.macro.fedwatch"),
        ("engine.values", "engine.macro.sessions"),
        ("engine.macro.sessions", "feeds.fetch"),
        ("engine.values", "config.strategy"),
        ("config.settings", "engine.decision.decide"),
        ("config.feeds", "feeds.base"),
    ],
)
def test_the_import_rule_catches_an_upward_import(module: str, imported: str) -> None:
    """The rule itself is able to fail."""
    assert forbidden_imports(module, iter([imported]))


# --- circles and sizes ----------------------------------------------------------------------

LAZY_AND_TYPED = "imports inside functions and for typing are counted too"
MOST_LINES = 700
"""Of one file; what is longer does more than one thing."""
LONGER = {"backtests.event_study": 900, "engine.news.classify": 850}
"""Files that were longer when the rule was made; the bound may only fall."""
MOST_SHARE = 0.20
"""Of all lines in one room."""


def graph_of(found: Iterable[tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """module -> modules of the house it names, wherever in the file it does so."""
    trees = dict(found)
    packages = {name for name in trees if any(other.startswith(name + ".") for other in trees)}
    graph = {}
    for name, tree in trees.items():
        named = {n for n in imports_of(tree) if n in trees and n != name}
        # ``from package import module`` is about the module, not about the package
        through = {p for p in named & packages if any(n.startswith(p + ".") for n in named)}
        graph[name] = named - through
    return graph


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other, sorted."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen, waiting = set[str](), [start]
        while waiting:
            for name in graph[waiting.pop()] - seen:
                seen.add(name)
                waiting.append(name)
        reach[start] = seen
    groups = {tuple(sorted(b for b in reach[a] if a in reach[b])) for a in graph if a in reach[a]}
    return sorted(list(group) for group in groups)


def test_no_file_imports_itself_round_a_corner() -> None:
    assert circles(graph_of(modules())) == [], LAZY_AND_TYPED


def test_the_rule_against_circles_sees_lazy_and_typed_imports() -> None:
    """The rule itself is able to fail."""
    lazy = ast.parse("def f():\n    from engine.b import g\n")
    typed = ast.parse("if TYPE_CHECKING:\n    from engine.a import f\n")
    plain = ast.parse("x = 1")
    found = circles(graph_of([("engine.a", lazy), ("engine.b", typed)]))

    assert found == [["engine.a", "engine.b"]]
    assert circles(graph_of([("engine.a", lazy), ("engine.b", plain)])) == []


# Inside a top room too, imports point one way: to the file's own floor or to a lower one.
FLOORS = {
    "engine.cli": (
        "engine.cli.options engine.cli.output",
        "engine.cli.searches engine.cli.answers",
        "engine.cli.commands",
    ),
    "engine.web": (
        "engine.web.api engine.web.guard engine.web.jobs engine.web.presets",
        "engine.web.trial",
        "engine.web.views engine.web.desk",
        "engine.web.pages",
        "engine.web.app",
    ),
    "engine.report": (
        "engine.report.charts engine.report.typography engine.report.labels",
        "engine.report.blocks engine.report.i18n engine.report.inputs",
        "engine.report.section engine.report.words",
        "engine.report.sections",
        "engine.report.page engine.report.build engine.report.forms engine.report.league",
        "engine.report.render",
        "engine.report.courier",
    ),
}


def arrows_up(graph: dict[str, set[str]], floors: tuple[str, ...]) -> list[str]:
    """Imports from a floor to one above it."""

    def floor_of(module: str) -> int | None:
        return next(
            (i for i, f in enumerate(floors) if any(_inside(module, part) for part in f.split())),
            None,
        )

    return [
        f"{name} imports {other}"
        for name, named in graph.items()
        for other in sorted(named)
        if (low := floor_of(name)) is not None
        and (high := floor_of(other)) is not None
        and high > low
    ]


@pytest.mark.parametrize("room", FLOORS)
def test_no_arrow_points_up_inside_a_top_room(room: str) -> None:
    graph = graph_of(modules())

    assert arrows_up(graph, FLOORS[room]) == []
    assert arrows_up({"engine.cli.options": {"engine.cli.commands.run"}}, FLOORS["engine.cli"])


def test_service_knows_neither_a_terminal_nor_a_browser() -> None:
    """``cli`` and ``web`` stand beside each other on top of ``service``."""
    graph = graph_of(modules())
    rooms = {"engine.service": ("engine.cli", "engine.web"), "engine.web": ("engine.cli",)}
    broken = [
        f"{name} imports {other}"
        for room, above in rooms.items()
        for name, named in graph.items()
        for other in named
        if _inside(name, room) and any(_inside(other, top) for top in above)
    ]

    assert broken == []


def lines_of() -> dict[str, int]:
    """module -> lines."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): len(
            path.read_text(encoding="utf-8").splitlines()
        )
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }


def test_no_file_and_no_room_grows_without_bound() -> None:
    lines = lines_of()
    rooms: dict[str, int] = {}
    for name, count in lines.items():
        room = room_of(name) or name.partition(".")[0]
        rooms[room] = rooms.get(room, 0) + count
    long = {n: c for n, c in lines.items() if c > LONGER.get(n, MOST_LINES)}

    assert long == {}
    assert max(rooms.values()) < MOST_SHARE * sum(lines.values())
    assert sum(lines.values()) > 30_000


def test_a_section_draws_nothing_and_a_form_knows_no_section() -> None:
    """Between what is said and how it is laid out stand blocks alone."""
    graph = graph_of(modules())
    sides = ("engine.report.sections", "engine.report.forms")
    broken = [
        f"{name} imports {other}"
        for name, named in graph.items()
        for other in named
        for mine, theirs in (sides, sides[::-1])
        if _inside(name, mine) and _inside(other, theirs)
    ]

    assert broken == []


def clock_reads(name: str, tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            owner_name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if (owner_name, node.func.attr) in CLOCK_READS:
                found.append(f"{name}:{node.lineno}")
    return found


def test_only_the_clock_module_reads_the_wall_clock() -> None:
    """Everything else receives instants."""
    broken = [
        r for name, tree in modules() if name != "engine.clock" for r in clock_reads(name, tree)
    ]

    assert broken == []


def test_the_clock_rule_catches_a_read() -> None:
    """The rule itself is able to fail."""
    tree = ast.parse("import datetime\nx = datetime.datetime.now()\n")

    assert clock_reads("engine.x", tree)


WRITERS = {"write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "savetxt"}
READERS = {"reader", "DictReader", "read_csv", "loadtxt", "genfromtxt"}
_MODES = frozenset("wax+")

# Own doors, each for a reason: a lock must be the same file for all, a database is not written
# whole, standard output gives way to the null device, and the export fills what ``appearing``
# handed out.
OTHER_WRITERS = {
    "engine.cli.output",
    "engine.files",
    "engine.service.lock",
    "engine.record.connect",
    "engine.record.export",
}


def doors(name: str, tree: ast.Module) -> list[str]:
    """Calls that read CSV or write a file by another way than the one door of each."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        label = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        owner = getattr(getattr(called, "value", None), "id", "")
        modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)]
        writes = label in WRITERS or (owner == "os" and label in ("replace", "rename", "open"))
        writes |= label in ("open", "fdopen") and any(
            isinstance(m, str) and len(m) < 4 and _MODES & set(m) for m in modes
        )
        if label in ("savez", "savez_compressed", "save") and owner == "np":
            writes |= not (isinstance(node.args[0], ast.Name) and node.args[0].id == "buffer")
        if writes and name not in OTHER_WRITERS:
            found.append(f"{name}:{node.lineno} writes a file ({label})")
        if label in READERS and name != "engine.tables":
            found.append(f"{name}:{node.lineno} reads a CSV ({label})")
    return found


def test_files_are_written_and_tables_read_by_one_door_each() -> None:
    """``engine.files`` writes, ``engine.tables`` reads; whoever needs another way is named here."""
    assert [door for name, tree in modules() for door in doors(name, tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "open('x', 'w')",
        "path.open(mode='ab')",
        "path.write_text('x')",
        "os.replace(a, b)",
        "np.savez('x.npz')",
        "tempfile.mkstemp()",
        "csv.reader(lines)",
        "csv.DictReader(lines)",
        "pd.read_csv('x')",
    ],
)
def test_the_rule_of_one_door_catches_another(code: str) -> None:
    """The rule itself is able to fail, and reading a file is no writing."""
    assert doors("engine.x", ast.parse(code))
    assert not doors("engine.x", ast.parse("path.open('rb'); open(x)"))


def odd_paths(name: str, tree: ast.Module) -> list[str]:
    """Calls of ``expanduser`` and ``resolve``, which raise ``RuntimeError`` for an unknown home and
    for links in a circle; where a module itself lies may be asked."""
    return [
        f"{name}:{node.lineno} calls {node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("expanduser", "resolve")
        and not (isinstance(node.func.value, ast.Call) and "__file__" in ast.unparse(node.func))
        and name != "engine.files"
    ]


def test_homes_and_links_are_followed_by_one_door() -> None:
    """``engine.files.at_home`` and ``real`` say in one line what is wrong."""
    allowed = {"backtests.surroundings"}  # places of the interpreter's own
    trees = [(name, tree) for name, tree in modules() if name not in allowed]

    assert [found for name, tree in trees for found in odd_paths(name, tree)] == []
    assert odd_paths("engine.x", ast.parse("Path(x).expanduser()"))
    assert odd_paths("engine.x", ast.parse("path.resolve()"))
    assert not odd_paths("engine.x", ast.parse("Path(__file__).resolve()"))


READ_BY_NAME = {
    "engine.values": "a release is read whole, unknown fields refused",
    "engine.cli.commands.ledger": "an entry of the ledger, which is no fact",
    "backtests.poison": "tells lies on purpose, past every reading",
}
"""Modules that may look into a fact's payload by a field's name, with the reason."""


def fields_by_name(name: str, tree: ast.AST) -> list[str]:
    """Where a fact's payload is asked for a field by its name, whatever the local is called."""
    if name in READ_BY_NAME or name.startswith(("engine.record.readings", "feeds", "config")):
        return []
    copies = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _of_payload(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            owner, asked = node.value, node.slice
        elif isinstance(node, ast.Call) and _takes(node):
            assert isinstance(node.func, ast.Attribute)
            owner, asked = node.func.value, node.args[0]
        else:
            continue
        named = isinstance(owner, ast.Attribute) and owner.attr == "payload"
        copied = isinstance(owner, ast.Name) and owner.id in copies
        if (named or copied) and isinstance(asked, ast.Constant):
            found.append(f"{name}:{node.lineno} reads {asked.value!r} of a payload")
    return found


def _takes(call: ast.Call) -> bool:
    func = call.func
    return isinstance(func, ast.Attribute) and func.attr in ("get", "pop") and bool(call.args)


def _of_payload(value: ast.AST) -> bool:
    """``x.payload`` itself, or a copy of it."""
    if isinstance(value, ast.Call) and len(value.args) == 1:
        value = value.args[0]
    return isinstance(value, ast.Attribute) and value.attr == "payload"


def test_facts_are_read_through_the_readings_alone() -> None:
    assert [door for name, tree in modules() for door in fields_by_name(name, tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "fact.payload['close']",
        "f(g.payload.get('symbol', ''))",
        "given = [bars[day].payload for day in days]; p = fact.payload; p['close']",
        "payload = dict(fact.payload); payload['close']",
    ],
)
def test_the_rule_of_the_readings_catches_another(code: str) -> None:
    assert fields_by_name("backtests.x", ast.parse(code))
    assert not fields_by_name("backtests.x", ast.parse("Kind.payload(bar); payload['close']"))


TOP_ROOMS = ("engine.service", "engine.cli", "engine.web")


def test_only_the_top_rooms_call_now() -> None:
    """``engine.clock.now`` is called by service, cli and web alone."""
    callers = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "engine.clock"
        and any(alias.name == "now" for alias in node.names)
    }

    assert {c for c in callers if not any(_inside(c, room) for room in TOP_ROOMS)} == set()


def test_the_command_line_starts_light() -> None:
    """Building every command imports none of the heavy libraries."""
    code = (
        "import sys, typer; from engine.cli.main import build; typer.main.get_command(build());"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_nothing_is_opened_or_made_at_import() -> None:
    """No module calls open, connects, or builds an engine, scheduler or client at its top level."""
    makers = {"open", "create_engine", "Client", "BackgroundScheduler", "connect", "Store"}
    broken = []
    for name, tree in modules():
        for node in tree.body:
            value = getattr(node, "value", None)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and isinstance(
                value, ast.Call
            ):
                called = value.func
                label = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
                if label in makers:
                    broken.append(f"{name}:{node.lineno} calls {label}")

    assert broken == []


def test_hindsight_columns_never_enter_the_record() -> None:
    """No payload of a reference fact carries a column that was written after the event."""
    from feeds.facts import Lags, read_tables

    carried = {
        column for fact in read_tables(ROOT / "config" / "facts", Lags()) for column in fact.payload
    }

    assert carried & set(HINDSIGHT) == set()
    assert {"headline", "event_type"} <= carried


def test_every_reference_table_names_its_source_and_confidence() -> None:
    """No orphan figure: each table of config/facts has both columns."""
    for path in sorted((ROOT / "config" / "facts").glob("*.csv")):
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")

        assert {"source", "confidence"} <= set(header), path.name


def test_the_top_level_is_what_was_agreed() -> None:
    """Nothing but the agreed entries is tracked at the top."""
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    agreed = set(
        "pyproject.toml engine strategies feeds backtests config tests README.md CHANGELOG.md "
        "Makefile LICENSE requirements.lock .ci .gitignore".split()
    )

    assert set(listed.stdout.split()) - agreed == set()


def doubled(found: Iterable[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Class name -> the modules that define one, where they are several; private ones are free.

    ``Options`` of a collector and such, inside a class, are no names of the house.
    """
    homes: dict[str, list[str]] = {}
    for name, tree in found:
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name)
    return {name: where for name, where in homes.items() if len(where) > 1}


def test_a_class_name_means_one_thing_in_the_whole_house() -> None:
    assert doubled(modules()) == {}


def test_the_rule_of_one_meaning_sees_a_second_one() -> None:
    twice = [(name, ast.parse("class Voice: ...\nclass _Own: ...")) for name in ("a", "b")]
    assert doubled(twice) == {"Voice": ["a", "b"]}


READS_TOML = {"config.schema", "engine.news.lexicon", "engine.news.owners"}
"""The door for files of a person, which says what is wrong in them, and readers of our own data."""


def test_toml_of_a_person_is_read_by_one_door() -> None:
    """Deep brackets and endless numbers raise what no caller thinks of; the door does."""
    found = {name for name, tree in modules() if "tomllib" in set(imports_of(tree))}
    assert found == READS_TOML
