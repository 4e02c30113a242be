"""Virtual time: the clock, the event queue, tasks, and choose(). Knows no networking."""
