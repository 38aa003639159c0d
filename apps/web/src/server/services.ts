import type { Database } from '@bulkhead/db';
import type { Logger } from 'pino';
import type { AgentClient } from './agent-client.ts';
import type { Auth } from './auth.ts';
import type { WebConfig } from './config.ts';
import type { HostMeter } from './host-meter.ts';
import type { LiveHost } from './live.ts';
import type { LiveCgroups } from './live-cgroups.ts';

/** What the handlers stand on. */
export interface Services {
  config: Pick<WebConfig, 'hostId' | 'setupFile' | 'retention'>;
  log: Logger;
  database: Database;
  auth: Auth;
  agent: AgentClient;
  live: LiveHost;
  cgroups: LiveCgroups;
  meter: HostMeter;
}
