"""What is plotted: literal samples, and what runs come to."""

import functools

from recorded import failing, lossy, read_all, record, serve_report

from farhost import Network
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun
from farhost.report.story.series import (
    MOST_PLOTS,
    MOST_POINTS,
    Series,
    connection_groups,
    host_groups,
    thinned,
    thinned_moments,
)
from farhost.report.story.story import story_of
from farhost.trace.events import BufferDepth, FaultEvent, PacketEvent, QueueDepth, TcpSample
from farhost.wire.packet import Packet, TcpSegment

FACTS = RunFacts("passed", True, "", 7, 1000)
SAMPLE = TcpSample(10, "a", "a:1>b:2", 14600, -1, 0, 1_000_000_000, 0, 0, 87040, 0, 65536, 0, 0)


def story(events):
    return story_of(RecordedRun(FACTS, events))


def series_of(group):
    return {one.label: one for plot in group.plots for one in plot.series}


def test_a_series_has_a_point_where_it_changed_and_where_it_ends():
    samples = [SAMPLE, SAMPLE._replace(time_ns=20, in_flight=100), SAMPLE._replace(time_ns=30, in_flight=200)]
    (group,) = connection_groups(story(samples))
    lines = series_of(group)
    assert lines["in flight"] == Series("in flight", [10, 20, 30], [0, 100, 200])
    assert lines["congestion window"] == Series("congestion window", [10, 30], [14600, 14600])


def test_what_has_no_value_yet_is_none():
    samples = [SAMPLE, SAMPLE._replace(time_ns=20, slow_start_threshold=7300, smoothed_rtt_ns=5)]
    lines = series_of(connection_groups(story(samples))[0])
    assert lines["slow-start threshold"].values == [None, 7300]
    assert lines["smoothed RTT"].values == [None, 5]


def test_every_field_of_a_sample_is_plotted():
    told = SAMPLE._replace(**{name: 1000 + place for place, name in enumerate(TcpSample._fields[3:])})
    (group,) = connection_groups(story([told]))
    values = [one.values[0] for plot in group.plots for one in plot.series]
    assert sorted(values) == [1000 + place for place in range(len(TcpSample._fields) - 3)]


def test_slow_start_is_seen_and_the_window_falls_with_a_loss():
    net = Network(seed=0)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", rate="20mbit")
    net.add_faults(["server>client: drop=DATA#150"])
    server.start(functools.partial(serve_report, 600_000))
    client.start(read_all)
    group = connection_groups(story_of(record(net)))[0]
    assert group.name.startswith("server:5000>client:")
    lines = series_of(group)
    window = lines["congestion window"]
    assert window.values[0] == 10 * 1448
    lost_ns = next(
        time_ns
        for time_ns, value in zip(lines["slow-start threshold"].times, lines["slow-start threshold"].values)
        if value is not None
    )
    growing = [value for time_ns, value in zip(window.times, window.values) if time_ns < lost_ns]
    assert growing == sorted(growing)
    assert growing[-1] >= 4 * growing[0]
    after = [value for time_ns, value in zip(window.times, window.values) if time_ns >= lost_ns]
    assert after[0] < growing[-1]
    assert len(group.marks["lost"]) == 1
    assert group.marks["R"][0] >= group.marks["lost"][0]


def test_retransmissions_are_marked_as_often_as_nstat_counts_them():
    net = Network(seed=6)
    server, client = net.host("server"), net.host("client")
    net.link(server, client, delay="20ms", loss="4%", rate="10mbit")
    server.start(functools.partial(serve_report, 200_000))
    client.start(read_all)
    groups = connection_groups(story_of(record(net)))
    for host in (server, client):
        marked = sum(len(group.marks.get("R", ())) for group in groups if group.name.startswith(f"{host.name}:"))
        assert marked == host.netstat()["TcpRetransSegs"]


