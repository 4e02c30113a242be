"""What an attached process asks that is no system call: names, interfaces, its directory."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from farhost.network.remote_lookup import QUESTIONS as ABOUT_NAMES

if TYPE_CHECKING:
    from farhost.devices.attach.process import AttachedProcess


def chdir(process: "AttachedProcess", path: str) -> object:
    """The process has changed its working directory."""
    process.change_directory(path)
    return None


def _about_names(answer: Callable[..., object]) -> Callable[..., object]:
    def question(process: "AttachedProcess", arguments: list[object]) -> object:
        return answer(process.host.resolver, *arguments)

    return question


QUESTIONS: dict[str, Callable[..., object]] = {
    "chdir": chdir,
    **{name: _about_names(answer) for name, answer in ABOUT_NAMES.items()},
}
