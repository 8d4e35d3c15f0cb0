"""Which response headers are facts about an answer: the only ones that are kept."""

KEPT = frozenset(
    {
        "apim-request-id",
        "cf-mitigated",
        "cf-ray",
        "content-encoding",
        "content-length",
        "content-type",
        "location",
        "openai-processing-ms",
        "retry-after",
        "retry-after-ms",
        "server",
        "server-timing",
        "via",
        "x-litellm-attempted-fallbacks",
        "x-litellm-attempted-retries",
        "x-litellm-call-id",
        "x-should-retry",
    }
)
"""Ids (`*request-id`) and rate limits (`x-ratelimit-*`) are kept too."""


def kept(name: str) -> bool:
    """Is this header, by its lower-case name, kept?"""
    return name in KEPT or name.endswith("request-id") or name.startswith("x-ratelimit-")
