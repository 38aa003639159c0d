import { randomFillSync } from 'node:crypto';

const bytes = Buffer.alloc(16);
let lastMsec = 0;
let counter = 0;

/**
 * UUIDv7 (RFC 9562, 5.7) whose order is the order in which they were made, also within a millisecond and after the
 * clock was set back: the 12 bits after the time are a counter (6.2, method 1). Node's own starts them at random.
 */
export function uuid7(nowMsec = Date.now()): string {
  randomFillSync(bytes);
  if (nowMsec > lastMsec) {
    lastMsec = nowMsec;
    counter = bytes.readUInt16BE(6) & 0x7ff;
  } else {
    counter += 1;
    if (counter > 0xfff) {
      counter = 0;
      lastMsec += 1;
    }
  }
  bytes.writeUIntBE(lastMsec, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
