"""Rules for what relays say of themselves, their accounts and checks: new-api and its forks, one-api, shell-api, reverse channels.

English and Chinese (source: code registry types/error.go and i18n files of new-api, captured replies).
"""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import SERVER_ERROR, By, Rule, codes

# fmt: off
RULES = (
    # Nobody to pass the request to: the channel's state, not the caller's
    Rule(
        "relay.no-channel",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        any=(
            "no valid channel", "no_valid_channel", "no channels available", "channel not found", "no channel found", "no upstream configured", "no upstream available", "no upstream found", "no available channel", "no channel available", "无可用渠道",
            "可用渠道不存在", "渠道不存在", "无有效上游", "可用的渠道密钥", "no valid upstream channel", "channel does not exist", "可用渠道失败", "没有可用渠道", "没有可用的渠道",
            "无可用通道", "no healthy deployment", "no healthy upstream",
        ),
        stage=Stage.QUEUE,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="new-api gives it 503 and the code model_not_found.",
    ),
    Rule(
        "litellm.cooling",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        any=("no deployments available",),
        stage=Stage.QUEUE,
        action=Action.BACK_OFF_RETRY,
        note="LiteLLM's router rests every deployment of the model for some seconds.",
    ),
    Rule(
        "relay.cooling",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        any=("cooling down", "in cooldown", "on cooldown", "model_cooldown", "冷却"),
        stage=Stage.QUEUE,
        action=Action.SWITCH_CHANNEL,
        note="Its accounts rest after refusals and come back within minutes.",
    ),
    Rule(
        "relay.no-account",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        any=(
            "no keys", "no tokens left", "no accounts left", "all available", "pool exhausted", "pool is exhausted", "backends failed",
            "节点", "no available", "no active", "no usable", "no valid", "no eligible", "no healthy", "no compatible", "no schedulable", "no candidate",
            "no upstream", "no account", "no auth", "no credentials", "all account", "all credentials", "all keys", "all token",
            "every account", "every key", "every credential", "rate limited or unavailable", "no provider", "账号", "账户", "渠道", "实例", "令牌池",
            "凭据", "密钥", "号池", "服务商", "供应商", "提供商", "all ", "every ", "pool empty", "pool is empty", "exhausted all", "no available platform", "no usable platform",
            "no available upstream", "均失败", "所有渠道", "所有通道",
        ),
        pattern=(
            r"(?:无|没有|暂无)可用的?节点|(?<![a-z0-9])(?:exhausted all (?:[^\s,;:]+ ){0,2}(?:candidates|accounts|channels|providers|routes|credentials)|no (?:available|usable) (?:[^\s,;:]+ )?(?:platform|candidates?|routes?|backends?)\b|pool (?:is )?(?:exhausted|empty)|all (?:[^\s,;:]+ )?backends failed|no auth (?:available|found|candidates?)"
            r"|(?:accounts?|credentials?|keys?|tokens?) (?:[^\s,;:]+ ){0,6}rate limited or unavailable"
            r"|all (?:[^\s,;:]+ )?(?:keys?|accounts?|tokens?|channels|providers|routes|upstreams) failed|所有(?:渠道|通道|账号)均?失败|(?:渠道|通道)均失败"
            r"|no (?!valid api key\b)(?:available|active|usable|valid|eligible|healthy|compatible|schedulable|candidate|upstream)\s?(?:\w+\s){0,3}(?:accounts?|credentials?|tokens?|keys?|image quota|providers?)\b"
            r"|no (?:accounts?|keys|tokens|credentials) (?:available|with|left|remaining)|no providers? (?:is |are )?(?:currently |now )?(?:able|available)"
            r"|(?:all|every) (?:\w+\s){0,3}(?:accounts?|credentials?|keys?) (?:\w+\s){0,4}(?:exhausted|unavailable|failed|cooling|disabled)"
            r")|(?:账号|账户|渠道|实例|令牌池).{0,10}(?:不可用|全部|都已|耗尽|用完|失效)|(?:无|没有|暂无)可用的?(?:账号|实例|渠道|账户)"
            r"|(?:没有|无|暂无|未找到)可用的?(?:账号|凭据|密钥|服务商|供应商|提供商)|(?:账号|账户|令牌|密钥|号)池(?:为空|已空|耗尽|不可用)"
        ),
        without=("auth_not_found",),
        stage=Stage.QUEUE,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="A pool of accounts is used up: a state of the channel.",
    ),
    Rule(
        "g4f.providers",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        by=By.HINT,
        any=("retryprovidererror", "retryprovider failed", "providernotworkingerror", "providernotfounderror"),
        action=Action.SWITCH_CHANNEL,
        note="gpt4free's class names where none of its routes works; a reason beside it wins.",
    ),
    Rule(
        "g4f.login",
        Kind.AUTH,
        by=By.HINT,
        any=("missingautherror", "novalidharfileerror", ".har file"),
        note="gpt4free's class names for a route without a captured login.",
    ),
    Rule(
        "relay.no-channel-code",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        by=By.CODE,
        codes=codes(
            "get_channel_failed channel:no_available_key no_available_channel no_available_accounts no_available_account auth_not_found"
        ),
        stage=Stage.QUEUE,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "relay.concurrency",
        Kind.OVERLOADED,
        "concurrency",
        any=("并发上限", "并发数已达上限", "并发已满"),
        party=Party.CHANNEL,
    ),
    # Its own key upstream
    Rule(
        "relay.channel-off",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        any=("渠道", "通道", "channel", "maintenance", "维护"),
        pattern=(
            r"(?<![a-z0-9])(?:channels? (?:[^\s,;:]+ ){0,3}(?:disabled|unavailable|closed|offline|not available)"
            r"|(?:under|in|scheduled|for) maintenance|maintenance mode)|(?:渠道|通道).{0,10}(?:禁用|不可用|关闭|下线|停用)|维护"
        ),
        stage=Stage.QUEUE,
        retryable=False,
        note="Switched off on purpose.",
    ),
    Rule(
        "relay.pool-account",
        Kind.GATEWAY_ERROR,
        "own_credential",
        any=(
            "may be suspended", "upstream authentication", "upstream access forbidden", "upstream account",
            "authentication failed with upstream", "上游认证", "上游鉴权",
        ),
        stage=Stage.AUTH,
        retryable=False,
        note="It speaks of its own account upstream.",
    ),
    Rule(
        "relay.own-key",
        Kind.GATEWAY_ERROR,
        "own_credential",
        any=(
            "token error", "channel:invalid_key", "refresh token", "token_invalidated", "token_revoked", "refresh_token_reused",
            "could not refresh", "token refresh failed",
        ),
        party=Party.CHANNEL,
        stage=Stage.AUTH,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "relay.own-key-code",
        Kind.GATEWAY_ERROR,
        "own_credential",
        codes=codes("token_invalidated token_revoked refresh_token_reused refresh_token_expired auth_unavailable"),
        stage=Stage.AUTH,
        retryable=False,
        note="A signed-in account behind a reverse channel has lost its session.",
    ),
    Rule(
        "relay.own-key-5xx",
        Kind.GATEWAY_ERROR,
        "own_credential",
        any=(
            "authentication", "forbidden", "suspended", "access denied", "login", "logged in", "api key", "api_key", "apikey",
            "access token", "credential", "unauthorized", "token invalid", "invalid token",
        ),
        pattern=r"(?:missing|not (?:set|configured|found|provided)|no|invalid|required|expired|unauthorized|fail\w*|suspended|forbidden|denied|revoked|error)\b",
        statuses=SERVER_ERROR,
        stage=Stage.AUTH,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="A missing key told with a 5xx is the relay's own.",
    ),
    # The caller's money and key at the relay
    Rule(
        "relay.quota",
        Kind.QUOTA_EXHAUSTED,
        any=(
            "次数已达上限", "额度不足", "余额不足", "预扣费额度失败", "额度已用尽", "额度已用完", "额度用尽", "剩余额度", "账户余额", "欠费", "请充值", "配额不足", "积分不足", "点数不足", "次数不足",
            "次数已用完", "preconsumedquota", "quota is not enough", "token quota is exhausted", "tokenstatusexhausted",
            "insufficient user quota", "pre-consume", "pre_consume_token_quota_failed", "insufficient_user_quota",
        ),
    ),
    Rule(
        "relay.quota-code",
        Kind.QUOTA_EXHAUSTED,
        by=By.CODE,
        codes=codes(
            "insufficient_user_quota pre_consume_token_quota_failed insufficient_balance insufficient_credits insufficient_funds quota_exceeded quota_not_enough entitlement_inactive entitlement_daily_limit_exceeded entitlement_total_limit_exceeded billing_error payment_required no_credits balance_not_enough"
        ),
    ),
    Rule(
        "relay.daily",
        Kind.QUOTA_EXHAUSTED,
        "per_day",
        any=("每日", "今日", "当日", "每天", "本月", "本周"),
        pattern=(
            r"(?:超出|超过|达到).{0,6}(?:每日|今日|当日|每天|本月|本周)|(?:今日|当日|每日|每天|本月|本周).{0,16}(?:已达|达到|用完|耗尽)|(?:每日|今日|当日|每天|本月).{0,12}(?:上限|限额|额度|次数|用完|用尽|达到)"
        ),
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "relay.key",
        Kind.AUTH,
        any=(
            "登录已过期", "登录过期", "请重新登录", "登录失效", "未登录", "无效的令牌", "令牌已过期", "未提供令牌", "令牌状态不可用", "令牌无效", "无效的api", "密钥无效", "密钥错误", "无效的密钥",
            "token has expired", "invalid token", "access token is invalid", "令牌不可用", "鉴权失败", "认证失败", "身份验证失败", "未授权",
        ),
    ),
    Rule(
        "relay.model-scope",
        Kind.PERMISSION,
        "model_scope",
        any=(
            "无权访问", "可用模型范围", "可用模型列表", "没有权限", "无权使用", "无权限", "no access to model", "权限不足", "not permitted to use model", "不允许使用",
            "分组已被禁用", "不在可用模型", "key not allowed to access model", "可用范围",
        ),
    ),
    Rule(
        "relay.banned",
        Kind.PERMISSION,
        "blocked",
        any=("账号已被", "用户已被", "账户已被", "被禁用", "封禁", "冻结"),
    ),
    Rule(
        "relay.access-denied",
        Kind.PERMISSION,
        by=By.CODE,
        codes=codes(
            "access_denied model_access_denied permission_error insufficient_permissions forbidden_model entitlement_required"
        ),
    ),
    # The relay's own checks
    Rule(
        "relay.sensitive",
        Kind.MODERATION_INPUT,
        "gateway_filter",
        any=(
            "敏感词", "违禁词", "banned word", "forbidden word", "blocked word", "sensitive words detected", "sensitive_words_detected",
        ),
        note="The relay's own word list, often with a 500.",
    ),
    Rule(
        "relay.sensitive-code",
        Kind.MODERATION_INPUT,
        "gateway_filter",
        by=By.CODE,
        codes=codes("sensitive_words_detected violation_fee.grok.csam"),
    ),
    Rule(
        "relay.no-upstream-content",
        Kind.MODERATION_OUTPUT,
        "likely",
        any=("未接收到上游响应内容",),
        confidence="medium",
        would_decide="the same request with a harmless prompt",
        note="A web route's silence after a refusal; not billed, a resend does not help.",
    ),
    Rule(
        "relay.protocol",
        Kind.INVALID_REQUEST,
        "protocol",
        any=("not supported model for image generation", "only imagen models are supported", "convert_request_failed"),
        note="The model is spoken to in another protocol on this relay.",
    ),
    Rule(
        "relay.image-missing",
        Kind.INVALID_REQUEST,
        "input_image",
        any=(
            "image is required", "prompt is required", "model is required", "未指定模型", "请指定模型", "field messages is required",
        ),
    ),
    Rule(
        "relay.body-too-large",
        Kind.PAYLOAD_TOO_LARGE,
        by=By.CODE,
        codes=codes("read_request_body_failed"),
        statuses=frozenset({413}),
    ),
    Rule(
        "relay.write-reset",
        Kind.PAYLOAD_TOO_LARGE,
        "upload_reset",
        any=("write_response_body_failed",),
        every=("write:",),
        confidence="medium",
        would_decide="the same request with inputs under 1.5 MB each",
        note="A Go struct dump of a reset while uploading.",
    ),
    Rule(
        "relay.rate",
        Kind.RATE_LIMITED,
        any=(
            "请求数限制", "请求过于频繁", "请求太频繁", "请求频率", "频率限制", "速率限制", "访问频率", "操作频繁", "too frequently", "reached the request limit", "请求次数过多",
            "请求过多", "限流", "rate_limit_error",
        ),
        without=("temporarily busy",),
    ),
)
