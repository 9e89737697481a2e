"""The API: everything that the pages show, as JSON."""
