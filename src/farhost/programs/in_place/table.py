"""Which functions ask who calls, and how they decide. To add one is one name in a row.

A row names the module whose attribute is replaced and the stand-in that has the function for a simulated caller. What
is not in the table stays the machine's for everybody: ordinary files, the environment, standard streams, `atexit`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from farhost.programs.in_place import dispatch


class Row(NamedTuple):
    """Functions of one module that decide in the same way."""

    module: str
    stand_in: str
    decide: Callable[[Callable[..., Any], str], Callable[..., Any]]
    names: str
    """Separated by spaces."""


ROWS = (
    Row(
        "time",
        "time",
        dispatch.always,
        """sleep time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns
        thread_time thread_time_ns clock_gettime clock_gettime_ns clock_getres clock_settime clock_settime_ns
        get_clock_info gmtime localtime asctime ctime strftime mktime""",
    ),
    Row("select", "select", dispatch.always, "select poll"),
    Row(
        "_socket",
        "_socket",
        dispatch.always,
        """socketpair close getdefaulttimeout setdefaulttimeout gethostname sethostname getaddrinfo getnameinfo
        gethostbyname gethostbyname_ex gethostbyaddr getservbyname getservbyport getprotobyname if_nameindex
        if_nametoindex if_indextoname""",
    ),
    Row("_socket", "_socket", dispatch.always_but_sockets, "dup"),
    Row("fcntl", "fcntl", dispatch.on_descriptor, "fcntl ioctl flock lockf"),
    Row(
        "_signal",
        "_signal",
        dispatch.always,
        """signal getsignal siginterrupt set_wakeup_fd raise_signal pthread_kill pthread_sigmask sigpending sigwait
        sigwaitinfo sigtimedwait pause setitimer getitimer alarm""",
    ),
    Row(
        "_thread",
        "_thread",
        dispatch.always,
        """start_new_thread start_new get_ident get_native_id _count stack_size interrupt_main _get_main_thread_ident
        _make_thread_handle""",
    ),
    Row(
        "os",
        "posix",
        dispatch.on_descriptor,
        """close lseek ftruncate fsync fdatasync fchmod fchown pread preadv pwrite
        pwritev fstatvfs isatty get_blocking set_blocking get_inheritable set_inheritable get_terminal_size
        fstat eventfd_read eventfd_write timerfd_settime timerfd_settime_ns timerfd_gettime
        timerfd_gettime_ns""",
    ),
    Row("os", "posix", dispatch.on_stream, "read write readv writev dup dup2 sendfile"),
    Row("resource", "resource", dispatch.always, "getrlimit setrlimit prlimit getrusage"),
    Row(
        "os",
        "posix",
        dispatch.always,
        """pipe pipe2 eventfd timerfd_create getpid getppid getuid geteuid getgid getegid getresuid getresgid
        getgroups getlogin getpgrp getpgid getsid setsid setpgid setpgrp umask kill killpg _exit abort nice
        getpriority setpriority sched_yield waitpid wait wait3 wait4 waitid urandom getrandom uname sysconf times
        cpu_count sched_getaffinity sched_setaffinity getloadavg fork execv execve posix_spawn posix_spawnp system
        setuid setgid seteuid setegid setreuid setregid setresuid setresgid setgroups initgroups""",
    ),
    Row("os", "os", dispatch.never("process"), "forkpty pidfd_open setns unshare chroot"),
    Row("_posixsubprocess", "_posixsubprocess", dispatch.never("process"), "fork_exec"),
    Row("_signal", "signal", dispatch.never("signal"), "pidfd_send_signal"),
    Row("faulthandler", "faulthandler", dispatch.never("thread"), "dump_traceback_later register"),
    Row("uuid", "uuid", dispatch.always, "uuid1 getnode"),
    Row("platform", "platform", dispatch.always, "uname platform"),
    Row("tempfile", "tempfile", dispatch.always, "_get_candidate_names"),
    Row("os", "posix", dispatch.on_path, "stat lstat unlink remove chmod access rename replace"),
    Row("os", "posix", dispatch.on_directory, "listdir scandir rmdir"),
    Row("os", "posix", dispatch.then_look, "chdir fchdir"),
    Row("io", "_io", dispatch.on_descriptor, "open"),
    Row(
        "random",
        "random",
        dispatch.always,
        """seed random uniform triangular randint choice randrange sample shuffle choices normalvariate
        lognormvariate expovariate vonmisesvariate gammavariate gauss betavariate binomialvariate paretovariate
        weibullvariate getstate setstate getrandbits randbytes""",
    ),
)

EXISTING_LOCKS = (("concurrent.futures.thread", "_global_shutdown_lock"),)
"""Locks of the standard library's modules that are held while a thread starts: simulated threads may meet there."""
