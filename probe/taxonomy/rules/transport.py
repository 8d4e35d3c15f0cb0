"""Rules for connections that failed, in the exception texts of clients in several languages."""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import By, Rule

# fmt: off
RESET = (
    "econnreset", "connection reset", "connection aborted", "connectionreseterror", "connection was reset", "socket hang up",
    "remotedisconnected", "remote end closed", "server disconnected", "serverdisconnectederror", "remoteprotocolerror",
    "closed connection", "connection closed", "connection was closed", "connectionclosed", "connection lost", "connection was lost", "remote host was lost", "broken pipe",
    "brokenpipeerror", "epipe", "unexpected eof", "unexpectedeof", "other side closed", "und_err_socket", "err_connection_reset",
    "err_connection_closed", "err_empty_response", "err_http2_protocol_error", "err_quic_protocol_error", "err_network_changed",
    "err_connection_aborted", "forcibly closed", "连接被重置", "连接已断开", "连接中断", "stream disconnected", "stream error", "closedresourceerror", "localprotocolerror", "keepalive ping timeout", "winerror 10054", "winerror 10053", "stream was reset",
    "empty reply from server", "goaway", "rst_stream", "internal_error; received from peer", "websocket closed", "protocolerror",
    "connection terminated", "use of closed network connection", "write: connection", "read: connection", "transport connection",
    "upstream prematurely closed", "connection broken", "invalidchunklength",
)
"""A connection that was there and broke."""

