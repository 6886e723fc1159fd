-- What the console's other pages ask for.

-- An elder is found by the pinyin initials of the name; the stations side fills them in. A name that
-- changes, or is forgotten, takes its initials along.
ALTER TABLE elder ADD COLUMN initials text;
CREATE FUNCTION elder_name_changed() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.initials := NULL; RETURN NEW; END';
CREATE TRIGGER elder_name_changed BEFORE UPDATE OF name ON elder FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION elder_name_changed();
CREATE INDEX elder_without_initials ON elder (id) WHERE initials IS NULL AND retired_at IS NULL;

-- A desk looks into its own areas only.
CREATE INDEX home_area ON home (area);
CREATE INDEX alert_device_open ON alert (rule, onset) WHERE cleared IS NULL AND category = 'device';

-- Dated exceptions that the console set, beside the registry's own (author NULL), which imports
-- replace.
ALTER TABLE duty_date ADD COLUMN author text REFERENCES staff;

-- Who was there in a week, by station.
CREATE INDEX shift_station ON shift (station, confirmed_at);
