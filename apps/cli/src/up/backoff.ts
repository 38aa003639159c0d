const firstMsec = 200;
const longestMsec = 30_000;

/** How long to wait before the next start, after so many failures in a row: 0.2 s, doubled each time, 30 s at most. */
export const nextBackoffMsec = (failuresInARow: number): number => Math.min(longestMsec, firstMsec * 2 ** Math.max(0, failuresInARow - 1));
