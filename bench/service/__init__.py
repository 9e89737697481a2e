"""The reporting service under load, with years of records."""
