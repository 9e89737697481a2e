"""Rules: what is wrong with an image, each with an id, a severity, and evidence from the image itself."""
