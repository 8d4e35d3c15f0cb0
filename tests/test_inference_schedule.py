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
