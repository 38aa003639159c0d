import { expect, test } from 'vitest';
import type { Reply } from './protocol.ts';
import { Renewal, type RenewalOutcome, renewalWaitMsec } from './renewal.ts';

type Hello = Extract<Reply, { type: 'hello' }>;
const hello = (build?: string): Hello => ({ type: 'hello', seq: 1, version: 1, pid: 7, program: '1.0', build, processes: [] });
const wanted = { build: 'new', program: '/new.mjs', interpreter: ['node', '--x'] };

function setUp(upgrade: () => Promise<void>, after = 'new') {
  let nowMsec = 0;
  const outcomes: RenewalOutcome[] = [];
  const asked: [string, string[]][] = [];
  const renewal = new Renewal(
    wanted,
    (outcome) => outcomes.push(outcome),
    () => nowMsec,
  );
  const launcher = {
    hello: async () => hello(after),
    upgrade: (program: string, interpreter: string[]) => {
      asked.push([program, interpreter]);
      return upgrade();
    },
  };
  return { renewal, outcomes, asked, launcher, pass: (msec: number) => (nowMsec += msec) };
}

test('a launcher of the wanted build is left alone', async () => {
  const { renewal, asked, launcher } = setUp(async () => {});
  expect(await renewal.renew(launcher, hello('new'))).toBeUndefined();
  expect(asked).toEqual([]);
});

test.each([
  ['another build', hello('old')],
  ['a build that does not know itself', hello()],
  ['one that speaks another protocol', new Error('the agent speaks protocol 2')],
])('%s is upgraded once', async (_, found) => {
  const { renewal, asked, outcomes, launcher } = setUp(async () => {});
  expect(await renewal.renew(launcher, found)).toEqual(hello('new'));
  expect(asked).toEqual([['/new.mjs', ['node', '--x']]]);
  expect(outcomes).toMatchObject([{ type: 'upgraded', pid: 7, to: '1.0' }]);
  expect(renewal.trouble).toBeUndefined();
});

test('one that cannot be upgraded is asked again after 5 s, 10 s, 20 s and so on up to an hour, however often it is met', async () => {
  const { renewal, asked, launcher, pass } = setUp(() => Promise.reject(new Error('no room')));
  for (const waitMsec of [5_000, 10_000, 20_000]) {
    for (let met = 0; met < 50; met += 1) expect(await renewal.renew(launcher, hello('old'))).toBeUndefined();
    expect([renewal.trouble, renewal.waitMsec]).toEqual(['no room', waitMsec]);
    pass(waitMsec);
  }
  expect(asked).toHaveLength(3);
  expect(renewalWaitMsec(40)).toBe(3_600_000);
});

test('an upgrade that changes nothing is a failure too, and none that goes on for ever', async () => {
  const { renewal, asked, outcomes, launcher } = setUp(async () => {}, 'old');
  for (let met = 0; met < 5; met += 1) await renewal.renew(launcher, hello('old'));
  expect(asked).toHaveLength(1);
  expect(outcomes).toEqual([{ type: 'failed', reason: 'it is of build old afterwards', againInMsec: 5_000 }]);
});

test('a success ends the trouble of before', async () => {
  let works = false;
  const { renewal, launcher, pass } = setUp(() => (works ? Promise.resolve() : Promise.reject(new Error('no room'))));
  await renewal.renew(launcher, hello('old'));
  works = true;
  pass(5_000);
  await renewal.renew(launcher, hello('old'));
  expect([renewal.trouble, renewal.waitMsec]).toEqual([undefined, undefined]);
});
