"""`preempt=2%:1ms`: a thread loses the processor before a call, a look at a clock, or taking a lock; others run.

Linux may take the processor from a thread at any instruction (sched(7), CONFIG_PREEMPT or not: it runs user code),
and CPython lets another thread have the interpreter between any two bytecodes (`sys.setswitchinterval`). Here threads
give way only where they call something, so of all those places the fault uses these; between two of them a thread
runs on. Its size is how long it is away, in us.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from greenlet import GreenletExit

from farhost.network.faults.setting import Setting
from farhost.programs.call_faults.striking import Striking, thread_place
from farhost.programs.call_faults.wake import US_NS, DelayFault
from farhost.units import format_duration

if TYPE_CHECKING:
    from farhost.kernel.process import Thread
    from farhost.programs.call_faults.protocol import CallFunction
    from farhost.programs.process import ProgramProcess


class Preempt(DelayFault):
    """Losing the processor."""

    kind = "preempt"
    help = "A thread loses the processor before a call, a lock or a look at a clock: up to 1ms, or the size given."

    def describe(self, place: str, size: int) -> str:
        """`FaultWord.describe`."""
        thread, _, step = place.rpartition(" step ")
        return f"{thread} was off the processor for {format_duration(size * US_NS)} before its step {step}"

    def wrap(
        self, process: "ProgramProcess", setting: Setting, functions: "Mapping[str, CallFunction]"
    ) -> "Mapping[str, CallFunction]":
        """`CallFault.wrap`."""
        striking = Striking(process, self.kind, setting)
        scheduler = process.runtime.scheduler
        steps: dict[int, int] = {}

        def before_step() -> None:
            thread = process.current_thread
            if thread is None or process.dead:
                return
            steps[thread.ordinal] = count = steps.get(thread.ordinal, 0) + 1
            delay_us = striking.strike(f"{thread_place(thread)} step {count}", setting.size)
            if delay_us:
                scheduler.charge(delay_us * US_NS)
                if process.dead:
                    raise GreenletExit

        def behind(base: "CallFunction") -> "CallFunction":
            def call(thread: "Thread", *arguments: object) -> object:
                before_step()
                return base(thread, *arguments)

            return call

        process.before_step = before_step
        return {name: behind(base) for name, base in functions.items()}
