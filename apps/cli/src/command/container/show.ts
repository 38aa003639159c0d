import type { OutputItem } from '@bulkhead/api';
import { type Container, type ContainerDetail, endCauseOf, type PostMortem, Problem } from '@bulkhead/model';
import { type AgentClient, agentOf, controlOf } from '../../client/clients.ts';
import { ExitRequest, isNotFound, reportFailure } from '../../failure.ts';
import { describeEnd } from '../../output/end-words.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { parseCount } from '../../output/quantity.ts';

/** One that ended with the card of its end; one that is gone as the database remembers it. */
async function inspectOne(stateDirectory: string, client: AgentClient, container: string): Promise<unknown> {
  let detail: ContainerDetail;
  try {
    detail = await client.container.inspect.query({ container });
  } catch (failure) {
    // A name stands for what is there; of what is gone the id tells which.
    if (!isNotFound(failure) || !/^[0-9a-f]{16}$/.test(container)) throw failure;
    // Where the control plane does not know it either, or does not answer, the agent's word stands.
    const remembered = await controlOf(stateDirectory)
      .container.postMortem.query({ container })
      .catch(() => undefined);
    if (remembered === undefined) throw failure;
    return { ...remembered.container, gone: true, ...withWords(remembered.container, remembered.postMortem) };
  }
  if (detail.status !== 'stopped') return detail;
  const { postMortem } = await client.container.postMortem.query({ container: detail.id });
  return { ...detail, ...withWords(detail, postMortem) };
}

const withWords = (container: Container, postMortem: PostMortem | undefined) => ({
  endedBecause: describeEnd(endCauseOf(container, postMortem)),
  ...(postMortem === undefined ? {} : { postMortem }),
});

/** `inspect`: everything known, as a JSON array. */
export async function inspectContainers(stateDirectory: string, references: readonly string[]): Promise<void> {
  const client = agentOf(stateDirectory);
  const found: unknown[] = [];
  let exitCode = 0;
  for (const container of references) {
    try {
      found.push(await inspectOne(stateDirectory, client, container));
    } catch (failure) {
      exitCode = Math.max(exitCode, reportFailure(failure));
    }
  }
  printJson(found);
  if (exitCode !== 0) throw new ExitRequest(exitCode);
}

export interface LogsOptions {
  follow?: boolean;
  tail?: string;
  timestamps?: boolean;
}

/** Puts the time in front of each line, a chunk at a time; a line that is cut by a chunk keeps the time of its beginning. */
class LineStamper {
  #isAtStart = true;

  stamp(text: string, at: string): string {
    let out = '';
    for (const piece of text.split(/(?<=\n)/)) {
      if (piece === '') continue;
      out += this.#isAtStart ? `${at} ${piece}` : piece;
      this.#isAtStart = piece.endsWith('\n');
    }
    return out;
  }
}

/** `logs`: stored output, and with --follow what comes, until the container ends. */
export async function showLogs(stateDirectory: string, container: string, options: LogsOptions): Promise<void> {
  const client = agentOf(stateDirectory);
  const input = {
    container,
    follow: options.follow === true,
    ...(options.tail === undefined ? {} : { tailLines: parseCount('--tail', options.tail) }),
  };
  const stampers = { stdout: new LineStamper(), stderr: new LineStamper() };
  const show = (item: OutputItem) => {
    if (item.type === 'dropped') printError(`bulkhead: ${item.bytes} bytes of output were dropped here\n`);
    else if (item.type === 'output') {
      const write = item.stream === 'stdout' ? print : printError;
      const bytes = Buffer.from(item.data, 'base64');
      if (options.timestamps === true) write(stampers[item.stream].stamp(bytes.toString('utf8'), item.at ?? '-'));
      else write(bytes);
    }
  };
  await new Promise<void>((resolve, reject) => {
    client.container.logs.subscribe(input, { onData: show, onError: reject, onComplete: resolve });
  }).catch((failure: unknown) => {
    if (failure instanceof Error && failure.cause instanceof Error && failure.cause.name === 'StreamLostError')
      throw new Problem('unavailable', 'the agent went away; the container goes on without it', { remedy: 'try again', cause: failure });
    throw failure;
  });
}
