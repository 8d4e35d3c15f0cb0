"""Families of phrases about what was sent, and about what could not be read; English and Chinese.

Tried after each speaker's own sentences.
"""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import SUCCESS, Rule

# fmt: off
RULES = (
    # Size of the request
    Rule(
        "words.too-large",
        Kind.PAYLOAD_TOO_LARGE,
        any=(
            "over limit", "too large", "too big", "exceed", "exceeded", "maximum", "larger than", "over the limit", "过大", "太大", "超过", "超出",
            "max",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:body|payload|entity|content|request(?! (?:rate|limit|count|quota))|upload|file|files|image|images|attachment|data) (?:[^\s,;:]+ ){0,5}(?:too (?:large|big)|exceed\w*(?! (?:[^\s,;:]+ ){0,3}\d+ ?(?:s|sec|seconds|min)\b)|larger than|over (?:the )?(?:limit|maximum|\d))"
            r"|(?:exceed\w*|larger than|over|above|maximum|max\w*|limit) .{0,60}\d\s?(?:mb|mib|kb|kib|bytes|gb)\b"
            r"|too large for)|(?:图片|文件|请求体|请求|大小)(?!数量|张数|个数).{0,10}(?:过大|太大|超过|超出)"
        ),
        without=(
            "ipm", "rpm", "tpm", "qps", "per minute", "length", "prompt is too long", "resolution", "pixel", "string value length",
            "context length", "tokens", "longest edge", "rate limit", "dimensions", "width", "height", "aspect",
        ),
    ),
    # Requests
    Rule(
        "words.no-such-setting",
        Kind.INVALID_REQUEST,
        "parameter",
        any=("not found",),
        pattern=r"\b(?:sampler|scheduler|upscaler|style|preset|controlnet|vae|embedding|template|mask|(?:init|input|source|reference) image) (?:\S+ ){0,2}not found",
        note="A setting of the request names something that the server does not have.",
    ),
    Rule(
        "words.no-eyes",
        Kind.INVALID_REQUEST,
        "input_image",
        any=("vision",),
        pattern=r"vision (?:\S+ ){0,3}(?:not|n't) (?:loaded|supported|available|enabled)|(?:not|n't) (?:a vision model|support vision)|no vision support",
        action=Action.SWITCH_CHANNEL,
        note="The model cannot look at pictures.",
    ),
    Rule(
        "words.bad-base64",
        Kind.MALFORMED_RESPONSE,
        "bad_base64",
        any=("png signature", "premature end of input", "premature end of jpeg",
            "incorrect padding", "invalid base64", "base64 decode", "base64 decoding", "illegal base64", "not a valid base64",
            "pad character", "image file is truncated", "corrupted image data", "truncated image", "decode base64 image",
            "wrong 4-byte ending unit",
        ),
        when=("not_4xx",),
        action=Action.BACK_OFF_RETRY,
        billed="yes",
        note="A picture cut on its way.",
    ),
    Rule(
        "words.answer-model",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=("deserialize", "line:",
            "validation error for", "validation errors for", "struct field", "could not be converted to", "at line", "missing field",
        ),
        pattern=(
            r"validation errors? for \w*(?:response|result|output|completion|prediction|candidate)|struct field \w*(?:response|result|reply|output)"
            r"|value could not be converted to|line:? \d+,? column:? \d+|^missing field `"
        ),
        without=("deserialize the json body", "request", "untagged enum", "unknown variant"),
        when=("not_answered",),
        party=Party.UNKNOWN,
        action=Action.BACK_OFF_RETRY,
        confidence="medium",
        would_decide="the body of the reply",
        note="A typed reader names its model of the answer: the answer has another form.",
    ),
    Rule(
        "words.answer-key",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=("keyerror", "error: '"),
        pattern=r"\bkeyerror: ?['\"][\w.-]+['\"]|\berror: '[a-z][a-z_-]*'$",
        without=("_key", "token", "environ"),
        when=("not_answered",),
        party=Party.UNKNOWN,
        action=Action.BACK_OFF_RETRY,
        confidence="low",
        would_decide="the body of the reply",
        note="Python: a field the reader wanted is not in what came; printed without its class it is the quoted name alone.",
    ),
    Rule(
        "words.answer-class",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=("unexpected keyword argument", "required positional argument", "required positional arguments"),
        pattern=r"\b\w*(?:response|result|output|completion|reply|answer|image|message|choice)\.__init__\(\)",
        party=Party.CALLER,
        retryable=False,
        action=Action.REPORT_BUG,
        note="Python: the answer has a field that the library's class for answers does not know.",
    ),
    Rule(
        "words.unreadable",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=("unicodedecodeerror", "codec can't decode", "解析异常", "eof while parsing", "unmarshal_response", "无法解析", "不是有效的 json", "不是有效的json", "非 json", "非json", "不是合法的json", "truncated",
            "数据格式错误", "返回格式错误", "响应格式错误", "返回数据异常", "响应数据异常", "返回数据格式", "unexpected response from", "jsonexception", "jsonreaderexception",
            "jsonserializationexception", "jsonsyntaxexception", "jsonparseexception", "mismatchedinputexception", "decompressing",
            "incorrect header check", "is not a function", "response format", "is not valid json", "unexpected token",
            "unexpected end of json", "jsondecodeerror", "expecting value", "invalid character", "cannot unmarshal",
            "error decoding response body", "failed to parse", "parsing failed", "parse error", "parse_error", "invalid json",
            "unparseable", "invalid response", "unexpected mimetype", "contenttypeerror", "incorrect padding", "invalid base64",
            "cannot identify image file", "unidentifiedimageerror", "could not parse", "解析失败", "解析错误", "unterminated string", "json parse",
            "syntaxerror", "typevalidationerror", "invalid_response_error", "apiresponsevalidationerror", "malformed response",
            "error parsing", "parsing error", "is an invalid start of a value", "expected begin_object", "expected begin_array",
            "expected value at line", "couldn't be read because", "isn't in the correct format", "httpmessageconverter",
            "could not extract response", "looking for beginning of", "unexpected end of input", "formatexception", "malformedjson",
            "error decoding response", "unexpected response format", "could not decode", "gzip: invalid header", "invalid gzip",
            "type validation failed", "valid json object", "no valid json", "find valid json", "unable to parse server", "unable to parse the response", "unable to parse response", "unexpected payload", "jsondecodingexception", "unexpected json token", "keynotfound", "decodingerror", "unexpected non-whitespace", "bad control character", "in json at position", "unexpected content-type", "unexpected content type", "不是图片", "不是有效json", "不是有效的json", "不是json",
        ),
        without=("multipart",
            "upstream server", "from upstream", "go struct field", "json payload", "json body", "request body", "schema",
            "invalid response status", "jsonmappingexception", "notreadable",
        ),
        action=Action.BACK_OFF_RETRY,
        note="A client or relay could not read the answer.",
        when=("loose_status",),
    ),
    Rule(
        "words.deserialize",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=("invalid type:", "missing field `", "unknown variant `", "unknown field `"),
        statuses=SUCCESS,
        retryable=False,
        note="Rust's reader, after a success: the answer has another form than it expects.",
    ),
    Rule(
        "words.input-image",
        Kind.INVALID_REQUEST,
        "input_image",
        any=(
            "invalid image", "invalid input image", "invalid file", "invalid mask", "invalid mime", "invalid media", "invalid base64",
            "invalid url", "corrupt", "corrupted", "unsupported", "unreadable", "broken image", "bad image", "empty image", "not valid",
            "not supported", "not readable", "not accessible", "not reachable", "not found", "is invalid", "is required", "is missing",
            "is empty", "could not", "must be", "must have", "must match", "should be", "should have", "failed to", "unable to", "cannot",
            "error downloading", "error fetching", "error loading", "error decoding", "error reading", "error processing", "图片", "参考图",
            "图像", "broken", "empty", "bad mask", "bad file", "bad base64",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:(?:invalid|corrupt\w*|unsupported|unreadable|broken|bad|empty) (?:input )?(?:image|file|mask|mime ?type|media type|image_url|image url|image format|base64)"
            r"|(?:image|file|mask|url) (?:[^\s,;:]+ ){0,5}(?:not (?:valid|supported|readable|accessible|reachable|found)|is (?:invalid|corrupt|required|missing|empty)|could not be (?:decoded|read|loaded|fetched|downloaded|processed|retrieved)|(?:must|should) (?:be|have|match))"
            r"|(?:failed|unable|could not|cannot|error) (?:to )?(?:fetch\w*|download\w*|decod\w*|load\w*|read\w*|process\w*|retriev\w*|access\w*|open\w*) (?:[^\s,;:]+ ){0,4}(?:image|file|mask|url|asset)"
            r")|(?<!生成)(?<!返回)(?:图片|参考图|图像).{0,8}(?:格式|无效|错误|下载|损坏|读取|解析)"
        ),
        without=("generated image", "result image"),
        when=("of_picture", "may_blame", "of_request", "loose_status"),
    ),
    Rule(
        "words.signature",
        Kind.INVALID_REQUEST,
        "parameter",
        any=(
            "go struct field", "required positional argument", "unexpected keyword argument", "multiple values for keyword argument", "strconv.",
            "positional argument but", "positional arguments but", "jsonmappingexception",
            "httpmessagenotreadable", "methodargumentnotvalid", "requestvalidationerror", "deserialize the json body",
        ),
        note="Go, Python and Java say so of what the caller sent, whatever status it is told with.",
        when=("of_request",),
    ),
    Rule(
        "words.parameter",
        Kind.INVALID_REQUEST,
        "parameter",
        any=("isn't", "aren't",
            "out of range", "accepted", "must", "exceeds", "too large", "too high", "not enabled", "not available for",
            "not available with", "not allowed for", "not allowed with", "提示词", "cannot unmarshal", "parameter", "argument", "field",
            "value", "property", "properties", "option", "required", "validation", "must be", "should be", "not supported", "not support",
            "doesn't support", "unsupported", "size", "quality", "aspect ratio", "aspect_ratio", "resolution", "dimensions", "extra inputs",
            "unexpected keyword", "schema", "request body", "json body", "malformed", "too long", "参数", "缺少", "格式错误", "尺寸", "不支持",
            "invalid_request", "bad_request_body", "validationerror", "context_length_exceeded", "zoderror", "unprocessable", "at most",
            "up to", "at least", "positional argument", "无效", "maximum of", "too many images", "too many reference", "too many input",
            "too many files", "数量", "张数", "method not allowed", "context length", "context window", "ensure this value", "input error", "form body",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:go struct field"
            r"|(?:invalid|unknown|unsupported|unrecognized|unexpected|missing|required|illegal|extra|bad|wrong|incorrect|malformed) (?:[^\s,;:]+ ){0,3}(?:parameters?|arguments?|fields?|values?|propert(?:y|ies)|options?|size|quality|resolution|aspect[ _]ratio|dimensions?|inputs?|keyword|body|json|format|types?)"
            r"|(?:parameters?|arguments?|fields?|values?|propert(?:y|ies)|options?|size|quality|resolution|aspect[ _]ratio|dimensions?|format)\b.{0,60}(?:\bis required|is missing|invalid|not (?:supported|allowed|valid|permitted|recognized)|must (?:be|not|have)|should be|unsupported|out of range|is not one of|too (?:large|small|high|low|long))"
            r"|(?:only|just) (?:[^\s,;:]+ ){1,4}(?:is|are) (?:accepted|supported|allowed|permitted)|^(?:n|seed|steps|width|height|strength|guidance|cfg|scale|count|prompt|negative prompt|mask|style)\b.{0,40}(?:must|out of range|exceeds|too (?:long|large|high|low|small)|invalid|cannot|should)|(?:must|should) be (?:one of|between|a|an|at least|at most|less|greater|in|either|divisible|multiple)"
            r"|(?:does not|doesn't|not) support(?:ed)?\b|not (?:enabled|available|supported|allowed|permitted|valid) (?:for|with|by|in|on) (?:this|the|that) (?:[^\s,;:]+ ){0,2}model|(?:is|are)n't (?:supported|allowed|available|valid|permitted)|extra inputs are not permitted|field required"
            r"|(?:supports?|accepts?|allows?|takes?) (?:only )?(?:at most|up to|a maximum of) \d+"
            r"|(?:requires?|needs?|must (?:have|include|contain)) at least|positional arguments?:"
            r"|too many (?:[^\s,;:]+ ){0,2}(?:images|files|references|inputs)\b|validation ?_?error|unprocessable|(?:is|are) required\b"
            r"|(?:prompt|input|string|text) (?:[^\s,;:]+ ){0,3}too long|context_length_exceeded"
            r"|user input error|ensure this value|maximum context length|context (?:length|window) (?:exceed|limit)|method not allowed|invalid_request\b|bad_request_body)|提示词.{0,4}(?:过长|太长|为空|不能为空)"
            r"|参数.{0,12}(?:错误|无效|不合法|不正确|缺失|有误|不支持)|(?:缺少|无效|不支持).{0,12}(?:参数|尺寸|字段|分辨率)|格式错误|(?:图片?|文件|参考)(?:数量|张数|个数).{0,6}(?:超|上限|过多|不能|最多)"
        ),
        without=("返回数据", "响应数据", "返回格式", "响应格式", "request contains an invalid argument"),
        when=("of_request",),
        confidence="medium",
    ),
    Rule(
        "words.no-description",
        Kind.UNKNOWN,
        any=("couldn't be completed", "could not be completed"),
        pattern=r"operation could(?:n't| not) be completed\. \(\S+ error -?\d+\.?\)",
        confidence="low",
        would_decide="the body of the reply",
        note="Swift prints so an error that has no words of its own.",
    ),
)
