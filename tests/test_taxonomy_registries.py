"""Codes of providers' published registries, told without a sentence that helps: the code's own words give the kind.

Sources: the error pages of OpenAI, fal, Runway, Stability, Volcengine Ark, DashScope, Tencent Cloud, Novita, Venice, Runware,
Amazon Bedrock, and new-api's types/error.go.
"""

import json

import pytest

from probe import model, taxonomy

REGISTRIES = {
    "OpenAI": {
        400: "image_content_policy_violation moderation_input; invalid_base64_image invalid_request; image_too_small invalid_request; "
        "image_file_too_large payload_too_large; empty_image_file invalid_request; failed_to_download_image invalid_request; "
        "unsupported_image_media_type invalid_request",
    },
    "fal": {
        422: "content_policy_violation moderation_input; image_too_large payload_too_large; file_download_error invalid_request; "
        "file_too_large payload_too_large; feature_not_supported invalid_request",
        504: "generation_timeout timeout; request_timeout timeout",
        503: "runner_scheduling_failure overloaded; startup_timeout timeout",
        400: "downstream_service_error gateway_error",
    },
    "Runway": {
        200: "SAFETY.INPUT.TEXT moderation_input; SAFETY.INPUT.IMAGE moderation_input; SAFETY.OUTPUT.IMAGE moderation_output; "
        "INPUT_PREPROCESSING.SAFETY.TEXT moderation_input; THIRD_PARTY.UNAVAILABLE overloaded",
    },
    "Stability": {
        403: "content_moderation moderation_input",
        402: "payment_required quota_exhausted",
        400: "invalid_sampler invalid_request; invalid_prompts moderation_input",
    },
    "Ark": {
        400: "MissingParameter invalid_request; InputTextRiskDetection moderation_input; OutputTextRiskDetection moderation_output; "
        "InputImageSensitiveContentDetected.PrivacyInformation moderation_input; OutputImageSensitiveContentDetected moderation_output",
        403: "AccountOverdueError quota_exhausted; OperationDenied.ServiceOverdue quota_exhausted; OperationDenied.ServiceNotOpen permission",
        404: "InvalidEndpointOrModel.NotFound model_not_found; UnsupportedModel model_not_found",
        429: "RateLimitExceeded.EndpointRPMExceeded rate_limited; ModelAccountIpmRateLimitExceeded rate_limited; RequestBurstTooFast rate_limited; "
        "ServerOverloaded overloaded; ModelLoadingError overloaded; QuotaExceeded quota_exhausted",
    },
    "DashScope": {
        400: "Arrearage quota_exhausted; InvalidURL invalid_request; InvalidApiKey auth",
        403: "AccessDenied.Unpurchased permission; Model.AccessDenied permission; AllocationQuota.FreeTierOnly quota_exhausted",
        404: "ModelNotFound model_not_found",
        429: "Throttling.RateQuota rate_limited; Throttling.BurstRate rate_limited",
        500: "InternalError.Timeout timeout",
    },
    "Tencent": {
        200: "AuthFailure.SignatureFailure auth; OperationDenied.TextIllegalDetected moderation_input; ResourceUnavailable.InArrears quota_exhausted; "
        "RequestLimitExceeded.JobNumExceed rate_limited; ResourceInsufficient overloaded; InvalidParameterValue.TextLengthExceed invalid_request",
    },
    "Novita": {
        400: "ILLEGAL_PROMPT moderation_input; BILLING_BALANCE_NOT_ENOUGH quota_exhausted; MISSING_API_KEY auth; IMAGE_NO_FACE_DETECTED invalid_request; "
        "IMAGE_FILE_EXCEEDS_MAX_SIZE payload_too_large; INVALID_IMAGE_SIZE invalid_request",
        403: "NEED_REAL_NAME_VERIFY permission",
    },
    "Venice": {
        402: "API_KEY_USD_SPEND_LIMIT_EXCEEDED quota_exhausted",
        400: "INVALID_MODEL model_not_found; CORRUPTED_IMAGE invalid_request",
        503: "MODEL_AT_CAPACITY overloaded",
    },
    "Runware": {400: "insufficientCredits quota_exhausted; invalidApiKey auth; timeoutProvider timeout; unsupportedParameter invalid_request"},
    "Bedrock": {429: "ModelNotReadyException overloaded", 400: "ServiceQuotaExceededException quota_exhausted"},
    "new-api": {
        403: "entitlement_daily_limit_exceeded quota_exhausted; entitlement_required permission",
        429: "token_concurrency_limit_reached rate_limited",
        500: "channel:aws_client_error gateway_error; query_data_error gateway_error",
    },
}  # fmt: skip
"""Provider -> status -> `code kind` pairs."""

CODES = [
    (status, *pair.split())
    for registry in REGISTRIES.values()
    for status, pairs in registry.items()
    for pair in pairs.split("; ")
]


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_a_published_code_gives_its_kind_by_its_own_words(status, code, kind):
    body = json.dumps({"error": {"message": "failed", "code": code}})
    assert taxonomy.judge(model.Evidence(status=status, text=body)).kind == kind


def test_a_name_in_a_sentence_is_read_like_a_code():
    assert taxonomy.judge(model.Evidence(fault_text="com.house.InsufficientBalanceException")).kind == "quota_exhausted"


def test_a_clear_sentence_is_stronger_than_the_words_of_a_code():
    body = json.dumps({"error": {"message": "Rate limit reached for m on images per min", "code": "BILLING_SERVICE"}})
    assert taxonomy.judge(model.Evidence(status=429, text=body)).kind == "rate_limited"


def test_a_code_is_stronger_than_a_sentence_that_says_nothing():
    body = json.dumps({"failure": "An unexpected error occurred.", "failureCode": "SAFETY.INPUT.TEXT"})
    assert taxonomy.judge(model.Evidence(status=200, text=body)).kind == "moderation_input"


@pytest.mark.parametrize("status", [401, 402, 413, 504])
def test_one_telling_word_does_not_outweigh_a_status_with_one_meaning(status):
    body = json.dumps({"error": {"message": "Look at the moderation page"}})
    assert (
        taxonomy.judge(model.Evidence(status=status, text=body)).kind
        == taxonomy.judge(model.Evidence(status=status)).kind
    )
