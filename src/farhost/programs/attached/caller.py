"""What the stand-ins know of an attached process (`farhost.programs.caller.Caller`).

Signals, the end, and clocks are the machine's.
"""

import errno
import os
import signal
import stat
from _thread import get_native_id
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from farhost.network.remote_lookup import RemoteLookups
from farhost.programs.attached import real
from farhost.programs.caller import Handler, Lookups, Numbers, Seen, Trap
from farhost.wire import linux
from farhost.wire.byte_order import ByteOrder

if TYPE_CHECKING:
    from farhost.programs.attached.attachment import Attachment
    from farhost.programs.attached.calls import Calls

T = TypeVar("T")
_DISPOSITIONS = {signal.SIG_DFL: 0, signal.SIG_IGN: 1}
HANDLED = 2


class Everything:
    """Every number: what `select` and the sockets ask about goes to `Calls`, whoever's descriptor it is."""

    def __contains__(self, number: object, /) -> bool:
        return True

    def __len__(self) -> int:
        return 0


class AttachedCaller:
    """The process that this is."""

    def __init__(self, attachment: "Attachment", calls: "Calls", files: Numbers) -> None:
        """`files`: which numbers the stand-ins are to take for the network's."""
        self.call: Trap = calls
        self.dead = False
        self.real_base = 0
        self.byte_order: ByteOrder = attachment.byte_order
        self.resolver: Lookups = RemoteLookups(lambda question, *rest: attachment.ask(question, arguments=list(rest)))
        self.world_sys: Any = None
        self._files = files
        self._own = attachment.files

    def call_as_c(self, name: str, *arguments: object) -> Any:
        """`call`: here the network stops nobody."""
        return self.call(name, *arguments)

    @property
    def files(self) -> Numbers:
        """Its descriptors of the network, or what the stand-in is to take for these."""
        return self._files

    def thread_number(self) -> int:
        """The machine's."""
        return get_native_id()

    def look_at_clock(self) -> int:
        """The machine's clock."""
        return real.time.monotonic_ns()

    def monotonic_ns(self) -> int:
        """The machine's clock."""
        return real.time.monotonic_ns()

    def look(self, number: int) -> Seen | None:
        """What stands behind a descriptor of the network: its calls are asked."""
        if number not in self._own:
            return None
        call = self.call
        flags = cast(int, call("fcntl", number, linux.F_GETFL, 0))
        mode = stat.S_IFMT(call("fstat", number).mode)
        if mode != stat.S_IFSOCK:
            return Seen("pipe" if mode == stat.S_IFIFO else "", flags, 0, 0, False)
        kind, domain = (
            int.from_bytes(call("getsockopt", number, linux.SOL_SOCKET, name, 4), "little")
            for name in (linux.SO_TYPE, linux.SO_DOMAIN)
        )
        return Seen("sock", flags, kind, domain, False)

    def disposition(self, number: int) -> int:
        """What a signal does: 0 its default action, 1 nothing, 2 a handler."""
        found = signal.getsignal(number)
        return _DISPOSITIONS.get(found, HANDLED) if isinstance(found, signal.Handlers) else HANDLED

    def set_disposition(self, number: int, disposition: int) -> None:
        """sigaction(2), of a signal that is to have no handler."""
        if disposition == HANDLED:
            return  # `set_handler` is next
        try:
            signal.signal(number, signal.Handlers(disposition))
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error)) from None

    def set_handler(self, number: int, handler: Handler | None) -> None:
        """What runs when a signal comes whose disposition is 2."""
        if handler is not None:
            signal.signal(number, handler)

    def as_c_does(self, body: Callable[[], T]) -> T:
        """The interpreter runs handlers between any two calls here."""
        return body()

    def exit(self, status: int) -> None:
        """exit_group(2)."""
        real.OS["_exit"](status)

    def attend(self) -> None:
        """The machine's signals are attended to by the interpreter."""


class MachineNumbers:
    """Which numbers are whose (`caller.Descriptors`): what is none of the network's is the machine's."""

    base = 0

    def __init__(self, files: Numbers) -> None:
        self._files = files
        self.opened: set[int] = set()

    def is_simulated(self, number: int) -> bool:
        """Whether it is the network's."""
        return number in self._files

    def is_real(self, number: int) -> bool:
        """Any may be the machine's."""
        return True

    def is_machines(self, number: int) -> bool:
        """Whether it is none of the network's."""
        return number not in self._files

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        """open(2)."""
        return os.open(path, flags, mode, dir_fd=dir_fd)

    def lift(self, number: int) -> int:
        """Stays where it is."""
        return number

    def closed(self, number: int) -> None:
        """The machine knows."""
