/** A line of /proc/<pid>/cgroup (cgroups(7)). */
export interface CgroupLine {
  /** `0` is version 2. */
  hierarchy: string;
  controllers: readonly string[];
  path: string;
}

export function parseCgroups(text: string): CgroupLine[] {
  const lines: CgroupLine[] = [];
  for (const line of text.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    const names = line.slice(first + 1, second);
    lines.push({ hierarchy: line.slice(0, first), controllers: names === '' ? [] : names.split(','), path: line.slice(second + 1) });
  }
  return lines;
}

/** Which hierarchy says most of whose a process is: version 2, else the one systemd names its units in, else those that runtimes use. */
const order = ['', 'name=systemd', 'pids', 'memory'];

/** Paths of a process, the one that names it first, each once. */
export function namingPaths(lines: readonly CgroupLine[]): string[] {
  const rank = ({ hierarchy, controllers }: CgroupLine): number => {
    if (hierarchy === '0') return 0;
    const found = controllers.map((name) => order.indexOf(name)).filter((index) => index > 0);
    return found.length === 0 ? order.length : Math.min(...found);
  };
  const paths = lines.toSorted((one, other) => rank(one) - rank(other)).map(({ path }) => path);
  const below = paths.filter((path) => path !== '/' && path !== '');
  return below.length === 0 ? ['/'] : [...new Set(below)];
}
