"""`calls`: the same test on the operating system's calls and on a farhost kernel's."""

import pytest
from kernel_calls import FarhostCalls, SystemCalls


@pytest.fixture(params=["system", "farhost"])
def calls(request, tmp_path):
    if request.param == "farhost":
        yield FarhostCalls()
        return
    import os

    old = os.umask(0o022)
    system = SystemCalls(tmp_path)
    yield system
    system.finish()
    os.umask(old)


@pytest.fixture
def far():
    """Calls on a farhost kernel alone."""
    return FarhostCalls()
