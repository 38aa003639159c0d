import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { startTestInstance } from '../support/launcher.ts';

const root = join(import.meta.dirname, '../..');
const pause = (msec: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, msec));

/** The built agent over a built launcher of a throw-away instance. */
export interface BenchAgent extends AsyncDisposable {
  /** Answers of a procedure, over connections that are kept. */
  call(path: string, input: object, method: 'GET' | 'POST'): Promise<Record<string, unknown>>;
  /** What agent and launcher take. */
  memory(): string;
}

export async function startBenchAgent(): Promise<BenchAgent> {
  const instance = await startTestInstance();
  const config = {
    ...JSON.parse(readFileSync(instance.paths.config('launcher'), 'utf8')),
    service: 'agent',
    verifyKeysFile: `${instance.paths.agentState}/verify-keys.json`,
  };
  writeFileSync(config.verifyKeysFile, '[]');
  writeFileSync(instance.paths.config('agent'), JSON.stringify(config));
  mkdirSync(join(instance.paths.run, 'agent'), { recursive: true });
  const agent = spawn(join(root, `node_modules/node-linux-${process.arch}/bin/node`), [join(root, 'apps/agent/dist/main.mjs')], {
    env: { PATH: process.env.PATH ?? '', BULKHEAD_CONFIG: instance.paths.config('agent') },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const connections = new Agent({ keepAlive: true, maxSockets: 4 });
  const call: BenchAgent['call'] = (path, input, method) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(input);
      const asked = request(
        {
          socketPath: instance.paths.agentSocket,
          path: method === 'GET' ? `/${path}?input=${encodeURIComponent(text)}` : `/${path}`,
          method,
          agent: connections,
          headers: { 'content-type': 'application/json' },
        },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => {
            const body = JSON.parse(Buffer.concat(parts).toString());
            if (answer.statusCode === 200) resolve(body.result.data);
            else reject(new Error(`${path}: ${body.error?.message}`));
          });
        },
      );
      asked.on('error', reject);
      asked.end(method === 'POST' ? text : undefined);
    });
  for (let tries = 0; ; tries += 1) {
    try {
      await call('container.list', {}, 'GET');
      break;
    } catch (failure) {
      if (tries > 200) throw failure;
      await pause(50);
    }
  }
  const resident = (child: ChildProcess): string =>
    `${(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024).toFixed(0)} MB`;
  return {
    call,
    memory: () => `agent ${resident(agent)}, launcher ${resident(instance.launcher)}`,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => agent.once('exit', resolve));
      agent.kill('SIGTERM');
      await ended;
      connections.destroy();
      const { detectCgroups } = await import('@bulkhead/cgroup');
      await detectCgroups().remove(`bulkhead-${instance.instance}`);
      await instance[Symbol.asyncDispose]();
    },
  };
}