RULES = (
    # Certificates and proxies: nothing to wait for
    Rule(
        "curl.connect-timeout",
        Kind.NETWORK,
        "connect_timeout",
        any=("curl",),
        pattern=r"curl:? ?(?:error:? ?)?\(?28\b.{0,40}(?:failed to connect|resolving timed out|connection timed? ?out)",
        billed="no",
        note="curl's exit 28 before anything was sent.",
    ),
    Rule(
        "curl.timeout",
        Kind.TIMEOUT,
        "client_deadline",
        any=("curl",),
        pattern=r"curl:? ?(?:error:? ?)?\(?28\b",
        stage=Stage.CLIENT,
        party=Party.CALLER,
        note="curl's exit 28.",
    ),
    Rule("curl.dns", Kind.NETWORK, "dns", any=("curl",), pattern=r"curl:? ?(?:error:? ?)?\(?(?:5|6)\b", billed="no"),
    Rule("curl.refused", Kind.NETWORK, "refused", any=("curl",), pattern=r"curl:? ?(?:error:? ?)?\(?7\b", billed="no"),
    Rule(
        "curl.tls",
        Kind.NETWORK,
        "tls_error",
        any=("curl",),
        pattern=r"curl:? ?(?:error:? ?)?\(?(?:35|51|58|59|60|77|83|90|91)\b",
    ),
    Rule(
        "curl.broken",
        Kind.NETWORK,
        "reset",
        any=("curl",),
        pattern=r"curl:? ?(?:error:? ?)?\(?(?:16|18|52|55|56|81|92|95)\b",
    ),
    Rule(
        "text.certificate",
        Kind.NETWORK,
        "tls_error",
        any=(
            "certificate verify failed", "certificate_verify_failed", "self signed certificate", "self-signed certificate",
            "unable to get local issuer", "unable to verify the first certificate", "certificate has expired", "x509", "cert_has_expired",
            "err_cert_authority_invalid", "altnames", "证书验证", "证书错误", "证书过期", "证书不受信任", "match certificate", "hostname mismatch", "invalid peer certificate", "unknownissuer", "pkix path building", "ssl certificate problem", "depth_zero_self_signed_cert", "unable_to_verify_leaf_signature", "sslcertverificationerror",
        ),
        retryable=False,
        action=Action.FIX_NETWORK,
        billed="no",
    ),
    Rule(
        "text.tls",
        Kind.NETWORK,
        "tls_error",
        any=(
            "ssl", "tls", "err_ssl_protocol_error", "sslerror", "ssleoferror", "handshake", "epr_proto", "eproto", "eof occurred", "tlsv1",
            "schannel", "unexpected_eof", "to https client", "wrong version", "wrong_version",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:ssl(?:eof|zeroreturn)?error|eof occurred in violation of protocol"
            r"|handshake (?:failure|timeout|failed)|wrong[ _]version[ _]number|tlsv1 alert|ssl routines"
            r"|tls handshake|secure tls connection was established|ssl: unexpected"
            r"|unexpected_eof_while_reading|eproto|err_ssl_|ssl_error|schannel|http response to https client|ssl connection could not)"
        ),
    ),
    Rule(
        "text.cross-origin",
        Kind.NETWORK,
        "cross_origin",
        any=("cors policy", "access-control-allow-origin", "cross-origin request"),
        retryable=False,
        action=Action.FIX_NETWORK,
        note="A browser keeps the answer from a page of another host.",
    ),
    Rule(
        "text.proxy",
        Kind.NETWORK,
        "proxy_error",
        any=(
            "proxyerror", "tunnel connection failed", "proxy authentication required", "unable to connect to proxy",
            "cannot connect to proxy", "err_proxy_connection_failed", "err_tunnel_connection_failed", "socks", "proxy authentication",
            "err_proxy", "err_tunnel", "to proxy",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:proxyerror|tunnel connection failed|proxy authentication|to proxy|err_(?:proxy|tunnel)"
            r"|socks\w* (?:proxy|error|connection|server))"
        ),
        action=Action.FIX_NETWORK,
    ),
    # The connection was never made: nothing sent, nothing charged
    Rule(
        "text.connect-timeout",
        Kind.NETWORK,
        "connect_timeout",
        any=(
            "连接超时", "connecttimeout", "connecttimeouterror", "connect timeout", "connect timed out", "connection timeout",
            "und_err_connect_timeout", "connect etimedout", "dial tcp", "newconnectionerror", "err_connection_timed_out",
            "could not connect to", "failed to connect to", "timed out during opening handshake", "connect_timeout", "opening handshake",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:connect\s?timeout|connect timed out|connection timeout|connect_timeout|connect etimedout"
            r"|dial tcp.{0,160}(?:i/o timeout|timed out)|newconnectionerror.{0,240}timed out"
            r"|err_connection_timed_out|(?:could not|failed to) connect to.{0,120}(?:timed out|timeout)"
            r"|opening handshake)|连接超时"
        ),
        billed="no",
    ),
    Rule(
        "grpc.deadline",
        Kind.TIMEOUT,
        "client_deadline",
        any=("deadline exceeded after", "deadline_exceeded: deadline exceeded"),
        stage=Stage.CLIENT,
        party=Party.CALLER,
        note="gRPC's client: the times it lists behind (name resolution, LB pick) are where its deadline went.",
    ),
    Rule(
        "text.dns",
        Kind.NETWORK,
        "dns",
        any=(
            "域名解析", "enotfound", "eai_again", "getaddrinfo", "name or service not known", "nodename nor servname", "name resolution",
            "nameresolutionerror", "no such host", "could not resolve host", "err_name_not_resolved", "dns", "unknownhostexception",
            "failed to resolve", "could not resolve", "name_not_resolved", "unknownhost", "nameresolution",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:enotfound|eai_again|getaddrinfo|name or service not known|nodename nor servname"
            r"|name ?resolution|no such host|could not resolve|name_not_resolved"
            r"|dns (?:error|lookup|resolution|failure)|unknownhost|failed to resolve)|(?:dns|域名) ?解析"
        ),
        without=("origin dns error",),
        billed="no",
    ),
    Rule(
        "text.refused",
        Kind.NETWORK,
        "refused",
        any=(
            "winerror 10060", "winerror 10061", "could not be established", "couldn't connect to", "could not connect to the",
            "unable to reach", "could not reach", "cannot reach", "can't reach", "couldn't reach", "econnrefused", "connection refused",
            "actively refused", "network is unreachable", "no route to host", "ehostunreach", "enetunreach", "err_connection_refused",
            "cannot connect to host", "clientconnectorerror", "failed to establish a new connection", "newconnectionerror",
            "all connection attempts failed", "err_internet_disconnected", "err_address_unreachable", "could not connect to server",
            "couldn't connect to server", "failed to connect", "unable to connect", "cannot connect to", "can't connect to",
            "no connection could be made", "connection could not be established", "host is unreachable", "host unreachable", "host is down",
        ),
        billed="no",
    ),
    # The answer was lost after the request went out: a wall if the time says so
    Rule(
        "text.lost-at-wall",
        Kind.TIMEOUT,
        "time_wall",
        any=(
            "failed to fetch", "fetch failed", "network error", "networkerror", "load failed", "socket hang up", "econnreset",
            "connection reset", "connection aborted", "remotedisconnected", "disconnected", "closed connection", "connection closed", "eof",
            "terminated", "other side closed", "broken pipe", "connection error", "err_connection_reset", "err_empty_response",
            "error sending request", "premature close", "incompleteread", "err_connection_closed", "网络错误",
        ),
        when=("at_wall",),
        confidence="medium",
        would_decide="the elapsed times of earlier failures on this path",
        note="A connection that breaks at 30, 60, 100 to 126 or 300 s was cut by a timer in the path.",
    ),
    Rule(
        "text.truncated",
        Kind.NETWORK,
        "truncated_body",
        any=(
            "incomplete chunked read", "incompleteread", "premature close", "err_stream_premature_close", "chunkedencodingerror",
            "without sending complete message body", "unexpected end of file", "err_incomplete_chunked_encoding",
            "err_content_length_mismatch", "transfer closed with", "response ended prematurely", "transferencodingerror", "not enough data to satisfy", "not enough data for satisfy", "content_length_mismatch", "response payload is not completed", "clientpayloaderror",
            "content-length mismatch", "body stream closed", "stream ended unexpectedly", "stream closed before",
            "stream disconnected before completion", "reading response", "reading the response", "reading response body",
            "read response body", "读取响应失败",
        ),
        without=("reading response format",),
        stage=Stage.DELIVERY,
    ),
    # Somebody's timer
    Rule(
        "text.stalled",
        Kind.TIMEOUT,
        "stalled",
        any=("bytes received", "bytes out of"),
        every=("timed out",),
        stage=Stage.DELIVERY,
        party=Party.CALLER,
    ),
    Rule(
        "text.client-timeout",
        Kind.TIMEOUT,
        "client_deadline",
        any=(
            "signal is aborted", "request was aborted", "请求被中止", "readtimeout", "readtimeouterror", "read timed out", "read timeout",
            "apitimeouterror", "apiconnectiontimeouterror", "sockettimeoutexception", "timeoutexception", "timeouterror",
            "und_err_headers_timeout", "und_err_body_timeout", "headers timeout error", "body timeout error", "esockettimedout",
            "etimedout", "econnaborted", "client.timeout", "request timed out", "operation timed out", "operation was aborted",
            "aborterror", "signal timed out", "timeout of", "exceeded while awaiting headers", "servertimeouterror", "socket timeout",
            "client timeout", "nsurlerrordomain error -1001", "taskcanceledexception", "writetimeout", "pooltimeout", "nsurlerrordomain code=-1001",
        ),
        stage=Stage.CLIENT,
        party=Party.CALLER,
        note="The caller's own timer; the picture may still be drawn and charged.",
    ),
    Rule(
        "text.time-limit",
        Kind.TIMEOUT,
        "relay_timer",
        any=("aborted after", "超过", "超出", "exceeded", "exceeds", "softtimelimitexceeded", "timelimitexceeded"),
        pattern=r"abort\w* after \d|(?:超过|超出) ?(?:\d+ ?(?:秒|分钟|s\b)|\d{1,2}:\d\d\b)|exceed\w* (?:[^\s,;:]+ ){0,3}\d+ ?(?:s|secs?|seconds?|mins?|minutes?|ms)\b|\d ?(?:seconds?|minutes?|secs?|mins?|ms|s) (?:was |has been |have been )?exceeded|timelimitexceeded",
        confidence="medium",
        note="A limit in units of time.",
    ),
    Rule(
        "text.relay-timeout",
        Kind.TIMEOUT,
        "relay_timer",
        any=(
            "waiting too long", "gave up after", "长时间未", "max wait time", "wait time exceeded", "时间限制", "received within", "is timing out", "最大等待时间", "最长等待", "longer than expected", "时间过长", "等待时间过长", "等待过久", "耗时过长", "too much time", "taking too long", "time limit exceeded",
            "execution time", "timed out", "tasktimeout", "requesttimeout", "gatewaytimeout", "polltimeout", "time out",
            "timedout", "deadline exceeded", "deadline_exceeded", "超时", "took too long", "exceeded the time limit", "exceeded time limit",
            "exceeded maximum time", "did not complete in time", "did not answer in time", "did not reply in time",
            "did not finish in time", "not respond within", "not finish within", "not complete within", "not finished within",
            "not completed within", "内未完成", "did not respond in time", "took longer than", "polling attempts", "still processing after",
            "max attempts", "maximum retry attempts", "maximum number of attempts", "轮询次数", "最大轮询",
        ),
        without=("retry after", "retry-after", "additional properties", "request_timeout"),
        confidence="medium",
        note="Some timer between the caller and the model.",
    ),
    # Broken connections
    Rule(
        "text.timeout-word",
        Kind.TIMEOUT,
        "relay_timer",
        any=("timeout", "timeouts"),
        pattern=r"(?<![a-z0-9_.])time-?outs?\b(?![\"']?\s?[:=]\s?[\"']?(?:\d|undefined|null|none|false)|_)",
        without=(
            "keepalive", "retry after", "retry-after", "additional properties", "into timeout", "on timeout", "in timeout",
        ),
        confidence="medium",
        note="The bare word, unless it names a setting or a caller that was put into one.",
    ),
    Rule(
        "text.reset-told",
        Kind.NETWORK,
        "reset",
        when=("answered",),
        party=Party.UPSTREAM,
        note="Told in an answer: the break lies behind whoever answered.",
        any=RESET,
    ),
    Rule(
        "text.reset",
        Kind.NETWORK,
        "reset",
        any=(*RESET, "connectionclosederror", "nohttpresponseexception", "failed to respond", "incompletemessage"),
    ),
    Rule("text.eof", Kind.NETWORK, "reset", any=("eof", "eofexception", "eoferror"), without=("multipart", "nextpart"), pattern=r"(?:^|[:\s\"])eof\b(?! while parsing)|\beof(?:exception|error)\b"),
    Rule(
        "text.lost-told",
        Kind.NETWORK,
        "lost",
        any=(
            "error sending request", "connection error", "fetch failed", "fetch error", "connectionerror", "network error", "max retries exceeded",
            "connection failed", "网络错误", "网络异常", "连接失败", "连接错误", "while sending request", "while sending the request",
        ),
        when=("answered",),
        party=Party.CHANNEL,
        confidence="medium",
        note="Told in an answer: the relay could not reach its upstream.",
    ),
    Rule(
        "text.lost",
        Kind.NETWORK,
        "lost",
        any=(
            "line dropped", "connection dropped", "dropped connection", "proxy refused", "network connection was lost",
            "appears to be offline", "incompletemessage", "no close frame", "no internet", "无法访问服务器", "无法连接", "连接不上", "network failure",
            "network issue", "failed to fetch", "fetch failed", "network error", "networkerror", "network_error", "load failed",
            "connection error", "error sending request", "max retries exceeded", "clientconnectionerror", "clientoserror", "connecterror",
            "readerror", "writeerror", "connectionerror", "httpconnectionpool", "httpsconnectionpool", "网络错误", "网络异常", "网络连接", "连接失败",
            "连接错误", "err_network", "upstream network", "terminated", "failed to send request", "i/o error", "ioexception", "err_failed",
            "connection failed", "disconnected", "canceled by client", "context canceled", "请求失败，请检查网络", "error: aborted",
            "connect exception", "while sending request", "while sending the request", "net::err_", "hpe_invalid", "und_err_", "fetch error",
            "nsurlerrordomain error", "nsposixerrordomain", "kcferrordomaincfnetwork",
        ),
        without=(
            "account", "subscription", "session terminated", "that terminated with", "failed to fetch image", "failed to fetch asset",
            "failed to fetch input", "failed to fetch file", "failed to fetch url", "failed to fetch the",
        ),
        confidence="medium",
        would_decide="how long the request had run",
    ),
    Rule(
        "text.lost-name",
        Kind.NETWORK,
        "lost",
        by=By.HINT,
        any=("apiconnectionerror",),
        pattern=r"apiconnectionerror(?!\W{1,3}[45]\d\d\b)",
        confidence="low",
        would_decide="the words behind the class name",
        note="LiteLLM gives this class to everything it does not know: any words, and a status behind it, win.",
    ),
)
