"""Which bases could carry an image's program, and what it would miss there: on paper."""
