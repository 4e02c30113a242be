"""C's objects that were made outside and wait in real time by themselves: refused in a function in place.

`select.epoll` and `select.poll` make simulated objects there; one that is older, or of another process, is the
operating system's, as is the event loop over it. A bare `_socket.socket` and a TLS socket move data without asking
anybody. The pool of a ThreadPoolExecutor that works already has real threads, or those of another process.
"""

import _socket
import functools
import select
import sys
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from farhost.programs import c_types
from farhost.programs.escapes import complain
from farhost.programs.in_place.caller import RUNNING, place_of_caller, simulated
from farhost.programs.in_place.dispatch import always, as_builtin
from farhost.programs.in_place.socket_methods import placed

_MOVING = ("send", "sendall", "sendto", "sendmsg", "recv", "recvfrom", "recv_into", "recvfrom_into", "recvmsg")
_TLS = ("do_handshake", "read", "write", "send", "sendall", "sendto", "recv", "recv_into", "recvfrom", "unwrap")
_GUARDED: list[Any] = []
"""Classes of modules that are loaded late, which refuse already."""


def install() -> None:
    """Guard the objects of `select` and `_socket`, once."""
    for owner in (select.epoll, type(select.poll())):
        c_types.replace(
            owner, "poll", _guarded(vars(owner)["poll"], f"poll of a real {owner.__name__} object", "loop")
        )
    for name in _MOVING:
        original = vars(_socket.socket)[name]
        c_types.replace(_socket.socket, name, _guarded(original, f"{name} on a socket of C's", "class"))


def entropy_of_tls() -> dict[str, tuple[Any, Any]]:
    """Where `ssl` is loaded: `RAND_bytes`, and what takes its place. Once that is done, nothing."""
    original = vars(sys.modules.get("ssl", object)).get("RAND_bytes")
    if type(original) is not BuiltinFunctionType:
        return {}
    return {"RAND_bytes": (original, as_builtin(always(original, "posix.urandom"), original, "ssl", "RAND_bytes"))}


def _guarded(original: Any, what: str, kind: str) -> Callable[..., Any]:
    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if RUNNING and place_of_caller() is not None:
            complain(what, kind)
        return original(self, *args, **kwargs)

    method.__name__ = original.__name__
    method.__qualname__ = original.__qualname__
    method.__doc__ = original.__doc__
    return method


def guard_loaded_modules() -> None:
    """Called at the start of each run: guard what `ssl` and `concurrent.futures` have, once these are loaded."""
    tls, pools = sys.modules.get("ssl"), sys.modules.get("concurrent.futures.thread")
    if tls is not None and tls not in _GUARDED:
        _GUARDED.append(tls)
        _guard_tls(vars(tls))
    if pools is not None and pools not in _GUARDED:
        _GUARDED.append(pools)
        _guard_pools(vars(pools)["ThreadPoolExecutor"])


def _guard_tls(names: dict[str, Any]) -> None:
    names.update({name: function for name, (_, function) in entropy_of_tls().items()})
    owner = names["SSLSocket"]
    for name in _TLS:
        setattr(owner, name, _guarded_tls(getattr(owner, name), name))


def _guarded_tls(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if RUNNING and place_of_caller() is not None and placed(self) is None:
            complain(f"{name} on a TLS socket of the operating system's", "descriptor")
        return original(self, *args, **kwargs)

    return method


def _guard_pools(owner: Any) -> None:
    original = owner.submit

    @functools.wraps(original)
    def submit(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        thread = simulated() if RUNNING else None
        if thread is not None and thread.process.place is not None:
            own = thread.process.thread_idents
            if any(worker.is_alive() and worker.ident not in own for worker in self._threads):
                complain("a thread pool that was at work before", "pool")
        return original(self, *args, **kwargs)

    owner.submit = submit
