# make report and make test need only Python 3.11+ and make; each sets up what it needs.
PYTHON ?= python3
RUN := .venv/bin
LANG_OPTION := $(if $(REPORT_LANG),--lang $(REPORT_LANG))
# The last evening with prices, unless a day is asked for; AS_OF=now is this morning's report.
AS_OF ?= last
AS_OF_OPTION := $(if $(filter-out now,$(AS_OF)),--as-of $(AS_OF))
# With one thread a CPU-second is a second of arithmetic, and parallel tests do not fight for cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
UV := $(shell command -v uv 2>/dev/null)

.PHONY: report test bench live mutants fuzz soak validate messages lock wheel clean

## report: the report on the terminal and as var/report.html (AS_OF=2025-08-22 REPORT_LANG=fr)
report: .venv/.runtime
	@mkdir -p var
	$(call patiently,$(RUN)/nvsignal report $(AS_OF_OPTION) $(LANG_OPTION) --offline --save var/report.html,making the report)

## test: lint, types and every test but the long ones (make soak)
test: .venv/.dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	@$(COMPILE) tests
	$(ONE_THREAD) $(RUN)/python -m pytest -q -n auto --dist loadgroup

## bench: speed side by side with the alternatives, measured in one run
bench: .venv/.dev
	$(ONE_THREAD) $(RUN)/python -m tests.bench

## live: ask every source once over the real internet and say how to mend a stanza (CONTACT=you@example.org)
live: .venv/.runtime
	$(RUN)/python -m tests.live $(if $(CONTACT),--contact $(CONTACT))

## mutants: plant faults in a part and see whether its tests fall (PART=decision N=12 SEED=1)
mutants: .venv/.dev
	$(ONE_THREAD) $(RUN)/python -m tests.mutants $(if $(PART),--part $(PART)) --n $(or $(N),12) --seed $(or $(SEED),1)

## fuzz: hostile inputs by the thousand (N=1000 SEED=1)
fuzz: .venv/.dev
	$(ONE_THREAD) $(RUN)/python -m tests.fuzz --n $(or $(N),1000) --seed $(or $(SEED),1)

## soak: the long trials: tests marked long, killed ingests and leaders, half a year, mail servers (KILLS=40)
soak: .venv/.dev
	$(ONE_THREAD) $(RUN)/python -m pytest -q -m long
	$(ONE_THREAD) $(RUN)/python -m tests.soak
	$(ONE_THREAD) $(RUN)/python -m tests.service.outbox_grid --kills $(or $(KILLS),40)

## validate: the cost model against published figures
validate: .venv/.runtime
	$(RUN)/nvsignal validate

## messages: collect the sentences to translate, compile them, name those without French
messages: .venv/.runtime
	$(RUN)/python -m engine.report.catalogue

## lock: pin the dependencies again, with SBOM and licences in .ci/; the only step that looks for newer versions
lock:
	uv pip compile pyproject.toml --group dev --all-extras --universal --generate-hashes --no-emit-index-url --no-header -q -o .ci/requirements-dev.lock
	uv pip compile pyproject.toml --group build --extra web --universal --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock -c .ci/requirements-dev.lock
	echo pip | uv pip compile - --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o .ci/seed.lock -c .ci/requirements-dev.lock
	$(MAKE) .venv/.dev && $(RUN)/python .ci/supply.py

# An installer is silent for minutes; a line at the start of each step, and every few seconds by the
# clock (a second of sleep is longer on a busy machine), says that it is at work.
TELL_EVERY ?= 3
define patiently
	@echo "  $(2)" >&2; began=$$(date +%s); told=$$began; $(1) & job=$$!; \
	while kill -0 $$job 2>/dev/null; do \
	  sleep 1; now=$$(date +%s); \
	  if [ $$((now - told)) -ge $(TELL_EVERY) ] && kill -0 $$job 2>/dev/null; then \
	    echo "  $(2), $$((now - began)) s so far" >&2; told=$$now; fi; \
	done; wait $$job
endef

PIP := $(RUN)/python -m pip install -q --disable-pip-version-check
UV_PIP := "$(UV)" pip install -q --python .venv

.venv/bin/python:
	@echo "Setting up .venv, once; this takes a few minutes." >&2
	$(call patiently,if [ -n "$(UV)" ]; then \
	  "$(UV)" venv -q --python $(PYTHON) .venv && $(UV_PIP) --require-hashes -r .ci/seed.lock; \
	else \
	  $(PYTHON) -m venv .venv && $(PIP) --require-hashes -r .ci/seed.lock; \
	fi,making the environment)

# Compiled once here: where Python is told to keep no bytecode, every start would compile it all again.
COMPILE := $(RUN)/python -m compileall -q config engine feeds strategies backtests

define install
	@echo "Installing what $(1) names; commands then lie in .venv/bin." >&2
	$(call patiently,if [ -n "$(UV)" ]; then \
	  $(UV_PIP) --compile-bytecode --require-hashes -r $(1) && \
	  $(UV_PIP) --no-deps --no-build-isolation -e . ; \
	else \
	  $(PIP) --require-hashes -r $(1) && $(PIP) --no-deps --no-build-isolation -e . ; \
	fi,installing)
	$(call patiently,$(COMPILE),compiling)
endef

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	$(call install,requirements.lock)
	@touch $@

.venv/.dev: .ci/requirements-dev.lock pyproject.toml | .venv/bin/python
	$(call install,.ci/requirements-dev.lock)
	@touch $@ .venv/.runtime

## wheel: wheel and sdist in dist/, the same bytes from the same commit
wheel: .venv/.dev
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(RUN)/hatchling build -d dist

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache
