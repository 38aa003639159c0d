-- What is known of containers that ended, and events of cgroups.

-- AlterTable
ALTER TABLE "event" ADD COLUMN "cgroup_key" BYTEA,
ADD COLUMN "cgroup_path" TEXT;

-- CreateTable
CREATE TABLE "post_mortem" (
    "tenant_id" TEXT NOT NULL,
    "host_id" UUID NOT NULL,
    "container_id" TEXT NOT NULL,
    "sealed_at" TIMESTAMPTZ(3) NOT NULL,
    "card" JSONB NOT NULL,

    CONSTRAINT "post_mortem_pkey" PRIMARY KEY ("tenant_id","host_id","container_id")
);

-- CreateIndex
CREATE INDEX "event_host_id_cgroup_key_id_idx" ON "event"("host_id", "cgroup_key", "id");

-- Row-level security, by the rule of the first migration.
DO $$
DECLARE
  rule text := '(SELECT current_setting(''bulkhead.tenants'', true)) = ''*'' '
    'OR tenant_id = ANY (string_to_array((SELECT current_setting(''bulkhead.tenants'', true)), '',''))';
BEGIN
  ALTER TABLE "post_mortem" ENABLE ROW LEVEL SECURITY;
  ALTER TABLE "post_mortem" FORCE ROW LEVEL SECURITY;
  EXECUTE format('CREATE POLICY tenant_scope ON "post_mortem" USING (%s) WITH CHECK (%s)', rule, rule);
END
$$;

-- Grants. A card that comes later, with a later reading, replaces the one before.
GRANT SELECT ON "post_mortem" TO bulkhead_web;
GRANT SELECT, INSERT, UPDATE (sealed_at, card) ON "post_mortem" TO bulkhead_collector;
