-- Readings whose device time is far from their receipt stand apart, on both kinds of store: they
-- would make partitions (on TimescaleDB chunks) for any day a wrong clock can name.
ALTER TABLE reading DETACH PARTITION reading_other;
