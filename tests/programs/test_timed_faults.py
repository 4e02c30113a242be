"""Faults that happen at a time: what each does to programs, that zero does nothing, that a list replays."""

import pytest
from timed_fault_runs import again, echo, output

from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.programs.run import ProgramSpec
from farhost.programs.runtime import Runtime
from farhost.programs.timed_faults.moments import moments, split_place
from farhost.programs.timed_faults.places import programs_of
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.sim.choices import Choices
from farhost.units import UnitError

MS, SECOND_NS = 10**6, 10**9

DESCRIBED = {
    "partition": ("server-client at 300ms", 2000, "the link server-client was cut from 300ms to 2.3s"),
    "partition-one-way": ("client>server at 300ms", 5, "the link client>server was cut one way from 300ms to 305ms"),
    "pause": ("box/server at 1.5s", 500, "box/server was stopped from 1.5s to 2s"),
    "clock": ("server back at 1.5s", 500, "the clock of server jumped back by 500ms at 1.5s"),
    "crash": ("server at 1.5s", 500, "server was without power from 1.5s to 2s"),
}


def test_every_fault_has_its_words_tested():
    assert sorted(DESCRIBED) == sorted(TIMED_FAULTS)


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_fault_is_told_for_people(kind):
    place, size, text = DESCRIBED[kind]
    assert TIMED_FAULTS[kind].describe(place, size) == text


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_word_reads_back_what_it_writes(kind):
    fault = TIMED_FAULTS[kind]
    assert fault.kind == kind and fault.help.endswith(".")
    for text in ("5%", "0.1%", "0%", fault.replayed):
        assert fault.format(fault.parse(text)) == text
    assert fault.parse(fault.replayed).ratio == (1, 1)
    assert fault.parse(fault.replayed).size >= fault.parse("5%").size > 0
    for text in ("5", "5%:", "5%:0s", "5%:-1s", "often"):
        with pytest.raises(UnitError):
            fault.parse(text)


@pytest.mark.parametrize("kind", DESCRIBED)
def test_at_zero_the_trace_is_the_same_to_the_byte(tmp_path, kind):
    assert echo(tmp_path, [f"{kind}=0%"]).hash == echo(tmp_path).hash


@pytest.mark.parametrize("kind", DESCRIBED)
def test_what_a_seed_chose_replays_from_the_list(tmp_path, kind):
    plain = echo(tmp_path).hash.shape
    struck = 0
    for seed in range(6):
        ran = echo(tmp_path, [f"{kind}=100%"], seed=seed)
        assert ran.taken and {choice.kind for choice in ran.taken} == {kind}
        assert again(tmp_path, ran, seed).hash == ran.hash
        struck += ran.hash.shape != plain
        if kind != "crash":  # The power cut itself is traced, by whomever it was ordered.
            told = {(event.kind, event.place): event.amount for event in ran.faults}
            assert told == {tuple(choice): size for choice, size in ran.taken.items() if choice in told}
            assert told
    assert struck == 6


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_record_names_what_could_have_happened_and_each_of_it_can_be_replayed(tmp_path, kind):
    recorded = echo(tmp_path, [f"{kind}=100%"], replay={}, record=True)
    assert recorded.hash == echo(tmp_path).hash
    assert len(recorded.asked) >= 20 and {choice.kind for choice in recorded.asked} == {kind}
    for choice in list(recorded.asked)[3::15]:
        ran = echo(tmp_path, [f"{kind}=100%"], replay={choice: 1})
        assert ran.taken == {choice: 1}
        assert ran.hash != recorded.hash


# What each does.


def strike(folder, kind, subject, time_ns, size, **options):
    """The run in which one fault happens, to the subject, at the first of its times from `time_ns` on; and when."""
    word = f"{kind}={TIMED_FAULTS[kind].replayed}"
    for choice in echo(folder, [word], replay={}, record=True, **options).asked:
        who, when_ns = split_place(choice.place)
        if who == subject and when_ns >= time_ns:
            return echo(folder, [word], replay={choice: size}, **options), when_ns
    raise AssertionError(f"no {kind} of {subject} from {time_ns} on")


