import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerChange, OutputItem } from '@bulkhead/api';
import type { HostEvent, JournalEntry, Transcript } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { describeNeeds } from '../support/needs.ts';
import { withAgentForEach } from './agent-hooks.ts';
import type { AgentProcess, As } from './agent-process.ts';

const ada: As = { kind: 'statement', role: 'member', tenants: ['acme'] };

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['memory'] }, 'events and streams of the agent', () => {
  let agent: AgentProcess;

  withAgentForEach((made) => {
    agent = made.agent;
  });

  const create = (name: string, args: string[], more: object = {}, as?: As) =>
    agent.must<{ container: { id: string }; transcript: Transcript }>(
      'mutation',
      'container.create',
      { name, tenantId: 'acme', image: 'host', args, ...more },
      as,
    );
  const start = (container: string, as?: As) => agent.must<{ transcript: Transcript }>('mutation', 'container.start', { container }, as);
  const eventsOf = async (id: string): Promise<HostEvent[]> => {
    const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
    // Not of its cgroup: the kernel tells of pressure on a busy machine.
    return entries.flatMap(({ record }) =>
      record.kind === 'event' && record.event.containerId === id && record.event.kind.startsWith('container.') ? [record.event] : [],
    );
  };

  it('tell a whole life, by whom, with the transcript that the answer carried', async () => {
    const { container, transcript: created } = await create('life', ['sh', '-c', 'sleep 600'], {}, ada);
    const { id } = container;
    const { transcript: started } = await start('life', ada);
    const { execId } = await agent.must<{ execId: string }>(
      'mutation',
      'container.exec',
      { container: 'life', args: ['sh', '-c', 'exit 3'], env: [] },
      ada,
    );
    for await (const item of agent.stream('container.output', { container: 'life', execId }, ada))
      if ((item as OutputItem).type === 'exit') expect(item).toEqual({ type: 'exit', exitStatus: { kind: 'exited', code: 3 } });
    await agent.must('mutation', 'container.kill', { container: 'life', signal: 9 });
    expect(await agent.must('query', 'container.wait', { container: 'life' }, ada)).toEqual({
      exitStatus: { kind: 'signaled', signal: 9, coreDumped: false },
    });
    await agent.must('mutation', 'container.delete', { container: 'life' }, ada);

    const events = await eventsOf(id);
    expect(events.map(({ kind }) => kind).toSorted()).toEqual(
      ['created', 'started', 'exec-started', 'exec-exited', 'signalled', 'exited', 'deleted'].map((verb) => `container.${verb}`).toSorted(),
    );
    const one = (kind: string) => events.find((event) => event.kind === `container.${kind}`);
    expect(one('created')?.subject).toEqual({ kind: 'user', id: 'u1', name: 'Ada' });
    expect(one('signalled')?.subject).toEqual({ kind: 'local-root', id: '0', name: 'root' });
    expect(one('exited')?.subject).toBe(undefined);
    expect(one('created')?.transcript).toEqual(created);
    expect(one('started')?.transcript).toEqual(started);
    expect(one('deleted')?.transcript?.steps.length).toBeGreaterThan(0);
    expect(one('exec-exited')?.detail).toEqual({ execId, code: 3 });
    // What the forked child did stands there too, and how to do the same by hand.
    const actors = new Set([...created.steps, ...started.steps].map(({ actor }) => actor));
    expect(actors).toEqual(new Set(['agent', 'launcher', 'child']));
    expect([...created.commands, ...started.commands].join('\n')).toMatch(/pivot_root/);
    expect(events.map((event) => event.id)).toEqual(events.map((event) => event.id).toSorted());
  });

  it('tell of the OOM killer', async () => {
    const { container } = await create('hungry', ['tail', '/dev/zero'], {
      limits: { memoryMaxBytes: 16 * 1024 * 1024 },
    });
    await start('hungry');
    await agent.must('query', 'container.wait', { container: 'hungry', timeoutSeconds: 20 });
    const detail = await agent.must<{ oomKilled?: boolean }>('query', 'container.inspect', { container: 'hungry' });
    expect(detail.oomKilled).toBe(true);
    expect((await eventsOf(container.id)).map(({ kind }) => kind)).toContain('container.oom-killed');
    await agent.must('mutation', 'container.delete', { container: 'hungry' });
  });

  it('tell of a create that failed, and leave nothing of it', async () => {
    const { error } = await agent.call(
      'mutation',
      'container.create',
      { name: 'no', tenantId: 'acme', image: 'nowhere', args: ['true'] },
      ada,
    );
    expect(error?.data.problem).toBe('not-found');
    const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
    const failed = entries.flatMap(({ record }) =>
      record.kind === 'event' && record.event.kind === 'container.create-failed' ? [record.event] : [],
    );
    expect(failed.at(-1)).toMatchObject({ containerName: 'no', tenantId: 'acme', detail: { error: error?.message } });
    expect(entries.some(({ record }) => record.kind === 'container' && record.container.name === 'no')).toBe(false);
  });

  it('reach who watches within 50 ms, and follow a change from its snapshot on', async () => {
    const seen: { change: ContainerChange; atMsec: number }[] = [];
    const leaving = new AbortController();
    const watching = (async () => {
      for await (const change of agent.stream('container.watch', {}, ada, leaving.signal))
        seen.push({ change: change as ContainerChange, atMsec: performance.now() });
    })();
    while (seen.length === 0) await sleep(5);
    expect(seen[0]?.change).toEqual({ type: 'snapshot', containers: [] });
    const { container } = await create('watched', ['sleep', '600']);
    await start('watched');
    const startedMsec = performance.now();
    const running = () => seen.find(({ change }) => change.type === 'changed' && change.container.status === 'running');
    for (let tries = 0; running() === undefined && tries < 200; tries += 1) await sleep(5);
    expect((running()?.atMsec ?? Number.POSITIVE_INFINITY) - startedMsec).toBeLessThan(boundMsec(50));
    await agent.must('mutation', 'container.delete', { container: 'watched', force: true });
    await sleep(100);
    leaving.abort();
    await watching;
    expect(seen.at(-1)?.change).toEqual({ type: 'removed', id: container.id, tenantId: 'acme' });
  });

  it('carry output of any bytes, from the beginning and as it comes', async () => {
    await create('prints', ['sh', '-c', String.raw`printf 'a\000\377b'; read line; echo "got $line"`], { stdin: true });
    await start('prints');
    const parts: Buffer[] = [];
    let fed = false;
    for await (const item of agent.stream('container.output', { container: 'prints' })) {
      const output = item as OutputItem;
      if (output.type === 'exit') {
        expect(output.exitStatus).toEqual({ kind: 'exited', code: 0 });
        break;
      }
      if (output.type === 'output') parts.push(Buffer.from(output.data, 'base64'));
      if (fed) continue;
      fed = true;
      await agent.must('mutation', 'container.input', { container: 'prints', data: Buffer.from('hello\n').toString('base64') });
    }
    expect(Buffer.concat(parts)).toEqual(Buffer.from('a\x00\xffbgot hello\n', 'latin1'));
    await agent.must('mutation', 'container.delete', { container: 'prints' });
  });

  it('end when the agent stops, and a wait ends with its time', async () => {
    await create('waits', ['sleep', '600']);
    await start('waits');
    const begun = performance.now();
    expect(await agent.must('query', 'container.wait', { container: 'waits', timeoutSeconds: 0.3 })).toEqual({});
    expect(performance.now() - begun).toBeLessThan(boundMsec(2000));
    const streams = ['container.watch', 'event.watch', 'container.samples'].map(async (path) => {
      for await (const _ of agent.stream(path, path === 'container.watch' ? {} : undefined));
    });
    const over = Promise.allSettled(streams);
    await sleep(200);
    expect(await agent.end('SIGTERM')).toBe(0);
    await over;
    await agent.start();
    await agent.must('mutation', 'container.delete', { container: 'waits', force: true });
  });
});
