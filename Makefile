PYTHON ?= python3
TOOLS = $(PYTHON) -m tools
VENV = .venv/bin

# Further arguments for pytest: make test PYTEST_ARGS="-k rolling"
PYTEST_ARGS ?=
# One process more than the usual two cores, for tests wait a lot; those that share a cluster stay together.
PYTEST_JOBS ?= 3

# pytest's exit status where PYTEST_ARGS choose none of the tests.
NOTHING_CHOSEN = 5

SCHEDULES = tests/simulation/test_safety.py

# Every process that runs tests of nodes has a machine of its own as far as these can tell.
NODES = --dist loadgroup --tx '2*popen//python=$(CURDIR)/$(VENV)/python -m tests.nodes.isolation $(CURDIR)/$(VENV)/python' tests/nodes --ignore $(UP_KUBERNETES)
# Its clones obtain what they lack, which nobody can who has a machine of its own.
UP_KUBERNETES = tests/nodes/test_up_kubernetes.py

MAKEFLAGS += --no-print-directory

.PHONY: help up down up-kubernetes down-kubernetes env setup test test-rest test-rest-nodes test-rest-machines test-schedules test-kubernetes test-machines test-s3 lint bench bench-kubernetes bench-aws clean
.DEFAULT_GOAL := help

help: ## Show this help
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 18

up: ## Bring a three-zone etcd cluster up on this machine, and show its status
	@$(TOOLS) up

down: ## Remove the cluster, everything it started and all its data
	@$(TOOLS) down

up-kubernetes: ## Bring etcd up on Kubernetes nodes of this machine, as StatefulSets and as static pods: root, Debian 12
	@$(TOOLS) up-kubernetes

down-kubernetes: ## Remove those clusters and the nodes, and everything on them
	@$(TOOLS) down-kubernetes

env: ## Print exports for working by hand: eval "$$(make env)"
	@$(TOOLS) env

setup: ## Obtain what this machine lacks, and change nothing else
	@$(TOOLS) setup

lint: ## Check style, types and the import rules
	@$(TOOLS) setup
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-cache

test: ## Check everything but what `make test-kubernetes` adds; nodes and machines need root, Debian 12
	@$(TOOLS) setup --all --platforms
	@$(MAKE) lint
	@$(MAKE) -j 2 test-rest test-schedules

# Nodes and then machines come after all else: what they keep running takes most of a machine's time.
test-rest:
	$(VENV)/pytest -n $(PYTEST_JOBS) --dist loadgroup --no-loadscope-reorder -m "not soak" \
		--ignore $(SCHEDULES) --ignore tests/nodes --ignore tests/machines $(PYTEST_ARGS)
	@$(MAKE) test-rest-nodes
	@$(MAKE) test-rest-machines

test-rest-nodes:
	$(VENV)/pytest $(NODES) -m "not soak" $(PYTEST_ARGS) || [ $$? -eq $(NOTHING_CHOSEN) ]

test-rest-machines:
	$(VENV)/pytest tests/machines -m "not soak" $(PYTEST_ARGS) || [ $$? -eq $(NOTHING_CHOSEN) ]

# The simulation's schedules wait for nothing: they take what the others leave of the processors.
test-schedules:
	@echo "the simulation's schedules run beside the other tests, and are told of at the end"
	@$(VENV)/python -m tests.servers.background $(VENV)/pytest -p no:cacheprovider -n 2 --dist loadgroup $(SCHEDULES) \
		$(PYTEST_ARGS) > .schedules.log 2>&1; \
		status=$$?; cat .schedules.log; [ $$status -eq 0 ] || [ $$status -eq $(NOTHING_CHOSEN) ]

test-kubernetes: ## Check all that needs real Kubernetes nodes: root, Debian 12, an hour
	@$(TOOLS) setup --all --nodes
	$(VENV)/pytest $(NODES) $(PYTEST_ARGS) || [ $$? -eq $(NOTHING_CHOSEN) ]
	$(VENV)/pytest $(UP_KUBERNETES) $(PYTEST_ARGS) || [ $$? -eq $(NOTHING_CHOSEN) ]

test-machines: ## Check what needs real machines of the VM platform: root, Debian 12
	@$(TOOLS) setup --all --machines
	$(VENV)/pytest tests/machines $(PYTEST_ARGS)

test-s3: ## Repeat the end-to-end tests with every channel in a bucket of a real S3 server
	@$(TOOLS) setup --all
	E2E_CHANNEL=s3 $(VENV)/pytest -n $(PYTEST_JOBS) --dist loadgroup tests/e2e $(PYTEST_ARGS)

bench: ## Print the benchmarks' table
	@$(TOOLS) setup --all
	$(VENV)/python -m bench

bench-kubernetes: ## Print those of Kubernetes, on nodes of this machine: root, Debian 12
	@$(TOOLS) setup --all --nodes
	$(VENV)/python -m bench --of kubernetes

bench-aws: ## Print those of the VM platform, on machines of this one: root, Debian 12
	@$(TOOLS) setup --all --machines
	$(VENV)/python -m bench --of aws

clean: ## Remove the Python environment and the private tools; the cache outside the clone stays
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis .schedules.log
