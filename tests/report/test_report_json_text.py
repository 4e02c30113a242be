"""Text that UTF-8 has no bytes for (a file's name, an exception's message) is no reason for a run not to be kept."""

import msgspec
from recorded import failing

from farhost.report.html.page import report_html
from farhost.report.html.panel import pack
from farhost.report.json_text import in_utf8, json_bytes
from farhost.report.recording import store
from farhost.trace.events import Wake

ODD = "caf\udce9.py"
SHOWN = r"caf\udce9.py"


def test_a_lone_surrogate_is_written_as_its_escape():
    assert json_bytes([ODD, {ODD: (1, None, ODD)}]) == json_bytes([SHOWN, {SHOWN: [1, None, SHOWN]}])
    assert in_utf8(ODD + "é\U0001f600") == SHOWN + "é\U0001f600"
    assert pack([ODD]) == pack([SHOWN])


def test_a_run_of_a_program_with_such_a_name_is_kept_and_shown(tmp_path):
    run = failing()
    (first, *others) = run.facts.processes
    named = msgspec.structs.replace(first, argv=(ODD,), traceback=f"OSError: {ODD}")
    facts = msgspec.structs.replace(run.facts, message=ODD, processes=(named, *others))
    place = store.keep_run(facts, [Wake(5, "a", ODD, 100, "ready")], tmp_path)
    assert store.read_facts(place).message == SHOWN
    assert store.read_trace(place / store.TRACE) == [Wake(5, "a", SHOWN, 100, "ready")]
    page = report_html(store.RecordedRun(facts, run.events))
    assert SHOWN in page and page.encode()
