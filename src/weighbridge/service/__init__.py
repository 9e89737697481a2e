"""The reporting service: receives reports of many repositories, keeps them, and shows what is heavy and what grew."""
