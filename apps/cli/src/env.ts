/**
 * The one place where the command line reads its environment. Checked by hand: the commands people wait for must not
 * load a schema library.
 */
import { Problem } from '@bulkhead/model';

export interface Environment {
  /** BULKHEAD_STATE_DIR: the instance meant where no --state-dir is given. */
  readonly stateDirectory: string | undefined;
  /** DATABASE_URL: replaces the embedded server. */
  readonly databaseUrl: string | undefined;
  /** TZ and LANG are passed on to services. */
  readonly timeZone: string | undefined;
  readonly language: string | undefined;
  readonly path: string;
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

/** Reads and checks the environment; throws a Problem that names the variable, never its value. */
export function readEnvironment(): Environment {
  return {
    stateDirectory: optional('BULKHEAD_STATE_DIR'),
    databaseUrl: databaseUrl(),
    timeZone: optional('TZ'),
    language: optional('LANG'),
    path: optional('PATH') ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  };
}

/** A variable that the person names on the command line (`--env NAME`) to hand it to a container. */
export const readVariable = (name: string): string | undefined => process.env[name];
