-- The ledger: rows of use by hour and day, whose they are, what is missing, and the kernel's own sums beside them.

-- AlterTable
ALTER TABLE "journal_cursor" ADD COLUMN "told_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "tenant" ADD COLUMN "name" TEXT;

-- AlterTable
ALTER TABLE "reading_minute" ADD COLUMN "cpu_stalled_usec" DECIMAL(20,0),
ADD COLUMN "memory_stalled_usec" DECIMAL(20,0),
ADD COLUMN "io_stalled_usec" DECIMAL(20,0);

-- CreateTable
CREATE TABLE "journal_gap" (
    "host_id" UUID NOT NULL,
    "after_seq" BIGINT NOT NULL,
    "next_seq" BIGINT NOT NULL,
    "from_at" TIMESTAMPTZ(3),
    "to_at" TIMESTAMPTZ(3),
    "noticed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "journal_gap_pkey" PRIMARY KEY ("host_id","after_seq","next_seq")
);

-- CreateTable
CREATE TABLE "ownership" (
    "tenant_id" TEXT NOT NULL,
    "host_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "resource_key" BYTEA NOT NULL,
    "name" TEXT NOT NULL,
    "from_at" TIMESTAMPTZ(3) NOT NULL,
    "to_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "ended_by" TEXT,

    CONSTRAINT "ownership_pkey" PRIMARY KEY ("tenant_id","host_id","resource_key","from_at")
);

-- CreateTable
CREATE TABLE "group_reading" (
    "host_id" UUID NOT NULL,
    "boot_id" UUID NOT NULL,
    "cgroup_ino" BIGINT NOT NULL,
    "boottime_msec" BIGINT NOT NULL,
    "role" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "tenant_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "meters" JSONB NOT NULL,

    CONSTRAINT "group_reading_pkey" PRIMARY KEY ("host_id","boot_id","cgroup_ino","boottime_msec")
);

-- CreateTable
CREATE TABLE "usage_dirty" (
    "host_id" UUID NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "usage_dirty_pkey" PRIMARY KEY ("host_id","tenant_id","hour")
);

-- CreateTable
CREATE TABLE "usage_hour" (
    "tenant_id" TEXT NOT NULL,
    "host_id" UUID NOT NULL,
    "start_at" TIMESTAMPTZ(3) NOT NULL,
    "resource_key" BYTEA NOT NULL,
    "end_at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "meters" SMALLINT[],
    "quantities" DECIMAL(40,0)[],
    "duration_msec" BIGINT[],
    "unmeasured_msec" BIGINT[],
    "flags" SMALLINT[],

    CONSTRAINT "usage_hour_pkey" PRIMARY KEY ("tenant_id","host_id","start_at","resource_key")
) PARTITION BY RANGE ("start_at");

-- CreateTable
CREATE TABLE "usage_day" (
    "tenant_id" TEXT NOT NULL,
    "host_id" UUID NOT NULL,
    "start_at" TIMESTAMPTZ(3) NOT NULL,
    "resource_key" BYTEA NOT NULL,
    "kind" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "meters" SMALLINT[],
    "quantities" DECIMAL(40,0)[],
    "duration_msec" BIGINT[],
    "unmeasured_msec" BIGINT[],
    "flags" SMALLINT[],

    CONSTRAINT "usage_day_pkey" PRIMARY KEY ("tenant_id","host_id","start_at","resource_key")
) PARTITION BY RANGE ("start_at");

-- CreateTable
CREATE TABLE "usage_gap" (
    "tenant_id" TEXT NOT NULL,
    "host_id" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "resource_key" BYTEA NOT NULL,
    "kind" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "boot_id" UUID NOT NULL,
    "cgroup_ino" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "from_at" TIMESTAMPTZ(3) NOT NULL,
    "to_at" TIMESTAMPTZ(3) NOT NULL,
    "duration_msec" BIGINT NOT NULL,

    CONSTRAINT "usage_gap_pkey" PRIMARY KEY ("tenant_id","host_id","hour","resource_key","boot_id","cgroup_ino","reason","from_at","to_at")
);

