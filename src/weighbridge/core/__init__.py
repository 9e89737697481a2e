"""Model to model: differences, causes, verdicts, and the text that people read."""
