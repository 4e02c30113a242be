"""Ways out by signals, names of the machine, and its entropy (`escape_ways`)."""

import _random
import ctypes
import importlib
import multiprocessing
import os
import platform
import random
import secrets
import signal
import socket
import ssl
import tempfile
import threading
import uuid

from escape_way import ABSENT, REFUSED, RESIDUE, Inside, takes, way

# Signals.


@way("signal")
def kill_of_a_process_of_the_machine() -> Inside:
    kill = os.kill

    def inside() -> bool:
        try:
            kill(REAL_PID, 0)
        except ProcessLookupError:
            return True
        return False

    return inside


REAL_PID = int(os.readlink("/proc/self"))


@way("signal", place=REFUSED)
def kill_in_a_tuple() -> Inside:
    kept = (os.kill,)
    return lambda: kept[0](os.getpid(), 0) is None


@way("signal")
def killpg_of_the_machine() -> Inside:
    def inside() -> bool:
        try:
            os.killpg(REAL_PID, 0)
        except ProcessLookupError:
            return True
        return False

    return inside


@way("signal", ABSENT, REFUSED)
def pidfd_of_the_machine() -> Inside:
    captured = getattr(os, "pidfd_open", None)
    return lambda: captured(REAL_PID)


@way("signal")
def alarm_captured() -> Inside:
    set_timer, install, wait = signal.setitimer, signal.signal, signal.pause

    def inside() -> bool:
        seen: list[int] = []
        install(signal.SIGALRM, lambda number, frame: seen.append(number))
        set_timer(signal.ITIMER_REAL, 0.01)
        return takes(wait) and seen == [signal.SIGALRM]

    return inside


@way("signal")
def signal_raised() -> Inside:
    raise_it = signal.raise_signal

    def inside() -> bool:
        seen: list[int] = []
        signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        raise_it(signal.SIGUSR1)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        return seen == [signal.SIGUSR1] * 2

    return inside


# Identity.


@way("identity")
def pid_and_parent() -> Inside:
    pid, parent = os.getpid, os.getppid
    return lambda: pid() == 100 and parent() == 1


@way("identity")
def names_of_the_host() -> Inside:
    return lambda: socket.gethostname() == platform.node() == os.uname().nodename == platform.uname().node == "box"


@way("identity")
def description_of_the_host() -> Inside:
    return lambda: "6.1.0" in platform.platform() and platform.processor() == ""


@way("identity")
def number_of_processors() -> Inside:
    return lambda: os.cpu_count() == multiprocessing.cpu_count() == len(os.sched_getaffinity(0)) == 4


# Entropy: what is drawn, three times.


@way("entropy")
def entropy_of_the_system() -> Inside:
    captured, other = os.urandom, os.getrandom
    return lambda: (captured(8), other(8), os.urandom(8))


@way("entropy")
def random_of_the_module() -> Inside:
    captured = random.random
    return lambda: (captured(), random.randint(0, 1 << 60), random.choice(range(1 << 40)))


@way("entropy")
def random_of_a_new_generator() -> Inside:
    made = random.Random
    return lambda: (made().random(), random.SystemRandom().random(), random.Random(None).random())


@way("entropy")
def secrets_of_the_module() -> Inside:
    captured = secrets.token_hex
    return lambda: (captured(8), secrets.token_bytes(8), secrets.randbelow(1 << 60))


@way("entropy")
def uuid_of_time_and_of_chance() -> Inside:
    first, fourth = uuid.uuid1, uuid.uuid4
    return lambda: (first().hex, fourth().hex, uuid.getnode())


@way("entropy")
def entropy_of_tls() -> Inside:
    captured = ssl.RAND_bytes
    return lambda: (captured(8), ssl.RAND_bytes(8))


@way("entropy")
def names_of_temporary_files() -> Inside:
    return lambda: (os.path.basename(tempfile.mktemp()), os.path.basename(tempfile.mktemp()))


@way("entropy", REFUSED, REFUSED)
def entropy_in_a_file() -> Inside:
    def inside() -> bytes:
        with open("/dev/urandom", "rb") as file:
            return file.read(8)

    return inside


@way("entropy", REFUSED, REFUSED)
def entropy_in_a_descriptor() -> Inside:
    return lambda: os.read(os.open("/dev/random", os.O_RDONLY), 8)


@way("entropy", REFUSED, REFUSED)
def entropy_of_ctypes() -> Inside:
    return lambda: ctypes.CDLL(None).getrandom


@way("entropy", place=RESIDUE, quoted="`_random.Random`")
def random_of_c() -> Inside:
    made = _random.Random
    return lambda: made().random()


@way("entropy", place=RESIDUE, quoted="A generator that was made before")
def generator_made_outside() -> Inside:
    made = random.Random()
    return lambda: made.random()


@way("entropy", ABSENT, ABSENT)
def entropy_of_numpy() -> Inside:
    return lambda: importlib.import_module("numpy").random.default_rng().random()
