"""The stand-in upstream: serves the wire of image channels on loopback and misbehaves by scenario."""
