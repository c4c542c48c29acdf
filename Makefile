# What people type. What is done is in scripts/ and, for all that must hold before a change is taken, in .ci/run.

override CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR

python := $(CARGO_TARGET_DIR)/emulator/bin/python
quell := $(CARGO_TARGET_DIR)/debug/quell
# What the tests say of the numbered cases that they cover; docs/cases.md is made of it.
cases := $(CARGO_TARGET_DIR)/cases.jsonl

.PHONY: help demo test build setup

help:
	@echo "make demo   tells the story of Quell on an emulated AWS account"
	@echo "make test   runs all tests, the end-to-end ones with the real binary included"
	@echo "make build  builds the binary \`quell\` and the plugins"
	@echo "Each sees to what it needs: Rust and Python 3 must be there. The first build takes some ten minutes."

demo: build
	@$(python) scripts/demo --quell $(quell) --plugins $(CARGO_TARGET_DIR)/plugins

test: build
	@rm -f $(cases)
	QUELL_PYTHON=$(python) QUELL_BIN=$(quell) QUELL_CASES=$(cases) cargo test --locked --workspace --no-fail-fast
	@scripts/cases --notes $(cases) --check

build: setup
	cargo build --locked -p app -p test-features
	scripts/build-plugins

setup:
	@scripts/setup
