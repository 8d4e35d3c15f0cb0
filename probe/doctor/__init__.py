"""Is everything in order before money is spent? Checks that cost nothing; keys are used and never shown."""

from probe import clock as clocks
from probe import config as configs
from probe.doctor import finding, machine, network, settings


async def examine(named: str | None, clock: clocks.Clock) -> list[finding.Finding]:
    """Every check, in the order in which faults should be mended; `named` is the config file, None: look for it.

    1. the config, its traps and the permissions of its file: without it nothing else is known;
    2. keys, and who is told;
    3. the database, the disk under it, and the daemon that holds it;
    4. each host by DNS, TCP and TLS, then the models that each channel lists, which needs its key;
    5. the clock, by the dates of the hosts' answers.
    """
    try:
        config = configs.load(configs.find(named))
    except configs.ConfigError as error:
        return [finding.fault("config", text) for text in error.faults]
    ahead_s: list[float] = []  # of this machine's clock, by each answer that carried a date
    return [
        *settings.config(config),
        *settings.keys(config),
        settings.notify(config),
        *machine.examine(config, clock.now()),
        *await network.examine(config, clock, ahead_s),
        machine.clock(ahead_s),
    ]
