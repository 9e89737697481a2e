"""Counts the commits of each author of a repository."""

__version__ = "0.4.0"
