export const periods = ['today', 'month', 'last30', 'all'] as const;
export type Period = (typeof periods)[number];

const dayMsec = 86_400_000;

/** When a period began, in the reader's time zone; undefined for all time. */
export function periodStart(period: Period, nowMsec: number): number | undefined {
  const now = new Date(nowMsec);
  switch (period) {
    case 'today':
      return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
    case 'month':
      return new Date(now.getFullYear(), now.getMonth(), 1).getTime();
    case 'last30':
      return nowMsec - 30 * dayMsec;
    case 'all':
      return undefined;
  }
}
