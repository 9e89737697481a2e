"""Webhooks: who wants to be told of what, what there is to tell, and telling it until it arrived."""
