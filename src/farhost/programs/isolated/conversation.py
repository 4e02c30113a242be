"""The run's side of an isolated program: what the child's threads want is done by the simulated process."""

import os
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from greenlet import GreenletExit

from farhost.kernel.files import OpenFile
from farhost.kernel.syscalls.encoding import BadMessage, Reply, decode_request, encode_reply
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, WaitQueue
from farhost.network.passed_file import PassedFile
from farhost.programs.isolated import messages as m
from farhost.programs.isolated.messages import Line, LineClosed, Message
from farhost.programs.isolated.requests import REQUESTS
from farhost.wire import linux

if TYPE_CHECKING:
    from farhost.programs.isolated.process import IsolatedProcess, IsolatedThread

_PATIENCE_S = 2.0
"""How long a child that has said its last word may take to end."""


class HandlerRaised(BaseException):
    """The program's handler of a signal has raised, in the child: what the thread was doing ends."""


class DefectError(RuntimeError):
    """farhost itself has failed, in the child."""


class Conversation:
    """With one child."""

    def __init__(self, process: "IsolatedProcess", line: Line, child: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._line = line
        self._child = child
        self._scheduler = process.runtime.scheduler
        self._descriptors = process.kernel_process.descriptors
        self._told: tuple[int, ...] = ()
        """The descriptors that the child knows of."""
        self._nothing = WaitQueue()
        self.threads: dict[int, IsolatedThread] = {}
        self._operations: dict[int, Callable[[Message], Message]] = {
            m.CALL: self._call,
            m.CALL_NOW: self._call_now,
            m.CLOCK: self._clock,
            m.PAUSE: self._pause,
            m.PARK: self._park,
            m.WAKE: self._wake,
            m.SPAWN: self._spawn,
            m.ASK: self._ask,
        }

    @property
    def pid(self) -> int:
        """The child's, on the machine."""
        return self._child.pid

    # Turns.

    def carry_out(self, command: Message) -> Message:
        """Have the child carry out a command, and do what it wants meanwhile; the operation that ends that.

        HandlerRaised comes out only where a handler was to run. GreenletExit: the process has ended, the child too.
        """
        while True:
            self._say(command)
            try:
                operation = self._line.receive()
            except LineClosed:
                self._gone()
            if operation.first:
                self._scheduler.now_ns += operation.first
            self._process.runtime.calls += operation.second
            if operation.kind in m.ENDINGS:
                return self._ended(operation)
            try:
                command = self._operations[operation.kind](operation)
            except HandlerRaised:
                command = Message(m.RAISED, operation.thread)

    def _ended(self, operation: Message) -> Message:
        """The command is carried out, unless the process has come to its end meanwhile."""
        if operation.kind == m.EXIT:
            self._process.exit(operation.numbers[0])
            raise GreenletExit
        if operation.kind == m.DEFECT:
            raise DefectError(f"in the process of its own of {self._process.name}:\n{operation.head.decode()}")
        return operation

    def _say(self, command: Message) -> None:
        process = self._process
        events = self._scheduler.events
        flags = m.ATTENTION if process.attention else 0
        if process.kernel.unix.files:
            flags |= m.SOCKET_FILES
        files = tuple(self._descriptors.files)
        if files != self._told:
            self._told = files
            flags |= m.NUMBERS
        else:
            files = ()
        due_ns = events[0][0] if events else m.NEVER_NS
        try:
            self._line.send(command._replace(first=self._scheduler.now_ns, second=due_ns, flags=flags, files=files))
        except LineClosed:
            self._gone()

    def _gone(self) -> "Any":
        """The child has ended without a word: it was killed, or left by a way that is not ours."""
        status = self._child.wait()
        if status < 0:
            self._process.was_killed(-status)
        else:
            self._process.exit(status)
        raise GreenletExit

    # Commands.

    def begin(self, about: dict[str, object]) -> None:
        """Tell the child what it is."""
        try:
            self.carry_out(Message(m.RUN, 0, (), m.as_json(about)))
        except GreenletExit:
            raise DefectError(f"the process of its own of {self._process.name} did not come to life") from None

    def run(self, thread: "IsolatedThread") -> Message:
        """Let a thread of the child run to its end."""
        return self.carry_out(Message(m.RUN, thread.key, (thread.ident,)))

    def over(self, thread: "IsolatedThread") -> None:
        """A thread has ended: those who wait for that are told, there."""
        if not self._process.dead:
            self.carry_out(Message(m.OVER, thread.key))

    def handle(self, thread: "IsolatedThread", number: int) -> None:
        """Run the program's handler of a signal, in the main thread. HandlerRaised."""
        if self.carry_out(Message(m.HANDLE, thread.key, (number,))).numbers[0]:
            raise HandlerRaised

    def notify(self, number: int) -> None:
        """A signal with a handler has arrived (`signal.set_wakeup_fd`)."""
        self._between(Message(m.NOTIFY, 0, (number,)))

    def collect(self) -> None:
        """Collect garbage: finalizers run outside every thread."""
        self._between(Message(m.COLLECT))

    def tell_clocks(self, clocks: tuple[int, ...]) -> None:
        """The host's clocks are others than before."""
        self._between(Message(m.CLOCKS, 0, clocks))

    def where(self, thread: "IsolatedThread") -> str:
        """Where in its code a waiting thread waits."""
        found = self._between(Message(m.WHERE, 0, (thread.key,)))
        return "(unknown place)" if found is None else found.head.decode()

    def _between(self, command: Message) -> Message | None:
        """A command for no thread; None if the process has ended."""
        if self._process.dead:
            return None
        try:
            return self.carry_out(command)
        except GreenletExit:
            return None

    # Operations.

    def _call(self, operation: Message) -> Message:
        process = self._process
        try:
            name, arguments = decode_request(operation.head, operation.tail)
        except BadMessage:
            return Message(m.FAILED, operation.thread, (linux.EINVAL,))
        try:
            if operation.flags & m.QUIET:
                reply = Reply(process.call_quietly(name, *arguments))
            elif operation.flags & m.AS_C:
                reply = Reply(process.call_as_c(name, *arguments))
            else:
                reply = Reply(process.call(name, *arguments))
        except OSError as error:
            reply = Reply(None, error.errno or linux.EIO)
        head, tail = encode_reply(name, reply)
        return Message(m.REPLY, operation.thread, (), head, tail)

    def _call_now(self, operation: Message) -> Message:
        name, arguments = decode_request(operation.head, operation.tail)
        try:
            result = self._process.call_now(name, *arguments)
        except OSError as error:
            return Message(m.FAILED, operation.thread, (error.errno or linux.EIO,))
        if result is None:
            return Message(m.ANSWER, operation.thread)
        head, tail = encode_reply(name, Reply(result))
        return Message(m.REPLY, operation.thread, (), head, tail)

    def _clock(self, operation: Message) -> Message:
        self._process.look_at_clock()
        return Message(m.ANSWER, operation.thread)

    def _pause(self, operation: Message) -> Message:
        self._process.pause(operation.numbers[0])
        return Message(m.ANSWER, operation.thread)

    def _park(self, operation: Message) -> Message:
        what, arguments, deadline_ns = cast("list[Any]", operation.json())
        thread = self.threads[operation.thread]
        try:
            self._process.wait(what, _tuples(arguments), self._blocked(thread, deadline_ns))
        except KernelError as error:
            return Message(m.FAILED, operation.thread, (error.errno,))
        return Message(m.ANSWER, operation.thread)

    def _blocked(self, thread: "IsolatedThread", deadline_ns: int | None) -> Blocked:
        """A wait whose condition the child knows."""

        def look(command: Message) -> object:
            found = self.carry_out(command)
            if found.kind == m.AGAIN:
                return self._blocked(thread, cast("int | None", found.json()))
            if found.kind == m.FAILED:
                raise KernelError(found.numbers[0])
            return True

        return Blocked(
            ((self._nothing, linux.EPOLLIN),),
            lambda: look(Message(m.RETRY, thread.key)),
            deadline_ns,
            lambda why: look(Message(m.GIVE_UP, thread.key, (int(why is GiveUp.TIMED_OUT),))),
        )

    def _wake(self, operation: Message) -> Message:
        key, mask = operation.numbers
        thread = self.threads.get(key)
        woken = thread is not None and thread.ready(mask)
        return Message(m.ANSWER, operation.thread, (int(woken),))

    def _spawn(self, operation: Message) -> Message:
        key = operation.numbers[0]
        process = self._process
        process.next_key = key

        def body() -> None:
            self.run(self.threads[key])

        def over() -> None:
            self.over(self.threads[key])

        thread = process.spawn_thread(body, operation.head.decode(), over)
        return Message(m.ANSWER, operation.thread, (thread.ident,))

    def _ask(self, operation: Message) -> Message:
        name, *arguments = cast("list[Any]", operation.json())
        value = REQUESTS[name](self._process, *arguments)
        return Message(m.ANSWER, operation.thread, (), m.as_json(value))

    # Files of the machine, which are the child's (`OutsideFiles`).

    def find(self, number: int) -> PassedFile | None:
        """A real descriptor of the child's is sent to another process: the file that goes there."""
        found = self._between(Message(m.GIVE_FILE, 0, (number,)))
        if found is None or not found.numbers[0]:
            return None
        # The file travels alone: what is read as a message would lose it.
        try:
            self._say(Message(m.GIVE_FILE))
            taken = self._line.receive_file()
        except LineClosed:
            self._gone()
        if taken < 0:
            raise KernelError(linux.EMFILE)
        return PassedFile(taken, self._process.runtime.passed)

    def take(self, file: OpenFile, close_on_exec: bool) -> int:
        """One comes from another process: the child has a descriptor for it from now on."""
        assert isinstance(file, PassedFile)
        self._between(Message(m.TAKE_FILE, 0, (int(close_on_exec),)))
        copy = file.duplicate(0, True)
        try:
            self._line.send_file(copy)
            number = self._line.receive().numbers[0]
        except LineClosed:
            self._gone()
        finally:
            os.close(copy)
        if number < 0:
            raise KernelError(linux.EMFILE)
        return number

    # The end.

    def close(self) -> None:
        """The process is over: the child, if it is still there, ends."""
        self._line.close()
        try:
            self._child.wait(0 if self._process.was_ended_by_others else _PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()


def _tuples(value: Any) -> Any:
    """Lists as the tuples that they were before JSON."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
