PRAGMA application_id = 1953981288;
PRAGMA user_version = 7;
BEGIN TRANSACTION;
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
    ;
INSERT INTO "alarm" VALUES(1,'vip','4k-high','degraded',NULL,'2026-08-13T02:19:00.000Z','about 40 % fail',NULL);
CREATE TABLE budget (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        day TEXT NOT NULL,
        clock_back_at TEXT
    ) STRICT
    ;
INSERT INTO "budget" VALUES(1,'2026-08-13',NULL);
CREATE TABLE daemon (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        at TEXT NOT NULL,
        pid INTEGER NOT NULL,
        digest TEXT NOT NULL,
        stale_after_s REAL NOT NULL,
        note TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "daemon" VALUES(1,'2026-08-13T02:19:00.000Z',1,'d',60.0,'');
CREATE TABLE evidence (
        seq INTEGER PRIMARY KEY REFERENCES outcome,
        facts TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "evidence" VALUES(1,'{"status":500,"headers":{"content-type":"application/json","x-request-id":"req_0123456789abcdef"},"text":"{\"error\": {\"message\": \"The server had an error processing your request\", \"type\": \"server_error\"}}","elapsed_s":41.5,"order":{"protocol":"openai-images","model":"gpt-image-2-vip","width_px":3840,"height_px":2160,"quality":"high"}}');
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
    ;
INSERT INTO "gateway_entry" VALUES('apiyi','202608130219001234567890abcdefgh',1,'2026-08-13T02:18:20.000Z','gpt-image-2-vip','','default',40.0,0.03,'',NULL);
CREATE TABLE incident (
        number INTEGER PRIMARY KEY,
        trouble TEXT NOT NULL,
        raised_at TEXT NOT NULL,
        edition INTEGER NOT NULL,
        acknowledged_at TEXT,
        cleared_at TEXT,
        facts TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "incident" VALUES(1,'degraded','2026-08-13T02:41:00.000Z',1,NULL,NULL,'{"scope":"route","states":[{"path":["vip","4k-high"],"state":"degraded","since":"2026-08-13T02:19:00.000Z","checked_at":"2026-08-13T02:41:00.000Z","p_degraded":0.98,"reason":"about 45 % fail"}],"touched":[["vip","4k-high"]],"since":"2026-08-13T02:19:00.000Z","reason":"","merged_into":null}');
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
    ;
INSERT INTO "intent" VALUES('stored before','vip','4k-high','scheduled',1786500000,'2026-08-13T02:19:00.000Z','2026-08-13',0.05,4194999,'boot:1','settled',NULL);
CREATE TABLE judgement (
        id INTEGER PRIMARY KEY,
        rules_version TEXT NOT NULL,
        began_at TEXT NOT NULL,
        rejudging INTEGER NOT NULL CHECK (rejudging IN (0, 1))
    ) STRICT
    ;
INSERT INTO "judgement" VALUES(1,'1','2026-08-13T02:19:00.000Z',0);
CREATE TABLE kept (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        since TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "kept" VALUES(1,'2025-08-01T00:00:00.000Z');
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
    ;
INSERT INTO "message" VALUES(1,'1.1','slack',1,'raised',0,'vip 4k-high degraded','vip/4k-high: about 45 % fail','2026-08-13T02:41:00.000Z','2026-08-13T02:42:00.000Z',1,'delivered','2026-08-13T02:41:01.000Z','');
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
    ;
INSERT INTO "month" VALUES('2026-07','vip','4k-high',0.05,0.04,0.06,0.02,20.0,700.0,'[]');
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
    , source TEXT NOT NULL DEFAULT '', batch TEXT NOT NULL DEFAULT '', served_model TEXT NOT NULL DEFAULT '') STRICT
    ;
INSERT INTO "outcome" VALUES(1,'stored before','vip','4k-high','scheduled','default','gpt-image-2-vip','','','2026-08-13T02:19:00.000Z',NULL,'{}',0.0,NULL,NULL,1786500000,1,NULL,NULL,'','','');
CREATE TABLE overruled (
        seq INTEGER NOT NULL REFERENCES outcome,
        overruled_by INTEGER NOT NULL REFERENCES judgement,
        judgement INTEGER NOT NULL REFERENCES judgement,
        verdict TEXT NOT NULL,
        PRIMARY KEY (overruled_by, seq)
    ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE own_lost (
        day TEXT NOT NULL,
        reason TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (day, reason)
    ) STRICT
    ;
INSERT INTO "own_lost" VALUES('2026-08-13','dropped',3);
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
    ;
INSERT INTO "path_state" VALUES('vip','4k-high','healthy','2026-08-13T02:19:00.000Z',NULL,NULL,'',NULL,'2026-08-13T02:19:00.000Z');
CREATE TABLE prompt_key (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        key BLOB NOT NULL
    ) STRICT
    ;
CREATE TABLE replaced (
        id TEXT NOT NULL PRIMARY KEY,
        seq INTEGER NOT NULL
    ) STRICT
    ;
INSERT INTO "replaced" VALUES('apiyi:20260813024101000000000AbCdEfGh',1);
CREATE TABLE request_id (
        value TEXT NOT NULL,
        hop TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES outcome,
        PRIMARY KEY (value, hop, seq)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "request_id" VALUES('req_0123456789abcdef','upstream',1);
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
    ;
INSERT INTO "rollup" VALUES('2026-08-13T02','vip','4k-high','scheduled','processing_error','','no',0.0,1,X'');
CREATE TABLE route (
        tier TEXT NOT NULL,
        job TEXT NOT NULL,
        facts TEXT NOT NULL,
        PRIMARY KEY (tier, job)
    ) STRICT
    ;
INSERT INTO "route" VALUES('4k-high','','{"channel":"official","attempts":1,"then":"vip","usd":0.21,"minutes":2.6}');
CREATE TABLE silence (
        pattern TEXT NOT NULL PRIMARY KEY,
        until TEXT NOT NULL,
        made_at TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "silence" VALUES('nano/*','2099-01-01T00:00:00.000Z','2026-08-13T02:41:00.000Z');
CREATE TABLE skip (
        channel TEXT NOT NULL,
        tier TEXT NOT NULL,
        slot INTEGER NOT NULL,
        at TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (channel, tier, slot)
    ) STRICT
    ;
INSERT INTO "skip" VALUES('vip','4k-high',1786500600,'2026-08-13T02:19:00.000Z','overrun');
CREATE TABLE source (
        name TEXT NOT NULL PRIMARY KEY,
        position TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "source" VALUES('spool','{}','2026-08-13T02:19:00.000Z');
CREATE TABLE triage (
        id TEXT NOT NULL PRIMARY KEY,
        subject TEXT NOT NULL,
        at TEXT NOT NULL,
        document TEXT NOT NULL
    ) STRICT
    ;
CREATE TABLE unmapped (
        id TEXT NOT NULL PRIMARY KEY,
        sent_at TEXT NOT NULL,
        host TEXT NOT NULL,
        model TEXT NOT NULL,
        ordered TEXT NOT NULL,
        reason TEXT NOT NULL,
        line TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "unmapped" VALUES('recorder-1','2026-08-13T02:19:00.000Z','api.example.com','gpt-image-9','3840x2160 high','no channel has this model','{}');
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
    ;
INSERT INTO "verdict" VALUES(1,1,'processing_error','','processing','upstream',1,'retry_then_check_input','openai.processing','high',NULL,'no','{"upstream":["req_0123456789abcdef"]}','openai.type-server','');
CREATE INDEX outcome_path ON outcome (channel, tier, sent_at);
CREATE INDEX outcome_sent_at ON outcome (sent_at);
CREATE INDEX outcome_picture ON outcome (channel, seq) WHERE picture_sha256 IS NOT NULL;
CREATE INDEX replaced_seq ON replaced (seq);
CREATE INDEX request_id_seq ON request_id (seq);
CREATE UNIQUE INDEX intent_slot ON intent (channel, tier, slot) WHERE slot IS NOT NULL;
CREATE INDEX intent_budget_day ON intent (budget_day, reserved_usd);
CREATE INDEX intent_state ON intent (state);
CREATE INDEX skip_at ON skip (at);
CREATE UNIQUE INDEX alarm_open ON alarm (channel, tier) WHERE cleared_at IS NULL;
CREATE INDEX alarm_raised_at ON alarm (raised_at);
CREATE INDEX triage_subject ON triage (subject, at);
CREATE INDEX outcome_prompt ON outcome (prompt_id, sent_at);
CREATE INDEX incident_cleared_at ON incident (cleared_at);
CREATE INDEX message_incident ON message (incident);
CREATE INDEX message_state ON message (state, settled_at);
CREATE INDEX outcome_own ON outcome (sent_at) WHERE source <> '';
CREATE INDEX gateway_entry_seq ON gateway_entry (seq);
CREATE INDEX unmapped_sent_at ON unmapped (sent_at);
CREATE INDEX rollup_empty ON rollup (count) WHERE count = 0;
CREATE INDEX overruled_seq ON overruled (seq);
CREATE INDEX outcome_sentinel ON outcome (sent_at) WHERE trigger = 'sentinel';
COMMIT;
