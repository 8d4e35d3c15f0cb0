"""config.toml -> Config: found, read, checked whole, or refused with every fault at once."""
