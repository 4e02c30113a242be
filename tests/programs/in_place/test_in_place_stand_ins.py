"""What the stand-ins' tests ask of the system and of farhost, asked of the test's own modules inside a function in
place.

The functions are those of tests/programs/test_*_module*.py. There they get CPython's `socket.py` over the stand-ins;
here they get the very modules of this interpreter.
"""

import inspect

import both_sides
import pytest
import test_fcntl_module
import test_select_module
import test_socket_module_behaviour
import test_socket_module_messages
from in_place_running import result_of

ONLY_IN_WORLDS = {"test_a_subclass_may_have_attributes_of_its_own"}
"""It derives a class from `_socket.socket` itself, which in place is the system's: an EscapeError says so."""


def cases_of_both_sides():
    for module in (test_fcntl_module, test_select_module, test_socket_module_behaviour, test_socket_module_messages):
        for name, test in vars(module).items():
            if not name.startswith("test_") or name in ONLY_IN_WORLDS:
                continue
            if "same" in test.__code__.co_names and not inspect.signature(test).parameters:
                yield pytest.param(module, test, id=name)


@pytest.mark.parametrize(("module", "test"), list(cases_of_both_sides()))
def test_in_place(module, test, monkeypatch):
    def same(function):
        expected = function(both_sides.SYSTEM)
        actual = result_of(lambda: function(both_sides.SYSTEM))
        assert actual == expected
        return actual

    monkeypatch.setattr(module, "same", same)
    test()
