/**
 * The one place where the command line reads its environment. Checked by hand: the commands people wait for must not
 * load a schema library.
 */
import { Problem, type Retention } from '@bulkhead/model';

export interface Environment {
  /** BULKHEAD_STATE_DIR: the instance meant where no --state-dir is given. */
  readonly stateDirectory: string | undefined;
  /** DATABASE_URL: replaces the embedded server. */
  readonly databaseUrl: string | undefined;
  /** TZ and LANG are passed on to services. */
  readonly timeZone: string | undefined;
  readonly language: string | undefined;
  readonly path: string;
  /** BULKHEAD_RETENTION_LIVE_MINUTES, _MINUTE_DAYS and _HOUR_MONTHS: how long is kept what. */
  readonly retention: Retention;
}

const optional = (name: string): string | undefined => {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
};

function databaseUrl(): string | undefined {
  const text = optional('DATABASE_URL');
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol))
    throw new Problem('invalid', 'DATABASE_URL is not a PostgreSQL address', {
      remedy: 'it looks like postgresql://owner:password@host:5432/bulkhead',
    });
  return text;
}

function wholeNumber(name: string, preset: number, most: number): number {
  const text = optional(name);
  if (text === undefined) return preset;
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > most)
    throw new Problem('invalid', `${name} is not a whole number from 1 to ${most}`, { remedy: `leave it out for ${preset}` });
  return Number(text);
}

/** Bounds and presets are those of Retention in packages/model. */
function retention(): Retention {
  const minuteDays = wholeNumber('BULKHEAD_RETENTION_MINUTE_DAYS', 14, 366);
  const hourMonths = wholeNumber('BULKHEAD_RETENTION_HOUR_MONTHS', 13, 120);
  if (minuteDays > hourMonths * 28)
    throw new Problem('invalid', 'BULKHEAD_RETENTION_MINUTE_DAYS is longer than BULKHEAD_RETENTION_HOUR_MONTHS', {
      remedy: 'minutes become hours, so hours must be kept at least as long',
    });
  return {
    liveMinutes: wholeNumber('BULKHEAD_RETENTION_LIVE_MINUTES', 15, 60),
    minuteDays,
    hourMonths,
    dayMonths: wholeNumber('BULKHEAD_RETENTION_DAY_MONTHS', 120, 1200),
  };
}

/** Reads and checks the environment; throws a Problem that names the variable, never its value. */
export function readEnvironment(): Environment {
  return {
    stateDirectory: optional('BULKHEAD_STATE_DIR'),
    databaseUrl: databaseUrl(),
    timeZone: optional('TZ'),
    language: optional('LANG'),
    retention: retention(),
    path: optional('PATH') ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  };
}

/** The locale of messages, by the order of locale(7): LC_ALL, LC_MESSAGES, LANG. */
export const readLocale = (): string | undefined => optional('LC_ALL') ?? optional('LC_MESSAGES') ?? optional('LANG');

/** A variable that the person names on the command line (`--env NAME`) to hand it to a container. */
export const readVariable = (name: string): string | undefined => process.env[name];

/** Prefix of what `bulkhead` (POSIX sh) tells of its caller before it changes it. */
const callerPrefix = 'BULKHEAD_CALLER_';
/** Variables that are ours while we run, and the caller's own in what we become. */
const changedVariables = ['NODE_OPTIONS', 'NODE_PATH', 'NODE_COMPILE_CACHE'];

/** What a program that this one becomes (`cgroup exec`) is to have as the caller had it. */
export interface CallerState {
  environment: NodeJS.ProcessEnv;
  /** Octal. */
  umask: string | undefined;
  /** Soft RLIMIT_NOFILE, which Node raises at its start; undefined where it is not known, or had no bound. */
  openFiles: number | undefined;
}

export function readCallerState(): CallerState {
  const environment = { ...process.env };
  const umask = optional(`${callerPrefix}UMASK`);
  // Started past the shell's part nothing was changed by it.
  if (umask === undefined) return { environment, umask, openFiles: undefined };
  for (const name of changedVariables) {
    const before = environment[callerPrefix + name];
    if (before === undefined) delete environment[name];
    else environment[name] = before;
  }
  for (const name of Object.keys(environment)) if (name.startsWith(callerPrefix)) delete environment[name];
  const openFiles = optional(`${callerPrefix}OPEN_FILES`);
  return {
    environment,
    umask: /^[0-7]{1,4}$/.test(umask) ? umask : undefined,
    openFiles: openFiles !== undefined && /^\d{1,15}$/.test(openFiles) ? Number(openFiles) : undefined,
  };
}
