import type { Caller, HostPoint } from '@bulkhead/api';
import type { HostUse } from '@bulkhead/model';
import type { AgentClient } from './agent-client.ts';

const everyMsec = 5_000;
const keptMsec = 15 * 60_000;
/** Two readings further apart than this say nothing about what was between them. */
const comparableMsec = 3 * everyMsec;

const own: Caller = { subject: { kind: 'service', id: 'web', name: 'dashboard' }, role: 'administrator', tenants: 'all' };

/** Use of the host between two readings; without the CPU where they cannot be compared. */
export function pointOf(before: HostUse | undefined, now: HostUse): HostPoint {
  const point: HostPoint = { at: now.at, memoryUsedBytes: Number(now.memoryUsedBytes) };
  if (before === undefined) return point;
  const elapsedMsec = Date.parse(now.at) - Date.parse(before.at);
  const busyUsec = Number(BigInt(now.cpuBusyUsec) - BigInt(before.cpuBusyUsec));
  // A counter that went back: the host was booted anew.
  return elapsedMsec > 0 && elapsedMsec <= comparableMsec && busyUsec >= 0 ? { ...point, cpuMillis: busyUsec / elapsedMsec } : point;
}

/** Reads the host's use now and then, so that its chart is there when somebody comes to look. */
export class HostMeter {
  readonly #agent: AgentClient;
  readonly #timer: NodeJS.Timeout;
  #points: HostPoint[] = [];
  #last: HostUse | undefined;
  #asking = false;

  constructor(agent: AgentClient) {
    this.#agent = agent;
    this.#timer = setInterval(() => void this.#read(), everyMsec);
    void this.#read();
  }

  points(): HostPoint[] {
    const oldest = Date.now() - keptMsec;
    return this.#points.filter((point) => Date.parse(point.at) >= oldest);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const use = await this.#agent.host.use.query({}, { context: { caller: own } });
      this.#points = [...this.points(), pointOf(this.#last, use)];
      this.#last = use;
    } catch {
      // The agent is away: that is a gap in the chart, told by the connection to it and not once more here.
    } finally {
      this.#asking = false;
    }
  }
}
