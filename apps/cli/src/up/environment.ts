import type { Environment } from '../env.ts';

/** All that a service sees of the environment: nothing that an administrator's shell happens to hold. */
export function cleanEnvironment(environment: Environment, service: { config: string; compileCache?: string }): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: environment.language ?? 'C.UTF-8',
    TZ: environment.timeZone ?? 'UTC',
    NODE_ENV: 'production',
    BULKHEAD_CONFIG: service.config,
    ...(service.compileCache === undefined ? {} : { NODE_COMPILE_CACHE: service.compileCache }),
  };
}
