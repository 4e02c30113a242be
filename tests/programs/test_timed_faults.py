"""Faults that happen at a time: what each does to programs, that zero does nothing, that a list replays."""

import pytest
from timed_fault_runs import again, echo, output

from farhost.network.faults.setting import Setting
from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.programs.run import ProgramSpec
from farhost.programs.runtime import Runtime
from farhost.programs.timed_faults.moments import moments, split_place
from farhost.programs.timed_faults.places import hosts_of, links_of, programs_of
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.scenario.faults import parse_faults
from farhost.sim.choices import Choice, Choices
from farhost.units import UnitError
from farhost.wire.codec import wire_size

MS, SECOND_NS = 10**6, 10**9

DESCRIBED = {
    "partition": ("server-client at 300ms", 2000, "the link server-client was cut at 300 ms for 2 s"),
    "partition-one-way": ("client>server at 2s", 5, "the link client>server was cut one way at 2 s for 5 ms"),
    "squeeze": ("client>server at 1s", 5, "the link client>server slowed down to 64 kbit/s at 1 s for 5 ms"),
    "short-queue": ("client>server at 1s", 5, "the link client>server had room for 2 packets at 1 s for 5 ms"),
    "shrink-mtu": ("server-client at 1s", 100, "the MTU of the link server-client fell by 100 bytes at 1 s"),
    "pause": ("box/server at 1.5s", 500, "box/server was stopped at 1.5 s for 500 ms"),
    "crash": ("server at 1.5s", 500, "server lost its power at 1.5 s for 500 ms"),
    "clock": ("server back at 1.5s", 500, "the clock of server jumped back by 500 ms at 1.5 s"),
    "drift": ("server fast", 120, "the clocks of server ran 120 ppm fast"),
}
SPANS = [kind for kind in DESCRIBED if kind not in ("drift", "shrink-mtu")]
LINK = "delay=10ms rate=10mbit"


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
    for text in ("5", "5%:", "5%:0s", "5%:-1s", "5%:0", "5%:1us", "often"):
        with pytest.raises(UnitError):
            fault.parse(text)


@pytest.mark.parametrize("kind", SPANS)
def test_a_span_has_a_unit(kind):
    fault = TIMED_FAULTS[kind]
    assert fault.parse("5%:250ms").size == 250
    assert fault.format(fault.parse("5%:250ms")) == "5%:250ms"


@pytest.mark.parametrize("kind", DESCRIBED)
def test_at_zero_the_trace_is_the_same_to_the_byte(tmp_path, kind):
    assert echo(tmp_path, [f"{kind}=0%"], link=LINK).hash == echo(tmp_path, link=LINK).hash


@pytest.mark.parametrize("kind", DESCRIBED)
def test_what_a_seed_chose_replays_from_the_list(tmp_path, kind):
    plain = echo(tmp_path, link=LINK).hash.shape
    struck = 0
    for seed in range(6):
        ran = echo(tmp_path, [f"{kind}=100%"], seed=seed, link=LINK)
        assert ran.taken and {choice.kind for choice in ran.taken} == {kind}
        assert again(tmp_path, ran, seed, link=LINK).hash == ran.hash
        struck += ran.hash.shape != plain
        if kind != "crash":  # The power cut itself is traced, by whomever it was ordered.
            told = {(event.kind, event.place): event.amount for event in ran.faults}
            assert told == {tuple(choice): size for choice, size in ran.taken.items() if choice in told}
            assert told
    assert struck == 6


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_record_names_what_could_have_happened_and_each_of_it_can_be_replayed(tmp_path, kind):
    recorded = echo(tmp_path, [f"{kind}=100%"], replay={}, record=True, link=LINK)
    assert recorded.hash == echo(tmp_path, link=LINK).hash
    assert len(recorded.asked) >= 4 and {choice.kind for choice in recorded.asked} == {kind}
    for choice in list(recorded.asked)[3::15]:
        ran = echo(tmp_path, [f"{kind}=100%"], replay={choice: 1}, link=LINK)
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
    assert "No route to host" in output(ran), "nobody answers ARP"


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


