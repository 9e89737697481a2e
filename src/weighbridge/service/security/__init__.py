"""What stands between the network and the application: addresses, hosts, rates, sizes, times and headers."""
