import type { Container } from '@bulkhead/model';
import { signalName } from '@bulkhead/model/end-cause';
import { signalNumbers } from '@bulkhead/model/exit-code';
import type { State } from '../../components/state-mark.tsx';

export type StatusWord = 'creating' | 'created' | 'running' | 'out-of-memory' | 'exited' | 'signalled' | 'ended-unknown';

export interface StatusView {
  state: State;
  word: StatusWord;
  /** Exit code or signal, where the word has a place for it. */
  value: string;
}

/** Signals with which people end a container on purpose. */
const asked: ReadonlySet<number> = new Set([signalNumbers.TERM, signalNumbers.INT, signalNumbers.HUP]);

/** A container's status in one of the four states and one word. */
export function statusOf(container: Pick<Container, 'status' | 'exitStatus' | 'oomKilled'>): StatusView {
  const { status, exitStatus, oomKilled } = container;
  if (status === 'running') return { state: oomKilled === true ? 'attention' : 'good', word: 'running', value: '' };
  if (status !== 'stopped') return { state: 'unknown', word: status, value: '' };
  if (oomKilled === true) return { state: 'bad', word: 'out-of-memory', value: '' };
  if (exitStatus === undefined || exitStatus.kind === 'unknown') return { state: 'unknown', word: 'ended-unknown', value: '' };
  if (exitStatus.kind === 'exited')
    return { state: exitStatus.code === 0 ? 'unknown' : 'attention', word: 'exited', value: String(exitStatus.code) };
  return { state: asked.has(exitStatus.signal) ? 'unknown' : 'attention', word: 'signalled', value: signalName(exitStatus.signal) };
}