SEND = """
    import socket, time
    connection = socket.create_connection(("server", 5000))
    started = time.monotonic()
    for number in range(10):
        connection.sendall(b"x" * 3000)
        missing = 3000
        while missing:
            missing -= len(connection.recv(missing))
        time.sleep(0.1)
    print(f"{time.monotonic() - started:.1f}")
"""
TAKE = """
    import socket
    listener = socket.create_server(("", 5000))
    connection, _ = listener.accept()
    while data := connection.recv(3000):
        connection.sendall(data)
"""


def sending(folder, kind, subject, size, time_ns=400 * MS, **options):
    return strike(folder, kind, subject, time_ns, size, client=SEND, server=TAKE, **options)[0]


def test_a_squeezed_link_is_slow_for_its_time_and_then_as_it_was(tmp_path):
    usual = float(output(sending(tmp_path, "squeeze", "client>server", 1)))
    ran = sending(tmp_path, "squeeze", "client>server", 2000)
    assert ran.outcome.ok
    assert float(output(ran)) > usual + 1.5, "3,000 bytes take 375 ms at 64 kbit/s"
    assert [channel.conditions.rate_bps for channel in ran.network.channels()] == [0, 0]


def test_what_was_said_of_a_link_while_it_was_squeezed_stays(tmp_path):
    def prepare(control):
        link = control.runtime.network.link_between("client", "server")
        control.at(700 * MS, lambda: link.adjust("rate=2mbit", "client>server"))

    ran = sending(tmp_path, "squeeze", "client>server", 2000, prepare=prepare)
    rates = {channel.name: channel.conditions.rate_bps for channel in ran.network.channels()}
    assert rates == {"client>server": 2_000_000, "server>client": 0}


def test_a_link_that_is_slow_anyway_is_not_squeezed(tmp_path):
    assert echo(tmp_path, ["squeeze=100%"], replay={}, record=True, link="rate=9600bit").asked == {}


def test_a_short_queue_loses_what_has_no_room(tmp_path):
    source = SEND.replace("3000", "30000")
    options = {"client": source, "server": TAKE, "link": "rate=5mbit delay=5ms"}
    ran, from_ns = strike(tmp_path, "short-queue", "client>server", 400 * MS, 1000, **options)
    assert ran.outcome.ok
    lost = [one for one in ran.packets if one.reason == "queue"]
    assert lost and all(from_ns <= one.time_ns < from_ns + SECOND_NS for one in lost)
    assert {channel.conditions.limit_packets for channel in ran.network.channels()} == {1000}


def test_a_link_without_a_rate_has_no_queue_that_could_be_short(tmp_path):
    assert echo(tmp_path, ["short-queue=100%"], replay={}, record=True).asked == {}


