"""The report as people read it: Markdown, plain text, HTML."""
