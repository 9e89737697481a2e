"""The outside, one thing each."""
