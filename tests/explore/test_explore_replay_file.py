"""Replay files: what is written is read again, and every mistake in a file is named with its remedy."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farhost.explore.fault_words import describe_fault, known_kinds
from farhost.explore.orders import Orders
from farhost.explore.replay_file import (
    VERDICTS,
    Replay,
    ReplayFault,
    read_replay,
    replay_text,
    write_replay,
)
from farhost.explore.table_reading import ReplayError
from farhost.explore.toml_writing import toml_comment, toml_line, toml_table
from farhost.sim.choices import Choice
from farhost.trace.events import Wake
from farhost.trace.trail import TrailSink


def trail_of(count):
    sink = TrailSink()
    for number in range(count):
        sink.take(Wake(number, "a", "p", 100, "ready"))
    return sink.trail()


WHOLE = Replay(
    farhost="0.1.0",
    python="3.11.7",
    seed=7,
    scenario={
        "programs": ["server.py 5000", 'client.py server 5000 "a b" C:\\x'],
        "link": ["delay=40ms"],
        "until": "60s",
    },
    directory="../..",
    horizon_ns=230_112_000,
    faults=(
        ReplayFault(Choice("loss", "client>server data 0+5 #1"), 1, True),
        ReplayFault(Choice("reorder", "client>server data 5+5 #1"), 300_000_000, None, "200ms to 900ms also fail"),
    ),
    kind="failed",
    signature=("client.py:7 in main", "ValueError"),
    message="ValueError: invalid literal for int() with base 10: ''",
    shape="6c2b8e4ff1d23a01",
    content="ff1d23a016c2b8e4",
    events=200,
    trail=trail_of(200),
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
choices = st.builds(Choice, st.sampled_from(known_kinds()), texts)
faults = st.builds(ReplayFault, choices, st.integers(1, 1 << 62), st.none() | st.booleans(), texts)
integers = st.integers(-(1 << 63), (1 << 63) - 1)
values = texts | integers | st.booleans() | st.lists(texts)
tables = st.dictionaries(texts, values | st.dictionaries(texts, values | st.dictionaries(texts, values, max_size=2)))
scenarios = st.dictionaries(texts.filter(lambda key: key != "directory"), values | tables)


@st.composite
def replays(draw):
    events = draw(st.integers(0, 300))
    traced = draw(st.booleans())
    test = draw(texts)
    return Replay(
        draw(texts),
        draw(texts),
        draw(integers),
        {} if test else draw(scenarios),
        "." if test else draw(texts),
        test,
        draw(texts) if test else "",
        draw(st.integers(0, (1 << 63) - 1)),
        tuple(draw(st.lists(faults, unique_by=lambda fault: fault.choice))),
        draw(st.sampled_from(VERDICTS)),
        tuple(draw(st.lists(texts))),
        draw(texts),
        draw(texts.filter(bool)) if traced else "",
        draw(texts) if traced else "",
        events if traced else 0,
        draw(st.sampled_from([b"", trail_of(events)])) if traced else b"",
    )


@given(replays())
def test_what_is_written_is_read_again(tmp_path_factory, replay):
    path = tmp_path_factory.mktemp("replays") / "one.toml"
    write_replay(path, replay)
    assert read_replay(path) == replay


@given(
    st.dictionaries(texts, texts | st.integers(-(1 << 63), (1 << 63) - 1) | st.booleans() | st.lists(texts)), texts
)
def test_toml_is_what_tomllib_reads(table, comment):
    lines = [*toml_comment(comment), *(toml_line(key, value) for key, value in table.items())]
    assert tomllib.loads("\n".join(lines)) == table


@given(tables)
def test_tables_in_tables(table):
    assert tomllib.loads("\n".join(toml_table(["a b"], table))) == {"a b": table}


def test_what_is_expected_of_programs_comes_back(tmp_path):
    scenario = {"programs": ["a.py"], "expect": {"client": {"status": 0, "stdout": "done\n"}}, "isolate": True}
    write_replay(tmp_path / "one.toml", WHOLE._replace(scenario=scenario))
    replay = read_replay(tmp_path / "one.toml")
    assert (replay.scenario, replay.directory) == (scenario, "../..")


def test_a_file_reads_well():
    text = replay_text(WHOLE._replace(trail=b""))
    assert f'[[fault]]\n# {describe_fault(*WHOLE.faults[0][:2])}\nkind = "loss"' in text
    assert 'around = "200ms to 900ms also fail"' in text
    assert '    "server.py 5000",\n' in text
    assert max(map(len, replay_text(WHOLE).splitlines())) <= 120


def test_what_a_replay_tells_the_run():
    replay = {
        Choice("loss", "client>server data 0+5 #1"): 1,
        Choice("reorder", "client>server data 5+5 #1"): 300_000_000,
    }
    assert WHOLE.orders() == Orders(7, replay=replay, trail=True, horizon_ns=230_112_000)


def test_a_test_instead_of_a_scenario(tmp_path):
    path = tmp_path / "one.toml"
    replay = WHOLE._replace(
        scenario={}, directory=".", test="test_chat.py::test_it[a-1]", test_file="../test_chat.py"
    )
    write_replay(path, replay)
    assert read_replay(path) == replay


def test_a_file_written_by_hand_needs_little(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(
        'format = 1\nfarhost = "0.1.0"\npython = "3.11.7"\nseed = 7\n'
        '[scenario]\nprograms = ["server.py 5000"]\n[expected]\nverdict = "failed"\n'
    )
    replay = read_replay(path)
    assert (replay.shape, replay.trail, replay.faults, replay.directory) == ("", b"", (), ".")


def edited(old, new):
    text = replay_text(WHOLE)
    assert text.count(old) >= 1, f"{old!r} is not in the file"
    return text.replace(old, new, 1)


MISTAKES = {
    "no TOML": ("seed = 7", "seed = ", "it is not TOML: Invalid value (at line"),
    "an unknown key": ("seed = 7", "seed = 7\nsede = 8", "sede: there is no such key: do you mean 'seed'?"),
    "a key missing": ("seed = 7", "", "seed: it is missing"),
    "a key with another name": ("seed = 7", "sede = 7", "seed: it is missing: is it 'sede'?"),
    "no integer": ("seed = 7", 'seed = "7"', "seed: it is a string, and it has to be an integer"),
    "true is no integer": ("seed = 7", "seed = true", "seed: it is true or false, and it has to be an integer"),
    "a newer format": (
        "format = 1",
        "format = 2",
        "format: it is 2, and this farhost reads up to 1: farhost 0.1.0 wrote",
    ),
    "no format": ("format = 1", "format = 0", "format: 0 is too small: it is at least 1"),
    "an unknown fault": (
        'kind = "loss"',
        'kind = "lost"',
        "[fault 1] kind: there is no fault 'lost': there are ",
    ),
    "a key of a fault": ("essential = true", "esential = true", "[fault 1] esential: there is no such key"),
    "a size of nothing": ("size = 1\n", "size = 0\n", "[fault 1] size: 0 is too small: it is at least 1"),
    "a size beyond all": (
        "size = 1\n",
        "size = 9223372036854775808\n",
        "[fault 1] size: 9223372036854775808 is too large",
    ),
    "no flag": (
        "essential = true",
        'essential = "yes"',
        "[fault 1] essential: it is a string, and it has to be true or",
    ),
    "one table alone": ("[[fault]]", "[fault]", "it is not TOML"),
    "an unknown verdict": (
        'verdict = "failed"',
        'verdict = "fails"',
        "[expected] verdict: 'fails' is none of passed,",
    ),
    "no signature": (
        "signature = [",
        "signature = [[1], ",
        "[expected] signature: it is an array, and it has to be an",
    ),
    "nothing to run": ("[scenario]", "[scenery]", "scenario: it is missing: say what is run in [scenario] or,"),
    "a float": (
        'until = "60s"',
        "until = 6.5",
        "[scenario] until: it is a number, and it has to be an array of strings",
    ),
    "an empty hash": (f'shape = "{WHOLE.shape}"', 'shape = ""', "[trace] shape: it is empty: leave [trace] out"),
    "another count": (
        "events = 200",
        "events = 201",
        "[trace] trail: a trail of 200 events is none of 201: it cannot be",
    ),
    "no base64": ("trail = [\n", 'trail = [\n    "?",\n', "[trace] trail: "),
    "both": (
        "[scenario]",
        '[test]\nnode = "a"\nfile = "b"\n[scenario]',
        "test: there is a [scenario] as well: leave one",
    ),
    "expected is no table": (
        "[expected]\nverdict",
        "[[expected]]\nverdict",
        "expected: it is an array, and it has to be a",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_file_its_key_and_a_remedy(tmp_path, name):
    old, new, message = MISTAKES[name]
    path = tmp_path / "edited.toml"
    path.write_text(edited(old, new))
    with pytest.raises(ReplayError) as caught:
        read_replay(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_the_same_fault_twice(tmp_path):
    path = tmp_path / "edited.toml"
    write_replay(path, WHOLE._replace(faults=(WHOLE.faults[0], WHOLE.faults[0])))
    with pytest.raises(ReplayError, match="'loss' at 'client>server data 0\\+5 #1' is there twice"):
        read_replay(path)


def test_files_that_are_not_there_or_no_text(tmp_path):
    with pytest.raises(ReplayError, match="it cannot be read: No such file or directory"):
        read_replay(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"seed = \xff")
    with pytest.raises(ReplayError, match="byte 7 is not UTF-8"):
        read_replay(tmp_path / "bytes.toml")
    with pytest.raises(ReplayError, match="it cannot be written: No such file or directory"):
        write_replay(tmp_path / "none" / "one.toml", WHOLE)


def test_a_word_that_is_not_utf_8_cannot_be_written(tmp_path):
    with pytest.raises(ReplayError, match="a name that is not UTF-8 cannot be written in a TOML file"):
        write_replay(tmp_path / "one.toml", WHOLE._replace(scenario={"programs": ["caf\udce9.py"]}))
    assert not (tmp_path / "one.toml").exists()
