"""Rules for what relays say of the upstream behind them, and routers between vendors of theirs: new-api and its forks, OpenRouter, LiteLLM.

Tried after what relays say of themselves.
"""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import SERVER_ERROR, SUCCESS, By, Rule, codes

# fmt: off
RULES = (
    Rule(
        "replicate.version",
        Kind.INVALID_REQUEST,
        "path",
        any=("version is required",),
        note="Replicate: official models have a path of their own, all others are named by version.",
    ),
    # The upstream, as a relay tells of it
    Rule(
        "relay.saturated",
        Kind.OVERLOADED,
        "saturated",
        any=("load is saturated", "饱和"),
        when=("uncoded",),
        party=Party.CHANNEL,
        note="One sentence for every upstream 429: a clearer code beside it wins.",
    ),
    Rule(
        "relay.busy",
        Kind.OVERLOADED,
        any=(
            "队列已满", "排队已满", "服务不可用", "暂时不可用", "temporarily busy", "系统繁忙", "服务繁忙", "服务器繁忙", "上游繁忙", "服务器负载", "负载过高", "当前负载", "排队人数", "资源不足",
            "算力不足", "高峰期", "当前繁忙", "人数过多", "人数较多", "too busy",
        ),
        party=Party.CHANNEL,
    ),
    Rule(
        "relay.no-image",
        Kind.NO_IMAGE,
        any=("未能获取到图片", "未返回图片", "没有返回图片", "未生成图片", "没有生成图片", "未获取到图片", "未返回图像", "未生成图像", "没有图片", "图片为空"),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule("relay.empty-response", Kind.NO_IMAGE, "empty_response", by=By.CODE, codes=codes("empty_response")),
    Rule(
        "relay.own-store",
        Kind.GATEWAY_ERROR,
        "own_store",
        any=("database error", "record not found", "redis", "数据库", "sql: ", "sqlstate"),
        statuses=SERVER_ERROR,
        note="The relay's own database or cache.",
    ),
    Rule(
        "relay.upstream-request",
        Kind.GATEWAY_ERROR,
        "upstream_unreachable",
        any=(
            "请求上游地址失败", "failed to forward", "upstream request failed", "do_request_failed", "do request failed",
            "failed to connect to upstream", "all upstream", "no route to provider", "上游请求失败", "请求上游失败",
        ),
        action=Action.BACK_OFF_RETRY,
    ),
    Rule(
        "relay.fetch-result",
        Kind.GATEWAY_ERROR,
        "own_store",
        any=("generated image", "result image", "生成的图片"),
        pattern=r"(?:fail\w*|error|unable|could not|cannot) (?:[^\s,;:]+ ){0,2}(?:download|fetch|sav|upload|stor)\w* (?:[^\s,;:]+ ){0,2}(?:generated|result) image|(?:下载|保存|上传)生成的图片",
        billed="yes",
        note="The picture was drawn; the relay could not fetch or keep it.",
    ),
    Rule(
        "relay.no-path",
        Kind.INVALID_REQUEST,
        "path",
        any=(
            "unsupported relay mode", "not forwarded by", "unsupported path", "unsupported endpoint", "unknown endpoint", "endpoint not supported", "不支持的路径",
            "不支持的接口",
        ),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="The relay does not offer the path for pictures.",
    ),
    Rule(
        "relay.no-path-code",
        Kind.INVALID_REQUEST,
        "path",
        by=By.CODE,
        codes=codes("path_not_allowed endpoint_not_supported unsupported_endpoint"),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "relay.challenge",
        Kind.GATEWAY_ERROR,
        "edge_block",
        any=(
            "shark", "cf-mitigated", "browser fingerprint", "sentinel token", "captcha", "unusual activity", "challenge blocked", "安全验证",
            "challenge page", "cf challenge", "cf_clearance", "cloudflare challenge", "recaptcha", "turn stile", "get chat requirements",
            "proof of work", "proof-of-work",
        ),
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="A bot check between the relay and its upstream.",
    ),
    Rule(
        "relay.status",
        Kind.GATEWAY_ERROR,
        "upstream_status",
        by=By.HINT,
        codes=codes(
            "bad_response_status_code bad_response bad_response_body read_response_body_failed openai_error channel:response_time_exceeded"
        ),
        stage=Stage.PROCESSING,
        action=Action.SWITCH_CHANNEL,
        note="The upstream's own words are lost.",
    ),
    Rule(
        "relay.wrapped-refusal",
        Kind.GATEWAY_ERROR,
        "upstream_status",
        by=By.HINT,
        any=(
            "上游返回", "bad response status code", "provider returned", "upstream returned", "upstream http error", "upstream error",
        ),
        when=("told_refusal",),
        stage=Stage.PROCESSING,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        without=("request failed",),
        note="The upstream refused the request, and nobody passes on why.",
    ),
    Rule(
        "relay.wrapped",
        Kind.GATEWAY_ERROR,
        "upstream_status",
        by=By.HINT,
        any=(
            "上游返回", "上游接口", "上游异常", "上游服务", "bad response status code", "provider returned error", "error from provider",
            "upstream returned", "upstream error", "upstream http error", "上游错误",
        ),
        stage=Stage.PROCESSING,
        action=Action.SWITCH_CHANNEL,
        without=("request failed",),
    ),
    Rule(
        "relay.channel-config",
        Kind.GATEWAY_ERROR,
        "channel_config",
        codes=codes(
            "channel:model_mapped_error model_price_error channel:invalid_key channel:param_override_invalid channel:header_override_invalid count_token_failed gen_relay_info_failed channel:aws_client_error aws_invoke_error query_data_error update_data_error invalid_api_type json_marshal_failed"
        ),
        retryable=False,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "relay.price",
        Kind.GATEWAY_ERROR,
        "channel_config",
        any=("倍率", "价格未配置", "价格未设置", "ratio or price"),
        pattern=r"(?:倍率|价格).{0,8}(?:未|没有)(?:配置|设置)|ratio or price not set",
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="new-api: its operator has given the model no price.",
    ),
    Rule(
        "relay.panic",
        Kind.GATEWAY_ERROR,
        "relay_bug",
        any=(
            "panic detected", "panic:", "runtime error: index out of range", "runtime error: invalid memory", "nil pointer dereference",
        ),
        retryable=False,
        note="Go says so where a server's own code falls over.",
    ),
    Rule(
        "relay.type-success",
        Kind.GATEWAY_ERROR,
        by=By.HINT,
        statuses=SUCCESS,
        codes=codes("upstream_error new_api_error shell_api_error one_api_error channel_error"),
        action=Action.BACK_OFF_RETRY,
        confidence="low",
    ),
    Rule(
        "relay.type",
        Kind.GATEWAY_ERROR,
        by=By.TYPE,
        codes=codes(
            "upstream_error new_api_error shell_api_error one_api_error v_api_error channel_error rix_api_error bad_gateway"
        ),
        action=Action.SWITCH_CHANNEL,
    ),
    # OpenRouter
    Rule(
        "openrouter.data-policy",
        Kind.PERMISSION,
        "privacy",
        any=("data policy", "privacy settings", "guardrail restrictions"),
        every=("no endpoints",),
        action=Action.FIX_CREDENTIALS,
        note="An account setting excludes every provider of the model.",
    ),
    Rule(
        "openrouter.unsupported",
        Kind.INVALID_REQUEST,
        "parameter",
        any=("no endpoints found that support",),
        note="The model is there; no provider of it takes what the request asks for.",
    ),
    Rule(
        "litellm.no-provider",
        Kind.INVALID_REQUEST,
        "model_name",
        any=("llm provider not provided",),
        note="The model's name lacks the provider LiteLLM routes by.",
    ),
    Rule(
        "openrouter.no-endpoints",
        Kind.MODEL_NOT_FOUND,
        any=("no endpoints found", "no allowed providers"),
        party=Party.CHANNEL,
    ),
    Rule(
        "openrouter.key-limit",
        Kind.QUOTA_EXHAUSTED,
        any=("key limit exceeded", "requires more credits", "can only afford"),
    ),
)
