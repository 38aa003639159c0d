/**
 * The arrows of the workspace for dependency-cruiser: who may import whom. Each comment says what to do instead.
 * A name is a folder of packages/ or apps/; npm packages are named for `kernel` and `model` alone.
 */
const arrows = {
  'packages/model': [],
  'packages/kernel': [],
  'packages/accounting': ['model'],
  'packages/api': ['model'],
  'packages/db': ['accounting', 'model'],
  'packages/billing': ['db', 'accounting', 'model'],
  'packages/netlink': ['kernel', 'model'],
  'packages/cgroup': ['kernel', 'model'],
  'packages/image': ['kernel', 'model'],
  'packages/namespace': ['kernel', 'netlink', 'model'],
  'packages/network': ['kernel', 'namespace', 'netlink', 'model'],
  'packages/container': ['kernel', 'cgroup', 'namespace', 'netlink', 'model'],
  'apps/agent': ['container', 'network', 'image', 'cgroup', 'namespace', 'netlink', 'kernel', 'api', 'model'],
  'apps/cli': ['accounting', 'api', 'model'],
  'apps/collector': ['db', 'accounting', 'api', 'model'],
  'apps/web': ['billing', 'db', 'accounting', 'api', 'model'],
};

/** npm packages that may be imported; elsewhere any is. */
const npmOnly = { 'packages/kernel': ['koffi'], 'packages/model': ['zod'] };

const notTests = ['\\.test\\.tsx?$', '^(packages|apps)/[^/]+/test/'];

const folderRules = Object.entries(arrows).map(([folder, targets]) => ({
  name: `arrows-of-${folder.replace('/', '-')}`,
  comment: `${folder} may import ${targets.length === 0 ? 'no other package of ours' : targets.join(', ')}. Move what both need down into a package that both may import (model for types), or pass it in as a parameter.`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: notTests },
  to: { path: '^(packages|apps)/[^/]+/', pathNot: [`^${folder}/`, ...targets.map((target) => `^packages/${target}/`)] },
}));

const npmRules = Object.entries(npmOnly).map(([folder, names]) => ({
  name: `npm-of-${folder.replace('/', '-')}`,
  comment: `${folder} may import ${names.join(', ')} and Node's own modules alone; it is the base that everything loads. Put the code that needs more into the package that uses it.`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: notTests },
  to: { path: 'node_modules/', pathNot: [`node_modules/(${names.join('|')})/`, 'node_modules/@types/'] },
}));

export default {
  forbidden: [
    ...folderRules,
    ...npmRules,
    {
      name: 'model-runs-in-a-browser',
      comment:
        "packages/model runs in a browser, which has none of Node's modules. Put code that needs them into the package that uses it.",
      severity: 'error',
      from: { path: '^packages/model/', pathNot: notTests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'accounting-is-pure',
      comment:
        "packages/accounting is pure and runs in a browser, which has none of Node's modules. Pass in what it needs: a hash, the time.",
      severity: 'error',
      from: { path: '^packages/accounting/', pathNot: notTests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one thing or three: join them, or move what both need into a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-utils',
      comment: 'A file is named for the noun or verb inside it; utils, helpers, common and misc name nothing.',
      severity: 'error',
      from: {},
      to: { path: '(^|/)(utils?|helpers?|common|misc)(\\.tsx?$|/)', pathNot: 'node_modules' },
    },
    {
      name: 'no-tests-in-products',
      comment: 'Products import no tests and nothing below test/. Move what both need beside the product code.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: notTests },
      to: { path: ['\\.test\\.tsx?$', '^test/', '^(packages|apps)/[^/]+/test/'] },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere: declare the package in package.json (version in the catalog), or mend the path.',
      severity: 'error',
      from: { pathNot: notTests },
      to: { couldNotResolve: true, pathNot: ['generated/', '\\.css$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.next|generated|messages)/|next-env\\.d\\.ts$' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
    moduleSystems: ['es6', 'cjs'],
  },
};
