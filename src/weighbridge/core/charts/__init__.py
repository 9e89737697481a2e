"""Charts: what images weighed over time, as pictures that ask for nothing and are readable on light and dark pages."""
