"""What the stand-ins know of their process: two Protocols, for the three sorts of processes that there are.

A `Caller` makes system calls. That is all that the stand-ins for sockets, readiness, descriptors and the C calls of
`farhost.posix` need, so they serve a process that runs in this interpreter (`process.ProgramProcess`), one whose
program is a process of its own (`isolated`), and one that is attached to a network in real time (`attached`). A
`WorldProcess` has the rest: simulated threads, virtual time, signals' handlers. The first two are such.
"""

from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder

if TYPE_CHECKING:
    from farhost.kernel.waiting import Blocked
    from farhost.network.dns.exchange import Exchange, Replies
    from farhost.network.lookup_results import AddressInfo, HostEntry
    from farhost.programs.birth import Birth
    from farhost.wire.packet import IpAddress
    from farhost.wire.sockaddr import SockaddrIn, SockaddrIn6

T = TypeVar("T")
EVERY_SIGNAL = frozenset(range(1, 65))

Trap = Callable[..., Any]
"""`call(name, *arguments)`: what comes back depends on the call's row in CALLS, so nothing narrower can be said."""
Handler = Callable[[int, FrameType | None], object]


class Numbers(Protocol):
    """The numbers that are a process's simulated descriptors."""

    def __contains__(self, number: object, /) -> bool: ...

    def __len__(self) -> int: ...


class Seen(NamedTuple):
    """What stands behind a simulated descriptor."""

    kind: str
    """`OpenFile.kind`; empty for one without a name."""
    status_flags: int
    """O_RDONLY, O_WRONLY or O_RDWR, and what F_SETFL sets."""
    type: int
    domain: int
    """Of a socket."""
    seeks: bool
    """Whether lseek(2) does nothing rather than fail."""

    def allows(self, mode: int) -> bool:
        """Whether it was opened for that: O_RDONLY or O_WRONLY."""
        return self.status_flags & linux.O_ACCMODE in (mode, linux.O_RDWR)


class Interface(Protocol):
    """A network interface by number and name (if_nameindex(3))."""

    @property
    def index(self) -> int: ...

    @property
    def name(self) -> str: ...


class Lookups(Protocol):
    """What a host's programs ask about names; `farhost.network.resolver.Resolver` is one. Where name servers have to
    be asked first, it answers with what to ask them, and is asked again with all the replies that came."""

    def getaddrinfo(
        self,
        host: str | None,
        service: str | None,
        family: int = 0,
        type: int = 0,
        protocol: int = 0,
        flags: int = 0,
        replies: "tuple[Replies, ...]" = (),
    ) -> "list[AddressInfo] | Exchange":
        """getaddrinfo(3). GaiError."""

    def getnameinfo(
        self, address: "SockaddrIn | SockaddrIn6", flags: int = 0, replies: "tuple[Replies, ...]" = ()
    ) -> "tuple[str, str] | Exchange":
        """getnameinfo(3): (host, service). GaiError."""

    def gethostbyname(self, name: str, *, replies: "tuple[Replies, ...]" = ()) -> "HostEntry | Exchange":
        """gethostbyname(3). HostError."""

    def gethostbyaddr(self, address: "IpAddress", replies: "tuple[Replies, ...]" = ()) -> "HostEntry | Exchange":
        """gethostbyaddr(3). HostError."""

    def interfaces(self) -> Sequence[Interface]:
        """The host's interfaces."""


