"""`sockets`: the same test on the operating system's loopback and through `lo` of one farhost kernel."""

import pytest
from inet_calls import make_sockets


@pytest.fixture(params=["system", "farhost"])
def sockets(request, tmp_path):
    made = make_sockets(request.param, tmp_path)
    yield made
    if request.param == "system":
        made.calls.finish()
    else:
        made.calls.kernel.internet.check_invariants()


@pytest.fixture
def far(tmp_path):
    """A farhost kernel alone."""
    return make_sockets("farhost", tmp_path)
