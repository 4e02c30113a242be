"""What the child of an isolated program asks its simulated process for, beside calls and waits: one row each."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from farhost.network.remote_lookup import QUESTIONS

if TYPE_CHECKING:
    from farhost.programs.isolated.process import IsolatedProcess

Request = Callable[..., Any]


def _about_names(answer: Callable[..., object]) -> Request:
    return lambda process, *arguments: answer(process.host.resolver, *arguments)


def _set_handler(process: "IsolatedProcess", number: int, there_is_one: bool) -> None:
    process.set_handler(number, process.remote_handler(number) if there_is_one else None)


def _notify(process: "IsolatedProcess", wanted: bool) -> None:
    process.notify(process.conversation.notify if wanted else None)


def _used_ns(process: "IsolatedProcess", key: int) -> int:
    thread = process.conversation.threads.get(key)
    return 0 if thread is None else process.used_ns(thread)


def _look(process: "IsolatedProcess", number: int) -> list[Any] | None:
    seen = process.look(number)
    return None if seen is None else list(seen)


def _before_step(process: "IsolatedProcess") -> None:
    if process.before_step is not None:
        process.before_step()


REQUESTS: dict[str, Request] = {
    "before_step": _before_step,
    "attend": lambda process: process.attend(),
    "disposition": lambda process, number: process.disposition(number),
    "set_disposition": lambda process, number, value: process.set_disposition(number, value),
    "set_handler": _set_handler,
    "mask_signals": lambda process, mask: process.mask_signals(set(mask)),
    "expect_signals": lambda process, wanted: process.expect_signals(frozenset(wanted)),
    "pending_signals": lambda process: process.pending_signals(),
    "take_signal": lambda process, wanted: process.take_signal(frozenset(wanted)),
    "notify": _notify,
    "timer": lambda process, number: list(process.timer(number)),
    "set_timer": lambda process, number, delay_ns, interval_ns: process.set_timer(number, delay_ns, interval_ns),
    "used_ns": _used_ns,
    "processor_ns": lambda process: process.processor_ns(),
    "descriptor_limit": lambda process: process.descriptor_limit(),
    "change_directory": lambda process, path: process.change_directory(path.encode("utf-8", "surrogateescape")),
    "is_socket_file": lambda process, path: process.is_socket_file(path.encode("utf-8", "surrogateescape")),
    "note_secret": lambda process, line: process.note_secret(line),
    "look": _look,
    "escaped": lambda process, message: process.runtime.note_escape(message),
    **{name: _about_names(answer) for name, answer in QUESTIONS.items()},
}
