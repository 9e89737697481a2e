"""The pages, rendered here; they are usable without scripts."""
