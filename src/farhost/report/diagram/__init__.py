"""A small sequence diagram of a few events, for terminals: hosts as columns, packets as arrows, time going down."""
