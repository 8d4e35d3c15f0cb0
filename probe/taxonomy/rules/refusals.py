"""Families of phrases in which many speakers refuse: policy, money, rate, capacity; English and Chinese.

Tried after each speaker's own sentences.
"""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import Rule

# fmt: off
RULES = (
    # Moderation
    Rule(
        "words.moderation-late",
        Kind.MODERATION_OUTPUT,
        any=(
            "content policy", "content filter", "safety", "moderation", "prohibited", "guardrail", "nsfw", "内容政策", "内容安全", "违规", "敏感", "审核",
            "flagged", "usage policies", "policy violation", "usage policy", "content policies", "content violat",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:content (?:policy|policies|moderation|filter|safety|violat)"
            r"|safety (?:system|filter|policy|policies|reasons|check|guidelines|violation)"
            r"|rejected by .{0,30}moderation|moderation (?:blocked|failed|rejected)|usage polic"
            r"|policy violation|prohibited (?:content|use)|guardrail|nsfw|flagged)|内容政策|内容安全|违规|敏感"
            r"|审核(?:未|不|失败|拦截)"
        ),
        when=("late",),
        confidence="medium",
    ),
    Rule(
        "words.moderation-output",
        Kind.MODERATION_OUTPUT,
        any=(
            "blurred", "show this image", "show the image", "display this image", "image was censored", "image withheld", "blacked out",
            "image moderators", "result image", "result images", "generated", "output", "resulting", "produced", "created", "response is blocked", "生成", "输出",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:result images? (?:failed|was|were|did not pass|didn't pass|has been) .{0,40}(?:nsfw|safety|moderat|review|filter|block|flag)|(?:generated|output|resulting|produced|created) (?:image|images|content|picture|result|text|data|media)s?\b.{0,60}(?:block|reject|filter|flag|violat|unsafe|sensitive|inappropriate|prohibited|withheld|moderat|risk)"
            r"|(?:nsfw|unsafe|sensitive|inappropriate|prohibited|flagged).{0,40} in (?:the )?(?:generated|output|resulting)\b|(?:image|picture|photo|result)s? (?:we|i|it|you|that was|which was|that were) (?:just )?(?:created|generated|made|produced)\b.{0,60}(?:violat|policy|guardrail|unsafe|safety)|image (?:was |has been |is )?(?:blurred|censored|hidden|withheld|blacked out)|(?:show|display|return|deliver) (?:this|the|your) (?:[^\s,;:]+ )?(?:image|picture|result)s?\b.{0,60}(?:violat|policy|unsafe|sensitive|safety)|(?:generated|resulting) (?:image|picture|content)s? (?:[^\s,;:]+ ){0,3}(?:adult|nudity|nsfw|sexual|violent)|response is blocked|image moderators|output (?:was |is |has been )?(?:blocked|filtered|withheld|censored))"
            r"|(?:生成|输出)的?(?:图片|图像|内容|结果).{0,20}(?:违规|违反|敏感|拦截|屏蔽|审核)"
        ),
        without=("输入或", "input or", "prompt or"),
    ),
    Rule(
        "words.moderation",
        Kind.MODERATION_INPUT,
        any=(
            "not allowed", "banned", "forbidden words", "forbidden", "antispam", "anti-spam", "不符合", "违反", "不合适", "不当", "不适宜", "不良", "不雅",
            "色情", "涉黄", "涉政", "暴恐", "违法", "pass the risk", "risk control", "real people", "real person", "public figure", "celebrity", "likeness",
            "copyright", "copyrighted", "trademark", "content filter", "policy", "policies", "guideline", "moderation", "prohibited",
            "guardrail", "nsfw", "safety", "unsafe", "flagged", "inappropriate", "sensitive", "disallowed", "terms of service", "内容政策",
            "内容安全", "安全策略", "违规", "敏感", "审核", "风控", "不合规", "harmful", "our rules", "standards", "minor", "minors", "nudity", "rules",
            "review",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:refus|reject|declin|block|not allow|cannot|can\'t|violat)\w*.{0,80}(?:real person|real people|minors|public figure|celebrit\w+|likeness|copyright\w*|trademark\w*)|content (?:policy|policies|moderation|filter|safety|violat)"
            r"|safety (?:system|filter|policy|policies|reasons|check|guidelines|violation|setting)"
            r"|(?:blocked|rejected|refused|declined|flagged|denied|filtered|stopped) (?:by|for|due to|because|as|on) .{0,60}(?:safety|policy|policies|moderation|guardrail|guideline|filter|sensitive|harmful|inappropriate)"
            r"|(?:not|n\'t|fail\w*(?: to)?) pass (?:[^\s,;:]+ ){0,3}(?:anti-?spam|risk|review|audit|moderation|safety|check)|moderation (?:blocked|failed|rejected|error|refus)"
            r"|(?:failed|not pass|did not pass|didn't pass) .{0,30}(?:moderation|review|safety)|usage polic|(?:prompt|input|request|text) (?:[^\s,;:]+ ){0,2}contains? (?:[^\s,;:]+ ){0,3}(?:words?|terms?) (?:that (?:is|are) )?(?:not allowed|banned|forbidden|prohibited|blocked)"
            r"|policy violation|violat\w+ .{0,50}(?:policy|policies|guideline|terms|rules)"
            r"|(?:against|break\w*|violat\w+) (?:[^\s,;:]+ ){0,3}(?:rules|standards|guidelines|policy|policies)"
            r"|(?:image|picture|photo|prompt|input) (?:[^\s,;:]+ ){0,4}(?:minors?|nudity)\b"
            r"|(?:blocked|rejected|refused|denied)[:;,] (?:[^\s,;:]+ )?(?:policy|safety|moderation|guideline)"
            r"|prohibited (?:content|use)|guardrail|nsfw|trigger\w* (?:[^\s,;:]+ ){0,3}risk control|risk control (?:system|reject\w*|block\w*)"
            r"|(?:prompt|input|request|text) .{0,40}(?:flagged|unsafe|inappropriate|sensitive|disallowed|harmful|prohibited)"
            r"|(?:unsafe|inappropriate|disallowed|harmful|sensitive) (?:content|prompt|input|words?|material)"
            r")|内容政策|内容安全|安全策略|违规|敏感|审核(?:未|不|失败|拦截|拒绝)|风控|不合规|(?:不符合|违反).{0,10}(?:规则|规范|规定|政策|法规|条例|条款|准则|协议|要求的内容)|(?:不合适|不当|不适宜|不良|不雅|敏感)的?(?:词|内容|信息|图|文字)|色情|涉黄|涉政|暴恐|违法"
        ),
        confidence="medium",
        would_decide="the elapsed time: input checks answer within seconds",
        when=("not_plain_success",),
    ),
    Rule(
        "words.moderation-told",
        Kind.MODERATION_INPUT,
        any=(
            "blocked", "rejected", "flagged", "violates", "violating", "violation", "against", "inappropriate", "unsafe", "censored",
            "filtered", "prohibited", "提示词",
        ),
        pattern=(
            r"\b(?:your|this|the) (?:prompt|request|input|image) (?:has been|was|is|might be|may be|seems|appears)\b.{0,30}"
            r"(?:block|reject|flag|violat|against|filter|unsafe|inappropriate|prohibited|censor)|提示词.{0,6}(?:违规|被拦截|被拒绝|包含敏感)"
        ),
        without=("your request was rejected by the safety", "rate limit", "cloudflare", "schema", "from your ip"),
        confidence="medium",
        note="A service speaks of the prompt as the caller's, whatever the status: no language model's own words.",
    ),
    # Money
    Rule(
        "words.no-money",
        Kind.QUOTA_EXHAUSTED,
        any=("out of generations", "no more generations", "值不足", "币不足", "豆不足", "券不足", "点不足", "次数不足", "值不够", "币不够", "fast hours",
            "buzz", "gems", "out of tokens", "enough tokens", "insufficient tokens", "points", "coins", "generations left", "trial", "套餐",
            "会员", "balance", "budget", "spend limit", "spending limit", "credit", "funds", "billing", "payment", "prepaid", "subscription",
            "top up", "recharge", "充值", "余额", "额度", "欠费", "积分", "tokens left", "fund",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:subscription|trial) (?:[^\s,;:]+ ){0,2}(?:expired|ended|over)\b"
            r"|(?:out of|ran out of|no more) generations|(?:not enough|insufficient|out of|run out of|ran out of|need (?:more|at least \d+)) (?:more )?(?:points|coins|gems|buzz|tokens(?! (?:in|for the))|kudos|credits?|pearls|tokens left|generations left)|no (?:more )?(?:points|coins|credits?|tokens left|generations left)"
            r"|budget (?:[^\s,;:]+ ){0,4}exceed|exceed\w* (?:[^\s,;:]+ ){0,4}budget|budget_exceeded"
            r"|spend(?:ing)? limit"
            r"|(?:insufficient|not enough|no|low|out of|run out of|ran out of|zero|negative|exhausted|depleted|lack\w*|exceeded your|used up (?:all )?(?:of )?your) (?:[^\s,;:]+ ){0,4}(?:balance|credits?|funds?)\b"
            r"|(?:no more|out of) (?:fast |gpu )?hours|(?:balance|credits?|funds?|points|coins) (?:[^\s,;:]+ ){0,4}(?:insufficient|not enough|not sufficient|too low|exhausted|depleted|used up|expired|exceeded)"
            r"|(?:does not|doesn't|do not|don't) have (?:[^\s,;:]+ ){0,3}(?:enough|sufficient|any) (?:[^\s,;:]+ ){0,2}(?:balance|credits?|funds?)"
            r"|(?:please|to) (?:top up|recharge|add (?:more )?(?:credits?|funds?|balance)|purchase (?:more )?credits?|buy (?:more )?credits?)"
            r"|payment (?:required|method|failed|overdue)|billing (?:issue|problem|limit|cycle|error|account)"
            r")|会员.{0,4}(?:过期|到期)|套餐.{0,6}(?:过期|用完|用尽|不足)|(?:余额|额度|积分).{0,6}(?:不足|不够|用完|用尽|耗尽|为 ?0)|请(?:先|及时)?充值|欠费|(?:值|币|豆|券|点|次数)(?:不足|不够)"
        ),
    ),
    Rule(
        "words.no-allowance",
        Kind.QUOTA_EXHAUSTED,
        "per_day",
        any=(
            "today", "this month", "this week", "daily", "per day", "monthly", "weekly", "per month", "free tier", "free plan", "24 hours",
            "tomorrow", "every day", "hourly", "free trial", "free quota", "hours", "days",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:used (?:all|up) .{0,40}(?:today|this month|this week)|(?:daily|monthly|weekly|per[- ]day|per[- ]month|24[- ]hours?|free[- ](?:tier|plan|trial)|hourly|today's)\s?(?:[^\s,;:]+ ){0,4}(?:limit|quota|cap|allowance|allocation|allotment|requests|usage|generations?|images?)(?:[^\s,;:]+ ){0,3}"
            r"|(?:limit|quota|cap|allowance|usage) (?:[^\s,;:]+ ){0,6}(?:today|per day|per month|daily|monthly|weekly|tomorrow)"
            r"|free (?:tier|plan|trial|quota) (?:[^\s,;:]+ ){0,6}(?:exhausted|used up|ended|over)\b"
            r"|(?:no|any) more (?:[^\s,;:]+ ){0,2}(?:images?|generations?|requests?) (?:[^\s,;:]+ )?(?:today|this (?:month|week|day))"
            r"|limit.{0,60}(?:tomorrow|in \d+ (?:hours?|days?)))"
        ),
        action=Action.SWITCH_CHANNEL,
        without=("documentation",),
    ),
    Rule(
        "words.quota-wait",
        Kind.RATE_LIMITED,
        any=("quota", "limit"),
        pattern=(
            r"\b(?:(?:quota|limit)s? (?:[^\s,;:]+ ){0,3}(?:exceed|reach|hit|exhaust)"
            r"|(?:exceed|reach|hit|exhaust)\w* (?:[^\s,;:]+ ){0,4}(?:quota|limit))"
        ),
        when=("short_wait",),
        without=("size", "mb", "length", "maximum allowed", "context", "file"),
    ),
    Rule(
        "words.quota",
        Kind.QUOTA_EXHAUSTED,
        any=(
            "usage limit", "usage limits", "usage exceeds", "usage exceeded", "usage cap", "allocation", "allotment", "allowance", "quota",
            "配额",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:quotas? (?:[^\s,;:]+ ){0,4}(?:exceed|exhaust|reach|used up|is not enough|not enough|insufficient|depleted|limit)"
            r"|usage (?:[^\s,;:]+ ){0,3}(?:limit|cap)s?\b|usage (?:[^\s,;:]+ ){0,2}exceed|(?:daily|monthly|weekly|free) (?:[^\s,;:]+ ){0,3}(?:allocation|allotment|allowance)|no (?:[^\s,;:]+ )?quota|(?:exceed|exhaust|insufficient|no remaining|reach|out of|not enough|no available|used)\w* (?:[^\s,;:]+ ){0,4}quotas?"
            r")|配额.{0,6}(?:不足|用完|用尽|耗尽|已满|超)"
        ),
        confidence="medium",
        would_decide="whether the same key works again within minutes",
    ),
    # Rate and capacity
    Rule(
        "words.server-pool",
        Kind.OVERLOADED,
        "no_server",
        any=(
            "nodes", "servers", "workers", "instances", "gpus", "no active", "no available", "no healthy", "no free", "no idle",
            "no online",
        ),
        pattern=(
            r"\b(?:no (?:active|available|healthy|free|idle|online) (?:[^\s,;:]+ ){0,3}(?:servers?|workers?|instances?|gpus?|nodes?)\b"
            r"|(?:all|every) (?:[^\s,;:]+ ){0,3}(?:servers?|workers?|instances?|gpus?|nodes?) (?:[^\s,;:]+ ){0,3}(?:busy|unavailable|occupied|offline|down|in use)"
            r")"
        ),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="A channel's own machines are all taken or gone.",
    ),
    Rule(
        "words.per-ip",
        Kind.RATE_LIMITED,
        "per_ip",
        any=("for ip", "per ip", "from ip", "your ip", "this ip"),
        pattern=r"(?:queue|queued|limit|requests?)\b.{0,60}(?:for|per|from) (?:your |this )?ip\b",
    ),
    Rule(
        "words.queue",
        Kind.OVERLOADED,
        "queue_full",
        any=("queue",),
        pattern=r"queue (?:[^\s,;:]+ ){0,2}(?:full|limit|exceed|too long|timeout|size reached)",
        party=Party.CHANNEL,
        note="A queue belongs to whoever speaks of it.",
    ),
    Rule(
        "words.capacity",
        Kind.OVERLOADED,
        any=(
            "full load", "peak load", "surge", "warming up", "too many users", "too many people", "maximum load", "resource", "overloaded",
            "overload", "capacity", "high demand", "high load", "heavy load", "high traffic", "busy", "queue", "servers", "workers", "gpu",
            "繁忙", "过载", "拥挤", "排队", "congestion", "congested", "unavailable right now", "temporarily unavailable", "volume", "demand",
            "traffic", "congest", "no available", "occupied", "slots", "no free", "overwhelmed", "full capacity", "under heavy",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:gpu|compute|computing|computational|server) resources? (?:[^\s,;:]+ ){0,3}(?:insufficient|unavailable|exhausted|not available|limited)"
            r"|insufficient (?:[^\s,;:]+ )?resources|overload(?:ed)?\b|overwhelmed|(?:full|peak|maximum) load|surge|warming up|too many (?:users|people)|under heavy|full capacity"
            r"|(?:at|no|insufficient|over|out of|not enough|limited|exceeded|lack of|without|maximum) (?:[^\s,;:]+ ){0,3}capacity"
            r"|capacity (?:[^\s,;:]+ ){0,3}(?:exceed|reach|exhaust|limit|constraint|error|unavailable|issue)"
            r"|(?:high|heavy|unusually high|increased|too much|excessive) (?:[^\s,;:]+ )?(?:demand|load|traffic|volume)"
            r"|(?:server|servers|service|system|model|backend|engine|upstream|provider|resources?|workers?|we|network)\b (?:[^\s,;:]+ ){0,4}busy"
            r"|(?:no|all) (?:[^\s,;:]+ ){0,4}(?:servers?|workers?|gpus?|instances?|replicas?|slots?) (?:[^\s,;:]+ ){0,3}(?:available|busy|occupied|in use|unavailable|ready|free)"
            r"|no available (?:[^\s,;:]+ ){0,2}(?:servers?|workers?|gpus?|instances?|slots?)|congest)|繁忙|过载|拥挤"
        ),
        without=("fewer pixels",),
        when=("not_page",),
    ),
    Rule(
        "words.rate-bare",
        Kind.RATE_LIMITED,
        any=(
            "toomanyrequests", "too many requests", "rate limited", "rate_limited", "ratelimiterror", "rate_limit_exceeded",
        ),
        without=("rate limits page", "per minute", "per second", "from you", "your ", "you have", "you are"),
        when=("not_answered",),
        party=Party.UPSTREAM,
        confidence="medium",
        would_decide="whose limit it is: the body of the 429",
        note="Told by a program that hides the answer, without a limit: nobody says it is the caller's.",
    ),
    Rule(
        "words.rate",
        Kind.RATE_LIMITED,
        any=("too many attempts", "too many connections", "too many tries", "too many calls", "too many messages",
            "rate limit", "rate-limit", "rate-limited", "ratelimit", "ratelimited", "rate limited", "rate limiting", "too many requests",
            "toomanyrequests", "too many concurrent", "throttled", "throttling", "throttle", "slow down", "ratelimiterror", "requests per",
            "请求太多", "频繁", "限速", "限频", "concurrency limit", "concurrent request", "rate exceeded", "触发限流", "too frequent",
            "before generating another", "before making another", "before sending another", "try again in", "rate_limited", "rate_limit",
        ),
        without=("rate limits page",),
        confidence="medium",
    ),
    Rule(
        "words.concurrency",
        Kind.RATE_LIMITED,
        "concurrency",
        any=("concurrency", "concurrent", "并发", "simultaneous"),
        pattern=(
            r"(?<![a-z0-9])(?:(?:concurren\w+|simultaneous) (?:[^\s,;:]+ ){0,4}(?:limit|exceed|reach|maximum|max|too)"
            r"|(?:max\w*|exceed\w*|reach\w*|too many|limit of) (?:[^\s,;:]+ ){0,4}(?:concurren|simultaneous)"
            r")|并发(?:数|请求|量|限制|超|过)"
        ),
    ),
)
