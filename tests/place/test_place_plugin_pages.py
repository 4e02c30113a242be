"""pytest --farhost-report: a page for each test that failed."""

import pytest
from running_pytest import run_pytest, test_file

from farhost import Network

SOURCE = """
    import socket

    import pytest

    def serve():
        with socket.create_server(("", 5000)) as listener:
            own, _ = listener.accept()
            with own:
                own.sendall(b"x" * 3000)

    def ask():
        with socket.create_connection(("server", 5000)) as own:
            assert len(own.recv(5000)) == 3000, "short <b>"

    @pytest.mark.parametrize("faults", ["", "short-read=90%"])
    def test_ask(farhost, faults):
        farhost.faults(faults) if faults else None
        farhost.host("server").start(serve)
        farhost.host("client").start(ask)
        farhost.run()
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """What pytest printed, and the folder of its pages."""
    folder = tmp_path_factory.mktemp("pages")
    printed, code = run_pytest(test_file(folder, SOURCE), "--farhost-report", "what", cwd=folder)
    assert code == 1
    return printed, folder / "what"


def test_each_test_that_failed_has_a_page_and_no_other(pages):
    printed, folder = pages
    (page,) = folder.iterdir()
    assert f"what happened: what/{page.name}" in printed
    assert "test_ask-short-read-90" in page.name
    text = page.read_text()
    assert "<h1>test_made.py::test_ask[short-read=90%]</h1>" in text
    assert "short &lt;b&gt;" in text
    assert "short <b>" not in text


def test_the_page_has_the_line_that_runs_it_without_a_fault(pages):
    _, folder = pages
    (page,) = folder.iterdir()
    assert "--farhost-without 1" in page.read_text()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "what").write_text("a file")
    printed, code = run_pytest(test_file(tmp_path, SOURCE), "--farhost-report", "what", cwd=tmp_path)
    assert code == 1
    assert "the page cannot be written: " in printed


def test_a_network_writes_its_page(tmp_path):
    with Network() as net:
        net.host("a").start(print, "hello")
        net.page(tmp_path / "run.html")
        net.run()
    assert "passed" in (tmp_path / "run.html").read_text()


def test_a_place_for_a_page_is_tried_before_the_run(tmp_path):
    with Network() as net:
        net.host("a").start(print, "hello")
        net.page(tmp_path / "missing" / "run.html")
        with pytest.raises(FileNotFoundError):
            net.run()


def test_a_page_may_be_asked_for_after_a_run_that_was_recorded(tmp_path):
    with Network() as net:
        net.host("a").start(print, "hello")
        net.page(tmp_path / "run.html")
        net.run()
        net.page(tmp_path / "again.html")
    assert (tmp_path / "run.html").read_bytes() == (tmp_path / "again.html").read_bytes()


def test_what_comes_too_late_is_refused(tmp_path):
    with Network() as net:
        net.host("a").start(print, "hello")
        net.run()
        with pytest.raises(ValueError, match=r"call page\(\) or record\(\) before run\(\)"):
            net.page(tmp_path / "run.html")
        for late in (net.trace, net.capture):
            with pytest.raises(ValueError, match="this network has run"):
                late(tmp_path / "file")
        with pytest.raises(ValueError, match="this network has run"):
            net.record()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_breaks_off_leaves_no_page(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with Network() as net:
        net.host("a").start(print, "hello")
        net.at("0s", stop)
        net.page(tmp_path / "run.html")
        with pytest.raises(KeyboardInterrupt):
            net.run()
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_recorded_is_not_to_be_had():
    with Network() as net:
        net.host("a").start(print, "hello")
        net.run()
        with pytest.raises(ValueError, match=r"call record\(\) before run\(\)"):
            net.recorded()


FIXTURES = """
    import pytest

    @pytest.fixture
    def ran(farhost):
        farhost.host("a").start(print, "ran by a fixture")
        farhost.run()

    @pytest.fixture
    def broken(farhost):
        farhost.host("a").start(int, "no number")
        farhost.run()

    @pytest.fixture
    def broken_after(farhost):
        yield
        raise RuntimeError("after")

    def test_passes(ran):
        pass

    def test_fails(ran):
        assert 0

    def test_setup(broken):
        pass

    def test_teardown(broken_after, farhost):
        farhost.host("a").start(print, "hello")
        farhost.run()
"""


def test_networks_that_fixtures_run_have_pages_too(tmp_path):
    printed, code = run_pytest(test_file(tmp_path, FIXTURES), "--farhost-report", "pages", cwd=tmp_path)
    assert code == 1
    assert "1 failed, 2 passed, 2 errors" in printed
    pages = {path.name.split("-")[1]: path.read_text() for path in (tmp_path / "pages").iterdir()}
    assert sorted(pages) == ["test_fails", "test_setup", "test_teardown"]
    assert printed.count("what happened: pages/") == 3
    assert "exited 0 at" in pages["test_fails"]
    assert "no number" in pages["test_setup"]


def test_what_a_fixture_ran_has_no_other_seeds(tmp_path):
    printed, code = run_pytest(test_file(tmp_path, FIXTURES), "-k", "passes", "--farhost-seeds", "3", cwd=tmp_path)
    assert code == 1
    assert "a fixture has run the network: seeds and faults vary what a test runs" in printed


def test_a_test_whose_network_never_ran_has_no_page_and_no_word_of_one(tmp_path):
    source = """
        def test_nothing(farhost):
            farhost.host("a").start(print)
            assert False
    """
    printed, code = run_pytest(test_file(tmp_path, source), "--farhost-report", "what", cwd=tmp_path)
    assert code == 1
    assert "what happened" not in printed
    assert not (tmp_path / "what").exists()
