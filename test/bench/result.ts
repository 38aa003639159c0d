/** What a bench module's `run()` gives. */
export interface BenchResult {
  name: string;
  /** Of ours, peer and floor: `ms`, `rows/s`. */
  unit: string;
  ours: number;
  peer: number;
  /** The least, or most, that is possible at all on this machine, measured in the same run. */
  floor?: number;
  /** As the bench defines it: times as fast as the peer, or times the peer's time. */
  ratio: number;
  /** What the ratio is to reach. */
  goal?: { atLeast: number } | { atMost: number };
  /** Runs that failed; a bench with any has not passed. */
  failures: number;
  /** Anything else to print, a line each. */
  notes?: readonly string[];
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

export function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((left, right) => left.order - right.order)
    .map(({ item }) => item);
}

export function isReached({ ratio, goal, failures }: BenchResult): boolean {
  if (failures > 0 || !Number.isFinite(ratio)) return false;
  if (goal === undefined) return true;
  return 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}
