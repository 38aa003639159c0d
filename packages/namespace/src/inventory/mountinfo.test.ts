import { expect, test } from 'vitest';
import { parseNamespaceMounts } from './mountinfo.ts';

const table = `22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
310 28 0:24 /netns /run/netns rw,nosuid,nodev shared:5 - tmpfs tmpfs rw
311 310 0:4 net:[4026532178] /run/netns/blue rw shared:160 - nsfs nsfs rw
312 310 0:4 net:[4026532178] /run/netns/blue rw shared:160 - nsfs nsfs rw
313 28 0:4 mnt:[4026532201] /run/with\\040space\\134x rw - nsfs nsfs rw
314 28 0:4 uts:[4026532202] /srv/\\303\\244 rw - nsfs nsfs rw
315 28 0:4 unknown:[4026532203] /srv/other rw - nsfs nsfs rw
316 28 0:30 / /srv/net:[1]\\040-\\040nsfs rw - tmpfs tmpfs rw
`;

test('namespaces that are bind-mounted are told with type, number and path, each path once', () => {
  expect(parseNamespaceMounts(Buffer.from(table))).toEqual([
    { ino: 4026532178, type: 'network', path: '/run/netns/blue' },
    { ino: 4026532201, type: 'mount', path: '/run/with space\\x' },
    { ino: 4026532202, type: 'uts', path: '/srv/ä' },
  ]);
});

test('a table without any has none', () => {
  expect(parseNamespaceMounts(Buffer.from(table.split('\n').slice(0, 3).join('\n')))).toEqual([]);
  expect(parseNamespaceMounts(Buffer.alloc(0))).toEqual([]);
});
