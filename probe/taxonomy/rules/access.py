"""Families of phrases in which many speakers deny access: keys, permission, models; English and Chinese.

Tried after each speaker's own sentences.
"""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import SERVER_ERROR, Rule

# fmt: off
RULES = (
    # Keys and permission
    Rule(
        "words.key",
        Kind.AUTH,
        any=("未提供", "sessionid", "session id", "cookie", "cookies", "session token", "session expired", "_api_key", "_key",
            "认证", "鉴权", "登录", "api key", "api_key", "apikey", "api-key", "token", "credentials", "authentication", "authenticate", "signature", "authorization",
            "unauthorized", "bearer", "secret key", "authenticationerror", "not logged in", "log in", "login", "sign in", "sign-in", "log-in", "signed in", "logged in", "令牌", "密钥",
            "秘钥", "must be logged", "must be signed", "credential", "environment variable", "key is not set", "key not set",
            "key is missing",
        ),
        pattern=(
            r"请先?(?:配置|设置|填写|输入).{0,8}(?:api ?key|密钥|令牌|秘钥)|(?<![a-z0-9])(?:(?:authentication|authorization) (?:[^\s,;:]+ )?(?:failed|failure|error|required)"
            r"|(?:could not|cannot|can't|unable to|fail\w*(?: to)?) authenticate|signature (?:verification|mismatch|does not match|is invalid|invalid|error)|(?:invalid|bad|wrong|incorrect) signature|log ?in first"
            r"|(?:invalid|incorrect|missing|no|wrong|expired|revoked|bad|malformed|unknown|empty|provide|provide an?|provide a valid|required|disabled|not (?:a )?valid|could not find|set (?:the|your)) (?:[^\s,;:]+ ){0,3}(?:api[ _-]?keys?|access[ _]token|credentials?|bearer(?: token)?|[\w-]{1,20}-token|auth(?:entication|orization)?(?: token| header| credentials)?|secret key|token|x-api-key)"
            r"|(?:api[ _-]?keys?|access[ _]token|credentials?|bearer token|token|authorization header|authentication|cookies?|session(?:[ _]?(?:id|token))?) (?:[^\s,;:]+ ){0,3}(?:invalid|incorrect|missing|expired|revoked|required|not (?:found|valid|set|provided|configured)|failed|error|disabled|is wrong|does not exist|has been (?:disabled|revoked|deleted))"
            r"|api[ _-]?keys? .{0,60}must be (?:set|provided|passed)|unauthorized|authenticationerror"
            r"|(?:provide|set|configure|enter|add|missing|need|specify) (?:an? |the |your |valid ){0,2}[a-z]{2,20}_(?:api_)?key\b|key (?:environment variable )?(?:is )?(?:not|un)\s?set|not logged in|please (?:log|sign) in|(?:must|need to|have to) (?:be )?(?:logged|signed|log|sign)[ -]in\b|(?:log|sign)[ -]?in (?:is )?required|requires? (?:you to )?(?:be )?(?:logged|signed|log|sign)[ -]?in\b"
            r")|未提供.{0,4}(?:authorization|api ?key|token|密钥|令牌)|(?:未配置|缺少|请配置|请设置|请输入).{0,6}(?:api ?key|密钥|令牌|秘钥)"
            r"|(?:令牌|密钥|秘钥|api ?key|token|session ?id|cookie).{0,8}(?:无效|错误|过期|不存在|不正确|失效|未提供|缺失|为空)"
        ),
        without=("tokens per", "max_tokens", "token limit", "token count", "unexpected token", "lacks"),
    ),
    Rule(
        "words.account",
        Kind.PERMISSION,
        "blocked",
        any=("inactive", "not active", "been blocked from", "pending moderation",
            "suspended", "banned", "deactivated", "blocked", "terminated", "restricted", "disabled", "flagged", "not verified",
            "blacklisted", "frozen",
        ),
        pattern=r"been blocked from (?:access|us)|pending moderation message|(?:account|user|organi[sz]ation|project|api key|key|ip(?: address)?|resource|workspace) (?:[^\s,;:]+ ){0,4}(?:suspended|banned|deactivated|blocked|terminated|restricted|disabled|flagged|not verified|blacklisted|frozen|inactive|not active)",
        retryable=False,
    ),
    Rule(
        "words.plan",
        Kind.PERMISSION,
        "plan",
        any=(
            "plan", "tier", "subscription", "upgrade", "paid", "premium", "members", "membership", "会员", "套餐", "pro users", "only for",
            "subscriber", "member", "pro", "free account", "free accounts", "free users",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:current|your|free|this|a) (?:[^\s,;:]+ ){0,3}(?:plan|tier|subscription|membership) (?:[^\s,;:]+ ){0,4}(?:not|only|does|doesn't|cannot|include|required)"
            r"|(?:requires?|need|only for|available (?:only )?(?:to|for|on)|upgrade to|limited to) (?:[^\s,;:]+ ){0,4}(?:plan|tier|subscription|paid|premium|pro|members?|membership|subscribers?)\b"
            r"|not available (?:for|to|on|with) (?:[^\s,;:]+ )?free (?:accounts?|users?)\b)|(?:会员|套餐)"
        ),
    ),
    Rule(
        "words.region",
        Kind.PERMISSION,
        "region",
        any=("region", "country", "location", "territory", "地区", "国家", "区域"),
        pattern=(
            r"(?<![a-z0-9])(?:(?:not|isn't|un)\s?(?:available|supported|allowed|permitted)? ?(?:available|supported|allowed|permitted) (?:[^\s,;:]+ ){0,3}(?:region|country|location|territory)"
            r"|(?:region|country|location|territory) (?:[^\s,;:]+ ){0,3}(?:not|un)\s?(?:available|supported|allow(?:ed)?)"
            r")|(?:地区|国家|区域).{0,8}(?:不支持|限制|不可用|无法使用|不能使用)"
        ),
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "words.permission",
        Kind.PERMISSION,
        any=("access approval", "accept the", "白名单", "列表", "仅限", "仅对",
            "permission", "forbidden", "not authorized", "not allowed", "not permitted", "denied", "no access", "not have access",
            "don't have access", "insufficient scope", "not entitled", "not enabled for", "whitelist", "allowlist", "无权", "权限",
            "permissiondeniederror", "not authorised", "ip not", "not available for your", "access to", "contact support for access",
            "allowlisted", "allow-listed", "whitelisted", "permissiondenied", "for access", "white-listed", "scope", "need access",
            "lacks access", "access is", "must be accepted", "must accept", "enabled", "activated",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:access to (?:[^\s,;:]+ ){1,4}(?:restricted|limited to|not granted)|contact (?:[^\s,;:]+ ){1,2}for access"
            r"|not (?:allow|white)-?listed|(?:do(?:es)? not|don't|doesn't|no|without|insufficient|lacks?|missing|need|required?) (?:[^\s,;:]+ ){0,3}(?:permissions?|access|scopes?)"
            r"|permissions? (?:[^\s,;:]+ ){0,2}(?:denied|required|error)"
            r"|access (?:[^\s,;:]+ ){0,3}(?:denied|forbidden|restricted)"
            r"|not (?:authori[sz]ed|entitled|permitted) to|not allowed (?:to|for)"
            r"|(?:requires?|needs?|request) (?:[^\s,;:]+ )?access approval|accept the (?:[^\s,;:]+ )?(?:license|terms)|(?:terms|licen[cs]e|agreement)\b.{0,24}must be accepted|must accept|(?:account|organi[sz]ation|project|key|team|workspace)s? (?:does not|doesn't|do not|don't) have (?:[^\s,;:]+ ){1,4}(?:enabled|activated)|not enabled for (?:your|this (?!model))|(?:key|account|team|project|organi[sz]ation)s? (?:[^\s,;:]+ ){0,2}not enabled"
            r"|(?:ip|key|model) (?:[^\s,;:]+ ){0,3}(?:whitelist|allowlist|not allowed)|permissiondenied"
            r"|not available for your (?:account|organization|plan|key))|无权|没有.{0,6}权限|权限(?:不足|错误)|(?:ip|地址).{0,6}不在.{0,10}(?:列表|范围|白名单)|仅(?:限|对).{0,10}(?:用户|开放)"
        ),
        when=("not_page",),
    ),
    Rule(
        "words.load-model",
        Kind.PROCESSING_ERROR,
        "model_load",
        any=("load", "loading"),
        pattern=r"(?:can't|cannot|could not|couldn't|fail\w*(?: to)?|unable to|error) load(?:ing)? (?:[^\s,;:]+ ){0,3}(?:model|tokenizer|checkpoint|weights|pipeline|lora|vae|unet)\b",
        party=Party.CHANNEL,
        note="Whoever draws has no model in memory.",
    ),
    Rule(
        "words.memory",
        Kind.PROCESSING_ERROR,
        "out_of_memory",
        any=("cuda out of memory", "out of memory", "oom killed", "outofmemoryerror"),
        note="The model's machine: the sizes it names are not the caller's.",
    ),
    Rule(
        "words.library",
        Kind.INVALID_REQUEST,
        "own_library",
        any=(
            "no module named", "cannot import name", "modulenotfounderror", "cannot find module", "module '", "is not installed",
            "missing dependencies", "no such module",
        ),
        pattern=(
            r"no module named|cannot import name|modulenotfounderror|cannot find module|module '[\w.]+' has no attribute|missing dependencies"
            r"|(?:package|library|module|dependency|sdk|extension) (?:[^\s,;:]+ ){0,2}is not installed"
        ),
        when=("not_answered",),
        stage=Stage.CLIENT,
        note="The caller's own program lacks a library, or has another version than it was written for: nothing was sent.",
    ),
    # Models
    Rule(
        "words.own-bug",
        Kind.GATEWAY_ERROR,
        "relay_bug",
        any=(
            "object has no attribute", "is not a function", "nil pointer", "null pointer", "nullpointerexception", "unboundlocalerror",
            "attributeerror", "cannot access local variable", "is not defined", "object is not", "index out of range",
            "cannot read properties of", "cannot read property", "not supported between instances", "unsupported operand",
        ),
        statuses=SERVER_ERROR,
        retryable=False,
        action=Action.REPORT_BUG,
        note="A language's own complaint, told in an answer: the code of whoever answered fell over.",
    ),
    Rule(
        "words.own-bug-json",
        Kind.GATEWAY_ERROR,
        "relay_bug",
        any=(
            "object has no attribute", "is not a function", "null pointer", "nullpointerexception", "cannot access local variable",
            "is not defined",
        ),
        when=("json",),
        retryable=False,
        action=Action.REPORT_BUG,
        note="The same within a regular JSON answer.",
    ),
    Rule(
        "words.own-bug-name",
        Kind.GATEWAY_ERROR,
        "relay_bug",
        any=("is not defined",),
        pattern=r"name '\w+' is not defined",
        retryable=False,
        action=Action.REPORT_BUG,
        note="Python says so of code that never worked, whatever was answered.",
    ),
    Rule(
        "words.client-bug",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=(
            "object has no attribute", "is not a function", "null pointer", "nullpointerexception", "unboundlocalerror",
            "cannot access local variable", "is not defined", "nosuchmethoderror", "called on null", "is not iterable",
            "is not subscriptable", "cannot read properties of", "cannot read property", "undefined is not an object",
            "null is not an object", "cannot destructure property", "null check operator", "unexpectedly found nil",
        ),
        without=("module '",),
        party=Party.CALLER,
        retryable=False,
        action=Action.REPORT_BUG,
        confidence="low",
        would_decide="the body of the reply",
        note="The same without an answer to be seen: the reader did not expect what came.",
    ),
    Rule(
        "words.model",
        Kind.MODEL_NOT_FOUND,
        any=("checkpoint", "lora", "provider", "未找到", "找不到", "operation does not work", "gemini", "gpt", "imagen", "flux", "dall", "seedream", "qwen", "model", "模型", "deployment", "engine", "endpoint"),
        pattern=(
            r"未找到.{0,6}模型|(?<![a-z0-9])(?:unknown provider for model|does not work with the specified model"
            r"|(?:unknown|invalid|unsupported|unrecognized|nonexistent|no such|not a valid|not supported|can't find|could not find|cannot find) (?:image )?(?:generation )?model\b"
            r"|model(?:s|_name|_id)?[ :=]*[`'\"\[(]?[\w./:@-]{0,80}[`'\"\])]? ?(?:[^\s,;:]+ ){0,3}(?:not (?:found|exist|supported|available|offered|recognized|a valid|yet available|enabled|configured)|does ?n[o']t exist|is (?:invalid|unknown|unsupported|deprecated|retired|unavailable|not)|(?:has been|was) (?:removed|retired|deprecated|shut|discontinued|decommissioned)|no longer (?:available|supported|exists))"
            r"|(?:gemini|gpt|imagen|flux|dall|seedream|qwen)[-\w.]* (?:(?:is|was|has been) (?:(?:no longer|not) (?:supported|available|found|offered)(?: anymore)?$|retired|deprecated|discontinued|shut down)|does not exist)"
            r"|(?:does not|doesn't|don't) (?:support|have|exist|recognize) (?:[^\s,;:]+ ){0,3}model"
            r"|no (?:[^\s,;:]+ ){0,3}(?:models?|providers?) (?:[^\s,;:]+ ){0,2}(?:found|registered|configured)\b"
            r"|(?:checkpoint|lora|workflow|pipeline) (?:[^\s,;:]+ ){0,3}(?:not found|does not exist|missing)|is not a valid model|(?:unknown|no such|invalid) engine"
            r"|(?:model|deployment|engine) (?:[^\s,;:]+ ){0,3}(?:could not|cannot|can't) be (?:found|located))"
            r"|模型.{0,40}(?:不存在|不支持(?![ \u3400-\u9fff]{2})|未找到|已下线|已下架|已停用|已弃用|已废弃|已过时|停止服务|不可用|未配置)|(?:不支持|未知|无效|找不到|没有[这该此]).{0,6}模型"
        ),
        without=(
            "parameter", "size", "quality", "does not support the", "image input", "response modalities", "not supported by this model",
            "with this model", "for this model", "try again", "not ready",
        ),
        action=Action.FIX_PARAMETERS,
        confidence="medium",
    ),
)
