"""What programs' TLS agrees on, for those who watch: one more reader of OpenSSL's key log.

OpenSSL tells the secrets of a connection to its context's `keylog_filename`. Where samples of a run are asked for, a
context that has none gets one of ours, a file in memory which the program does not see; a program's own file is left
in place, and what is new in it is read. Either is looked at after each step that a connection makes, before its
ciphertext goes out, so that a secret is known before the packets that need it. Nothing is done for other runs.

Not seen: what a program's own file does not give back (a FIFO, a terminal), and pyOpenSSL, which does without `ssl`.
"""

import os
import stat
import weakref
from _io import FileIO
from _thread import get_ident
from collections.abc import Callable
from typing import Any, cast

from farhost.programs.caller import RunningProcess
from farhost.programs.escapes import GUARD


def process_that_runs() -> RunningProcess | None:
    """The simulated process that runs in this OS thread, if its run wants secrets."""
    running = GUARD.running.get(get_ident())
    thread = None if running is None else running.current
    return None if thread is None or not thread.process.wants_secrets else thread.process


class _Log(FileIO):
    """A key log, open for reading. It is C's: no name that a program's thread could answer to is asked."""

    def __del__(self) -> None:
        self.close()

    def new_lines(self) -> list[str]:
        """What came since the last look; lines that begin with # are comments."""
        seen = self.tell()
        if self.seek(0, os.SEEK_END) <= seen:
            return []
        self.seek(seen)
        text = cast(bytes, self.read()).decode("ascii", "replace")
        return [line for line in text.splitlines() if line and not line.startswith("#")]


class KeyLogs:
    """The key logs of the contexts of one module `ssl`."""

    def __init__(self, module: Any) -> None:
        self._c = module._ssl
        self._own: _Log | None = None
        """Ours, for contexts that have none."""
        self._theirs: weakref.WeakKeyDictionary[Any, _Log] = weakref.WeakKeyDictionary()
        """The programs' own, open for reading too."""
        self._hidden: weakref.WeakSet[Any] = weakref.WeakSet()
        """Contexts whose key log is ours."""

    def listen(self, context: Any) -> None:
        """From now on the context's secrets can be read."""
        if context in self._hidden or context in self._theirs:
            return
        path = self._of_c.__get__(context)
        if path is None:
            self._of_c.__set__(context, self._path())
            self._hidden.add(context)
        else:
            self._follow(context, path)

    def tell(self, context: Any) -> None:
        """Give what is new to the run of the process that runs."""
        process = process_that_runs()
        for log in (self._own, self._theirs.get(context)):
            if log is not None and process is not None:
                for line in log.new_lines():
                    process.note_secret(line)

    def get(self, context: Any) -> Any:
        """`keylog_filename`, as the program knows it."""
        return None if context in self._hidden else self._of_c.__get__(context)

    def put(self, context: Any, path: Any) -> None:
        """The program sets `keylog_filename`."""
        listened = context in self._hidden or context in self._theirs
        self._of_c.__set__(context, path)
        self._hidden.discard(context)
        self._theirs.pop(context, None)
        if listened:
            self.listen(context)

    @property
    def _of_c(self) -> Any:
        return self._c._SSLContext.keylog_filename

    def _path(self) -> str:
        if self._own is None:
            self._own = _Log(os.memfd_create("farhost-tls-secrets", os.MFD_CLOEXEC), "r")
        return f"/proc/self/fd/{self._own.fileno()}"

    def _follow(self, context: Any, path: Any) -> None:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return
            log = _Log(path, "r")
        except OSError:
            return
        log.seek(0, os.SEEK_END)
        self._theirs[context] = log


class Told:
    """C's TLS object, whose secrets are told after each step."""

    __slots__ = ("_logs", "_tls")

    def __init__(self, tls: Any, logs: KeyLogs) -> None:
        self._tls = tls
        self._logs = logs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)

    @property
    def context(self) -> Any:
        """The context in use; a server-name callback may set another one."""
        return self._tls.context

    @context.setter
    def context(self, context: Any) -> None:
        self._logs.listen(context)
        self._tls.context = context

    @property
    def owner(self) -> Any:
        """The Python-level owner, which callbacks get."""
        return self._tls.owner

    @owner.setter
    def owner(self, owner: Any) -> None:
        self._tls.owner = owner

    @property
    def session(self) -> Any:
        """The session."""
        return self._tls.session

    @session.setter
    def session(self, session: Any) -> None:
        self._tls.session = session

    def do_handshake(self) -> Any:
        """do_handshake()"""
        return self._step(self._tls.do_handshake)

    def read(self, *arguments: Any) -> Any:
        """read(size, [buffer]): part of a handshake may come in it."""
        return self._step(self._tls.read, *arguments)

    def write(self, data: Any, /) -> Any:
        """write(b)"""
        return self._step(self._tls.write, data)

    def _step(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return operation(*arguments)
        finally:
            self._logs.tell(self._tls.context)


def tell_secrets(module: Any) -> KeyLogs:
    """Let the contexts of a module `ssl` tell the secrets of their connections where a run wants them."""
    logs = KeyLogs(module)
    wrap_bio = module.SSLContext._wrap_bio

    def _wrap_bio(self: Any, *arguments: Any, **words: Any) -> Any:
        if process_that_runs() is None:
            return wrap_bio(self, *arguments, **words)
        logs.listen(self)
        return Told(wrap_bio(self, *arguments, **words), logs)

    _wrap_bio.__qualname__ = "SSLContext._wrap_bio"
    module.SSLContext._wrap_bio = _wrap_bio
    return logs
