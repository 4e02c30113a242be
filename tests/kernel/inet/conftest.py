"""`sockets`: the same test on the operating system's loopback and through `lo` of one farhost kernel."""

import pytest
from inet_calls import make_sockets
from own_network import own_network, why_not
from raw_calls import make_raw_sockets


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


NO_NAMESPACE = why_not()


@pytest.fixture(params=["system", "farhost"])
def raws(request, tmp_path):
    """`sockets` for root: on the system in a network namespace of the test's own."""
    if request.param == "farhost":
        made = make_raw_sockets("farhost", tmp_path)
        yield made
        made.calls.kernel.internet.check_invariants()
        return
    if NO_NAMESPACE:
        pytest.skip(NO_NAMESPACE)
    with own_network():
        made = make_raw_sockets("system", tmp_path)
        yield made
        made.calls.finish()


@pytest.fixture
def far_raw(tmp_path):
    """Root on a farhost kernel alone."""
    return make_raw_sockets("farhost", tmp_path)
