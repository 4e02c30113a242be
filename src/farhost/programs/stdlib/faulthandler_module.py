"""The stand-in for `faulthandler` in a world: C's acts on the whole interpreter, and its timer is a thread.

A simulated process dies of no fault that C could report, so being enabled is no more than a word. A dump shows the
thread that asks. Source: Modules/faulthandler.c.
"""

import faulthandler as real
import sys
import traceback
from types import FrameType, ModuleType
from typing import Any

from farhost.programs.caller import WorldProcess
from farhost.programs.escapes import refuse
from farhost.programs.frames import program_frame


def make_faulthandler_module(process: WorldProcess) -> ModuleType:
    """`faulthandler` for one process."""
    module = ModuleType("faulthandler", real.__doc__)
    enabled = False

    def enable(file: Any = None, all_threads: bool = True) -> None:
        nonlocal enabled
        enabled = True

    def disable() -> bool:
        nonlocal enabled
        before, enabled = enabled, False
        return before

    def dump_traceback(file: Any = None, all_threads: bool = True) -> None:
        text = "Stack (most recent call first):\n" + "".join(_lines(program_frame(sys._getframe(1))))
        stream = process.world_sys.stderr if file is None else file
        stream.flush()
        process.call("write", stream if isinstance(stream, int) else stream.fileno(), text.encode())

    module.__dict__.update(
        enable=enable,
        disable=disable,
        is_enabled=lambda: enabled,
        dump_traceback=dump_traceback,
        dump_traceback_later=refuse(process, "faulthandler.dump_traceback_later", "thread"),
        cancel_dump_traceback_later=lambda: None,
        register=refuse(process, "faulthandler.register", "signal"),
        unregister=lambda signum: False,
    )
    return module


def _lines(frame: FrameType | None) -> list[str]:
    return [
        f'  File "{shown.f_code.co_filename}", line {line} in {shown.f_code.co_name}\n'
        for shown, line in traceback.walk_stack(frame)
    ]
