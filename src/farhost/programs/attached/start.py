"""The beginning of an attached program: attach, put the stand-ins in place, let it run.

Called by `startup/sitecustomize.py` in every Python that `farhost exec` or an attached program starts, before
anything of the program is imported. If the process cannot be attached it must not run, because its sockets would be
the machine's.
"""

import os
import stat
import sys
from typing import NoReturn

from farhost.kernel.syscalls.encoding import BadMessage
from farhost.programs.attached import c_calls, os_calls, real, signals, stand_ins, streams, tls
from farhost.programs.attached.attachment import Attachment
from farhost.programs.attached.caller import AttachedCaller, Everything
from farhost.programs.attached.calls import Calls
from farhost.programs.attached.children import Children
from farhost.programs.attached.connection import ProblemError
from farhost.programs.attached.variables import BIRTH, CONTROL, HELD, HOST

CANNOT_ATTACH = 3


def begin() -> None:
    """Attach this process as the environment says; does nothing where it says nothing."""
    path, host = os.environ.get(CONTROL), os.environ.get(HOST)
    if not path or not host or is_own(command()):
        return
    birth, held = os.environ.pop(BIRTH, ""), os.environ.pop(HELD, "")
    try:
        arguments = command()
        attachment = Attachment(path, host, process_name(arguments), arguments, birth)
    except (OSError, ProblemError, BadMessage) as error:
        refuse(str(error))
    if held.isdigit() and is_socket(int(held)):
        real.close_own(int(held))
    calls = Calls(attachment)
    caller = AttachedCaller(attachment, calls, Everything())
    calls.extend(c_calls.on_process(caller))
    stand_ins.install(attachment, caller)
    c_calls.install(caller)
    os_calls.install(attachment, calls)
    streams.install(attachment)
    signals.install(attachment, calls)
    tls.install()
    Children(attachment).install()


def is_own(arguments: list[str]) -> bool:
    """Whether it is farhost's own command line, which is the machine's in a shell of a host too."""
    if arguments[:2] == ["-m", "farhost"]:
        return True
    if not arguments or os.path.basename(arguments[0]) != "farhost":
        return False
    try:
        with open(arguments[0], "rb") as script:
            return b"farhost.cli" in script.read(4096)
    except OSError:
        return False


def is_socket(number: int) -> bool:
    """Whether a descriptor is there and is one of the machine's sockets."""
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def refuse(why: str) -> NoReturn:
    """End the process with the reason."""
    os.write(2, f"farhost: cannot attach this process: {why}\n".encode(errors="backslashreplace"))
    os._exit(CANNOT_ATTACH)


def command() -> list[str]:
    """The words after the interpreter's own options: the script or `-m`, module, and the arguments."""
    words = list(sys.orig_argv[1:])
    while words and words[0].startswith("-") and words[0] not in ("-m", "-c", "-"):
        option = words.pop(0)
        if option in ("-W", "-X", "--check-hash-based-pycs") and words:
            words.pop(0)
        elif not option.startswith("--") and option[-1] in "mc":
            words.insert(0, f"-{option[-1]}")
    return words


def process_name(arguments: list[str]) -> str:
    """What reports call the process: after its script or module."""
    if not arguments:
        return "python"
    if arguments[0] == "-c":
        return "python"
    if arguments[0] == "-m" and len(arguments) > 1:
        return arguments[1].rpartition(".")[2]
    return os.path.basename(arguments[0]).removesuffix(".py") or "python"
