import type { Container, ExitStatus } from './container.ts';
import { exitCodeOf, signalNumbers } from './exit-code.ts';
import type { PostMortem } from './post-mortem.ts';
import type { Subject } from './subject.ts';

/** Why a container ended, for words in any language. Sizes in bytes. */
export type EndCause =
  /** The OOM killer ended its first process, because the container reached its own limit. */
  | { kind: 'memory-limit'; limitBytes: number; peakBytes: number | undefined }
  /** … because a group above it reached its limit. */
  | { kind: 'memory-limit-above'; path: string; peakBytes: number | undefined }
  /** … because the host had no memory left. */
  | { kind: 'memory-host'; peakBytes: number | undefined }
  /** … and whose limit it was is not known. */
  | { kind: 'memory-unknown'; peakBytes: number | undefined }
  /** It ended by itself after the OOM killer had ended other processes of it. */
  | { kind: 'after-oom-kill'; code: number; kills: number | undefined; command: string | undefined }
  /** Somebody asked for it. */
  | { kind: 'asked'; subject: Subject; signal: number; exitStatus: ExitStatus }
  /** A signal that nobody asked us for. */
  | { kind: 'signal'; signal: number; coreDumped: boolean }
  /** It failed after forks had been refused. */
  | { kind: 'after-refused-forks'; code: number; refusals: number }
  | { kind: 'done' }
  | { kind: 'not-found' }
  | { kind: 'failed'; code: number }
  | { kind: 'unknown'; reason: string | undefined };

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

/** Signals that people end something with; others are for programs that take them. */
const ending: ReadonlySet<number> = new Set([signalNumbers.TERM, signalNumbers.INT, signalNumbers.QUIT, signalNumbers.KILL]);
/** Who ends by itself, so long after it was asked to, did not end for that. */
const heededMsec = 60_000;

/** A limit counts as reached at this share of it: the kernel charges in batches of pages. */
const reachedShare = 0.98;

function memoryCause(card: PostMortem | undefined, container: Pick<Container, 'limits'>): EndCause {
  const peakBytes = numberOf(card?.reading?.memoryPeakBytes);
  const last = card?.victims.at(-1);
  const limit = card?.limits?.memoryMaxBytes ?? container.limits.memoryMaxBytes;
  if (last !== undefined) {
    if (last.limitPath === undefined) return { kind: 'memory-host', peakBytes };
    if (last.limitPath !== card?.cgroupPath) return { kind: 'memory-limit-above', path: last.limitPath, peakBytes };
    if (typeof limit === 'number') return { kind: 'memory-limit', limitBytes: limit, peakBytes };
  }
  const isReached = typeof limit === 'number' && (peakBytes === undefined || peakBytes >= limit * reachedShare);
  return isReached ? { kind: 'memory-limit', limitBytes: limit, peakBytes } : { kind: 'memory-unknown', peakBytes };
}

/** Why a container ended, as far as exit status and card tell; without a card, by the status alone. */
export function endCauseOf(
  container: Pick<Container, 'exitStatus' | 'oomKilled' | 'limits' | 'finishedAt'>,
  card: PostMortem | undefined,
): EndCause {
  const exitStatus = card?.exitStatus ?? container.exitStatus;
  if (exitStatus === undefined || exitStatus.kind === 'unknown') return { kind: 'unknown', reason: exitStatus?.reason };
  const kills = numberOf(card?.reading?.memoryOomKills);
  const wasKilled = container.oomKilled === true || (kills ?? 0) > 0;
  const asked = card?.signalled;
  if (exitStatus.kind === 'signaled') {
    if (wasKilled && exitStatus.signal === signalNumbers.KILL && asked?.signal !== signalNumbers.KILL) return memoryCause(card, container);
    // A stop that was not heeded ends with SIGKILL.
    const isAsked = asked !== undefined && (asked.signal === exitStatus.signal || exitStatus.signal === signalNumbers.KILL);
    if (isAsked) return { kind: 'asked', subject: asked.subject, signal: asked.signal, exitStatus };
    return { kind: 'signal', signal: exitStatus.signal, coreDumped: exitStatus.coreDumped };
  }
  const { code } = exitStatus;
  const endedAt = card?.finishedAt ?? container.finishedAt;
  const isHeeded = asked !== undefined && endedAt !== undefined && Date.parse(endedAt) - Date.parse(asked.at) <= heededMsec;
  if (isHeeded && ending.has(asked.signal)) return { kind: 'asked', subject: asked.subject, signal: asked.signal, exitStatus };
  if (wasKilled && code !== 0) return { kind: 'after-oom-kill', code, kills, command: card?.victims.at(-1)?.command };
  if (code === 0) return { kind: 'done' };
  const refusals = card?.pidsRefusals ?? 0;
  if (refusals > 0) return { kind: 'after-refused-forks', code, refusals };
  return code === 127 ? { kind: 'not-found' } : { kind: 'failed', code };
}

const signalNames = new Map<number, string>(Object.entries(signalNumbers).map(([name, number]) => [number, `SIG${name}`]));
/** `SIGKILL`; the number of one that has no name. */
export const signalName = (signal: number): string => signalNames.get(signal) ?? `signal ${signal}`;

/** A few words for a list: `OOM killed`, `exit 137 (SIGKILL)`, `exit 1, after an OOM kill`; undefined while it has not ended. */
export function shortEnd({ status, exitStatus, oomKilled }: Pick<Container, 'status' | 'exitStatus' | 'oomKilled'>): string | undefined {
  if (status !== 'stopped') return undefined;
  if (exitStatus === undefined || exitStatus.kind === 'unknown') return 'unknown';
  if (exitStatus.kind === 'exited') return `exit ${exitStatus.code}${oomKilled === true ? ', after an OOM kill' : ''}`;
  if (oomKilled === true && exitStatus.signal === signalNumbers.KILL) return 'OOM killed';
  return `exit ${exitCodeOf(exitStatus)} (${signalName(exitStatus.signal)})`;
}
