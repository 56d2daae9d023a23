"""Where features are kept between runs: shards on disk, found again by all that they depend on."""
