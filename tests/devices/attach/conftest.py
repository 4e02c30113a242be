"""The fixture of the tests of attached processes."""

import pytest
from terminals import Terminals


@pytest.fixture
def terminals(tmp_path_factory):
    """Terminals in a folder with a short name."""
    with Terminals(tmp_path_factory.mktemp("t")) as made:
        yield made
