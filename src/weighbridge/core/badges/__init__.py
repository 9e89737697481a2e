"""Badges: what they say of an image, and the pictures of them."""
