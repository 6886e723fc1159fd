-- Readings on plain PostgreSQL: native range partitions by day, made as they are needed.
-- One wide row a message. Numbers are integers of the stored step (heart_rate in 0.1 /min).
-- The unique key has time first: 3 to 9 times the rows a second of device first, and half the WAL.
CREATE TABLE reading (
    ts timestamptz NOT NULL, device integer NOT NULL, key bigint NOT NULL,
    received timestamptz NOT NULL, elder integer, gateway integer NOT NULL,
    heart_rate smallint, respiratory_rate smallint, movement smallint, battery smallint,
    signal smallint, in_bed smallint, presence smallint, fall smallint, sos smallint,
    tamper smallint, flags smallint NOT NULL,
    UNIQUE (ts, device, key)
) PARTITION BY RANGE (ts);
-- For reading back in the order of receipt, at next to no cost to writers.
CREATE INDEX reading_received ON reading USING brin (received) WITH (autosummarize = on);
CREATE TABLE reading_other PARTITION OF reading DEFAULT;
