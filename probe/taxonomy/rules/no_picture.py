"""Rules for words about a picture that is missing from an answer."""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import SERVER_ERROR, SUCCESS, By, Rule, codes

# fmt: off
MISSING = (
    "无图", "不含图", "未包含图", "不包含图", "没有图",
    "只返回了文字", "只返回文字", "只返回了文本", "仅返回文字", "仅返回文本", "没有图片链接", "无图片", "zero pictures", "zero images", "nothing was generated", "text rather than", "images array", "image array", "images list", "is null", "was null", "text only", "text-only", "only text", "expected an image", "expected image",
    "could not find", "couldn't find", "cannot find", "can't find", "unable to find", "failed to find", "could not locate", "检测到图", "发现图", "识别到图", "提取到图", "未输出图", "回复了文", "回复文字",
    "without image_generation_call", "without producing", "without returning", "without generating", "not found in", "missing from",
    "no image", "no valid image", "no valid final", "no usable image", "no final image", "no generated image", "no output image",
    "no picture", "no inlinedata", "no b64_json", "did not", "didn't", "does not", "doesn't", "was not", "is not invoked",
    "not return", "not contain", "failed to return", "failed to contain", "failed to include", "failed to provide",
    "failed to yield", "failed to deliver", "without image", "without an image", "without any image", "empty image",
    "missing image", "contained no", "contains no", "returned an empty", "returned empty", "got no", "received no", "returned no",
    "returned zero", "got an empty", "returned text", "returned only text", "instead of an image", "instead of image", "0 images",
    "未返回", "没有返回", "未生成", "没有生成", "无法获取", "未获取", "未能", "没有找到", "没有收到", "未收到", "无法返回", "无法提取", "无法找到", "无法收到", "没有获取", "没有提取", "未提取",
    "未找到", "text instead", "multimodal response", "no images", "no edited", "no result", "image from", "images from",
    "image data from", "image url from", "image in", "image data in", "image url in", "neither text nor", "contained neither",
    "contains neither", "从响应", "从返回", "从结果",
)
"""Words one of which stands where a picture is said to be missing."""

