"""Bytes to model: tar streams, layer indexes, merged trees, packages."""
