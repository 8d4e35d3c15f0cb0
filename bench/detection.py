"""How close detection is to the best that is possible, what it costs, and what other rules do at equal spend.

    python bench/detection.py [a b c d e f g] [--plot docs/detection.svg] [--table] [--choose 100]

Sections: a bound, b false alarms, c other rules, d spend, e recovery, f routing, g tiers. All simulated, 24 canaries a
day unless said, 3 % failing while healthy, picture in 2.5 min. What was used to choose the alternatives and
their weights (`--choose`: steps to CHOSEN_ON with seeds of its own) is kept apart from what is reported here.
Exit 1 where a floor is missed. Five minutes in all.
"""

import argparse
import pathlib
import random
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import detection_optimum as optimum
import detection_picture as picture
import detection_product as product
import detection_routing as routing
import detection_worlds as worlds

PER_DAY = 24.0
CHOSEN_ON = (0.12, 0.15, 0.2, 0.4, 0.7, 1.0)
REPORTED_ON = (0.13, 0.145, 0.22, 0.3, 0.5, 0.6, 0.8, 0.95)
FAILURES_ONLY = worlds.Mixture(slow=())
SHIPPED = worlds.Mixture()
PATHS = 6000

missed: list[str] = []


def floor(what: str, value: float, limit: float, *, at_most: bool = True) -> str:
    """Note a floor; `ok` or `MISSED`."""
    met = value <= limit if at_most else value >= limit
    if not met:
        missed.append(f"{what}: {value:.2f}, floor {limit}")
    return "ok" if met else "MISSED"


def bounds(shares, per_day: float = PER_DAY) -> dict[float, float]:
    return {share: optimum.bound(share, canaries=per_day) for share in shares}


def against_the_bound() -> None:
    print("## a. Mean delay, minutes, against the exact optimum over all adaptive policies (severity known to it)\n")
    least = bounds(REPORTED_ON)
    print(
        "| failing | bound | failures only | ratio | as shipped, latency watched | ratio |\n|---|---|---|---|---|---|"
    )
    spacing = {name: worlds.tune(rule, PER_DAY, seed=31) for name, rule in (("f", FAILURES_ONLY), ("s", SHIPPED))}
    for share in REPORTED_ON:
        cells = []
        for name, rule, limits in (("f", FAILURES_ONLY, (1.5, 1.25)), ("s", SHIPPED, (1.6, 1.4))):
            delay = worlds.mean(worlds.delays(rule, spacing[name], share=share, paths=PATHS, seed=32))
            ratio = delay / least[share]
            label = "failures only" if name == "f" else "as shipped"
            cells.append(
                f"{delay:.0f} | {ratio:.2f} {floor(f'{label}, {share:.0%} failing', ratio, limits[share >= 0.2])}"
            )
        print(f"| {share:.1%} | {least[share]:.1f} | {' | '.join(cells)} |")
    print(
        f"\nCalm spacing {spacing['f']:.1f} and {spacing['s']:.1f} min. Optimum at 24 a day, at most one false alarm in 30 days.\n"
    )


def false_alarms() -> None:
    print("## b. False alarms in 30 days on one healthy path, A = 30 days\n")
    print("| null | failures only | as shipped |\n|---|---|---|")
    nulls = (
        ("plain, 3 % failing", {"null": "plain"}, (1.0, 1.0)),
        ("spells of 3 min hold 40 % of the failures, daily load", {"null": "blips"}, (1.1, 1.0)),
        ("spells of 6 min hold 25 %, daily load", {"null": "blips", "spell": 6.0, "clustered": 0.25}, None),
    )
    for name, null, limits in nulls:
        cells = []
        for number, rule in enumerate((FAILURES_ONLY, SHIPPED)):
            calm = worlds.tune(rule, PER_DAY, seed=41)
            found = worlds.false_alarms(rule, calm, paths=PATHS, days=90, seed=42, **null)
            verdict = floor(f"false alarms, {name}", found, limits[number]) if limits else ""
            cells.append(f"{found:.2f} {verdict}")
        print(f"| {name} | {' | '.join(cells)} |")
    found, days = product.learned(0.03)
    print(f"\nWith the baseline learned (the product's own code, {days:.0f} days of one path): {found:.2f}.\n")


def threshold(make, low: float, high: float, null: str) -> float:
    """The lowest threshold with at most one false alarm in 30 days at 24 canaries a day on this null."""
    for _ in range(12):
        middle = (low * high) ** 0.5
        rule = make(middle)
        calm = worlds.tune(rule, PER_DAY, paths=1000, seed=51)
        many = worlds.false_alarms(rule, calm, null, paths=1500, days=120, seed=52) > 1.0
        low, high = (middle, high) if many else (low, middle)
    return high


