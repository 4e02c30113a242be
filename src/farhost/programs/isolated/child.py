"""The child's main program: a world of its own, and one script in it, over a conversation with the run."""

import _thread
import ctypes
import gc
import os
import signal
import socket
import sys
import traceback
from typing import Any

from farhost.programs.directory import Directory
from farhost.programs.early_imports import import_early
from farhost.programs.escapes import GUARD
from farhost.programs.frames import place
from farhost.programs.hooks import program_hooks
from farhost.programs.isolated import messages as m
from farhost.programs.isolated.messages import Line, Message
from farhost.programs.isolated.remote_process import RemoteProcess, RemoteThread
from farhost.programs.isolated.turns import Turns
from farhost.programs.launch import run_program
from farhost.programs.warn import program_warnings
from farhost.programs.world import World

_PR_SET_PDEATHSIG = 1


class ChildRun:
    """What the nets around programs know of the run (`farhost.programs.caller.Running`)."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    @property
    def current(self) -> RemoteThread | None:
        """The simulated thread that runs now; None outside of one."""
        return self._turns.current

    def note_escape(self, message: str) -> None:
        """A program has reached for something real."""
        self._turns.process.escaped(message)


def main(number: int) -> None:
    """Run the program that the run at the other end of the socket `number` names."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    turns = Turns(Line(socket.socket(fileno=number)))
    try:
        _live(turns)
    except Exception:
        # A defect of farhost's own: the run tells of it.
        turns.say(Message(m.DEFECT, 0, (), traceback.format_exc().encode("utf-8", "backslashreplace")))
    os._exit(1)


def _live(turns: Turns) -> None:
    about = turns.begin()
    tell_where(about["tells"])
    process = RemoteProcess(turns, about)
    turns.add(process.main_thread, lambda: _run(process, about))
    run = ChildRun(turns)
    GUARD.enter(run)
    gc.disable()
    gc.freeze()
    with program_hooks(run), program_warnings(run):
        turns.serve()


def _run(process: RemoteProcess, about: dict[str, Any]) -> Message:
    """The main thread: its last word is the exit status, with the traceback of what was not caught."""
    directory = Directory(process, about["directory"])
    process.early = True
    world = World(process, directory, about["environment"])
    import_early(world, process.argv)
    for do in process.at_begin:
        do()
    process.early = False
    status = run_program(process, world, process.argv)
    sys.stdout.flush()
    return Message(m.END, process.main_thread.key, (status,), process.traceback.encode("utf-8", "surrogateescape"))


def tell_where(number: int) -> None:
    """Whenever something comes on the socket, say there in which line of the program the main OS thread is."""
    main_thread = _thread.get_ident()

    def tell() -> None:
        with socket.socket(fileno=number) as asking:
            while asking.recv(1):
                asking.sendall(place(sys._current_frames().get(main_thread), exact=True).encode())

    _thread.start_new_thread(tell, ())
