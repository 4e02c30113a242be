"""The simulated process of an isolated program, and its start: a child of the machine's beside it."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from greenlet import GreenletExit

from farhost.programs.caller import Handler
from farhost.programs.frames import place
from farhost.programs.isolated.conversation import Conversation
from farhost.programs.isolated.messages import Clocks, Line
from farhost.programs.process import ProgramProcess
from farhost.programs.settings import NO_SETTINGS, Settings
from farhost.programs.thread import ProgramThread
from farhost.programs.world import scratch_environment

if TYPE_CHECKING:
    from types import FrameType

    from farhost.network.host import Host
    from farhost.programs.runtime import Runtime
    from farhost.programs.scratch import Scratch

MAIN = 1
"""The number of the main thread."""
_START = "import sys; sys.path[:] = {path!r}; from farhost.programs.isolated.child import main; main({number})"
_TELL_S = 1.0
"""How long a child that is busy may take to say where."""


class IsolatedThread(ProgramThread):
    """A thread whose code runs in the child."""

    __slots__ = ("key",)

    def __init__(self, process: "IsolatedProcess", name: str, is_main: bool, key: int) -> None:
        super().__init__(process, process.kernel_process.add_thread(), name, is_main)
        self.key = key
        """By which the child knows it."""

    def place(self) -> str:
        """Where in its code it waits."""
        assert isinstance(self.process, IsolatedProcess)
        return self.process.conversation.where(self)


class IsolatedProcess(ProgramProcess):
    """A process of the run whose program is a process of the machine."""

    def __init__(self, runtime: "Runtime", host: "Host", name: str, argv: tuple[str, ...]) -> None:
        self.next_key = MAIN
        """Of the thread that is made next."""
        self.conversation: Conversation
        self.was_ended_by_others = False
        """Whether the child has still to hear of the end."""
        super().__init__(runtime, host, name, argv)
        self._where: socket.socket | None = None
        """Where the child says, on demand, where it is."""

    def _new_thread(self, name: str, is_main: bool) -> ProgramThread:
        thread = IsolatedThread(self, name, is_main, self.next_key)
        self.threads.append(thread)
        if not is_main:
            self.conversation.threads[thread.key] = thread
        return thread

    def start_child(self, directory: str, environment: Mapping[str, str]) -> None:
        """Start the child, and let its main thread run from now on."""
        ours, theirs = socket.socketpair()
        self._where, tells = socket.socketpair()
        command = [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
        command += ["-c", _START.format(path=sys.path, number=theirs.fileno())]
        child = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED") or "0"},
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), tells.fileno()),
            start_new_session=True,
        )
        theirs.close()
        number = tells.detach()
        os.close(number)
        line = Line(ours)
        self.conversation = conversation = Conversation(self, line, child)
        main = self.main_thread
        assert isinstance(main, IsolatedThread)
        conversation.threads[MAIN] = main
        self.at_end.append(self._end_child)
        self.runtime.collectors.append(conversation.collect)
        self.kernel_process.outside = conversation
        self.kernel_process.working_directory = os.fsencode(directory)
        about = {
            "argv": self.argv,
            "directory": directory,
            "environment": environment,
            "host": self.host_name,
            "name": self.name,
            "pid": self.pid,
            "uid": self.uid,
            "gid": self.gid,
            "user": self.user,
            "byte_order": self.byte_order,
            "clocks": self._clocks(),
            "tells": number,
            "steps": self.before_step is not None,
            "secrets": self.wants_secrets,
        }
        self.start(lambda: self._main(about))

    def _clocks(self) -> Clocks:
        kernel = self.kernel
        return Clocks(kernel.boot_ns, kernel.realtime_offset_ns, *kernel.drift)

    def clocks_changed(self) -> None:
        """Its host's clocks are others than before: the child keeps a copy."""
        self.conversation.tell_clocks(self._clocks())

    def _main(self, about: dict[str, object]) -> int:
        """What the main thread does here: the child's says how it ended."""
        self.conversation.begin(about)
        said = self.conversation.run(self.conversation.threads[MAIN])
        self.traceback = said.head.decode("utf-8", "surrogateescape")
        return said.numbers[0]

    def remote_handler(self, number: int) -> Handler:
        """What stands for the program's handler of a signal."""
        return partial(self._handle, number)

    def _handle(self, number: int, signum: int, frame: "FrameType | None") -> None:
        self.conversation.handle(self.conversation.threads[MAIN], number)

    def was_killed(self, number: int) -> None:
        """The child has died of a signal of the machine's: that is what the process died of."""
        self._killed(number)

    def silence(self) -> None:
        """From now on its calls have no effect."""
        self.was_ended_by_others = True
        super().silence()

    def _killed(self, signal: int) -> None:
        self.was_ended_by_others = True
        super()._killed(signal)

    def _end_child(self) -> None:
        collectors = self.runtime.collectors
        if self.conversation.collect in collectors:
            collectors.remove(self.conversation.collect)
        self.conversation.close()
        if self._where is not None:
            self._where.close()
            self._where = None

    # For the watchdog, from another OS thread.

    def running_place(self, frame: "FrameType | None") -> str:
        """Where in its code the thread is that keeps everybody waiting: the child is asked."""
        self.was_ended_by_others = True
        where = self._where
        if where is None:
            return place(frame)
        where.settimeout(_TELL_S)
        try:
            where.sendall(b"?")
            return where.recv(4096).decode() or "(unknown place)"
        except OSError:
            return "a call into C that does not come back"

    def processor_s(self) -> float | None:
        """Processor time of the machine that the program has used."""
        try:
            with open(f"/proc/{self.conversation.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return None


class IsolatedSpec(NamedTuple):
    """A script to run in a process of its own: the same words as `farhost.programs.run.ProgramSpec`."""

    host: str
    argv: Sequence[str]
    name: str | None = None
    settings: Settings = NO_SETTINGS
    has_world: bool = False
    """Not in this interpreter."""

    def start(self, runtime: "Runtime", host: "Host", scratch: "Scratch") -> ProgramProcess:
        """Start it; called in an event."""
        argv = tuple(str(word) for word in self.argv)
        process = IsolatedProcess(runtime, host, self.name or self.host, argv)
        settings = self.settings
        scratch_path = scratch.of(self.host)
        path = settings.directory or scratch_path
        environment = scratch_environment(scratch_path, self.host, process.user)
        environment |= {"PWD": path, **settings.environment}
        process.feed(settings.stdin)
        settings.apply(process.kernel_process)
        process.start_child(path, environment)
        return process


__all__ = ["GreenletExit", "IsolatedProcess", "IsolatedSpec", "IsolatedThread"]
