"""What kept an answer from coming: exceptions of any client library as words of `model.Fault`."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "ConnectTimeout": "connect_timeout",
        "ConnectTimeoutError": "connect_timeout",
        "ConnectionTimeoutError": "connect_timeout",
        "ReadTimeout": "read_timeout",
        "ReadTimeoutError": "read_timeout",
        "ServerTimeoutError": "read_timeout",
        "SocketTimeoutError": "read_timeout",
        "WriteTimeout": "write_timeout",
        "PoolTimeout": "own_pool",
        "APITimeoutError": "deadline",
        "TimeoutException": "deadline",
        "TimeoutError": "deadline",
        "ConnectError": "refused",
        "ClientConnectorError": "refused",
        "ConnectionRefusedError": "refused",
        "gaierror": "dns",
        "ClientConnectorDNSError": "dns",
        "SSLError": "tls_error",
        "SSLCertVerificationError": "tls_error",
        "ClientConnectorSSLError": "tls_error",
        "ClientConnectorCertificateError": "tls_error",
        "ReadError": "reset",
        "WriteError": "reset",
        "CloseError": "reset",
        "ConnectionResetError": "reset",
        "BrokenPipeError": "reset",
        "ServerDisconnectedError": "reset",
        "ProxyError": "proxy_error",
        "RemoteProtocolError": "protocol_error",
        "LocalProtocolError": "bad_request",
        "UnsupportedProtocol": "bad_request",
        "InvalidSchema": "bad_request",
        "InvalidURL": "bad_request",
        "MissingSchema": "bad_request",
        "DecodingError": "bad_encoding",
        "ContentDecodingError": "bad_encoding",
        "ClientPayloadError": "truncated_body",
        "ChunkedEncodingError": "truncated_body",
        "IncompleteRead": "truncated_body",
        "CancelledError": "cancelled",
        "KeyboardInterrupt": "cancelled",
        "GeneratorExit": "cancelled",
    }
)
"""Names of exceptions of httpx, httpx2, requests, aiohttp and the SDKs -> words of `model.Fault`."""

TOLD_APART = frozenset({"refused", "reset", "protocol_error"})
"""Faults of which the exception underneath, or its words, may say more."""

PLAIN = frozenset({"gaierror", "SSLError", "ConnectionRefusedError", "ConnectionResetError"})
"""Exceptions that leave no doubt, wherever they stand."""


def named(error: BaseException) -> str | None:
    """The fault that an exception stands for; None where nobody knows."""
    text = f"{type(error).__name__}: {error}"
    word = of_class(error, FAULTS.keys())
    if word is None or word in TOLD_APART:
        word = underneath(error, PLAIN) or word or underneath(error, FAULTS.keys())
    if "without sending complete message body" in text or "incomplete chunked read" in text:
        return "truncated_body"
    if "without sending a response" in text:
        return "reset"
    return word


def of_class(error: BaseException, names: Collection[str]) -> str | None:
    """The fault of the exception's class, or of the nearest ancestor that is one of these names."""
    return next((FAULTS[each.__name__] for each in type(error).__mro__ if each.__name__ in names), None)


def underneath(error: BaseException, names: Collection[str]) -> str | None:
    """The fault that an exception further down names.

    httpx says `ConnectError` for DNS, TLS and refusal alike; `requests` and the SDKs have names of their own.
    """
    seen, depth = error.__cause__ or error.__context__, 0
    while seen is not None and depth < 10:
        word = of_class(seen, names)
        if word is not None:
            return word
        seen, depth = seen.__cause__ or seen.__context__, depth + 1
    return None
