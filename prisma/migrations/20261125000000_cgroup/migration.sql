-- Use of every cgroup of a host. Minutes come as rows over many cgroups, are turned about into hours of one cgroup, and
-- those into days.

-- AlterTable
ALTER TABLE "journal_cursor" ADD COLUMN "dropped_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "incarnation" ADD COLUMN "truncated" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "cgroup" (
    "host_id" UUID NOT NULL,
    "id" SERIAL NOT NULL,
    "path" TEXT NOT NULL,
    "path_key" BYTEA NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "cgroup_pkey" PRIMARY KEY ("host_id","id")
);

-- CreateTable
CREATE TABLE "cgroup_minute" (
    "host_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "part" INTEGER NOT NULL,
    "cgroup_ids" INTEGER[],
    "cpu_millis" REAL[],
    "cpu_millis_most" REAL[],
    "throttled" REAL[],
    "memory_bytes" REAL[],
    "memory_bytes_most" REAL[],
    "io_read" REAL[],
    "io_written" REAL[],
    "pids" REAL[],
    "cpu_some" REAL[],
    "memory_some" REAL[],
    "memory_full" REAL[],
    "io_some" REAL[],
    "io_full" REAL[],

    CONSTRAINT "cgroup_minute_pkey" PRIMARY KEY ("host_id","at","part")
);

-- CreateTable
CREATE TABLE "cgroup_hour" (
    "host_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "cgroup_id" INTEGER NOT NULL,
    "minutes" SMALLINT[],
    "cpu_millis" REAL[],
    "cpu_millis_most" REAL[],
    "throttled" REAL[],
    "memory_bytes" REAL[],
    "memory_bytes_most" REAL[],
    "io_read" REAL[],
    "io_written" REAL[],
    "pids" REAL[],
    "cpu_some" REAL[],
    "memory_some" REAL[],
    "memory_full" REAL[],
    "io_some" REAL[],
    "io_full" REAL[],

    CONSTRAINT "cgroup_hour_pkey" PRIMARY KEY ("host_id","at","cgroup_id")
);

-- CreateTable
CREATE TABLE "cgroup_day" (
    "host_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "cgroup_id" INTEGER NOT NULL,
    "hours" SMALLINT[],
    "cpu_millis" REAL[],
    "cpu_millis_most" REAL[],
    "throttled" REAL[],
    "memory_bytes" REAL[],
    "memory_bytes_most" REAL[],
    "io_read" REAL[],
    "io_written" REAL[],
    "pids" REAL[],
    "cpu_some" REAL[],
    "memory_some" REAL[],
    "memory_full" REAL[],
    "io_some" REAL[],
    "io_full" REAL[],

    CONSTRAINT "cgroup_day_pkey" PRIMARY KEY ("host_id","at","cgroup_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "cgroup_host_id_path_key_key" ON "cgroup"("host_id", "path_key");

-- Rows of a few hundred bytes to three kilobytes: their arrays are compressed and stay beside each other.
DO $$
DECLARE
  place record;
BEGIN
  FOR place IN SELECT attrelid::regclass AS relation, attname FROM pg_attribute
    WHERE attrelid IN ('cgroup_hour'::regclass, 'cgroup_day'::regclass) AND atttypid = 'real[]'::regtype LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE MAIN', place.relation, place.attname);
  END LOOP;
END
$$;

-- Row-level security: cgroups belong to a host, so to no tenant. Whoever sees all tenants sees them.
DO $$
DECLARE
  host_table text;
  rule text := '(SELECT current_setting(''bulkhead.tenants'', true)) = ''*''';
BEGIN
  FOREACH host_table IN ARRAY ARRAY['cgroup', 'cgroup_minute', 'cgroup_hour', 'cgroup_day'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', host_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', host_table);
    EXECUTE format('CREATE POLICY host_scope ON %I USING (%s) WITH CHECK (%s)', host_table, rule, rule);
  END LOOP;
END
$$;

-- Grants.
GRANT SELECT ON "cgroup", "cgroup_minute", "cgroup_hour", "cgroup_day" TO bulkhead_web;
GRANT SELECT, INSERT, UPDATE (last_at), DELETE ON "cgroup" TO bulkhead_collector;
GRANT USAGE ON SEQUENCE "cgroup_id_seq" TO bulkhead_collector;
-- What was reported is never changed; it is turned about into rows that are filled up.
GRANT SELECT, INSERT, DELETE ON "cgroup_minute" TO bulkhead_collector;
GRANT SELECT, INSERT, UPDATE, DELETE ON "cgroup_hour", "cgroup_day" TO bulkhead_collector;
-- An incarnation goes with the last of its readings.
GRANT DELETE, UPDATE (truncated) ON "incarnation" TO bulkhead_collector;
