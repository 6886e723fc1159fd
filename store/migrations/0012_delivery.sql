-- Channels besides the stations' own topics: urgent ones first, limits, and letters given up.

-- `urgency` 0 is a red page, which waits behind nothing. `replaceable`: a newer letter of the same
-- incident to the same receiver makes this one needless (a card; not an event). `tried_at` counts
-- for a channel's limit. `dead_at`: given up; `error` says why.
ALTER TABLE delivery ADD COLUMN urgency smallint NOT NULL DEFAULT 1,
    ADD COLUMN replaceable boolean NOT NULL DEFAULT true,
    ADD COLUMN tried_at timestamptz,
    ADD COLUMN dead_at timestamptz;

DROP INDEX delivery_due, delivery_incident;
CREATE INDEX delivery_due ON delivery (channel, urgency, due_at, id)
    WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX delivery_incident ON delivery (incident, channel, target, id)
    WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX delivery_tried ON delivery (channel, tried_at);

-- A task that comes from no alert is about something (a channel, an elder's visit): one at a time.
ALTER TABLE task ADD COLUMN subject text;
CREATE UNIQUE INDEX task_subject ON task (kind, subject)
    WHERE done_at IS NULL AND subject IS NOT NULL;
