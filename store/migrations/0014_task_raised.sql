-- A task that nobody touched for two working days stands on the next level's list as well.
ALTER TABLE task ADD COLUMN raised_to text REFERENCES station;
CREATE INDEX task_raised ON task (raised_to) WHERE done_at IS NULL AND raised_to IS NOT NULL;
CREATE INDEX task_waiting ON task (opened_at) WHERE done_at IS NULL AND raised_to IS NULL;
