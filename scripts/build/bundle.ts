import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** One program and what it becomes. */
export interface Bundle {
  /** Below the repository, `apps/agent/src/main.ts`. */
  entry: string;
  /** Below the repository, `apps/agent/dist`. */
  outputDirectory: string;
  /** Name of the output without `.mjs`. */
  name: string;
  /** True where packages from npm stay outside and are loaded from where pnpm put them; false takes them in. */
  packagesStayOutside: boolean;
  /** Packages of ours it may import, by folder name; absent: any. */
  packages?: readonly string[];
  /**
   * A module that the entry imports by `import()` and that becomes a program of its own; then all the rest of the entry
   * is one file: each further file costs the start a ms or two.
   */
  separate?: { entry: string; name: string };
}

/** Ours, and what is plain JavaScript, small when bundled and many files when not. */
const takenIn = /^(?:@bulkhead\/|zod(?:\/|$))/;

/** zod brings its messages in 60 languages; ours are written here, in English, and translated in the dashboard's catalogue. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(context) {
    context.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

/**
 * Names a package by its path relative to the output. A bare name would be looked for in the app's own node_modules,
 * where pnpm does not put what only a package of ours asks for (koffi, pg), and the program may be mounted elsewhere.
 */
function packagesOutside(root: string, outputDirectory: string): Plugin {
  const asked = Symbol('asked');
  return {
    name: 'packages-outside',
    setup(context) {
      context.onResolve({ filter: /^[^./]/ }, async (found) => {
        if (found.pluginData === asked || found.kind === 'entry-point') return undefined;
        if (found.path.startsWith('node:') || takenIn.test(found.path)) return undefined;
        const resolved = await context.resolve(found.path, {
          kind: found.kind,
          importer: found.importer,
          resolveDir: found.resolveDir,
          pluginData: asked,
        });
        if (resolved.errors.length > 0) return { errors: resolved.errors };
        if (resolved.external || !resolved.path.includes('/node_modules/')) return resolved;
        return { path: relative(join(root, outputDirectory), resolved.path), external: true };
      });
    },
  };
}

function separateModule(root: string, separate: { entry: string; name: string }): Plugin {
  return {
    name: 'separate-module',
    setup(context) {
      context.onResolve({ filter: /\.ts$/ }, (found) => {
        if (found.kind !== 'dynamic-import' || join(found.resolveDir, found.path) !== join(root, separate.entry)) return undefined;
        return { path: `./${separate.name}.mjs`, external: true };
      });
    },
  };
}

/**
 * Takes Node's own modules from `process.getBuiltinModule`. An `import` of node:fs makes Node build a view of all its
 * exports, the streams among them, which costs 5 ms.
 */
const builtinsWithoutView: Plugin = {
  name: 'builtins-without-view',
  setup(context) {
    context.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    context.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** Bundles one program, and the one that is kept apart from it. */
export async function bundle(root: string, target: Bundle): Promise<void> {
  const { separate, ...whole } = target;
  await bundleOne(root, target);
  if (separate !== undefined) await bundleOne(root, { ...whole, ...separate });
}

/** Bundles one program as ES modules for Node 26; code behind `import()` becomes files of its own, read when needed. */
async function bundleOne(root: string, target: Bundle): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string };
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: [{ in: target.entry, out: target.name }],
    outdir: target.outputDirectory,
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    chunkNames: `${target.name}-[name]-[hash]`,
    bundle: true,
    splitting: target.separate === undefined,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    // Where a package has both, its ES modules: from CommonJS a split bundle passes on the default export alone.
    mainFields: target.packagesStayOutside ? ['main', 'module'] : ['module', 'main'],
    minify: true,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'silent',
    legalComments: 'none',
    define: { BULKHEAD_VERSION: JSON.stringify(version ?? '0.0.0') },
    // Modules that were CommonJS call require, which an ES module does not have.
    banner:
      target.separate !== undefined
        ? {}
        : { js: "import { createRequire as bulkheadRequire } from 'node:module';const require = bulkheadRequire(import.meta.url);" },
    plugins: [
      englishOnly,
      ...(target.packagesStayOutside ? [packagesOutside(root, target.outputDirectory)] : []),
      ...(target.separate === undefined ? [] : [separateModule(root, target.separate), builtinsWithoutView]),
    ],
  });
  if (target.packagesStayOutside) writePackageList(root, target, metafile);
  writeBuildName(root, target);
  removeOldOutputs(root, target, new Set(Object.keys(metafile.outputs)));
}

/** A hash of the program beside it: by it one build is told from another. */
function writeBuildName(root: string, target: Bundle): void {
  const output = join(root, target.outputDirectory, target.name);
  writeFileSync(
    `${output}.build`,
    `${createHash('sha256')
      .update(readFileSync(`${output}.mjs`))
      .digest('hex')}\n`,
  );
}

/** Packages from npm that the bundle loads when it runs, for whoever puts together all that a service needs. */
function writePackageList(root: string, target: Bundle, metafile: Metafile): void {
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external === true));
  const packages = outside.flatMap(({ path }) => /node_modules\/\.pnpm\/[^/]+\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const list = [...new Set(packages)].sort();
  writeFileSync(join(root, target.outputDirectory, `${target.name}.packages.json`), `${JSON.stringify(list, null, 2)}\n`);
}

/** No instance runs from here (each has a copy of its own), so what this build did not write is of no use. */
function removeOldOutputs(root: string, target: Bundle, current: ReadonlySet<string>): void {
  const directory = join(root, target.outputDirectory);
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`${target.name}-`) || current.has(join(target.outputDirectory, name))) continue;
    rmSync(join(directory, name));
  }
}

/** Directories whose sources may end up in a bundle: the app's own and the packages it can reach. */
export function inputsOf(root: string, target: Bundle): string[] {
  const app = dirname(target.outputDirectory);
  const packages = target.packages?.map((name) => join(root, 'packages', name)) ?? [join(root, 'packages')];
  return [join(root, app, 'src'), join(root, app, 'package.json'), ...packages, join(root, 'scripts/build'), join(root, 'package.json')];
}
