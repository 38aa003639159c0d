import { setTimeout as delay } from 'node:timers/promises';
import type { OutputItem } from '@bulkhead/api';
import { type ExitStatus, Problem, signalNumbers } from '@bulkhead/model';
import { TRPCClientError } from '@trpc/client';
import { toProblem } from '../../failure.ts';
import { print, printError } from '../../output/print.ts';
import type { Attachment } from './attachment.ts';
import { forwardInput, type InputForwarding } from './forward-input.ts';
import { OutputWriter } from './output-writer.ts';

/** How long a lost agent may take to come back before the command gives up. */
const patienceMsec = 30_000;

async function readOutput(attachment: Attachment, writer: OutputWriter, onStarted: () => void): Promise<ExitStatus> {
  const { client, container, execId } = attachment;
  const input = { container, ...(execId === undefined ? {} : { execId }) };
  return new Promise((resolve, reject) => {
    const subscription = client.container.output.subscribe(input, {
      onStarted,
      onData(item: OutputItem) {
        if (item.type === 'exit') {
          subscription.unsubscribe();
          resolve(item.exitStatus);
        } else writer.write(item);
      },
      onError: reject,
      onComplete: () => reject(new Problem('unavailable', 'the output ended without an exit status')),
    });
  });
}

/** True where the agent went away rather than said no. */
const isLost = (failure: unknown): boolean => failure instanceof TRPCClientError && failure.data === undefined;

/**
 * Shows a process's output until its end and gives its exit status. Standard input, terminal size and signals are
 * passed on. An agent that is restarted meanwhile costs nothing: what was shown already is skipped.
 */
export async function attach(attachment: Attachment): Promise<ExitStatus> {
  const { client, container, execId, begin } = attachment;
  const isFirstProcess = execId === undefined;
  const held: { forwarding?: InputForwarding } = {};
  const beginning = Promise.withResolvers<never>();
  beginning.promise.catch(() => {});
  let isBegun = false;

  const onStarted = async () => {
    if (isBegun) return;
    isBegun = true;
    try {
      await begin?.();
      held.forwarding = forwardInput(attachment);
    } catch (failure) {
      beginning.reject(failure);
    }
  };

  let interrupts = 0;
  const onSignal = (name: NodeJS.Signals) => {
    const signal = signalNumbers[name.slice(3) as keyof typeof signalNumbers];
    if (name === 'SIGINT') interrupts += 1;
    if (!isFirstProcess) {
      held.forwarding?.stop();
      printError('\nbulkhead: left; what was started inside goes on\n');
      process.exit(128 + signal);
    }
    const hard = interrupts >= 3;
    if (hard) printError('bulkhead: third interrupt: killing the container\n');
    client.container.kill.mutate({ container, signal: hard ? signalNumbers.KILL : signal }).catch(() => {});
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
  for (const name of signals) process.on(name, onSignal);

  const writer = new OutputWriter((stream, bytes) => (stream === 'stdout' ? print : printError)(bytes));
  try {
    let lostAtMsec: number | undefined;
    for (;;) {
      try {
        return await Promise.race([
          readOutput(attachment, writer.restart(), () => {
            lostAtMsec = undefined;
            onStarted();
          }),
          beginning.promise,
        ]);
      } catch (failure) {
        if (!isBegun || !isLost(failure)) throw failure;
        lostAtMsec ??= Date.now();
        if (Date.now() - lostAtMsec > patienceMsec)
          throw new Problem('unavailable', `the agent has been away for ${patienceMsec / 1000} s; the container goes on without it`, {
            remedy: './bulkhead status tells what runs',
            cause: toProblem(failure),
          });
        await delay(200);
      }
    }
  } finally {
    for (const name of signals) process.off(name, onSignal);
    held.forwarding?.stop();
  }
}
