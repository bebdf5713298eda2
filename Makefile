# What people run. `make` alone lists it. Everything lands in .venv and .cache, below this folder.
#
#   make PYTHON=python3.12 demo     another Python for a new .venv (3.11 or later)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input -qq
RENDERED := stacksets/rendered
LOCKS := app parquet lambda runtime simulator mutants
AUDIT := .cache/audit

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench mutants lint audit render lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: .venv/.demo-ready ## play an incident in an organization on this machine [SCENARIO=file] [OUT=folder]
	@$(BIN)/org-gate demo $(if $(SCENARIO),--scenario "$(SCENARIO)") $(if $(OUT),--out "$(OUT)")

test: .venv/.dev-ready ## run everything that is a test [ARGS=pytest arguments]
	@$(BIN)/python -m pytest -q -n auto --dist worksteal $(ARGS)

soak: .venv/.dev-ready ## long runs: the whole system against a model [RUNS=10000], fuzzing, IAM statements taken away
	@ORG_GATE_RUNS=$(or $(RUNS),10000) $(BIN)/python -m pytest -q -n auto --dist worksteal tests/model $(ARGS)
	@ORG_GATE_FUZZ=5000 $(BIN)/python -m pytest -q -n auto tests/security -k "fuzz and not openapi" $(ARGS)
	@ORG_GATE_FUZZ=40 $(BIN)/python -m pytest -q -n auto tests/security/test_openapi_fuzz.py $(ARGS)
	@ORG_GATE_SOAK=1 $(BIN)/python -m pytest -q -n auto --dist worksteal tests/e2e/test_soak_statements.py $(ARGS)

bench: .venv/.dev-ready ## measure against the published pattern and a peer: calls, times, growth; many minutes; bench-out/
	@$(BIN)/python -m tests.bench bench-out

mutants: .venv/.mutants-ready ## mutation tests of the decision and the policy, minutes; goes on where it was [ONLY=files]
	@$(BIN)/python -m tests.mutants $(ONLY)

lint: .venv/.dev-ready ## style, types, imports, templates, and whether what is generated is fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint $(RENDERED)/*.yaml
	$(BIN)/python -m org_gate.rollout.render --check $(RENDERED)

audit: .venv/.dev-ready $(AUDIT)/.ready ## templates, IAM policies, workflows, and known vulnerabilities of what is pinned
	@$(AUDIT)/env/bin/python -m checkov.main --config-file tests/audit/checkov.yaml
	@$(BIN)/python -m tests.audit $(AUDIT)/policies
	@PYTHONWARNINGS=ignore $(AUDIT)/env/bin/parliament --directory $(AUDIT)/policies
	@$(AUDIT)/env/bin/zizmor --offline --no-progress integrations/github
	@$(BIN)/python -m tests.security.vulnerabilities $(AUDIT)/env/bin/pip-audit

render: .venv/.dev-ready ## write what is generated and committed anew: example templates and settings, schemas, OpenAPI
	@$(BIN)/python -m org_gate.rollout.render $(RENDERED)
	@$(BIN)/python -c 'import json; from org_gate.policy.load import policy_schema; \
		print(json.dumps(policy_schema(), indent=2))' > config/policy.schema.json
	@$(BIN)/python -m org_gate.rollout.settings_text config
	@$(BIN)/python -c 'import json; from org_gate.report.model import report_schema; \
		print(json.dumps(report_schema(), indent=2))' > config/report.schema.json
	@$(BIN)/python -m org_gate.central.routes > docs/openapi.json
	@$(BIN)/python -m tests.faults.document docs/reliability.md
	@$(BIN)/python -m tests.bench.costs docs/cost.md

lock: .venv/.dev-ready ## pin and hash what requirements/*.in ask for (UPGRADE=1: newest versions)
	@$(call compile,dev,)
	@for name in $(LOCKS); do $(call compile,$$name,-c requirements/dev.txt) || exit 1; done
	@$(call compile,rie,--no-deps)
	@$(call compile,audit,)

clean: ## remove what make built: .venv, caches, demo output
	@rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis demo-out bench-out build dist

# $(1): the lock's name, $(2): more arguments. No registry's address is written.
compile = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) $(2) \
	requirements/$(1).in -o requirements/$(1).txt

$(BIN)/pip:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "org-gate needs Python 3.11 or later, and '$(PYTHON)' is not that." >&2; \
		echo "Name one that is: make PYTHON=/path/to/python3.12 demo" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv

.venv/.demo-ready: requirements/simulator.txt requirements/lambda.txt requirements/runtime.txt pyproject.toml | $(BIN)/pip
	@echo "Installing org-gate and its simulator into .venv: once, about a minute ..."
	@$(PIP) --require-hashes --no-deps -r requirements/simulator.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@echo "Installing what the simulated Lambda functions run on into .cache: once, seconds ..."
	@$(BIN)/python -m org_gate.rollout.prepare
	@touch $@

.venv/.dev-ready: requirements/dev.txt .venv/.demo-ready
	@echo "Installing the tests and checks into .venv: once, about a minute ..."
	@$(PIP) --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

.venv/.mutants-ready: requirements/mutants.txt .venv/.dev-ready
	@$(PIP) --require-hashes --no-deps -r requirements/mutants.txt
	@touch $@

$(AUDIT)/.ready: requirements/audit.txt | $(BIN)/pip
	@echo "Installing what audits the templates into $(AUDIT): once, about a minute ..."
	@"$(PYTHON)" -m venv --clear $(AUDIT)/env
	@$(AUDIT)/env/bin/python -m pip install --disable-pip-version-check --no-input -qq --require-hashes --no-deps -r requirements/audit.txt
	@touch $@
