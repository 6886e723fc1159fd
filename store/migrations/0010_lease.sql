-- Who is alive, apart from who owns: `partition` is locked by the owner's transactions, so that a
-- slow one would look dead there. `token` names the owning process; `seen_at` is the store's clock,
-- '-infinity' once it has let go.
CREATE TABLE partition_lease (
    partition text PRIMARY KEY, epoch bigint NOT NULL, token text NOT NULL,
    seen_at timestamptz NOT NULL
);

-- Since when a change waits for the stations, and when ingest last told the ladder by itself.
ALTER TABLE alert_change
    ADD COLUMN written timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN said_at timestamptz;
CREATE INDEX alert_change_red ON alert_change (written) WHERE severity = 'red';
