"""What a recorded run tells: the window that is shown, packets' ways, streams, calls; for pages and terminals."""