MISSING_PICTURE = (
    r"(?<![a-z0-9])(?:without (?:producing|returning|generating) (?:an? |any )?(?:image|picture)|(?:image|images|image data|image url|b64_json|picture) (?:[^\s,;:]+ ){0,2}(?:not found|missing|absent|empty) (?:in|from)|did not find .{0,20}image|image_generation\w* (?:tool )?(?:was|is) not (?:invoked|called|used)"
    r"|returned (?:only )?text(?: (?:instead|only)|$)|text instead of (?:an? )?image"
    r"|(?:did not|didn't|does not|doesn't|was not|not) (?:return|produce|contain|include|execute|generate|provide|yield|deliver)(?:ed)? (?:(?:any|an?|the|valid|final|finished|completed?|generated|edited|rendered|resulting|output|usable|actual|single|inline) ){0,4}(?:image|picture|inlinedata|b64)"
    r"|failed to (?:return|contain|include|provide|yield|deliver) (?:(?:any|an?|the|valid|final|finished|completed?|generated|edited|rendered|resulting|output|usable|actual|single|inline) ){0,4}(?:image|picture)"
    r"|no (?:valid |output |generated |final |inline )?(?:image|picture|images|inlinedata|b64_json)(?:s|_url)? ?(?:data |output |content |url |part |parts |results? )?(?:was |were |is |are |has been )?(?:returned|generated|found|produced|received|in |present|available in)"
    r"|no images? (?:data|output|in|response)\b|neither (?:text |[a-z]+ )?nor (?:an? )?image|no (?:valid )?multimodal response|(?:extract|get|find|parse|locate|obtain)\w* (?:[a-z]+ ){0,3}images?(?: data| urls?)? (?:from|in) (?:[a-z]+ ){0,2}(?:response|reply|answer|result|output|api)\b|no (?:[a-z_-]+ ){0,2}(?:images?|pictures?)\b(?!-| (?:is |was |were |are )?(?:provided|uploaded|attached|supplied|required|specified|given|quota|models?|tools?|generation|support|file|url|input|available for))|no (?:valid |usable |final ){1,3}images?\b"
    r"|(?:returned|received|got|contain\w*|has|had|have|with) (?:no|an? empty|zero|0) (?:[^\s,;:]+ ){0,2}(?:image|images|picture|b64_json|inlinedata)"
    r"|(?:had|has|contained|contains|with) zero (?:images?|pictures?)|(?:text|prose)[ -]only\b|images? (?:array|list) (?:is|was) (?:empty|null)|(?:image|data|url) (?:is|was) (?:null|none|undefined|empty) in (?:[a-z]+ ){0,2}(?:response|reply|result|output)|nothing was generated|zero (?:images?|pictures?) (?:were |was )?generated|text rather than (?:an? )?(?:image|picture)|expected (?:an |any )?image\b.{0,20}\b(?:got|received|found)\b|(?:could not|couldn't|cannot|can't|unable to|failed to) (?:find|locate) (?:[a-z]+ ){0,2}(?:image|picture)s? (?:creation |generation )?(?:data|urls?|links?|results?|outputs?|in the (?:response|reply|answer|assistant|output|message))|without (?:an |any )?(?:images?|image_generation_call)\b|empty image(?! file)|missing image (?:data|result)|no image_generation"
    r")|(?:(?:未能?|没有)(?:获取|返回|生成|找到|收到|提取)|无法(?:获取|返回|找到|收到|提取))到?.{0,6}图|[只仅]返回了?文[字本]|[中里内](?:没有|无|未包含|不含|不包含)图|未.{0,8}(?:检测|发现|识别|提取)到.{0,4}图|未输出图|[只仅]回复了?文[字本]|(?:没有|无)图片(?:链接|数据|地址)|从.{0,6}(?:响应|返回|结果).{0,4}(?:提取|解析|获取|找到).{0,4}图"
)

NOT_MISSING = ("plan doesn't", "plan does not", "image is required", "your plan", "subscription", "your tier")

