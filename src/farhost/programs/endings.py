"""What those who wait wait for: whether a run may end while programs still run (DESIGN 14); the deadlock report.

A program that only waits for new clients, for datagrams at an address that it gave its socket with bind(2), or for
packets at a raw socket through which it has asked nobody (docs/decisions/0007), is a server at rest: a run whose
other programs have ended well ends well with it. Rest also means a server that looks up every half second
(`socketserver`'s poll interval): when nothing is scheduled but such looks, nothing else can come.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from farhost.kernel.epoll import EpollFile
from farhost.kernel.eventfd import EventFile
from farhost.kernel.files import OpenFile, Socket
from farhost.kernel.pipes import PipeReader
from farhost.kernel.unix.base import UnixSocket
from farhost.kernel.waiting import KernelError
from farhost.programs.thread import ProgramThread
from farhost.wire import linux
from farhost.wire.addresses import format_endpoint
from farhost.wire.sockaddr import Sockaddr, SockaddrIn, SockaddrIn6, SockaddrUn

if TYPE_CHECKING:
    from farhost.programs.process import ProgramProcess
    from farhost.programs.runtime import Runtime

ACCEPTING = frozenset({"accept4"})
RECEIVING = frozenset({"recvfrom", "recvmsg", "read"})
NEUTRAL = frozenset({"lock", "join", "file"})
"""Waits for other threads of the same process: they end when those do."""

KINDS = {
    linux.SOCK_STREAM: "a stream socket",
    linux.SOCK_DGRAM: "a datagram socket",
    linux.SOCK_RAW: "a raw socket",
}

PING = ((linux.AF_INET, linux.IPPROTO_ICMP), (linux.AF_INET6, linux.IPPROTO_ICMPV6))
"""Domain and protocol of datagram sockets that speak ICMP."""

LOOKS = 20
"""How often a thread must have waited in the same call to its time limit before that counts as looking."""


class Waiting(NamedTuple):
    """One thread that waits, for reports."""

    process: str
    host: str
    thread: str
    call: str
    """The call and its arguments."""
    files: tuple[str, ...]
    """What the descriptors in it are; first, where it is so, that a stop signal holds the process."""
    place: str
    """`file:line in function` of the program."""
    since_ns: int
    name: str = ""
    """The call's name and its arguments, for those who write calls in their own manner."""
    arguments: tuple[object, ...] = ()

    def __str__(self) -> str:
        who = self.process if self.process == self.host else f"{self.process} on {self.host}"
        thread = "" if self.thread == "MainThread" else f", thread {self.thread}"
        what = "".join(f"; {text}" for text in self.files)
        return f"{who}{thread} waits in {self.call} since {self.since_ns / 1e9:.6f} s at {self.place}{what}"


def watched(thread: ProgramThread) -> list[tuple[int, OpenFile]]:
    """The descriptors that a waiting thread's call is about, and their files."""
    files = thread.process.kernel_process.descriptors.files
    numbers = _numbers(thread)
    found = [(number, files[number]) for number in numbers if number in files]
    if thread.call_name == "epoll_wait" and found and isinstance(found[0][1], EpollFile):
        return [(item.number, item.file) for item in found[0][1].items.values()]
    return found


def _numbers(thread: ProgramThread) -> list[int]:
    arguments = thread.arguments
    match thread.call_name, arguments:
        case "poll", (tuple() as entries, *_):
            return [number for number, _ in entries]
        case "select", (reads, writes, excepts, *_):
            return sorted({*reads, *writes, *excepts})  # type: ignore[misc]
        case (("lock" | "join" | "file" | "nanosleep" | "sigwait" | "pause" | "wait4"), _):
            return []
        case _, (int() as number, *_):
            return [number]
    return []


def waits_for_clients(thread: ProgramThread) -> bool:
    """Whether a new client or datagram would end its wait."""
    name = thread.call_name
    if thread.blocked is None:
        return False
    if name == "wait4":  # For its children, which are asked themselves.
        return bool(thread.process.kernel_process.children)
    if name in ACCEPTING:
        return True
    if name in RECEIVING or name in ("poll", "select", "epoll_wait"):
        return any(_welcomes(thread, file, name) for _, file in watched(thread))
    return False


