"""What happened, for people: the terminal's view of a trace."""
