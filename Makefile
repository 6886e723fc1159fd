# Each target sets up its own .venv; nothing needs root, Docker or a running service.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=

.PHONY: demo test check bench bench-rules bench-ingest bench-stations bench-console screenshots clean lock schemas help

help:
	@echo "make demo     everything embedded: store, broker, simulated homes, console (ARGS='--for 60 --json --no-browser')"
	@echo "make test     the tests (ARGS='-k sos')"
	@echo "make check    lint, format, types, import rules, rule catalogue, device catalogue"
	@echo "make bench    the benchmarks, as ratios measured in one run"
	@echo "make bench-ingest  those of ingest alone (ARGS='soak=600' adds ten minutes for its memory)"
	@echo "make bench-stations  ten thousand open incidents, 200 new alerts a second, a copy killed"
	@echo "make bench-console  500 open incidents on 200 consoles: first paint in Chromium, live updates"
	@echo "make bench-rules  the rules beside pandas, polars and a plain loop (some minutes)"
	@echo "make screenshots  the pictures of the console in the documentation (needs Chromium)"
	@echo "make alert-quality  the default catalogue on a simulated month of 1,000 elders; writes its page"
	@echo "make lock     resolve requirements.lock anew from pyproject.toml"
	@echo "make schemas  regenerate the JSON Schemas of the wire"
	@echo "make clean    remove what the targets made"

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Vigil needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This python3 cannot make virtual environments: install its venv package (Debian: python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)
	@$(BIN)/vigil demo $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vigil rules check
	$(BIN)/vigil devices check

bench: $(STAMP)
	@$(BIN)/python -m bench $(ARGS)

bench-ingest: $(STAMP)
	@$(BIN)/python -m bench ingest $(ARGS)

bench-stations: $(STAMP)
	@$(BIN)/python -m bench stations $(ARGS)

bench-console: $(STAMP)
	@$(BIN)/python -m bench console $(ARGS)

# pandas and polars only stand beside the rules here: nothing of Vigil needs them.
bench-rules: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@$(BIN)/python -m bench rules

screenshots: $(STAMP)
	$(BIN)/python -m tests.support.pictures

alert-quality: $(STAMP)
	@$(BIN)/python -m bench.quality $(ARGS)

schemas: $(STAMP)
	$(BIN)/python -m schemas.generate

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-annotate --no-header pyproject.toml --group dev -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-annotate --no-header --group bench -c requirements.lock \
	    -o requirements-bench.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .vigil build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
