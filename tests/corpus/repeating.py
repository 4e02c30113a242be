"""Every run twice, under conditions that may change nothing: the hashes of their traces have to be equal."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from entries import HERE, every_entry
from searching import plan_of, say, working

from farhost.explore.search import first_orders, seeded_orders

Hash = tuple[str, str, bool]
"""Shape and content of a run's trace, and whether the run passed."""


class Conditions(NamedTuple):
    """What differs between the two times."""

    hash_seed: str
    backwards: bool
    folder: str
    """Where temporary files are, of another length."""


FIRST = Conditions("1", False, "a")
SECOND = Conditions("20261126", True, "another/place/for/temporary/files")
MOST_SHOWN = 20


def hashes(names: list[str], seeds: int, count: int, backwards: bool) -> Iterator[tuple[str, int, str, str, bool]]:
    """(program, seed, shape, content, whether it passed) of each run; `backwards`: the last one first, in batches of
    another size."""
    entries = [entry for entry in every_entry() if entry.name in names]
    plan = plan_of(seeds, every=True)
    for entry in reversed(entries) if backwards else entries:
        with working(entry, count) as workers:
            horizon_ns = workers.run([first_orders(plan)])[0].virtual_ns
            orders = list(seeded_orders(plan, horizon_ns))
            if backwards:
                orders.reverse()
            size = 7 if backwards else 16
            batches = [tuple(orders[start : start + size]) for start in range(0, len(orders), size)]
            for _, verdicts in workers.run_all(batches):
                for one in verdicts:
                    yield entry.text, one.seed, one.shape, one.content, one.ok


def run_all(
    conditions: Conditions, names: list[str], seeds: int, count: int, folder: Path
) -> dict[tuple[str, int], Hash]:
    """All runs, in a process of their own."""
    temporary = folder / conditions.folder
    temporary.mkdir(parents=True)
    command = [sys.executable, str(HERE), "hashes", "--seeds", str(seeds), "--workers", str(count)]
    command += [word for name in names for word in ("--only", name)]
    command += ["--backwards"] if conditions.backwards else []
    environment = {**os.environ, "PYTHONHASHSEED": conditions.hash_seed, "TMPDIR": str(temporary)}
    found: dict[tuple[str, int], Hash] = {}
    said_s = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            program, seed, shape, content, passed = json.loads(line)
            found[program, seed] = shape, content, passed
            if time.monotonic() - said_s > 20:
                said_s = time.monotonic()
                say(f"PYTHONHASHSEED={conditions.hash_seed}: {len(found)} runs, at {program}")
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    return found


def differences(first: dict[tuple[str, int], Hash], second: dict[tuple[str, int], Hash]) -> list[str]:
    """One line for each run that was not the same both times."""
    assert first.keys() == second.keys(), f"other runs: {first.keys() ^ second.keys()}"
    lines = []
    for (program, seed), one in first.items():
        other = second[program, seed]
        if one != other:
            hashes = f"shape {one[0]} {other[0]}, content {one[1]} {other[1]}"
            lines.append(f"DIFFERENT: {program}, seed {seed}: {hashes}")
    return lines


def determinism(names: list[str], runs: int, count: int) -> int:
    """Print how many runs are the same both times; the exit code."""
    programs = 2 * len(names)
    seeds = -(-runs // programs)
    began_s = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        first = run_all(FIRST, names, seeds, count, folder)
        second = run_all(SECOND, names, seeds, max(1, count - 1), folder)
    assert len(first) == programs * seeds, f"{len(first)} runs instead of {programs * seeds}"
    differ = differences(first, second)
    for line in differ[:MOST_SHOWN]:
        print(line)
    failed = sum(not passed for _, _, passed in first.values())
    print(
        f"{len(first)} runs ({programs} programs, {seeds} seeds each; {failed} of them fail), twice: "
        f"{len(first) - len(differ)} with the same trace, {len(differ)} without. "
        f"PYTHONHASHSEED {FIRST.hash_seed} and {SECOND.hash_seed}, {count} and {max(1, count - 1)} workers, "
        f"{time.monotonic() - began_s:.0f} s"
    )
    return 1 if differ else 0
