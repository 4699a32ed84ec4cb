# The two commands a newcomer types are `make estimate` and `make test`; each sets up all it needs first.

SHELL := bash
PYTHON := .venv/bin/python
# uv from PATH if it runs (a dead shim may be there), else our own copy in .uv
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)

.PHONY: setup lint test test-processors test-long study bench estimate stunting modern-slavery lock clean

setup: .venv/ready

.uv/bin/uv:
	python3 -m pip install --quiet --disable-pip-version-check --target .uv uv

# Without a C compiler one comes in a wheel, for the engine's library; without that too, numba compiles every model.
# Byte-compiled on install: importing without .pyc files takes three times as long.
ENGINE := $(wildcard uncounted/engine/*.c uncounted/engine/*.h) uncounted/engine/library.py hatch_build.py
.venv/ready: requirements.lock pyproject.toml $(ENGINE) $(filter .uv/bin/uv,$(UV))
	$(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .venv
	$(UV) pip sync --quiet --python .venv --require-hashes --compile-bytecode requirements.lock
	cc --version >/dev/null 2>&1 || $(UV) pip install --quiet --python .venv --require-hashes -r requirements-compiler.lock || true
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	$(PYTHON) -m compileall -q uncounted
	touch $@

estimate: stunting modern-slavery

stunting: setup
	.venv/bin/uncounted estimate stunting

# The global estimate of modern slavery, on simulated sources.
modern-slavery: setup
	.venv/bin/uncounted estimate modern-slavery

# Workers as many as cores, each with one thread for sums: more would wait for each other. A worker that crashes ends
# the run: after a restart the last files' tests would be waited for without end.
TESTS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest \
  --numprocesses logical --dist loadfile --max-worker-restart 0

test: setup
	$(TESTS)

# Simulation, evidence and stores once more, as if numpy ran on a processor without AVX-512, and without AVX2 either:
# its sorts order ties by these. A name that numpy or the processor doesn't know is passed over.
ALIKE := tests/simulate tests/infer/test_fit_file.py tests/leaves/test_draws_folder.py \
  $(addprefix tests/survey/test_,evidence.py families.py figure_table.py tabulation.py)

test-processors: setup
	NPY_DISABLE_CPU_FEATURES="X86_V4" $(TESTS) $(ALIKE)
	NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4" $(TESTS) $(ALIKE)

# Models compiled and sampled anew to find what was simulated, and the notebooks, cell by cell.
test-long: setup
	$(TESTS) -m long

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright
	.venv/bin/lint-imports --no-cache

# Slow studies: their results are kept under docs/.
study: setup
	$(PYTHON) -m pytest -m study tests/study

# 50 million respondents, in DuckDB and in pandas: 8 GB of memory for pandas, half a gigabyte of disk. Then models, by
# the engine and by numba, and beside other packages where they are installed.
bench: setup
	$(PYTHON) tests/bench/respondents_bench.py 50 shuffled --keep
	$(PYTHON) tests/bench/engine_bench.py --keep
	$(PYTHON) tests/bench/others_bench.py

lock: .uv/bin/uv
	echo ziglang | .uv/bin/uv pip compile --quiet - --universal --python-version 3.12 \
	  --generate-hashes --no-header --no-emit-index-url --output-file requirements-compiler.lock
	.uv/bin/uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.12 \
	  --generate-hashes --no-header --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf .venv out .pytest_cache .ruff_cache
