"""farhost explain: the list, a page, words that are nearly one, completion."""

import subprocess
import sys

import click
import pytest

from farhost.cli.explain import complete_topic
from farhost.report.hints.pages import names, page


def explain(*words):
    command = [sys.executable, "-m", "farhost", "explain", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_without_a_topic_all_are_listed():
    result = explain()
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == names()


def test_a_topic_s_page():
    result = explain("partial-send")
    assert result.returncode == 0 and result.stdout == page("partial-send")


@pytest.mark.parametrize(
    ("word", "said"),
    [("partial-sent", "did you mean 'partial-send'?"), ("zzzz", "no topic 'zzzz': `farhost explain` lists all")],
)
def test_an_unknown_topic(word, said):
    result = explain(word)
    assert result.returncode == 2 and said in result.stderr and "Traceback" not in result.stderr


def test_topics_are_completed():
    found = complete_topic(click.Context(click.Command("explain")), click.Argument(["topic"]), "data")
    assert [item.value for item in found] == ["datagram-lost", "datagram-order", "datagram-truncated"]
