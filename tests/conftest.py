"""What every test may rely on, whoever started them."""

import importlib.metadata
import importlib.util
import signal

_installed = any(entry.name == "farhost" for entry in importlib.metadata.entry_points(group="pytest11"))
if not _installed and importlib.util.find_spec("farhost.pytest_plugin") is not None:
    # Found on the path but not installed since the plugin is there.
    pytest_plugins = ["farhost.pytest_plugin"]


def pytest_configure() -> None:
    """SIGINT as a terminal leaves it: a shell starts what runs in the background with it ignored, and the programs
    that the tests start would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter):
    """How many tests of the notes ran where; a difference that no marker explains would show here."""
    passed = [
        report.nodeid
        for report in terminalreporter.stats.get("passed", [])
        if report.nodeid.startswith("tests/notes/")
    ]
    if passed:
        system = sum("[system" in nodeid for nodeid in passed)
        both = sum("[farhost" in nodeid and nodeid.replace("[farhost", "[system") in passed for nodeid in passed)
        alone = sum("[farhost" in nodeid for nodeid in passed) - both
        terminalreporter.write_line(
            f"notes: {system} on the system, {both} the same on farhost, {alone} on farhost alone for listed reasons"
        )


collect_ignore_glob = ["*conftest.py", "certificates/make.py"]
"""There are several modules of the first name, which pytest can load but not collect for doctests together; the
second needs a package that no test needs."""
