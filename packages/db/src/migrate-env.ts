import { Problem } from '@bulkhead/model';

/** What the supervisor tells the migration by its environment. */
export interface MigrateEnvironment {
  /** ServiceConfig, JSON; databaseUrl is the owner's. */
  configFile: string;
  /** Passwords of the services' login roles, on a server that others use. */
  rolePasswordsFile: string | undefined;
}

export function readEnvironment(): MigrateEnvironment {
  const { BULKHEAD_CONFIG: configFile, BULKHEAD_ROLE_PASSWORDS_FILE: rolePasswordsFile } = process.env;
  if (!configFile) throw new Problem('invalid', 'BULKHEAD_CONFIG is not set');
  return { configFile, rolePasswordsFile: rolePasswordsFile || undefined };
}
