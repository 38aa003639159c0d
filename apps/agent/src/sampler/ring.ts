import type { Reading } from '@bulkhead/model';

/**
 * Fields that live charts use, in the order they are stored. The nanosecond counter is left out: the microseconds are
 * the same figure.
 */
const fields = [
  'cpuUsageUsec',
  'cpuUserUsec',
  'cpuSystemUsec',
  'cpuThrottledUsec',
  'cpuPeriods',
  'cpuThrottledPeriods',
  'memoryCurrentBytes',
  'memoryPeakBytes',
  'memoryOomKills',
  'ioReadBytes',
  'ioWriteBytes',
  'ioReadOperations',
  'ioWriteOperations',
  'pidsCurrent',
] as const satisfies readonly (keyof Reading)[];

/** Samples of one chunk: decoding begins at a chunk, and the oldest is dropped whole. */
const chunkSamples = 60;
/** Text of this length is below 2^53: its number is exact. */
const exactDigits = 15;

interface Chunk {
  bytes: Uint8Array;
  used: number;
  count: number;
}

/** A sample before it has a container. */
export interface RingSample {
  atMsec: number;
  reading: Reading;
}

class Encoder {
  bytes = new Uint8Array(512);
  used = 0;

  #reserve(count: number): void {
    if (this.used + count <= this.bytes.length) return;
    const larger = new Uint8Array(this.bytes.length * 2);
    larger.set(this.bytes);
    this.bytes = larger;
  }

  /** A signed difference as zigzag varint. */
  put(difference: bigint | number): void {
    this.#reserve(12);
    if (typeof difference === 'number' && difference > -0x4000_0000 && difference < 0x4000_0000) {
      let value = (difference << 1) ^ (difference >> 31);
      while (value > 0x7f) {
        this.bytes[this.used++] = (value & 0x7f) | 0x80;
        value >>>= 7;
      }
      this.bytes[this.used++] = value;
      return;
    }
    let value = BigInt(difference);
    value = value < 0n ? (-value << 1n) - 1n : value << 1n;
    while (value > 0x7fn) {
      this.bytes[this.used++] = Number(value & 0x7fn) | 0x80;
      value >>= 7n;
    }
    this.bytes[this.used++] = Number(value);
  }

  putUint16(value: number): void {
    this.#reserve(2);
    this.bytes[this.used++] = value & 0xff;
    this.bytes[this.used++] = value >> 8;
  }
}

class Decoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
    }
  }

  takeUint16(): number {
    const value = (this.#bytes[this.#at] as number) | ((this.#bytes[this.#at + 1] as number) << 8);
    this.#at += 2;
    return value;
  }
}

/**
 * The last samples of one container, as differences of a few bytes each: some 30 bytes a sample, so that 15 minutes of
 * a thousand containers fit 30 MB. Memory grows with what is there and is bounded by the capacity.
 */
export class Ring {
  readonly #chunks: number;
  readonly #closed: Chunk[] = [];
  #open = new Encoder();
  #count = 0;
  #lastAtMsec = 0;
  #last: (string | undefined)[] = [];

  /** @param capacity samples kept at least; up to one chunk more */
  constructor(capacity = 900) {
    this.#chunks = Math.ceil(capacity / chunkSamples);
  }

  push({ atMsec, reading }: RingSample): void {
    if (this.#count === chunkSamples) this.#close();
    const first = this.#count === 0;
    this.#open.put(first ? atMsec : atMsec - this.#lastAtMsec);
    let present = 0;
    for (const [index, field] of fields.entries()) if (reading[field] !== undefined) present |= 1 << index;
    this.#open.putUint16(present);
    for (const [index, field] of fields.entries()) {
      const text = reading[field];
      if (text === undefined) continue;
      const before = this.#last[index] ?? '0';
      const exact = text.length <= exactDigits && before.length <= exactDigits;
      this.#open.put(text === before ? 0 : exact ? Number(text) - Number(before) : BigInt(text) - BigInt(before));
      this.#last[index] = text;
    }
    this.#lastAtMsec = atMsec;
    this.#count += 1;
  }

  #close(): void {
    this.#closed.push({ bytes: this.#open.bytes.slice(0, this.#open.used), used: this.#open.used, count: this.#count });
    if (this.#closed.length > this.#chunks) this.#closed.shift();
    this.#open = new Encoder();
    this.#count = 0;
    this.#last = [];
  }

  /** Everything kept, oldest first. */
  read(): RingSample[] {
    const chunks = [...this.#closed, { bytes: this.#open.bytes, used: this.#open.used, count: this.#count }];
    return chunks.flatMap(({ bytes, count }) => {
      const decoder = new Decoder(bytes);
      const last: bigint[] = fields.map(() => 0n);
      const samples: RingSample[] = [];
      let atMsec = 0n;
      for (let number = 0; number < count; number += 1) {
        atMsec += decoder.take();
        const present = decoder.takeUint16();
        const reading: Reading = {};
        for (const [index, field] of fields.entries()) {
          if ((present & (1 << index)) === 0) continue;
          const value = (last[index] as bigint) + decoder.take();
          last[index] = value;
          reading[field] = String(value);
        }
        samples.push({ atMsec: Number(atMsec), reading });
      }
      return samples;
    });
  }

  /** Bytes held. */
  get size(): number {
    return this.#closed.reduce((sum, { bytes }) => sum + bytes.length, this.#open.bytes.length);
  }
}
