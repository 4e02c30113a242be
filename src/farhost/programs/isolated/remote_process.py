"""What a world knows of its process where that is in another interpreter (`farhost.programs.caller.WorldProcess`)."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar, cast

from farhost.kernel.syscalls.encoding import BadMessage, decode_reply, encode_request
from farhost.kernel.waiting import Blocked, GiveUp, KernelError, Waiter
from farhost.network.remote_lookup import RemoteLookups
from farhost.programs.birth import Birth
from farhost.programs.caller import EVERY_SIGNAL, Handler, Lookups, Seen, Trap
from farhost.programs.complaints import Complaints
from farhost.programs.costs import CLOCK_NS
from farhost.programs.directory import high_base
from farhost.programs.isolated import messages as m
from farhost.programs.isolated.messages import Clocks, Message
from farhost.programs.isolated.turns import Turns
from farhost.wire.byte_order import ByteOrder

MAIN = 1
T = TypeVar("T")


class RemoteThread:
    """A thread of the program; its simulated thread is the run's."""

    def __init__(self, process: "RemoteProcess", key: int, name: str) -> None:
        self.process = process
        self.key = key
        """By which the run knows it."""
        self.name = name
        self.is_main = key == MAIN
        self.ident = 0
        self.python_ident = 0
        self.when_ended: list[Callable[[], None]] = []


