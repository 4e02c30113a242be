"""The child's side of the conversation: whose turn it is.

A thread of the program is a greenlet. It runs when the run says so, until it wants something; then it says what, and
reads what the run says next. That may be for another thread, which is then switched to, and reads on from there.
"""

import fcntl
import gc
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import greenlet

from farhost.programs.frames import place, program_frame
from farhost.programs.isolated import messages as m
from farhost.programs.isolated.messages import Clocks, Line, LineClosed, Message

if TYPE_CHECKING:
    from farhost.programs.isolated.remote_process import RemoteProcess, RemoteThread


class FileKeeper(Protocol):
    """Who knows the process's real descriptors (`farhost.programs.directory.Directory`)."""

    base: int
    opened: set[int]

    def is_real(self, number: int) -> bool:
        """Whether a number may be a real descriptor."""


class Turns:
    """Everybody's turns, in one child."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._root = greenlet.getcurrent()
        self._greenlets: dict[int, greenlet.greenlet] = {}
        self._mail: dict[int, Message] = {}
        self._raised: BaseException | None = None
        """What a signal's handler has raised, until it goes on where the handler interrupted."""
        self._owed_ns = 0
        self._owed_calls = 0
        self.process: RemoteProcess
        self.current: RemoteThread | None = None
        self.now_ns = 0
        self.due_ns = 0
        self.attention = False
        self.has_socket_files = False
        self.files: set[int] = set()
        """The process's simulated descriptors."""
        self.keeper: FileKeeper | None = None

    # Messages.

    def _read(self) -> Message:
        try:
            message = self._line.receive()
        except LineClosed:
            os._exit(0)
        flags = message.flags
        self.now_ns, self.due_ns = message.first, message.second
        self.attention = bool(flags & m.ATTENTION)
        self.has_socket_files = bool(flags & m.SOCKET_FILES)
        if flags & m.NUMBERS:
            self.files.clear()
            self.files.update(message.files)
        return message

    def say(self, operation: Message) -> None:
        """Tell the run something, and what was charged since the last time."""
        operation = operation._replace(first=self._owed_ns, second=self._owed_calls)
        self._owed_ns = self._owed_calls = 0
        try:
            self._line.send(operation)
        except LineClosed:
            os._exit(0)

    def charge(self, duration_ns: int, calls: int) -> bool:
        """Charge the running thread, if nothing is due meanwhile and nothing waits for it; False: the run has to."""
        if self.attention or self.current is None or self.due_ns <= self.now_ns + duration_ns:
            return False
        self.now_ns += duration_ns
        self._owed_ns += duration_ns
        self._owed_calls += calls
        return True

    def ask(self, operation: Message) -> Message:
        """Say what the present thread wants, and wait for the answer; or raise what a signal's handler raised."""
        self.say(operation)
        found = self._await(operation.thread)
        if found.kind == m.RAISED:
            error, self._raised = self._raised, None
            assert error is not None
            try:
                raise error
            finally:
                del error  # A traceback that holds its own exception would keep what the program's frames hold.
        return found

    # Turns.

    def begin(self) -> Any:
        """What the run says of the process, at the very start."""
        about = self._read().json()
        self.say(Message(m.DONE))
        return about

    def _await(self, key: int) -> Message:
        """The next result for a thread (0: for what runs between events); others have their turns meanwhile."""
        me = self.current
        while True:
            message = self._mail.pop(key, None) or self._read()
            if message.thread != key and message.thread:
                self._mail[message.thread] = message
                self._greenlets[message.thread].switch()
                self.current = me
            elif message.thread == key and message.kind in m.RESULTS:
                return message
            else:
                self._carry_out(message)
                self.current = me

    def serve(self) -> NoReturn:
        """The root's life: let threads begin, and do what comes between events."""
        while True:
            self.current = None
            message = self._read()
            if message.thread:
                self._mail[message.thread] = message
                self._greenlets[message.thread].switch()
            else:
                self._carry_out(message)

    def add(self, thread: "RemoteThread", body: Callable[[], Message]) -> None:
        """A thread that runs `body` when its first turn comes; what that returns is the thread's last word."""

        def run() -> None:
            first = self._await(thread.key)
            thread.ident = thread.python_ident = first.numbers[0]
            self.current = thread
            self.ask(body())
            for call in thread.when_ended:
                call()
            del self._greenlets[thread.key]
            self.say(Message(m.DONE, thread.key))

        self._greenlets[thread.key] = greenlet.greenlet(run, self._root)

    # Commands that are carried out wherever a thread waits.

    def _carry_out(self, message: Message) -> None:
        if message.kind == m.HANDLE:
            self._handle(message.thread, message.numbers[0])
            return
        self.current = None
        match message.kind:
            case m.NOTIFY:
                self.process.arrived(message.numbers[0])
                self.say(Message(m.DONE))
            case m.COLLECT:
                gc.collect()
                self.say(Message(m.DONE))
            case m.CLOCKS:
                self.process.clocks = Clocks(*message.numbers)
                self.say(Message(m.DONE))
            case m.WHERE:
                self.say(Message(m.DONE, 0, (), self._place_of(message.numbers[0]).encode()))
            case m.GIVE_FILE:
                self._give_file(message.numbers[0])
            case m.TAKE_FILE:
                self._take_file(bool(message.numbers[0]))
            case _:
                raise AssertionError(f"a command that nobody waits for: {message}")

    def _handle(self, key: int, number: int) -> None:
        """Run the program's handler of a signal, in the main thread."""
        handler = self.process.handlers.get(number)
        raised = False
        if handler is not None:
            try:
                handler(number, program_frame())
            except BaseException as error:
                self._raised = error
                raised = True
        self.say(Message(m.DONE, key, (int(raised),)))

    def _place_of(self, key: int) -> str:
        waiting = self._greenlets.get(key)
        if waiting is None:
            return "(unknown place)"
        # The one that reads this has no frame to show but the present one.
        return place(waiting.gr_frame or program_frame())

    def _give_file(self, number: int) -> None:
        keeper = self.keeper
        there = keeper is not None and keeper.is_real(number) and _is_open(number)
        self.say(Message(m.DONE, 0, (int(there),)))
        if there:
            self._read()
            self._line.send_file(number)

    def _take_file(self, close_on_exec: bool) -> None:
        keeper = self.keeper
        assert keeper is not None
        self.say(Message(m.DONE))
        came = self._line.receive_file()
        number = -1
        if came >= 0:
            number = move_up(came, keeper.base, close_on_exec)
            keeper.opened.add(number)
        self.say(Message(m.DONE, 0, (number,)))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def move_up(number: int, base: int, close_on_exec: bool) -> int:
    """Move a descriptor above the simulated ones; -1 where the limit leaves no room."""
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC if close_on_exec else fcntl.F_DUPFD, base)
    except OSError:
        return -1
    finally:
        os.close(number)
