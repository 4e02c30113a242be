"""Every page of `farhost explain`: its programs are run. The wrong one fails where the page says, the right one does
not; each stands against a peer, under the fault that the page names."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from farhost import Network
from farhost.network.faults.table import FAULTS
from farhost.programs.call_faults.table import CALL_FAULTS
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.report.hints.pages import TOPICS, hint_line, names, page
from farhost.report.hints.suggesting import nearest

CODE = re.compile(r"^## (Wrong|Right)\n\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
UNTIL = "120s"
SEND = """
import socket, time
listener = socket.create_server(("", 5000))
while True:
    client, _ = listener.accept()
    with client:
        client.sendall({data})
"""
COUNT = """
import socket
listener = socket.create_server(("", 5000))
client, _ = listener.accept()
count = 0
while data := client.recv(65536):
    count += len(data)
print(count)
"""


class Case(NamedTuple):
    """What a page's program is run against."""

    peer: str
    says: str
    """What both print together, if nothing is wrong."""
    on: str = "client"
    """Which host the page's program is."""
    faults: str = ""
    link: str = ""
    at: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()


CASES = {
    "one-write-is-not-one-read": Case(SEND.format(data="b'{\"answer\": 42}'"), "42\n", faults="short-read=100%"),
    "partial-send": Case(COUNT, "6000\n", faults="short-write=100%"),
    "would-block": Case(SEND.format(data="bytes(3000)"), "3000\n", faults="client: eagain=40%"),
    "interrupted": Case(
        """
import socket, time
listener = socket.create_server(("", 5000))
client, _ = listener.accept()
time.sleep(20)
client.sendall(b"hello")
""",
        "hello\n",
        faults="client: eintr=40%",
    ),
    "broken-pipe": Case(
        """
import socket, time
first = socket.create_connection(("server", 5000))
first.recv(1)
first.close()
time.sleep(10)
with socket.create_connection(("server", 5000)) as second:
    print(len(second.makefile().read().split()))
""",
        "5\n",
        on="server",
    ),
    "close-and-reset": Case(
        """
import socket, time
listener = socket.create_server(("", 5000))
client, _ = listener.accept()
client.sendall(b"welcome")
time.sleep(1)
count = 0
while data := client.recv(65536):
    count += len(data)
client.close()
print(count)
""",
        "200000\n",
    ),
    "half-open": Case(
        """
import socket, time
listener = socket.create_server(("", 5000))
client, _ = listener.accept()
time.sleep(100000)
""",
        "gone: TimeoutError\n",
        at=(("1s", "crash"),),
    ),
    "late-is-not-dead": Case(
        """
import socket, threading, time
def serve(client):
    for line in client.makefile():
        time.sleep(1.5 if line == "1\\n" else 0.1)
        client.sendall(b"answer " + line.strip().encode())
listener = socket.create_server(("", 5000))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
""",
        "1 no answer\n2 answer 2\n",
    ),
    "backlog": Case(
        """
import socket, threading, time
time.sleep(0.1)
answers = []
def ask():
    with socket.create_connection(("server", 5000), timeout=2) as server:
        answers.append(server.recv(100))
threads = [threading.Thread(target=ask) for _ in range(5)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(answers))
""",
        "5\n",
        on="server",
    ),
    "connection-refused": Case("import time\ntime.sleep(1)\n" + SEND.format(data="b'hello'"), "hello\n"),
    "address-in-use": Case(
        """
import socket, time
for _ in range(2):
    time.sleep(1)
    socket.create_connection(("server", 5000)).recv(1)
print("twice")
""",
        "twice\n",
        on="server",
    ),
    "descriptors": Case(SEND.format(data="b'hello'"), "hello\n"),
    "datagram-lost": Case(
        """
import socket
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("", 5000))
known = {}
while True:
    data, whom = listener.recvfrom(100)
    number, _ = data.split()
    known.setdefault(number, b"added")
    listener.sendto(known[number], whom)
""",
        "added\n",
        link="drop=UDP#1",
    ),
    "datagram-order": Case(
        """
import socket, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(5):
    sender.sendto(b"%d 10" % number, ("server", 5000))
time.sleep(1)
sender.sendto(b"end", ("server", 5000))
""",
        "50\n",
        on="server",
        link="duplicate=100%",
    ),
    "datagram-truncated": Case(
        """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(1000), ("server", 5000))
""",
        "1000\n",
        on="server",
    ),
    "names": Case(SEND.format(data="b'hello'"), "hello\n", names=("dead", "server")),
    "clocks": Case("", "2 s\n", at=(("1s", "step"),)),
    "deadlock": Case(
        """
import socket
client, _ = socket.create_server(("", 5000)).accept()
client.sendall(client.makefile().readline().upper().encode())
""",
        "HELLO\n\n",
    ),
    "thread-order": Case("", "0\n", faults="client: preempt=50%"),
}


