import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { sha256 } from '../../test/bill.ts';
import { makeEvidence } from '../../test/evidence.ts';
import { packArchive, verifyArchive } from './archive.ts';

const { pack } = makeEvidence();
const archive = packArchive(pack, sha256);

/** The archive with one file written anew. */
function withFile(name: string, write: (text: string) => string): Uint8Array {
  const files = unzipSync(archive);
  return zipSync({ ...files, [name]: strToU8(write(strFromU8(files[name] ?? new Uint8Array()))) });
}

/** One digit of a text, counted from its end, made another. */
function otherDigit(text: string, position: number): string {
  const places = [...text.matchAll(/\d/g)].map(({ index }) => index);
  const place = places.at(-1 - position) ?? 0;
  return `${text.slice(0, place)}${(Number(text[place]) + 1) % 10}${text.slice(place + 1)}`;
}

test('the same pack gives the same bytes, and they are verified without anything else', () => {
  expect(packArchive(structuredClone(pack), sha256)).toEqual(archive);
  expect(verifyArchive(archive, sha256)).toMatchObject({ agrees: true, number: 'A-000001', readings: pack.proof.readings.length });
});

test.each(['README.txt', 'pack.json', 'invoice.json', 'invoice.csv', 'plans.json', 'rows.csv', 'readings.csv', 'SHA256SUMS'])(
  'one changed digit of %s is refused',
  (name) => {
    for (const position of [0, 3, 11, 40])
      expect(
        verifyArchive(
          withFile(name, (text) => otherDigit(text, position)),
          sha256,
        ),
      ).toMatchObject({ agrees: false });
  },
);

test('readings are told with the file of the kernel, the value, the time and the boot id', () => {
  const csv = strFromU8(unzipSync(archive)['readings.csv'] ?? new Uint8Array());
  const reading = pack.proof.readings[0];
  const line = csv.split('\r\n').find((text) => text.includes(`,${reading?.boottimeMsec},cpu-used,`));
  expect(line).toContain(reading?.incarnation.bootId);
  expect(line).toContain(reading?.at);
  expect(line).toContain('cpu.stat usage_usec');
  expect(line).toContain(`,${reading?.meters['cpu-used']},`);
});

test('what is no archive, lacks the pack or bears more than it should is refused with words', () => {
  expect(verifyArchive(strToU8('no archive'), sha256)).toMatchObject({ agrees: false, difference: expect.stringMatching(/unpacked/) });
  expect(verifyArchive(zipSync({ 'a.txt': strToU8('a') }), sha256)).toMatchObject({ difference: 'there is no pack.json in it' });
  expect(
    verifyArchive(
      withFile('more.txt', () => 'x'),
      sha256,
    ),
  ).toMatchObject({ difference: 'more.txt is not what pack.json gives' });
});
