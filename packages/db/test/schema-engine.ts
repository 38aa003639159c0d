import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The part of Prisma's schema engine (WebAssembly) that this needs; its own types name a loader that Node does not have. */
interface Engine {
  diff(parameters: object): Promise<{ stdout: string | null }>;
  free(): void;
}
/** Node has WebAssembly; the types of a library without a browser do not. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { __wbindgen_start(): void } };
}
interface Glue {
  SchemaEngine: { new: (options: object, log: (line: string) => void, adapter: object) => Promise<Engine> };
  __wbg_set_wasm(exports: object): void;
}

/** A result as driver adapters give it to the engine. */
const answer = <T>(value: T): object => ({ ok: true, value, map: (change: (value: T) => unknown) => answer(change(value)) });

/** From nothing to a data model the engine needs no database; it only asks what server it would be talking to. */
const noDatabase = {
  provider: 'postgres',
  adapterName: 'none',
  queryRaw: async ({ sql }: { sql: string }) => {
    if (!sql.includes('server_version_num')) throw new Error(`unexpected query: ${sql}`);
    return answer({
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [5, 7, 0],
      rows: [[true, 'PostgreSQL 18', 180_000]],
    });
  },
  dispose: async () => answer(undefined),
  getConnectionInfo: () => answer({ schemaName: 'public', supportsRelationJoins: true }),
};

/** SQL that makes the tables of a schema.prisma in an empty database, as `prisma migrate diff --from-empty` prints it. */
export async function sqlOfSchema(schema: string): Promise<string> {
  const directory = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'));
  const glue: Glue = await import(join(directory, 'schema_engine_bg.js'));
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  const module = new Module(readFileSync(join(directory, 'schema_engine_bg.wasm')));
  const instance = new Instance(module, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  // Where the engine leaves the text of a panic before it traps.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (text: string) => console.error(text) } });
  const factory = { ...noDatabase, connect: async () => answer(noDatabase), errorRegistry: { consumeError: () => undefined } };
  const engine = await glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => undefined, factory);
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  engine.free();
  if (stdout === null) throw new Error('the schema engine printed nothing');
  return stdout;
}
