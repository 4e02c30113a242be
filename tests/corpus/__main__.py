"""What exploring finds of the corpus's bugs, and whether its runs can be repeated.

    python tests/corpus table [--seeds 200] [--correct-seeds 2000] [--only NAME]... [--workers N]
    python tests/corpus determinism [--runs 10000] [--only NAME]... [--workers N]

`table`: for each bug in how many seeds and seconds it is found with the default profile, how many faults happened in
that run, and how many are left after shrinking; and how many seeds of the correct version fail. Ends with 1 if a
bug is not found or a correct version fails.

`determinism`: every run twice, in other processes, with other hash seeds, another number of workers, the runs in
another order, other temporary directories; the hashes of their traces have to be equal. Ends with 1 if one is not.
"""

import argparse
import json
import os
import sys

from entries import names
from repeating import determinism, hashes
from searching import table


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests/corpus", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("table", "determinism", "hashes"):
        command = commands.add_parser(name)
        command.add_argument("--only", action="append", default=[], choices=names(), help="only this bug; repeatable")
        command.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="processes")
    commands.choices["table"].add_argument("--seeds", type=int, default=200, help="to find each bug with")
    commands.choices["table"].add_argument("--correct-seeds", type=int, default=2000, help="for each correct version")
    commands.choices["determinism"].add_argument("--runs", type=int, default=10_000, help="of each of the two times")
    commands.choices["hashes"].add_argument("--seeds", type=int, default=10)
    commands.choices["hashes"].add_argument("--backwards", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for."""
    wanted = asked()
    chosen = [name for name in names() if name in wanted.only or not wanted.only]
    if wanted.command == "table":
        return table(chosen, wanted.seeds, wanted.correct_seeds, wanted.workers)
    if wanted.command == "determinism":
        return determinism(chosen, wanted.runs, wanted.workers)
    for line in hashes(chosen, wanted.seeds, wanted.workers, wanted.backwards):
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
