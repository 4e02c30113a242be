"""Explorations on local clusters of Dask and of Ray give what processes of this machine give: `make clusters`.

It is no part of `make test`, since the two are extras of some size.
"""

from pathlib import Path

import pytest

from farhost.explore.executors import open_pool, parse_workers
from farhost.explore.profiles import profile_words
from farhost.explore.scenario_case import ScenarioCase
from farhost.explore.search import Plan, Report, search
from farhost.explore.workers import Workers
from farhost.scenario.scenario_file import read_scenario

CORPUS = Path(__file__).parents[2] / "corpus"


def explore(workers: str, file: str) -> Report:
    """A corpus's scenario, 48 seeds."""
    scenario = read_scenario((CORPUS / file).absolute())
    with open_pool(parse_workers(workers)) as pool:
        where = Workers(ScenarioCase(scenario), pool.executor, pool.width)
        return search(where, Plan(range(1, 49), profile_words("default"), every=True), keep_hashes=True)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("cluster", ["dask://", "ray://"])
@pytest.mark.parametrize("file", ["one_recv/scenario.toml", "one_recv/fixed.toml"])
def test_a_cluster_finds_what_processes_find(cluster: str, file: str) -> None:
    here, there = explore("2", file), explore(cluster, file)
    assert there.done == here.done == 48
    assert there.hashes == here.hashes
    assert [found.verdict for found in there.failures] == [found.verdict for found in here.failures]
    assert bool(there.failures) == file.endswith("scenario.toml")
