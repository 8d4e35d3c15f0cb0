"""Words that say little: asked when no speaker said anything clearer, after the telling words of `concepts`."""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import By, Rule

# fmt: off
VAGUE_FAILURE = (
    "生成图片失败", "出图失败", "internal error", "internalservererror", "server error", "servererror", "internal_error", "internal_server_error",
    "something went wrong", "gone wrong", "broke on our side", "on our end", "worker died", "process died", "内部出错", "异常终止", "encountered an issue", "encountered a problem", "ran into an issue", "ran into a problem", "could not be created", "could not be generated", "couldn't be generated", "couldn't be created", "cannot be generated", "unexpected error", "unknown error", "error occurred", "generation failed", "generation error",
    "failed to generate", "error generating", "processing failed", "processing error", "prediction failed", "task failed",
    "generate image failed", "cuda", "out of memory", "encountered an error", "生成失败", "处理失败", "未知错误", "内部错误", "服务器错误", "服务异常", "系统错误",
    "系统异常", "生成错误", "生成异常", "任务失败", "绘图失败", "api_error", "unhandled exception", "runtimeerror", "internal failure", "unable to generate",
    "开小差", "出了点问题", "出了点小问题", "走丢了", "推理失败", "推理异常", "推理错误", "请求异常", "调用失败", "执行失败",
    "technical issue", "technical error", "technical problem", "technical difficult", "技术问题", "技术故障", "技术错误", "produced in unet", "could not generate", "couldn't generate", "generation_failed", "processing_error", "绘制失败", "发生错误", "出现错误", "执行出错",
)
"""Words that say only that drawing failed."""

BAD_REQUEST = (
    "bad request", "badrequest", "badrequesterror", "invalid request", "unprocessable entity", "请求错误", "无效的请求", "invalid_request_error",
)
"""Words of a bare 400."""

RULES = (
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
        "hint.failed",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        any=(
            "failed", "failure", "fails", "error", "exception", "crashed", "aborted", "interrupted", "stopped", "unexpected",
            "went wrong", "oops", "失败", "错误", "异常", "出错", "报错", "故障", "中断",
        ),
        when=("vague_status", "not_success", "not_page", "worded"),
        party=Party.UNKNOWN,
        action=Action.RETRY_THEN_CHECK_INPUT,
        confidence="low",
        would_decide="a reading of its words",
    ),
)
