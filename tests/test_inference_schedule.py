"""Canaries beside the grid: bursts on the tier that failed, recovery checks, nothing while calm."""

import datetime as dt

from probe import model
from probe.inference import detect, schedule

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
SETTINGS = detect.Settings(("1k-low", "4k-high"), {"1k-low": 1200.0, "4k-high": 4200.0})


def detection(tier, *, suspicious=False, alarm=None, checked=0.0, blame=""):
    at = START + dt.timedelta(minutes=checked)
    alarm_at = START + dt.timedelta(minutes=alarm) if alarm is not None else None
    state = model.State.DEGRADED if alarm is not None else model.State.SUSPECT if suspicious else model.State.HEALTHY
    return detect.Detection(tier, state, checked_at=at, alarm_at=alarm_at, suspicious=suspicious, blame=blame)


def extras(*detections):
    return schedule.extras({one.tier: one for one in detections}, SETTINGS)


def at(minutes):
    return START + dt.timedelta(minutes=minutes)


def test_nothing_is_added_while_all_is_calm():
    assert extras(detection("1k-low"), detection("4k-high")) == ()


def test_the_tier_that_failed_is_asked_again_from_send_to_send():
    light = detection("1k-low", suspicious=True, checked=3, blame="1k-low")
    heavy = detection("4k-high", suspicious=True, checked=1, blame="1k-low")
    assert extras(light, heavy) == (schedule.Extra("1k-low", model.Trigger.BURST, at(8)),)
    own = detection("4k-high", suspicious=True, checked=1, blame="4k-high")
    assert extras(detection("1k-low"), own) == (schedule.Extra("4k-high", model.Trigger.BURST, at(6)),)


def test_a_suspect_whose_blamed_tier_is_degraded_already_is_asked_itself():
    light = detection("1k-low", alarm=0, checked=3)
    heavy = detection("4k-high", suspicious=True, checked=1, blame="1k-low")
    assert extras(light, heavy) == (
        schedule.Extra("1k-low", model.Trigger.RECOVERY, at(13)),
        schedule.Extra("4k-high", model.Trigger.BURST, at(6)),
    )


def test_recovery_is_checked_every_ten_minutes_and_after_six_hours_every_thirty():
    soon, late = detection("4k-high", alarm=0, checked=350), detection("4k-high", alarm=0, checked=370)
    assert extras(soon) == (schedule.Extra("4k-high", model.Trigger.RECOVERY, at(360)),)
    assert extras(late) == (schedule.Extra("4k-high", model.Trigger.RECOVERY, at(400)),)


def test_a_path_never_seen_waits_for_its_grid():
    assert extras(detect.Detection("4k-high", model.State.UNKNOWN)) == ()


def test_a_fall_back_is_checked_when_the_preferred_path_turns_suspect_and_it_was_not_seen_lately():
    calm, suspect = detection("4k-high"), detection("4k-high", suspicious=True)
    degraded, stale = detection("4k-high", alarm=5), detection("4k-high", checked=0)
    wanted = schedule.Extra("4k-high", model.Trigger.CHECK_FALLBACK, at(31))
    assert schedule.fallback_check(calm, stale, at(31)) is None
    assert schedule.fallback_check(suspect, stale, at(31)) == wanted
    assert schedule.fallback_check(degraded, stale, at(31)) == wanted
    assert schedule.fallback_check(suspect, stale, at(29)) is None
    assert schedule.fallback_check(suspect, detect.Detection("4k-high", model.State.UNKNOWN), at(31)) == wanted


def test_a_fall_back_seen_since_the_alarm_is_checked_every_two_hours_while_the_trouble_lasts():
    degraded, seen = detection("4k-high", alarm=0), detection("4k-high", checked=1)
    wanted = schedule.Extra("4k-high", model.Trigger.CHECK_FALLBACK, at(121))
    assert schedule.fallback_check(degraded, seen, at(120)) is None
    assert schedule.fallback_check(degraded, seen, at(121)) == wanted


def test_a_light_tier_that_costs_what_a_heavy_one_costs_is_no_tripwire():
    assert schedule.tripwire_share(0.01, 0.20) == 0.19
    assert schedule.tripwire_share(0.03, 0.03) == schedule.LEAST_TRIPWIRE_SHARE
    assert schedule.tripwire_share(0.0, 0.0) == schedule.LEAST_TRIPWIRE_SHARE
