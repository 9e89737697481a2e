"""A made-up organisation: a year of what its images weighed, with releases, budgets, pull requests, findings and fixes.

Everything is made as values of the model, compared and judged by the same code as images that were built, and the same
for the same seed.
"""
