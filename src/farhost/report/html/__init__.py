"""The report as one HTML file: opens from disk, without a network or a server, readable without JavaScript."""
