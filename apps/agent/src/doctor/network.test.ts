import { expect, test } from 'vitest';
import { collides, parseListeners } from './network.ts';

// Captured: ss said 127.0.0.1:8470, 0.0.0.0:22, [::]:80, [::1]:631 and [::ffff:10.0.0.1]:9000 listen, one is connected.
const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2116 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 41213 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21212 1 0000000000000000 100 0 0 10 0
   2: 0100007F:2116 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000   998        0 43100 1 0000000000000000 20 4 30 10 -1
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3001 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3002 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100000A:2328 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3003 1 0000000000000000 100 0 0 10 0
`;

test('sockets that wait for connections are read, of both families, and no others', () => {
  expect(parseListeners(tcp)).toEqual([
    { address: '127.0.0.1', port: 8470, inode: '41213' },
    { address: '0.0.0.0', port: 22, inode: '21212' },
  ]);
  expect(parseListeners(tcp6)).toEqual([
    { address: '::', port: 80, inode: '3001' },
    { address: '::1', port: 631, inode: '3002' },
    { address: '10.0.0.1', port: 9000, inode: '3003' },
  ]);
});

test('a port is taken where the address is the same, or either is any', () => {
  const wanted = { address: '127.0.0.1', port: 8470 };
  expect(collides({ address: '127.0.0.1', port: 8470 }, wanted)).toBe(true);
  expect(collides({ address: '::', port: 8470 }, wanted)).toBe(true);
  expect(collides({ address: '10.0.0.1', port: 8470 }, { ...wanted, address: '0.0.0.0' })).toBe(true);
  expect(collides({ address: '10.0.0.1', port: 8470 }, wanted)).toBe(false);
  expect(collides({ address: '127.0.0.1', port: 8471 }, wanted)).toBe(false);
});