def other_rules() -> None:
    print("## c. Other rules at equal spend: false alarms in 30 days (plain, spells), mean and 95 % delay in minutes\n")
    fixed_sr = threshold(lambda a: worlds.Mixture(slow=(), a_days=a, fast=False), 1.0, 100.0, "blips")
    fixed_cusum = threshold(worlds.Cusum, 1.0, 12.0, "blips")
    rules = {
        "1 failure (Uptime Kuma)": worlds.InARow(1),
        "2 in a row": worlds.InARow(2),
        "3 in a row (Gatus)": worlds.InARow(3),
        "3 of the last 10": worlds.Window(3, 10),
        f"CUSUM, fixed interval, h = {fixed_cusum:.1f} tuned": worlds.Cusum(fixed_cusum),
        f"this statistic, fixed interval, A = {fixed_sr:.0f} tuned": worlds.Mixture(
            slow=(), a_days=fixed_sr, fast=False
        ),
        "2 in a row, retry after 5 min": worlds.InARow(2, quick=True),
        "3 in a row, retry after 5 min": worlds.InARow(3, quick=True),
        "two speeds, failures only": FAILURES_ONLY,
        "two speeds, as shipped": SHIPPED,
    }
    incidents = {
        "60 % ok": {"share": 0.4},
        "outage": {"share": 1.0},
        "80 % ok": {"share": 0.2},
        "ramp to 50 % in 3 h": {"share": 0.5, "ramp": 180.0},
        "flapping 60 % ok": {"share": 0.4, "flapping": 6.0},
        "twice as slow": {"slower": 2.0},
    }
    print(f"| rule | FA | {' | '.join(incidents)} | 10-60 min at 30 % ok |\n|{'---|' * (len(incidents) + 3)}")
    means: dict[str, float] = {}
    for name, rule in rules.items():
        calm = worlds.tune(rule, PER_DAY, seed=53)
        wrong = "/".join(
            f"{worlds.false_alarms(rule, calm, null, paths=3000, days=60, seed=54):.2f}" for null in ("plain", "blips")
        )
        cells = []
        for incident, fields in incidents.items():
            if "slower" in fields and not getattr(rule, "slow", ()):
                cells.append("never")
                continue
            found = worlds.delays(rule, calm, paths=3000, seed=55, **fields)
            cells.append(f"{worlds.mean(found):.0f}/{worlds.late(found):.0f}")
            if incident == "60 % ok":
                means[name] = worlds.mean(found)
        lengths = np.random.default_rng(56).uniform(10, 60, 3000)
        caught = np.isfinite(worlds.delays(rule, calm, paths=3000, seed=57, share=0.7, length=lengths)).mean()
        print(f"| {name} | {wrong} | {' | '.join(cells)} | {caught:.0%} |")
    ours = means["two speeds, as shipped"]
    best = min(delay for name, delay in means.items() if "tuned" in name or "last 10" in name)
    quick, three = means["2 in a row, retry after 5 min"], means["3 in a row (Gatus)"]
    print("\nDrop to 60 %, as shipped, is faster by a factor of")
    for name, other, limit in (
        ("the best fixed-interval rule", best, 1.7),
        ("2 in a row with quick retry", quick, 1.8),
        ("3 in a row", three, 7.0),
    ):
        print(
            f"* {other / ours:.2f} than {name} ({floor(f'drop to 60 % against {name}', other / ours, limit, at_most=False)}, floor {limit})"
        )
    print()


def spend_curve() -> None:
    print("## d. What money buys: mean/95 % minutes to the alarm, as shipped, without and with own traffic\n")
    print(
        "| canaries a day | own requests an hour | calm spacing | outage | 60 % ok | 80 % ok | false alarms |\n|---|---|---|---|---|---|---|"
    )
    for per_day in (2.0, 5.0, 12.0, 24.0, 48.0, 96.0):
        calm = worlds.tune(SHIPPED, per_day, paths=1500, seed=61)
        for own in (0.0, 1.0, 4.0):
            more = {"own_per_hour": own} if own else {}
            cells = [
                f"{worlds.mean(found):.0f}/{worlds.late(found):.0f}"
                for share in (1.0, 0.4, 0.2)
                for found in [worlds.delays(SHIPPED, calm, share=share, paths=1500, seed=62, more=more)]
            ]
            wrong = worlds.false_alarms(SHIPPED, calm, "plain", paths=500, days=60, seed=63, **more)
            print(f"| {per_day:.0f} | {own:.0f} | {calm:.0f} | {' | '.join(cells)} | {wrong:.2f} |")
    print()


