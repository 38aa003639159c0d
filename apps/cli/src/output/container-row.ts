import { type Container, exitCodeOf, shortEnd, type Workload } from '@bulkhead/model';
import { formatDuration } from './quantity.ts';

const secondsSince = (timestamp: string, nowMsec: number): number => Math.max(0, (nowMsec - Date.parse(timestamp)) / 1000);

/** `Up 5 minutes`, `Exited (0) 3 hours ago`: state and time in one column, as people know it. */
export function describeStatus(container: Container, nowMsec: number): string {
  switch (container.status) {
    case 'creating':
      return 'Creating';
    case 'created':
      return 'Created';
    case 'running':
      return container.startedAt === undefined ? 'Up' : `Up ${formatDuration(secondsSince(container.startedAt, nowMsec))}`;
    case 'stopped': {
      const code =
        container.exitStatus === undefined || container.exitStatus.kind === 'unknown' ? 'unknown' : exitCodeOf(container.exitStatus);
      const when = container.finishedAt === undefined ? '' : ` ${formatDuration(secondsSince(container.finishedAt, nowMsec))} ago`;
      return `Exited (${code})${when}`;
    }
  }
}

const shorten = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

const head = ['ID', 'NAME', 'TENANT', 'IMAGE', 'COMMAND', 'STATUS', 'PID'] as const;
/** @param withEnded whether those that ended are listed too, with why they did */
export const containerHead = (withEnded: boolean): string[] => (withEnded ? [...head, 'ENDED BY'] : [...head]);

export function containerRow(container: Container, nowMsec: number, withEnded: boolean): string[] {
  return [
    container.id,
    container.name,
    container.tenantId,
    container.image,
    shorten(container.args.join(' '), 30),
    describeStatus(container, nowMsec),
    container.pid === undefined ? '' : String(container.pid),
    ...(withEnded ? [shortEnd(container) ?? ''] : []),
  ];
}

export const foreignHead = ['ID', 'NAME', 'RUNTIME', 'IMAGE', 'COMMAND', 'STATUS', 'PID'] as const;

export function foreignRow({ maker, leader, startedAt }: Workload, nowMsec: number): string[] {
  const { runtime, externalId = '', name, nameMissing, image = '-', instance } = maker;
  return [
    externalId.slice(0, 16),
    nameMissing === undefined ? shorten(name, 50) : `- (${nameMissing})`,
    instance === undefined ? runtime : `${runtime} ${instance}`,
    shorten(image, 40),
    shorten(leader.command, 30),
    `Up ${formatDuration(secondsSince(startedAt, nowMsec))}`,
    String(leader.pid),
  ];
}
