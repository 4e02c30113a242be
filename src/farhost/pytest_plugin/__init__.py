"""The pytest plugin: the fixture `farhost`, a network made for one test, simulated or on the operating system.

    def test_echo(farhost):
        server, client = farhost.host("server"), farhost.host("client")
        ...
        farhost.run(until="60s")

Options, the mark `farhost`, variables and pyproject.toml say with which seeds and faults a test runs
(`farhost.explore.settings`; docs/pytest.md). With one seed it runs as any test does; with several
`farhost.pytest_plugin.exploring` runs it in forked children first. `--no-farhost` takes the operating system instead.

It is loaded in every run of pytest where farhost is installed: the rest of farhost is imported when a test asks for
the fixture.
"""

import importlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from farhost.explore.settings import LAST, Place, SettingError, Settings, settle

if TYPE_CHECKING:
    from farhost.explore.replay_file import Replay
    from farhost.facade.network import Network
    from farhost.pytest_plugin.exploring import Explorer

_MARK = "farhost"
_FAILED = pytest.StashKey[bool]()
_LIFE = pytest.StashKey[int]()
_EXPLORER: "pytest.StashKey[Explorer]" = pytest.StashKey()
_SETTINGS = pytest.StashKey[Settings]()
_REPLAY: "pytest.StashKey[Replay]" = pytest.StashKey()
_HELP = {
    "seed": ("N", "the first seed of the fixture `farhost` (default: 0); last: the tests that failed, as they did"),
    "seeds": ("N", "run each test with the fixture under so many seeds, in forked children"),
    "faults": ("WORDS", "which faults may happen: 'loss=2%% short-read=5%%', or a name such as default"),
    "profile": ("NAME", "dev, ci, nightly, or one of pyproject.toml's: how many seeds, and how long"),
    "strategy": ("NAME", "what each seed is given of the faults: random, swarm, pct"),
    "time": ("60s", "how much real time each test has for its seeds"),
}


