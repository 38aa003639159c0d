import { EvidencePack, type LedgerReading, type MeterId } from '@bulkhead/model';
import { strFromU8, strToU8, unzipSync, type Zippable, zipSync } from 'fflate';
import { canonicalJson, type Sha256 } from '../canonical.ts';
import { type CsvColumn, toPlainCsv } from '../export/csv.ts';
import { invoiceCsv, usageCsv } from '../export/plain.ts';
import { kernelFiles } from './kernel-file.ts';
import { type Verification, verifyEvidence } from './verify.ts';

interface Figure {
  reading: LedgerReading;
  meter: MeterId;
  value: string;
}

const figureColumns: readonly CsvColumn<Figure>[] = [
  { name: 'host', kind: 'text', of: ({ reading }) => reading.resource.hostId },
  { name: 'resourceKind', kind: 'text', of: ({ reading }) => reading.resource.kind },
  { name: 'resource', kind: 'text', of: ({ reading }) => reading.resource.id },
  { name: 'name', kind: 'text', of: ({ reading }) => reading.resource.name },
  { name: 'bootId', kind: 'text', of: ({ reading }) => reading.incarnation.bootId },
  { name: 'cgroupInode', kind: 'number', of: ({ reading }) => reading.incarnation.cgroupIno },
  { name: 'time', kind: 'text', of: ({ reading }) => reading.at },
  { name: 'boottimeMsec', kind: 'number', of: ({ reading }) => reading.boottimeMsec },
  { name: 'meter', kind: 'text', of: ({ meter }) => meter },
  { name: 'file', kind: 'text', of: ({ meter }) => kernelFiles[meter] },
  { name: 'value', kind: 'number', of: ({ value }) => value },
  { name: 'final', kind: 'text', of: ({ reading }) => (reading.final ? 'yes' : undefined) },
];

const figuresOf = (reading: LedgerReading): Figure[] =>
  (Object.entries(reading.meters) as [MeterId, string][])
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([meter, value]) => ({ reading, meter, value }));

const readme = ({ invoice }: EvidencePack): string =>
  [
    `Evidence of ${invoice.number}`,
    '',
    'pack.json      everything that the invoice is computed from; the other files are renderings of it',
    'invoice.json   the invoice as it was finalised and hashed',
    'invoice.csv    its lines',
    'plans.json     the versions of the price plans, and when each was in force for this tenant',
    'rows.csv       use by resource, meter and hour',
    'readings.csv   the readings that bound the rows: file of the kernel, value, time, boot id',
    'SHA256SUMS     for sha256sum --check',
    '',
    'bulkhead invoice verify FILE computes all of it again, without a network and without an instance.',
    `The invoice's hash is ${invoice.hash}.`,
    '',
  ].join('\n');

/** Name and text of each file of an archive, in their order. */
function filesOf(pack: EvidencePack, sha256: Sha256): [string, string][] {
  const { invoice, terms, rows, proof } = pack;
  const files: [string, string][] = [
    ['README.txt', readme(pack)],
    ['pack.json', `${canonicalJson(pack)}\n`],
    ['invoice.json', `${canonicalJson(invoice)}\n`],
    ['invoice.csv', invoiceCsv(invoice)],
    ['plans.json', `${canonicalJson({ plans: terms.plans, assignments: terms.assignments })}\n`],
    ['rows.csv', usageCsv(rows)],
    ['readings.csv', toPlainCsv(figureColumns, proof.readings.flatMap(figuresOf))],
  ];
  return [...files, ['SHA256SUMS', files.map(([name, text]) => `${sha256(text)}  ${name}\n`).join('')]];
}

/** An evidence pack as a ZIP file: of the same pack the same bytes. */
export function packArchive(pack: EvidencePack, sha256: Sha256): Uint8Array<ArrayBuffer> {
  // ZIP keeps local times: made in the local zone, this one is the same everywhere.
  const mtime = new Date(1980, 0, 1);
  const files: Zippable = {};
  for (const [name, text] of filesOf(pack, sha256)) files[name] = [strToU8(text), { mtime, level: 9 }];
  return new Uint8Array(zipSync(files));
}

/** What an archive may hold when it is unpacked: more than any month of a host of containers, and less than memory. */
const mostBytes = 1 << 30;

function unpack(bytes: Uint8Array): Map<string, string> | string {
  let size = 0;
  try {
    const files = unzipSync(bytes, {
      filter({ originalSize }) {
        size += originalSize;
        if (size > mostBytes) throw new RangeError(`it would unpack to more than ${mostBytes} bytes`);
        return true;
      },
    });
    return new Map(Object.entries(files).map(([name, content]) => [name, strFromU8(content)]));
  } catch (failure) {
    return `it cannot be unpacked: ${failure instanceof Error ? failure.message : String(failure)}`;
  }
}

/** Computes everything in an archive again, its renderings too: of no file may a digit have been changed. */
export function verifyArchive(bytes: Uint8Array, sha256: Sha256): Verification {
  const files = unpack(bytes);
  if (typeof files === 'string') return { agrees: false, part: 'form', difference: files };
  const text = files.get('pack.json');
  if (text === undefined) return { agrees: false, part: 'form', difference: 'there is no pack.json in it' };
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return { agrees: false, part: 'form', difference: 'pack.json is no JSON' };
  }
  const verification = verifyEvidence(input, sha256);
  if (!verification.agrees) return verification;
  const expected = new Map(filesOf(EvidencePack.parse(input), sha256));
  for (const name of new Set([...expected.keys(), ...files.keys()]))
    if (files.get(name) !== expected.get(name)) return { agrees: false, part: 'form', difference: `${name} is not what pack.json gives` };
  return verification;
}
