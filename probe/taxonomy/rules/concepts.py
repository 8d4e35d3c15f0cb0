"""What a sentence or a code nobody has seen is most likely about: one telling word decides, when nothing clearer was said.

Asked in order of how seldom the word stands in a sentence of another kind; confidence is low, and the kind is the likeliest.
"""

from probe.model import Kind
from probe.taxonomy.rule import CLIENT_ERROR, By, Rule

# fmt: off
HINT = By.HINT
READING = "a reading of its words"

BETWEEN = (
    "中转",
    "线路", "relay", "router", "vendor", "密钥", "upstream response", "api request failed", "upstream", "downstream", "third party",
    "provider", "gateway", "backend", "plugin", "上游", "网关", "渠道", "通道",
)
"""Words for whoever stands between the caller and the model."""

FAILED = r"error|fail|unavailable|exception|unreachable|rejected|refused|returned|invalid response|could not|said|answered|responded|no route|错误|失败|异常|不可用|拒绝|返回|没有可用|失效"

RULES = (
    Rule(
        "concept.moderation-late",
        Kind.MODERATION_OUTPUT,
        by=HINT,
        any=(
            "生成后", "被屏蔽", "被隐藏", "after generation", "after being generated", "finished", "final image", "final picture", "drawn", "完成的", "output", "generated", "result", "response", "输出", "生成的",
            "生成图", "生成结果",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:output|generated|result|response)\b.{0,60}(?:sensitive|risk|illegal|inappropriate|unsafe|censor|moderat|safety|complian)"
            r"|(?:sensitive|risk|illegal|inappropriate|unsafe|censor\w*|moderat\w+|safety) (?:[^\s,;:]+ ){0,3}(?:output|generated|result)\b"
            r"|(?:finished|final|drawn) (?:image|picture|result)s?\b.{0,60}(?:review|filter|block|reject|sensitive|unsafe|policy)|(?:result|image|picture)s? (?:hidden|withheld|removed)|(?:moderated|blocked|filtered|flagged|rejected|removed|withheld) after (?:being )?generat\w+|safety output)|(?:图片|图像).{0,10}被(?:屏蔽|隐藏)|(?:输出|生成的|生成图|生成结果).{0,20}(?:违法|敏感|审核|合规|风险|不安全|审查|安全检查)|生成后.{0,10}(?:拦截|屏蔽|审核|违规)"
        ),
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide=READING,
    ),
    Rule(
        "concept.moderation",
        Kind.MODERATION_INPUT,
        by=HINT,
        any=("版权",
            "禁止内容", "屏蔽", "安全原因", "安全机制", "安全系统", "安全检测", "内容审查", "depicts", "our filter", "the filter", "content review", "moderation", "moderated",
            "moderate", "moderator", "censored", "censorship", "sensitive", "inappropriate", "prohibited", "disallowed", "illegal content",
            "illegal prompt", "exists risk", "banned prompt", "banned prompts", "banned word", "banned words", "illegal image", "illegal detected", "unsafe", "safety", "nsfw", "csam", "violation", "violating", "violates",
            "copyright", "real person", "infringement", "risk detection", "content security", "content checker", "content filters",
            "filtered words", "explicit", "sexual", "harmful", "content policy", "compliance", "invalid content", "refused the", "违法", "违规",
            "敏感", "审核", "合规", "不安全", "风险", "侵权", "涉嫌", "色情", "不当", "minor", "prominent people", "danger filter", "violence filter",
            "content refused", "contents refused", "content rejected", "content blocked", "adult content", "restricted content",
            "blocklist", "denylist", "not compliant", "拦截", "违禁", "不适宜", "未通过", "涉黄", "涉政",
        ),
        without=("content type", "violation of protocol", "constraint violation", "access violation", "explicitly"),
        confidence="low",
        would_decide=READING,
        when=("not_plain_success", "loose_status", "not_page"),
    ),
    Rule(
        "concept.money",
        Kind.QUOTA_EXHAUSTED,
        by=HINT,
        any=(
            "creation limit", "generation limit", "image limit", "your limit", "plan limit", "credits", "upgrade your plan", "your trial",
            "paid plan", "pricing", "spending", "invoice", "buy more", "balance", "credit", "billing", "payment", "arrears", "arrearage",
            "overdue", "wallet", "prepaid", "top up", "recharge", "spend", "purchase", "subscription", "allowance", "quota", "usage limit",
            "daily limit", "inference limit", "api tokens", "free tier", "insufficient points", "余额", "额度", "积分", "欠费", "充值", "计费", "点数",
            "配额", "生成次数", "调用次数", "使用次数", "可用次数", "剩余次数", "免费次数", "resource pack", "resource package", "资源包", "使用上限", "用量上限", "量超限", "次数超限", "总量超限额", "账单", "licence", "enough license",
        ),
        without=("load balance", "balancer", "payment provider"),
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide=READING,
    ),
    Rule(
        "concept.permission",
        Kind.PERMISSION,
        by=HINT,
        any=("被限制", "需要申请", "申请后", "申请开通", "尚未开放", "未开放", "内测",
            "等级不够", "等级不足", "限制访问", "禁止访问", "turned off for", "turned off by", "administrator", "grant you", "is blocked", "request access",
            "approval", "not active", "inactive", "only for", "permission", "permissions", "denied", "unauthorized operation",
            "not authorized", "not activated", "not been activated", "not eligible", "not enabled", "not open", "real name", "verification",
            "verified", "whitelist", "only available to", "only accessible", "restricted", "suspended", "banned", "disabled", "权限", "授权",
            "未开通", "未激活", "实名", "白名单", "封禁", "停用", "禁用",
        ),
        without=("verification code",),
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide=READING,
    ),
    Rule(
        "concept.key",
        Kind.AUTH,
        by=HINT,
        any=(
            "security token", "authorization", "authenticate", "api key", "api keys", "apikey", "credential", "credentials", "unauthenticated", "unauthorized",
            "unauthorised", "authentication", "auth failure", "auth failed", "signature", "access token", "bearer", "jwt",
            "session expired", "logged out", "login", "log in", "cookie", "令牌", "密钥", "鉴权", "登录", "签名", "身份", "认证",
        ),
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide=READING,
    ),
    Rule(
        "concept.rate",
        Kind.RATE_LIMITED,
        by=HINT,
        any=("频控", "qps", "in progress", "at a time", "秒后", "秒再", "分钟后", "稍等", "请等待",
            "at once", "at the same time", "limited to", "同一时间", "同时只能", "every", "rate", "rates", "频次", "任务过多", "请求过多", "frequency", "frequently", "throttling",
            "throttled", "burst", "too fast", "too quickly", "too many requests", "too many tasks", "too many jobs", "too many pending",
            "concurrency", "concurrent", "parallel", "in flight", "inflight", "requests per", "rpm", "ipm", "tpm", "limit exceeded",
            "limit reached", "limit exceed", "频率", "频繁", "并发", "限流", "过快", "请求过多", "请求数", "任务数",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:rates? (?:[^\s,;:]+ ){0,3}(?:limit|exceed|too|increased|reached|quota)|(?:request|call|burst|limit)s? (?:[^\s,;:]+ ){0,3}rates?\b"
            r"|frequen|throttl|burst|too (?:fast|quickly|many (?:requests|tasks|jobs|pending))|concurren|parallel|in ?flight|requests per|[rit]pm\b|qps\b|already (?:[^\s,;:]+ ){1,4}in progress|limit (?:exceed|reach)|(?:jobs?|tasks?|requests?|images?|generations?) (?:[^\s,;:]+ ){0,3}at (?:once|the same time)|(?:one|1|single) (?:[^\s,;:]+ ){1,2}at a time|limited to \d+ (?:[^\s,;:]+ ){0,2}(?:a|per|each|every) (?:second|minute)|\d+ (?:[^\s,;:]+ )?(?:a|per) minute|every \d+ (?:seconds|minutes))"
            r"|频率|频次|同时.{0,8}过多|频繁|并发|限流|过快|请求过多|请求数|任务数|同一时间|同时只能|频控|请.{0,6}\d+ ?(?:秒|分钟)后?再"
        ),
        without=("size", "length", "file"),
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide="whether the same request passes a minute later",
    ),
    Rule(
        "concept.capacity",
        Kind.OVERLOADED,
        by=HINT,
        any=(
            "swamped", "访问量", "请求量", "紧张", "no machine", "starting up", "replicas", "maintenance", "维护", "surge", "demand", "overload", "overloaded",
            "capacity", "busy", "queue", "queued", "high load", "congested", "not ready", "unavailable", "temporarily", "loading",
            "scheduling", "resources", "resource insufficient", "resources depleted", "unable to process your request", "currently unable",
            "sold out", "繁忙", "负载", "拥挤", "排队", "资源不足", "过载", "忙碌", "不可用", "resource", "unable to handle", "unable to process",
            "unreachable",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:overload|capacity|busy\b|\bqueued?\b|load\b|loading|congest|not ready|unavailable|temporarily (?:un|down|closed|suspended|exhaust|deplet)"
            r"|schedul\w+|resources? (?:[^\s,;:]+ ){0,3}(?:insufficient|exhaust|deplet|unavailable|limit)|sold out|swamped|no machine|starting up|no replicas|maintenance|surge|high demand|unable to (?:handle|process))"
            r"|繁忙|负载|拥挤|排队|资源不足|过载|忙碌|不可用|维护|(?:访问量|请求量).{0,3}(?:大|高|多)|(?:资源|算力|gpu|显卡).{0,6}紧张"
        ),
        when=("loose_status", "not_page"),
        without=("failed to load", "load failed", "out of memory", "total capacity"),
        confidence="low",
        would_decide="whether the same request passes a minute later",
    ),
    Rule(
        "concept.timer",
        Kind.TIMEOUT,
        by=HINT,
        any=(
            "no answer within", "no reply within", "gave up waiting", "已放弃", "秒内", "timeout", "timed", "time limit", "too long to",
            "took too long", "deadline", "did not respond", "not respond", "no response within", "cancelled", "canceled", "超时", "未响应",
        ),
        without=("timeout: ", "timeout=", "timeout': ", 'timeout": ', "prompt", "text too long", "into timeout", "in timeout"),
        when=("loose_status", "not_page"),
        confidence="low",
    ),
    Rule(
        "concept.model",
        Kind.MODEL_NOT_FOUND,
        by=HINT,
        any=("checkpoint", "workflow", "engine", "lora", "model", "deployment", "endpoint", "provider", "模型"),
        pattern=(
            r"(?<![a-z0-9])(?:(?:model|deployment|endpoint|provider)s?\b.{0,60}(?:not (?:be )?(?:found|exist|supported|available|recognized)|unknown|invalid|unsupported|disabled|deprecated|retired|turned off|shut (?:off|down)|sunset|gone\b|removed|no longer)"
            r"|(?:unknown|invalid|unsupported|no such|missing|not found)\b.{0,30}(?:model|deployment|endpoint|provider))"
            r"|no (?:[^\s,;:]+ )?(?:model|engine|checkpoint|workflow)s? (?:by|named|called|with|of)|(?:model|engine|checkpoint|workflow|lora)s? \S{1,60} (?:does ?n.t|does not) exist|模型.{0,20}(?:不|未|无|错误|有误|下线)|(?:不|未|没有)(?:提供|支持|包含|开放).{0,4}模型"
        ),
        without=("try again", "not ready"),
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide="GET /models on the same channel",
    ),
    Rule(
        "concept.input",
        Kind.INVALID_REQUEST,
        "parameter",
        by=HINT,
        any=("no prompt", "no input", "no file", "no image provided", "仅支持", "只支持", "只能为", "只能是", "有误",
            "has to", "have to", "between", "无法访问", "must not exceed", "boundary", "multipart", "请上传", "请先上传", "请提供", "请输入", "请填写", "请选择",
            "请指定", "请传入", "宽高比", "像素", "不符合要求", "必须", "不能超过", "不能大于", "不能小于", "不能少于", "最多", "至少", "字符", "应在", "应为", "须为", "需要为", "invalid",
            "illegal", "missing", "malformed", "unsupported", "unknown parameter", "parameter", "parameters", "params", "argument",
            "validation", "format", "dimension", "dimensions", "mismatch", "width", "height", "resolution", "is not configured",
            "valid url", "content type", "content-type", "required", "requirements", "only supported", "not supported", "decode",
            "download", "too long", "too short", "too small", "no face", "schema", "prompt", "already", "duplicate", "参数", "格式", "非法", "缺少",
            "尺寸", "分辨率", "解码", "下载", "过长", "提示词", "不支持", "无效", "不能为空", "必填", "could be found from",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:invalid|illegal|malformed|unsupported|missing)\b|param|argument|validation|dimensions?\b|mismatch|\b(?:width|height|resolution)\b|content[ -]type|is not configured|not a valid url|required\b|requirements|(?:only|not) supported"
            r"|(?:fail\w*|error|unable|could not|cannot) (?:[^\s,;:]+ ){0,2}(?:decode|download)|(?:decode|download)\w* (?:fail|error)|too (?:long|short|small)\b|no face|schema|already (?:a|exists|in)|duplicate"
            r"|no (?:prompts?|images?|inputs?|files?|texts?) (?:was |were |is |are )?(?:provided|given|supplied|specified|uploaded)|boundary|multipart|(?:has|have) to (?:be|lie|have|contain)|(?:be|lie) between|could be found from|(?:prompt|format) (?:[^\s,;:]+ ){0,4}(?:is|must|should|not|invalid|empty|missing|too))"
            r"|参数|格式|非法|缺少|尺寸|分辨率|解码|下载|过长|提示词|不支持|无效|不能为空|必填|请(?:先)?(?:上传|提供|输入|填写|选择|指定|传入)|宽高比|像素|不符合要求|(?:应|须|必须|需要?)(?:在|为|是|大于|小于)|不能(?:超过|大于|小于|少于)|最多|至少|最大|[仅只]支持|只能[为是]|有误|字符|(?:图片|链接|地址|url).{0,4}无法(?:访问|打开|读取)"
        ),
        without=("invalid response", "response format", "upstream", "上游"),
        when=("may_blame", "of_request", "loose_status", "not_page"),
        confidence="low",
        would_decide=READING,
    ),
    Rule(
        "concept.connection",
        Kind.NETWORK,
        by=HINT,
        any=(
            "connection", "network", "socket", "connect", "disconnected", "unreachable", "网络", "连接", "断开", "disconnect",
        ),
        pattern=r"(?<![a-z0-9])(?:(?:connection|network|socket)s? (?:[^\s,;:]+ ){0,3}(?:error|fail|lost|broken|closed|reset|abort|refus|issue|problem|interrupt)|(?:fail\w*|unable|could not|cannot|error) (?:[^\s,;:]+ ){0,2}connect|disconnect|unreachable)|网络|连接|断开",
        when=("loose_status", "not_page"),
        confidence="low",
    ),
    Rule(
        "concept.between-refused",
        Kind.GATEWAY_ERROR,
        "upstream_status",
        by=HINT,
        any=BETWEEN,
        pattern=FAILED,
        statuses=CLIENT_ERROR - frozenset({408, 409, 425, 429}),
        when=("loose_status", "not_page"),
        retryable=False,
        confidence="low",
        would_decide="what the other side said",
        note="Told with a 4xx: what was sent is refused, by whomever.",
    ),
    Rule(
        "concept.between",
        Kind.GATEWAY_ERROR,
        "upstream_status",
        by=HINT,
        any=BETWEEN,
        pattern=FAILED,
        when=("loose_status", "not_page"),
        confidence="low",
        would_decide="what the other side said",
    ),
)
