"""Attached processes: who they are, what they may inherit, and their end.

A process lives as long as its first connection: however it ends (exit, a signal, kill -9), the machine closes that,
and its files are closed as a kernel does at the end of a process. What a child inherits is kept by a *birth*, which
lives as long as anybody holds the connection that the parent opened for it, so as the machine itself keeps an
inherited descriptor open: through a shell in between, and for a child that never attaches.
"""

import os
import secrets
import signal
from collections.abc import Callable
from typing import NamedTuple

from farhost.devices.attach.connection import Connection
from farhost.devices.attach.luggage import Luggage
from farhost.devices.attach.questions import QUESTIONS
from farhost.devices.attach.thread import AttachedThread
from farhost.kernel.descriptors import DescriptorTable, GivenDescriptors
from farhost.kernel.signals import HANDLED
from farhost.kernel.syscalls.encoding import BadMessage
from farhost.kernel.syscalls.frames import ASK, Frame, answer, read_json
from farhost.network.host import Host
from farhost.wire import linux

SENT_SIGNALS = (linux.SIGURG,)
"""What a simulated kernel sends of its own accord; SIGPIPE comes with the call that fails."""


class Peer(NamedTuple):
    """Who is at the other end of a connection, as the machine knows it (SO_PEERCRED)."""

    pid: int
    uid: int
    gid: int


class AttachedProcess:
    """One process of the machine that is a process of a simulated host."""

    def __init__(self, host: Host, peer: Peer, name: str, arguments: tuple[str, ...], connection: Connection) -> None:
        self.host = host
        self.kernel = host.kernel
        self.peer = peer
        self.arguments = arguments
        self.key = secrets.token_hex(16)
        """By which its threads show whose they are."""
        # On a host of root's everybody is root, as in a user namespace; elsewhere people are who they are.
        uid, gid = host.kernel.owner if host.kernel.user == "root" else (peer.uid, peer.gid)
        self.kernel_process = host.kernel.adopt_process(name, peer.pid, uid, gid, arguments)
        descriptors = self.kernel_process.descriptors
        assert isinstance(descriptors, GivenDescriptors)
        self.descriptors = descriptors
        self.luggage = self.kernel_process.outside = Luggage()
        self.kernel_process.on_signal = self._signalled
        for signal_number in SENT_SIGNALS:
            self.kernel_process.signals.set_disposition(signal_number, HANDLED)
        self._handle = os.pidfd_open(peer.pid)
        """For signals: a pid may be another's by the time."""
        self.threads: list[AttachedThread] = []
        self.on_end: Callable[[AttachedProcess], None] | None = None
        self._connection = connection

    def softirq(self) -> None:
        """Do what a call left for its end: packets through `lo`."""
        self.kernel.softirq()

    def add_thread(self, connection: Connection) -> None:
        """A thread of the process speaks on this connection from now on."""
        thread = AttachedThread(self, connection)
        self.threads.append(thread)
        connection.owner = thread

    def _signalled(self, number: int) -> None:
        """The kernel sends a signal: the machine's process gets it, and does what it does with it."""
        self.kernel_process.signals.take_pending()
        try:
            signal.pidfd_send_signal(self._handle, number)
        except OSError:
            pass

    def thread_ended(self, thread: AttachedThread) -> None:
        """Forget a thread."""
        if thread in self.threads:
            self.threads.remove(thread)
            self.kernel_process.remove_thread(thread.thread)

    def change_directory(self, path: str) -> None:
        """chdir(2): where relative socket paths start."""
        self.kernel_process.working_directory = os.fsencode(path)

    def answer(self, frame: Frame) -> bytes:
        """The frame that answers a question of the process."""
        asked = read_json(frame)
        if not isinstance(asked, dict):
            raise BadMessage("a question is an object")
        question = QUESTIONS.get(str(asked.pop("ask", "")))
        if question is None:
            raise BadMessage("no such question")
        try:
            return answer(question(self, **asked))
        except (TypeError, ValueError) as error:
            raise BadMessage(str(error)) from error

    def take(self, connection: Connection, frame: Frame) -> None:
        """On its first connection a process asks questions only."""
        if frame.kind != ASK:
            raise BadMessage("calls are made on the connections of threads")
        connection.send(self.answer(frame))

    def gone(self, connection: Connection) -> None:
        """The process has ended: its calls end, its files are closed (exit_group(2))."""
        for thread in tuple(self.threads):
            thread.leave()
        self.threads.clear()
        self.kernel.exit_process(self.kernel_process, 0)
        self.luggage.close()
        os.close(self._handle)
        self.softirq()
        if self.on_end is not None:
            self.on_end(self)

    def drop(self) -> None:
        """The network ends: the process finds nobody there any more."""
        self._connection.drop()


class Birth:
    """What a child, or the next program of a process, inherits: open files by the numbers that they will have."""

    def __init__(self, parent: AttachedProcess, numbers: list[tuple[int, int]], connection: Connection) -> None:
        self.key = secrets.token_hex(16)
        self.host = parent.host
        self.umask = parent.kernel_process.umask
        self._files = DescriptorTable()
        self._kernel = parent.kernel
        self._close_on_exec = [theirs for own, theirs in numbers if own in parent.descriptors.close_on_exec]
        parent.descriptors.share(numbers, self._files)
        self.on_end: Callable[[Birth], None] | None = None
        connection.owner = self

    def inherit(self, process: AttachedProcess) -> list[int]:
        """Let a process that has come of it have the files; their numbers."""
        numbers = list(self._files)
        self._files.share([(number, number) for number in numbers], process.descriptors)
        process.descriptors.close_on_exec.update(self._close_on_exec)
        process.kernel_process.umask = self.umask
        return numbers

    def take(self, connection: Connection, frame: Frame) -> None:
        """Nothing is said on this connection."""
        raise BadMessage("a birth is silent")

    def gone(self, connection: Connection) -> None:
        """Nobody can come of it any more."""
        self._files.close_all()
        if self._kernel.soft:
            self._kernel.softirq()
        if self.on_end is not None:
            self.on_end(self)
