.PHONY: help demo test test-fast test-exhaustive parity speed fuzz lint types docs clean
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Whose public names the API reference lists.
PACKAGES := alignment audio data embedding evaluation features hub metrics models plots recipes reports training
export AUSCULT_SHARED ?= $(abspath ../shared)
# Nothing here needs a hub: the demo's recordings and its teacher come with the project and its packages.
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY := 1
export TOKENIZERS_PARALLELISM := false

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints .ci/constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/.installed ## align a small encoder with reports on bundled heart recordings (three minutes on two cores)
	$(BIN)/python examples/align.py --config examples/configs/demo.yaml --overwrite
	@echo; echo "In a fresh process:"
	@$(BIN)/python examples/embed.py auscult/acula-opera

# One thread a worker: two workers of several threads each are far slower than their sum.
test test-fast test-exhaustive: export OMP_NUM_THREADS := 1

test: $(VENV)/.installed ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not exhaustive"

test-fast: $(VENV)/.installed ## without the slow tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not exhaustive"

test-exhaustive: $(VENV)/.installed ## every combination of what the suite tries once
	$(BIN)/python -m pytest -n 2 --dist load -m exhaustive

parity: $(VENV)/.installed ## compare every encoder with its original, array by array
	$(BIN)/python -m tests.models.parity

speed: $(VENV)/.installed ## ratios to the originals' loops, growth with the number of recordings (about five minutes)
	$(BIN)/python examples/speed.py --json speed.json

MINUTES ?= 10
SEED ?= $(shell date +%s)
fuzz: export OMP_NUM_THREADS := 1
fuzz: $(VENV)/.installed ## attack by chance for so many MINUTES: recordings, tables, the command line, then kill runs
	$(BIN)/python -m tests.fuzz audio --minutes $(MINUTES) --seed $(SEED)
	$(BIN)/python -m tests.fuzz tables --minutes $(MINUTES) --seed $(SEED)
	$(BIN)/python -m tests.fuzz command --minutes $(MINUTES) --seed $(SEED)
	$(BIN)/python -m tests.fuzz.kill_and_resume prepare reports embed bench align publish --minutes $(MINUTES)

lint: $(VENV)/.installed ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed ## mypy, strict
	$(BIN)/mypy

docs: $(VENV)/.installed ## the API reference, from docstrings, into build/docs
	$(BIN)/uv tool run --from pdoc --constraints .ci/constraints.txt --with-editable '.[demo,onnx,viz]' \
		pdoc --docformat google --output-directory build/docs hf_auscult $(addprefix hf_auscult.,$(PACKAGES))

clean: ## remove what runs leave behind (not the environment)
	rm -rf .auscult auscult build .pytest_cache .mypy_cache .ruff_cache