def test_a_link_whose_mtu_has_fallen_says_so_and_tcp_sends_smaller_segments(tmp_path):
    ran = sending(tmp_path, "shrink-mtu", "server-client", 200)
    assert ran.outcome.ok
    assert [channel.conditions.mtu for channel in ran.network.channels()] == [1300, 1300]
    refused = [one for one in ran.packets if one.reason == "mtu"]
    assert refused, "the first that was too large"
    late = [one for one in ran.packets if one.action == "received" and one.time_ns > refused[-1].time_ns + 300 * MS]
    assert late and max(wire_size(one.packet) // one.pieces for one in late) <= 1300


def test_an_mtu_never_falls_below_what_ipv6_needs(tmp_path):
    assert set(echo(tmp_path, ["shrink-mtu=100%:9000"], replay={}, record=True).asked.values()) == {220}
    assert echo(tmp_path, ["shrink-mtu=100%"], replay={}, record=True, link="mtu=1280").asked == {}


@pytest.mark.parametrize(("way", "seconds"), [("fast", "110.000 110.000"), ("slow", "90.000 90.000")])
def test_a_drifting_host_sees_time_pass_at_its_own_rate(tmp_path, way, seconds):
    server = """
        import socket
        listener = socket.create_server(("", 5000))
        connection, _ = listener.accept()
        import time
        time.sleep(100)
    """
    client = """
        import socket, time
        connection = socket.create_connection(("server", 5000))
        started, wall = time.monotonic(), time.time()
        connection.recv(1)
        print(f"{time.monotonic() - started:.3f} {time.time() - wall:.3f}")
    """
    choice = Choice("drift", f"client {way}")
    ran = echo(tmp_path, ["drift=100%:100000"], replay={choice: 100_000}, server=server, client=client, link="")
    assert output(ran) == f"{seconds}\n"
    (event,) = ran.faults
    assert event == (0, "client", "drift", choice.place, 100_000)


def test_time_limits_last_as_long_as_the_drifting_host_says(tmp_path):
    client = """
        import signal, threading, time
        lock = threading.Lock()
        lock.acquire()
        signal.signal(signal.SIGALRM, lambda number, frame: None)
        sleeper = threading.Thread(target=time.sleep, args=(100,), daemon=True)
        sleeper.start()
        for wait in (
            lambda: lock.acquire(timeout=10),
            lambda: threading.Event().wait(10),
            lambda: time.sleep(10),
            lambda: signal.sigtimedwait([signal.SIGUSR1], 10),
            lambda: (signal.setitimer(signal.ITIMER_REAL, 10), signal.pause()),
            lambda: sleeper.join(10),
        ):
            started = time.monotonic()
            wait()
            print(round(time.monotonic() - started, 2), end=" ")
    """
    for way in ("fast", "slow"):
        replay = {Choice("drift", f"client {way}"): 100_000}
        ran = echo(tmp_path, ["drift=100%:100000"], replay=replay, server="", client=client)
        assert output(ran) == "10.0 " * 6


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
    weak, strong = Setting((1, 20), 5), Setting((1, 2), 5)
    both = [(0, "box/a", weak), (1, "box/a #2", weak)]
    assert programs_of(control, [("", weak)]) == [*both, (2, "web", weak)]
    assert programs_of(control, [("box", weak)]) == both
    assert programs_of(control, [("box/a", strong), ("box", weak), ("", weak)])[0] == (0, "box/a", strong)


def test_what_is_said_of_a_particular_place_counts_before_what_is_said_of_all(tmp_path):
    def settings(*words):
        said = parse_faults(words).for_run().timed
        found = [(one.where, one.setting) for one in said]
        network = Network()
        for host in ("a", "b", "c"):
            network.host(host)
        links = [(link.name, setting.ratio) for link, setting in links_of(network, found)]
        control = Control(Runtime(network), [], None)
        return links, [(host, setting.ratio) for host, setting in hosts_of(control, found)]

    links, _ = settings("partition=10%", "a-b: partition=20%", "c: partition=0%")
    assert links == [("a-b", (1, 5))]
    links, _ = settings("b>a: partition=50%", "partition=10%")
    assert links == [("a>b", (1, 10)), ("a-c", (1, 10)), ("b>a", (1, 2)), ("b-c", (1, 10))]
    links, _ = settings("b>a: partition=0%", "a: partition=10%")
    assert links == [("a>b", (1, 10)), ("a-c", (1, 10))]
    _, hosts = settings("crash=10%", "b: crash=0%", "c: crash=1%")
    assert hosts == [("a", (1, 10)), ("c", (1, 100))]


def test_a_fault_that_is_said_twice_of_one_host_happens_once(tmp_path):
    ran = echo(tmp_path, ["clock=100%:5s", "client: clock=100%:5s"])
    assert len([one for one in ran.faults if one.host == "client"]) == 1


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


# All of them together.

EVERYTHING = (
    "partition=50%:300ms partition-one-way=50%:300ms squeeze=50%:300ms short-queue=50%:300ms shrink-mtu=50%",
    "pause=50%:200ms crash=20%:200ms clock=50% drift=50% dns-slow=50%:300ms dns-drop=10% dns-servfail=5%",
)


@pytest.mark.parametrize("seed", range(12))
def test_any_mixture_replays_from_the_list_of_what_happened(tmp_path, seed):
    ran = echo(tmp_path, EVERYTHING, seed=seed, link=LINK, name_server=True)
    assert len({choice.kind for choice in ran.taken}) >= 3
    same = again(tmp_path, ran, seed, link=LINK, name_server=True)
    assert (same.hash, same.taken, same.outcome) == (ran.hash, ran.taken, ran.outcome)
    for gone in list(ran.taken)[::3]:
        rest = {choice: size for choice, size in ran.taken.items() if choice != gone}
        less = again(tmp_path, ran._replace(taken=rest), seed, link=LINK, name_server=True)
        assert less.taken.items() <= rest.items(), "what is taken away moves no other"
