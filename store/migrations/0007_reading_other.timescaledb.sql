-- Readings whose device time is far from their receipt stand apart, on both kinds of store: they
-- would make chunks (on plain PostgreSQL partitions) for any day a wrong clock can name.
CREATE TABLE reading_other (LIKE reading INCLUDING ALL);
WITH far AS (
    DELETE FROM reading WHERE ts < received - INTERVAL '7 days' OR ts >= received + INTERVAL '1 day'
    RETURNING *
)
INSERT INTO reading_other SELECT * FROM far;
