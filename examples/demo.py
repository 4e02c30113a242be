"""The main job, as `make demo` runs it: each line that begins with `$` is a command that you can run yourself."""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parent
BAD_LINK = "delay=40ms loss=20% reorder=10%"


def run(title: str, *words: str) -> bool:
    """Print a command and run it; True when it passed."""
    print(f"\n=== {title}\n$ farhost {shlex.join(words)}", flush=True)
    return subprocess.run([sys.executable, "-m", "farhost", *words], cwd=EXAMPLES.parent, check=False).returncode == 0


def pairs() -> list[bool]:
    """The four IP pairs over a bad link, the two Unix pairs each on one host, and a ping."""
    passed = []
    for family in ("ipv4", "ipv6"):
        for kind in ("stream", "datagram"):
            folder = f"examples/{family}_{kind}"
            passed.append(
                run(
                    f"{family} {kind} over {BAD_LINK}",
                    *("run", f"{folder}/server.py 5000", f"{folder}/client.py server 5000"),
                    *("--link", BAD_LINK, "--seed", "7"),
                )
            )
    for kind in ("stream", "datagram"):
        folder = f"examples/unix_{kind}"
        passed.append(
            run(
                f"unix {kind}: both programs on the host `box`; the bad link is not theirs",
                *("run", f"box={folder}/server.py demo.sock", f"box={folder}/client.py demo.sock"),
                *("--link", BAD_LINK, "--seed", "7"),
            )
        )
    passed.append(
        run(
            f"ping over {BAD_LINK}: the host's kernel answers, not its program",
            *("run", "server=examples/ipv4_datagram/server.py 5000", "client=examples/ping/ping.py server 5"),
            *("--link", BAD_LINK, "--seed", "7"),
        )
    )
    return passed


def handed_over() -> bool:
    """One process accepts, another on its host serves."""
    return run(
        f"accepted connections, handed to a worker over a Unix socket; over {BAD_LINK}",
        *("run", "server=examples/unix_rights/worker.py worker.sock"),
        "server=examples/unix_rights/acceptor.py 5000 worker.sock 3",
        *("client=examples/unix_rights/client.py server 5000 3", "--link", BAD_LINK, "--seed", "7"),
    )


def web(folder: Path) -> bool:
    """The standard library's own server and client, unmodified."""
    body = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(163_840))
    (folder / "file.bin").write_bytes(body)
    return run(
        "http.server and urllib.request: 5 MB over 2 % loss",
        *("run", f"server=-m http.server 8000 --directory {folder}"),
        f"client=examples/http/fetch.py http://server:8000/file.bin {hashlib.sha256(body).hexdigest()}",
        *("--link", "delay=20ms loss=2%", "--seed", "7"),
    )


def main() -> int:
    """Run everything; 0 when all passed."""
    began = time.perf_counter()
    passed = [*pairs(), handed_over()]
    with tempfile.TemporaryDirectory() as folder:
        passed.append(web(Path(folder)))
    print(f"\n{sum(passed)} of {len(passed)} runs passed in {time.perf_counter() - began:.1f} s of real time")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
