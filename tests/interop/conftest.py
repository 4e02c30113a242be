"""One wire for all tests of a module, or the reason why there is none."""

import pytest
from namespaces import Namespace, why_not
from real_wire import DEVICE, Wire


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    """A network with a TUN device in a namespace; its link is perfect at the start of each test."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with Namespace() as space, Wire(tmp_path_factory.mktemp("w"), space) as made:
        made.up("--tun", DEVICE, "--host", "box")
        yield made


@pytest.fixture(autouse=True)
def perfect_link(request):
    """Each test begins on a link without faults."""
    if "wire" in request.fixturenames:
        request.getfixturevalue("wire").link("delay=0ms loss=0% corrupt=0%")
