.PHONY: env
env: ; python3 scripts/env.py
