"""The search for a failing seed, and what came of it: on runs that are made up."""

import itertools
import json

import pytest

from farhost.explore.executors import ExecutorError, Place, parse_workers
from farhost.explore.orders import Orders, Verdict
from farhost.explore.profiles import fault_words
from farhost.explore.search import BATCH, Plan, search
from farhost.explore.shards import Failing, MergeError, Summary, merge, summary_as_json, summary_of
from farhost.units import UnitError


class MadeUp:
    """Workers whose runs fail for some seeds, and which are done in another order than they began."""

    def __init__(self, failing, backwards=False, bare=True) -> None:
        self.failing = failing
        self.backwards = backwards
        self.bare = bare
        self.seen = []

    def run(self, orders):
        return [self.verdict(one) for one in orders]

    def run_all(self, batches):
        for group in (
            iter(lambda: list(itertools.islice(numbered, 3)), []) if (numbered := enumerate(batches)) else ()
        ):
            for number, batch in reversed(group) if self.backwards else group:
                self.seen += [one.seed for one in batch]
                yield number, self.run(batch)

    def verdict(self, orders: Orders) -> Verdict:
        if orders.replay is not None:
            return Verdict(orders.seed, self.bare, "passed" if self.bare else "failed", "", (), "", "", 5, 700)
        why = self.failing(orders.seed)
        kind = "failed" if why else "passed"
        return Verdict(orders.seed, not why, kind, why, (why,) if why else (), f"s{orders.seed}", "c", 1, 700)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_failure_is_one_of_the_first_that_failed_whatever_order_runs_end_in(backwards) -> None:
    workers = MadeUp(lambda seed: "why" if seed in (20, 21, 40) else "", backwards)
    report = search(workers, Plan(range(1, 500)))
    (found,) = report.failures
    assert found.verdict.seed in (20, 21)
    assert not report.complete
    assert len(workers.seen) <= 4 * BATCH


def test_all_that_differ_are_collected_and_counted() -> None:
    workers = MadeUp(lambda seed: {0: "three", 1: ""}.get(seed % 3, "seven" if seed % 7 == 0 else ""))
    report = search(workers, Plan(range(1, 101), every=True), keep_hashes=True)
    assert report.complete and report.done == 100
    assert [(one.verdict.signature, one.times) for one in report.failures] == [(("three",), 33), (("seven",), 5)]
    assert [seed for seed, _, _ in report.hashes] == list(range(1, 101))


def test_a_case_that_fails_without_faults_is_no_search() -> None:
    report = search(MadeUp(lambda seed: "", bare=False), Plan(range(1, 50)))
    assert report.done == 0 and not report.bare.ok and len(report.failures) == 1


def test_the_time_is_limited_and_said() -> None:
    clock = itertools.count()
    report = search(MadeUp(lambda seed: ""), Plan(range(1, 5000), limit_s=20), clock=lambda: next(clock))
    assert 0 < report.done < 1000 and not report.complete and not report.failures


def test_progress_says_how_far_it_is_and_what_is_left() -> None:
    seen = []
    search(MadeUp(lambda seed: ""), Plan(range(1, 97)), seen.append)
    assert [one.done for one in seen] == list(range(BATCH, 97, BATCH))
    assert seen[-1].of == 96


SUMMARY = Summary({"programs": ["a.py"]}, "swarm", ("loss=2%",), (1, 101, 2), 50, True, 1.5, ())
FAILING = Failing(7, "failed", "it failed", ("failed", "a"), 2, "1 fault: ...", (("loss", "a>b", 1),), "", "f.toml")


def test_shards_are_put_together() -> None:
    one = SUMMARY._replace(failures=(FAILING, FAILING._replace(seed=9, signature=("other",))))
    other = SUMMARY._replace(seeds=(2, 101, 2), failures=(FAILING._replace(seed=4, times=1),), complete=False)
    read = [
        (name, summary_of(json.loads(json.dumps(summary_as_json(s))), name)) for name, s in (("1", one), ("2", other))
    ]
    merged = merge(read)
    assert (merged.seeds, merged.done, merged.complete, merged.elapsed_s) == ((1, 101, 1), 100, False, 3.0)
    assert [(failing.seed, failing.times) for failing in merged.failures] == [(4, 3), (9, 2)]


@pytest.mark.parametrize(
    ("value", "words"), [({}, "no result of"), ([], "no result of"), ({"farhost_explore": 1}, "no whole result")]
)
def test_what_is_no_result_is_named(value, words) -> None:
    with pytest.raises(MergeError, match=f"x.json: .*{words}"):
        summary_of(value, "x.json")


def test_results_of_different_explorations_are_not_put_together() -> None:
    with pytest.raises(MergeError, match=r"2\.json: its strategy is not that of 1\.json"):
        merge([("1.json", SUMMARY), ("2.json", SUMMARY._replace(strategy="pct"))])


def test_workers_in_words() -> None:
    assert parse_workers("3") == Place("processes", 3)
    assert parse_workers("ray://") == Place("ray")
    assert parse_workers(None).kind == "processes"
    for text in ("-1", "dask", "http://x", ""):
        with pytest.raises(ExecutorError, match="a number, auto, dask://HOST:PORT or ray://ADDRESS"):
            parse_workers(text)


def test_a_list_of_faults_that_there_is_not_is_named() -> None:
    with pytest.raises(UnitError, match="no list of faults 'netwrok': there are default, network"):
        fault_words(["netwrok"])
