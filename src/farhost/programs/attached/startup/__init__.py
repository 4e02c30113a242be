"""The directory that `farhost exec` puts on PYTHONPATH; see `sitecustomize.py` in it."""
