"""What a single value of config.toml may be: pydantic's types for names, durations, shares and values by tier."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from probe.config import durations, hours

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def seconds(value: Any) -> Any:
    """`"5m"` or a number of seconds -> seconds; anything else is left for the type check to refuse."""
    return durations.seconds(value) if isinstance(value, str) else value


def file_name(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError("must be the name of a file")
    return value


def model_id(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > 200:
        raise ValueError('must be the id of a model, such as "gpt-image-2"')
    return value


def form(value: Any) -> str:
    """Which form of a key that has several is meant, so that faults speak of that form alone."""
    return "<table>" if isinstance(value, dict) else "<word>" if isinstance(value, str) else "<number>"


def form_by_tier(value: Any) -> str:
    """The same for a key that holds one value, or a table of values by tier."""
    return "<table>" if isinstance(value, dict) else "<value>"


def week_hours(value: str) -> str:
    if value:
        hours.parse(value)
    return value


def known_zone(value: str) -> str:
    hours.zone(value)
    return value


NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Duration = Annotated[float, BeforeValidator(seconds), Field(gt=0, le=366 * 86_400)]
Interval = Annotated[float, BeforeValidator(seconds), Field(ge=1, le=366 * 86_400)]  # a slot is named by its second
Keep = Annotated[float, BeforeValidator(seconds), Field(ge=100 * 86_400, le=36_600 * 86_400)]  # reports read 93 days
RequestSeconds = Annotated[float, Field(gt=0, le=86_400)]
Name = Annotated[str, Field(pattern=f"^{NAME}$")]
ModelId = Annotated[str, AfterValidator(model_id)]
FileName = Annotated[str, AfterValidator(file_name)]
Url = Annotated[str, AfterValidator(lambda url: url.rstrip("/"))]
Hours = Annotated[str, AfterValidator(week_hours)]  # read by `hours.parse`
Zone = Annotated[str, AfterValidator(known_zone)]

Price = Annotated[
    Annotated[NonNegative, Tag("<number>")]
    | Annotated[Literal["tokens"], Tag("<word>")]
    | Annotated[dict[str, NonNegative], Tag("<table>")],
    Discriminator(form),
]
SecondsByTier = Annotated[
    Annotated[RequestSeconds, Tag("<value>")] | Annotated[dict[str, RequestSeconds], Tag("<table>")],
    Discriminator(form_by_tier),
]
IntervalByTier = Annotated[
    Annotated[Interval, Tag("<value>")] | Annotated[dict[str, Interval], Tag("<table>")], Discriminator(form_by_tier)
]
