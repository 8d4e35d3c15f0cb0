"""What a config may say and a person should hear about: traps of providers and gateways that cost money or time."""

from probe.config import schema


def find(config: schema.Config) -> tuple[str, ...]:
    """One sentence a trap, in the order of the file."""
    return ()
