import type { EventKind } from '@bulkhead/model';
import type { State } from '../../components/state-mark.tsx';

/** Kinds of events in the order they are offered, with the key of their words. */
export const eventWords = {
  'container.created': 'containerCreated',
  'container.create-failed': 'containerCreateFailed',
  'container.started': 'containerStarted',
  'container.exited': 'containerExited',
  'container.deleted': 'containerDeleted',
  'container.signalled': 'containerSignalled',
  'container.exec-started': 'containerExecStarted',
  'container.exec-exited': 'containerExecExited',
  'container.oom-killed': 'containerOomKilled',
  'container.updated': 'containerUpdated',
  'cgroup.set': 'cgroupSet',
  'cgroup.created': 'cgroupCreated',
  'cgroup.removed': 'cgroupRemoved',
  'cgroup.moved': 'cgroupMoved',
  'cgroup.frozen': 'cgroupFrozen',
  'cgroup.thawed': 'cgroupThawed',
  'cgroup.killed': 'cgroupKilled',
  'agent.started': 'agentStarted',
  'agent.recovered': 'agentRecovered',
  'launcher.lost': 'launcherLost',
  'launcher.upgraded': 'launcherUpgraded',
  'lab.started': 'labStarted',
  'lab.ended': 'labEnded',
  'host.clock-stepped': 'hostClockStepped',
  'authorisation.refused': 'authorisationRefused',
  'cgroup.config-imported': 'cgroupConfigImported',
  'cgroup.config-applied': 'cgroupConfigApplied',
  'cgroup.config-failed': 'cgroupConfigFailed',
  'cgroup.config-removed': 'cgroupConfigRemoved',
} as const satisfies Record<EventKind, string>;

const states: Partial<Record<EventKind, State>> = {
  'container.create-failed': 'bad',
  'container.oom-killed': 'bad',
  'launcher.lost': 'bad',
  'cgroup.config-failed': 'bad',
  'agent.recovered': 'attention',
  'host.clock-stepped': 'attention',
  'authorisation.refused': 'attention',
  'cgroup.frozen': 'attention',
  'cgroup.killed': 'attention',
  'container.started': 'good',
  'launcher.upgraded': 'good',
  'cgroup.config-imported': 'good',
  'cgroup.config-applied': 'good',
};

export const eventState = (kind: EventKind): State => states[kind] ?? 'unknown';
