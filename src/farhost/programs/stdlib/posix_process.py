"""The calls of `posix` on the process and its host: pid, identity, signals, entropy, processors, the end.

Where the machine's answer would make a run depend on the machine (the number of processors, say), the answer is
fixed.
"""

import os
import posix as real
from operator import index
from typing import Any

from greenlet import GreenletExit

from farhost.programs.caller import WorldProcess
from farhost.wire import linux

PROCESSORS = 4
"""What every simulated host has, so that the size of a default thread pool does not depend on the machine."""


def make_process_calls(process: WorldProcess) -> dict[str, Any]:
    """The calls by name."""
    calls = _identity(process)
    calls.update(_control(process))
    calls.update(_waiting(process))
    calls.update(_host(process))
    return calls


def _identity(process: WorldProcess) -> dict[str, Any]:
    def uid() -> int:
        return process.uid

    def gid() -> int:
        return process.gid

    def leader(pid: int = 0, /) -> int:
        """There are no groups and sessions: each process leads its own."""
        return index(pid) or process.pid

    return {
        "getpid": lambda: process.pid,
        "getppid": lambda: process.call("getppid"),
        "getuid": uid,
        "geteuid": uid,
        "getgid": gid,
        "getegid": gid,
        "getresuid": lambda: (process.uid,) * 3,
        "getresgid": lambda: (process.gid,) * 3,
        "getgroups": lambda: [process.gid],
        "getlogin": lambda: process.user,
        "getpgrp": leader,
        "getpgid": leader,
        "getsid": leader,
        "setsid": leader,
        "setpgid": lambda pid, group, /: None,
        "setpgrp": lambda: None,
        "umask": lambda mask, /: process.call("umask", index(mask)),
    }


def _control(process: WorldProcess) -> dict[str, Any]:
    def kill(pid: int, signal: Any, /) -> None:
        process.call("kill", index(pid), index(signal))

    def leave(status: int) -> None:
        process.exit(status)
        raise GreenletExit

    def abort() -> None:
        process.call("sigaction", linux.SIGABRT, 0)
        process.call("kill", process.pid, linux.SIGABRT)

    def register_at_fork(**_: Any) -> None:
        """A simulated process never forks, and the machine's own list would keep this world alive for ever."""

    return {
        "kill": kill,
        "killpg": kill,
        "_exit": leave,
        "abort": abort,
        "register_at_fork": register_at_fork,
        "nice": lambda increment, /: 0,
        "getpriority": lambda which, who: 0,
        "setpriority": lambda which, who, priority: None,
        "sched_yield": lambda: process.call("nanosleep", 0),
    }


def _waiting(process: WorldProcess) -> dict[str, Any]:
    def waitpid(pid: int, options: int, /) -> tuple[int, int]:
        found: tuple[int, int] | None = process.call("wait4", index(pid), index(options))
        if found is None:  # A finalizer asks, after the end of the process.
            raise ChildProcessError(linux.ECHILD, os.strerror(linux.ECHILD))
        return found

    def wait4(pid: int, options: int) -> tuple[int, int, object]:
        found, status = waitpid(pid, options)
        return found, status, None

    def waitid(idtype: int, id: int, options: int, /) -> Any:
        """What has ended is what is waited for: nothing here tells of children that were stopped."""
        if options & real.WNOWAIT or idtype not in (real.P_ALL, real.P_PID, real.P_PGID):
            raise OSError(linux.EINVAL, os.strerror(linux.EINVAL))
        found, status = waitpid(index(id) if idtype == real.P_PID else -1, options & real.WNOHANG)
        if found == 0:
            return None
        ended = os.WIFEXITED(status)
        value = os.WEXITSTATUS(status) if ended else os.WTERMSIG(status)
        code = real.CLD_EXITED if ended else real.CLD_KILLED
        return real.waitid_result((found, process.uid, linux.SIGCHLD, value, code))

    return {
        "waitpid": waitpid,
        "waitid": waitid,
        "wait": lambda: waitpid(-1, 0),
        "wait3": lambda options: wait4(-1, options),
        "wait4": wait4,
    }


def _host(process: WorldProcess) -> dict[str, Any]:
    call = process.call
    began_ns = process.now_ns

    def urandom(size: int, /) -> bytes:
        size = index(size)
        if size < 0:
            raise ValueError("negative argument not allowed")
        return process.call("getrandom", size)  # type: ignore[no-any-return]

    def getrandom(size: int, flags: int = 0) -> bytes:
        if size < 0:
            raise OSError(linux.EINVAL, os.strerror(linux.EINVAL))
        return urandom(size)

    def uname() -> Any:
        (name,) = call("uname")
        return real.uname_result(("Linux", name, "6.1.0", "#1 SMP farhost", real.uname().machine))

    def sysconf(name: Any, /) -> int:
        if name in ("SC_OPEN_MAX", real.sysconf_names["SC_OPEN_MAX"]):
            return process.descriptor_limit()
        return real.sysconf(name)

    def times() -> Any:
        seconds = (process.look_at_clock() - began_ns) / 10**9
        return real.times_result((seconds, 0.0, 0.0, 0.0, seconds))

    return {
        "urandom": urandom,
        "getrandom": getrandom,
        "uname": uname,
        "sysconf": sysconf,
        "times": times,
        "cpu_count": lambda: PROCESSORS,
        "sched_getaffinity": lambda pid, /: set(range(PROCESSORS)),
        "sched_setaffinity": lambda pid, mask, /: None,
        "getloadavg": lambda: (0.0, 0.0, 0.0),
        "putenv": lambda name, value, /: None,
        "unsetenv": lambda name, /: None,
    }
