export { planHostRoot, readHostTemplate } from '../runtime/host-template.ts';
export { planContainer, planLayout } from '../runtime/plan.ts';
export { launcherBundle, readLauncherBuild } from './build.ts';
export { LaunchError, LauncherClient, type LauncherExit } from './client.ts';
export { checkKept } from './rehearsal.ts';
export { selfTest } from './self-test.ts';
export { Launcher } from './server.ts';
export { readKept } from './upgrade.ts';
