"""The stand-in modules have what the real ones have, on the running Python; what is absent has a reason here."""

import _socket
import fcntl
import select

import pytest
from both_sides import modules_of, simulate

from farhost.programs.stdlib.socket_convert import INT_MAX

ABSENT = {
    "_socket": {"CAPI": "the capsule through which C extensions reach the system's sockets"},
    "select": {},
    "fcntl": {},
}
REAL = {"_socket": _socket, "select": select, "fcntl": fcntl}
LOADER = {"__file__", "__loader__", "__package__", "__spec__"}
"""What the import system sets; the world does that for the stand-ins."""
OF_OURS = {
    "__module__": "a class made in Python says where",
    "__slots__": "likewise",
    "__annotations__": "likewise",
    "__static_attributes__": "likewise, from 3.13 on",
    "__firstlineno__": "likewise, from 3.13 on",
}


def stand_ins():
    modules = simulate(modules_of)[0]
    return {"_socket": modules.c_socket, "select": modules.select, "fcntl": modules.fcntl}


@pytest.mark.parametrize("name", ["_socket", "select", "fcntl"])
def test_every_name_of_the_real_module_is_there(name):
    module = stand_ins()[name]
    missing = set(dir(REAL[name])) - set(dir(module)) - LOADER
    assert missing == set(ABSENT[name])
    assert set(dir(module)) - set(dir(REAL[name])) - LOADER == set()


@pytest.mark.parametrize("name", ["_socket", "select", "fcntl"])
def test_every_constant_has_the_real_value(name):
    module = stand_ins()[name]
    different = {
        constant: (value, getattr(module, constant))
        for constant, value in vars(REAL[name]).items()
        if type(value) in (int, bool) and getattr(module, constant) != value
    }
    assert different == {}
    assert INT_MAX == 2**31 - 1


@pytest.mark.parametrize(("module", "name"), [("_socket", "socket"), ("select", "epoll")])
def test_every_attribute_of_the_real_class_is_there(module, name):
    ours = getattr(stand_ins()[module], name)
    real = getattr(REAL[module], name)
    assert set(dir(real)) - set(dir(ours)) == set()
    extra = {attribute for attribute in set(dir(ours)) - set(dir(real)) if not attribute.startswith("_sim")}
    assert extra - set(OF_OURS) <= {"_call", "_process", "_real", "_fd", "_open", "_control", "__del__"}


def test_poll_objects_have_what_the_real_ones_have():
    ours = stand_ins()["select"].poll()
    real = select.poll()
    assert {n for n in dir(real) if not n.startswith("__")} <= set(dir(ours))


def test_the_socket_class_says_that_it_is_the_c_module_s():
    ours = stand_ins()["_socket"]
    assert (ours.socket.__module__, ours.socket.__qualname__) == ("_socket", "socket")
    assert ours.SocketType is ours.socket
    assert ours.socket.__doc__ == _socket.socket.__doc__
    assert ours.error is OSError
    assert ours.timeout is TimeoutError
