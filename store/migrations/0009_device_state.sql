-- What each device said last, written at most once a second and so up to that much behind.
-- Each quantity stands with the device time at which it was said, since devices that report on
-- change say different things at different times. Steps and codes as in `reading`.
CREATE TABLE device_state (
    device integer PRIMARY KEY,
    received timestamptz,             -- when it was heard last: what proves that it works
    ts timestamptz, elder integer, gateway integer, flags smallint, -- of its newest reading
    pressed_at timestamptz,           -- its last press that was no test
    heart_rate smallint, heart_rate_at timestamptz,
    respiratory_rate smallint, respiratory_rate_at timestamptz,
    movement smallint, movement_at timestamptz,
    battery smallint, battery_at timestamptz,
    signal smallint, signal_at timestamptz,
    in_bed smallint, in_bed_at timestamptz,
    presence smallint, presence_at timestamptz,
    fall smallint, fall_at timestamptz,
    sos smallint, sos_at timestamptz,
    tamper smallint, tamper_at timestamptz
) WITH (fillfactor = 70); -- room for updates in place: no index but the key's is ever touched
