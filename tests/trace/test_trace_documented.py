"""docs/trace.md names every class of events and every field, and no other; its examples are lines of a trace."""

import json
import re
from pathlib import Path

import pytest

from farhost.trace.events import EVENT_CLASSES, BufferDepth, SocketChange, TcpSample, TlsSecret
from farhost.trace.sinks import TRACE_FILE_VERSION

PAGE = (Path(__file__).parents[2] / "docs" / "trace.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
NAMES = [kind.__name__ for kind in EVENT_CLASSES]
SAMPLES = [kind.__name__ for kind in (TcpSample, BufferDepth, SocketChange, TlsSecret)]


def test_every_class_has_a_section_and_no_other_has():
    assert list(SECTIONS) == NAMES
    assert PAGE.index("### SystemCall") > PAGE.index("## Events")
    after = PAGE[PAGE.index("## Samples") :]
    assert re.findall(r"^### (\w+)", after, re.MULTILINE) == SAMPLES


@pytest.mark.parametrize("kind", EVENT_CLASSES, ids=NAMES)
def test_every_field_is_in_the_table_and_in_the_example_in_order(kind):
    text = SECTIONS[kind.__name__]
    assert tuple(re.findall(r"^\| `(\w+)` \| \S", text, re.MULTILINE)) == kind._fields
    (example,) = re.findall(r"^```json\n(.*)\n```$", text, re.MULTILINE)
    assert list(json.loads(example)) == ["event", *kind._fields]
    assert json.loads(example)["event"] == kind.__name__


def test_the_version_is_the_one_that_is_written():
    assert f'`{{"farhost_trace": {TRACE_FILE_VERSION}}}`' in PAGE
