# Every target needs only python3 (3.11 or later) with venv, and the package index that pip is set up for.
PYTHON ?= python3
VENV := $(if $(filter python3,$(PYTHON)),.venv,.venv-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test interop isolated captures conformance clusters corpus determinism check bench screenshots constraints clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## make the virtual environment (PYTHON=python3.13 chooses another Python)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"farhost needs Python 3.11 or later; {sys.executable} is {v.major}.{v.minor}: choose another with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,scenarios]'
	@touch $@

demo: $(READY)  ## run the main job: the notes' programs over a bad link, and http.server fetched by urllib
	$(BIN)/python examples/demo.py

test: $(READY)  ## all tests, about 5 minutes on 2 cores (three workers: many tests wait)
	$(BIN)/python -m pytest -n 3 --dist worksteal

interop: $(READY)  ## the stack against the Linux kernel through TUN: 100 MB each way (root; a quarter of an hour)
	FARHOST_INTEROP_MB=100 FARHOST_INTEROP_SECONDS=60 $(BIN)/python -m pytest -n 4 --durations=0 -v tests/interop

isolated: $(READY)  ## the tests that run scripts again, with each script in a process of its own
	PYTHONPATH=tests/programs/isolated $(BIN)/python -m pytest -p isolated_plugin -n 2 \
		--ignore tests/programs/in_place --ignore tests/programs/isolated \
		tests/programs tests/notes tests/scenarios tests/network tests/differential

captures: $(READY)  ## every run of the scenario suite captured, and read by tshark: nothing malformed, no wrong checksum
	PYTHONPATH=tests/captures $(BIN)/python -m pytest -p captured_plugin -n 2 tests/scenarios tests/notes

conformance: $(READY)  ## CPython's own socket tests on the system and on farhost, for each environment that `setup` made
	$(BIN)/python tests/conformance $(foreach python,$(sort $(wildcard .venv/bin/python .venv-*/bin/python)),--python $(python))

corpus: $(READY)  ## 29 planted bugs: seeds and seconds to find each, faults left; 2,000 seeds of each correct version
	$(BIN)/python tests/corpus table

determinism: $(READY)  ## 10,000 runs over the corpus, twice, under other conditions: the traces' hashes are equal
	$(BIN)/python tests/corpus determinism

clusters: $(READY)  ## explorations on local clusters of Dask and Ray (installs both)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[dask,ray]'
	$(BIN)/python -m pytest tests/explore/clusters/check_clusters.py

check: $(READY)  ## ruff, mypy, the layers, the tidy test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_tidy.py

bench: $(READY)  ## round trips, bulk transfer, attached calls, TUN: beside the kernel's
	$(BIN)/python -m benchmarks

screenshots: $(READY)  ## the pictures of docs/ anew (Debian: chromium, chromium-driver)
	$(BIN)/python tests/report/browser/screenshots.py

constraints:  ## write constraints.txt anew with the newest versions that pyproject.toml allows
	rm -rf build/newest && $(PYTHON) -m venv build/newest
	build/newest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,scenarios]'
	{ head -n 1 constraints.txt; build/newest/bin/python -m pip freeze --exclude-editable; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:  ## remove what the targets made
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .import_linter_cache build
