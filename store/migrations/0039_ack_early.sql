-- Answers to cards that went ahead of the store: the alert they mean is not an incident yet. A row
-- goes when it is, or when it has waited in vain.
CREATE TABLE ack_early (
    digest bytea PRIMARY KEY,
    alert uuid NOT NULL,
    station text NOT NULL,
    payload bytea NOT NULL,
    heard_at timestamptz NOT NULL
);
