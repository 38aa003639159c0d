/** Something the palette can lead to. */
export interface PaletteItem {
  id: string;
  label: string;
  /** What else it is found by, in lower case. */
  keywords: string;
}

/** How well an item answers to words; undefined where one of them is nowhere in it. */
export function scoreOf({ label, keywords }: Pick<PaletteItem, 'label' | 'keywords'>, words: readonly string[]): number | undefined {
  const name = label.toLowerCase();
  let score = 0;
  for (const word of words) {
    const at = name.indexOf(word);
    if (at === 0) score += name.length === word.length ? 8 : 4;
    else if (at > 0) score += /[\s/._:-]/.test(name[at - 1] ?? '') ? 3 : 2;
    else if (keywords.includes(word)) score += 1;
    else return undefined;
  }
  return score;
}

export const wordsOf = (query: string): string[] =>
  query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');

/** The best answers first; equal ones as they came. Without a query the first ones. */
export function rank<T extends PaletteItem>(items: readonly T[], query: string, most: number): T[] {
  const words = wordsOf(query);
  if (words.length === 0) return items.slice(0, most);
  return items
    .flatMap((item) => {
      const score = scoreOf(item, words);
      return score === undefined ? [] : [{ item, score }];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item);
}

/** Kinds of things with the best answers of each; the kind with the best answer first. Without a query they stand as they are. */
export function rankKinds<K extends string, T extends PaletteItem>(
  kinds: readonly { kind: K; items: readonly T[] }[],
  query: string,
  most: number,
): { kind: K; items: T[] }[] {
  const words = wordsOf(query);
  return kinds
    .map(({ kind, items }) => {
      const best = rank(items, query, most);
      const [first] = best;
      return { kind, items: best, score: first === undefined ? -1 : (scoreOf(first, words) ?? -1) };
    })
    .filter(({ items }) => items.length > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ kind, items }) => ({ kind, items }));
}
