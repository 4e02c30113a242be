"""Changes to modules that are made when they are first imported."""

import importlib
import sys

import pytest

from farhost.programs.after_import import when_imported


@pytest.fixture
def late(tmp_path, monkeypatch):
    """A module that nobody has imported."""
    (tmp_path / "late_module.py").write_text("value = 1\n")
    (tmp_path / "late_failing.py").write_text("value = 1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield "late_module"
    sys.modules.pop("late_module", None)


def change(module):
    module.value += 1


def test_the_module_is_changed_when_it_is_imported_and_keeps_its_own_loader(late):
    when_imported(late, change)
    assert late not in sys.modules
    module = importlib.import_module(late)
    assert module.value == 2
    assert module.__loader__ is module.__spec__.loader
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert module.__loader__.get_source(late) == "value = 1\n"
    assert importlib.import_module(late).value == 2


def test_it_is_changed_again_when_it_is_loaded_again(late):
    when_imported(late, change)
    module = importlib.import_module(late)
    assert importlib.reload(module).value == 2
    del sys.modules[late]
    assert importlib.import_module(late).value == 2


def test_what_is_there_already_is_changed_at_once(late):
    module = importlib.import_module(late)
    when_imported(late, change)
    assert module.value == 2


def test_two_changes_to_different_modules_and_one_that_is_not_there(late):
    when_imported("late_nowhere", change)
    when_imported(late, change)
    assert importlib.import_module(late).value == 2
    with pytest.raises(ModuleNotFoundError, match="late_nowhere"):
        importlib.import_module("late_nowhere")


def test_a_module_that_fails_to_load_fails_as_ever(late):
    when_imported("late_failing", change)
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("late_failing")
    assert "late_failing" not in sys.modules
