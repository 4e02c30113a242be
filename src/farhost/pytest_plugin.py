"""The pytest plugin: the fixture `farhost`, a network made for one test, simulated or on the operating system.

    def test_echo(farhost):
        server, client = farhost.host("server"), farhost.host("client")
        ...
        farhost.run(until="60s")

`--farhost-seed N` and `@pytest.mark.farhost(seed=N)` choose the seed, `--no-farhost` the operating system. It is
loaded in every run of pytest where farhost is installed: the rest of farhost is imported when a test asks for the
fixture.
"""

import importlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from farhost.facade.network import Network

_MARK = "farhost"
_FAILED = pytest.StashKey[bool]()
_LIFE = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options; and that farhost's own asserts, which are on its hot path, stay as they are.

    pytest rewrites those of every distribution with a plugin.
    """
    rewritten: set[str] = getattr(pluginmanager.rewrite_hook, "_must_rewrite", set())
    rewritten.discard("farhost")
    group = parser.getgroup("farhost", "sockets on simulated hosts")
    group.addoption(
        "--farhost-seed", type=int, default=0, metavar="N", help="seed of the fixture `farhost` (default: 0)"
    )
    group.addoption(
        "--no-farhost",
        action="store_true",
        help="let the fixture `farhost` use the operating system's sockets, in real time",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", "farhost(seed=N): the seed of the fixture `farhost` in this test")


def pytest_report_header(config: pytest.Config) -> str:
    """What the tests with the fixture run on."""
    if config.getoption("--no-farhost"):
        return "farhost: off, the operating system's sockets"
    return f"farhost: seed {config.getoption('--farhost-seed')}"


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
    network = _make(request)
    with network:
        yield network
    if network.programs and network.outcome is None and not _has_failed(request.node):
        pytest.fail("programs were started and never run: call farhost.run()", pytrace=False)


def _make(request: pytest.FixtureRequest) -> "Network":
    config = request.config
    room = "on_system" if config.getoption("--no-farhost") else "facade"
    return cast("Network", importlib.import_module(f"farhost.{room}.network").Network(_seed_of(request.node)))


def _seed_of(item: pytest.Item) -> int:
    mark = item.get_closest_marker(_MARK)
    if mark is None:
        return int(item.config.getoption("--farhost-seed"))
    if mark.args or set(mark.kwargs) != {"seed"} or not isinstance(mark.kwargs["seed"], int):
        raise ValueError(f"the mark is written @pytest.mark.farhost(seed=7), not with {mark.args or mark.kwargs}")
    return int(mark.kwargs["seed"])


def _has_failed(item: pytest.Item) -> bool:
    return item.stash.get(_FAILED, False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What the operating system cannot do is a reason to skip."""
    try:
        return (yield)
    except Exception as error:
        if type(error).__name__ == "NotOnSystem":
            pytest.skip(str(error))
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test tells what its programs waited for, what became of the packets, and the seed."""
    report = yield
    if call.when == "call" and report.failed:
        item.stash[_FAILED] = True
        fixtures: dict[str, Any] = getattr(item, "funcargs", {})
        network = fixtures.get("farhost")
        if network is not None and network.outcome is not None:
            report.sections.append(("farhost", _section(item, network)))
    return report


def _section(item: pytest.Item, network: "Network") -> str:
    if item.config.getoption("--no-farhost"):
        return network.report()
    return f"{network.report()}\nthe same again: pytest {item.nodeid!r} --farhost-seed {network.seed}"
