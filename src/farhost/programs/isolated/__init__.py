"""Programs that run in processes of their own, in virtual time: `farhost run --isolate`.

The run has its simulated process as ever: threads with their waits, charges, signals and trace
(`farhost.programs.process`). What its threads do comes from a *child*, a process of the machine in which the script
runs in a world of its own, over the same stand-ins: there a thread is a greenlet that says what it wants and waits
for the answer, here a task that does it (`conversation`). The two take turns, message by message, so at any time one
thing happens in the whole run, and a run is the same, event by event, as without `--isolate`. A child that dies,
whatever of, is a process that was killed.
"""
