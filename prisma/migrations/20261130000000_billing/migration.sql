-- Prices, credits and invoices. Tables as Prisma writes them, then what the database itself sees to: prices in force, the
-- ledger of credits and issued invoices are not changed by anybody, numbers have no gap, and each invoice is chained to
-- the one before it.

-- CreateTable
CREATE TABLE "billing_issuer" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "name" TEXT NOT NULL,
    "details" TEXT,
    "series" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "billing_issuer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "billing_account" (
    "tenant_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "address" TEXT,
    "zone" TEXT NOT NULL,
    "rounding" TEXT NOT NULL,
    "tax_rate" TEXT NOT NULL,
    "tax_name" TEXT NOT NULL,
    "grace_hours" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "billing_account_pkey" PRIMARY KEY ("tenant_id")
);

-- CreateTable
CREATE TABLE "price_plan" (
    "id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "price_plan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "price_plan_version" (
    "plan_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "document" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "price_plan_version_pkey" PRIMARY KEY ("plan_id","version")
);

-- CreateTable
CREATE TABLE "plan_assignment" (
    "tenant_id" TEXT NOT NULL,
    "from_at" TIMESTAMPTZ(3) NOT NULL,
    "to_at" TIMESTAMPTZ(3),
    "plan_id" TEXT NOT NULL,

    CONSTRAINT "plan_assignment_pkey" PRIMARY KEY ("tenant_id","from_at")
);

-- CreateTable
CREATE TABLE "credit_ledger" (
    "tenant_id" TEXT NOT NULL,
    "credit_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "entry" JSONB NOT NULL,
    "by" TEXT NOT NULL,

    CONSTRAINT "credit_ledger_pkey" PRIMARY KEY ("tenant_id","credit_id","kind","reference")
);

-- CreateTable
CREATE TABLE "invoice_series" (
    "series" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,

    CONSTRAINT "invoice_series_pkey" PRIMARY KEY ("series")
);

-- CreateTable
CREATE TABLE "invoice" (
    "series" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "number" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "month" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "period_end" TIMESTAMPTZ(3) NOT NULL,
    "status" TEXT NOT NULL,
    "finalised_at" TIMESTAMPTZ(3) NOT NULL,
    "previous_hash" TEXT,
    "hash" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "paid_at" TIMESTAMPTZ(3),
    "payment" TEXT,
    "voided_at" TIMESTAMPTZ(3),
    "void_reason" TEXT,
    "refers_to" TEXT,

    CONSTRAINT "invoice_pkey" PRIMARY KEY ("series","sequence")
);

-- CreateTable
CREATE TABLE "invoice_evidence" (
    "series" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "content" BYTEA NOT NULL,

    CONSTRAINT "invoice_evidence_pkey" PRIMARY KEY ("series","sequence")
);

-- CreateIndex
CREATE INDEX "plan_assignment_plan_id_idx" ON "plan_assignment"("plan_id");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_number_key" ON "invoice"("number");

-- CreateIndex
CREATE INDEX "invoice_tenant_id_period_start_idx" ON "invoice"("tenant_id", "period_start");

-- AddForeignKey
ALTER TABLE "price_plan_version" ADD CONSTRAINT "price_plan_version_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "price_plan"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "plan_assignment" ADD CONSTRAINT "plan_assignment_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "price_plan"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "invoice_evidence" ADD CONSTRAINT "invoice_evidence_series_sequence_fkey" FOREIGN KEY ("series", "sequence") REFERENCES "invoice"("series", "sequence") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- What is only added to.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: what stands there is never changed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER credit_ledger_is_append_only BEFORE UPDATE OR DELETE ON "credit_ledger" FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER invoice_evidence_is_kept BEFORE UPDATE OR DELETE ON "invoice_evidence" FOR EACH ROW EXECUTE FUNCTION refuse_change();
DO $$
DECLARE
  kept text;
BEGIN
  FOREACH kept IN ARRAY ARRAY['price_plan', 'price_plan_version', 'plan_assignment', 'credit_ledger', 'invoice_series', 'invoice',
    'invoice_evidence'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
      kept || '_is_not_emptied', kept);
  END LOOP;
END
$$;

-- Versions of prices: one after the other, and never changed once they are in force. One that is not yet may be taken back.
CREATE FUNCTION guard_price_plan_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_one price_plan_version;
  said jsonb;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'a version of a price plan never changes: a change of prices is a new version' USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF OLD.effective_from <= now() THEN
      RAISE EXCEPTION 'version % of plan % is in force since %', OLD.version, OLD.plan_id, OLD.effective_from
        USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM price_plan_version v WHERE v.plan_id = OLD.plan_id AND v.version > OLD.version)
      OR (OLD.version = 1 AND EXISTS (SELECT FROM plan_assignment a WHERE a.plan_id = OLD.plan_id)) THEN
      RAISE EXCEPTION 'version % of plan % is not the last one, or is assigned', OLD.version, OLD.plan_id
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  -- One at a time for each plan.
  PERFORM FROM price_plan WHERE id = NEW.plan_id FOR UPDATE;
  SELECT * INTO last_one FROM price_plan_version v WHERE v.plan_id = NEW.plan_id ORDER BY v.version DESC LIMIT 1;
  IF NEW.version <> coalesce(last_one.version, 0) + 1 THEN
    RAISE EXCEPTION 'version % does not follow version %', NEW.version, coalesce(last_one.version, 0) USING ERRCODE = 'restrict_violation';
  END IF;
  IF last_one.version IS NOT NULL AND (NEW.effective_from <= last_one.effective_from OR NEW.effective_from <= now()) THEN
    RAISE EXCEPTION 'prices of the past cannot change: version % would be in force from %', NEW.version, NEW.effective_from
      USING ERRCODE = 'restrict_violation';
  END IF;
  said := NEW.document::jsonb;
  IF (said ->> 'planId', (said ->> 'version')::int, (said ->> 'effectiveFrom')::timestamptz)
    IS DISTINCT FROM (NEW.plan_id, NEW.version, NEW.effective_from) THEN
    RAISE EXCEPTION 'the document of version % says something else than its row', NEW.version USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER price_plan_version_guard BEFORE INSERT OR UPDATE OR DELETE ON "price_plan_version"
  FOR EACH ROW EXECUTE FUNCTION guard_price_plan_version();

