"""tierwatch: which image channel works now for which tier, since when it does not, and why a request failed."""

__version__ = "0.1.0"
