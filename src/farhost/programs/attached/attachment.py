"""This process's place in a network: its host, its descriptors there, and the way of its calls.

Each thread has a connection of its own, made at its first call. If a signal's handler raises while a call waits, the
connection is given up with the call, which then ends interrupted on the other side, as a system call would; the next
call makes a new one.
"""

import _thread
import contextlib
import os
from collections.abc import Iterator

from farhost.kernel.syscalls.encoding import BadMessage, Reply
from farhost.programs.attached import real
from farhost.programs.attached.connection import Connection, ProblemError
from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder


class Attachment:
    """One attached process, as it sees itself."""

    def __init__(self, path: str, host: str, name: str, arguments: list[str], birth: str = "") -> None:
        """Attach this process to a host of the network whose control socket is at `path`; with the key of a birth it
        inherits descriptors. ProblemError, OSError."""
        self.path = path
        self.name = name
        self.arguments = arguments
        self.files: dict[int, None] = {}
        """The numbers that are descriptors of the network."""
        self._enter(host, birth)

    def _enter(self, host: str, birth: str) -> None:
        self._local = _thread._local()
        self._life = Connection(self.path)
        found = self._life.ask(
            "attach", host=host, name=self.name, arguments=self.arguments, cwd=os.getcwd(), birth=birth
        )
        assert isinstance(found, dict)
        self.key = str(found["process"])
        self.host = str(found["host"])
        self.is_root = bool(found["root"])
        self.byte_order: ByteOrder = "big" if found["byte_order"] == "big" else "little"
        self.files.clear()
        self.files.update(dict.fromkeys(map(int, found["numbers"])))

    def take_connection(self) -> Connection:
        """One of the present thread's that no call is under way on. A signal's handler that runs while a call waits
        makes its own calls on another."""
        local = self._local
        try:
            free: list[Connection] = local.free
        except AttributeError:
            free = local.free = []
        if free:
            return free.pop()
        connection = Connection(self.path)
        try:
            connection.ask("thread", process=self.key)
        except ProblemError as error:
            raise OSError(linux.ENETDOWN, str(error)) from None
        return connection

    def give_back(self, connection: Connection) -> None:
        """The call on it has ended. (One whose call has not is closed instead, and the call is given up with it.)"""
        self._local.free.append(connection)

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """One for an exchange of the present thread; whoever leaves it by an exception gives it up."""
        connection = self.take_connection()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self.give_back(connection)

    def ask(self, question: str, **arguments: object) -> object:
        """Ask about this process or its host. OSError EINVAL with the words of the network."""
        problem = ""
        with self.connection() as connection:
            try:
                return connection.ask(question, **arguments)
            except ProblemError as error:
                problem = str(error)
        raise OSError(linux.EINVAL, problem)

    def exchange(
        self,
        name: str,
        arguments: tuple[object, ...],
        numbers: tuple[int, ...] = (),
        size: int = 0,
        into: memoryview | None = None,
    ) -> object:
        """Make a system call: its result, or the OSError that CPython would raise."""
        connection = self.take_connection()
        try:
            connection.begin(name, arguments, numbers)
            reply = connection.finish(name, size, into)
        except BadMessage:
            connection.close()
            raise OSError(linux.EINVAL, os.strerror(linux.EINVAL)) from None
        except BaseException:
            connection.close()
            raise
        self.give_back(connection)
        return self.outcome(reply)

    @staticmethod
    def outcome(reply: Reply) -> object:
        """A reply's result, or its error; a SIGPIPE comes to this very process, and kills it unless it is ignored."""
        if not reply.errno:
            return reply.result
        if reply.sigpipe:
            real._signal.raise_signal(linux.SIGPIPE)
        raise OSError(reply.errno, os.strerror(reply.errno))

    def start_again(self, birth: str) -> None:
        """After fork(2), in the child: a process of its own, which inherits what the birth holds. What was the
        parent's own is closed."""
        parents = tuple(real.OWN)
        self._enter(self.host, birth)
        for number in parents:
            real.close_own(number)
