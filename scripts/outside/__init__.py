"""Outside parts for demo and tests: an engine, base images and tools, on a machine with Python, git and make.

Standard library only, since this runs before any dependency is there.
"""