def test_the_connection_with_trouble_comes_first_and_of_it_who_sends():
    names = [group.name.partition(":")[0] for group in connection_groups(story_of(lossy()))]
    assert names[:3] == ["server", "client", "client.v6"]


def test_a_link_s_depth_is_told_when_a_packet_joins_and_a_backlog_s_always():
    events = [
        QueueDepth(10, "a", "link a>b", 1, 1000),
        QueueDepth(20, "a", "link a>b", 1, 1000),
        QueueDepth(30, "a", "accept 5000", 1, 129),
        QueueDepth(40, "a", "accept 5000", 0, 129),
    ]
    link, accept = host_groups(story(events))[0].plots
    assert (link.title, link.series) == (
        "link a>b (limit 1000)",
        (Series("depth when one joins", [10, 20], [1, 1], holds=False),),
    )
    assert (accept.title, accept.series) == ("accept 5000 (limit 129)", (Series("depth", [30, 40], [1, 0]),))


def test_buffers_have_their_limit_as_a_line_where_it_is_in_sight():
    events = [
        BufferDepth(10, "a", "udp a:7 receive", 200_000, 212992),
        BufferDepth(20, "a", "udp a:7 receive", 0, 212992),
        BufferDepth(20, "a", "unix 17 receive", 768, 212992),
        BufferDepth(30, "a", "unix 17 receive", 0, 0),
        FaultEvent(15, "a", "loss", "", 0),
    ]
    (group,) = host_groups(story(events))
    udp, unix = group.plots
    assert udp.series == (Series("depth", [10, 20], [200_000, 0]), Series("limit", [10, 20], [212992] * 2))
    assert unix.series == (Series("depth", [20, 30], [768, 0]),)
    assert unix.title == "unix 17 receive (limit 208 KiB)"
    assert group.marks == {"fault": [15]}


def test_a_host_with_very_many_queues_shows_the_busiest():
    events = [QueueDepth(number, "a", f"accept {number}", 1, 9) for number in range(100)]
    events += [QueueDepth(number, "a", "accept 90", number % 2, 9) for number in range(1000, 1010)]
    (group,) = host_groups(story(events))
    assert (len(group.plots), group.left_out) == (MOST_PLOTS, 100 - MOST_PLOTS)
    assert "accept 90 (limit 9)" in [plot.title for plot in group.plots]


def test_thinning_keeps_what_is_lowest_and_highest():
    values = [number % 97 for number in range(50_000)]
    values[31_234], values[7] = 1_000_000, -5
    thin = thinned(Series("x", list(range(50_000)), values))
    assert len(thin.times) <= MOST_POINTS
    assert (min(thin.values), max(thin.values)) == (-5, 1_000_000)
    assert (thin.times[0], thin.times[-1]) == (0, 49_999)
    assert thin.times == sorted(thin.times)
    assert all(values[time_ns] == value for time_ns, value in zip(thin.times, thin.values))


def test_moments_too_many_are_spread_over_the_run():
    kept = thinned_moments(list(range(0, 100_000, 3)))
    assert len(kept) <= MOST_POINTS + 1
    assert kept[-1] > 99_000


def test_the_lossy_run_loses_what_its_marks_say():
    run = lossy()
    groups = connection_groups(story_of(run))
    lost = {
        event.time_ns
        for event in run.events
        if type(event) is PacketEvent
        and event.action == "dropped"
        and type(event.packet) is Packet
        and type(event.packet.body) is TcpSegment
    }
    assert {time_ns for group in groups for time_ns in group.marks.get("lost", ())} == lost


def test_a_trace_without_samples_still_has_its_queues():
    run = failing()
    bare = RecordedRun(run.facts, [event for event in run.events if type(event) is not TcpSample])
    told = story_of(bare)
    assert connection_groups(told) == []
    assert [plot.title for plot in host_groups(told)[0].plots] == ["syn 5000 (limit 129)", "accept 5000 (limit 129)"]
