# `make demo`, `make test`, `make test-all`, `make compat`, `make lint`, `make bench`, `make instructions`, `make mutants`, `make wheel`, `make docs`: each sets up what it needs, quickly when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
RUST := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
URL ?=
# Only there where crates/toolchain.py had to get a toolchain.
export PATH := $(CURDIR)/.rust/bin:$(PATH)

.PHONY: help demo test test-all mutants test-rust compat lint format bench instructions wheel docs clean
help:
	@sed -n '1s/^# //p' Makefile

demo: $(STAMPS)/core $(STAMPS)/demo
	@$(BIN)/python examples/tour.py $(URL)

test: $(STAMPS)/core $(STAMPS)/test test-rust
	@echo "About 6 minutes on two idle cores, 10 on busy ones; the parts to be had with PYTEST_ARGS: tests/unit tests/flows (1.5), tests/peers (3), tests/compat (1), tests/surface (0.5)."
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not full" $(PYTEST_ARGS)

test-all: $(STAMPS)/core $(STAMPS)/test test-rust
	@echo "All combinations, ten times the examples, 100,000 interrupts: an hour or so. ENVOI_SHARE=3/8 takes an eighth."
	ENVOI_EXAMPLES=thorough $(BIN)/python -m pytest -n 2 --dist loadfile --timeout 900 $(PYTEST_ARGS)

mutants: $(STAMPS)/core $(STAMPS)/test | require-cargo
	$(BIN)/python -m tests.mutants $(MUTANTS)

test-rust: | require-cargo
	cargo test --quiet --workspace --exclude envoi-py

compat: $(STAMPS)/core
	$(BIN)/python -m tests.compat.suite $(COMPAT_ARGS)
	$(BIN)/python -m tests.compat.companions $(COMPANION_ARGS)

lint: $(STAMPS)/core $(STAMPS)/test $(STAMPS)/lint
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples/*.py benchmarks tools/*.py
	$(BIN)/lint-imports --no-logo --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=python $(BIN)/pyright --verifytypes envoi --ignoreexternal >$(STAMPS)/types || { cat $(STAMPS)/types; exit 1; }

format:
	cargo fmt --all
	$(BIN)/python tools/write_verbs.py
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMPS)/test wheel
	$(BIN)/python -m benchmarks.prepare dist/*.whl
	.venv-bench/bin/python -m benchmarks $(BENCH_ARGS)

instructions: $(STAMPS)/core $(STAMPS)/test
	$(BIN)/python -m benchmarks.instructions $(INSTRUCTIONS_ARGS)

wheel: $(STAMPS)/tools | require-cargo
	rm -f dist/*.whl
	$(BIN)/maturin build --release --out dist

docs: $(STAMPS)/core $(STAMPS)/docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) .venv-bench* .rust dist site target

.PHONY: require-cargo
require-cargo: | $(STAMPS)/venv
	@$(BIN)/python crates/toolchain.py

$(STAMPS)/venv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Envoi needs Python 3.11 or later; set PYTHON=…")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
		echo "This Python has no venv: installing Debian's python3-venv."; apt-get update -qq >&2 && apt-get install -y -qq python3-venv >&2; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/tools: $(STAMPS)/venv
	$(BIN)/python -m pip install --quiet 'pip>=25.1' 'maturin>=1.9,<2'
	@touch $@

$(STAMPS)/core: $(STAMPS)/tools pyproject.toml $(RUST) | require-cargo
	$(BIN)/maturin develop --release --quiet
	@touch $@

$(STAMPS)/demo: $(STAMPS)/tools pyproject.toml
	$(BIN)/python -m pip install --quiet 'trio>=0.31' 'trustme>=1.2'
	@touch $@

$(STAMPS)/test $(STAMPS)/lint $(STAMPS)/docs: $(STAMPS)/%: $(STAMPS)/tools pyproject.toml
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@
