"""weighbridge: what a container image weighs, why, and which Dockerfile line did it."""

# Asking the installation takes a quarter of the time that starting takes; a test holds it against pyproject.toml.
__version__ = "0.1.0"