-- Which plan was in force in a period that was billed stays as it was.
CREATE FUNCTION guard_plan_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched timestamptz;
  tenant text := CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END;
BEGIN
  -- One at a time for each tenant; finalising takes the same lock.
  PERFORM FROM billing_account b WHERE b.tenant_id = tenant FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'tenant % has no billing account', tenant USING ERRCODE = 'restrict_violation';
  END IF;
  CASE TG_OP
    WHEN 'INSERT' THEN touched := NEW.from_at;
    WHEN 'DELETE' THEN touched := OLD.from_at;
    ELSE
      IF (NEW.tenant_id, NEW.from_at, NEW.plan_id) IS DISTINCT FROM (OLD.tenant_id, OLD.from_at, OLD.plan_id) THEN
        RAISE EXCEPTION 'of an assignment only the end may change' USING ERRCODE = 'restrict_violation';
      END IF;
      touched := least(coalesce(NEW.to_at, 'infinity'), coalesce(OLD.to_at, 'infinity'));
  END CASE;
  IF EXISTS (SELECT FROM invoice i WHERE i.tenant_id = tenant AND i.kind = 'invoice' AND i.status <> 'void' AND i.period_end > touched) THEN
    RAISE EXCEPTION 'plans of a period that was billed cannot change: tenant % has an invoice beyond %', tenant, touched
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF NEW.to_at <= NEW.from_at
    OR EXISTS (SELECT FROM plan_assignment a WHERE a.tenant_id = tenant AND a.from_at < NEW.from_at AND a.to_at > NEW.from_at)
    OR EXISTS (SELECT FROM plan_assignment a WHERE a.tenant_id = tenant AND a.from_at > NEW.from_at AND a.from_at < NEW.to_at) THEN
    RAISE EXCEPTION 'tenant % would have two plans at once, or one for no time, from %', tenant, NEW.from_at
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER plan_assignment_guard BEFORE INSERT OR UPDATE OR DELETE ON "plan_assignment"
  FOR EACH ROW EXECUTE FUNCTION guard_plan_assignment();

