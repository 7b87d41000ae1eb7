-- The same tables as on PostgreSQL: ids as BLOB, times as INTEGER microseconds since 1970, JSON as TEXT.
-- SQLite has no schemas, and the application's own tables may live in the same file (that is what makes enqueueing
-- inside its transaction possible): taskflow.job is taskflow_job here.
CREATE TABLE taskflow_store (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  schema_version INTEGER NOT NULL,
  min_client     INTEGER NOT NULL,
  -- Positions of ready rows. Never reused: a job that becomes ready again draws a new one.
  next_seq       INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE taskflow_tenant (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE taskflow_queue (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE,
  paused_at INTEGER,
  settings  TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE taskflow_task (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  args_schema TEXT,
  seen_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE taskflow_lane (
  id       INTEGER PRIMARY KEY,
  queue_id INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  share    TEXT NOT NULL DEFAULT '',
  UNIQUE (queue_id, priority, share)
) STRICT;

-- Wide rows (here and in outcome) lie in rowid tables: a row of 2 KB in an index tree spills into a page of its own
-- (docs/adr/0002).
-- A bare id (deleted by hand) keeps its row with deleted_at set and args emptied, so that a repeated enqueue
-- stays a no-op for 24 h.
CREATE TABLE taskflow_job (
  id           BLOB NOT NULL PRIMARY KEY,
  tenant_id    INTEGER NOT NULL,
  lane_id      INTEGER NOT NULL,
  task_id      INTEGER NOT NULL,
  args_version INTEGER NOT NULL DEFAULT 1,
  max_attempts INTEGER NOT NULL,
  timeout_ms   INTEGER,
  created_at   INTEGER NOT NULL,
  run_at       INTEGER NOT NULL,
  expires_at   INTEGER,
  deleted_at   INTEGER,
  args         TEXT NOT NULL,
  unique_key   TEXT,
  tags         TEXT,
  meta         TEXT,
  headers      TEXT
) STRICT;
CREATE INDEX taskflow_job_deleted ON taskflow_job (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE taskflow_ready (
  lane_id    INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  job_id     BLOB NOT NULL UNIQUE,
  task_id    INTEGER NOT NULL,
  ready_at   INTEGER NOT NULL,
  expires_at INTEGER,
  round      INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  crashes    INTEGER NOT NULL,
  losses     INTEGER NOT NULL,
  lease_no   INTEGER NOT NULL,
  flags      INTEGER NOT NULL,
  PRIMARY KEY (lane_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_ready_expires ON taskflow_ready (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX taskflow_ready_suspect ON taskflow_ready (lane_id, seq) WHERE crashes > 0;

CREATE TABLE taskflow_waiting (
  job_id    BLOB NOT NULL PRIMARY KEY,
  why       TEXT NOT NULL CHECK (why IN ('scheduled', 'retrying', 'blocked', 'suspended')),
  due_at    INTEGER,
  deps_left INTEGER NOT NULL DEFAULT 0,
  round     INTEGER NOT NULL,
  attempt   INTEGER NOT NULL,
  crashes   INTEGER NOT NULL,
  losses    INTEGER NOT NULL,
  lease_no  INTEGER NOT NULL,
  flags     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_waiting_due ON taskflow_waiting (due_at, job_id) WHERE due_at IS NOT NULL;

-- Small, bounded by the slots of this machine's workers: who wants the rows of one worker reads them all, so that no
-- claim and no settle pays for an index.
CREATE TABLE taskflow_running (
  job_id      BLOB NOT NULL PRIMARY KEY,
  worker_id   BLOB NOT NULL,
  lane_id     INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  round       INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  crashes     INTEGER NOT NULL,
  losses      INTEGER NOT NULL,
  lease_no    INTEGER NOT NULL,
  flags       INTEGER NOT NULL,
  progress    TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE taskflow_outcome (
  job_id       BLOB NOT NULL PRIMARY KEY,
  state        TEXT NOT NULL CHECK (state IN ('completed', 'cancelled', 'dead')),
  reason       TEXT,
  worker_id    BLOB,
  started_at   INTEGER,
  finished_at  INTEGER NOT NULL,
  round        INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  crashes      INTEGER NOT NULL,
  losses       INTEGER NOT NULL,
  lease_no     INTEGER NOT NULL,
  result       TEXT,
  result_error TEXT,
  error        TEXT
) STRICT;
-- Nearly all jobs complete: they are found by walking ids, and only the others pay for an index.
CREATE INDEX taskflow_outcome_state ON taskflow_outcome (state, job_id) WHERE state <> 'completed';

CREATE TABLE taskflow_attempt (
  job_id      BLOB NOT NULL,
  lease_no    INTEGER NOT NULL,
  round       INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  ended       TEXT NOT NULL CHECK (ended IN
    ('failed', 'timeout', 'crashed', 'lost', 'snoozed', 'cancelled', 'discarded')),
  worker_id   BLOB,
  started_at  INTEGER,
  finished_at INTEGER NOT NULL,
  error       TEXT,
  PRIMARY KEY (job_id, lease_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE taskflow_unique_lock (
  tenant_id INTEGER NOT NULL,
  key       TEXT NOT NULL,
  job_id    BLOB NOT NULL,
  free_at   TEXT NOT NULL CHECK (free_at IN ('start', 'finish', 'time')),
  until     INTEGER,
  PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_unique_lock_job ON taskflow_unique_lock (job_id);
CREATE INDEX taskflow_unique_lock_until ON taskflow_unique_lock (until) WHERE until IS NOT NULL;

CREATE TABLE taskflow_idempotency (
  tenant_id   INTEGER NOT NULL,
  key         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  job_ids     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_idempotency_created ON taskflow_idempotency (created_at);

CREATE TABLE taskflow_cancel_request (
  job_id    BLOB NOT NULL PRIMARY KEY,
  worker_id BLOB NOT NULL,
  at        INTEGER NOT NULL,
  actor     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX taskflow_cancel_request_worker ON taskflow_cancel_request (worker_id);

CREATE TABLE taskflow_worker (
  id          BLOB NOT NULL PRIMARY KEY,
  supervisor  BLOB NOT NULL,
  host        TEXT NOT NULL,
  boot_id     TEXT NOT NULL,
  pid         INTEGER NOT NULL,
  version     TEXT NOT NULL,
  started_at  INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  ended_at    INTEGER,
  info        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE taskflow_duty (
  name        TEXT NOT NULL PRIMARY KEY,
  ran_at      INTEGER,
  grace_until INTEGER
) STRICT, WITHOUT ROWID;

-- Rollups, appended per process, minute, queue and task; never updated.
CREATE TABLE taskflow_stat (
  minute   INTEGER NOT NULL,
  writer   BLOB NOT NULL,
  queue_id INTEGER NOT NULL,
  task_id  INTEGER NOT NULL,
  counts   TEXT NOT NULL
) STRICT;
CREATE INDEX taskflow_stat_minute ON taskflow_stat (minute);

INSERT INTO taskflow_store (id, schema_version, min_client) VALUES (1, 1, 1);
