import { readFileSync, statSync } from 'node:fs';
import { type Namespace, type NamespaceType, Problem } from '@bulkhead/model';
import { type AgentClient, agentOf } from '../../client/clients.ts';
import { describeGaps, describeHolders, describeMaker, namespaceHead, namespaceRow } from '../../output/namespace-row.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { formatTable, toVisible } from '../../output/table.ts';
import { byTypeAndNumber } from './list.ts';

/** Names below /proc/<pid>/ns (namespaces(7)). */
const linkNames: Record<NamespaceType, string> = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  user: 'user',
  time: 'time',
};

/** Keys of the namespaces of a process. @throws Problem 'not-found' where there is no such process */
function keysOf(pid: string): string[] {
  try {
    statSync(`/proc/${pid}`);
  } catch (failure) {
    throw new Problem('not-found', `no process ${pid}`, { remedy: './bulkhead namespace ls lists namespaces', cause: failure });
  }
  const keys: string[] = [];
  for (const name of Object.values(linkNames)) {
    try {
      const { dev, ino } = statSync(`/proc/${pid}/ns/${name}`, { bigint: true });
      keys.push(`${dev}-${ino}`);
    } catch {
      // The kernel lacks the type, or it may not be read: the others are still told.
    }
  }
  if (keys.length === 0) throw new Problem('forbidden', `the namespaces of process ${pid} may not be read`, { remedy: 'run this as root' });
  return keys;
}

async function showProcess(agent: AgentClient, pid: string, options: { json?: boolean }): Promise<void> {
  const keys = new Set(keysOf(pid));
  const { namespaces, ...inventory } = await agent.namespace.list.query({});
  const found = namespaces.filter(({ key }) => keys.has(key)).sort(byTypeAndNumber);
  if (options.json === true) {
    printJson(found);
    return;
  }
  print(`process ${pid}  ${toVisible(commandOf(pid))}\n`);
  print(formatTable(namespaceHead, found.map(namespaceRow)));
  printError(describeGaps(inventory));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return 'ended';
  }
}

async function showNamespace(agent: AgentClient, key: string, options: { json?: boolean }): Promise<void> {
  const { namespace, workloads, processes, processCount, transcript } = await agent.namespace.inspect.query({ key });
  if (options.json === true) {
    printJson({ namespace, workloads, processes, processCount, transcript });
    return;
  }
  print(
    factsOf(namespace)
      .map(([name, value]) => `${`${name}:`.padEnd(14)}${toVisible(value)}\n`)
      .join(''),
  );
  for (const { path, mountNamespace } of namespace.holders.mounts)
    print(`${'mounted at:'.padEnd(14)}${toVisible(path)}${mountNamespace === undefined ? '' : ` in ${mountNamespace}`}\n`);
  for (const { process, fd } of namespace.holders.descriptors)
    print(`${'open in:'.padEnd(14)}${process.pid} ${toVisible(process.command)}, descriptor ${fd}\n`);
  const names = new Map(workloads.map(({ id, maker }) => [id, describeMaker(maker)]));
  print(
    `\n${processCount === 1 ? '1 process' : `${processCount} processes`}${processCount > processes.length ? `, the first ${processes.length}` : ''}\n`,
  );
  if (processes.length > 0)
    print(
      formatTable(
        ['PID', 'INSIDE', 'UID', 'STATE', 'THREADS', 'OF', 'COMMAND'],
        processes.map(({ pid, innerPid, uid, state, threads, onlyThreads, workloadId, command }) => [
          String(pid),
          String(innerPid),
          String(uid),
          state,
          `${threads}${onlyThreads ? ' (some in it)' : ''}`,
          names.get(workloadId) ?? workloadId,
          command,
        ]),
      ),
    );
  print(`\nthe same by hand:\n${transcript.commands.map((command) => `  ${command}\n`).join('')}`);
}

function factsOf(namespace: Namespace): [string, string][] {
  const { key, type, initial, maker, holders, owner, parent, ownerUid, leader, firstSeenAt } = namespace;
  return [
    ['namespace', `${key} (${linkNames[type]}:[${namespace.ino}])`],
    ['type', type],
    ['made by', initial ? "the host's own" : describeMaker(maker)],
    ...(owner === undefined ? [] : ([['owner', `user namespace ${owner}`]] as [string, string][])),
    ...(parent === undefined || parent === owner ? [] : ([['parent', parent]] as [string, string][])),
    ...(ownerUid === undefined ? [] : ([['owner uid', String(ownerUid)]] as [string, string][])),
    ...(leader === undefined ? [] : ([['oldest', `${leader.pid} ${leader.command}`]] as [string, string][])),
    ['also held by', describeHolders(holders) || 'nothing else'],
    ['first seen', firstSeenAt],
  ];
}

/** `namespace inspect`. */
export async function inspectNamespace(stateDirectory: string, reference: string, options: { json?: boolean }): Promise<void> {
  const agent = agentOf(stateDirectory);
  if (/^\d+-\d+$/.test(reference)) return await showNamespace(agent, reference, options);
  if (!/^\d{1,20}$/.test(reference))
    throw new Problem('invalid', `${reference} is neither a namespace nor a process`, {
      remedy: 'a namespace is written as ./bulkhead namespace ls prints it, a process by its pid',
    });
  // No pid is as high as the number of a namespace (PID_MAX_LIMIT is 4194304).
  if (Number(reference) <= 4_194_304) return await showProcess(agent, reference, options);
  const { namespaces } = await agent.namespace.list.query({});
  const found = namespaces.find(({ ino }) => ino === reference);
  if (found === undefined) throw new Problem('not-found', `no namespace ${reference}`, { remedy: './bulkhead namespace ls lists them' });
  await showNamespace(agent, found.key, options);
}