-- Gives the next number of the series, and holds the hash to the content and to the invoice before it. With the rights of
-- the tables' owner: nobody else moves a series.
CREATE FUNCTION issue_invoice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  next_sequence int;
  hash_before text;
  said jsonb := NEW.content::jsonb;
BEGIN
  IF NEW.status <> 'finalised' OR num_nonnulls(NEW.paid_at, NEW.payment, NEW.voided_at, NEW.void_reason) > 0 THEN
    RAISE EXCEPTION 'an invoice begins as finalised' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (said ->> 'kind', said #>> '{account,tenantId}', said #>> '{period,month}',
      (said #>> '{period,start}')::timestamptz, (said #>> '{period,end}')::timestamptz)
    IS DISTINCT FROM (NEW.kind, NEW.tenant_id, NEW.month, NEW.period_start, NEW.period_end) THEN
    RAISE EXCEPTION 'the content of % says something else than its row', NEW.number USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM FROM billing_account b WHERE b.tenant_id = NEW.tenant_id FOR UPDATE;
  IF NEW.kind = 'invoice' THEN
    IF NEW.period_end > NEW.finalised_at THEN
      RAISE EXCEPTION 'the period of % has not ended', NEW.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM invoice i WHERE i.tenant_id = NEW.tenant_id AND i.kind = 'invoice' AND i.status <> 'void'
        AND i.period_start < NEW.period_end AND i.period_end > NEW.period_start) THEN
      RAISE EXCEPTION 'tenant % has an invoice for % already', NEW.tenant_id, NEW.month USING ERRCODE = 'restrict_violation';
    END IF;
  ELSIF NOT EXISTS (SELECT FROM invoice i WHERE i.number = NEW.refers_to AND i.tenant_id = NEW.tenant_id AND i.kind = 'invoice'
      AND i.status <> 'void') THEN
    RAISE EXCEPTION 'there is no invoice % that a credit note could give back from', NEW.refers_to USING ERRCODE = 'restrict_violation';
  END IF;
  INSERT INTO invoice_series AS s (series, sequence) VALUES (NEW.series, 1)
    ON CONFLICT (series) DO UPDATE SET sequence = s.sequence + 1 RETURNING s.sequence INTO next_sequence;
  IF NEW.sequence <> next_sequence
    OR NEW.number <> NEW.series || '-' || lpad(next_sequence::text, greatest(6, length(next_sequence::text)), '0') THEN
    RAISE EXCEPTION '% is not the next number of series %', NEW.number, NEW.series USING ERRCODE = 'restrict_violation';
  END IF;
  SELECT i.hash INTO hash_before FROM invoice i WHERE i.series = NEW.series AND i.sequence = NEW.sequence - 1;
  IF NEW.previous_hash IS DISTINCT FROM hash_before OR (hash_before IS NULL AND NEW.sequence > 1) THEN
    RAISE EXCEPTION '% is not chained to the invoice before it', NEW.number USING ERRCODE = 'restrict_violation';
  END IF;
  -- The canonical JSON of packages/accounting/src/invoice/lifecycle.ts, hashInvoice.
  IF NEW.hash <> encode(sha256(convert_to(
      '{"content":' || NEW.content
      || ',"finalisedAt":"' || to_char(NEW.finalised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      || '","number":"' || NEW.number
      || '","previousHash":' || coalesce('"' || NEW.previous_hash || '"', 'null')
      || ',"sequence":' || NEW.sequence
      || ',"series":"' || NEW.series || '"}', 'UTF8')), 'hex') THEN
    RAISE EXCEPTION 'the hash of % is not that of its content', NEW.number USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER invoice_is_issued BEFORE INSERT ON "invoice" FOR EACH ROW EXECUTE FUNCTION issue_invoice();

-- Of an issued invoice nothing changes but what became of it, and that once.
CREATE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outcome CONSTANT text[] := ARRAY['status', 'paid_at', 'payment', 'voided_at', 'void_reason'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'invoice % was issued and stays', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  IF to_jsonb(NEW) - outcome <> to_jsonb(OLD) - outcome THEN
    RAISE EXCEPTION 'invoice % was issued and never changes', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.status = 'finalised' AND NEW.status = 'paid' AND num_nonnulls(NEW.paid_at, NEW.payment) = 2
    AND num_nonnulls(NEW.voided_at, NEW.void_reason) = 0 THEN
    RETURN NEW;
  END IF;
  IF OLD.status = 'finalised' AND NEW.status = 'void' AND num_nonnulls(NEW.voided_at, NEW.void_reason) = 2
    AND num_nonnulls(NEW.paid_at, NEW.payment) = 0
    AND NOT EXISTS (SELECT FROM invoice n WHERE n.refers_to = OLD.number AND n.tenant_id = OLD.tenant_id AND n.status <> 'void') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'invoice % is % and cannot become %', OLD.number, OLD.status, NEW.status USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER invoice_guard BEFORE UPDATE OR DELETE ON "invoice" FOR EACH ROW EXECUTE FUNCTION guard_invoice();

-- Row-level security, by the rules of the first migration. A plan is seen by whom it is assigned to.
DO $$
DECLARE
  all_tenants text := '(SELECT current_setting(''bulkhead.tenants'', true)) = ''*''';
  own text := all_tenants || ' OR tenant_id = ANY (string_to_array((SELECT current_setting(''bulkhead.tenants'', true)), '',''))';
  place text;
BEGIN
  FOREACH place IN ARRAY ARRAY['billing_account', 'plan_assignment', 'credit_ledger', 'invoice', 'invoice_evidence'] LOOP
    EXECUTE format('CREATE POLICY tenant_scope ON %I USING (%s) WITH CHECK (%s)', place, own, own);
  END LOOP;
  FOREACH place IN ARRAY ARRAY['billing_issuer', 'invoice_series'] LOOP
    EXECUTE format('CREATE POLICY host_scope ON %I USING (%s) WITH CHECK (%s)', place, all_tenants, all_tenants);
  END LOOP;
  EXECUTE format('CREATE POLICY assigned_scope ON "price_plan" USING (%s OR id IN (SELECT plan_id FROM plan_assignment)) WITH CHECK (%s)',
    all_tenants, all_tenants);
  EXECUTE format(
    'CREATE POLICY assigned_scope ON "price_plan_version" USING (%s OR plan_id IN (SELECT plan_id FROM plan_assignment)) WITH CHECK (%s)',
    all_tenants, all_tenants);
  FOREACH place IN ARRAY ARRAY['billing_account', 'plan_assignment', 'credit_ledger', 'invoice', 'invoice_evidence', 'billing_issuer',
    'invoice_series', 'price_plan', 'price_plan_version'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', place);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', place);
  END LOOP;
END
$$;

-- Grants. Nobody but the owner's function moves a series.
GRANT SELECT, INSERT, UPDATE ON "billing_issuer", "billing_account" TO bulkhead_web;
-- FOR UPDATE asks for the right to update something.
GRANT SELECT, INSERT, UPDATE (created_at), DELETE ON "price_plan" TO bulkhead_web;
GRANT SELECT, INSERT, DELETE ON "price_plan_version" TO bulkhead_web;
GRANT SELECT, INSERT, UPDATE (to_at), DELETE ON "plan_assignment" TO bulkhead_web;
GRANT SELECT, INSERT ON "credit_ledger", "invoice_evidence" TO bulkhead_web;
GRANT SELECT ON "invoice_series" TO bulkhead_web;
GRANT SELECT, INSERT, UPDATE (status, paid_at, payment, voided_at, void_reason) ON "invoice" TO bulkhead_web;
