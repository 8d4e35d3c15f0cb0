"""Rules for what OpenAI says, on its own API and on routes that pass its words through (source: SDK openai 3.54 and captured replies)."""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import SERVER_ERROR, By, Rule, codes

# fmt: off
MODERATION_CODES = codes("moderation_blocked content_policy_violation")

RATE = (
    "images per min", "requests per min", "tokens per min", "rate limit reached for", "rate limit exceeded for",
    "exceeded the rate limit",
)
"""Sentences of a rate limit."""

RULES = (
    # Moderation: the stage in the details first, then when it came
    Rule(
        "openai.moderation-output",
        Kind.MODERATION_OUTPUT,
        codes=codes("stage:output"),
        note="moderation_details.moderation_stage",
    ),
    Rule(
        "openai.moderation-input",
        Kind.MODERATION_INPUT,
        codes=codes("stage:input"),
        note="moderation_details.moderation_stage",
    ),
    Rule(
        "openai.safety-late",
        Kind.MODERATION_OUTPUT,
        any=("safety system", "safety_violations", "content_policy_violation", "moderation_blocked"),
        when=("late",),
        note="On a 429, 451 or 5xx, in a stream, or after more than a quarter of a minute.",
    ),
    Rule(
        "openai.safety",
        Kind.MODERATION_INPUT,
        any=("safety system", "safety_violations"),
        would_decide="moderation_details, or the elapsed time: input checks answer within seconds",
    ),
    Rule("openai.moderation-code-late", Kind.MODERATION_OUTPUT, by=By.CODE, codes=MODERATION_CODES, when=("late",)),
    Rule(
        "openai.moderation-code",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=MODERATION_CODES,
        confidence="medium",
        would_decide="moderation_details.moderation_stage",
    ),
    # Keys and accounts
    Rule(
        "openai.verify-organisation",
        Kind.PERMISSION,
        "organisation",
        any=("organization must be verified", "verify organization"),
    ),
    Rule(
        "openai.key",
        Kind.AUTH,
        any=("incorrect api key provided", "didn't provide an api key", "invalid api key", "malformed api key"),
    ),
    Rule(
        "openai.key-code",
        Kind.AUTH,
        by=By.CODE,
        codes=codes("invalid_api_key account_not_found invalid_authentication"),
    ),
    Rule(
        "openai.deactivated",
        Kind.PERMISSION,
        "blocked",
        any=("account has been deactivated", "account was deactivated", "account_deactivated", "access was terminated"),
    ),
    Rule(
        "openai.country",
        Kind.PERMISSION,
        "region",
        any=("unsupported_country_region_territory", "region, or territory not supported"),
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "openai.endpoint",
        Kind.PERMISSION,
        "endpoint",
        any=("not allowed to sample from this model",),
        action=Action.FIX_PARAMETERS,
        note="An image model asked on the chat endpoint.",
    ),
    Rule(
        "openai.scope",
        Kind.PERMISSION,
        "key_scope",
        any=(
            "must be a member of an organization", "missing scopes", "insufficient permissions for this operation",
            "does not have access to model", "not allowed to access model", "no access to model", "not allowed to generate images",
        ),
    ),
    # Money, rate, capacity
    Rule(
        "openai.quota-code",
        Kind.QUOTA_EXHAUSTED,
        by=By.CODE,
        codes=codes(
            "billing_hard_limit_reached insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded "
            "organization_usage_limit_exceeded project_usage_limit_exceeded billing_not_active account_balance_insufficient"
        ),
        note="429 or 400, and waiting does not help.",
    ),
    Rule(
        "openai.billing",
        Kind.QUOTA_EXHAUSTED,
        any=(
            "billing hard limit", "hard limit has been reached", "exceeded your current quota", "billing is not active",
            "account is not active, please check your billing",
        ),
    ),
    Rule(
        "openai.rate-relayed",
        Kind.RATE_LIMITED,
        statuses=SERVER_ERROR,
        party=Party.UPSTREAM,
        note="Told with a 5xx it is the limit of the relay's own account.",
        any=RATE,
    ),
    Rule(
        "openai.rate",
        Kind.RATE_LIMITED,
        any=RATE,
    ),
    Rule("openai.rate-code", Kind.RATE_LIMITED, by=By.CODE, codes=codes("rate_limit_exceeded slow_down")),
    Rule(
        "openai.overloaded",
        Kind.OVERLOADED,
        any=("processing too many requests", "currently overloaded", "is at capacity", "servers are overloaded"),
    ),
    Rule(
        "openai.overloaded-code",
        Kind.OVERLOADED,
        by=By.CODE,
        codes=codes("server_is_overloaded engine_overloaded overloaded_error overloaded service_unavailable_error"),
    ),
    # Failures while drawing
    Rule(
        "openai.processing",
        Kind.PROCESSING_ERROR,
        any=(
            "error occurred while processing your request", "server had an error", "something went wrong processing",
            "server encountered an error processing",
        ),
        note="Comes as 500 server_error, as invalid_request_error, as shell_api_error: the sentence decides.",
    ),
    # Requests
    Rule(
        "openai.size",
        Kind.INVALID_REQUEST,
        "size",
        any=(
            "divisible by 16", "multiple of 16", "longest edge", "pixel budget", "invalid size", "invalid_size", "size is not supported",
            "size not supported",
        ),
    ),
    Rule(
        "openai.tool-parameter",
        Kind.INVALID_REQUEST,
        "parameter",
        any=("parameter", "value", "type", "argument"),
        pattern=r"(?:parameter|value|type|argument)\S{0,4}:? ?\S{0,4}['\"`](?:tools|tool_choice|tool_resources|input|instructions|reasoning|include)\b[\[.'\"`]",
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="An images call has no such field: a reverse channel wrote it into another endpoint's request.",
    ),
    Rule(
        "openai.tool-choice",
        Kind.INVALID_REQUEST,
        "tool_missing",
        any=("tool choice", "tool_choice"),
        every=("image_generation", "found"),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="A reverse channel's account has no picture tool.",
    ),
    Rule(
        "openai.download",
        Kind.INVALID_REQUEST,
        "input_image",
        any=("error while downloading", "failed to download image", "timeout while downloading", "unable to download"),
        note="The input picture's host refused; a status in the sentence is that host's.",
    ),
    Rule(
        "openai.bytes-limit",
        Kind.PAYLOAD_TOO_LARGE,
        any=(
            "less than", "larger than", "smaller than", "at most", "maximum", "max", "exceed", "size limit", "too large", "too big",
        ),
        pattern=r"\d ?(?:mb|mib|kb|kib|gb)\b|\d ?bytes\b",
        without=("rate limit", "timed out", "out of memory", "tried to allocate"),
        note="A limit in units of bytes.",
    ),
    Rule(
        "openai.file",
        Kind.INVALID_REQUEST,
        "input_image",
        any=(
            "invalid file", "invalid image", "unsupported mimetype", "unsupported image", "image file or mode", "invalid_image_format",
            "invalid_image_url", "invalid_base64", "image data you provided", "could not process image", "failed to decode image",
            "not represent a valid image",
        ),
        when=("of_request",),
        without=("too large", "exceeds", "too big"),
    ),
    Rule(
        "openai.parameter",
        Kind.INVALID_REQUEST,
        "parameter",
        any=(
            "unknown parameter", "unsupported parameter", "unrecognized request argument", "missing required parameter", "invalid value",
            "invalid type", "unsupported value", "invalid parameter", "string too long", "unknown_parameter", "invalid_value",
        ),
        when=("of_request",),
    ),
    Rule(
        "openai.parameter-code",
        Kind.INVALID_REQUEST,
        "parameter",
        by=By.CODE,
        codes=codes(
            "invalid_value unknown_parameter unsupported_parameter missing_required_parameter invalid_type unsupported_value string_above_max_length integer_above_max_value invalid_image invalid_image_format invalid_image_url image_parse_error invalid_prompt unsupported_file_mimetype"
        ),
        when=("of_request",),
    ),
    Rule(
        "openai.web-queue",
        Kind.OVERLOADED,
        "queued",
        any=("people are creating images", "notify you when your image is ready", "很多人在创建图片", "图片准备好后"),
        note="ChatGPT's page puts the picture off; a reverse channel takes the words for the answer.",
    ),
    Rule(
        "openai.wrong-endpoint",
        Kind.INVALID_REQUEST,
        "path",
        any=("v1", "this endpoint", "compatible endpoint"),
        pattern=r"not (?:available|supported) (?:on|at|in) this endpoint|this endpoint (?:does not|doesn't) support|compatible endpoint|(?:supported|available|allowed|use|mean to use)\b.{0,40}\bv1/(?:images|chat|completions|responses)",
        note="The model is there, on another path.",
    ),
    Rule(
        "openai.url",
        Kind.INVALID_REQUEST,
        "path",
        any=("invalid url (", "unknown request url"),
        note="A wrong base_url or path.",
    ),
    Rule(
        "openai.not-stored",
        Kind.INVALID_REQUEST,
        "not_stored",
        any=("with id", "no such file object", "not persisted when", "previous_response_not_found"),
        pattern=r"(?:item|response|conversation|file|container|message|vector store) with id \S+ (?:was )?not found|no such file object|not persisted when|no \w+ (?:was )?found with id|previous_response_not_found",
        note="What the request points to was not kept, or belongs to another account.",
    ),
    # Models
    Rule(
        "openai.model-retired",
        Kind.MODEL_NOT_FOUND,
        "retired",
        any=(
            "has been deprecated", "has been shut down", "model_deprecated", "has been retired", "no longer supported model",
        ),
    ),
    Rule(
        "openai.model",
        Kind.MODEL_NOT_FOUND,
        any=("does not exist or your team", "does not exist or you do not have access", "model does not exist"),
        without=("parameter",),
        action=Action.FIX_PARAMETERS,
    ),
    Rule(
        "relay.model-503",
        Kind.GATEWAY_ERROR,
        "pool_exhausted",
        by=By.CODE,
        codes=codes("model_not_found"),
        statuses=frozenset({503}),
        stage=Stage.QUEUE,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="With 503 it means no channel, not no model.",
    ),
    Rule(
        "openai.model-code",
        Kind.MODEL_NOT_FOUND,
        by=By.CODE,
        codes=codes("model_not_found model_not_supported model_not_available unknown_model invalid_model"),
    ),
    # Types say little: asked last
    Rule(
        "openai.type-image-user",
        Kind.INVALID_REQUEST,
        by=By.HINT,
        codes=codes("image_generation_user_error"),
        confidence="low",
        would_decide="the words of the error: a parameter, an input file or a refusal",
    ),
    Rule(
        "openai.type-user",
        Kind.INVALID_REQUEST,
        by=By.TYPE,
        codes=codes("invalid_request_error"),
    ),
    Rule("openai.type-server", Kind.PROCESSING_ERROR, by=By.HINT, codes=codes("server_error"), stage=Stage.PROCESSING),
)
