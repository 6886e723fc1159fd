-- Quiet without danger: what may be muted, by whom, why and until when. Nothing here reaches an SOS.

CREATE TABLE mute (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('elder', 'home', 'device')), subject text NOT NULL,
    rule text NOT NULL CHECK (rule <> 'sos'), -- 'care': every care rule
    reason text NOT NULL CHECK (reason <> ''), author text NOT NULL REFERENCES staff,
    starts timestamptz NOT NULL, expires timestamptz NOT NULL, ended_at timestamptz,
    CHECK (expires > starts AND expires <= starts + INTERVAL '30 days'),
    CHECK (rule <> 'fall' OR (scope = 'device' AND expires <= starts + INTERVAL '72 hours'))
);
CREATE INDEX mute_subject ON mute (subject) WHERE ended_at IS NULL;
CREATE INDEX mute_expires ON mute (expires) WHERE ended_at IS NULL;
-- Alerts that a mute keeps quiet; those still open when it ends go their way then.
CREATE TABLE mute_alert (
    mute bigint NOT NULL REFERENCES mute, alert uuid NOT NULL REFERENCES alert,
    PRIMARY KEY (mute, alert)
);
CREATE INDEX mute_alert_alert ON mute_alert (alert);

CREATE TABLE test_mode (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device text NOT NULL REFERENCES device, author text NOT NULL REFERENCES staff,
    reason text NOT NULL CHECK (reason <> ''),
    starts timestamptz NOT NULL, expires timestamptz NOT NULL, ended_at timestamptz,
    CHECK (expires > starts AND expires <= starts + INTERVAL '30 minutes')
);
CREATE INDEX test_mode_device ON test_mode (device) WHERE ended_at IS NULL;

-- Away periods that staff set, beside the registry's own (author NULL), which imports replace.
ALTER TABLE away ADD COLUMN author text REFERENCES staff, ADD COLUMN reason text,
    ADD CHECK (until > starts AND until <= starts + INTERVAL '30 days'),
    ADD CHECK ((author IS NULL) = (reason IS NULL));

-- Many device alerts at once are one outage: its task stands for the others.
-- `under`: the district's station, for tasks that could be part of one.
ALTER TABLE task ADD COLUMN parent uuid REFERENCES task,
    ADD COLUMN under text REFERENCES station;
CREATE INDEX task_under ON task (under, opened_at) WHERE done_at IS NULL AND under IS NOT NULL;
CREATE INDEX task_parent ON task (parent) WHERE done_at IS NULL AND parent IS NOT NULL;

CREATE INDEX alert_change_lane_red ON alert_change (lane) WHERE severity = 'red';
