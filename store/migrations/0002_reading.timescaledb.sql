-- Readings on TimescaleDB: a hypertable by `ts`. The columns are those of the plain table.
CREATE TABLE reading (
    ts timestamptz NOT NULL, device integer NOT NULL, key bigint NOT NULL,
    received timestamptz NOT NULL, elder integer, gateway integer NOT NULL,
    heart_rate smallint, respiratory_rate smallint, movement smallint, battery smallint,
    signal smallint, in_bed smallint, presence smallint, fall smallint, sos smallint,
    tamper smallint, flags smallint NOT NULL,
    UNIQUE (ts, device, key)
);
SELECT create_hypertable('reading', by_range('ts', INTERVAL '1 day'), create_default_indexes => false);
-- For reading back in the order of receipt, at next to no cost to writers.
CREATE INDEX reading_received ON reading USING brin (received) WITH (autosummarize = on);
