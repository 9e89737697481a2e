"""weighbridge beside its peers: time, peak memory, exactness."""
