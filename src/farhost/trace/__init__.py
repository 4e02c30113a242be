"""The one stream of what happened in a run: typed, versioned events, their hashes, their sinks."""
