"""Every test of the notes runs on both machines, unless a reason is listed; the summary prints both counts."""

import pytest
from machines import Farhost, System


def pytest_configure(config):
    config.addinivalue_line("markers", "only_farhost(reason): why the test cannot run on the operating system")


def pytest_generate_tests(metafunc):
    if "machine" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("only_farhost")
        metafunc.parametrize("machine", ["farhost"] if alone else ["system", "farhost"], indirect=True)


@pytest.fixture
def machine(request, tmp_path):
    return (System if request.param == "system" else Farhost)(tmp_path)


def pytest_terminal_summary(terminalreporter):
    """How many tests of the notes ran where; a difference that no marker explains would show here."""
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", []) if "tests/notes/" in report.nodeid]
    if passed:
        system = sum("[system" in nodeid for nodeid in passed)
        both = sum("[farhost" in nodeid and nodeid.replace("[farhost", "[system") in passed for nodeid in passed)
        alone = sum("[farhost" in nodeid for nodeid in passed) - both
        terminalreporter.write_line(
            f"notes: {system} on the system, {both} the same on farhost, {alone} on farhost alone for listed reasons"
        )
