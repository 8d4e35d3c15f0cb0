"""Six worlds of mechanisms that no earlier world has, written by somebody who had not read the inference.

`triage_ceiling.py` prints what they tell; nothing was chosen by what triage makes of them. Each says what was
reported, where, and what an informed person could see.

Shares. A desk's mixture is nowhere published. The prior of the specification (content .30, upstream .28, overload
.08, channel .10, parameters .07, account .03, network .02, one-off .12) is moved towards what can be counted: one
day's log of a studio holds refusals only (116 of 116, jeffstric/ZJT); of 36 dated notices of resellers and status
pages 11 are of capacity, 7 of outages, 3 of daily peaks, 2 of limits on the way, 2 of the network; two thirds of the
threads of a forum are limits on the way (ofox.ai); of the 21 threads named below eight blame the gateway, three each
moderation and the purse, two each files, an outage and the caller's own line, one a crowd. Every cause has three cases
in a hundred or more, and a world's own mechanism more than it has elsewhere.
"""

import math
import random

from triage_desk import FACES, NEVER, Desk, Face, Shares, face
from triage_worlds import Case, Trouble, World

from probe.inference.causes import Cause


class TooBigToPass(Desk):
    """The picture is made, and is too many bytes for what carries it: a gateway's line buffer, or the caller's line.

    Reported: "bufio.Scanner: token too long" at 4K while 2K passes and the picture is seen upstream (looplj/axonhub
    554, nextlevelbuilder/goclaw 1348: pictures of 2 to 10 MB against buffers of 1 to 32); "the console says 280 s,
    the client got nothing in 600", and a stall after 2.8 MB (APIYI); a client's HTTP/2 drops silent 4K answers of any
    channel (zotero-AI-Butler 246). To be seen: it fails late, the same picture every time, flat ones (canaries are
    flat) less; smaller sizes pass; another gateway passes, unless it is the caller's line, which says so in words.
    """

    FACES = FACES | {Cause.NETWORK: face(0.0, network=0.5, broken=0.2, timeout=0.3)}
    BUFFER = face(0.03, gateway=0.5, broken=0.25, timeout=0.15, processing=0.1)
    BUFFERS_MB, SMALL_BUFFER, THIN_LINE = (4.0, 8.0, 16.0), 0.025, 0.02  # of gateways; of time

    def __post_init__(self) -> None:
        super().__post_init__()
        draw = self.draw
        self.rooms_mb = [
            draw.choice(self.BUFFERS_MB) if draw.random() < self.SMALL_BUFFER else math.inf for _ in range(2)
        ]
        self.small_for_hours = draw.lognormvariate(math.log(48), 1.0)  # since somebody's update
        self.thin = self.spell(self.THIN_LINE, 150, 1.0)
        self.lost_per_mb = draw.uniform(0.08, 0.35)

    def earlier(self, hours: float, draw: random.Random) -> Case:
        case = super().earlier(hours, draw)
        case.rooms_mb = self.rooms_mb if hours < self.small_for_hours else [math.inf, math.inf]
        return case

    def size_mb(self, *, good: bool, other: bool, smaller: bool, minute: float) -> float:
        """Base64 of this send's picture; four canaries take turns."""
        which = f"canary {int(minute // 74) % 4}" if good else "asked for"
        detail = random.Random(f"{which}/{self.flaky}").lognormvariate(math.log(7 if good else 12), 0.4)
        return detail * (0.25 if smaller else 1.0) * (self.trait("other format", 0.3, 1.0) if other else 1.0)

    def own(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Shares:
        size_mb = self.size_mb(good=good, other=other, smaller=smaller, minute=minute)
        overflows = 1 / (1 + (self.rooms_mb[other] / size_mb) ** 12)
        lost = 1 - math.exp(-self.lost_per_mb * size_mb * self.thin.share(minute))
        return {
            Cause.CHANNEL: max(self.gateway_share(minute, good=good, other=other), overflows),
            Cause.NETWORK: max(self.line.share(minute), lost),
        }

    def face(self, stopped: Cause) -> Face:
        small = stopped is Cause.CHANNEL and self.rooms_mb[self.elsewhere] < math.inf
        return self.BUFFER if small else super().face(stopped)


class ReservedBeforehand(Desk):
    """A price is set aside before a picture is made: dear pictures are refused while cheap ones pass.

    Reported: "left $2.53, needed $2.63", then "left $0.54" (openclacky 100), the same of pictures at $0.02 and $0.03
    (DZMM 81); what was set aside is not given back when the upstream fails (new-api 4429), so an outage empties
    purses; a gateway's own purse at its upstream runs dry and callers read "your quota" (new-api 6306) until it
    switches the channel off (new-api 6976). To be seen: refusals at once; of dear tiers only, and of the other channel
    too where both are paid from one purse, if it is the caller's; of every tier here alone if it is the gateway's.
    """

    FACES = FACES | {Cause.ACCOUNT: face(0.95, account=0.35, gateway=0.4, processing=0.25)}
    GATEWAYS_PURSE = face(0.95, gateway=0.65, processing=0.1, account=0.25, names_pool=0.55)
    LOW, DRAINED, GATEWAYS_LOW = 0.02, 0.12, 0.013  # of time; of outages; of time

    def __post_init__(self) -> None:
        super().__post_init__()
        outage = self.upstream.share(0.0) > 0
        self.low = self.spell(self.DRAINED if outage else self.LOW, 150, self.draw.uniform(0.6, 1.0))
        self.gateways_low = self.spell(self.GATEWAYS_LOW, 90, 1.0)
        self.one_purse = self.trait("one purse") < 0.6
        if self.draw.random() < 0.8:  # else nobody has written down who pays
            self.other = self.other._replace(purse=self.one_purse)

    def own(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Shares:
        dear = self.trait("cheap tier", 0.0, 0.3) if smaller else 1.0
        if other:
            dear *= self.trait("other price", 0.2, 1.2) if self.one_purse else 0.0
        closed = self.account.share(minute) if self.one_purse or not other else 0.0
        dry = 0.0 if other else self.gateways_low.share(minute)
        return {
            Cause.ACCOUNT: max(closed, min(1.0, self.low.share(minute) * dear)),
            Cause.CHANNEL: max(self.gateway_share(minute, good=good, other=other), min(0.97, dry)),
        }

    def face(self, stopped: Cause) -> Face:
        dry = stopped is Cause.CHANNEL and not self.elsewhere and self.gateways_low is not NEVER
        return self.GATEWAYS_PURSE if dry else super().face(stopped)


class GoogleBehindOneName(Desk):
    """A gateway sells Google's pictures from two sources under one name, and words a refusal as an empty answer.

    Reported: no candidates become 500 "empty response from Gemini API" (new-api), the reason is dropped (APIYI),
    refusals come as channel errors (jeffstric/ZJT 494); 2 of 8 identical harmless requests are stopped as recitation
    (2026-09-24); shared capacity runs out for three hours a day at one of the sources (Vertex 429); one quota phrase
    switches the channel off for everybody (new-api). To be seen: an empty answer to one prompt while canaries pass is
    a refusal, at once of the prompt, late of the picture; a harmless one passes now and then, and always at another
    maker's; short capacity says so, and stops a fixed share, at another seller of the same model too.
    """

    PICTURE, PROMPT = (face(at_once, gateway=0.55, processing=0.35, broken=0.1) for at_once in (0.1, 0.92))
    FACES = FACES | {
        Cause.CONTENT: PICTURE,
        Cause.UPSTREAM: face(0.3, processing=0.55, gateway=0.2, timeout=0.2, overload=0.05),
        Cause.QUEUE: face(0.9, overload=0.65, processing=0.3, timeout=0.05),
        Cause.CHANNEL: face(0.95, gateway=0.85, overload=0.15, names_pool=0.7),
    }
    CROWDED, CROWD_MINUTES, CROWD_STOPS, DAILY, SWITCHED_OFF = 0.055, 180, (0.8, 1.0), 0.7, 0.012

    def __post_init__(self) -> None:
        super().__post_init__()
        self.off = self.spell(self.SWITCHED_OFF, 40, 1.0)
        self.recites = 0 < self.prompt_risk < 0.9
        if self.recites:
            self.prompt_risk, self.screened = self.draw.uniform(0.2, 0.5), 0.02

    def earlier(self, hours: float, draw: random.Random) -> Case:
        """What runs out today ran out at these hours of most other days."""
        case, shift = super().earlier(hours, draw), 60 * ((hours + 12) % 24 - 12)
        if self.crowd is not NEVER:
            again, seed = draw.random() < self.DAILY, draw.getrandbits(32)
            now = self.crowd
            case.crowd = Trouble(now.begins + shift, now.ends + shift, now.failing, seed) if again else NEVER
        return case

    def own(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Shares:
        source = self.trait("other source" if other else "source", 0.3, 0.9)
        met = not other or self.trait("other maker") < 0.5
        off = 0.0 if other else min(0.98, self.off.share(minute))
        return {
            Cause.QUEUE: self.crowd.share(minute) * source if met else 0.0,
            Cause.CHANNEL: max(self.gateway_share(minute, good=good, other=other), off),
        }

    def risk(self, *, other: bool, smaller: bool) -> float:
        if other and self.trait("other maker") >= 0.5:
            return 0.0 if self.recites else 0.7 * self.prompt_risk
        return self.prompt_risk

    def face(self, stopped: Cause) -> Face:
        at_the_prompt = stopped is Cause.CONTENT and not self.recites and self.trait("stage") < 0.5
        return self.PROMPT if at_the_prompt else super().face(stopped)


class Stepwise(Trouble):
    """An outage that is mended in steps, and relapses."""

    def share(self, minute: float) -> float:
        step = int(4 * (minute - self.begins) / max(self.ends - self.begins, 1))
        return super().share(minute) * random.Random(f"{self.seed}/step {step}").choice((1.0, 1.0, 0.75, 0.5))


class OneModelOfTheHouse(Desk):
    """A house's outage is of one model, and a gateway's shortage is of one group of keys.

    Reported: 2.6 stalls while 2.5 and 2 are normal, though the house names both (2026-11-12); official fails and -all
    is fine (2026-05-07); one mode hangs whatever the limit (chatgpt2api 345); "the model gpt-image-2 does not exist",
    said to everybody, is an outage (openai/codex 25975); 10, 25, 50 and again 0 % in one outage (2023-03-18); the
    default group is throttled, the dearer one well (APIYI, 2026-04-10 and 05-09). To be seen: canaries fail at every
    tier since it began; a channel of the same house with another model passes, whatever the config says of its
    upstream; a throttled group speaks of its load or of its pool.
    """

    LOOKS = (  # it stalls, it fails, it denies that there is such a model
        face(0.05, timeout=0.75, gateway=0.15, processing=0.1),
        face(0.3, processing=0.8, gateway=0.15, timeout=0.05),
        face(0.9, invalid=0.55, gateway=0.25, processing=0.2),
    )
    FACES = FACES | {Cause.CHANNEL: face(0.8, overload=0.35, gateway=0.55, timeout=0.1, names_pool=0.6)}

    def __post_init__(self) -> None:
        super().__post_init__()
        one_house, self.upstream = self.other_upstream is self.upstream, Stepwise(**vars(self.upstream))
        if one_house:
            met = self.draw.random() < 0.35 or self.trait("same model") < 0.4
            self.other_upstream = self.upstream if met else NEVER
        self.lighter = self.draw.choice((0.6, 1.0, 1.0, 1.0))
        self.outage = self.draw.choices(self.LOOKS, (0.4, 0.45, 0.15))[0]

    def face(self, stopped: Cause) -> Face:
        return self.outage if stopped is Cause.UPSTREAM else super().face(stopped)


class ReferencePictures(Desk):
    """The request carries pictures of the caller's, and canaries carry none.

    Reported: "Unknown error" is most often an input picture of more than 1.5 MB (APIYI, 2026-05-08); three or more
    hang until the limit, two are well (OmniRoute 8870); only the maker refuses a type in words (GPT_API_free 388);
    photographs of oneself are refused, sometimes (google-gemini 21), after 80 s and more, and no pre-screen knows
    them; uploads stall on the caller's line (midjourney-proxy 66); heavy requests suffer first (APIYI, 2026-05-22). To
    be seen: canaries pass where a file is to blame, the same files fail at any size, at once or at the limit, and the
    other channel's refusal is plainer; a face is refused late, and now and then in words; so speaks a thin line.
    """

    FACES = FACES | {
        Cause.CONTENT: face(0.12, processing=0.85, timeout=0.1, gateway=0.05),
        Cause.PARAMETERS: face(0.88, processing=0.7, gateway=0.1, invalid=0.2),
    }
    TOO_MANY = face(0.05, timeout=0.75, invalid=0.1, gateway=0.15, at_a_limit=0.8)
    ELSEWHERE = face(0.9, invalid=0.8, processing=0.2)
    THIN_LINE = 0.015  # of time

    def __post_init__(self) -> None:
        super().__post_init__()
        self.thin = self.spell(self.THIN_LINE, 150, self.draw.uniform(0.4, 0.9))
        self.screened = min(self.screened, 0.35)

    def own(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Shares:
        takes_it = good or (other and self.other_takes_it)
        load = (self.lighter if smaller else 1.0) * (self.trait("bare", 0.5, 1.0) if good else 1.0)
        thin = self.thin.share(minute) * (self.trait("no upload", 0.05, 0.3) if good else 1.0)
        return {
            Cause.PARAMETERS: 1.0 if self.bad_parameter and not takes_it else 0.0,
            Cause.NETWORK: max(self.line.share(minute), thin),
            Cause.UPSTREAM: self.upstream_share(minute, other=other) * load,
        }

    def face(self, stopped: Cause) -> Face:
        if stopped is not Cause.PARAMETERS or (not self.elsewhere and self.trait("files") >= 0.3):
            return super().face(stopped)
        return self.ELSEWHERE if self.elsewhere else self.TOO_MANY


class WebLine(Desk):
    """A pool of web accounts is polled for a picture until a limit, whatever has gone wrong; the other is official.

    Reported: a refusal in prose is not understood and waits out the limit (chatgpt2api 397), loops of 300 s (APIYI,
    2026-07-06); "many people are creating pictures" ends in the same time-out (chatgpt2api 29, 75), and so does an
    outage of the web, with 800 s (345); accounts without pictures left answer at once "no available image quota" (88,
    258); a step before the picture stalls at 30 s, one request in five (yukkcat/chatgpt2api 34). To be seen: nearly all
    is a time-out; of one prompt only, where it is a refusal, and the official channel then says so; an outage stops
    nearly all, a crowd some, and some of the crowd's replies say so; an empty pool answers at once.
    """

    FACES = FACES | {
        Cause.CONTENT: face(0.05, timeout=0.65, processing=0.25, gateway=0.1, at_a_limit=0.85),
        Cause.UPSTREAM: face(0.1, timeout=0.75, processing=0.2, gateway=0.05, at_a_limit=0.7),
        Cause.QUEUE: face(0.1, timeout=0.5, overload=0.4, processing=0.1, at_a_limit=0.7),
        Cause.CHANNEL: face(0.95, gateway=0.6, overload=0.2, timeout=0.2, names_pool=0.75),
    }
    HIDDEN_ELSEWHERE, CROWDED, CROWD_MINUTES = 0.2, 0.07, 120

    def __post_init__(self) -> None:
        super().__post_init__()
        self.upstream.failing = self.draw.uniform(0.85, 1.0)

    def own(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Shares:
        return {
            Cause.QUEUE: 0.0 if other else self.crowd.share(minute),
            Cause.UPSTREAM: self.upstream_share(minute, other=other),
        }


BLIND = tuple(
    World(name, incident_share=outages, gateway_share=gateway, bad_prompts=bad, disguised=hidden, case=case, **more)
    for name, outages, gateway, bad, hidden, case, more in (
        ("too big to pass", 0.040, 0.012, 0.035, 0.80, TooBigToPass, {}),
        ("reserved beforehand", 0.035, 0.012, 0.040, 0.70, ReservedBeforehand, {"retry_memory": 0.5}),
        ("google behind one name", 0.030, 0.008, 0.040, 0.90, GoogleBehindOneName, {"borderline": 0.35}),
        (
            "one model of the house",
            0.055,
            0.020,
            0.035,
            0.80,
            OneModelOfTheHouse,
            {"shared_upstream": 0.75, "told_shared": 0.6},
        ),
        ("reference pictures", 0.040, 0.015, 0.045, 0.70, ReferencePictures, {"borderline": 0.4}),
        ("web line", 0.025, 0.020, 0.035, 0.95, WebLine, {"shared_upstream": 0.25}),
    )
)
