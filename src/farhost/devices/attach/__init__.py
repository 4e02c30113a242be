"""Programs in other processes of the machine: their system calls come as messages over a Unix socket (DESIGN 12).

A network that runs in real time has a control socket (`door`). A program's process keeps one connection open for as
long as it lives (`process`), and has one for each of its threads (`thread`), on which calls and results take turns.
Commands such as `farhost ss` ask their questions on the same socket (`commands`).
"""
