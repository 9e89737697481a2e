"""Dockerfile text and builder provenance to model: instructions, and the line that made each layer."""
