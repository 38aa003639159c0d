export { planHostRoot, readHostTemplate } from '../runtime/host-template.ts';
export { planContainer, planSandbox } from '../runtime/plan.ts';
export { LaunchError, LauncherClient, type LauncherExit } from './client.ts';
export { selfTest } from './self-test.ts';
export { Launcher } from './server.ts';
export { readKept } from './upgrade.ts';
export { warmUp } from './warm-up.ts';
