"""weighbridge: what a container image weighs, why, and which Dockerfile line did it."""

# Where pyproject.toml reads it; asking the installation would take a quarter of the time that starting takes.
__version__ = "0.1.0"
