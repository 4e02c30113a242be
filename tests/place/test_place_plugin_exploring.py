"""The plugin's explorations from outside: many seeds in children, shrinking, failures that are kept, replays."""

import tomllib

from test_place_plugin import run_pytest, test_file

ONE_RECV = """
    import socket

    import pytest

    BODY = b"0123456789" * 30

    def test_whole(farhost):
        server, client = farhost.host("server"), farhost.host("client")
        got = []

        def serve():
            with socket.create_server(("", 5000)) as listener:
                own, _ = listener.accept()
                with own:
                    own.sendall(BODY)

        def ask():
            with socket.create_connection((server.address, 5000)) as own:
                got.append(own.recv(1000))

        server.start(serve)
        client.start(ask)
        farhost.run(until="60s")
        assert got == [BODY]
"""
"""It takes one recv for one message: any short read breaks it."""

SHORT = "--farhost-faults=split=5% loss=2% duplicate=2%"


def stored(folder):
    """The failing runs that are kept."""
    return sorted((folder / ".farhost" / "pytest").glob("*.toml"))


def test_the_first_failing_seed_is_shrunk_and_shown_with_the_real_exception(tmp_path):
    path = test_file(tmp_path, ONE_RECV)
    text, code = run_pytest(path, "--farhost-seeds=200", SHORT, cwd=tmp_path)
    assert code == 1, text
    assert "farhost: seeds 0 to 199, faults split=5% loss=2% duplicate=2%" in text
    assert "assert got == [BODY]" in text
    assert "At index 0 diff" in text
    section = text[text.index("- farhost -") :]
    assert "1 fault: " in section
    assert "essential: without it the failure does not come" in section
    (kept,) = stored(tmp_path)
    replay = tomllib.loads(kept.read_text())
    assert replay["test"]["node"] == "test_made.py::test_whole"
    assert [fault["kind"] for fault in replay["fault"]] == ["split"]
    again = f"the same again: pytest 'test_made.py::test_whole' --farhost-replay .farhost/pytest/{kept.name}"
    assert again in section
    assert (tmp_path / ".farhost" / ".gitignore").read_text() == "*\n"
