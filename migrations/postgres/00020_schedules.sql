-- +goose Up
-- A pipeline may have several schedules, each with a name; that of the one without is
-- empty.
ALTER TABLE pipeline_schedules ADD COLUMN name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE pipeline_schedules ALTER COLUMN name DROP DEFAULT;
ALTER TABLE pipeline_schedules DROP CONSTRAINT pipeline_schedules_pkey;
ALTER TABLE pipeline_schedules ADD PRIMARY KEY (pipeline_id, name);

ALTER TABLE run_ticks ADD COLUMN schedule TEXT COLLATE "C" NOT NULL DEFAULT ''; -- its name
ALTER TABLE run_ticks DROP CONSTRAINT run_ticks_pipeline_id_tick_key;
ALTER TABLE run_ticks ADD UNIQUE (pipeline_id, schedule, tick);

-- +goose Down
DELETE FROM run_ticks WHERE schedule <> '';
ALTER TABLE run_ticks DROP CONSTRAINT run_ticks_pipeline_id_schedule_tick_key;
ALTER TABLE run_ticks DROP COLUMN schedule;
ALTER TABLE run_ticks ADD UNIQUE (pipeline_id, tick);
DELETE FROM pipeline_schedules WHERE name <> '';
ALTER TABLE pipeline_schedules DROP CONSTRAINT pipeline_schedules_pkey;
ALTER TABLE pipeline_schedules DROP COLUMN name;
ALTER TABLE pipeline_schedules ADD PRIMARY KEY (pipeline_id);