class RemoteProcess(Complaints):
    """The process that this child is."""

    def __init__(self, turns: Turns, about: dict[str, Any]) -> None:
        """`about`: what the run says of it at the start."""
        self._turns = turns
        turns.process = self
        self.argv: tuple[str, ...] = tuple(about["argv"])
        self.name: str = about["name"]
        self.host_name: str = about["host"]
        self.pid: int = about["pid"]
        self.uid: int = about["uid"]
        self.gid: int = about["gid"]
        self.user: str = about["user"]
        self.byte_order: ByteOrder = about["byte_order"]
        self.clocks = Clocks(*about["clocks"])
        """Its host's; the run tells when they change."""
        self.resolver: Lookups = RemoteLookups(self._ask)
        self.recursion_limits: dict[int, int] = {}
        self.real_base = high_base()
        self.dead = False
        self.place = None
        self.bear: Callable[[Birth], int] | None = None
        self.world_sys: Any = None
        self.failure: BaseException | None = None
        self.finishing = False
        self.traceback = ""
        self.before_step: Callable[[], None] | None = self._before_step if about["steps"] else None
        self.wants_secrets: bool = about["secrets"]
        self.early = False
        self.at_begin: list[Callable[[], object]] = []
        self.at_end: list[Callable[[], None]] = []
        self.handlers: dict[int, Handler] = {}
        self._on_signal: Callable[[int], None] | None = None
        self._mask: set[int] = set()
        self._next_key = MAIN
        self.main_thread = RemoteThread(self, MAIN, "MainThread")
        self._threads: dict[int, RemoteThread] = {MAIN: self.main_thread}
        self.call: Trap = self._call

    # Calls.

    def _ask(self, request: str, *arguments: object) -> Any:
        operation = Message(m.ASK, self._key(), (), m.as_json([request, *arguments]))
        return self._turns.ask(operation).json()

    def thread_number(self) -> int:
        """The number of the thread that runs now; 0 when none of them does."""
        return self._key()

    def _key(self) -> int:
        current = self._turns.current
        return 0 if current is None else current.key

    def _call(self, name: str, *arguments: object) -> Any:
        current = self._turns.current
        if current is None or self.early:
            return self.call_now(name, *arguments)
        return self._make(m.CALL, current.key, 0, name, arguments)

    def call_as_c(self, name: str, *arguments: object) -> Any:
        """A C program's call: one that was interrupted by a stop is not made again."""
        current = self._turns.current
        if current is None or self.early:
            return self.call(name, *arguments)
        return self._make(m.CALL, current.key, m.AS_C, name, arguments)

    def _make(self, kind: int, key: int, flags: int, name: str, arguments: tuple[object, ...]) -> Any:
        try:
            head, tail = encode_request(name, arguments)
        except BadMessage:
            raise OSError(22, os.strerror(22)) from None
        answer = self._turns.ask(Message(kind, key, (), head, tail, flags=flags))
        if answer.kind == m.FAILED:
            raise OSError(answer.numbers[0], os.strerror(answer.numbers[0]))
        if answer.kind == m.ANSWER:
            return None
        reply = decode_reply(name, answer.head, answer.tail)
        if reply.errno:
            raise OSError(reply.errno, os.strerror(reply.errno))
        return reply.result

    def call_quietly(self, name: str, *arguments: object) -> Any:
        """A call made from inside C: handlers run before it, or after the next call."""
        current = self._turns.current
        if current is None:
            return self.call_now(name, *arguments)
        return self._make(m.CALL, current.key, m.QUIET, name, arguments)

    def call_now(self, name: str, *arguments: object) -> object:
        """A call that takes no time and never waits, wherever it is made (None where it would have to wait)."""
        return self._make(m.CALL_NOW, self._key(), 0, name, arguments)

    @property
    def files(self) -> set[int]:
        """Its simulated descriptors."""
        return self._turns.files

    def look(self, number: int) -> Seen | None:
        """What stands behind a simulated descriptor; None: nothing."""
        found = self._ask("look", number)
        return None if found is None else Seen(*found)

    def descriptor_limit(self) -> int:
        """RLIMIT_NOFILE."""
        return cast(int, self._ask("descriptor_limit"))

    # Time.

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        return self._turns.now_ns

    def look_at_clock(self) -> int:
        """Virtual time in ns, after the cost of a look; free outside the process's own threads."""
        turns = self._turns
        if not self.early and (self.before_step is not None or not turns.charge(CLOCK_NS, 1)):
            turns.ask(Message(m.CLOCK, self._key()))
        return turns.now_ns

    def look_at_monotonic(self) -> int:
        """CLOCK_MONOTONIC, after the cost of a look."""
        self.look_at_clock()
        return self.monotonic_ns()

    def _before_step(self) -> None:
        """The thread may lose the processor here: the run knows."""
        if self._turns.current is not None and not self.early:
            self._ask("before_step")

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC."""
        return self.clocks.monotonic_ns(self._turns.now_ns)

    def deadline_ns(self, timeout_ns: int) -> int:
        """The virtual time at which so much has passed on its host's clocks."""
        return self.clocks.deadline_ns(self._turns.now_ns, timeout_ns)

    def realtime_ns(self) -> int:
        """CLOCK_REALTIME."""
        return self.clocks.realtime_ns(self._turns.now_ns)

    def pause(self, duration_ns: int) -> None:
        """The running thread is charged for something that takes so long; handlers of signals run after it."""
        if not self.early and not self._turns.charge(duration_ns, 0):
            self._turns.ask(Message(m.PAUSE, self._key(), (duration_ns,)))

    def used_ns(self, thread: RemoteThread) -> int:
        """Processor time of a thread so far."""
        return cast(int, self._ask("used_ns", thread.key))

    def processor_ns(self) -> int:
        """Processor time of all its threads."""
        return cast(int, self._ask("processor_ns"))

    # Threads.

    @property
    def current_thread(self) -> RemoteThread | None:
        """The thread that runs now; None between events."""
        return self._turns.current

    @property
    def thread_idents(self) -> list[int]:
        """`python_ident` of each of its threads."""
        return [thread.python_ident for thread in self._threads.values()]

    def spawn_thread(
        self, body: Callable[[], None], name: str, when_ended: Callable[[], None] | None = None
    ) -> RemoteThread:
        """Start another thread; it runs once this one has parked."""
        self._next_key += 1
        thread = self._threads[self._next_key] = RemoteThread(self, self._next_key, name)
        thread.when_ended.append(lambda: self._forget(thread))
        if when_ended is not None:
            thread.when_ended.append(when_ended)

        def whole() -> Message:
            body()
            return Message(m.END, thread.key)

        self._turns.add(thread, whole)
        answer = self._turns.ask(Message(m.SPAWN, self._key(), (thread.key,), name.encode()))
        thread.ident = thread.python_ident = answer.numbers[0]
        return thread

    def _forget(self, thread: RemoteThread) -> None:
        self._threads.pop(thread.key, None)

    def wait(self, what: str, arguments: tuple[object, ...], blocked: Blocked) -> object:
        """The one wait, for what is no system call: the run's thread waits, and asks here whether it is over."""
        key = self._key()
        operation = Message(m.PARK, key, (), m.as_json([what, arguments, blocked.deadline_ns]))
        waits = True
        value: object = None
        while True:
            answer = self._sit(blocked, operation) if waits else self._turns.ask(operation)
            waits = False
            if answer.kind == m.ANSWER:
                return value
            if answer.kind == m.FAILED:
                raise KernelError(answer.numbers[0])
            try:
                if answer.kind == m.RETRY:
                    value = blocked.retry()
                else:
                    why = GiveUp.TIMED_OUT if answer.numbers[0] else GiveUp.INTERRUPTED
                    value = blocked.give_up(why)
            except KernelError as error:
                operation = Message(m.FAILED, key, (error.errno,))
                continue
            if isinstance(value, Blocked):
                blocked = value
                operation = Message(m.AGAIN, key, (), m.as_json(blocked.deadline_ns))
                waits = True
            else:
                operation = Message(m.DONE, key)

    def _sit(self, blocked: Blocked, operation: Message) -> Message:
        waiters = []
        for queue, mask in blocked.waits:
            waiter = Waiter(mask, partial(self._wake, operation.thread))
            queue.add(waiter)
            waiters.append((queue, waiter))
        try:
            return self._turns.ask(operation)
        finally:
            for queue, waiter in waiters:
                queue.remove(waiter)

    def _wake(self, key: int, mask: int) -> bool:
        """A queue calls: whether this woke the thread."""
        return bool(self._turns.ask(Message(m.WAKE, self._key(), (key, mask))).numbers[0])

    # Signals.

    @property
    def attention(self) -> bool:
        """Whether something waits for a thread that comes out of a call."""
        return self._turns.attention

    @attention.setter
    def attention(self, value: bool) -> None:
        self._turns.attention = value

    def attend(self) -> None:
        """A thread comes out of a call: handlers run, as they must."""
        if self._turns.attention:
            self._ask("attend")

    def arrived(self, number: int) -> None:
        """A signal with a handler has arrived."""
        if self._on_signal is not None:
            self._on_signal(number)

    def disposition(self, signal: int) -> int:
        """What a signal does."""
        return cast(int, self._ask("disposition", signal))

    def set_disposition(self, signal: int, disposition: int) -> None:
        """sigaction(2), at no cost."""
        self._ask("set_disposition", signal, disposition)

    def set_handler(self, signal: int, handler: Handler | None) -> None:
        """What runs when a signal comes whose disposition is 2."""
        if handler is None:
            self.handlers.pop(signal, None)
        else:
            self.handlers[signal] = handler
        self._ask("set_handler", signal, handler is not None)

    @property
    def signal_mask(self) -> set[int]:
        """Signals whose handlers wait."""
        return self._mask

    def as_c_does(self, body: Callable[[], T]) -> T:
        """Do what a function in C would do by several calls: handlers of signals run once it is over."""
        before = self.signal_mask
        self.mask_signals(set(EVERY_SIGNAL))
        try:
            return body()
        finally:
            self.mask_signals(before)
            self.attend()

    def mask_signals(self, mask: set[int]) -> None:
        """Another mask."""
        self._mask = mask
        self._ask("mask_signals", sorted(mask))

    def expect_signals(self, signals: frozenset[int]) -> None:
        """Signals that end a wait though they are masked."""
        self._ask("expect_signals", sorted(signals))

    def pending_signals(self) -> list[int]:
        """Signals whose handlers have yet to run."""
        return cast("list[int]", self._ask("pending_signals"))

    def take_signal(self, wanted: frozenset[int]) -> int | None:
        """The first pending signal of these, which is pending no longer."""
        return cast("int | None", self._ask("take_signal", sorted(wanted)))

    def notify(self, on_signal: Callable[[int], None] | None) -> None:
        """Whom to call at the moment a signal with a handler arrives."""
        self._on_signal = on_signal
        self._ask("notify", on_signal is not None)

    def timer(self, signal: int) -> tuple[int, int]:
        """getitimer(2)."""
        left_ns, interval_ns = self._ask("timer", signal)
        return left_ns, interval_ns

    def set_timer(self, signal: int, delay_ns: int, interval_ns: int) -> None:
        """setitimer(2)."""
        self._ask("set_timer", signal, delay_ns, interval_ns)

    # Files, and the end.

    def keep_outside(self, outside: Any) -> None:
        """Who keeps its real descriptors."""
        self._turns.keeper = outside

    def change_directory(self, path: bytes) -> None:
        """Where relative socket paths start."""
        self._ask("change_directory", path.decode("utf-8", "surrogateescape"))

    def is_socket_file(self, path: bytes) -> bool:
        """Whether a socket file of the host stands there."""
        return bool(self._ask("is_socket_file", path.decode("utf-8", "surrogateescape")))

    def has_socket_files(self) -> bool:
        """Whether there is any on the host."""
        return self._turns.has_socket_files

    def note_secret(self, line: str) -> None:
        """Its TLS has agreed on something."""
        self._ask("note_secret", line)

    def escaped(self, message: str) -> None:
        """The program has reached for something real."""
        self._ask("escaped", message)

    def exit(self, status: int) -> NoReturn:
        """exit_group(2)."""
        self._turns.say(Message(m.EXIT, self._key(), (status,)))
        os._exit(0)
