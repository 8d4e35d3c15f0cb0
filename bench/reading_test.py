"""Write the first screens of varied simulated states, each to be read by somebody who sees nothing else.

Every state of `reading_states` is a scenario: its steady channels are watched for two weeks by the product's own
plan, detector and schedule (with simulated answers), what came back is stored in a database, and the first screen
is read from that. Each reader answers six questions: what, since when, spreading, whose fault, what to do, cost.

    python bench/reading_test.py FOLDER [--only NUMBER ...]    # FOLDER/01.txt ... and FOLDER/truth.json
"""

import argparse
import collections
import dataclasses
import datetime as dt
import heapq
import itertools
import json
import pathlib
import sys
import tempfile

import reading_states

from probe import config as configs
from probe import extras, model, plan, records
from probe.inference import states
from probe.records import history
from probe.standin import past, scenario
from reports import advice, reading, sections, text, trouble, words
from reports import states as judging

NOW = reading_states.NOW
HISTORY = dt.timedelta(days=14)
TICK = dt.timedelta(minutes=1)
LEDGER_FROM = NOW.replace(hour=0, minute=0)  # intents are written for the last day alone: only its money is shown
BEAT_S, STALE_AFTER_S = 5, 90.0


class Play:
    """One state being watched: what is in flight, what was spent today, which alarms are on."""

    def __init__(self, state, config, book):
        self.state, self.config, self.book = state, config, book
        self.plan = plan.plan(config)
        self.lines = {line.path: line for line in self.plan.lines}
        self.board = states.Board(config, {line.path: line.interval_s for line in self.plan.lines})
        self.played = scenario.parse(state.scenario())
        self.sent = collections.Counter()
        self.arrivals, self.number = [], itertools.count()
        self.busy, self.last_slot, self.alarmed = set(), {}, {}
        self.spent = collections.Counter()  # USD by day
        self.kept = []  # outcomes of earlier days, stored together

    def run(self):
        """Tick by tick up to the moment of the report: what arrives is judged and stored, what is due is sent."""
        at = NOW - self.state.watched
        for one in self.state.own_traffic(self.config):
            heapq.heappush(self.arrivals, (one.outcome.sent_at, next(self.number), one))
        while at < NOW:
            self.arrive(at)
            if at < NOW - self.state.stopped:
                self.send(at)
            at += TICK
        self.arrive(NOW)
        self.book.store_all(self.kept)
        if self.state.watched:
            seen_at = NOW - self.state.stopped
            self.book.publish(self.board.states(seen_at), seen_at)
            beat_at = seen_at - dt.timedelta(seconds=BEAT_S)
            self.book.beat(beat_at, pid=1, digest=self.config.digest, stale_after_s=STALE_AFTER_S)

    def arrive(self, at):
        news = False
        while self.arrivals and self.arrivals[0][0] <= at:
            _, _, one = heapq.heappop(self.arrivals)
            news = True
            self.busy.discard(one.outcome.path)
            self.board.add(one)
            if one.outcome.sent_at >= LEDGER_FROM:
                self.book.store(one.outcome, one.verdict)
            else:
                self.kept.append(one)
        if news and (at >= NOW - dt.timedelta(days=2) or not self.board.calm_everywhere()):
            self.alarms(at)

    def alarms(self, at):
        for found in self.board.states(at):
            bad = found.state in judging.BAD
            if bad and found.path not in self.alarmed:
                self.book.raise_alarm(found.path, found.state, at, since=found.since, reason=found.reason)
            elif not bad and found.path in self.alarmed:
                self.book.clear_alarm(found.path, at)
            if bad:
                self.alarmed[found.path] = found.state
            else:
                self.alarmed.pop(found.path, None)

    def send(self, at):
        for line, slot in plan.due(self.plan.lines, at, self.last_slot):
            self.last_slot[line.path] = slot
            if line.path in self.busy:
                continue
            if self.board.own_is_fresh(line.path, at, line.interval_s):
                self.book.skip(line.path, slot, at, model.SkipReason.OWN_TRAFFIC)
            elif not self.ask(line, at, model.Trigger.SCHEDULED, slot):
                self.book.skip(line.path, slot, at, model.SkipReason.BUDGET)
        for path, trigger in extras.wanted(self.config, self.board, self.busy, at):
            self.ask(self.lines[path], at, trigger)
        for moment, path, count in self.state.by_hand:
            if moment == at:
                for _ in range(count):
                    self.ask(self.lines[path], at, model.Trigger.MANUAL)

    def ask(self, line, at, trigger, slot=None):
        """Reserve the price, and let the scenario answer; False where the day's money does not suffice."""
        number, day = self.sent[line.path], at.date()
        if self.spent[day] + line.price_usd > self.config.budget.usd_per_day:
            return False
        self.sent[line.path] += 1
        self.spent[day] += line.price_usd
        one = past.judged(self.config, line, self.played, at, number, seed=self.state.seed)
        outcome = dataclasses.replace(one.outcome, trigger=trigger, slot=slot)
        if at >= LEDGER_FROM:
            canary = model.Canary(
                outcome.id, line.path, trigger, outcome.evidence.order, outcome.prompt_id, "", line.price_usd, slot=slot
            )
            self.book.reserve(canary, at, self.config.budget.usd_per_day)
        back_at = at + dt.timedelta(seconds=outcome.evidence.elapsed_s or 0)
        self.busy.add(line.path)
        heapq.heappush(self.arrivals, (back_at, next(self.number), dataclasses.replace(one, outcome=outcome)))
        return True


def screen(state, folder):
    """The first screen of a state, and its window."""
    (folder / "config.toml").write_text(state.config(), "utf-8")
    config = configs.load(folder / "config.toml")
    database = configs.database(folder / "config.toml")
    with records.open(database) as book:
        Play(state, config, book).run()
        for kept in state.triages:
            book.keep_triage(kept)
    with history.open(database) as stored:
        seen = reading.read(config, stored, NOW)
    return text.render(sections.build(seen, keys=("now",))), seen


def truth(state, seen):
    """What a reader should have found: of the scenario, and what the screen's own advice at 4K comes to."""
    (at_4k,) = (each for each in seen.advice if each.tier == "4k-high" and not each.job)
    spent = f"canaries today {words.usd(seen.spent_usd)} of {words.usd(seen.budget_usd_per_day)}"
    choice, urgent = at_4k.batch.choice, advice.hurry(at_4k)
    use, cost = [state.truth["what_to_do"]], [state.truth["cost"], spent]
    if choice and choice.usable_share > trouble.LITTLE:
        use.append(
            f"4K: {choice.candidate.path.channel}" + (f", urgent {urgent.candidate.path.channel}" if urgent else "")
        )
        cost.insert(1, f"4K {words.usd(choice.usd)} a usable picture")
        cost.insert(2, f"urgent {words.usd(urgent.usd)}" if urgent else "")
    told = {"what_to_do": "; ".join(filter(None, use)), "cost": "; ".join(filter(None, cost))}
    return {"state": state.name, **state.truth, **told}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    answers = arguments.folder / "truth.json"
    found = json.loads(answers.read_text("utf-8")) if answers.exists() else {}
    for number, state in enumerate(reading_states.STATES, 1):
        if arguments.only and number not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            shown, seen = screen(state, pathlib.Path(folder))
        (arguments.folder / f"{number:02}.txt").write_text(shown, "utf-8")
        found[f"{number:02}"] = truth(state, seen)
        print(f"{number:02} {state.name}", file=sys.stderr)
    answers.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
