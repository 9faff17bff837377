# Stoa: the commands a person needs. Everything runs from Python >= 3.11 with venv, and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= demo-desk

.PHONY: help install demo test chromium screenshots system check bench lock clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## make .venv from the committed lock file

$(VENV)/.installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Stoa needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@$(BIN)/python -m compileall -q memory agents orchestrator integrations
	@touch $@

demo: install ## run the example desk once: no key, no network
	@$(BIN)/stoa demo --desk $(DEMO)

test: install system chromium ## the whole suite
	@$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder
	@command -v bwrap >/dev/null || test "$$(uname)" != Linux || \
	  echo "Left out: the tests of the bubblewrap tier. They need: sudo apt-get install bubblewrap"

# What only the system can bring, where we may install it: as root on Debian and its kin.
system:
	@if [ "$$(uname)" = Linux ] && ! command -v bwrap >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends bubblewrap; } >/dev/null 2>&1 || \
	    echo "bubblewrap could not be installed; its tests are left out. To bring them: sudo apt-get install bubblewrap"; \
	  else \
	    echo "bubblewrap is missing; its tests are left out. To bring them: sudo apt-get install bubblewrap"; \
	  fi; \
	fi

chromium: # the browser of the board's tests: installed where that is allowed, else named
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  { apt-get install -y -qq chromium || { apt-get update -qq && apt-get install -y -qq chromium; }; } >/dev/null 2>&1; } || \
	  echo "tests/integrations/board/test_browser.py is left out: there is no Chromium. To bring it: apt-get install -y chromium"

screenshots: install chromium ## pictures of every page of the board, in docs/images
	@$(BIN)/python -m tests.integrations.board.screenshots

check: install ## format, lint, types, layers, lock
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache

bench: install ## the benchmarks, with their numbers
	@$(BIN)/python -m pytest -q tests/bench --benchmark-only --benchmark-columns=min,median,max,rounds

lock: install ## resolve the lock file again after pyproject.toml changed
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --extra slack --extra postgres --extra board --extra mcp --extra telemetry --group dev pyproject.toml -o requirements.lock

clean: ## remove the environment and the demo desk
	@rm -rf $(VENV) demo-desk
