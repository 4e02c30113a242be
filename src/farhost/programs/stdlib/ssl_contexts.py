"""`ssl` in a world: what OpenSSL would take from this process comes from the simulated one.

That is the working directory, where paths that C opens start; the environment, which says where certificates of
authorities are; and the entropy of RAND_bytes.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from typing import Any

from farhost.programs.directory import as_given
from farhost.programs.stdlib.socket_convert import int_argument
from farhost.programs.stdlib.ssl_module import is_stand_in, itself, wrap_simulated_sockets
from farhost.programs.stdlib.tls_secrets import KeyLogs, tell_secrets

_KEYLOG = "_farhost_keylog_filename"


def complete_ssl_of_world(module: Any) -> None:
    """The private `ssl` of one world has been loaded."""
    logs = tell_secrets(module)
    wrap_simulated_sockets(module, is_stand_in, itself, contextlib.nullcontext)
    resolve = functools.partial(_resolved, module.os)
    methods = (*_loading(module._ssl._SSLContext, resolve), _default_paths(module, resolve))
    for method in methods:
        method.__qualname__ = f"SSLContext.{method.__name__}"
        setattr(module.SSLContext, method.__name__, method)
    module.SSLContext.keylog_filename = _keylog(logs, resolve)
    module.RAND_bytes = _rand_bytes(module.os)


def _resolved(own_os: Any, path: Any) -> Any:
    """A path as C needs it, which knows the working directory of this process only."""
    if not isinstance(path, str | bytes | os.PathLike):
        return path
    path = os.fspath(path)
    here: Any = own_os.getcwd() if isinstance(path, str) else own_os.getcwdb()
    return os.path.join(here, path) if path else path


def _loading(c: Any, resolve: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The methods that open files."""

    def load_cert_chain(self: Any, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        c.load_cert_chain(self, resolve(certfile), resolve(keyfile), password)

    def load_verify_locations(self: Any, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        c.load_verify_locations(self, resolve(cafile), resolve(capath), cadata)

    def load_dh_params(self: Any, path: Any, /) -> None:
        used = resolve(path)
        as_given(path, used, lambda: c.load_dh_params(self, used))

    return load_cert_chain, load_verify_locations, load_dh_params


def _default_paths(module: Any, resolve: Callable[[Any], Any]) -> Any:
    c, environment = module._ssl, module.os.environ

    def set_default_verify_paths(self: Any) -> None:
        """SSL_CTX_set_default_verify_paths(3): what is not there is passed over."""
        file_name, file, directory_name, directory = c.get_default_verify_paths()
        file, directory = environ_or(file_name, file), environ_or(directory_name, directory)
        with contextlib.suppress(OSError):
            c._SSLContext.load_verify_locations(self, cafile=resolve(file))
        with contextlib.suppress(OSError):
            c._SSLContext.load_verify_locations(self, capath=resolve(directory))

    def environ_or(name: str, default: str) -> str:
        return str(environment.get(name, default))

    return set_default_verify_paths


def _keylog(logs: KeyLogs, resolve: Callable[[Any], Any]) -> property:
    """The file for secrets, by the name that the program gave."""

    def get(self: Any) -> Any:
        return None if logs.get(self) is None else self.__dict__[_KEYLOG]

    def put(self: Any, path: Any) -> None:
        logs.put(self, resolve(path))
        self.__dict__[_KEYLOG] = path

    return property(get, put)


def _rand_bytes(own_os: Any) -> Callable[[int], bytes]:
    def RAND_bytes(n: int, /) -> bytes:
        """Generate n cryptographically strong pseudo-random bytes."""
        if int_argument(n) < 0:
            raise ValueError("num must be positive")
        drawn: bytes = own_os.urandom(n)
        return drawn

    return RAND_bytes