def regret() -> None:
    print("## f. A month of 50,000 pictures with incidents: what routing costs more than a clairvoyant router\n")
    print(
        "| router | USD a picture, all in | more than clairvoyant, USD a month | canaries, USD | lost | later than 10 min |\n|---|---|---|---|---|---|"
    )
    routers = {
        "clairvoyant": lambda: routing.Clairvoyant("vip"),
        "our recommendation": routing.Ours,
        "always vip, then fall back": lambda: routing.Fixed("vip", "official", "nano"),
        "always official": lambda: routing.Fixed("official", "nano"),
    }
    base = None
    for name, make in routers.items():
        bills = [
            routing.month(make(), routing.Truth(30, random.Random(seed)), 30, 50_000, random.Random(900 + seed))
            for seed in (1, 2)
        ]
        pictures = sum(bill.pictures for bill in bills)
        each = sum(bill.total_usd for bill in bills) / pictures
        base = each if base is None else base
        canaries, lost, slow = (sum(getattr(bill, field) for bill in bills) for field in ("canary_usd", "lost", "late"))
        print(
            f"| {name} | {each:.4f} | {(each - base) * 50_000:.0f} | {canaries / 2:.0f} | {lost / 2:.0f} | {slow / 2:.0f} |"
        )
    print("\nA minute's waiting is worth 0.02 USD, a lost picture 1 USD; vip 0.08, official 0.20, nano 0.151 USD.\n")


def choose(variants: int, seed: int) -> None:
    """Random grids and weights, scored by how far below the floors they stay on CHOSEN_ON; the best ten."""
    rng, least, found = np.random.default_rng(seed), bounds(CHOSEN_ON), []
    grids = (
        (0.1, 0.2, 0.4, 0.9),
        (0.1, 0.25, 0.5, 0.9),
        (0.12, 0.3, 0.6, 0.95),
        (0.1, 0.3, 0.8),
        (0.1, 0.2, 0.35, 0.6, 0.95),
    )
    for _ in range(variants):
        grid = grids[rng.integers(len(grids))]
        weights = rng.dirichlet(np.full(len(grid), 1.5))
        slow, suspicion = float(rng.choice([0.1, 0.2, 0.25, 0.3, 0.4])), float(rng.choice([5.0, 7.0, 9.0]))
        worst = 0.0
        for share_slow, wide, narrow, wrong in ((0.0, 1.5, 1.25, 1.1), (slow, 1.6, 1.4, 1.0)):
            failing = tuple(zip(grid, weights * (1 - share_slow), strict=True))
            latency = ((0.4, share_slow / 2), (0.8, share_slow / 2)) if share_slow else ()
            rule = worlds.Mixture(failing, latency, suspicion=suspicion)
            calm = worlds.tune(rule, PER_DAY, paths=1500, days=6, seed=11)
            for share in CHOSEN_ON:
                delay = worlds.mean(worlds.delays(rule, calm, share=share, paths=1500, seed=12))
                worst = max(worst, delay / least[share] / (narrow if share >= 0.2 else wide))
            worst = max(worst, worlds.false_alarms(rule, calm, "blips", paths=1500, days=60, seed=13) / wrong)
        found.append((worst, grid, weights.round(3).tolist(), slow, suspicion))
    for row in sorted(found)[:10]:
        print(*row)


def table() -> None:
    """The rows of probe/inference/delays.py: mean and 95 % minutes for outage, 60 % ok, 80 % ok."""
    for own in (0.0, 1.0, 4.0, 16.0):
        for calm in (10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 800.0):
            found = [
                worlds.delays(
                    SHIPPED, calm, share=share, paths=4000, seed=81, more={"own_per_hour": own} if own else {}
                )
                for share in (1.0, 0.4, 0.2)
            ]
            cells = ", ".join(f"({worlds.mean(one):.0f}, {worlds.late(one):.0f})" for one in found)
            print(f"    ({own:.0f}, {calm:.0f}): ({cells}),")


SECTIONS = {
    "a": against_the_bound,
    "b": false_alarms,
    "c": other_rules,
    "d": spend_curve,
    "e": product.recovery,
    "f": regret,
    "g": product.tiers,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="a to g; all where none is named")
    parser.add_argument("--plot", type=pathlib.Path, help="write the picture of docs/detection.md and stop")
    parser.add_argument("--table", action="store_true", help="print the rows of probe/inference/delays.py and stop")
    parser.add_argument("--choose", type=int, metavar="N", help="score N random variants of the weights and stop")
    parser.add_argument("--seed", type=int, default=1, help="of --choose")
    options = parser.parse_args()
    product.check_arrays()
    if options.plot:
        picture.plot(options.plot)
        return 0
    if options.table:
        table()
        return 0
    if options.choose:
        choose(options.choose, options.seed)
        return 0
    for name in options.sections or SECTIONS:
        started = time.monotonic()
        SECTIONS[name]()
        print(f"({time.monotonic() - started:.0f} s)\n", file=sys.stderr)
    for miss in missed:
        print(f"MISSED {miss}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