def test_a_partition_lets_nothing_through_until_it_heals_and_tcp_goes_on(tmp_path):
    ran, cut_ns = strike(tmp_path, "partition", "server-client", 400 * MS, 5000)
    assert ran.outcome.ok
    seconds = float(output(ran).split()[0])
    assert 5.9 < seconds < 11, "the client waited until TCP had sent again after the link had healed"
    down = [one for one in ran.packets if one.reason == "down"]
    assert down and {one.host for one in down} <= {"server", "client"}
    assert all(cut_ns <= one.time_ns < cut_ns + 5 * SECOND_NS for one in down)
    assert not any(channel.cuts for channel in ran.network.channels())


def test_a_partition_that_outlasts_a_time_limit_is_a_timeout_and_no_refusal(tmp_path):
    client = """
        import socket, time
        connection = socket.create_connection(("server", 5000), timeout=2)
        try:
            for number in range(10):
                connection.sendall(b"x")
                connection.recv(100)
                time.sleep(0.1)
        except OSError as error:
            print(type(error).__name__)
    """
    ran, _ = strike(tmp_path, "partition", "server-client", 400 * MS, 5000, client=client)
    assert output(ran) == "TimeoutError\n"


def test_a_partition_one_way_drops_what_goes_that_way_alone(tmp_path):
    ran, cut_ns = strike(tmp_path, "partition-one-way", "server>client", 400 * MS, 3000)
    assert ran.outcome.ok
    down = [one for one in ran.packets if one.reason == "down"]
    assert len(down) >= 2 and {one.host for one in down} == {"server"}
    other_way = [one for one in ran.packets if one.host == "server" and one.action == "received"]
    assert any(cut_ns + 100 * MS < one.time_ns < cut_ns + 3 * SECOND_NS for one in other_way)


def test_two_partitions_of_a_link_heal_each_in_its_time(tmp_path):
    words = ["partition=100%:86400s", "partition-one-way=100%:86400s"]
    asked = echo(tmp_path, words, replay={}, record=True).asked
    long = next(one for one in asked if one.kind == "partition" and split_place(one.place)[1] > 400 * MS)
    short = next(
        one for one in asked if one.place.startswith("server>client") and split_place(one.place)[1] > 500 * MS
    )
    ran = echo(tmp_path, words, replay={long: 5000, short: 100})
    assert float(output(ran).split()[0]) > 5.9, "the end of the short one does not end the long one"


def test_a_partition_leaves_a_link_down_that_was_cut_for_good(tmp_path):
    def prepare(control):
        control.at(200 * MS, lambda: control.runtime.network.partition("server", "client"))

    ran, _ = strike(tmp_path, "partition", "server-client", 400 * MS, 10, prepare=prepare)
    assert "timed out" in output(ran)


def test_a_paused_program_does_nothing_and_its_kernel_answers(tmp_path):
    ran, stop_ns = strike(tmp_path, "pause", "server", 400 * MS, 3000)
    assert ran.outcome.ok
    assert 3.9 < float(output(ran).split()[0]) < 4.6
    meanwhile = [one for one in ran.packets if stop_ns < one.time_ns < stop_ns + 3 * SECOND_NS]
    assert any(one.host == "server" and one.action == "sent" for one in meanwhile), "the kernel acknowledges"


@pytest.mark.parametrize(("way", "wall"), [("forward", "6.2"), ("back", "-3.8")])
def test_a_clock_step_moves_the_wall_clock_of_one_host_and_nothing_else(tmp_path, way, wall):
    ran, _ = strike(tmp_path, "clock", f"client {way}", 400 * MS, 5000)
    assert output(ran) == f"1.2 {wall}\n"
    ran, _ = strike(tmp_path, "clock", f"server {way}", 400 * MS, 5000)
    assert output(ran) == "1.2 1.2\n"


