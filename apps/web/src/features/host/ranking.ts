/** The largest first; what was not measured is not ranked. */
export function rankByUse<T extends { value: number | undefined }>(items: readonly T[], most: number): (T & { value: number })[] {
  return items
    .flatMap((item) => (item.value === undefined ? [] : [{ ...item, value: item.value }]))
    .sort((a, b) => b.value - a.value)
    .slice(0, most);
}

/** What is known where there is nothing to rank. */
interface Known {
  /** False until the containers were told. */
  known: boolean;
  /** True where nobody tells. */
  away: boolean;
  /** What runs and can be measured. */
  running: number;
  /** What runs without a cgroup of its own. */
  unmeasured: number;
}

/** Why there is nothing to rank. That nothing runs is said only where that is known. */
export function whyNothing({ known, away, running, unmeasured }: Known): 'waiting' | 'useUnknown' | 'noneRunning' | 'noneMeasured' {
  if (away) return 'useUnknown';
  if (!known || running > 0) return 'waiting';
  return unmeasured > 0 ? 'noneMeasured' : 'noneRunning';
}

/** CPU in use between two totals of the same process, in thousandths; undefined where they cannot be compared. */
export function cpuBetween(
  before: { atMsec: number; cpuUsec: bigint } | undefined,
  now: { atMsec: number; cpuUsec: bigint },
): number | undefined {
  if (before === undefined || now.atMsec <= before.atMsec || now.cpuUsec < before.cpuUsec) return undefined;
  return Number(now.cpuUsec - before.cpuUsec) / (now.atMsec - before.atMsec);
}
