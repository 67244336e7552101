# Everything is set up by itself, under build/; nothing outside the checkout is touched but uv's cache.
# Choose a Python with PYTHON=...; otherwise the first of 3.13, 3.12, 3.11, 3.14 that works.
PYTHON ?=
PORT   ?= 18080
KEEP   ?=
SEED   ?=
SEEDS  ?= 20
EVENTS ?= 1000
FIRST_SEED ?= 1

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Byte code is kept, whatever the shell says: without it each start compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

# Environments hold absolute paths: a checkout that was moved makes them anew.
ifneq "$(shell cat build/envs/.root 2>/dev/null)" "$(CURDIR)"
  $(shell rm -rf build/envs && mkdir -p build/envs && pwd -P > build/envs/.root)
endif

env = build/envs/$(1)/.ok
dev := build/envs/dev/bin/python
local := build/envs/local/bin/python
node := $(shell command -v node >/dev/null && command -v npm >/dev/null && echo yes)

checked = functions cli sandbox local requirements tests layers/tandem/tandem

.PHONY: help
help: ## Show this
	@echo "Tandem keeps Zoho CRM and Zoho Books in step. What you can do:"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo; echo "First run: a few minutes (packages are downloaded once). Start with 'make demo'."

build/envs/uv/.ok: requirements/bootstrap.txt
	@.ci/env uv "$(PYTHON)"
	@touch $@

build/envs/%/.ok: requirements/%.txt build/envs/uv/.ok
	@echo "setting up build/envs/$*"
	@.ci/env $* "$(PYTHON)"
	@touch $@

build/envs/node/.ok: requirements/node/package.json requirements/node/package-lock.json requirements/node/.npmrc
	@echo "setting up build/envs/node"
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: setup
setup: $(foreach name,tools emulator runtime local dev outside,$(call env,$(name))) ## Make all environments, once

.PHONY: local-setup
local-setup: $(foreach name,tools emulator runtime local,$(call env,$(name)))

.PHONY: demo
demo: local-setup ## Run the main job on a local AWS and a local Zoho (KEEP=1 leaves it running, SEED=n)
	@KEEP="$(KEEP)" SEED="$(SEED)" $(local) -m local.demo

.PHONY: sandbox
sandbox: $(call env,local) ## Serve the local Zoho alone (PORT=18080 ARGS=--help)
	@$(local) -m sandbox --port "$(PORT)" $(ARGS)

.PHONY: test
test: setup ## Run the whole gate, as CI does
	@$(MAKE) -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) lint types template build
	@$(MAKE) unit
	@$(MAKE) stack

.PHONY: lint
lint: $(call env,dev) ## Check style, format and stale requirement files
	$(dev) requirements/lock.py --check
	build/envs/dev/bin/ruff check .
	build/envs/dev/bin/ruff format --check .

.PHONY: types
types: $(call env,dev) ## Check types, strictly
	$(dev) -m mypy $(wildcard $(checked))

.PHONY: template
template: $(call env,tools) ## Check template.yaml
	.ci/sam validate --lint --template template.yaml
	build/envs/tools/bin/cfn-lint template.yaml

.PHONY: unit
unit: $(call env,dev) $(call env,outside) ## Run the tests that need no deployment
	$(dev) -m pytest -n 2 --dist worksteal -m "not stack and not node"

.PHONY: coverage
coverage: $(call env,dev) ## Measure the branch coverage of core and engine; below 95 % it fails
	$(dev) -m pytest -q -n 2 --timeout 900 --cov=tandem --cov-branch --cov-report= tests/core tests/engine tests/system tests/cli
	$(dev) -m coverage report --include='*/tandem/core/*,*/tandem/engine/*' --fail-under=95

.PHONY: outside
outside: $(call env,dev) $(call env,outside) $(if $(node),$(call env,node)) ## Run Zoho clients of others, Node's SDK too, against the sandbox
	@$(if $(node),,echo "node or npm is missing: the Node SDK is left out")
	$(dev) -m pytest -n 2 $(if $(node),,-m "not node") tests/outside

.PHONY: simulate
simulate: $(call env,dev) ## Run the whole system under faults and judge it (SEEDS=200 EVENTS=3000 FIRST_SEED=1)
	@PYTHONHASHSEED=0 $(dev) -m tests.system.simulation --seeds "$(SEEDS)" --events "$(EVENTS)" \
		--first-seed "$(FIRST_SEED)" $(ARGS)

.PHONY: simulate-judge
simulate-judge: $(call env,dev) ## Plant known bugs in a copy, one by one: the simulation must find each
	@PYTHONHASHSEED=0 $(dev) -m tests.planted $(ARGS)

.PHONY: mutants
mutants: $(call env,mutants) ## Change core and engine in a copy, bit by bit: a test must notice (ARGS="core/decide.py --minutes 10")
	@PYTHONHASHSEED=0 nice -n 15 build/envs/mutants/bin/python -m tests.mutants $(ARGS)

.PHONY: stack
stack: setup ## Run the tests on the template, deployed on the local AWS
	$(dev) -m pytest -m stack

.PHONY: build
build: $(call env,tools) ## Build the release for Lambda (arm64) into .aws-sam/
	@rm -rf .aws-sam/build
	.ci/sam build >build/sam-build.log 2>&1 || { cat build/sam-build.log >&2; exit 1; }
	@[ -d .aws-sam/build/TandemLayer/python/tandem/__pycache__ ] || \
		echo "Note: no Python 3.13 here, so the layers carry no byte code and functions start slower."

.PHONY: bench
bench: $(foreach name,tools runtime dev,$(call env,$(name))) ## Measure calls, layers, the core and the sandbox into build/bench.json (ARGS=--help)
	@$(dev) -m benchmarks $(ARGS)

.PHONY: deploy
deploy: build ## Deploy to your AWS account, asking for each setting
	.ci/sam deploy --guided

.PHONY: lock
lock: $(call env,uv) ## Compile requirements again (UPGRADE=1 takes the newest versions)
	@. .ci/uv-settings; build/envs/uv/bin/python requirements/lock.py \
		--uv build/envs/uv/bin/uv $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf build .aws-sam