def test_a_clock_that_was_stepped_stays_so_over_a_boot(tmp_path):
    client = "import time; time.sleep(5); print(int(time.time() - 1_767_225_600))"

    def prepare(control):
        control.at(100 * MS, lambda: control.step_clock("client", 60 * SECOND_NS))
        control.at(2 * SECOND_NS, lambda: control.restart("client"))

    assert output(echo(tmp_path, client=client, prepare=prepare)) == "68\n"


def test_a_crashed_host_is_silent_and_comes_back_knowing_nothing(tmp_path):
    ran, off_ns = strike(tmp_path, "crash", "server", 400 * MS, 2000)
    assert ran.outcome.ok
    assert output(ran).startswith("[Errno 104] Connection reset by peer\n")
    sent = [one for one in ran.packets if one.host == "server" and one.action == "sent" and one.time_ns > off_ns]
    assert sent and all(one.time_ns >= off_ns + 2 * SECOND_NS for one in sent), "silent until it has booted"
    assert [(one.kind, one.time_ns) for one in ran.faults] == [
        ("crash", off_ns),
        ("boot", off_ns + 2 * SECOND_NS),
    ]
    lives = [one for one in ran.outcome.processes if one.host == "server"]
    assert [one.ended_by for one in lives] == ["crash", ""], "its program has started again"


def test_after_the_last_program_has_ended_nothing_crashes(tmp_path):
    ran, _ = strike(tmp_path, "crash", "client", 900 * MS, 10, server="", client="import time; time.sleep(0.01)")
    assert ran.faults == [] and ran.outcome.ok


# Where.


def test_a_fault_for_one_place_befalls_no_other(tmp_path):
    def subjects(word):
        asked = echo(tmp_path, [word], replay={}, record=True).asked
        return list(dict.fromkeys(split_place(one.place)[0] for one in asked))

    assert subjects("server: crash=5%") == ["server"]
    assert subjects("client: pause=5%") == ["client"]
    assert subjects("client: clock=5%") == ["client back", "client forward"]
    assert subjects("client>server: partition-one-way=5%") == ["client>server"]
    assert subjects("server-client: partition-one-way=5%") == ["server>client", "client>server"]
    assert subjects("client-server: partition=5%") == ["server-client"]
    assert subjects("client>server: partition=5%") == ["client>server"]
    assert subjects("server: partition=5%") == ["server-client"]


def test_programs_of_one_host_have_names_of_their_own():
    network = Network()
    for host in ("box", "web"):
        network.host(host)
    programs = [ProgramSpec("box", ["a.py"], "a"), ProgramSpec("box", ["a.py"], "a"), ProgramSpec("web", ["b.py"])]
    control = Control(Runtime(network), programs, None)
    assert programs_of(control, "") == [(0, "box/a"), (1, "box/a #2"), (2, "web")]
    assert programs_of(control, "box") == [(0, "box/a"), (1, "box/a #2")]
    assert programs_of(control, "box/a") == [(0, "box/a")]


# When.


def test_a_probability_is_that_of_happening_at_all():
    struck = 0
    setting = TIMED_FAULTS["crash"].parse("20%:5s")
    for seed in range(500):
        found = moments(Choices(seed), "crash", "server", setting, SECOND_NS)
        assert len(found) <= 1
        struck += len(found)
    assert 70 < struck < 130


def test_times_are_anywhere_within_the_horizon_and_short_horizons_have_fine_ones():
    setting = TIMED_FAULTS["crash"].parse("100%:5s")
    for horizon_ns in (200_000, SECOND_NS, 3600 * SECOND_NS):
        times = [moments(Choices(seed), "crash", "server", setting, horizon_ns)[0].due_ns for seed in range(200)]
        assert 0 <= min(times) < horizon_ns // 10 and horizon_ns * 9 // 10 < max(times) < horizon_ns
        assert len(set(times)) > 190
