"""Ways to reach a station; one a file, all with the contract of `base.Channel`."""
