"""System calls as strace(1) writes them, from the trace's `SystemCall` events.

`sendto(4, "hello\\n", 6, MSG_NOSIGNAL, NULL, 0) = 6`. The trace has the waist's arguments, which are C's without the
pointers and lengths (`farhost.kernel.syscalls`); one rule for each call puts these back. A call without a rule is
written with its plain values, so that a new one shows at once.
"""

import os
from collections.abc import Callable
from typing import Any

from farhost.report import values as v
from farhost.report.internet_values import control_text, type_filter
from farhost.trace.events import SystemCall
from farhost.wire import linux, names
from farhost.wire.names import flags_text, name_of

Rule = Callable[[tuple[Any, ...], Any], tuple[list[str], str]]
"""(arguments, result or None if it failed) -> (each argument as written, the result as written). What the arguments
are, the call's row in `farhost.kernel.syscalls.table` says, so they are Any here."""

_DISPOSITIONS = {0: "SIG_DFL", 1: "SIG_IGN", 2: "handler"}


def format_call(call: SystemCall) -> str:
    """One line: the call, its arguments, and its result or error.

    >>> print(format_call(SystemCall(0, "a", "a", 100, "listen", (3, 5), None, 0, 1000)))
    listen(3, 5) = 0
    >>> print(format_call(SystemCall(0, "a", "a", 100, "close", (9,), None, 9, 1000)))
    close(9) = -1 EBADF (Bad file descriptor)
    """
    rule = _RULES.get(call.name, _plain)
    arguments, result = rule(call.arguments, None if call.error else call.result)
    if call.error:
        result = f"-1 {v.error_name(call.error)} ({os.strerror(call.error)})"
    return f"{call.name}({', '.join(arguments)}) = {result}"


def format_pending(name: str, arguments: tuple[object, ...]) -> str:
    """A call that has not returned: what it was called with.

    >>> format_pending("accept4", (3, 524288))
    'accept4(3, NULL, NULL, SOCK_CLOEXEC)'
    """
    written, _ = _RULES.get(name, _plain)(arguments, None)
    return f"{name}({', '.join(written)})"


