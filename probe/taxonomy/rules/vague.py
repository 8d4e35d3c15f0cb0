"""Words that say little: asked when no speaker said anything clearer, after the telling words of `concepts`."""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import By, Rule, codes

# fmt: off
VAGUE_FAILURE = (
    "生成图片失败", "出图失败", "internal error", "internalservererror", "server error", "servererror", "internal_error", "internal_server_error",
    "something went wrong", "gone wrong", "broke on our side", "on our end", "worker died", "process died", "内部出错", "异常终止", "encountered an issue", "encountered a problem", "ran into an issue", "ran into a problem", "could not be created", "could not be generated", "couldn't be generated", "couldn't be created", "cannot be generated", "unexpected error", "unknown error", "error occurred", "generation failed", "generation error",
    "failed to generate", "error generating", "processing failed", "processing error", "prediction failed", "task failed",
    "generate image failed", "cuda", "out of memory", "encountered an error", "生成失败", "处理失败", "未知错误", "内部错误", "服务器错误", "服务异常", "系统错误",
    "系统异常", "生成错误", "生成异常", "任务失败", "绘图失败", "api_error", "unhandled exception", "runtimeerror", "internal failure", "unable to generate",
    "开小差", "遇到问题", "出了点问题", "出了点小问题", "走丢了", "推理失败", "推理异常", "推理错误", "请求异常", "调用失败", "执行失败",
    "rendering failed", "render failed", "server failure", "system failure", "system error", "could not be produced", "technical issue", "technical error", "technical problem", "technical difficult", "技术问题", "技术故障", "技术错误", "produced in unet", "could not generate", "couldn't generate", "generation_failed", "processing_error", "绘制失败", "发生错误", "出现错误", "执行出错",
)
"""Words that say only that drawing failed."""

BAD_REQUEST = (
    "bad request", "badrequest", "badrequesterror", "invalid request", "unprocessable entity", "请求错误", "无效的请求", "invalid_request_error",
)
"""Words of a bare 400."""

VAGUE_WORDS = (
    "failed", "failure", "fails", "error", "exception", "crashed", "aborted", "interrupted", "stopped", "unexpected",
    "went wrong", "oops", "失败", "错误", "异常", "出错", "报错", "故障", "中断",
)
"""Words that say only that something failed."""

TOLD = frozenset((*range(200, 300), 400, 500, 502))
"""Statuses under which a relay passes on another one that its words name."""

OWN_FAILURE = frozenset({500, 501, *range(505, 512)})
"""Statuses by which whoever answered says that it failed itself."""

RULES = (
    # A status of somebody further in, named in words: the outer one only says that it was passed on
    Rule(
        "told.refused",
        Kind.GATEWAY_ERROR,
        "own_credential",
        by=By.HINT,
        statuses=TOLD,
        codes=codes("told:401 told:403"),
        retryable=False,
        note="Its own key was refused further in, and nobody says why.",
    ),
    Rule("told.money", Kind.QUOTA_EXHAUSTED, by=By.HINT, statuses=TOLD, codes=codes("told:402"), party=Party.CHANNEL, action=Action.SWITCH_CHANNEL),
    Rule("told.request", Kind.INVALID_REQUEST, by=By.HINT, statuses=TOLD, codes=codes("told:400 told:415 told:422")),
    Rule(
        "told.not-found",
        Kind.GATEWAY_ERROR,
        "page_not_found",
        by=By.HINT,
        statuses=TOLD,
        codes=codes("told:404"),
        retryable=False,
        note="A path, a deployment or a model is gone further in.",
    ),
    Rule("told.timeout", Kind.TIMEOUT, by=By.HINT, statuses=TOLD, codes=codes("told:408 told:504 told:524")),
    Rule("told.too-large", Kind.PAYLOAD_TOO_LARGE, by=By.HINT, statuses=TOLD, codes=codes("told:413")),
    Rule("told.rate", Kind.RATE_LIMITED, by=By.HINT, statuses=TOLD, codes=codes("told:429"), party=Party.UPSTREAM),
    Rule(
        "told.gateway",
        Kind.GATEWAY_ERROR,
        by=By.HINT,
        statuses=TOLD,
        codes=codes("told:502 told:520 told:521 told:522 told:523 told:525 told:526 told:530"),
        action=Action.BACK_OFF_RETRY,
    ),
    Rule("told.overloaded", Kind.OVERLOADED, by=By.HINT, statuses=TOLD, codes=codes("told:503 told:529")),
    Rule(
        "hint.processing-relayed",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        party=Party.CHANNEL,
        action=Action.BACK_OFF_RETRY,
        note="Vague words with a relay's own status.",
        any=VAGUE_FAILURE,
        without=("validatestatus",),
        statuses=frozenset({502}),
        when=("not_page",),
    ),
    Rule(
        "hint.processing-answered",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        party=Party.CHANNEL,
        note="Vague words with a 5xx: whoever answered failed, and in its own words.",
        any=VAGUE_FAILURE,
        without=("validatestatus",),
        statuses=OWN_FAILURE,
        when=("vague_status", "not_page"),
    ),
    Rule(
        "hint.processing",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        any=VAGUE_FAILURE,
        without=("validatestatus",),
        when=("vague_status", "not_page"),
    ),
    Rule(
        "hint.invalid-argument-words",
        Kind.INVALID_REQUEST,
        by=By.HINT,
        any=("request contains an invalid argument",),
        note="The sentence of that status: it names no argument.",
    ),
    Rule(
        "hint.invalid-argument",
        Kind.INVALID_REQUEST,
        by=By.HINT,
        codes=frozenset({"invalid_argument", "failed_precondition", "out_of_range"}),
        confidence="medium",
        note="Google's status for bad keys, refusals and regions too: anything clearer wins.",
    ),
    Rule(
        "hint.bad-request-explained",
        Kind.INVALID_REQUEST,
        by=By.HINT,
        any=BAD_REQUEST,
        when=("explained",),
        party=Party.UNKNOWN,
        confidence="low",
        would_decide="a reading of its words",
    ),
    Rule(
        "hint.bad-request",
        Kind.INVALID_REQUEST,
        by=By.HINT,
        any=BAD_REQUEST,
        party=Party.UNKNOWN,
        confidence="low",
        would_decide="the body of the 400",
    ),
    Rule(
        "hint.forbidden",
        Kind.PERMISSION,
        by=By.HINT,
        when=("not_page",),
        any=("forbidden", "access denied", "permissiondenied"),
        confidence="low",
    ),
    Rule(
        "hint.not-found",
        Kind.UNKNOWN,
        by=By.HINT,
        when=("not_page",),
        statuses=frozenset({404}),
        any=("not found", "notfound", "notfounderror"),
        confidence="low",
        would_decide="GET /models on the same channel",
        party=Party.UPSTREAM,
    ),
    Rule(
        "hint.failed-answered",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        any=VAGUE_WORDS,
        statuses=OWN_FAILURE,
        when=("vague_status", "not_page", "worded"),
        party=Party.CHANNEL,
        confidence="low",
        would_decide="a reading of its words",
    ),
    Rule(
        "hint.failed",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        any=VAGUE_WORDS,
        when=("vague_status", "not_success", "not_page", "worded"),
        party=Party.UNKNOWN,
        action=Action.RETRY_THEN_CHECK_INPUT,
        confidence="low",
        would_decide="a reading of its words",
    ),
)
