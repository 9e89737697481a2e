"""weighbridge: what a container image weighs, why, and which Dockerfile line did it."""

from importlib.metadata import version

__version__ = version("weighbridge")
