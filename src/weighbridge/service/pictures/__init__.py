"""Badges and charts by address, for READMEs: SVG, and the JSON that shields asks for."""
