/** The largest first; what was not measured is not ranked. */
export function rankByUse<T extends { value: number | undefined }>(items: readonly T[], most: number): (T & { value: number })[] {
  return items
    .flatMap((item) => (item.value === undefined ? [] : [{ ...item, value: item.value }]))
    .sort((a, b) => b.value - a.value)
    .slice(0, most);
}

/** Why there is nothing to rank. That nothing runs is said only where that is known. */
export function whyNothing({
  known,
  away,
  running,
}: {
  known: boolean;
  away: boolean;
  running: number;
}): 'waiting' | 'useUnknown' | 'noneRunning' {
  if (away) return 'useUnknown';
  return known && running === 0 ? 'noneRunning' : 'waiting';
}

/** CPU in use between two totals of the same process, in thousandths; undefined where they cannot be compared. */
export function cpuBetween(
  before: { atMsec: number; cpuUsec: bigint } | undefined,
  now: { atMsec: number; cpuUsec: bigint },
): number | undefined {
  if (before === undefined || now.atMsec <= before.atMsec || now.cpuUsec < before.cpuUsec) return undefined;
  return Number(now.cpuUsec - before.cpuUsec) / (now.atMsec - before.atMsec);
}
