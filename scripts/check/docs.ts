import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const skipped = new Set(['node_modules', 'dist', '.next', '.git', '.turbo', '.bootstrap', '.mirror']);
const topLevel = /^(?:apps|packages|prisma|docs|test|scripts|docker|\.ci)\/[\w./@[\]()-]*$/;

function listMarkdown(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : listMarkdown(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Paths that a text cites: targets of links, and code spans that begin like a path of this repository. */
export function citedPaths(text: string): { path: string; line: number; isLink: boolean }[] {
  const withoutBlocks = text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ''));
  return withoutBlocks.split('\n').flatMap((content, index) => {
    const links = [...content.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => ({ path: found[1] ?? '', isLink: true }));
    const spans = [...content.matchAll(/`([^`\s]+)`/g)].map((found) => ({
      path: (found[1] ?? '').replace(/:\d+(-\d+)?$/, ''),
      isLink: false,
    }));
    return [
      ...links.filter(({ path }) => !/^(?:[a-z]+:|#)/.test(path)),
      ...spans.filter(({ path }) => topLevel.test(path) && !path.includes('...')),
    ].map((cited) => ({ ...cited, path: cited.path.replace(/#.*$/, ''), line: index + 1 }));
  });
}

/** Paths in Markdown files that are gone; each as one line for a person. */
export function checkDocs(root: string): string[] {
  return listMarkdown(root).flatMap((file) =>
    citedPaths(readFileSync(file, 'utf8')).flatMap(({ path, line, isLink }) => {
      const candidates = isLink ? [join(dirname(file), path)] : [join(root, path)];
      return candidates.some((candidate) => existsSync(candidate))
        ? []
        : [`${relative(root, file)}:${line}: ${path} does not exist: mend the path, or take the sentence out`];
    }),
  );
}
