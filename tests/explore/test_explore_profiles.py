"""The named lists of faults."""

import pytest

from farhost.explore.profiles import PROFILES, profile_words
from farhost.explore.swarm import STRATEGIES, orders_for
from farhost.scenario.faults import parse_faults


def test_every_word_of_every_profile_is_a_fault_that_there_is():
    for profile in PROFILES.values():
        assert [f"{word}={value}" for where, word, value in parse_faults(profile.words).said] == list(profile.words)


def test_a_profile_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="no profile 'mild': there are default, network, threads, harsh, none"):
        profile_words("mild")


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_profile_can_be_given_to_every_strategy(name, strategy):
    words = profile_words(name)
    for seed in range(20):
        given = orders_for(strategy, words, seed)
        assert bool(given) == bool(words)
        assert {word for _, word, _ in parse_faults(given).said} <= {
            "pct",
            *(word.partition("=")[0] for word in words),
        }


def test_profiles_contain_what_they_are_called_after():
    default = {word.partition("=")[0] for word in PROFILES["default"].words}
    harsh = {word.partition("=")[0] for word in PROFILES["harsh"].words}
    assert default < harsh
    assert not default & {"crash", "corrupt", "dns-wrong", "dns-nxdomain", "partition-one-way", "gemodel"}
    assert set(PROFILES["network"].words) < set(PROFILES["default"].words)
    assert {word.partition("=")[0] for word in PROFILES["threads"].words} == {"wake", "preempt"}
    assert profile_words("none") == ()
