"""choose(): answers depend on what a decision is about, and on nothing else."""

from farhost.sim.choices import Choice, Choices

PLACES = [f"client>server data {offset}+100 #1" for offset in range(0, 100_000, 100)]


def test_an_answer_depends_on_seed_kind_and_place_only() -> None:
    forward, backward = Choices(3), Choices(3)
    answers = {place: forward.chance("loss", place, 1, 5) for place in PLACES}
    assert answers == {place: backward.chance("loss", place, 1, 5) for place in reversed(PLACES)}
    assert answers != {place: Choices(4).chance("loss", place, 1, 5) for place in PLACES}
    assert answers != {place: forward.chance("duplicate", place, 1, 5) for place in PLACES}


def test_a_chance_comes_out_about_as_often_as_told() -> None:
    choices = Choices(1)
    hits = sum(choices.chance("loss", place, 1, 5) for place in PLACES)
    assert 150 < hits < 250


def test_the_taken_list_replays_the_run_and_an_entry_less_moves_no_other() -> None:
    seeded = Choices(9)
    first = [seeded.chance("loss", place, 1, 10) for place in PLACES]
    assert [Choices(9, seeded.taken).chance("loss", place, 1, 10) for place in PLACES] == first
    entries = dict(seeded.taken)
    removed = next(iter(entries))
    del entries[removed]
    shrunk = Choices(9, entries)
    again = [shrunk.chance("loss", place, 1, 10) for place in PLACES]
    differing = [place for place, one, two in zip(PLACES, first, again, strict=True) if one != two]
    assert differing == [removed.place]


def test_the_default_answer_is_not_listed() -> None:
    choices = Choices(2)
    values = [choices.amount("jitter", place, 1_000) for place in PLACES]
    assert len(choices.taken) == sum(value != 0 for value in values)
    assert min(values) >= 0 and max(values) <= 1_000
    assert choices.amount("jitter", "here", 0) == 0
    assert Choice("jitter", "here") not in choices.taken


def test_draws_come_from_the_seed_even_in_a_replay_and_are_never_listed() -> None:
    seeded, replayed = Choices(5), Choices(5, {})
    assert seeded.draw("port", "client 1", 28_000) == replayed.draw("port", "client 1", 28_000)
    assert seeded.draw_bytes("entropy", "client", 32) == replayed.draw_bytes("entropy", "client", 32)
    assert len({seeded.draw("port", place, 28_000) for place in PLACES}) > 900
    assert not seeded.taken


def test_a_seed_of_any_length_works() -> None:
    assert 0 <= Choices(10**80).draw("port", "x", 10) < 10


def test_geometric_sizes_have_their_mean_and_a_limit() -> None:
    choices = Choices(1)
    sizes = [choices.fault("burst", place, (1, 1), 1000, one_more=(3, 4)) for place in PLACES]
    assert 3.5 < sum(sizes) / len(sizes) < 4.5
    assert 0.2 < sizes.count(1) / len(sizes) < 0.3
    assert max(choices.fault("short", place, (1, 1), 3, one_more=(3, 4)) for place in PLACES) == 3
    assert {choices.fault("alone", place, (1, 1), 1000, one_more=(0, 1)) for place in PLACES} == {1}


def _place(number: int) -> str:
    return f"server #{number}"


def test_a_fault_at_one_of_several_places_happens_once_as_often_as_told_and_anywhere() -> None:
    found = [Choices(seed).fault_at_one("crash", "server", _place, 5, (1, 4), 9) for seed in range(400)]
    assert 70 < sum(map(len, found)) < 130 and max(map(len, found)) == 1
    assert {which for one in found for which, _ in one} == {0, 1, 2, 3, 4}
    assert {size for one in found for _, size in one} == set(range(1, 10))
    assert Choices(1).fault_at_one("crash", "server", _place, 5, (0, 1), 9) == []


def test_a_fault_at_one_of_several_places_replays_at_any_and_at_several() -> None:
    replay = {Choice("crash", "server #1"): 4, Choice("crash", "server #3"): 99}
    choices = Choices(1, replay)
    assert choices.fault_at_one("crash", "server", _place, 5, (1, 1), 9) == [(1, 4), (3, 9)]
    assert choices.taken == {Choice("crash", "server #1"): 4, Choice("crash", "server #3"): 9}


def test_a_record_has_every_place_of_a_fault_whether_it_happened_or_not() -> None:
    for seed in range(20):
        choices = Choices(seed, record=True)
        found = choices.fault_at_one("crash", "server", _place, 5, (1, 2), 9)
        assert choices.asked == {Choice("crash", f"server #{number}"): 9 for number in range(5)}
        assert found == Choices(seed).fault_at_one("crash", "server", _place, 5, (1, 2), 9)