def _plain(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [v.plain(value) for value in arguments], "0" if result is None else v.plain(result)


def _socket(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    domain, kind, protocol = arguments
    if domain in (linux.AF_INET, linux.AF_INET6):
        named = name_of(protocol, names.PROTOCOL_NAMES)
    else:
        named = str(protocol)
    return [name_of(domain, names.FAMILY_NAMES), names.type_text(kind), named], str(result)


def _socketpair(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    written, _ = _socket(arguments, None)
    return [*written, v.plain(result) if result else "..."], "0"


def _with_address(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    """bind, connect."""
    fd, address = arguments
    return [str(fd), v.sockaddr(address), str(v.address_size(address))], "0"


def _asks_address(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    """getsockname, getpeername."""
    if result is None:
        return [str(arguments[0]), "...", "[0]"], ""
    return [str(arguments[0]), v.sockaddr(result), f"[{v.address_size(result)}]"], "0"


def _accept4(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, flags = arguments
    accepted, address = result if result is not None else ("", None)
    size = f"[{v.address_size(address)}]" if address is not None else "NULL"
    return [str(fd), v.sockaddr(address), size, flags_text(flags, names.TYPE_FLAG_NAMES)], str(accepted)


def _shutdown(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [str(arguments[0]), name_of(arguments[1], names.SHUTDOWN_NAMES)], "0"


def _option_value(level: int, name: int, value: bytes) -> str:
    """An integer in brackets, the structures that have names, or the bytes."""
    if (level, name) == (linux.SOL_SOCKET, linux.SO_LINGER) and len(value) == 8:
        on, seconds = _int(value), _int(value[4:])
        return f"{{l_onoff={on}, l_linger={seconds}}}"
    if level == linux.SOL_SOCKET and name in (linux.SO_RCVTIMEO, linux.SO_SNDTIMEO) and len(value) == 16:
        seconds, microseconds = (int.from_bytes(part, "little", signed=True) for part in (value[:8], value[8:]))
        return f"{{tv_sec={seconds}, tv_usec={microseconds}}}"
    if (level, name) == (linux.SOL_RAW, linux.ICMP_FILTER):
        return type_filter(value, names.ICMP_TYPE_NAMES)
    if (level, name) == (linux.SOL_ICMPV6, linux.ICMPV6_FILTER):
        return type_filter(value, names.ICMPV6_TYPE_NAMES)
    if (level, name) == (linux.SOL_SOCKET, linux.SO_PEERCRED) and len(value) == 12:
        return _credentials(value)
    if (level, name) == (linux.SOL_SOCKET, linux.SO_ERROR) and len(value) == 4 and _int(value):
        return f"[{v.error_name(_int(value))}]"
    return f"[{_int(value)}]" if len(value) == 4 else v.quote(value)


def _credentials(value: bytes) -> str:
    """struct ucred."""
    return f"{{pid={_int(value)}, uid={_int(value[4:])}, gid={_int(value[8:])}}}"


def _int(value: bytes) -> int:
    return int.from_bytes(value[:4], "little", signed=True)


def _setsockopt(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, level, name, value = arguments
    written = _option_value(level, name, value)
    return [str(fd), _level(level), names.option_name(level, name), written, str(len(value))], "0"


def _getsockopt(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, level, name, size = arguments
    value, length = ("...", size) if result is None else (_option_value(level, name, result), len(result))
    return [str(fd), _level(level), names.option_name(level, name), value, f"[{length}]"], "0"


def _level(level: int) -> str:
    return name_of(level, names.LEVEL_NAMES)


def _sendto(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, data, flags, address = arguments
    target = [v.sockaddr(address), str(v.address_size(address))]
    return [str(fd), v.quote(data), str(len(data)), flags_text(flags, names.MESSAGE_FLAG_NAMES), *target], str(result)


def _recvfrom(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, size, flags = arguments
    if result is None:
        return [str(fd), "...", str(size), flags_text(flags, names.MESSAGE_FLAG_NAMES), "NULL", "NULL"], ""
    address = result.address
    source = ["NULL", "NULL"] if address is None else [v.sockaddr(address), f"[{v.address_size(address)}]"]
    written = [str(fd), v.quote(result.data), str(size), flags_text(flags, names.MESSAGE_FLAG_NAMES), *source]
    return written, str(len(result.data))


def _message(address: Any, vector: list[str], control: tuple[Any, ...], flags: int) -> str:
    name = f"msg_name={v.sockaddr(address)}, msg_namelen={v.address_size(address)}"
    pieces = f"msg_iov=[{', '.join(vector)}], msg_iovlen={len(vector)}"
    ancillary = "msg_controllen=0"
    if control:
        items = ", ".join(_ancillary(*item) for item in control)
        size = sum(16 + -(-len(data) // 8) * 8 for _, _, data in control)
        ancillary = f"msg_control=[{items}], msg_controllen={size}"
    return f"{{{name}, {pieces}, {ancillary}, msg_flags={flags_text(flags, names.MESSAGE_FLAG_NAMES)}}}"


def _ancillary(level: int, kind: int, data: bytes) -> str:
    if (level, kind) == (linux.SOL_SOCKET, linux.SCM_RIGHTS):
        descriptors = [_int(data[at : at + 4]) for at in range(0, len(data) - 3, 4)]
        return f"{{cmsg_len={16 + len(data)}, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data={descriptors}}}"
    if (level, kind) == (linux.SOL_SOCKET, linux.SCM_CREDENTIALS) and len(data) == 12:
        who = _credentials(data)
        return f"{{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={who}}}"
    rest = control_text(level, kind, data) or f"cmsg_type={kind:#x}, cmsg_data={v.quote(data)}"
    return f"{{cmsg_len={16 + len(data)}, cmsg_level={_level(level)}, {rest}}}"


def _sendmsg(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, chunks, address, control, flags = arguments
    vector = [f"{{iov_base={v.quote(chunk)}, iov_len={len(chunk)}}}" for chunk in chunks]
    return [str(fd), _message(address, vector, control, 0), flags_text(flags, names.MESSAGE_FLAG_NAMES)], str(result)


def _recvmsg(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, size, _, flags = arguments
    if result is None:
        return [str(fd), f"{{msg_iov=[{{iov_len={size}}}]}}", flags_text(flags, names.MESSAGE_FLAG_NAMES)], ""
    vector = [f"{{iov_base={v.quote(result.data)}, iov_len={size}}}"]
    message = _message(result.address, vector, result.control, result.flags)
    return [str(fd), message, flags_text(flags, names.MESSAGE_FLAG_NAMES)], str(len(result.data))


def _read(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, size = arguments
    if result is None:
        return [str(fd), "...", str(size)], ""
    return [str(fd), v.quote(result), str(size)], str(len(result))


def _write(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, data = arguments
    return [str(fd), v.quote(data), str(len(data))], str(result)


def _vector(chunks: tuple[Any, ...], sizes: tuple[int, ...]) -> str:
    pairs = zip(chunks, sizes, strict=True)
    return "[" + ", ".join(f"{{iov_base={v.quote(chunk)}, iov_len={size}}}" for chunk, size in pairs) + "]"


def _filled(sizes: tuple[int, ...], data: bytes | None) -> str:
    """The buffers of a vectored read, with what each got."""
    if data is None:
        return "[" + ", ".join(f"{{iov_len={size}}}" for size in sizes) + "]"
    chunks: list[bytes] = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return _vector(tuple(chunks), sizes)


def _readv(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    """readv, preadv2."""
    fd, sizes, *rest = arguments
    return [str(fd), _filled(sizes, result), str(len(sizes)), *_position(rest)], str(len(result or b""))


def _writev(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    """writev, pwritev2."""
    fd, chunks, *rest = arguments
    return [str(fd), _vector(chunks, tuple(map(len, chunks))), str(len(chunks)), *_position(rest)], str(result)


def _position(rest: list[int]) -> list[str]:
    return [str(rest[0]), flags_text(rest[1], names.VECTOR_FLAG_NAMES)] if rest else []


def _vmsplice(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    written, answer = _writev(arguments[:2], result)
    return [*written, flags_text(arguments[2], names.SPLICE_FLAG_NAMES)], answer


def _eventfd2(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [str(arguments[0]), flags_text(arguments[1], names.EVENT_FLAG_NAMES)], str(result)


def _dup3(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, new, flags = arguments
    return [str(fd), str(new), flags_text(flags, names.OPEN_FLAG_NAMES)], str(result)


def _pipe2(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [v.plain(result) if result else "...", flags_text(arguments[0], names.OPEN_FLAG_NAMES)], "0"


def _fcntl(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, command, argument = arguments
    name = name_of(command, names.FCNTL_NAMES)
    if command == linux.F_GETFL:
        return [str(fd), name], f"{result:#x} (flags {names.open_flags_text(result)})" if result is not None else ""
    if command == linux.F_SETFL:
        return [str(fd), name, names.open_flags_text(argument)], "0"
    if command == linux.F_GETFD:
        return [str(fd), name], "0x1 (flags FD_CLOEXEC)" if result else "0"
    if command == linux.F_SETFD:
        return [str(fd), name, "FD_CLOEXEC" if argument & 1 else "0"], "0"
    if command == linux.F_GETOWN:
        return [str(fd), name], str(result)
    if command == linux.F_SETOWN and argument >> 31:
        argument -= 1 << 32
    return [str(fd), name, str(argument)], str(result)


def _ioctl(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, request, argument = arguments
    value = argument if result is None else result
    written = f"[{_int(value)}]" if isinstance(value, bytes) and len(value) == 4 else v.plain(value)
    return [str(fd), name_of(request, names.IOCTL_NAMES), written], "0"


def _stat(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    """stat, fstat."""
    answer = "..." if result is None else f"{{st_mode={v.mode(result.mode)}, st_size={result.size}, ...}}"
    return [v.plain(arguments[0]), answer], "0"


def _poll(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    watched, timeout_ns = arguments
    listed = ", ".join(f"{{fd={fd}, events={flags_text(events, names.POLL_NAMES)}}}" for fd, events in watched)
    written = [f"[{listed}]", str(len(watched)), v.milliseconds(timeout_ns)]
    if not result:
        return written, "0 (Timeout)"
    ready = ", ".join(f"{{fd={fd}, revents={flags_text(events, names.POLL_NAMES)}}}" for fd, events in result)
    return written, f"{len(result)} ([{ready}])"


def _select(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    *sets, timeout_ns = arguments
    highest = max((fd for fds in sets for fd in fds), default=-1)
    timeout = "NULL"
    if timeout_ns is not None:
        timeout = f"{{tv_sec={timeout_ns // 1_000_000_000}, tv_usec={timeout_ns % 1_000_000_000 // 1000}}}"
    written = [str(highest + 1), *(_fd_set(fds) if fds else "NULL" for fds in sets), timeout]
    if result is None or not any(result):
        return written, "0 (Timeout)"
    ready = ", ".join(f"{name} {_fd_set(fds)}" for name, fds in zip(("in", "out", "except"), result) if fds)
    return written, f"{sum(map(len, result))} ({ready})"


def _fd_set(fds: tuple[int, ...]) -> str:
    return "[" + " ".join(map(str, fds)) + "]"


def _epoll_create1(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return ["EPOLL_CLOEXEC" if arguments[0] & linux.EPOLL_CLOEXEC else "0"], str(result)


def _epoll_ctl(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    epfd, operation, fd, events, data = arguments
    event = f"{{events={flags_text(events, names.EPOLL_NAMES)}, data={{u32={data & 0xFFFFFFFF}, u64={data}}}}}"
    return [str(epfd), name_of(operation, names.EPOLL_CTL_NAMES), str(fd), event], "0"


def _epoll_wait(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    epfd, maximum, timeout_ns = arguments
    ready = ", ".join(
        f"{{events={flags_text(bits, names.EPOLL_NAMES)}, data={{u32={data & 0xFFFFFFFF}, u64={data}}}}}"
        for data, bits in result or ()
    )
    return [str(epfd), f"[{ready}]", str(maximum), v.milliseconds(timeout_ns)], str(len(result or ()))


def _chmod(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [v.plain(arguments[0]), f"0{arguments[1]:o}"], "0"


def _umask(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [f"0{arguments[0]:o}"], f"0{result or 0:o}"


def _sethostname(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [v.quote(arguments[0]), str(len(arguments[0]))], "0"


def _kill(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [str(arguments[0]), v.signal_name(arguments[1])], "0"


def _sigaction(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    number, disposition = arguments
    old = _DISPOSITIONS.get(result, v.plain(result))
    return [v.signal_name(number), _DISPOSITIONS.get(disposition, str(disposition)), old], "0"


def _prlimit64(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    pid, resource, new = arguments
    asked = v.limits(new) if new else "NULL"
    old = "NULL" if new else "..." if result is None else v.limits(result)
    return [str(pid), name_of(resource, names.LIMIT_NAMES), asked, old], "0"


def _close_range(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    first, last, flags = arguments
    return [str(first), str(last), flags_text(flags, names.CLOSE_RANGE_NAMES)], "0"


def _timerfd_create(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    clock, flags = arguments
    return [name_of(clock, names.CLOCK_NAMES), flags_text(flags, names.TIMER_FLAG_NAMES)], str(result)


def _itimerspec(setting: tuple[int, int]) -> str:
    initial_ns, interval_ns = setting
    return f"{{it_interval={v.timespec(interval_ns)}, it_value={v.timespec(initial_ns)}}}"


def _timerfd_settime(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    fd, flags, *setting = arguments
    old = "..." if result is None else _itimerspec(result)
    initial_ns, interval_ns = setting
    written = [flags_text(flags, names.TIMER_SET_FLAG_NAMES), _itimerspec((initial_ns, interval_ns))]
    return [str(fd), *written, old], "0"


def _timerfd_gettime(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [str(arguments[0]), "..." if result is None else _itimerspec(result)], "0"


def _nanosleep(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [v.timespec(arguments[0]), "NULL"], "0"


def _clock_gettime(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [name_of(arguments[0], names.CLOCK_NAMES), v.timespec(result)], "0"


def _exit(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    return [str(arguments[0])], "?"


def _getrandom(arguments: tuple[Any, ...], result: Any) -> tuple[list[str], str]:
    size = arguments[0]
    return [v.quote(result or b""), str(size), "0"], str(len(result or b""))


_RULES: dict[str, Rule] = {
    "socket": _socket,
    "socketpair": _socketpair,
    "bind": _with_address,
    "connect": _with_address,
    "accept4": _accept4,
    "getsockname": _asks_address,
    "getpeername": _asks_address,
    "shutdown": _shutdown,
    "setsockopt": _setsockopt,
    "getsockopt": _getsockopt,
    "sendto": _sendto,
    "recvfrom": _recvfrom,
    "sendmsg": _sendmsg,
    "recvmsg": _recvmsg,
    "read": _read,
    "write": _write,
    "readv": _readv,
    "writev": _writev,
    "preadv2": _readv,
    "pwritev2": _writev,
    "vmsplice": _vmsplice,
    "eventfd2": _eventfd2,
    "dup3": _dup3,
    "pipe2": _pipe2,
    "fcntl": _fcntl,
    "ioctl": _ioctl,
    "stat": _stat,
    "fstat": _stat,
    "poll": _poll,
    "select": _select,
    "epoll_create1": _epoll_create1,
    "epoll_ctl": _epoll_ctl,
    "epoll_wait": _epoll_wait,
    "chmod": _chmod,
    "umask": _umask,
    "sethostname": _sethostname,
    "kill": _kill,
    "sigaction": _sigaction,
    "prlimit64": _prlimit64,
    "close_range": _close_range,
    "timerfd_create": _timerfd_create,
    "timerfd_settime": _timerfd_settime,
    "timerfd_gettime": _timerfd_gettime,
    "nanosleep": _nanosleep,
    "clock_gettime": _clock_gettime,
    "exit": _exit,
    "getrandom": _getrandom,
}
