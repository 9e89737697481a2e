"""What is remembered of an image's weight: records made, kept, thinned, and looked up."""
