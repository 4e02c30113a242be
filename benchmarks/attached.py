"""Attached processes: what a call costs that goes to another process, beside the kernel's own call.

The same scripts run under `farhost exec` beside `farhost up`, and on the operating system. A call of an attached
process is a message to the network's process and one back; so what two processes of the machine need to say 64 bytes
to each other and hear an answer is measured too, for processes that wait at once (`spin.py` has what looking saves).
"""

import contextlib
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks.measure import PROGRAMS

FARHOST = [sys.executable, "-m", "farhost"]
NAMES = {
    "getsockname": "getsockname",
    "pair64": "send and recv, 64 B on a Unix stream",
    "pair64k": "send and recv, 64 KiB on a Unix stream",
}


@contextlib.contextmanager
def network(*words: str, prefix: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    """A network that is up; the environment for commands beside it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder}
        up = subprocess.Popen(
            [*prefix, *FARHOST, "up", "--foreground", *words], env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert up.stdout is not None
            if "is up" not in up.stdout.readline():
                raise SystemExit("the network did not come up")
            yield environment
        finally:
            up.terminate()
            up.communicate()


def on_host(host: str, *command: str) -> list[str]:
    """The command, on a host of the network."""
    return [*FARHOST, "exec", "--host", host, "--", sys.executable, *command]


def calls(command: list[str], environment: dict[str, str] | None = None) -> dict[str, float]:
    """What `attached_calls.py` prints."""
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def round_trips(server: list[str], client: list[str], environment: dict[str, str] | None = None) -> float:
    """64 B echoes a second between two processes: the client's time with many rounds, less that with few."""
    took = []
    for rounds in (200, 4200):
        listening = subprocess.Popen(server, env=environment)
        time.sleep(1)
        began = time.perf_counter()
        subprocess.run([*client, str(rounds)], env=environment, check=True)
        took.append(time.perf_counter() - began)
        listening.wait()
    return 4000 / (took[1] - took[0])


def to_another_us(size: int, shared: bool = False, rounds: int = 20_000) -> float:
    """`size` bytes to another process over a Unix stream and 64 back, in microseconds; `shared`: in shared memory
    instead, with 64 bytes that say so."""
    one, other = socket.socketpair()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    place = mmap.mmap(-1, size)
    expected = 64 if shared else size
    if not os.fork():
        one.close()
        buffer = bytearray(size)
        while other.recv_into(buffer, expected, socket.MSG_WAITALL):
            if shared:
                buffer[:] = place
            other.send(buffer[:64])
        os._exit(0)
    other.close()
    data, message, answer = bytes(size), bytes(64), bytearray(64)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds // 5):
            if shared:
                place[:] = data
                one.send(message)
            else:
                one.sendall(data)
            one.recv_into(answer)
        best = min(best, time.perf_counter() - began)
    one.close()
    os.wait()
    return best / (rounds // 5) * 1e6


def report(repeat: int = 4000) -> None:
    """Print what calls and round trips cost, attached and on the operating system."""
    script = str(PROGRAMS / "attached_calls.py")
    port = free_port()
    print("attached processes: a call that goes to the network's process, beside the kernel's own; best of 5")
    with network("--host", "one", "--host", "two") as environment:
        attached = calls(on_host("one", script, str(repeat)), environment)
        kernels = calls([sys.executable, script, str(repeat)])
        bare = {
            "64 B to another process and back": to_another_us(64),
            "64 KiB to another process, 64 B back": to_another_us(1 << 16),
            "the same through shared memory": to_another_us(1 << 16, shared=True),
        }
        for name, words in NAMES.items():
            ratio = attached[name] / kernels[name]
            print(f"  {words:43} attached {attached[name]:6.1f} us   kernel {kernels[name]:5.1f} us   x {ratio:.0f}")
        for words, took in bare.items():
            print(f"  {words:43} {'':17} kernel {took:5.1f} us")
        echo = [str(PROGRAMS / "echo_server.py"), port], [str(PROGRAMS / "echo_client.py")]
        ours = round_trips(on_host("one", *echo[0]), on_host("two", *echo[1], "one", port), environment)
    theirs = round_trips([sys.executable, *echo[0]], [sys.executable, *echo[1], "127.0.0.1", port])
    print(
        f"  {'64 B TCP echo between two processes':43} attached {ours:6,.0f}/s   kernel {theirs:7,.0f}/s   "
        f"ratio {ours / theirs:.3f}"
    )


def free_port() -> str:
    """A port that nobody on the machine has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


if __name__ == "__main__":
    report()
