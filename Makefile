# Two commands do everything on a fresh machine: `make demo` and `make test`.
.PHONY: help demo demo-service test apps assets bench bench-service unit lint env docs lock clean
.DEFAULT_GOAL := help
help:
	@sed -n -E 's|^([a-z-]+):.*## (.*)|make \1: \2|p' Makefile

demo: env ## a pull request weighed for real: build, compare, comment, edit
	@.venv/bin/python scripts/demo.py
demo-service: env ## the reporting service with a year of forty images, in a browser; Ctrl-C ends it
	@.venv/bin/python scripts/demo_service.py
test: ## everything that must hold: lints, types, contracts, all tests
	@python3 scripts/check.py
apps: env ## the applications in tests/apps, each built, run and fixed for real, into docs/proofs.md
	@.venv/bin/python scripts/apps.py
bench: env ## time and memory beside dive and docker save, into docs/benchmarks.md
	@.venv/bin/python -m bench.weigh --write
bench-service: env ## the reporting service with a million records under load, into docs/benchmarks-service.md
	@.venv/bin/python -m bench.service.measure --write
unit: ## the pure tests, which need no engine
	@python3 scripts/check.py --only unit
lint: ## ruff, mypy, import contracts, workflow audit
	@python3 scripts/check.py --only lint
env: ## .venv with the locked dependencies
	@python3 scripts/env.py
docs: env ## what is generated from the code: JSON Schemas, tables of inputs and commands
	@.venv/bin/python scripts/documents.py
assets: ## the charting library of the service's pages, built from its lock
	@python3 scripts/assets.py
lock: env ## resolve the dependencies anew
	@.venv/bin/python scripts/lock.py
clean: ## remove what was made in this folder; caches stay in the user's cache folder
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist weighbridge-report
