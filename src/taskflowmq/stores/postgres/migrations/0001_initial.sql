-- The job row is written once and never moves; where a job is, is a row beside it (ADR 1).
-- JSON is json, not jsonb: it comes back as it was given (order of keys, numbers), as on SQLite, and costs less to write.
CREATE SCHEMA IF NOT EXISTS taskflow;

CREATE TABLE taskflow.store (
  id             smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  schema_version integer  NOT NULL,
  min_client     integer  NOT NULL
);

CREATE TABLE taskflow.tenant (
  id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE
);

CREATE TABLE taskflow.queue (
  id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text NOT NULL UNIQUE,
  paused_at timestamptz,
  settings  json NOT NULL DEFAULT '{}'
);

CREATE TABLE taskflow.task (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  args_schema json,
  seen_at     timestamptz NOT NULL
);

CREATE TABLE taskflow.lane (
  id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue_id integer  NOT NULL,
  priority smallint NOT NULL,
  share    text     NOT NULL DEFAULT '',
  UNIQUE (queue_id, priority, share)
);

-- A bare id (deleted by hand) keeps its row with deleted_at set and args emptied, so that a repeated enqueue
-- stays a no-op for 24 h.
CREATE TABLE taskflow.job (
  id           uuid        NOT NULL PRIMARY KEY,
  tenant_id    integer     NOT NULL,
  lane_id      integer     NOT NULL,
  task_id      integer     NOT NULL,
  args_version smallint    NOT NULL DEFAULT 1,
  max_attempts smallint    NOT NULL,
  timeout_ms   bigint,
  created_at   timestamptz NOT NULL,
  run_at       timestamptz NOT NULL,
  expires_at   timestamptz,
  deleted_at   timestamptz,
  args         json       NOT NULL,
  unique_key   text,
  tags         text[],
  meta         json,
  headers      json
) PARTITION BY RANGE (id);
CREATE TABLE taskflow.job_default PARTITION OF taskflow.job DEFAULT;

-- Positions of ready rows. Never reused: a job that becomes ready again draws a new one.
CREATE SEQUENCE taskflow.ready_seq AS bigint;

CREATE TABLE taskflow.ready (
  lane_id    integer     NOT NULL,
  seq        bigint      NOT NULL,
  job_id     uuid        NOT NULL UNIQUE,
  task_id    integer     NOT NULL,
  ready_at   timestamptz NOT NULL,
  expires_at timestamptz,
  round      smallint    NOT NULL,
  attempt    smallint    NOT NULL,
  crashes    smallint    NOT NULL,
  losses     smallint    NOT NULL,
  lease_no   integer     NOT NULL,
  flags      smallint    NOT NULL,
  PRIMARY KEY (lane_id, seq)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ready_expires ON taskflow.ready (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX ready_suspect ON taskflow.ready (lane_id, seq) WHERE crashes > 0;

CREATE TABLE taskflow.waiting (
  job_id    uuid        NOT NULL PRIMARY KEY,
  why       text        NOT NULL CHECK (why IN ('scheduled', 'retrying', 'blocked', 'suspended')),
  due_at    timestamptz,
  deps_left integer     NOT NULL DEFAULT 0,
  round     smallint    NOT NULL,
  attempt   smallint    NOT NULL,
  crashes   smallint    NOT NULL,
  losses    smallint    NOT NULL,
  lease_no  integer     NOT NULL,
  flags     smallint    NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX waiting_due ON taskflow.waiting (due_at, job_id) WHERE due_at IS NOT NULL;

CREATE TABLE taskflow.running (
  job_id      uuid        NOT NULL PRIMARY KEY,
  worker_id   uuid        NOT NULL,
  lane_id     integer     NOT NULL,
  started_at  timestamptz NOT NULL,
  round       smallint    NOT NULL,
  attempt     smallint    NOT NULL,
  crashes     smallint    NOT NULL,
  losses      smallint    NOT NULL,
  lease_no    integer     NOT NULL,
  flags       smallint    NOT NULL,
  progress    json
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX running_worker ON taskflow.running (worker_id, job_id);

CREATE TABLE taskflow.outcome (
  job_id       uuid        NOT NULL PRIMARY KEY,
  state        text        NOT NULL CHECK (state IN ('completed', 'cancelled', 'dead')),
  reason       text,
  worker_id    uuid,
  started_at   timestamptz,
  finished_at  timestamptz NOT NULL,
  round        smallint    NOT NULL,
  attempt      smallint    NOT NULL,
  crashes      smallint    NOT NULL,
  losses       smallint    NOT NULL,
  lease_no     integer     NOT NULL,
  result       json,
  result_error text,
  error        json
) PARTITION BY RANGE (job_id);
CREATE TABLE taskflow.outcome_default PARTITION OF taskflow.outcome DEFAULT;
-- Nearly all jobs complete: they are found by walking ids, and only the others pay for an index (ADR 6).
CREATE INDEX outcome_state ON taskflow.outcome (state, job_id) WHERE state <> 'completed';

CREATE TABLE taskflow.attempt (
  job_id      uuid        NOT NULL,
  lease_no    integer     NOT NULL,
  round       smallint    NOT NULL,
  attempt     smallint    NOT NULL,
  ended       text        NOT NULL CHECK (ended IN
    ('failed', 'timeout', 'crashed', 'lost', 'snoozed', 'cancelled', 'discarded')),
  worker_id   uuid,
  started_at  timestamptz,
  finished_at timestamptz NOT NULL,
  error       json,
  PRIMARY KEY (job_id, lease_no)
);

CREATE TABLE taskflow.unique_lock (
  tenant_id integer NOT NULL,
  key       text    NOT NULL,
  job_id    uuid    NOT NULL,
  free_at   text    NOT NULL CHECK (free_at IN ('start', 'finish', 'time')),
  until     timestamptz,
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX unique_lock_job ON taskflow.unique_lock (job_id);

CREATE TABLE taskflow.idempotency (
  tenant_id   integer     NOT NULL,
  key         text        NOT NULL,
  fingerprint text        NOT NULL,
  job_ids     uuid[]      NOT NULL,
  created     boolean[]   NOT NULL,  -- beside each id: whether the first answer called the job new
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_created ON taskflow.idempotency (created_at);

CREATE TABLE taskflow.cancel_request (
  job_id    uuid        NOT NULL PRIMARY KEY,
  worker_id uuid        NOT NULL,
  at        timestamptz NOT NULL,
  actor     text        NOT NULL
);
CREATE INDEX cancel_request_worker ON taskflow.cancel_request (worker_id);

CREATE TABLE taskflow.worker (
  id          uuid        NOT NULL PRIMARY KEY,
  supervisor  uuid        NOT NULL,
  host        text        NOT NULL,
  boot_id     text        NOT NULL,
  pid         integer     NOT NULL,
  version     text        NOT NULL,
  started_at  timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  ended_at    timestamptz,
  info        json       NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE taskflow.duty (
  name        text NOT NULL PRIMARY KEY,
  ran_at      timestamptz,
  grace_until timestamptz
) WITH (fillfactor = 50);

-- Rollups, appended per process, minute, queue and task; never updated.
CREATE TABLE taskflow.stat (
  minute   timestamptz NOT NULL,
  writer   uuid        NOT NULL,
  queue_id integer     NOT NULL,
  task_id  integer     NOT NULL,
  counts   json       NOT NULL
);
CREATE INDEX stat_minute ON taskflow.stat (minute);

INSERT INTO taskflow.store (schema_version, min_client) VALUES (1, 1);
