"""A pinned interpreter that carries out batches for one that is not: a cluster's worker, whose hash seed is random.

`python -m farhost.explore.pinned` reads (case, batch) from its standard input and writes verdicts to its standard
output, pickled, each with its length before it. Its end is the end of its input.
"""

import os
import pickle
import struct
import subprocess
import sys
from typing import IO, Any

from farhost.explore.orders import Case, Orders, Verdict
from farhost.explore.workers import carry_out_here, close_forks
from farhost.programs.pinning import HASH_SEED, ask_for_steady_addresses

_HEADER = struct.Struct("<Q")


class PinnedProcess:
    """One such interpreter."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **HASH_SEED},
            preexec_fn=ask_for_steady_addresses,
        )

    def carry_out(self, case: Case, batch: tuple[Orders, ...]) -> list[Verdict]:
        """`farhost.explore.workers.carry_out`. RuntimeError if the process dies."""
        assert self._process.stdin is not None and self._process.stdout is not None
        write(self._process.stdin, (case, batch))
        answer = read(self._process.stdout)
        if answer is None:
            raise RuntimeError(f"the interpreter that carries out runs has ended: status {self._process.wait()}")
        if isinstance(answer, Exception):
            raise answer
        verdicts: list[Verdict] = answer
        return verdicts

    def close(self) -> None:
        """End it, and wait for that."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def write(output: IO[bytes], value: object) -> None:
    """One value, with its length before it."""
    data = pickle.dumps(value)
    output.write(_HEADER.pack(len(data)) + data)
    output.flush()


def read(source: IO[bytes]) -> Any:
    """One value; None at the end."""
    header = source.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    return pickle.loads(source.read(_HEADER.unpack(header)[0]))


def main() -> None:
    """Serve until the input ends."""
    source, output = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    try:
        while (asked := read(source)) is not None:
            try:
                write(output, carry_out_here(*asked))
            except Exception as error:
                write(output, error)
    finally:
        close_forks()


if __name__ == "__main__":
    main()
