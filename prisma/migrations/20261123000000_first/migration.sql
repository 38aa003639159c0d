-- Tables as `prisma migrate diff --from-empty` writes them from schema.prisma, then what Prisma cannot say: row-level
-- security and grants. The roles bulkhead_web and bulkhead_collector exist already: the runner (packages/db) makes them.

-- CreateTable
CREATE TABLE "user" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "email_verified" BOOLEAN NOT NULL DEFAULT false,
    "image" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "role" TEXT,
    "banned" BOOLEAN DEFAULT false,
    "ban_reason" TEXT,
    "ban_expires" TIMESTAMPTZ(3),

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "token" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "user_id" TEXT NOT NULL,
    "active_organization_id" TEXT,
    "impersonated_by" TEXT,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "access_token" TEXT,
    "refresh_token" TEXT,
    "id_token" TEXT,
    "access_token_expires_at" TIMESTAMPTZ(3),
    "refresh_token_expires_at" TIMESTAMPTZ(3),
    "scope" TEXT,
    "password" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "verification" (
    "id" TEXT NOT NULL,
    "identifier" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "organization" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "logo" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "metadata" TEXT,

    CONSTRAINT "organization_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "member" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'member',
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "member_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invitation" (
    "id" TEXT NOT NULL,
    "organization_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "inviter_id" TEXT NOT NULL,

    CONSTRAINT "invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tenant" (
    "id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "host" (
    "id" UUID NOT NULL,
    "info" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "host_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "container" (
    "host_id" UUID NOT NULL,
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "image" TEXT NOT NULL,
    "args" TEXT[],
    "status" TEXT NOT NULL,
    "pid" INTEGER,
    "exit_status" JSONB,
    "oom_killed" BOOLEAN,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "limits" JSONB NOT NULL,
    "terminal" BOOLEAN NOT NULL,
    "deleted" BOOLEAN NOT NULL,

    CONSTRAINT "container_pkey" PRIMARY KEY ("host_id","id")
);

-- CreateTable
CREATE TABLE "incarnation" (
    "host_id" UUID NOT NULL,
    "boot_id" UUID NOT NULL,
    "cgroup_ino" BIGINT NOT NULL,
    "container_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "container_name" TEXT NOT NULL,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "final_at" TIMESTAMPTZ(3),
    "steady" BOOLEAN NOT NULL,

    CONSTRAINT "incarnation_pkey" PRIMARY KEY ("host_id","boot_id","cgroup_ino","container_id")
);

-- CreateTable
CREATE TABLE "reading_minute" (
    "host_id" UUID NOT NULL,
    "boot_id" UUID NOT NULL,
    "cgroup_ino" BIGINT NOT NULL,
    "boottime_msec" BIGINT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "container_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "final" BOOLEAN NOT NULL,
    "cpu_usage_usec" DECIMAL(20,0),
    "cpu_user_usec" DECIMAL(20,0),
    "cpu_system_usec" DECIMAL(20,0),
    "cpu_usage_nsec" DECIMAL(20,0),
    "cpu_throttled_usec" DECIMAL(20,0),
    "cpu_periods" DECIMAL(20,0),
    "cpu_throttled_periods" DECIMAL(20,0),
    "memory_current_bytes" DECIMAL(20,0),
    "memory_peak_bytes" DECIMAL(20,0),
    "memory_oom_kills" DECIMAL(20,0),
    "io_read_bytes" DECIMAL(20,0),
    "io_write_bytes" DECIMAL(20,0),
    "io_read_operations" DECIMAL(20,0),
    "io_write_operations" DECIMAL(20,0),
    "pids_current" DECIMAL(20,0),
    "memory_byte_seconds" DECIMAL(20,0) NOT NULL,
    "memory_limit_byte_seconds" DECIMAL(20,0),
    "cpu_limit_milli_seconds" DECIMAL(20,0),
    "measured_msec" DECIMAL(20,0) NOT NULL,
    "unmeasured_msec" DECIMAL(20,0) NOT NULL,
    "memory_max_bytes" TEXT,
    "cpu_max_millis" TEXT,

    CONSTRAINT "reading_minute_pkey" PRIMARY KEY ("host_id","boot_id","cgroup_ino","boottime_msec")
);

-- CreateTable
CREATE TABLE "reading_conflict" (
    "host_id" UUID NOT NULL,
    "boot_id" UUID NOT NULL,
    "cgroup_ino" BIGINT NOT NULL,
    "boottime_msec" BIGINT NOT NULL,
    "payload_sha256" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reading_conflict_pkey" PRIMARY KEY ("host_id","boot_id","cgroup_ino","boottime_msec","payload_sha256")
);

-- CreateTable
CREATE TABLE "event" (
    "host_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "tenant_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "container_id" TEXT,
    "container_name" TEXT,
    "subject" JSONB,
    "detail" JSONB NOT NULL,
    "transcript" JSONB,

    CONSTRAINT "event_pkey" PRIMARY KEY ("host_id","id")
);

-- CreateTable
CREATE TABLE "journal_cursor" (
    "host_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL DEFAULT 0,
    "missing" BIGINT NOT NULL DEFAULT 0,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "thinned_until" TIMESTAMPTZ(3),

    CONSTRAINT "journal_cursor_pkey" PRIMARY KEY ("host_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_key" ON "session"("token");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "account_user_id_idx" ON "account"("user_id");

-- CreateIndex
CREATE INDEX "verification_identifier_idx" ON "verification"("identifier");

-- CreateIndex
CREATE UNIQUE INDEX "organization_slug_key" ON "organization"("slug");

-- CreateIndex
CREATE INDEX "member_user_id_idx" ON "member"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "member_organization_id_user_id_key" ON "member"("organization_id", "user_id");

-- CreateIndex
CREATE INDEX "invitation_organization_id_idx" ON "invitation"("organization_id");

-- CreateIndex
CREATE INDEX "invitation_email_idx" ON "invitation"("email");

-- CreateIndex
CREATE INDEX "container_tenant_id_deleted_created_at_idx" ON "container"("tenant_id", "deleted", "created_at");

-- CreateIndex
CREATE INDEX "container_tenant_id_id_idx" ON "container"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "incarnation_tenant_id_container_id_idx" ON "incarnation"("tenant_id", "container_id");

-- CreateIndex
CREATE INDEX "reading_minute_host_id_boot_id_cgroup_ino_at_idx" ON "reading_minute"("host_id", "boot_id", "cgroup_ino", "at");

-- CreateIndex
CREATE INDEX "event_tenant_id_id_idx" ON "event"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "event_host_id_container_id_id_idx" ON "event"("host_id", "container_id", "id");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "member" ADD CONSTRAINT "member_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_inviter_id_fkey" FOREIGN KEY ("inviter_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Row-level security. A transaction says whose rows it may touch: `bulkhead.tenants` is '*' or tenant ids with commas
-- between. Unset, it touches none. FORCE holds the tables' owner to it as well; only a superuser passes.
-- The sub-selects make PostgreSQL read the setting once a statement instead of once a row.
DO $$
DECLARE
  tenant_table text;
  host_table text;
  tenant_column text;
  rule text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['tenant', 'container', 'incarnation', 'reading_minute', 'reading_conflict', 'event'] LOOP
    tenant_column := CASE tenant_table WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END;
    rule := format(
      '(SELECT current_setting(''bulkhead.tenants'', true)) = ''*'' '
      'OR %I = ANY (string_to_array((SELECT current_setting(''bulkhead.tenants'', true)), '',''))',
      tenant_column);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY tenant_scope ON %I USING (%s) WITH CHECK (%s)', tenant_table, rule, rule);
  END LOOP;

  -- A host belongs to no tenant: whoever sees all tenants sees it.
  FOREACH host_table IN ARRAY ARRAY['host', 'journal_cursor'] LOOP
    rule := '(SELECT current_setting(''bulkhead.tenants'', true)) = ''*''';
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', host_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', host_table);
    EXECUTE format('CREATE POLICY host_scope ON %I USING (%s) WITH CHECK (%s)', host_table, rule, rule);
  END LOOP;
END
$$;

-- Grants. Sign-in comes before any scope, so its tables have no policy: they are the web's alone.
GRANT USAGE ON SCHEMA public TO bulkhead_web, bulkhead_collector;

GRANT SELECT, INSERT, UPDATE, DELETE
  ON "user", "session", "account", "verification", "organization", "member", "invitation" TO bulkhead_web;
GRANT SELECT
  ON "host", "container", "incarnation", "reading_minute", "reading_conflict", "event", "journal_cursor" TO bulkhead_web;
GRANT SELECT, INSERT ON "tenant" TO bulkhead_web;

GRANT SELECT, INSERT ON "tenant", "event", "reading_conflict" TO bulkhead_collector;
GRANT SELECT, INSERT, UPDATE ON "host", "container", "journal_cursor" TO bulkhead_collector;
GRANT SELECT, INSERT, UPDATE (first_at, final_at, steady) ON "incarnation" TO bulkhead_collector;
-- Readings are never changed; old ones are thinned.
GRANT SELECT, INSERT, DELETE ON "reading_minute" TO bulkhead_collector;