class Caller(Protocol):
    """A process that makes system calls."""

    call: Trap
    dead: bool
    """Whether its calls are inert."""
    real_base: int
    """From this number up, a descriptor that is none of its simulated ones may be the machine's."""
    byte_order: ByteOrder
    """Its host's."""
    resolver: Lookups
    world_sys: Any
    """The `sys` of its world, once it has one."""

    def call_as_c(self, name: str, *arguments: object) -> Any:
        """`call` for a C program: one that a stop has interrupted fails with EINTR where Linux does not begin it
        again, as CPython would (PEP 475)."""

    @property
    def files(self) -> Numbers:
        """Its simulated descriptors."""

    def thread_number(self) -> int:
        """Which thread of it runs."""

    def look_at_clock(self) -> int:
        """Nanoseconds of its network's time, after the cost of a look."""

    def monotonic_ns(self) -> int:
        """Its host's CLOCK_MONOTONIC, without a cost."""

    def look(self, number: int) -> Seen | None:
        """What stands behind a simulated descriptor; None: nothing."""

    def disposition(self, signal: int) -> int:
        """What a signal does: 0 its default action, 1 nothing, 2 a handler."""

    def set_disposition(self, signal: int, disposition: int) -> None:
        """sigaction(2), at no cost."""

    def set_handler(self, signal: int, handler: Handler | None) -> None:
        """What runs when a signal comes whose disposition is 2."""

    def as_c_does(self, body: Callable[[], T]) -> T:
        """Do what a function in C would do by several calls: handlers of signals run once it is over."""

    def exit(self, status: int) -> None:
        """The process ends with `status`, 0 to 255: no thread of it makes another call (exit_group(2))."""

    def attend(self) -> None:
        """A thread of the process comes out of a call: it ends, stops, or runs the handlers that wait, as it must."""


class Descriptors(Protocol):
    """Which of a process's numbers are whose, and the way of the machine's."""

    base: int
    """From this number up, a descriptor may be the machine's."""
    opened: set[int]
    """Real descriptors that the program opened or received as numbers and has not closed."""

    def is_simulated(self, number: int) -> bool:
        """Whether a number is one of the process's simulated descriptors."""

    def is_real(self, number: int) -> bool:
        """Whether a number may be a real descriptor of the process."""

    def is_machines(self, number: int) -> bool:
        """Whether a call on a number is the machine's to answer."""

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        """open(2) of an ordinary file."""

    def lift(self, number: int) -> int:
        """Move a new real descriptor out of the way of simulated ones."""

    def closed(self, number: int) -> None:
        """The program has closed a real descriptor."""


class WorldThread(Protocol):
    """A simulated thread."""

    ident: int
    """Its tid."""
    python_ident: int
    """What `threading.get_ident` says."""
    is_main: bool
    when_ended: list[Callable[[], None]]
    """Called when the thread has ended: those who wait for that."""


class Running(Protocol):
    """What the nets around programs ask: who runs, of a run or of the one process of a child's."""

    @property
    def current(self) -> "RunningThread | None":
        """The simulated thread that runs now; None outside of one."""

    def note_escape(self, message: str) -> None:
        """A program has reached for something real, whoever catches the error."""


class RunningThread(Protocol):
    """A thread, for the nets."""

    @property
    def process(self) -> "RunningProcess": ...


class RunningProcess(Protocol):
    """Its process."""

    @property
    def world_sys(self) -> Any:
        """The `sys` of its world; None without one."""

    @property
    def place(self) -> object:
        """What it has instead of a world if it is a function that runs in the caller's own modules."""

    @property
    def wants_secrets(self) -> bool:
        """Whether somebody reads what its TLS agrees on."""

    def note_secret(self, line: str) -> None:
        """Its TLS has agreed on something: a line as SSLKEYLOGFILE has it."""

    def print_error(self, text: str) -> None:
        """Write to its standard error."""


