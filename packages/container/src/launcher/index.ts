export { planHostRoot, readHostTemplate } from '../runtime/host-template.ts';
export { selfTest } from './self-test.ts';
export { Launcher } from './server.ts';
export { readKept } from './upgrade.ts';
export { warmUp } from './warm-up.ts';
