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
