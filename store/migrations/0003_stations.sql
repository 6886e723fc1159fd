-- What the stations need to climb exactly, to retry apart, and to take an answer once.

-- `ladder_from`: the moment the ladder's seconds count from; NULL while nobody needs paging.
-- `next_level`: whom the next `due_at` will page, for the countdown on a desk.
ALTER TABLE incident ADD COLUMN ladder_from timestamptz, ADD COLUMN next_level text;

-- A change that cannot be handled waits for its retry; it holds up its own lane only.
ALTER TABLE alert_change ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_at timestamptz,
    ADD FOREIGN KEY (alert) REFERENCES alert ON DELETE CASCADE;

CREATE INDEX delivery_incident ON delivery (incident, channel, target, id) WHERE sent_at IS NULL;
CREATE INDEX incident_closed ON incident (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX alert_event_task ON alert_event (task, id) WHERE task IS NOT NULL;

-- Answers from terminals, so that one heard by several copies, or twice, counts once.
CREATE TABLE ack_seen (digest bytea PRIMARY KEY, seen_at timestamptz NOT NULL);
CREATE INDEX ack_seen_at ON ack_seen (seen_at);