-- CreateTable
CREATE TABLE "conservation" (
    "host_id" UUID NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "meter" TEXT NOT NULL,
    "start_at" TIMESTAMPTZ(3) NOT NULL,
    "end_at" TIMESTAMPTZ(3) NOT NULL,
    "counter" DECIMAL(40,0) NOT NULL,
    "explained" JSONB NOT NULL,
    "unexplained" DECIMAL(40,0) NOT NULL,
    "unexplained_ppm" BIGINT,
    "tolerance_ppm" INTEGER NOT NULL,
    "allowance" DECIMAL(40,0),
    "holds" BOOLEAN NOT NULL,

    CONSTRAINT "conservation_pkey" PRIMARY KEY ("host_id","tenant_id","hour","meter")
);

-- CreateTable
CREATE TABLE "reading_hold" (
    "tenant_id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "start_at" TIMESTAMPTZ(3) NOT NULL,
    "end_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reading_hold_pkey" PRIMARY KEY ("tenant_id","reason")
);

-- CreateIndex
CREATE INDEX "ownership_host_id_resource_key_from_at_idx" ON "ownership"("host_id", "resource_key", "from_at");

-- CreateIndex
CREATE INDEX "group_reading_host_id_role_at_idx" ON "group_reading"("host_id", "role", "at");

-- CreateIndex
CREATE INDEX "usage_hour_host_id_start_at_resource_key_idx" ON "usage_hour"("host_id", "start_at", "resource_key");

-- CreateIndex
CREATE INDEX "usage_day_host_id_start_at_resource_key_idx" ON "usage_day"("host_id", "start_at", "resource_key");

-- CreateIndex
CREATE INDEX "usage_gap_host_id_hour_idx" ON "usage_gap"("host_id", "hour");

-- CreateIndex
CREATE INDEX "conservation_tenant_id_hour_idx" ON "conservation"("tenant_id", "hour");

-- Partitions: a month of hours, a year of days. They lie in a schema that no role of a service may use, so that rows are
-- reached through the tables above and their policies alone. The owner makes and drops them; services ask for it.
CREATE SCHEMA "ledger";

