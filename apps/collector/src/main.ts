import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPrivateKey } from '@bulkhead/api/statement';
import { createDatabase, groupsToMeter, KnownCgroups, KnownIncarnations, upsertHost } from '@bulkhead/db';
import { defaultRetention, HostInfo, instancePaths, Problem, ServiceConfig } from '@bulkhead/model';
import { pino } from 'pino';
import { type AgentConnection, connectAgent } from './agent-client.ts';
import { collect, largestPage, type Source } from './collect.ts';
import { Condition, explain, troubleOf } from './condition.ts';
import { readConfigFile } from './env.ts';
import { applyRetention, rollUpHours, rollUpLedger } from './retention.ts';

const hostEveryMsec = 30_000;
const groupsEveryMsec = 5000;
const rollUpEveryMsec = 60_000;
const retentionEveryMsec = 3_600_000;

const log = pino({ base: { service: 'collector' }, timestamp: pino.stdTimeFunctions.isoTime });

function readConfig() {
  const file = readConfigFile();
  const { databaseUrl, signingKeyFile, ...config } = ServiceConfig.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (databaseUrl === undefined || signingKeyFile === undefined)
    throw new Problem('invalid', `${file}: the collector needs databaseUrl and signingKeyFile`);
  return { ...config, databaseUrl, signingKeyFile };
}

/** Runs once in a while, and in the next pass again where it did not come to its end. */
class Periodic {
  #dueMsec = 0;
  readonly #everyMsec: number;
  constructor(everyMsec: number) {
    this.#everyMsec = everyMsec;
  }
  async run(work: () => Promise<'done' | 'unfinished'>): Promise<void> {
    if (performance.now() < this.#dueMsec) return;
    if ((await work()) === 'done') this.#dueMsec = performance.now() + this.#everyMsec;
  }
}

async function refreshHost({ agent, database }: Source & { agent: AgentConnection['agent'] }): Promise<'done'> {
  await upsertHost(database, HostInfo.parse(await agent.host.info.query({})));
  return 'done';
}

/** Tells the agent which groups tenants own: it goes on with the last list while nobody tells it another. */
async function tellGroups({ agent, database, hostId }: Source & { agent: AgentConnection['agent'] }): Promise<'done'> {
  await agent.ledger.meter.mutate({ paths: await groupsToMeter(database, hostId) });
  return 'done';
}

async function run(signal: AbortSignal): Promise<void> {
  const config = readConfig();
  const { hostId } = config;
  const database = createDatabase(config.databaseUrl, { applicationName: 'bulkhead-collector', maxConnections: 2 });
  const { agent, close } = connectAgent({
    hostId,
    socketPath: instancePaths(config.stateDirectory, config.instance).agentSocket,
    privateKey: readPrivateKey(readFileSync(config.signingKeyFile, 'utf8')),
  });
  const source = { hostId, agent, database, known: new KnownIncarnations(), cgroups: new KnownCgroups() };
  const kept = config.retention ?? defaultRetention;
  const condition = new Condition();
  const host = new Periodic(hostEveryMsec);
  const groups = new Periodic(groupsEveryMsec);
  const rollUp = new Periodic(rollUpEveryMsec);
  const ledger = new Periodic(rollUpEveryMsec);
  const retention = new Periodic(retentionEveryMsec);
  log.info({ hostId, version: config.version }, 'collector started');

  let limit = largestPage;
  while (!signal.aborted) {
    let more = false;
    try {
      const collected = await collect({ ...source, limit });
      limit = Math.min(largestPage, limit * 2);
      ({ more } = collected);
      if (collected.conflicts > 0) log.error(collected, 'readings came again with another payload; the first ones count');
      if (collected.missing > 0) log.error(collected, 'entries of the journal are missing');
      if (collected.restarted) log.warn(collected, 'the journal ends before the cursor: the agent lost it, reading it from its beginning');
      // What follows can wait: the journal cannot.
      if (!more) {
        await host.run(() => refreshHost(source));
        await groups.run(() => tellGroups(source));
        await rollUp.run(() => rollUpHours(source));
        await ledger.run(() => rollUpLedger(source));
        await retention.run(() => applyRetention(source, kept, log));
      }
      const change = condition.note('collecting');
      if (change !== undefined) log.info({ ...change, seq: collected.seq }, 'collecting');
    } catch (failure) {
      more = false;
      const trouble = troubleOf(failure);
      // A page that is too large, or that one entry spoils, is narrowed down to that entry.
      if (trouble === 'failed') limit = Math.max(1, Math.floor(limit / 2));
      const change = condition.note(trouble);
      if (change !== undefined) log.warn({ ...change, error: explain(failure) }, 'not collecting, trying again');
    }
    if (!more) await sleep(condition.waitMsec, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled([close(), database.close()]);
  log.info('collector stopped');
}

const stopping = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort());
try {
  await run(stopping.signal);
} catch (failure) {
  log.fatal({ error: explain(failure) }, 'the collector cannot run');
  process.exitCode = 1;
}
