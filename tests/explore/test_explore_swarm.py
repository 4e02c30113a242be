"""What each seed of an exploration is given."""

import pytest

from farhost.explore.swarm import STRATEGIES, orders_for, swarm
from farhost.network.faults.setting import Setting
from farhost.scenario.faults import every_fault, parse_faults

WORDS = ("loss=2%", "reorder=4%", "duplicate=8%", "pause=20%:2s", "client>server: partition-one-way=40%:8s")


def settings(words):
    return {(where, word): every_fault()[word].parse(value) for where, word, value in parse_faults(words).said}


GIVEN = settings(WORDS)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_a_seed_is_given_depends_on_the_seed_alone_and_can_be_read(strategy):
    for seed in range(50):
        words = orders_for(strategy, WORDS, seed)
        assert orders_for(strategy, WORDS, seed) == words
        assert parse_faults(words).said
    assert orders_for(strategy, (), 1) == ()


def test_random_is_the_words_as_they_are():
    assert all(orders_for("random", WORDS, seed) == WORDS for seed in range(20))


def test_swarm_takes_a_random_half_at_least_one_and_at_most_all():
    chosen = [settings(swarm(WORDS, seed)) for seed in range(400)]
    assert all(one and set(one) <= set(GIVEN) for one in chosen)
    for name in GIVEN:
        assert 160 < sum(name in one for one in chosen) < 250, name
    assert {len(one) for one in chosen} == {1, 2, 3, 4, 5}
    assert all(swarm(["loss=2%"], seed) for seed in range(20))


def test_swarm_varies_strength_and_size_and_never_goes_beyond_the_size_that_was_given():
    found = {name: set() for name in GIVEN}
    for seed in range(400):
        for name, setting in settings(swarm(WORDS, seed)).items():
            found[name].add(setting)
    assert found["", "loss"] == {Setting((1, 200)), Setting((1, 50)), Setting((2, 25))}
    assert {setting.size for setting in found["", "pause"]} == {500, 2000}
    assert {setting.ratio for setting in found["client>server", "partition-one-way"]} == {(1, 10), (2, 5), (1, 1)}


def test_a_probability_above_a_half_is_kept_where_the_words_say_so():
    ratios = {settings(swarm(["loss=80%"], seed))["", "loss"].ratio for seed in range(40)}
    assert ratios == {(1, 5), (4, 5)}


def test_what_is_no_matter_of_chance_stays_as_it_is():
    words = ["drop=SYN#1-2", "blackhole=1400"]
    for strategy in ("swarm", "pct"):
        given = {
            name: value for seed in range(20) for name, value in settings(orders_for(strategy, words, seed)).items()
        }
        given.pop(("", "pct"), None)
        assert given == settings(words)


@pytest.mark.parametrize("word", every_fault())
def test_every_fault_can_be_made_weaker(word):
    given = f"{word}={every_fault()[word].replayed}"
    for seed in range(10):
        (found,) = settings(swarm([given], seed)).values()
        assert every_fault()[word].format(found)
    assert settings(orders_for("pct", [given], 1))


def test_taking_one_word_away_changes_nothing_about_the_others():
    for seed in range(50):
        whole, less = settings(swarm(WORDS, seed)), settings(swarm(WORDS[1:], seed))
        if len(less) > 1:
            assert {name: value for name, value in whole.items() if name != ("", "loss")} == less


def test_pct_gives_threads_priorities_and_makes_everything_else_weak():
    found = settings(orders_for("pct", (*WORDS, "preempt=10%", "wake=10%"), 3))
    assert found["", "pct"].ratio == (1, 1)
    assert (found["", "preempt"].ratio, found["", "wake"].ratio) == ((1, 10), (1, 40))
    assert (found["", "loss"], found["", "pause"]) == (Setting((1, 200)), Setting((1, 20), 2000))
    assert found["client>server", "partition-one-way"] == Setting((1, 10), 8000)
    assert settings(orders_for("pct", ["pct=50%:9"], 3)) == {("", "pct"): Setting((1, 2), 9)}


def test_a_strategy_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="no strategy 'luck': there are random, swarm, pct"):
        orders_for("luck", WORDS, 1)
