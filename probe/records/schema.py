"""The tables of the database, version by version."""

from typing import TYPE_CHECKING

from probe.records import rollups

if TYPE_CHECKING:  # readers take the version from here, and must not load it
    import sqlite_utils

APPLICATION_ID = 0x74776368
""""twch": tells our databases from other programs' (PRAGMA application_id)."""

VERSION_1 = (
    # One canary or own request, never changed. `seq` counts arrivals; the other tables hang on it.
    """
    CREATE TABLE outcome (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        trigger TEXT NOT NULL,
        vantage TEXT NOT NULL,
        model TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        prompt_id TEXT NOT NULL,
        sent_at TEXT NOT NULL,
        latency_s REAL,
        timings TEXT NOT NULL,
        price_usd REAL NOT NULL,
        charged_usd REAL,
        excluded TEXT,
        slot INTEGER,
        attempt INTEGER NOT NULL,
        picture_sha256 TEXT,
        picture_fingerprint TEXT
    ) STRICT
    """,
    "CREATE INDEX outcome_path ON outcome (channel, tier, sent_at)",
    "CREATE INDEX outcome_sent_at ON outcome (sent_at)",
    "CREATE INDEX outcome_picture ON outcome (channel, seq) WHERE picture_sha256 IS NOT NULL",
    # What a verdict depends on, apart from `outcome` because it is large and may be dropped after some months.
    """
    CREATE TABLE evidence (
        seq INTEGER PRIMARY KEY REFERENCES outcome,
        facts TEXT NOT NULL
    ) STRICT
    """,
    # Which rules judged: one row for outcomes judged as they came, one for every re-judging.
    """
    CREATE TABLE judgement (
        id INTEGER PRIMARY KEY,
        rules_version TEXT NOT NULL,
        began_at TEXT NOT NULL,
        rejudging INTEGER NOT NULL CHECK (rejudging IN (0, 1))
    ) STRICT
    """,
    # The current verdict of each outcome: exactly one.
    """
    CREATE TABLE verdict (
        seq INTEGER PRIMARY KEY REFERENCES outcome,
        judgement INTEGER NOT NULL REFERENCES judgement,
        kind TEXT NOT NULL,
        detail TEXT NOT NULL,
        stage TEXT NOT NULL,
        party TEXT NOT NULL,
        retryable INTEGER NOT NULL CHECK (retryable IN (0, 1)),
        action TEXT NOT NULL,
        rule TEXT NOT NULL,
        confidence TEXT NOT NULL,
        retry_after_s REAL,
        billed TEXT NOT NULL,
        request_ids TEXT NOT NULL,
        runner_up TEXT,
        would_decide TEXT NOT NULL
    ) STRICT
    """,
    # What a re-judging replaced, whole, so that it can be put back.
    """
    CREATE TABLE overruled (
        seq INTEGER NOT NULL REFERENCES outcome,
        overruled_by INTEGER NOT NULL REFERENCES judgement,
        judgement INTEGER NOT NULL REFERENCES judgement,
        verdict TEXT NOT NULL,
        PRIMARY KEY (overruled_by, seq)
    ) STRICT, WITHOUT ROWID
    """,
    # Look-up of the ids in verdict.request_ids.
    """
    CREATE TABLE request_id (
        value TEXT NOT NULL,
        hop TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES outcome,
        PRIMARY KEY (value, hop, seq)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX request_id_seq ON request_id (seq)",
    # Committed before money is spent. The ledger is a query over this table.
    """
    CREATE TABLE intent (
        id TEXT NOT NULL PRIMARY KEY,
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        trigger TEXT NOT NULL,
        slot INTEGER,
        sent_at TEXT NOT NULL,
        budget_day TEXT NOT NULL,
        reserved_usd REAL NOT NULL CHECK (reserved_usd >= 0),
        pid INTEGER NOT NULL,
        process TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'unknown_outcome')),
        abandoned_at TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX intent_slot ON intent (channel, tier, slot) WHERE slot IS NOT NULL",
    "CREATE INDEX intent_budget_day ON intent (budget_day, reserved_usd)",
    "CREATE INDEX intent_state ON intent (state)",
    # Scheduled slots that were not sent, and why.
    """
    CREATE TABLE skip (
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        slot INTEGER NOT NULL,
        at TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (channel, tier, slot)
    ) STRICT
    """,
    "CREATE INDEX skip_at ON skip (at)",
    # What people were told; at most one open alarm a path.
    """
    CREATE TABLE alarm (
        id INTEGER PRIMARY KEY,
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        state TEXT NOT NULL,
        since TEXT,
        raised_at TEXT NOT NULL,
        reason TEXT NOT NULL,
        cleared_at TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX alarm_open ON alarm (channel, tier) WHERE cleared_at IS NULL",
    "CREATE INDEX alarm_raised_at ON alarm (raised_at)",
    # What `status` reads: one row a path, replaced whole.
    """
    CREATE TABLE path_state (
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        state TEXT NOT NULL,
        since TEXT,
        checked_at TEXT,
        p_degraded REAL,
        reason TEXT NOT NULL,
        next_at TEXT,
        published_at TEXT NOT NULL,
        PRIMARY KEY (channel, tier)
    ) STRICT
    """,
    # The daemon's heartbeat: one row.
    """
    CREATE TABLE daemon (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        at TEXT NOT NULL,
        pid INTEGER NOT NULL,
        digest TEXT NOT NULL,
        stale_after_s REAL NOT NULL,
        note TEXT NOT NULL
    ) STRICT
    """,
    # The budget day in force, kept apart from the clock (see `ledger.budget_day`).
    """
    CREATE TABLE budget (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        day TEXT NOT NULL,
        clock_back_at TEXT
    ) STRICT
    """,
)


VERSION_2 = (
    # What triage found about one request, as it was shown; the latest of a subject is shown again.
    """
    CREATE TABLE triage (
        id TEXT NOT NULL PRIMARY KEY,
        subject TEXT NOT NULL,
        at TEXT NOT NULL,
        document TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX triage_subject ON triage (subject, at)",
    # Keys the hashes by which people's own prompts are recognised; no export holds it.
    """
    CREATE TABLE prompt_key (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        key BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX outcome_prompt ON outcome (prompt_id, sent_at)",
)


VERSION_3 = (
    # What people are told about as one thing, from its raising until it is over; `facts` is the rest as JSON.
    """
    CREATE TABLE incident (
        number INTEGER PRIMARY KEY,
        trouble TEXT NOT NULL,
        raised_at TEXT NOT NULL,
        edition INTEGER NOT NULL,
        acknowledged_at TEXT,
        cleared_at TEXT,
        facts TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX incident_cleared_at ON incident (cleared_at)",
    # The outbox: one message to one address, which is known by name. `due_at` moves on with each attempt.
    """
    CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        destination TEXT NOT NULL,
        incident INTEGER REFERENCES incident,
        event TEXT NOT NULL,
        severe INTEGER NOT NULL CHECK (severe IN (0, 1)),
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        made_at TEXT NOT NULL,
        due_at TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dropped')),
        settled_at TEXT,
        failure TEXT NOT NULL,
        UNIQUE (key, destination)
    ) STRICT
    """,
    "CREATE INDEX message_incident ON message (incident)",
    "CREATE INDEX message_state ON message (state, settled_at)",
    # Paths nobody wants to hear about until a time.
    """
    CREATE TABLE silence (
        pattern TEXT NOT NULL PRIMARY KEY,
        until TEXT NOT NULL,
        made_at TEXT NOT NULL
    ) STRICT
    """,
    # What people were last told to use: one row a tier, and one a job and tier (`job` is "" for the tier itself).
    """
    CREATE TABLE route (
        tier TEXT NOT NULL,
        job TEXT NOT NULL,
        facts TEXT NOT NULL,
        PRIMARY KEY (tier, job)
    ) STRICT
    """,
)


VERSION_4 = (
    # Who told of an own request, to which work it belongs, and which model served it.
    "ALTER TABLE outcome ADD COLUMN source TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE outcome ADD COLUMN batch TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE outcome ADD COLUMN served_model TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX outcome_own ON outcome (sent_at) WHERE source <> ''",
    # What a gateway's own log says of a request; `seq`: whose request it was, an own one or a canary.
    """
    CREATE TABLE gateway_entry (
        gateway TEXT NOT NULL,
        request_id TEXT NOT NULL,
        seq INTEGER REFERENCES outcome,
        began_at TEXT NOT NULL,
        model TEXT NOT NULL,
        asked_model TEXT NOT NULL,
        token_group TEXT NOT NULL,
        duration_s REAL,
        charged_usd REAL,
        error TEXT NOT NULL,
        attempts INTEGER,
        PRIMARY KEY (request_id, gateway)
    ) STRICT
    """,
    "CREATE INDEX gateway_entry_seq ON gateway_entry (seq)",
    # Own requests that no path is known for; `line` is all that is known, to be looked at again.
    """
    CREATE TABLE unmapped (
        id TEXT NOT NULL PRIMARY KEY,
        sent_at TEXT NOT NULL,
        host TEXT NOT NULL,
        model TEXT NOT NULL,
        ordered TEXT NOT NULL,
        reason TEXT NOT NULL,
        line TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX unmapped_sent_at ON unmapped (sent_at)",
    # How far each source has been read: a byte in a file, a moment in a gateway's log.
    """
    CREATE TABLE source (
        name TEXT NOT NULL PRIMARY KEY,
        position TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT
    """,
    # Own requests that could not be taken in, counted by day and reason.
    """
    CREATE TABLE own_lost (
        day TEXT NOT NULL,
        reason TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (day, reason)
    ) STRICT
    """,
)


VERSION_5 = (
    # How many outcomes of a sort an hour had; `latencies`: see `rollups`. Stays when the rows are removed.
    """
    CREATE TABLE rollup (
        hour TEXT NOT NULL,
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        trigger TEXT NOT NULL,
        kind TEXT NOT NULL,
        excluded TEXT NOT NULL,
        billed TEXT NOT NULL,
        price_usd REAL NOT NULL,
        count INTEGER NOT NULL,
        latencies BLOB NOT NULL,
        PRIMARY KEY (hour, channel, tier, trigger, kind, excluded, billed, price_usd)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX rollup_empty ON rollup (count) WHERE count = 0",
    # Rows of outcomes sent before may be gone: one row.
    """
    CREATE TABLE kept (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        since TEXT NOT NULL
    ) STRICT
    """,
    # What a closed month of a path was like, as smoothed once; `segments`: its degraded stretches as JSON.
    """
    CREATE TABLE month (
        month TEXT NOT NULL,
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        failing REAL NOT NULL,
        failing_low REAL NOT NULL,
        failing_high REAL NOT NULL,
        degraded REAL NOT NULL,
        calm_failed REAL NOT NULL,
        calm_n REAL NOT NULL,
        segments TEXT NOT NULL,
        PRIMARY KEY (month, channel, tier)
    ) STRICT, WITHOUT ROWID
    """,
)


VERSION_6 = (
    # Own outcomes that are gone because a source nearer to the program told of the same request; `seq`: what stands now.
    """
    CREATE TABLE replaced (
        id TEXT NOT NULL PRIMARY KEY,
        seq INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX replaced_seq ON replaced (seq)",
)


VERSION_7 = (
    # SQLite looks for what a re-judging replaced whenever an outcome is removed, row by row where there is no index.
    "CREATE INDEX overruled_seq ON overruled (seq)",
    # Sentinels are few among many outcomes.
    "CREATE INDEX outcome_sentinel ON outcome (sent_at) WHERE trigger = 'sentinel'",
)


VERSIONS = (VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7)
"""Entry n (from 0) brings a database of version n to version n + 1."""

VERSION = len(VERSIONS)
"""The schema this program writes (PRAGMA user_version)."""

ROLLED_SINCE = 5
"""The version that brought roll-ups: an older database has its outcomes counted."""


def migrate(db: "sqlite_utils.Database") -> None:
    """Bring the database to `VERSION`, inside the caller's BEGIN IMMEDIATE: all steps or none."""
    (version,) = db.conn.execute("PRAGMA user_version").fetchone()
    for statements in VERSIONS[version:]:
        for statement in statements:
            db.execute(statement)
    if version < ROLLED_SINCE:
        rollups.rebuild(db)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {VERSION}")
