"""A pytest plugin: run the test that each supported option names while that option's handler does nothing.

`python -m pytest -p option_mutations tests/kernel` prints the options whose test passes all the same, and fails if
there are any. `test_kernel_options.py` runs it in a process of its own.
"""

import pytest
from _pytest.runner import runtestprotocol

from farhost.kernel.inet.options import DATAGRAM_OPTIONS, STREAM_OPTIONS
from farhost.kernel.inet.raw_options import PING_OPTIONS, RAW_OPTIONS
from farhost.kernel.options import CType, Standing
from farhost.kernel.unix.options import UNIX_OPTIONS

TABLES = (UNIX_OPTIONS, STREAM_OPTIONS, DATAGRAM_OPTIONS, RAW_OPTIONS, PING_OPTIONS)


def _do_nothing(sock, thread, value):
    pass


def _mutated(row):
    if row.set is not None:
        return row._replace(set=_do_nothing)
    nothing = b"" if row.c_type is CType.BYTES else 0
    return row._replace(get=lambda sock: nothing)


def _survives(row, items):
    """Whether every item passes with the row's handler doing nothing."""
    changed = [(table, key, kept) for table in TABLES for key, kept in table._rows.items() if kept == row]
    for table, key, _ in changed:
        table._rows[key] = _mutated(row)
    try:
        return not any(report.failed for item in items for report in runtestprotocol(item, log=False, nextitem=None))
    finally:
        for table, key, kept in changed:
            table._rows[key] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    tests = {}
    for item in session.items:
        if "system" not in item.name:
            tests.setdefault(item.nodeid.split("[")[0], []).append(item)
    rows = {row: None for table in TABLES for row in table if row.standing is Standing.SUPPORTED}
    survivors = [row.label for row in rows if _survives(row, tests.get(row.test, ()))]
    print(f"{len(rows)} options, survivors: {survivors}")
    if survivors:
        session.testsfailed = len(survivors)
    return True
