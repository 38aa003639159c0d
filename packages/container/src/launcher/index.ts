export { selfTest } from './self-test.ts';
export { Launcher } from './server.ts';
export { readKept } from './upgrade.ts';