RULES = (
    Rule(
        "delivery.said-no-image-5xx",
        Kind.NO_IMAGE,
        any=MISSING,
        pattern=MISSING_PICTURE,
        without=NOT_MISSING,
        statuses=SERVER_ERROR,
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="A relay says so of its upstream, after its own attempts.",
    ),
    Rule(
        "delivery.said-no-image",
        Kind.NO_IMAGE,
        any=MISSING,
        pattern=MISSING_PICTURE,
        without=NOT_MISSING,
        party=Party.UNKNOWN,
        action=Action.RETRY_THEN_CHECK_INPUT,
        note="A reader cannot say whether the model drew nothing or somebody on the way dropped it.",
    ),
    Rule(
        "delivery.no-tool",
        Kind.NO_IMAGE,
        "no_tool",
        any=(
            "image generation tool", "image_generation tool", "image tool", "imagegen", "图像生成工具", "生图工具", "图片生成工具", "绘图工具",
        ),
        pattern=r"(?:\bno\b|\bnot?\b|n't|without|missing|unavailable|disabled).{0,60}(?:tool|imagegen)|(?:tool|imagegen).{0,60}(?:\bnot?\b|n't|unavailable|missing|disabled)|(?:未|没有|无法|不).{0,12}工具|工具.{0,8}(?:不可用|未|不支持)",
        without=("tool choice",),
        party=Party.CHANNEL,
        retryable=False,
        action=Action.SWITCH_CHANNEL,
        note="A chat route whose model has no tool to draw with.",
    ),
    Rule(
        "delivery.unreadable-picture",
        Kind.MALFORMED_RESPONSE,
        "undecodable",
        any=("invalid image", "unsupported image", "unknown image", "corrupt image", "not an image", "image format"),
        statuses=SUCCESS,
        action=Action.BACK_OFF_RETRY,
        note="After a success: a reader could not open the picture that came.",
    ),
    Rule(
        "delivery.missing-field",
        Kind.NO_IMAGE,
        "missing_field",
        any=(
            "image_generation_call", "missing data", "reading", "nonetype", "keyerror", "undefined", "list index out of range", "candidates", "choices", "b64_json", "data field",
            "images field", "字段", "predictions",
        ),
        pattern=(
            r"(?<![a-z0-9])(?:reading '(?:b64_json|url|inlinedata|inline_data|parts|candidates|content|data|images|image|image_url|output|result)'"
            r"|nonetype' object has no attribute '(?:parts|content|data|images|inline_data|url|b64_json|image_bytes|generated_images|candidates|choices)'"
            r"|(?:missing|no|not find|without|lacks?) (?:the |an? |any )?['\"`]?(?:candidates|choices|data|images|parts|b64_json)\b[^ ]{0,20} (?:key|field|property)\b|(?:not|n't) (?:contain|have|include) ['\"`](?:predictions|candidates|choices|data|images|parts|b64_json)\b"
            r"|(?:response|reply|result|answer) (?:[^\s,;:]+ ){0,3}(?:missing|lacks?|without|has no|had no) (?:the |an? |any )?[\'\"`]?(?:candidates|choices|data|images|parts|b64_json|output|predictions)\b"
            r"|ascii string, not 'nonetype'|missing (?:data\[|['\"`]?(?:b64_json|inlinedata|inline_data)\b)|image_generation_call\b.{0,20}\b(?:null|none|empty|missing)\b"
            r"|keyerror: '?(?:b64_json|url|inlinedata|parts|candidates|data|images|output))|(?:未找到|没有|缺少).{0,3}(?:data|images|candidates|choices|b64_json|url).{0,3}字段"
        ),
        without=("failed to parse",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        confidence="low",
        would_decide="the body of the reply",
        note="A client looked for a picture in an answer that has none.",
    ),
    Rule(
        "delivery.other-form",
        Kind.MALFORMED_RESPONSE,
        "client_parse",
        any=("string indices",
            "reading '0'", "list index out of range", "nonetype", "index out of bounds", "indexoutofboundsexception", "array index",
        ),
        pattern=r"string indices must be|reading '0'|list index out of range|nonetype' object is not (?:iterable|subscriptable)|index ?out ?of ?bounds|undefined array (?:key|index)",
        party=Party.CHANNEL,
        retryable=False,
        action=Action.REPORT_BUG,
        confidence="low",
        would_decide="the body of the reply",
        note="A client took the answer apart and met another form than it knows.",
    ),
    Rule(
        "delivery.said-empty",
        Kind.NO_IMAGE,
        "empty_response",
        by=By.HINT,
        any=(
            "empty data", "empty result", "empty image", "返回空", "数据为空", "结果为空", "empty response", "empty completion", "returned empty",
            "response is empty", "no content in response", "no candidates", "no choices", "no output", "响应为空", "返回为空", "空响应",
            "no response from",
        ),
    ),
    Rule(
        "delivery.said-too-long",
        Kind.MALFORMED_RESPONSE,
        "client_limit",
        any=(
            "string value length", "streamconstraints", "bytes when reading", "maximum string length", "maxstringlength", "length exceeds the maximum allowed",
            "response body too large", "maxcontentlength size of", "err_string_too_long", "chunk too big", "chunk too long",
            "separator is not found", "quotaexceedederror", "on 'storage'",
        ),
        stage=Stage.DELIVERY,
        party=Party.CALLER,
        retryable=False,
        action=Action.DOWNSCALE,
        billed="yes",
        note="A good picture overflowed the reader's own limit.",
    ),
    Rule(
        "client.bad-base64",
        Kind.MALFORMED_RESPONSE,
        "bad_base64",
        by=By.FAULT,
        codes=codes("fault:bad_base64"),
        billed="yes",
    ),
)
