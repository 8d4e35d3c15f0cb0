"""Rules for Google's answers that arrive as a success, blocked or empty (source: SDK enums of google-genai 3.4 and aiplatform v1)."""

from probe.model import Action, Kind, Stage
from probe.taxonomy.rule import SUCCESS, By, Rule, codes

# fmt: off
RULES = (
    Rule(
        "google.prompt-blocked",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=codes(
            "block:safety block:other block:blocklist block:prohibited_content block:image_safety block:model_armor block:jailbreak prompt_blocked"
        ),
        note="promptFeedback.blockReason",
    ),
    Rule(
        "google.prompt-filter",
        Kind.MODERATION_INPUT,
        any=(
            "prompt could not be submitted", "prompt violates google", "safety filter threshold prohibited", "request blocked by gemini api",
            "input prompt contains",
        ),
    ),
    Rule(
        "google.blocked",
        Kind.MODERATION_OUTPUT,
        any=("blocked",),
        pattern=r"blocked \[(?!no_image)[a-z_]+\]",
        billed="no",
        note="Gateways turn finishReason into `blocked [REASON]`.",
    ),
    Rule(
        "google.image-safety",
        Kind.MODERATION_OUTPUT,
        by=By.CODE,
        codes=codes(
            "finish:safety finish:prohibited_content finish:blocklist finish:spii finish:image_safety finish:image_prohibited_content "
            "finish:model_armor image_safety image_prohibited_content prohibited_content"
        ),
        billed="no",
        note="finishReason; Google does not bill blocked pictures.",
    ),
    Rule(
        "google.image-safety-words",
        Kind.MODERATION_OUTPUT,
        any=("image_safety", "image_prohibited_content", "finish reason safety", "finishreason: safety", "candidate was blocked"),
        billed="no",
    ),
    Rule(
        "google.finish-number",
        Kind.MODERATION_OUTPUT,
        any=("finish_reason is", "finish reason", "finish_reason"),
        pattern=r"finish[_ ]reason(?: is|:) ?(?:3|4|7|8|11)\b",
        billed="no",
        note="The SDKs print the number of the reason: 3 safety, 4 recitation, 7 and 8 block lists and prohibited content, 11 image safety.",
    ),
    Rule(
        "google.recitation-text",
        Kind.MODERATION_OUTPUT,
        "recitation",
        by=By.CODE,
        codes=codes("finish:recitation"),
        billed="no",
        note="The answer repeats a source: only another prompt helps.",
    ),
    Rule(
        "google.recitation",
        Kind.MODERATION_OUTPUT,
        "recitation",
        by=By.CODE,
        codes=codes("finish:image_recitation image_recitation"),
        retryable=True,
        action=Action.RETRY_THEN_CHECK_INPUT,
        billed="no",
        note="Intermittent on harmless prompts: the identical request can succeed.",
    ),
    Rule(
        "google.image-other",
        Kind.MODERATION_OUTPUT,
        "other",
        by=By.CODE,
        codes=codes("finish:image_other image_other"),
        billed="no",
        note="Often copyright or trademark.",
    ),
    Rule(
        "google.withheld",
        Kind.MODERATION_OUTPUT,
        any=(
            "unable to show the generated image", "violated google's responsible ai", "violate google's responsible ai",
            "responsible ai practices", "safety filter threshold filtered", "image was filtered out", "images were filtered out", "filtered out because",
            "responsible ai policy",
        ),
    ),
    Rule(
        "google.max-tokens",
        Kind.INVALID_REQUEST,
        "max_tokens",
        by=By.CODE,
        codes=codes("finish:max_tokens"),
        when=("no_picture",),
        billed="yes",
        note="maxOutputTokens too small for thoughts and picture.",
    ),
    Rule(
        "google.no-image",
        Kind.NO_IMAGE,
        by=By.CODE,
        codes=codes("finish:no_image no_image"),
        action=Action.BACK_OFF_RETRY,
    ),
    Rule(
        "google.reason-dropped",
        Kind.MODERATION_INPUT,
        "reason_dropped",
        by=By.PICTURE,
        when=("reason_dropped",),
        statuses=SUCCESS,
        confidence="medium",
        would_decide="the same prompt on a channel that keeps promptFeedback.blockReason",
        note="A gateway wrote the JSON again and lost the block reason.",
    ),
    Rule(
        "google.no-tool",
        Kind.NO_IMAGE,
        by=By.CODE,
        codes=codes(
            "finish:malformed_function_call finish:unexpected_tool_call finish:malformed_response finish:language finish:other finish:escalation"
        ),
        when=("no_picture",),
    ),
    Rule(
        "google.scanner",
        Kind.GATEWAY_ERROR,
        "answer_too_large",
        any=("token too long",),
        stage=Stage.DELIVERY,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        billed="yes",
        note="A Go gateway's line scanner overflows on a 4K picture; 2K passes.",
    ),
)
