"""Fixes: from findings to candidate Dockerfiles, the most ambitious first. Nothing here claims that one works."""
