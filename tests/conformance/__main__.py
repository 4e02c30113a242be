"""CPython's own tests of everything that touches sockets, on the system and on farhost, side by side.

    python tests/conformance [--python PATH]... [--module NAME]... [--jobs N] [--results FOLDER] [--reuse-system]

Ends with 1 if a test that passes on the system and not here is missing from differences.toml, or if an entry there is
no longer true.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comparing import Difference, Row, compare, load
from sides import HERE, blocked, run_module

AIM, FLOOR = 0.99, 0.97
MOST_UNKNOWN = 40
"""How many unlisted differences of one Python are printed."""
COLUMNS = "{:44} {:>5} {:>5} {:>5} {:>5}  {:>5} {:>5} {:>5} {:>5}  {:>9} {:>11}"


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests/conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", help="an interpreter that has farhost (default: this one)")
    parser.add_argument("--module", action="append", default=[], help="only modules with this in their name")
    parser.add_argument("--jobs", type=int, default=2, help="how many modules at once (default: 2)")
    parser.add_argument("--results", default="build/conformance", help="where the results go")
    parser.add_argument(
        "--reuse-system", action="store_true", help="do not run the system's side where it has been run"
    )
    return parser.parse_args()


def version_of(python: str) -> str:
    """`3.13.0`."""
    script = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def modules_of(python: str, only: list[str]) -> list[str]:
    """The modules to run."""
    listing = [python, str(HERE / "listing.py")]
    found = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    return [name for name in found if not only or any(part in name for part in only)]


def run(python: str, modules: list[str], folder: Path, jobs: int, reuse: bool) -> list[Row]:
    """Run every module on both sides."""
    names = blocked(python)
    began = time.monotonic()
    tasks = [(module, side) for module in modules for side in ("system", "farhost")]
    tasks = [task for task in tasks if not (reuse and task[1] == "system" and (folder / ".".join(task)).exists())]
    done = 0

    def one(task: tuple[str, str]) -> None:
        nonlocal done
        module, side = task
        run_module(python, side, module, folder / f"{module}.{side}", names)
        done += 1
        if sys.stderr.isatty():
            print(
                f"\r{done}/{len(tasks)} {time.monotonic() - began:.0f} s {module} {side}\033[K",
                end="",
                file=sys.stderr,
            )

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, tasks))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return [compare(module, folder) for module in modules]


def table(version: str, rows: list[Row]) -> float:
    """Print the counts; the fraction of what passes on the system that passes here."""
    print(f"CPython {version}: the system (same C modules blocked), then farhost; tests that start processes apart")
    print(COLUMNS.format("", *("run", "pass", "fail", "skip") * 2, "processes", "equal"))
    for row in rows:
        print(_line(row.module.removeprefix("test."), row))
        if row.broken:
            print(f"    {row.broken.strip().splitlines()[-1][:110]}")
    total = Row(
        "all",
        {name: sum(row.system[name] for row in rows) for name in ("passed", "failed", "skipped")},
        {name: sum(row.farhost[name] for row in rows) for name in ("passed", "failed", "skipped")},
        (sum(row.processes[0] for row in rows), sum(row.processes[1] for row in rows)),
        sum(row.counted for row in rows),
        sum(row.equal for row in rows),
        (),
        "",
    )
    print(_line("all", total))
    fraction = total.equal / max(1, total.counted)
    print(f"{total.equal} of {total.counted} that pass on the system pass here: {fraction:.2%}", end=" ")
    print(f"(aim {AIM:.0%}, floor {FLOOR:.0%})\n")
    return fraction


def _line(name: str, row: Row) -> str:
    sides = [
        (sum(side.values()), side["passed"], side["failed"], side["skipped"]) for side in (row.system, row.farhost)
    ]
    return COLUMNS.format(
        name, *sides[0], *sides[1], f"{row.processes[1]}/{row.processes[0]}", f"{row.equal}/{row.counted}"
    )


def judge(version: str, rows: list[Row], known: list[Difference], used: set[Difference]) -> int:
    """Print the differences, each with its reason; how many have none."""
    python = ".".join(version.split(".")[:2])
    unknown = []
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        for test, outcome in row.differ:
            entry = next((each for each in known if each.covers(test, python)), None)
            if entry is None:
                unknown.append(f"{test} ({outcome})")
            else:
                used.add(entry)
                by_reason.setdefault(entry.reason, []).append(test)
    for reason, tests in by_reason.items():
        print(f"  {len(tests)} known: {reason}")
    for test in unknown[:MOST_UNKNOWN]:
        print(f"  NOT LISTED: {test}")
    if unknown[MOST_UNKNOWN:]:
        print(f"  and {len(unknown) - MOST_UNKNOWN} more")
    print()
    return len(unknown)


def main() -> int:
    """Run it."""
    wanted = asked()
    known = load()
    used: set[Difference] = set()
    failed = 0
    pythons = [os.path.abspath(python) for python in wanted.python or [sys.executable]]
    for python in pythons:
        version = version_of(python)
        folder = Path(wanted.results).absolute() / version
        folder.mkdir(parents=True, exist_ok=True)
        modules = modules_of(python, wanted.module)
        if not modules:
            print(f"CPython {version} at {python} has no `test` package with these modules: install it (on Debian, ")
            print("libpython3-testsuite)")
            failed += 1
            continue
        rows = run(python, modules, folder, wanted.jobs, wanted.reuse_system)
        fraction = table(version, rows)
        failed += judge(version, rows, known, used) + (fraction < FLOOR and not wanted.module)
    if not wanted.module:
        covered = {".".join(version_of(python).split(".")[:2]) for python in pythons}
        for entry in known:
            if entry not in used and (not entry.pythons or covered & set(entry.pythons)):
                print(f"NO LONGER TRUE: {', '.join(entry.tests)}: {entry.reason}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
