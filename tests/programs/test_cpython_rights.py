"""CPython's own tests of descriptors and control messages on Unix sockets, run in a simulated process."""

import importlib.util

import pytest
from running import ProgramSpec, run_all

CASES = (
    "RecvmsgIntoSCMRightsStreamTest",
    "RecvmsgIntoUnixStreamTest",
    "RecvmsgSCMRightsStreamTest",
    "RecvmsgUnixStreamTest",
    "SendRecvFdsTests",
    "SendmsgUnixStreamTest",
)
AT_LEAST = 70
"""So many tests these cases have had since 3.11."""


@pytest.mark.skipif(
    importlib.util.find_spec("test.test_socket") is None, reason="CPython's tests are not installed with it"
)
def test_cpythons_own_tests_pass():
    names = [f"test.test_socket.{case}" for case in CASES]
    outcome = run_all(ProgramSpec("host", ["-m", "unittest", *names], "tests"))
    (tests,) = outcome.processes
    assert outcome.ok, tests.stderr
    ran, result = tests.stderr.splitlines()[-3::2]
    assert int(ran.split()[1]) >= AT_LEAST
    assert result.split()[0] == "OK"
