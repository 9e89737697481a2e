"""The pure half of the ladder: two configurations, file systems, behaviours or sizes compared, and what that means."""