class WorldProcess(Caller, Protocol):
    """A process whose code runs in a world of its own, in virtual time."""

    argv: tuple[str, ...]
    recursion_limits: dict[int, int]
    """The limit of each process of this interpreter."""
    attention: bool
    """Whether something waits for a thread that comes out of a call."""
    failure: BaseException | None
    """The exception that ended its main thread, if one did."""
    traceback: str
    """What the uncaught exception looked like."""
    finishing: bool
    """Whether its main thread has come to the end of the program, and waits for the others."""
    before_step: Callable[[], None] | None
    """Called before a lock is taken, where the thread may lose the processor there (a fault)."""
    early: bool
    """Whether it is being made, and has not begun."""
    at_begin: list[Callable[[], object]]
    """Called when it begins, in no time: what could not be done early."""
    at_end: list[Callable[[], None]]
    """Called after the process has ended: what the outside has to release."""
    bear: "Callable[[Birth], int] | None"
    """Starts a child: its pid. None: it can have none."""

    # Who it is.

    @property
    def pid(self) -> int: ...

    @property
    def uid(self) -> int: ...

    @property
    def gid(self) -> int: ...

    @property
    def user(self) -> str:
        """Its host's user, by name."""

    def descriptor_limit(self) -> int:
        """RLIMIT_NOFILE."""

    # Threads and time.

    @property
    def current_thread(self) -> WorldThread | None:
        """The thread of this process that runs now; None when none of them does."""

    @property
    def main_thread(self) -> WorldThread: ...

    @property
    def thread_idents(self) -> list[int]:
        """`python_ident` of each of its threads."""

    def spawn_thread(
        self, body: Callable[[], None], name: str, when_ended: Callable[[], None] | None = None
    ) -> WorldThread:
        """Start another thread; `body` must catch what its code raises. It runs once this one has parked."""

    def wait(self, what: str, arguments: tuple[object, ...], blocked: "Blocked") -> object:
        """The one wait, for what is no system call (a lock, a join)."""

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    def deadline_ns(self, timeout_ns: int) -> int:
        """The virtual time at which so much has passed on its host's clocks."""

    def look_at_monotonic(self) -> int:
        """Its host's CLOCK_MONOTONIC, after the cost of a look."""

    def realtime_ns(self) -> int:
        """Its host's CLOCK_REALTIME, without a cost."""

    def pause(self, duration_ns: int) -> None:
        """The running thread is charged for something that takes so long; handlers of signals run after it."""

    def used_ns(self, thread: Any) -> int:
        """Processor time of a thread (a WorldThread of this process) so far."""

    def processor_ns(self) -> int:
        """Processor time of all its threads, those that have ended too."""

    # Calls of particular sorts.

    def call_quietly(self, name: str, *arguments: object) -> Any:
        """A call made from inside C, which must get its result: handlers run before it, or after the next call."""

    def call_now(self, name: str, *arguments: object) -> object:
        """A call that takes no time and never waits, wherever it is made (None where it would have to wait)."""

    # Signals.

    @property
    def signal_mask(self) -> set[int]:
        """Signals whose handlers wait (`signal.pthread_sigmask`); not to be changed in place."""

    def mask_signals(self, mask: set[int]) -> None:
        """Another mask."""

    def expect_signals(self, signals: frozenset[int]) -> None:
        """Those that `signal.sigwait` waits for, and which therefore end a wait though they are masked."""

    def pending_signals(self) -> list[int]:
        """Signals whose handlers have yet to run, oldest first."""

    def take_signal(self, wanted: frozenset[int]) -> int | None:
        """The first pending signal of these, which is pending no longer."""

    def notify(self, on_signal: Callable[[int], None] | None) -> None:
        """Whom to call at the moment a signal with a handler arrives, before that runs (`signal.set_wakeup_fd`)."""

    def timer(self, signal: int) -> tuple[int, int]:
        """getitimer(2), of the timer that sends this signal: ns until it is due (0: not set), and its interval."""

    def set_timer(self, signal: int, delay_ns: int, interval_ns: int) -> None:
        """setitimer(2), likewise."""

    # Files.

    def keep_outside(self, outside: Any) -> None:
        """Who keeps its further descriptors (`farhost.kernel.files.OutsideFiles`)."""

    def change_directory(self, path: bytes) -> None:
        """Where relative socket paths start."""

    def is_socket_file(self, path: bytes) -> bool:
        """Whether a socket file of the host stands there."""

    def has_socket_files(self) -> bool:
        """Whether there is any on the host."""

    # What it has to say.

    def print_error(self, text: str) -> None:
        """Write to the process's standard error, past its own buffers."""

    def print_ignored(self, message: str | None, owner: object, error: BaseException) -> None:
        """What `sys.unraisablehook` prints."""

    def report_ignored(self, message: str | None, owner: object, error: BaseException) -> None:
        """Hand an exception that nobody will catch to the program's `sys.unraisablehook`."""

    def format_exception(self, error: BaseException, traceback: TracebackType | None) -> list[str]:
        """The lines that CPython prints for an uncaught exception."""
