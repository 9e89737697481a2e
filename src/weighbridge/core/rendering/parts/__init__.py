"""The parts of the comment and the job's summary: one module each, from a report to finished Markdown."""
