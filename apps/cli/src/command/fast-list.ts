import type { ListOptions } from './container/list.ts';

/** Options of `ps` where nothing but these was typed; undefined sends the line to the full parser, which tells of mistakes. */
export function readFastList(argv: readonly string[]): (ListOptions & { stateDir?: string }) | undefined {
  const rest = argv[0] === 'ps' ? argv.slice(1) : argv[0] === 'container' && argv[1] === 'ls' ? argv.slice(2) : undefined;
  if (rest === undefined) return undefined;
  const options: ListOptions & { stateDir?: string } = {};
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at];
    if (word === '-a' || word === '--all') options.all = true;
    else if (word === '-q' || word === '--quiet') options.quiet = true;
    else if (word === '-aq' || word === '-qa') options.all = options.quiet = true;
    else if (word === '--json') options.json = true;
    else if (word === '--state-dir' && rest[at + 1] !== undefined) {
      at += 1;
      options.stateDir = rest[at] as string;
    } else return undefined;
  }
  return options;
}
