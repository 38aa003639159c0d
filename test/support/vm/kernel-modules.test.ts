import { expect, test } from 'vitest';
import { moduleName, orderModules, parseModuleDepends } from './kernel-modules.ts';

test('each module comes after what it depends on, once, and what is part of the kernel is left out', () => {
  const tree: Record<string, string[]> = { ext4: ['jbd2', 'mbcache'], jbd2: [], mbcache: [], ext2: ['mbcache', 'builtin'] };
  expect(orderModules(['ext4', 'ext2', 'virtio'], (name) => tree[name])).toEqual(['jbd2', 'mbcache', 'ext4', 'ext2']);
});

test('a circle is named, not walked', () => {
  const tree: Record<string, string[]> = { a: ['b'], b: ['a'] };
  expect(() => orderModules(['a'], (name) => tree[name])).toThrow('a -> b -> a');
});

test('what a module depends on stands in its .modinfo', () => {
  expect(parseModuleDepends(Buffer.from('\x7fELF\0license=GPL\0depends=jbd2,virtio-ring\0name=ext4\0'))).toEqual(['jbd2', 'virtio_ring']);
  expect(parseModuleDepends(Buffer.from('\0depends=\0name=x\0'))).toEqual([]);
  expect(moduleName('virtio-rng.ko.xz')).toBe('virtio_rng');
});
