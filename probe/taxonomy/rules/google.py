"""Rules for Google's refusals and failures: Gemini API, Vertex AI, Imagen (source: error tables and SDK enums of google-genai 3.4 and aiplatform v1)."""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import By, Rule, codes

# fmt: off
RULES = (
    # Keys and accounts
    Rule(
        "google.key",
        Kind.AUTH,
        any=(
            "api key not valid", "pass a valid api key", "api key expired", "api key not found", "renew the api key",
            "provide a valid api key",
        ),
        note="A bad key is a 400 INVALID_ARGUMENT here, not a 401.",
    ),
    Rule(
        "google.key-code",
        Kind.AUTH,
        by=By.CODE,
        codes=codes(
            "api_key_invalid api_key_expired access_token_expired credentials_missing access_token_type_unsupported"
        ),
    ),
    Rule("google.leaked", Kind.AUTH, "leaked", any=("reported as leaked",), note="Google blocks keys found in public."),
    Rule("google.unregistered", Kind.AUTH, any=("unregistered callers", "without established identity")),
    Rule(
        "google.oauth",
        Kind.AUTH,
        any=(
            "api keys are not supported by this api", "invalid_grant", "refresherror", "provide (`api_key`)",
            "missing key inputs argument", "invalid authentication credentials", "expected oauth 2 access token",
            "could not load the default credentials", "default credentials were not found",
        ),
    ),
    Rule("google.unauthenticated", Kind.AUTH, by=By.CODE, codes=codes("unauthenticated")),
    Rule(
        "google.region",
        Kind.PERMISSION,
        "region",
        any=(
            "location is not supported", "not available in your country", "not available in your region",
            "not supported in your country", "not available in your location",
        ),
        action=Action.SWITCH_CHANNEL,
        note="By the address of whoever calls Google; another channel works.",
    ),
    Rule(
        "google.blocked-service",
        Kind.PERMISSION,
        "key_scope",
        any=("requests to this api",),
        every=("blocked",),
        note="The key is restricted to other services.",
    ),
    Rule(
        "google.service",
        Kind.PERMISSION,
        "service_disabled",
        any=(
            "has not been used in project", "it is disabled. enable it", "requires billing to be enabled",
            "only accessible to billed users", "enable billing",
        ),
    ),
    Rule(
        "google.service-code",
        Kind.PERMISSION,
        "service_disabled",
        by=By.CODE,
        codes=codes(
            "api_key_service_blocked service_disabled api_key_http_referrer_blocked api_key_ip_address_blocked billing_disabled consumer_invalid"
        ),
    ),
    Rule(
        "google.suspended",
        Kind.PERMISSION,
        "blocked",
        any=("has been denied access", "has been suspended"),
        without=("by its owner",),
    ),
    Rule(
        "google.iam",
        Kind.PERMISSION,
        "role",
        any=("permission",),
        pattern=(
            r"(?<![a-z0-9])(?:permission '?[a-z]+\.[a-z.]+'? denied|permission denied on resource"
            r"|caller does not have permission)"
        ),
    ),
    Rule("google.permission-denied", Kind.PERMISSION, by=By.CODE, codes=codes("permission_denied")),
    # Models
    Rule(
        "google.model",
        Kind.MODEL_NOT_FOUND,
        any=("is not found for api version", "call listmodels", "not supported for generatecontent", "not supported for predict"),
        action=Action.SWITCH_CHANNEL,
    ),
    Rule("google.model-retired", Kind.MODEL_NOT_FOUND, "retired", any=("no longer available to new users",)),
    Rule(
        "google.publisher-model",
        Kind.MODEL_NOT_FOUND,
        "location",
        any=("publisher model",),
        every=("not found",),
        note="Vertex; Gemini 3 image models answer on `global` only.",
    ),
    Rule("google.entity", Kind.MODEL_NOT_FOUND, any=("requested entity was not found",), party=Party.CHANNEL),
    # Money, rate, capacity: told apart by quotaId, limits and delays, never by the words
    Rule("google.credits", Kind.QUOTA_EXHAUSTED, any=("credits are depleted",)),
    Rule(
        "google.quota-zero-code",
        Kind.QUOTA_EXHAUSTED,
        "no_allowance",
        by=By.CODE,
        codes=codes("resource_exhausted"),
        when=("no_allowance",),
    ),
    Rule(
        "google.rate",
        Kind.RATE_LIMITED,
        any=("quota exceeded for metric", "quota exceeded for quota metric", "exceeded your current quota"),
        codes=codes("resource_exhausted"),
        when=("short_wait",),
    ),
    Rule(
        "google.rate-metric",
        Kind.RATE_LIMITED,
        any=("quota exceeded for metric", "quota exceeded for quota metric", "quota exceeded for aiplatform.googleapis.com"),
    ),
    Rule(
        "google.rate-id",
        Kind.RATE_LIMITED,
        any=("exceeded your current quota",),
        codes=codes("resource_exhausted"),
        when=("per_minute",),
        note="The quotaId names a minute.",
    ),
    Rule(
        "google.quota",
        Kind.QUOTA_EXHAUSTED,
        any=("exceeded your current quota",),
        codes=codes("resource_exhausted"),
        confidence="medium",
        would_decide="the quotaId in error.details",
    ),
    Rule("google.rate-minute", Kind.RATE_LIMITED, by=By.CODE, codes=codes("resource_exhausted"), when=("short_wait",)),
    Rule(
        "google.shared-capacity",
        Kind.OVERLOADED,
        "shared_quota",
        any=("resource exhausted. please try again later", "error-code-429", "resource exhausted, please try again later"),
        note="Vertex's dynamic shared quota: everybody's capacity, not this account's.",
    ),
    Rule(
        "google.exhausted",
        Kind.RATE_LIMITED,
        any=("resource has been exhausted",),
        party=Party.UNKNOWN,
        confidence="low",
        would_decide="whether the account's own quota page shows any use",
        note="The old short form, without details: own rate or a shared pool.",
    ),
    Rule(
        "google.exhausted-code",
        Kind.RATE_LIMITED,
        by=By.CODE,
        codes=codes("resource_exhausted"),
        confidence="low",
        would_decide="the quotaId in error.details",
    ),
    Rule(
        "google.window-soon",
        Kind.RATE_LIMITED,
        "window",
        any=("exhausted your capacity",),
        when=("short_wait",),
        party=Party.CHANNEL,
    ),
    Rule(
        "google.window",
        Kind.QUOTA_EXHAUSTED,
        "window",
        any=("exhausted your capacity",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="A personal login's window of hours; the words speak of capacity.",
    ),
    Rule(
        "google.overloaded",
        Kind.OVERLOADED,
        any=("model is overloaded", "experiencing high demand", "spikes in demand"),
    ),
    Rule(
        "google.capacity",
        Kind.OVERLOADED,
        "capacity",
        any=("no capacity available", "out of capacity", "model_capacity_exhausted"),
    ),
    Rule("google.unavailable", Kind.OVERLOADED, any=("service is currently unavailable",)),
    Rule("google.unavailable-code", Kind.OVERLOADED, by=By.CODE, codes=codes("unavailable model_capacity_exhausted")),
    # Requests
    Rule(
        "google.field-relayed",
        Kind.INVALID_REQUEST,
        "field",
        any=("cannot find field",),
        when=("relayed",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="The relay wrote a field Google does not know.",
    ),
    Rule(
        "google.field",
        Kind.INVALID_REQUEST,
        "field",
        any=("invalid json payload", "cannot find field", "element predicate failed"),
    ),
    Rule(
        "google.value",
        Kind.INVALID_REQUEST,
        "value",
        any=(
            "invalid value at", "base64 decoding failed", "is not enabled for models", "response modalities", "supported for safetysetting", "person generation", "persongeneration",
            "unable to submit request because",
        ),
    ),
    Rule(
        "google.input-image",
        Kind.INVALID_REQUEST,
        "input_image",
        any=(
            "unable to process input image", "provided image is not valid", "unsupported mime type",
            "cannot fetch content from the provided url",
        ),
    ),
    # Failures while drawing
    Rule(
        "google.deadline",
        Kind.TIMEOUT,
        "upstream",
        any=("deadline expired", "deadline exceeded before operation", "504 deadline exceeded", "exceptions.deadlineexceeded"),
        party=Party.UPSTREAM,
        action=Action.INCREASE_TIMEOUT,
        note="The server's own timer; a longer timeout in the request raises it.",
    ),
    Rule(
        "google.deadline-code",
        Kind.TIMEOUT,
        "upstream",
        by=By.CODE,
        codes=codes("deadline_exceeded"),
        party=Party.UPSTREAM,
        action=Action.INCREASE_TIMEOUT,
    ),
    Rule(
        "google.internal",
        Kind.PROCESSING_ERROR,
        any=("an internal error has occurred", "internal error encountered", "please retry or report in"),
    ),
    Rule("google.internal-code", Kind.PROCESSING_ERROR, by=By.CODE, codes=codes("internal data_loss aborted")),
)
