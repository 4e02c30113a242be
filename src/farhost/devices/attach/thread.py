"""One thread of an attached process: its calls, one at a time, and the wait of the one that has to wait.

The wait has the ends that `farhost.programs.trap` knows: ready, timeout, interrupted (the program asks for it, or a
signal's handler raised in it), and the end of the thread. Nothing waits here in fact: what would is kept, and goes on
when a queue calls back.
"""

from typing import TYPE_CHECKING

from farhost.devices.attach.connection import Connection
from farhost.devices.attach.errors import QuestionError
from farhost.kernel.parked import ParkedCall, Step
from farhost.kernel.syscalls.encoding import BadMessage, Reply, decode_request, encode_reply
from farhost.kernel.syscalls.frames import ASK, CALL, INTERRUPT, REPLY, Frame, answer, header, read_json
from farhost.kernel.syscalls.signatures import CALLS
from farhost.kernel.syscalls.table import FUNCTIONS
from farhost.kernel.waiting import Blocked, GiveUp, KernelError
from farhost.trace.events import SystemCall

if TYPE_CHECKING:
    from farhost.devices.attach.process import AttachedProcess

OFFERED = {name: FUNCTIONS[name] for name, row in CALLS.items() if row.module != "processes"} | {
    name: FUNCTIONS[name] for name in ("sethostname", "uname")
}
"""What an attached process may call: everything on files, and the host's name. Its signals, children, clocks and
entropy are the machine's."""


class AttachedThread:
    """The network's view of one thread, on one connection."""

    def __init__(self, process: "AttachedProcess", connection: Connection) -> None:
        self.process = process
        self.thread = process.kernel_process.add_thread()
        self._connection = connection
        self._clock = process.kernel.environment.clock
        self._name = ""
        """The call that waits; empty if none does."""
        self._arguments: tuple[object, ...] = ()
        self._numbers: tuple[int, ...] = ()
        self._started_ns = 0
        self._parked = ParkedCall(self._clock, self._attempt)
        self._lent: list[int] = []
        """Files of the machine for the next call."""

    # What comes from the program.

    def take(self, connection: Connection, frame: Frame) -> None:
        """A call, the wish that the one under way ends, or a question."""
        if frame.kind == INTERRUPT:
            self._parked.end(GiveUp.INTERRUPTED)
            return
        if frame.kind == ASK and not self._name:
            self._answer(connection, frame)
            return
        if frame.kind != CALL or self._name:
            raise BadMessage("a thread makes one call at a time")
        name, arguments = decode_request(frame.head, frame.tail)
        function = OFFERED.get(name)
        if function is None:
            raise BadMessage(f"{name} is not for attached processes")
        self._name, self._arguments, self._numbers = name, arguments, frame.numbers
        self._started_ns = self._clock.now_ns
        self._attempt(lambda: function(self.thread, *arguments))

    def _answer(self, connection: Connection, frame: Frame) -> None:
        """A question of the process, or about files of the machine that it passes on or has received."""
        asked = read_json(frame)
        luggage = self.process.luggage
        match asked:
            case {"ask": "expect"}:
                connection.expect_files()
                connection.send(answer(None))
            case {"ask": "lend"}:
                self._lent += luggage.lend(connection.take_files())
                connection.send(answer(self._lent))
            case {"ask": "fetch", "numbers": list() as numbers}:
                try:
                    connection.send_with_files(answer(None), luggage.fetch(numbers))
                except QuestionError as error:
                    raise BadMessage(str(error)) from error
            case _:
                connection.send(self.process.answer(frame))

    def _give_back(self) -> None:
        """The call that passed the lent files on is over."""
        if self._lent:
            self.process.luggage.give_back(self._lent)
            self._lent = []

    def gone(self, connection: Connection) -> None:
        """The thread has ended, or has given its connection up: what waits is given up too."""
        self.leave()
        self.process.thread_ended(self)

    def leave(self) -> None:
        """Wait for nothing any more."""
        if self._parked.waits:
            blocked = self._parked.leave()
            try:
                blocked.give_up(GiveUp.INTERRUPTED)
            except KernelError:
                pass
            self.process.softirq()
        self._name = ""
        self._give_back()
        self._connection.close()

    # The call.

    def _attempt(self, step: Step) -> None:
        """Do a part of the call; it ends, or waits."""
        process = self.process
        process.descriptors.given = list(self._numbers)
        failure: KernelError | None = None
        result: object = None
        try:
            result = step()
        except KernelError as error:
            failure = error.with_traceback(None)
        process.softirq()
        if failure is not None:
            self._finish(Reply(None, failure.errno, failure.sigpipe))
        elif isinstance(result, Blocked):
            self._parked.sit(result)
        else:
            self._finish(Reply(result))

    def _finish(self, reply: Reply) -> None:
        name, arguments = self._name, self._arguments
        self._name = ""
        self.thread.let_go()
        if self._lent:
            self._give_back()
        process = self.process
        tracer = process.kernel.environment.tracer
        if tracer.on:
            now_ns = self._clock.now_ns
            took_ns = now_ns - self._started_ns
            who, tid = process.kernel_process.name, self.thread.tid
            host = process.kernel.name
            tracer.emit(SystemCall(now_ns, host, who, tid, name, arguments, reply.result, reply.errno, took_ns))
        self._arguments = ()
        message = encode_reply(name, reply)
        self._connection.send(header(REPLY, message), message.tail)

    def waits_in(self) -> str:
        """The call that waits, for `farhost status`; empty if none does."""
        return self._name if self._parked.waits else ""