def programs_of(topic):
    return dict(CODE.findall(page(topic)))


def run(folder, case, code, seed=1):
    """What both programs print, and whether the run passed."""
    other = "server" if case.on == "client" else "client"
    with Network(seed, faults=case.faults or ()) as network:
        for name in ("server", "dead", "client"):
            network.host(name)
        network.link_all(delay="10ms")
        if case.link:
            key, _, value = case.link.partition("=")
            network.link("client", "server", **{key: value})
        if case.names:
            network.names.add("www", network.hosts["dead"].address)
            network.names.add("www", network.hosts["server"].address)
        for time, what in case.at:
            host = network.hosts["server" if what == "crash" else "client"]
            network.at(time, *((host.crash,) if what == "crash" else (host.step_clock, "-3s")))
        for host, text in ((other, case.peer), (case.on, code)):
            if text:
                (folder / f"{host}.py").write_text(text)
                network.hosts[host].start(folder / f"{host}.py")
        outcome = network.run(UNTIL, check=False)
        printed = "".join(process.stdout for process in outcome.processes)
        return printed, outcome.ok


def test_every_topic_has_a_case_and_a_page_with_two_programs():
    assert set(CASES) == set(names())
    for topic in names():
        assert set(programs_of(topic)) == {"Wrong", "Right"}, topic


@pytest.mark.parametrize("topic", names())
def test_the_right_program_is_right(tmp_path, topic):
    for seed in (1, 2, 3):
        assert run(tmp_path, CASES[topic], programs_of(topic)["Right"], seed)[0] == CASES[topic].says


@pytest.mark.parametrize("topic", names())
def test_the_wrong_program_fails(tmp_path, topic):
    case, code = CASES[topic], programs_of(topic)["Wrong"]
    assert any(run(tmp_path, case, code, seed)[0] != case.says for seed in range(1, 9))


@pytest.mark.parametrize("topic", names())
def test_a_page_says_what_happened_what_shows_it_and_where_to_read_on(topic):
    text = page(topic)
    assert text.startswith("# ") and "## What shows it" in text and text.count("<https://") >= 2
    wrong, right = (programs_of(topic)[name].strip().splitlines() for name in ("Wrong", "Right"))
    assert len(wrong) <= 20 and len(right) <= 20
    shown = text.partition("## What shows it")[2].partition("## More")[0]
    known = {*FAULTS, *CALL_FAULTS, *TIMED_FAULTS}
    for word in re.findall(r"`([a-z-]+)(?:=[^`]*)?`", shown):
        if word in ("mtu", "delay", "restart") or word.startswith("dns-"):
            continue
        assert word in known, f"{topic} names the fault {word!r}"


def test_lines_of_pages_fit():
    for topic in names():
        prose = [line for line in page(topic).splitlines() if "<https://" not in line]
        assert max(map(len, prose)) <= 120, topic


def test_hints_are_one_line():
    for topic in TOPICS:
        assert len(hint_line(topic.name)) <= 160 and topic.name in hint_line(topic.name)


def test_a_word_finds_its_topic():
    assert nearest("partialsend") == "partial-send"
    assert nearest("sigpipe") == "broken-pipe"
    assert nearest("zzzz") == ""


def test_the_index_in_the_docs_has_every_page():
    index = (Path(__file__).parents[3] / "docs" / "hints.md").read_text(encoding="utf-8")
    for topic in TOPICS:
        assert f"| [{topic.name}](../src/farhost/report/hints/{topic.name}.md) | {topic.hint} |" in index