def _welcomes(thread: ProgramThread, file: OpenFile, name: str) -> bool:
    if not isinstance(file, Socket):
        return False
    if file.type != linux.SOCK_STREAM and file.type != linux.SOCK_SEQPACKET:
        return file.is_open_to_strangers()
    if name in RECEIVING:
        return False
    try:
        return any(file.getsockopt(thread.kernel_thread, linux.SOL_SOCKET, linux.SO_ACCEPTCONN, 4))
    except KernelError:
        return False


def waits_for_its_own(thread: ProgramThread) -> bool:
    """Whether only another thread of its process could end its wait.

    An event loop without work waits for what its own process writes to its self-pipe, and for nothing else.
    """
    if thread.call_name in NEUTRAL:
        return True
    if thread.call_name not in RECEIVING and thread.call_name not in ("poll", "select", "epoll_wait"):
        return False
    own = thread.process.kernel_process.descriptors.files.values()
    return all(
        isinstance(file, EventFile)
        or (isinstance(file, UnixSocket) and any(file.peer is other for other in own))
        or (isinstance(file, PipeReader) and any(file.pipe.writer is other for other in own))
        for _, file in watched(thread)
    )


def is_resting(process: "ProgramProcess") -> bool:
    """Whether a running process only waits for new clients or datagrams."""
    threads = process.threads
    if not any(waits_for_clients(thread) for thread in threads):
        return False
    return all(
        thread.blocked is not None and (waits_for_its_own(thread) or waits_for_clients(thread)) for thread in threads
    )


def only_looks(runtime: "Runtime") -> bool:
    """Whether nothing is scheduled but time limits of threads that have looked again and again and seen nothing."""
    for timer in runtime.scheduler.pending():
        owner = getattr(timer.callback, "__self__", None)
        if not isinstance(owner, ProgramThread) or owner.blocked is None or owner.cause:
            return False
        if owner.call_name == "nanosleep" or owner.looks < LOOKS:
            return False
    return True


def ended_by(process: "ProgramProcess") -> str:
    """Who ended a process from outside of the simulation: crash, restart, kill; empty if nobody did."""
    if process.status is not None and process.status < 0:
        return process.ended_by or ("kill" if -process.status in process.asked else "")
    return ""


def waiting(processes: Iterable["ProgramProcess"]) -> tuple[Waiting, ...]:
    """Every thread that waits, in order of its start."""
    return tuple(
        _describe(thread) for process in processes for thread in process.threads if thread.blocked is not None
    )


def _describe(thread: ProgramThread) -> Waiting:
    process = thread.process
    arguments = ", ".join(_short(argument) for argument in thread.arguments)
    files = tuple(f"{number} is {describe_file(thread, file)}" for number, file in watched(thread)[:8])
    if process.kernel_process.stopped:
        files = ("the process is stopped (SIGSTOP)", *files)
    call = f"{thread.call_name}({arguments})"
    where = thread.place()
    name, values = thread.call_name, thread.arguments
    return Waiting(process.name, process.host_name, thread.name, call, files, where, thread.since_ns, name, values)


def _short(argument: object) -> str:
    text = repr(argument)
    return text if len(text) <= 60 else f"{text[:57]}..."


def describe_file(thread: ProgramThread, file: OpenFile) -> str:
    """A descriptor's file in words: `a stream socket 10.0.0.2:40000 -> 10.0.0.1:5000`."""
    if not isinstance(file, Socket):
        return {"pipe": "a pipe", "epoll": "an epoll instance", "console": "the console"}.get(file.kind, file.kind)
    kind = KINDS.get(file.type, "a socket")
    if file.type == linux.SOCK_DGRAM and (file.domain, file.protocol) in PING:
        kind = "a ping socket"
    if _welcomes(thread, file, "poll") and file.type in (linux.SOCK_STREAM, linux.SOCK_SEQPACKET):
        kind = "a listening socket"
    words = [kind]
    try:
        words.append(_address(file.getsockname()))
        words.append(f"-> {_address(file.getpeername())}")
    except KernelError:
        pass
    return " ".join(word for word in words if word)


def _address(address: Sockaddr) -> str:
    if isinstance(address, SockaddrIn | SockaddrIn6):
        return format_endpoint(address.address, address.port)
    if isinstance(address, SockaddrUn):
        return address.path.decode("utf-8", "backslashreplace").replace("\0", "@") or "(unnamed)"
    return ""
