-- The same tables as on PostgreSQL: ids as BLOB, times as INTEGER microseconds since 1970, JSON as TEXT.
CREATE TABLE store (id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, min_client INTEGER NOT NULL,
  next_seq INTEGER NOT NULL DEFAULT 1) STRICT;

CREATE TABLE tenant (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, paused_at INTEGER, settings TEXT NOT NULL DEFAULT '{}') STRICT;
CREATE TABLE task (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, args_schema TEXT, seen_at INTEGER NOT NULL) STRICT;
CREATE TABLE lane (id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL, priority INTEGER NOT NULL, share TEXT NOT NULL DEFAULT '',
  UNIQUE (queue_id, priority, share)) STRICT;

CREATE TABLE job (
  id BLOB NOT NULL PRIMARY KEY, tenant_id INTEGER NOT NULL, lane_id INTEGER NOT NULL, task_id INTEGER NOT NULL,
  args_version INTEGER NOT NULL DEFAULT 1, max_attempts INTEGER NOT NULL, timeout_ms INTEGER,
  created_at INTEGER NOT NULL, run_at INTEGER NOT NULL, expires_at INTEGER, deleted_at INTEGER,
  args TEXT NOT NULL, unique_key TEXT, tags TEXT, meta TEXT, headers TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE ready (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, job_id BLOB NOT NULL UNIQUE, task_id INTEGER NOT NULL,
  ready_at INTEGER NOT NULL, expires_at INTEGER,
  round INTEGER NOT NULL, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, losses INTEGER NOT NULL,
  lease_no INTEGER NOT NULL, flags INTEGER NOT NULL,
  PRIMARY KEY (lane_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX ready_expires ON ready (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX ready_suspect ON ready (lane_id, seq) WHERE crashes > 0;

CREATE TABLE waiting (
  job_id BLOB NOT NULL PRIMARY KEY, why TEXT NOT NULL CHECK (why IN ('scheduled', 'retrying', 'blocked', 'suspended')),
  due_at INTEGER, deps_left INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, losses INTEGER NOT NULL,
  lease_no INTEGER NOT NULL, flags INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_due ON waiting (due_at, job_id) WHERE due_at IS NOT NULL;

CREATE TABLE running (
  job_id BLOB NOT NULL PRIMARY KEY, worker_id BLOB NOT NULL, lane_id INTEGER NOT NULL,
  started_at INTEGER NOT NULL, deadline_at INTEGER,
  round INTEGER NOT NULL, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, losses INTEGER NOT NULL,
  lease_no INTEGER NOT NULL, flags INTEGER NOT NULL, progress TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX running_worker ON running (worker_id, job_id);

CREATE TABLE outcome (
  job_id BLOB NOT NULL PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('completed', 'cancelled', 'dead')), reason TEXT,
  worker_id BLOB, started_at INTEGER, finished_at INTEGER NOT NULL,
  round INTEGER NOT NULL, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, losses INTEGER NOT NULL,
  lease_no INTEGER NOT NULL, result TEXT, result_error TEXT, error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX outcome_state ON outcome (state, job_id);

CREATE TABLE attempt (
  job_id BLOB NOT NULL, lease_no INTEGER NOT NULL, round INTEGER NOT NULL, attempt INTEGER NOT NULL,
  ended TEXT NOT NULL CHECK (ended IN ('failed', 'timeout', 'crashed', 'lost', 'snoozed', 'cancelled', 'discarded')),
  worker_id BLOB, started_at INTEGER, finished_at INTEGER NOT NULL, error TEXT,
  PRIMARY KEY (job_id, lease_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE unique_lock (
  tenant_id INTEGER NOT NULL, key TEXT NOT NULL, job_id BLOB NOT NULL,
  free_at TEXT NOT NULL CHECK (free_at IN ('start', 'finish', 'time')), until INTEGER,
  PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_lock_job ON unique_lock (job_id);

CREATE TABLE idempotency (
  tenant_id INTEGER NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, job_ids TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

CREATE TABLE cancel_request (job_id BLOB NOT NULL PRIMARY KEY, worker_id BLOB NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX cancel_request_worker ON cancel_request (worker_id);

CREATE TABLE worker (
  id BLOB NOT NULL PRIMARY KEY, supervisor BLOB NOT NULL, host TEXT NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL,
  version TEXT NOT NULL, started_at INTEGER NOT NULL, lease_until INTEGER NOT NULL, ended_at INTEGER, info TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE duty (name TEXT NOT NULL PRIMARY KEY, ran_at INTEGER, grace_until INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE stat (minute INTEGER NOT NULL, writer BLOB NOT NULL, queue_id INTEGER NOT NULL, task_id INTEGER NOT NULL, counts TEXT NOT NULL) STRICT;
CREATE INDEX stat_minute ON stat (minute);

INSERT INTO store (id, schema_version, min_client) VALUES (1, 1, 1);
