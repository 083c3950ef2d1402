/**
 * The schema of `tapline.db`, as steps from one version to the next. Append only: a step that was released is never
 * edited, because folders written by it exist. Event times are INTEGER microseconds since 1970 (`…_us`); names of
 * sensors and sessions are kept once, in `name`, so that rows carry small integers.
 */

/** Marks the file as ours (`PRAGMA application_id`): "tapl". */
export const APPLICATION_ID = 0x7461706c;

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

  -- Window state: what arrived and was announced, and the partials to merge.
  CREATE TABLE window_state (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL,
    touched_us INTEGER NOT NULL, pending INTEGER NOT NULL, ready INTEGER NOT NULL, emitted TEXT,
    PRIMARY KEY (sensor_id, window_start_us)) STRICT, WITHOUT ROWID;
  CREATE INDEX window_ready ON window_state (sensor_id, window_start_us) WHERE ready = 1;
  CREATE INDEX window_stale ON window_state (sensor_id, touched_us, window_start_us) WHERE pending = 1;
  CREATE TABLE window_session (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, session_id INTEGER NOT NULL,
    arrived_batches INTEGER NOT NULL, arrived_packets INTEGER NOT NULL, arrived_bytes INTEGER NOT NULL,
    announced_batches INTEGER NOT NULL, announced_packets INTEGER NOT NULL, announced_bytes INTEGER NOT NULL,
    PRIMARY KEY (sensor_id, window_start_us, session_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE window_cell (
    id INTEGER PRIMARY KEY,
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
    packets INTEGER NOT NULL, bytes INTEGER NOT NULL, partial BLOB NOT NULL,
    UNIQUE (sensor_id, window_start_us, session_id, sequence)) STRICT;

  -- Packets: the index over the batch files.
  CREATE TABLE batch (
    sensor_id INTEGER NOT NULL, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
    first_number INTEGER NOT NULL, count INTEGER NOT NULL, wire_bytes INTEGER NOT NULL, malformed INTEGER NOT NULL,
    min_time_us INTEGER NOT NULL, max_time_us INTEGER NOT NULL, content_hash TEXT NOT NULL,
    file_bytes INTEGER NOT NULL, arrival_us INTEGER NOT NULL,
    PRIMARY KEY (sensor_id, session_id, sequence)) STRICT, WITHOUT ROWID;
  CREATE INDEX batch_time ON batch (sensor_id, max_time_us, min_time_us);

  -- Results: what scoring wrote.
  CREATE TABLE kpi (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, window_end_us INTEGER NOT NULL,
    revision INTEGER NOT NULL, complete INTEGER NOT NULL, arrived_packets INTEGER NOT NULL, arrived_bytes INTEGER NOT NULL,
    arrival_us INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, window_start_us)) STRICT, WITHOUT ROWID;
  CREATE TABLE flow (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, session_id INTEGER NOT NULL, flow INTEGER NOT NULL,
    source TEXT NOT NULL, destination TEXT NOT NULL, source_port INTEGER NOT NULL, destination_port INTEGER NOT NULL,
    protocol TEXT NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
    packets_forward INTEGER NOT NULL, packets_reverse INTEGER NOT NULL,
    bytes_forward INTEGER NOT NULL, bytes_reverse INTEGER NOT NULL,
    flags_forward INTEGER NOT NULL, flags_reverse INTEGER NOT NULL,
    PRIMARY KEY (sensor_id, window_start_us, session_id, flow)) STRICT, WITHOUT ROWID;
  CREATE TABLE evidence (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, detector TEXT NOT NULL, entity TEXT NOT NULL,
    row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, window_start_us, detector, entity)) STRICT, WITHOUT ROWID;
  CREATE TABLE alert (
    id TEXT PRIMARY KEY, sensor_id INTEGER NOT NULL, detector TEXT NOT NULL, entity TEXT NOT NULL,
    window_start_us INTEGER NOT NULL, window_end_us INTEGER NOT NULL, severity TEXT NOT NULL, score REAL NOT NULL,
    state TEXT NOT NULL, arrival_us INTEGER NOT NULL, row TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_time ON alert (sensor_id, window_start_us);

  -- Ledger: what each hop accepted, and what the sensors say they sent.
  CREATE TABLE hop (
    sensor_id INTEGER NOT NULL, session_id INTEGER NOT NULL, hop TEXT NOT NULL, sequence INTEGER NOT NULL,
    packets INTEGER NOT NULL, bytes INTEGER NOT NULL, malformed INTEGER NOT NULL, minutes TEXT NOT NULL,
    PRIMARY KEY (sensor_id, session_id, hop, sequence)) STRICT, WITHOUT ROWID;
  CREATE TABLE heartbeat (
    sensor_id INTEGER NOT NULL, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, session_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE minute (
    sensor_id INTEGER NOT NULL, session_id INTEGER NOT NULL, minute_start_us INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, session_id, minute_start_us)) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX alert_provisional ON alert (sensor_id) WHERE state = 'provisional';
  `,
  `
  ALTER TABLE kpi ADD COLUMN observations BLOB;
  CREATE INDEX window_pending ON window_state (sensor_id, window_start_us) WHERE pending = 1;
  CREATE TABLE history (sensor_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
  `,
  `
  -- What each host did in each window (core/src/kpi/host-activity.ts); windows scored before have no rows here.
  CREATE TABLE host (
    sensor_id INTEGER NOT NULL, host TEXT NOT NULL, window_start_us INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, host, window_start_us)) STRICT, WITHOUT ROWID;
  CREATE INDEX host_window ON host (sensor_id, window_start_us);
  `,
  `
  -- What people did about alerts: added, never changed.
  CREATE TABLE triage (
    alert_id TEXT NOT NULL, id TEXT NOT NULL, action TEXT NOT NULL, text TEXT NOT NULL, until_us INTEGER, undoes TEXT,
    who TEXT NOT NULL, at_us INTEGER NOT NULL,
    PRIMARY KEY (alert_id, id)) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE usual (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, detector TEXT NOT NULL, feature TEXT NOT NULL,
    entity TEXT NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, window_start_us, detector, feature, entity)) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE history_score (
    sensor_id INTEGER NOT NULL, window_start_us INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (sensor_id, window_start_us)) STRICT, WITHOUT ROWID;
  `,
  `
  -- What is asked with every message must not read what is over: a line that loops has thousands of sessions and alerts.
  ALTER TABLE heartbeat ADD COLUMN final INTEGER NOT NULL DEFAULT 0;
  UPDATE heartbeat SET final = json_extract(row, '$.final');
  CREATE INDEX heartbeat_open ON heartbeat (sensor_id) WHERE final = 0;
  CREATE INDEX alert_end ON alert (sensor_id, window_end_us);
  CREATE INDEX kpi_window ON kpi (sensor_id, window_start_us);
  `,
];