class _Notes:
    """What there is to say of tests that passed, too; with pytest-xdist it comes with their reports."""

    def __init__(self) -> None:
        self._notes: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is over."""
        note = getattr(report, "farhost_note", None)
        if note is not None:
            self._notes.append(note)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """All are."""
        for note in self._notes:
            terminalreporter.write_line(f"farhost: {note}", yellow=True)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options; and that farhost's own asserts, which are on its hot path, stay as they are.

    pytest rewrites those of every distribution with a plugin.
    """
    rewritten: set[str] = getattr(pluginmanager.rewrite_hook, "_must_rewrite", set())
    rewritten.discard("farhost")
    group = parser.getgroup("farhost", "sockets on simulated hosts")
    for name, (value, help) in _HELP.items():
        group.addoption(f"--farhost-{name}", default=None, metavar=value, help=help)
    group.addoption(
        "--farhost-replay", default=None, metavar="FILE", help="run the test of a replay file, as it failed"
    )
    group.addoption(
        "--farhost-without", default=None, metavar="N[,M]", help="with --farhost-replay: leave out these faults of it"
    )
    group.addoption(
        "--farhost-report", default=None, metavar="DIR", help="write a page on what happened in each test that fails"
    )
    group.addoption(
        "--no-farhost",
        action="store_true",
        help="let the fixture `farhost` use the operating system's sockets, in real time",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker; and that what options, variables and pyproject.toml say can be meant."""
    config.addinivalue_line(
        "markers", "farhost(seed=, seeds=, faults=, profile=, strategy=, until=, time=): how this test is run"
    )
    config.pluginmanager.register(_Notes(), "farhost-notes")
    try:
        settings = config.stash[_SETTINGS] = _settle(config)
        if settings.faults or settings.strategy != "random":
            importlib.import_module("farhost.pytest_plugin.exploring").checked_words(settings)
        if config.getoption("--farhost-replay") is not None:
            path = Path(config.invocation_params.dir, config.getoption("--farhost-replay"))
            config.stash[_REPLAY] = _replay(path, config.getoption("--farhost-without"))
        elif config.getoption("--farhost-without") is not None:
            raise pytest.UsageError("--farhost-without leaves out faults of a replay file: --farhost-replay names it")
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _replay(path: Path, left_out: str | None) -> "Replay":
    """A replay file, without some of its faults. ReplayError."""
    replay: Replay = importlib.import_module("farhost.explore.replay_file").read_replay(path)
    if left_out is None:
        return replay
    leaving = importlib.import_module("farhost.explore.without")
    return leaving.without(replay, leaving.fault_numbers(left_out, replay, path))  # type: ignore[no-any-return]


def _settle(config: pytest.Config, *places: Place) -> Settings:
    """What holds, by options and what is farther. SettingError."""
    said = {name: config.getoption(f"--farhost-{name}") for name in _HELP}
    options = Place("--farhost-{}", {name: value for name, value in said.items() if value is not None})
    return settle(options, *places, folder=config.rootpath)


def pytest_report_header(config: pytest.Config) -> str:
    """What the tests with the fixture run on."""
    if config.getoption("--no-farhost"):
        return "farhost: off, the operating system's sockets"
    settings = config.stash[_SETTINGS]
    if _REPLAY in config.stash:
        return f"farhost: replay {config.getoption('--farhost-replay')}, seed {config.stash[_REPLAY].seed}"
    if settings.seed == LAST:
        words = ["the last failures"]
    elif settings.seeds > 1:
        words = [f"seeds {settings.seed} to {settings.seed + settings.seeds - 1}"]
    else:
        words = [f"seed {settings.seed}"]
    if "profile" in settings.sources or settings.profile != "dev":
        words.append(f"profile {settings.profile}")
    if settings.faults:
        words.append(f"faults {'; '.join(settings.faults)}")
    return f"farhost: {', '.join(words)}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a replay its test alone, and with `--farhost-seed last` those that have failed."""
    if _REPLAY in config.stash:
        node = config.stash[_REPLAY].test
        if not node:
            raise pytest.UsageError(
                f"{config.getoption('--farhost-replay')} is the replay of a scenario: farhost replay runs it"
            )
        chosen = [item for item in items if item.nodeid == node]
        if not chosen:
            raise pytest.UsageError(f"{config.getoption('--farhost-replay')}: no test {node} was collected")
    elif config.stash[_SETTINGS].seed == LAST:
        store = importlib.import_module("farhost.pytest_plugin.store").Store(config.rootpath)
        chosen = [item for item in items if store.load(item.nodeid) is not None]
    else:
        return
    kept = set(map(id, chosen))
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = chosen


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """A test with the fixture lives with networks before its other fixtures are made: locks and queues that those
    make may be shared with its programs."""
    if "farhost" in getattr(item, "fixturenames", ()) and not item.config.getoption("--no-farhost"):
        try:
            item.stash[_LIFE] = importlib.import_module("farhost.programs.in_place.install").begin_life()
        except RuntimeError as error:
            pytest.fail(f"{error}, or with --no-farhost", pytrace=False)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """That life is over."""
    try:
        return (yield)
    finally:
        if _LIFE in item.stash:
            importlib.import_module("farhost.programs.in_place.install").end_life(item.stash[_LIFE])
            del item.stash[_LIFE]


@pytest.fixture
def farhost(request: pytest.FixtureRequest) -> Iterator["Network"]:
    """A network for this test: add hosts and links, start programs on hosts, and run it."""
    network = _make(request.node)
    with network:
        yield network
    if network.programs and network.outcome is None and not _has_failed(request.node):
        pytest.fail("programs were started and never run: call farhost.run()", pytrace=False)


def _make(item: pytest.Item) -> "Network":
    """A network, and, if it is simulated, who says with which seed and which faults it runs."""
    settings = settings_of(item)
    simulated = not item.config.getoption("--no-farhost")
    room = "facade" if simulated else "on_system"
    network = importlib.import_module(f"farhost.{room}.network").Network(max(settings.seed, 0))
    network.until = settings.until
    if simulated:
        item.stash[_EXPLORER] = importlib.import_module("farhost.pytest_plugin.exploring").Explorer(
            item, network, settings
        )
    return cast("Network", network)


def settings_of(item: pytest.Item) -> Settings:
    """What holds for one test. SettingError."""
    mark = item.get_closest_marker(_MARK)
    if mark is None:
        return item.config.stash[_SETTINGS]
    if mark.args or not mark.kwargs:
        raise SettingError(f"the mark is written @pytest.mark.farhost(seed=7), not with {mark.args or mark.kwargs}")
    return _settle(item.config, Place(f"the mark of {item.nodeid}: {{}}", mark.kwargs))


def _has_failed(item: pytest.Item) -> bool:
    return item.stash.get(_FAILED, False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test's seeds before it, in children. What the operating system cannot do is a reason to skip."""
    __tracebackhide__ = True
    explorer = item.stash.get(_EXPLORER, None)
    if explorer is not None and _REPLAY in item.config.stash:
        explorer.follow(item.config.stash[_REPLAY])
    elif explorer is not None:
        explorer.prepare()
    try:
        result = yield
    except pytest.skip.Exception:
        raise
    except BaseException as error:
        if type(error).__name__ == "NotOnSystem":
            pytest.skip(str(error))
        if explorer is not None:
            explorer.finish(error)
        raise
    if explorer is not None:
        explorer.finish(None)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test tells what its programs waited for, what became of the packets, the faults, and the command for
    the same again."""
    report = yield
    explorer = item.stash.get(_EXPLORER, None)
    if call.when != "call":
        if report.failed and explorer is not None and (text := explorer.write_page_of_fixtures()):
            report.sections.append(("farhost", text))
        return report
    if explorer is not None:
        explorer.conclude(report.failed)
        if explorer.note:
            vars(report)["farhost_note"] = f"{item.nodeid}: {explorer.note}"
    if report.failed:
        item.stash[_FAILED] = True
        fixtures: dict[str, Any] = getattr(item, "funcargs", {})
        network = fixtures.get("farhost")
        if explorer is not None:
            explorer.write_page()
        text = explorer.section() if explorer is not None else "" if network is None else network.report()
        if text:
            report.sections.append(("farhost", text))
    return report
