/** One line of the report that a guest writes while its tests run: what is written is kept, however the guest ends. */
export type ReportLine =
  | {
      type: 'test';
      file: string;
      /** Titles of the suites around it, outermost first, then its own. */
      titles: string[];
      state: 'passed' | 'failed' | 'skipped';
      durationMsec: number;
      errors: string[];
    }
  /** A failure outside of all tests: a file that could not be loaded, a hook, an unhandled rejection. */
  | { type: 'trouble'; where: string; error: string }
  | { type: 'end'; reason: string };

export const reportFile = 'report.jsonl';

export interface GuestReport {
  tests: Extract<ReportLine, { type: 'test' }>[];
  troubles: Extract<ReportLine, { type: 'trouble' }>[];
  /** Absent where the run was cut off. */
  end: string | undefined;
}

/** A last line that was cut off by the guest's death is left out. */
export function parseReport(text: string): GuestReport {
  const report: GuestReport = { tests: [], troubles: [], end: undefined };
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    const parsed = JSON.parse(line) as ReportLine;
    if (parsed.type === 'test') report.tests.push(parsed);
    else if (parsed.type === 'trouble') report.troubles.push(parsed);
    else report.end = parsed.reason;
  }
  return report;
}