CREATE FUNCTION "ledger_partition_for"(kind text, moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
  step text := CASE kind WHEN 'usage_hour' THEN 'month' WHEN 'usage_day' THEN 'year' END;
  begins timestamptz := date_trunc(step, moment);
  ends timestamptz := begins + ('1 ' || step)::interval;
  part text := kind || to_char(begins, CASE step WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY' END);
BEGIN
  IF step IS NULL THEN
    RAISE EXCEPTION 'there are no partitions of %', kind;
  END IF;
  IF to_regclass('ledger.' || part) IS NOT NULL THEN
    RETURN;
  END IF;
  -- One at a time: two that want the same partition would meet in its name.
  PERFORM pg_advisory_xact_lock(hashtext('bulkhead ledger partitions'));
  EXECUTE format('CREATE TABLE IF NOT EXISTS ledger.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)', part, kind, begins, ends);
END
$$;

-- Drops what ended before a moment; answers how many partitions went.
CREATE FUNCTION "ledger_drop_partitions"(kind text, before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
  step text := CASE kind WHEN 'usage_hour' THEN 'month' WHEN 'usage_day' THEN 'year' END;
  part record;
  dropped integer := 0;
BEGIN
  IF step IS NULL THEN
    RAISE EXCEPTION 'there are no partitions of %', kind;
  END IF;
  FOR part IN
    SELECT c.relname,
           to_date(right(c.relname, CASE step WHEN 'month' THEN 7 ELSE 4 END), CASE step WHEN 'month' THEN 'YYYY_MM' ELSE 'YYYY' END)::timestamptz
             AS begins
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = ('public.' || kind)::regclass
  LOOP
    IF part.begins + ('1 ' || step)::interval <= before THEN
      EXECUTE format('DROP TABLE ledger.%I', part.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END
$$;

REVOKE ALL ON FUNCTION "ledger_partition_for"(text, timestamptz), "ledger_drop_partitions"(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "ledger_partition_for"(text, timestamptz), "ledger_drop_partitions"(text, timestamptz) TO bulkhead_collector;

-- Nobody owns a resource together with another, and what was is never written anew: an interval may only be ended.
CREATE FUNCTION "ownership_guard"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.host_id::text || encode(NEW.resource_key, 'hex'), 0));
  IF NEW.to_at <= NEW.from_at THEN
    RAISE EXCEPTION 'an ownership ends before it begins' USING ERRCODE = 'check_violation', CONSTRAINT = 'ownership_order';
  END IF;
  IF EXISTS (
    SELECT FROM ownership o
    WHERE o.host_id = NEW.host_id AND o.resource_key = NEW.resource_key
      AND (o.tenant_id, o.from_at) IS DISTINCT FROM (NEW.tenant_id, NEW.from_at)
      AND tstzrange(o.from_at, o.to_at) && tstzrange(NEW.from_at, NEW.to_at)
  ) THEN
    RAISE EXCEPTION 'the resource is owned at that time' USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ownership_once';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER "ownership_guard" BEFORE INSERT OR UPDATE ON "ownership" FOR EACH ROW EXECUTE FUNCTION "ownership_guard"();

-- Row-level security, by the rules of the first migration. '' is nobody's, which no list of tenants names.
DO $$
DECLARE
  target text;
  all_scopes text := '(SELECT current_setting(''bulkhead.tenants'', true)) = ''*''';
  rule text;
BEGIN
  FOREACH target IN ARRAY ARRAY['ownership', 'usage_hour', 'usage_day', 'usage_gap', 'conservation', 'reading_hold'] LOOP
    rule := all_scopes || ' OR tenant_id = ANY (string_to_array((SELECT current_setting(''bulkhead.tenants'', true)), '',''))';
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY tenant_scope ON %I USING (%s) WITH CHECK (%s)', target, rule, rule);
  END LOOP;
  FOREACH target IN ARRAY ARRAY['journal_gap', 'group_reading', 'usage_dirty'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY host_scope ON %I USING (%s) WITH CHECK (%s)', target, all_scopes, all_scopes);
  END LOOP;
END
$$;

-- Grants. Derived rows are the collector's to make anew; of what people say, an ownership may be ended.
GRANT SELECT ON "journal_gap", "ownership", "group_reading", "usage_dirty", "usage_hour", "usage_day", "usage_gap", "conservation",
  "reading_hold" TO bulkhead_web, bulkhead_collector;
GRANT INSERT, UPDATE (to_at, ended_by) ON "ownership" TO bulkhead_web;
GRANT UPDATE (name) ON "tenant" TO bulkhead_web;
GRANT INSERT, UPDATE (version) ON "usage_dirty" TO bulkhead_web;
GRANT INSERT, DELETE ON "reading_hold" TO bulkhead_web;
GRANT INSERT ON "journal_gap" TO bulkhead_collector;
GRANT INSERT, DELETE ON "group_reading" TO bulkhead_collector;
GRANT INSERT, UPDATE (version), DELETE ON "usage_dirty" TO bulkhead_collector;
GRANT INSERT, DELETE ON "usage_hour", "usage_day", "usage_gap", "conservation" TO bulkhead_collector;

-- Hours of which readings are there already: the collector makes their rows as it makes those of late ones.
SELECT set_config('bulkhead.tenants', '*', true);
INSERT INTO usage_dirty (host_id, tenant_id, hour)
SELECT DISTINCT i.host_id, i.tenant_id, h.hour
FROM (SELECT host_id, tenant_id, min(first_at) AS first_at, max(coalesce(final_at, now())) AS last_at FROM incarnation GROUP BY 1, 2) i
CROSS JOIN LATERAL generate_series(date_trunc('hour', i.first_at, 'UTC'), i.last_at, interval '1 hour') AS h (hour);
SELECT set_config('bulkhead.tenants', '', true);
