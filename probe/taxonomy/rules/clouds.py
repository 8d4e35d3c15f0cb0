"""Rules for other providers' own words: Azure, Volcengine Ark, DashScope, Black Forest Labs, Replicate, fal, Stability."""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import By, Rule, codes

# fmt: off
RULES = (
    # Azure OpenAI
    Rule(
        "azure.resource-blocked",
        Kind.PERMISSION,
        "blocked",
        any=("resource has been temporarily blocked", "resource has been blocked"),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="The whole resource, not this prompt, whatever policy the sentence names.",
    ),
    Rule(
        "azure.output-filter",
        Kind.MODERATION_OUTPUT,
        any=(
            "generated image was filtered", "generated images were filtered", "output was filtered", "output image was filtered",
        ),
        billed="unknown",
    ),
    Rule(
        "azure.content-filter",
        Kind.MODERATION_INPUT,
        any=(
            "content management policy", "prompt triggering", "responsibleaipolicyviolation", "was filtered due to the prompt",
        ),
        note="`The response was filtered` is about the prompt.",
    ),
    Rule(
        "azure.content-filter-code",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=codes(
            "content_filter contentfilter responsibleaipolicyviolation content_filtered contentpolicyviolation"
        ),
    ),
    Rule(
        "azure.deployment",
        Kind.MODEL_NOT_FOUND,
        "deployment",
        action=Action.FIX_PARAMETERS,
        by=By.CODE,
        codes=codes("deploymentnotfound deploymentmodelnotsupported"),
    ),
    Rule(
        "azure.resource",
        Kind.MODEL_NOT_FOUND,
        "deployment",
        any=("resource not found",),
        statuses=frozenset({404}),
        action=Action.FIX_PARAMETERS,
        confidence="medium",
        would_decide="the deployment's name, the path and the api-version",
        note="Azure's answer for a route, a deployment or an api-version it does not have.",
    ),
    Rule(
        "azure.network-rules",
        Kind.PERMISSION,
        "network_rules",
        any=("virtual network", "firewall rules", "public access is disabled", "private endpoint"),
    ),
    Rule(
        "azure.operation",
        Kind.INVALID_REQUEST,
        "path",
        any=("operation does not work with the specified model",),
        note="Azure: the deployment's model is asked on the path of another kind of model.",
    ),
    Rule(
        "azure.role",
        Kind.PERMISSION,
        "role",
        any=(
            "lacks the required data action", "principal does not have access", "does not have authorization to perform action",
        ),
    ),
    Rule(
        "azure.access",
        Kind.AUTH,
        any=("invalid subscription key", "wrong api endpoint", "access denied due to invalid"),
    ),
    Rule(
        "azure.timeout",
        Kind.TIMEOUT,
        "upstream",
        statuses=frozenset({408}),
        codes=codes("timeout requesttimeout operationtimedout"),
        party=Party.UPSTREAM,
        action=Action.DOWNSCALE,
        note="The resource's own 60 s without an event.",
    ),
    Rule(
        "azure.api-version",
        Kind.INVALID_REQUEST,
        "api_version",
        any=("api version", "api versions", "api-version"),
        pattern=r"(?:enabled|available|supported) (?:only )?(?:for|in|with|from) api[ -]versions?|api[ -]version (?:is |was )?(?:not|query|must|required|invalid|unsupported)|(?:unsupported|invalid|missing|required)\b.{0,40}api[ -]version|api-version$",
    ),
    Rule(
        "azure.call-rate",
        Kind.RATE_LIMITED,
        any=("call rate limit", "token rate limit", "current pricing tier", "exceeded rate limit"),
    ),
    # Volcengine Ark, DashScope, Black Forest Labs
    Rule(
        "dashscope.arrears",
        Kind.QUOTA_EXHAUSTED,
        any=("overdue payment", "account is overdue", "arrearage", "account is in good standing"),
    ),
    Rule(
        "bedrock.access",
        Kind.PERMISSION,
        "model_scope",
        any=("access to the model with the specified model id", "accessdeniedexception"),
        note="Amazon Bedrock: model access is granted per account.",
    ),
    Rule("bedrock.codes-rate", Kind.RATE_LIMITED, any=("throttlingexception", "too many tokens, please wait")),
    Rule("aws.responsible-ai", Kind.MODERATION_INPUT, any=("aws responsible ai", "amazon responsible ai")),
    Rule(
        "stability.filtered",
        Kind.MODERATION_INPUT,
        any=("contains filtered words", "contain filtered words", "invalid prompts detected", "invalid_prompts"),
    ),
    Rule(
        "stability.filtered-code",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=codes("invalid_prompts"),
        note="Stability's word filter, not a parameter.",
    ),
    Rule(
        "bedrock.codes-invalid",
        Kind.INVALID_REQUEST,
        "parameter",
        any=("validationexception",),
        without=("content filter", "blocked", "provided model identifier"),
    ),
    Rule(
        "bedrock.model",
        Kind.MODEL_NOT_FOUND,
        any=("provided model identifier is invalid", "resourcenotfoundexception"),
        action=Action.FIX_PARAMETERS,
    ),
    Rule("bedrock.timeout", Kind.TIMEOUT, "upstream", any=("modeltimeoutexception",), party=Party.UPSTREAM),
    Rule(
        "huggingface.gated",
        Kind.PERMISSION,
        "model_scope",
        any=("gated",),
        note="Hugging Face: somebody must accept the model's licence first.",
    ),
    Rule("huggingface.repository", Kind.MODEL_NOT_FOUND, any=("repository not found", "repositorynotfounderror")),
    Rule(
        "huggingface.loading",
        Kind.OVERLOADED,
        "loading",
        any=("is currently loading", "model is loading", "cold start"),
        note="Hugging Face: the model is being brought up.",
    ),
    Rule(
        "ark.input",
        Kind.MODERATION_INPUT,
        any=(
            "inputtextsensitivecontentdetected", "inputimagesensitivecontentdetected", "inputtextriskdetection", "inputimageriskdetection",
        ),
    ),
    Rule(
        "ark.input-code",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=codes("inputtextsensitivecontentdetected inputimagesensitivecontentdetected sensitivecontentdetected"),
    ),
    Rule(
        "ark.output-code",
        Kind.MODERATION_OUTPUT,
        by=By.CODE,
        codes=codes("outputimagesensitivecontentdetected outputtextsensitivecontentdetected outputimageriskdetection"),
    ),
    Rule(
        "dashscope.inspection-code",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=codes("datainspectionfailed data_inspection_failed inappropriate_content"),
    ),
    Rule(
        "dashscope.parameter",
        Kind.INVALID_REQUEST,
        "parameter",
        by=By.CODE,
        codes=codes(
            "invalidparameter invalidparameter.datainspection invalidparametervalue missingparameter badrequest.emptyinput"
        ),
    ),
    Rule(
        "ark.model-not-open",
        Kind.PERMISSION,
        "model_scope",
        by=By.CODE,
        codes=codes("modelnotopen invalidendpointormodel.modelnotopen"),
    ),
    Rule(
        "ark.overdue",
        Kind.QUOTA_EXHAUSTED,
        codes=codes("accountoverdueerror arrearage accountoverdue quotaexceeded allocationquota.freetieronly"),
    ),
    Rule(
        "ark.throttled",
        Kind.RATE_LIMITED,
        by=By.CODE,
        codes=codes(
            "throttling throttling.ratequota throttling.allocationquota ratelimitexceeded requestburstttoofast modelaccountrpmratelimitexceeded throttlingexception"
        ),
    ),
    Rule("bfl.request-moderated-words", Kind.MODERATION_INPUT, any=("request moderated",)),
    Rule("bfl.content-moderated-words", Kind.MODERATION_OUTPUT, any=("content moderated",)),
    Rule(
        "bfl.request-moderated",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=frozenset({"request moderated", "request_moderated"}),
    ),
    Rule(
        "bfl.content-moderated",
        Kind.MODERATION_OUTPUT,
        by=By.CODE,
        codes=frozenset({"content moderated", "content_moderated"}),
    ),
    # Replicate, fal, Stability, Ideogram
    Rule(
        "dashscope.download",
        Kind.INVALID_REQUEST,
        "input_image",
        any=("download the media resource",),
        note="Its timer fired on the picture's own host.",
    ),
    Rule(
        "replicate.nsfw",
        Kind.MODERATION_OUTPUT,
        any=("nsfw content detected", "nsfw content was detected", "potential nsfw", "generated image contains nsfw"),
        without=("in prompt", "in the prompt", "in input", "in the input"),
        billed="unknown",
    ),
    Rule("replicate.sensitive", Kind.MODERATION_INPUT, any=("flagged as sensitive", "(e005)")),
    Rule(
        "xai.moderated",
        Kind.MODERATION_OUTPUT,
        any=("did not respect moderation", "respect moderation rules"),
        note="The SDK's words for a flagged slot without a picture in a 200.",
    ),
    Rule(
        "volcengine.risk-output",
        Kind.MODERATION_OUTPUT,
        any=("post img risk not pass",),
        note="Code 50511.",
    ),
    Rule("volcengine.risk", Kind.MODERATION_INPUT, any=("risk not pass",), note="Codes 50411 to 50413."),
    Rule(
        "fal.application",
        Kind.MODEL_NOT_FOUND,
        any=("application",),
        pattern=r"application \S{1,80} not found",
    ),
    Rule(
        "horde.kudos",
        Kind.QUOTA_EXHAUSTED,
        any=("required kudos", "kudos to fulfil", "kudos upfront"),
        action=Action.FIX_PARAMETERS,
        note="AI Horde: smaller requests are free.",
    ),
    Rule(
        "fal.runner",
        Kind.PROCESSING_ERROR,
        "runner",
        codes=codes(
            "runner_disconnected runner_connection_error runner_connection_refused runner_incomplete_response runner_server_error runner_connection_timeout"
        ),
        note="The machine that draws fell over or did not come up.",
    ),
    Rule("fal.scheduling", Kind.OVERLOADED, by=By.CODE, codes=codes("runner_scheduling_failure downstream_service_unavailable")),
    Rule("fal.no-media", Kind.NO_IMAGE, codes=codes("no_media_generated no_image_generated")),
    Rule(
        "gradio.exception",
        Kind.PROCESSING_ERROR,
        by=By.HINT,
        any=("gradio app has raised an exception",),
        note="A hosted demo's own code failed, and often hides why.",
    ),
    Rule(
        "dashscope.access",
        Kind.PERMISSION,
        codes=codes("accessdenied model.accessdenied app.accessdenied workspace.accessdenied accessdenied.unpurchased"),
        without=("api-key", "arrear", "overdue"),
        note="DashScope: the account or its workspace may not use the model, or not in this way.",
    ),
    Rule("fal.locked", Kind.QUOTA_EXHAUSTED, any=("user is locked", "exhausted balance"), without=("admin lock",)),
    Rule("fal.admin-lock", Kind.PERMISSION, "blocked", any=("admin lock",)),
    Rule(
        "fal.codes",
        Kind.MODERATION_INPUT,
        by=By.CODE,
        codes=codes(
            "content_policy_violation_input content_moderation prompt_moderation content_moderation_failed moderation_error"
        ),
    ),
)
